"""The model and the LoRAs of a sampler in a ComfyUI graph."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from imagelib.ingest.embedded.dialects.comfy_graph import Graph, Inputs, plain
from imagelib.ingest.embedded.dialects.comfy_names import BUNDLE, MODEL, Names
from imagelib.ingest.embedded.values import as_dict, as_float, as_int, is_weights_file

_MOST_LORAS = 100
_NAMES = ("ckpt_name", "unet_name", "model_name", "base_ckpt_name", "checkpoint", "model",
          "diffusion_model", "model_path", "ckpt", "repo_id")
_NOT_MODEL = re.compile(
    r"lora|vae|clip|control|upscale|text_enc|embed|adapter|style|patch|hyper|motion|t5", re.I)
_NO_NAME = frozenset({"", "none", "null", "undefined", "unknown", "default"})
#: `lora_name`, `lora_2`, `lora_name_2`, `lora_2_name`: what has the same number belongs together.
_LORA = re.compile(r"lora(?:_?name)?_?0*(\d*)(?:_?name)?", re.I)
_LORA_INPUT = Names(_LORA.pattern)
_WEIGHT = ("strength_model", "model_strength", "lora_model_strength", "model_weight", "model_str",
           "strength", "lora_strength", "weight", "lora_weight", "str")
#: One weight for both, beside others which count in the mode "advanced" alone.
_SIMPLE_WEIGHT = ("lora_wt", "wt")
_CLIP_WEIGHT = ("strength_clip", "clip_strength", "lora_clip_strength", "clip_weight", "clip_str")
_SWITCH = ("switch", "on", "enabled", "enable", "active", "toggle", "lora_on", "lora_enabled")
_COUNT = re.compile(r"(?:lora_count|num_loras|loras?_num|inputcount)", re.I)
_OFF = frozenset({"off", "false", "disable", "disabled", "no"})


def model_of(graph: Graph, sampler: str) -> str:
    """The file of the model, as its loader names it."""
    for node_id in graph.model_path(sampler):
        links = graph.links(node_id)
        # What takes a model changes it: a LoRA, a patch, a hypernetwork. It loads none.
        if any(MODEL[name] for name in links):
            continue
        if node_id == sampler and any(BUNDLE[name] for name in links):
            continue
        if name := _loaded(graph, graph.inputs(node_id)):
            return name
    for node_id in graph.nodes:
        inputs = graph.inputs(node_id)
        for key in ("ckpt_name", "unet_name"):
            if isinstance(name := plain(inputs.get(key)), str):
                return name
    return ""


def _loaded(graph: Graph, inputs: Inputs) -> str:
    for key in _NAMES:
        value = graph.literal(inputs.get(key), key)
        if isinstance(value, str) and value.lower() not in _NO_NAME:
            return value
    for key, value in inputs.items():
        if is_weights_file(plain(value)) and not _NOT_MODEL.search(key):
            return str(plain(value))
    return ""


def loras_of(graph: Graph, sampler: str) -> list[tuple[str, float | None]]:
    """Names and weights of the LoRAs in effect on the way to the model, nearest first."""
    found: list[tuple[str, float | None]] = []
    for node_id in graph.model_path(sampler):
        inputs = graph.inputs(node_id)
        if _is_off(inputs.get("toggle")):
            continue
        found += _listed(inputs)
        found += _numbered(graph, inputs)
        if len(found) > _MOST_LORAS:
            break
    return found[:_MOST_LORAS]


def _listed(inputs: Inputs) -> Iterator[tuple[str, float | None]]:
    """Entries that are objects: one in each input (rgthree), or all in a list (LoRA Manager)."""
    for value in inputs.values():
        if not isinstance(value, dict) and not (
                isinstance(value, list) and value and isinstance(value[0], dict)):
            continue
        listed = value if isinstance(value, list) else value.get("__value__")
        for entry in (listed if isinstance(listed, list) else [value])[:_MOST_LORAS]:
            fields = as_dict(entry)
            name = fields.get("lora", fields.get("name") if isinstance(listed, list) else None)
            weight = as_float(fields.get("strength", fields.get("weight")))
            off = any(_is_off(fields[key]) for key in _SWITCH if key in fields)
            if isinstance(name, str) and not off and weight != 0:
                yield name, weight


def _numbered(graph: Graph, inputs: Inputs) -> Iterator[tuple[str, float | None]]:
    """Entries that are several inputs: name, weight and switch, with a number if there are more."""
    if not any(_LORA_INPUT[key] for key in inputs):
        return
    count = next((as_int(graph.literal(v)) for k, v in inputs.items() if _COUNT.fullmatch(k)), None)
    by_place = {_place(key): key for key in inputs}
    for key, value in inputs.items():
        entry = _LORA.fullmatch(key) if _LORA_INPUT[key] else None
        if isinstance(value, list) and "name" not in key.lower():
            continue  # a link to another node of the path, which tells name and weight
        name = graph.literal(value, key) if entry else None
        if entry is None or not isinstance(name, str):
            continue
        number = entry[1]
        if count is not None and number and int(number) > count:
            continue

        def beside(names: tuple[str, ...], number: str = number) -> list[Any]:
            keys = [by_place[(n, number)] for n in names if (n, number) in by_place]
            return [graph.literal(inputs[k], k) for k in keys]

        simple = str(inputs.get("input_mode", "simple")).lower() == "simple"
        names = (*_SIMPLE_WEIGHT, *_WEIGHT) if simple else _WEIGHT
        weights = [as_float(v) for v in beside(names)]
        weight = next((w for w in weights if w is not None), None)
        unused = weight == 0 and not any(as_float(v) for v in beside(_CLIP_WEIGHT))
        if not unused and not any(_is_off(v) for v in beside(_SWITCH)):
            yield name, weight


def _place(key: str) -> tuple[str, str]:
    """An input's name without its number, and the number: `strength_01`, `lora_1_strength`."""
    found = re.search(r"_?0*(\d+)", key)
    if found is None:
        return key.lower(), ""
    rest = (key[: found.start()] + key[found.end() :]).lower()
    return rest, found[1]


def _is_off(value: Any) -> bool:
    return value is False or (isinstance(value, str) and value.lower() in _OFF)
