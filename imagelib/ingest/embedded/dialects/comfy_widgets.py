"""Which value of a drawn ComfyUI node belongs to which input: drawn ones stand by position.

Newer files name the widgets of a node in `inputs[].widget.name`. Where not all are named,
those of the core nodes are known here, and of others the types of the values tell: a
sampler has a seed, steps and a strength before the names of its sampler and scheduler; a
text is what has blanks; sizes are two numbers that are multiples of eight.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from typing import Any

from imagelib.ingest.embedded.dialects.comfy_names import BUNDLE, MODEL, Names
from imagelib.ingest.embedded.values import as_dict, as_list, as_text, is_weights_file

_MOST_VALUES = 200
#: What stands behind a seed without being an input.
_LARGE = 10_000_000
_CONTROLS = frozenset({"fixed", "increment", "decrement", "randomize"})
_WIDGETS: dict[str, tuple[str, ...]] = {
    "KSampler": ("seed", "steps", "cfg", "sampler_name", "scheduler", "denoise"),
    "KSamplerAdvanced": (
        "add_noise", "noise_seed", "steps", "cfg", "sampler_name", "scheduler", "start_at_step",
        "end_at_step", "return_with_leftover_noise",
    ),
    "SamplerCustom": ("add_noise", "noise_seed", "cfg"),
    "RandomNoise": ("noise_seed",),
    "KSamplerSelect": ("sampler_name",),
    "BasicScheduler": ("scheduler", "steps", "denoise"),
    "CFGGuider": ("cfg",),
    "DualCFGGuider": ("cfg_conds", "cfg_cond2_negative", "style"),
    "FluxGuidance": ("guidance",),
    "CLIPTextEncode": ("text",),
    "CLIPTextEncodeSDXL": (
        "width", "height", "crop_w", "crop_h", "target_width", "target_height", "text_g", "text_l",
    ),
    "CLIPTextEncodeFlux": ("clip_l", "t5xxl", "guidance"),
    "CheckpointLoaderSimple": ("ckpt_name",),
    "CheckpointLoader": ("config_name", "ckpt_name"),
    "UNETLoader": ("unet_name", "weight_dtype"),
    "UnetLoaderGGUF": ("unet_name",),
    "VAELoader": ("vae_name",),
    "LoraLoader": ("lora_name", "strength_model", "strength_clip"),
    "LoraLoaderModelOnly": ("lora_name", "strength_model"),
    "EmptyLatentImage": ("width", "height", "batch_size"),
    "EmptySD3LatentImage": ("width", "height", "batch_size"),
    "StringReplace": ("string", "find", "replace"),
    "StringConcatenate": ("string_a", "string_b", "delimiter"),
}
_WORD = re.compile(r"[\w/+().-]{1,40}", re.ASCII)
_WILDCARD = re.compile(r"\{[^{}]*\|[^{}]*\}|__[\w/-]+__")
_CONDITIONED = Names(r".*(?:positive|negative|cond|latent|embeds).*")
_PICTURE = Names(r".*(?:image|pixels|samples|video).*")
_PROMPT = Names(r".*(?:text|prompt|string|positive|negative).*")
_ROW = Names(r"(?:input|any|value|text|string|model|image)_?\d+")


def promoted_values(node: dict[str, Any]) -> list[tuple[str, str, Any]]:
    """Of a node that stands for a subgraph: `(inner id, widget, value)` of each widget that it
    shows outside (`proxyWidgets`). The id is -1 where it is an input of the subgraph."""
    values = as_list(node.get("widgets_values"))[:_MOST_VALUES]
    shown = [as_list(item) for item in as_list(as_dict(node.get("properties")).get("proxyWidgets"))]
    places = [(as_text(item[0]), as_text(item[1])) for item in shown if len(item) > 1]
    if len(places) != len(values):
        return []
    return [(*place, value) for place, value in zip(places, values, strict=True)]


def given_values(node: dict[str, Any], inputs: list[str]) -> dict[str, Any]:
    """What a node that stands for a subgraph gives into it, by the subgraph's inputs.

    *inputs* are those of them that lead to widgets: the values stand in their order, or in
    that of the widgets which the node itself names.
    """
    promoted = promoted_values(node)
    if promoted:
        return {name: value for inner, name, value in promoted if inner == "-1"}
    values = as_list(node.get("widgets_values"))[:_MOST_VALUES]
    for names in (inputs, _declared(node)):
        for kept in (values, _without_controls(values)):
            if len(names) == len(kept):
                return dict(zip(names, kept, strict=True))
    return {}


def named_values(node: dict[str, Any], linked: set[str], feeds: set[str]) -> dict[str, Any]:
    """The values of a drawn *node* by the names of its inputs, as well as it goes.

    *linked* are its inputs that have a link, *feeds* the inputs of others that it is
    linked to. A value whose name is not known is called by its position.
    """
    values = node.get("widgets_values")
    if isinstance(values, dict):
        return dict(values)
    values = as_list(values)[:_MOST_VALUES]
    kept = _without_controls(values)
    declared = _declared(node)
    kind = as_text(node.get("type"))
    known = _WIDGETS.get(kind, ())
    if len(declared) == len(kept):
        names: tuple[str, ...] = tuple(declared)
    elif known:
        names = known
    else:
        at = _seed_at(values)
        rest = _without_controls([*values[:at], *values[at + 2 :]]) if at >= 0 else kept
        # Which value is the negative prompt is not known, but that it is not the prompt.
        apart = {name: "" for name in declared if "negative" in name.lower()}
        return apart | _by_position(kept) | dict(_by_types(kind, rest, linked, feeds)) | (
            {"seed": values[at]} if at >= 0 else {})
    return _by_position(kept[len(names) :]) | dict(zip(names, kept, strict=False))


def _declared(node: dict[str, Any]) -> list[str]:
    slots = [as_dict(slot) for slot in as_list(node.get("inputs"))]
    return [as_text(as_dict(slot["widget"]).get("name")) for slot in slots
            if isinstance(slot.get("widget"), dict)]


def _by_position(values: list[Any]) -> dict[str, Any]:
    return {f"widget_{at}": value for at, value in enumerate(values)}


def _without_controls(values: list[Any]) -> list[Any]:
    return [value for at, value in enumerate(values)
            if not (at and _is_number(values[at - 1]) and _is_control(value, values[at - 1]))]


def _is_control(value: Any, before: float) -> bool:
    # The first versions of the page had a box to tick, "random after each".
    return value in _CONTROLS if isinstance(value, str) else (
        isinstance(value, bool) and before > _LARGE)


def _seed_at(values: list[Any]) -> int:
    """The position of the number that may change after each run, as only seeds do, or -1."""
    for at, (number, control) in enumerate(itertools.pairwise(values)):
        if isinstance(number, int) and _is_number(number) and _is_control(control, number):
            return at
    return -1


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _by_types(
    kind: str, values: list[Any], linked: set[str], feeds: set[str]
) -> Iterator[tuple[str, Any]]:
    if any(MODEL[name] or BUNDLE[name] or _CONDITIONED[name] for name in linked):
        settings = list(_sampling(values))
        if settings:
            yield from settings
            return
    if "sigmas" in feeds:
        yield from _schedule(values)
        return
    numbers = [value for value in values if _is_number(value)]
    if sum(_ROW[name] for name in linked) and numbers:
        yield "select", numbers[0]
    elif numbers and numbers == [value for value in values if value is not None]:
        yield "value", numbers[0]
    yield from _loras(kind, values)
    yield from _texts(values, linked, feeds)
    for wide, high in itertools.pairwise(values):
        if all(isinstance(v, int) and 64 <= v <= 16384 and v % 8 == 0 for v in (wide, high)):
            yield from (("width", wide), ("height", high))
            return


def _sampling(values: list[Any]) -> Iterator[tuple[str, Any]]:
    """Seed, steps, strength, sampler, scheduler and denoise, which stand in this order."""
    for at in range(2, len(values) - 1):
        pair = values[at : at + 2]
        if not all(isinstance(v, str) and _WORD.fullmatch(v) and not is_weights_file(v)
                   for v in pair):
            continue
        before = []
        for value in reversed(values[:at]):
            if not _is_number(value):
                break
            before.append(value)
        if len(before) < 2 or not isinstance(before[1], int) or before[1] < 1:
            continue
        yield from zip(("cfg", "steps", "seed"), before, strict=False)
        yield from zip(("sampler_name", "scheduler"), pair, strict=True)
        if at + 2 < len(values) and _is_number(values[at + 2]) and values[at + 2] <= 1:
            yield "denoise", values[at + 2]
        return


def _schedule(values: list[Any]) -> Iterator[tuple[str, Any]]:
    """Of a node that makes the sigmas: steps, and the name of the scheduler if there is one."""
    for value in values:
        if isinstance(value, str) and _WORD.fullmatch(value):
            yield "scheduler", value
            break
    for value in values:
        if isinstance(value, int) and not isinstance(value, bool) and value > 0:
            yield "steps", value
            break


def _loras(kind: str, values: list[Any]) -> Iterator[tuple[str, Any]]:
    """Files of LoRAs with their weights, as many as the node has.

    In a loader of the model, too, they stand behind its file and before two weights; in a
    stack a switch may stand before each.
    """
    own = "lora" in kind.lower()
    loaded = own
    for at, value in enumerate(values):
        if not is_weights_file(value):
            continue
        weights = [v for v in values[at + 1 : at + 3] if _is_number(v)]
        off = at > 0 and (values[at - 1] is False or values[at - 1] in ("Off", "off"))
        if (own or (loaded and len(weights) == 2)) and weights and not off:
            yield f"lora_name_{at + 1}", value
            yield f"strength_{at + 1}", weights[0]
        loaded = True


def _texts(values: list[Any], linked: set[str], feeds: set[str]) -> Iterator[tuple[str, Any]]:
    """The text of a node, or both prompts of one that feeds both sides of a sampler."""
    runs: list[list[str]] = [[]]
    for value in values:
        shown = value[0] if isinstance(value, list) and len(value) == 1 else value
        if isinstance(shown, str) and not is_weights_file(shown):
            runs[-1].append(shown)
        elif runs[-1]:
            runs.append([])
    if {"positive", "negative"} <= feeds and not any(_PROMPT[name] for name in linked):
        run = max(runs, key=lambda texts: sum(map(len, texts)))
        if len(run) > 1:
            yield from zip(("positive", "negative"), run[:2], strict=True)
            return
    texts = [text for run in runs for text in run]
    # The one word of a node that takes pictures is a file's name, or how it is done.
    alone = len(texts) == 1 and not any(_PICTURE[name] or _CONDITIONED[name] for name in linked)
    for text, after in itertools.pairwise([*texts, ""]):
        # The prompt comes first, and words for a model's system later.
        if _WILDCARD.search(text) and re.search(r"[\s,]", after):
            yield "populated_text", after
            return
        if text and (alone or re.search(r"[\s,]", text)):
            # Behind a link it is what the node showed of the last run.
            yield "text_0" if "text" in linked else "text", text
            return
