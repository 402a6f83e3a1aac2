"""A ComfyUI graph in its API form, and the walks that answer where a value comes from.

The form is `{id: {"class_type": ..., "inputs": {name: literal or [id, slot]}}}`
(ComfyUI, execution.py). Hundreds of custom nodes exist, so nothing here knows more of
a node than the names of its inputs. All walks together may take a fixed number of steps:
a graph with 50,000 samplers costs no more than an honest one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from imagelib.ingest.embedded.values import as_dict, as_float, as_int, is_weights_file

_STEPS_ALLOWED = 20_000
_DEEPEST = 60
_HOPS = 20

_MODEL_PATH = re.compile(
    r"model.*|unet|.*pipe.*|.*lora.*|.*ctx|context|guider|any.*|input\d*|on_true|on_false|value|",
    re.IGNORECASE,
)
_NOT_LATENT = re.compile(
    r"positive.*|negative.*|cond.*|.*model.*|clip.*|vae|control.*|noise|guider|sampler|sigmas"
    r"|text.*|prompt.*|string.*|.*seed.*|mask|lora.*|extra_pnginfo",
    re.IGNORECASE,
)
_NOT_TEXT = re.compile(
    r".*model.*|clip.*|vae|image.*|pixels|samples|.*latent.*|control_net|mask|width|height"
    r"|.*seed.*|lora.*|noise|sigmas|sampler",
    re.IGNORECASE,
)
_SETTINGS_PATH = re.compile(
    r"sigmas|sampler.*|guider|noise|scheduler|.*pipe.*|.*ctx|context|.*settings|config|.*_info",
    re.IGNORECASE,
)
_PLAIN_NUMBER = re.compile(r"primitive|int|float|number|seed|constant|literal|slider|value", re.I)
_TEXTS = (
    "text", "text_g", "prompt", "t5xxl", "populated_text", "wildcard_text", "clip_g", "clip_l",
    "text_l", "llama", "user_prompt", "string", "value", "Text", "STRING", "result", "instruction",
)
_JOINED = re.compile(r"(?:text|string|str|prompt|input)_?(?:[a-h]|\d{1,2})")
_SIZE_TEXT = re.compile(r"\s*(\d{2,5})\s*x\s*(\d{2,5})\b", re.ASCII)
_NOT_MODEL = re.compile(r"lora|vae|clip|control|upscale|text_enc|embed|adapter|style", re.I)

Node = dict[str, Any]


class Graph:
    """The nodes by id, each with `class_type` and `inputs`."""

    def __init__(self, nodes: dict[str, Node]) -> None:
        self.nodes = nodes
        self._steps = _STEPS_ALLOWED

    def inputs(self, node_id: str) -> dict[str, Any]:
        """The inputs of a node; of a switch only the one it lets through."""
        inputs = as_dict(self.nodes[node_id].get("inputs"))
        if "on_true" in inputs and "on_false" in inputs:
            choice = next(
                (inputs[k] for k in ("switch", "boolean", "condition", "value") if k in inputs),
                True,
            )
            return {"value": inputs["on_true" if self.literal(choice) else "on_false"]}
        select = inputs.get("select")
        if isinstance(select, int) and f"input{select}" in inputs:
            return {"value": inputs[f"input{select}"]}
        return inputs

    def kind(self, node_id: str) -> str:
        """The class of a node."""
        kind = self.nodes[node_id].get("class_type")
        return kind if isinstance(kind, str) else ""

    def source(self, value: Any) -> str | None:
        """The id of the node that *value* links to, or None where it is no link."""
        if not (isinstance(value, list) and len(value) == 2):
            return None
        node_id = str(value[0]) if isinstance(value[0], (str, int)) else None
        return node_id if node_id in self.nodes else None

    def walk(self, start: str, follow: Callable[[str, str], bool]) -> Iterator[str]:
        """*start* and all it depends on, nearest first.

        *follow* is asked with the name of an input and the node that it links to.
        """
        seen = {start}
        queue = [start]
        for node_id in queue:  # grows while it is read
            self._steps -= 1
            if self._steps < 0:
                return
            yield node_id
            for name, value in self.inputs(node_id).items():
                source = self.source(value)
                if source is not None and source not in seen and follow(name, source):
                    seen.add(source)
                    queue.append(source)

    def model_path(self, start: str) -> Iterator[str]:
        """The nodes that made the model of the sampler *start*."""
        return self.walk(start, lambda name, _: _MODEL_PATH.fullmatch(name) is not None)

    def latent_path(self, start: str) -> Iterator[str]:
        """The nodes that made the latent or the pixels which *start* works on."""
        return self.walk(start, self._makes_latent)

    def _makes_latent(self, name: str, source: str) -> bool:
        # Stable Cascade's second stage gets the latent of its first as a conditioning.
        return _NOT_LATENT.fullmatch(name) is None or "stage_c" in self.inputs(source)

    def settings_path(self, start: str) -> Iterator[str]:
        """The nodes that hold the settings of the sampler *start*."""
        return self.walk(start, lambda name, _: _SETTINGS_PATH.fullmatch(name) is not None)

    def is_sampler(self, node_id: str) -> bool:
        """Whether the node turns noise into a latent or a picture."""
        inputs = as_dict(self.nodes[node_id].get("inputs"))
        if "noise" in inputs and "guider" in inputs:
            return True
        seeded = "seed" in inputs or "noise_seed" in inputs
        return seeded and ("steps" in inputs or "sampler_name" in inputs or "sigmas" in inputs)

    def first_sampler(self) -> str | None:
        """The sampler that made the saved picture: of several passes the first.

        The one whose latent no other sampler has touched; one whose picture only
        feeds a ControlNet does not count.
        """
        samplers = [node_id for node_id in self.nodes if self.is_sampler(node_id)][:200]
        if len(samplers) < 2:
            return samplers[0] if samplers else None
        outputs = [n for n in self.nodes if "save" in self.kind(n).lower()]
        outputs += [n for n in self.nodes if "preview" in self.kind(n).lower()]
        for output in outputs[:20]:
            passes = [n for n in self.latent_path(output) if self.is_sampler(n)]
            for candidate in reversed(passes):
                if self._is_first(candidate):
                    return candidate
        return next((n for n in samplers if self._is_first(n)), samplers[0])

    def _is_first(self, sampler: str) -> bool:
        path = self.latent_path(sampler)
        next(path, None)
        return not any(self.is_sampler(node_id) for node_id in path)

    def literal(self, value: Any, name: str = "") -> Any:
        """*value* itself, or the literal at the end of its link (primitive and seed nodes)."""
        for _ in range(_HOPS):
            source = self.source(value)
            if source is None:
                return None if isinstance(value, (list, dict)) else value
            inputs = self.inputs(source)
            value = next(
                (inputs[k] for k in (name, "value", "int", "float", "number", "seed", "Number")
                 if k in inputs),
                None,
            )
            if value is None and _PLAIN_NUMBER.search(self.kind(source)):
                value = next(
                    (v for v in inputs.values()
                     if isinstance(v, (int, float)) and not isinstance(v, bool)),
                    None,
                )
        return None

    def setting(self, path: list[str], *names: str) -> Any:
        """The first literal under one of *names* along *path*."""
        for node_id in path:
            inputs = self.inputs(node_id)
            for name in names:
                if name in inputs:
                    value = self.literal(inputs[name], name)
                    if value is not None:
                        return value
        return None

    def text(self, value: Any, which: str) -> str:
        """The prompt that arrives at an input with *value*; *which* is positive or negative."""
        return self._text(value, which, set(), 0)

    def _text(self, value: Any, which: str, seen: set[str], depth: int) -> str:
        if isinstance(value, str):
            return value
        node_id = self.source(value)
        if node_id is None or node_id in seen or depth > _DEEPEST or len(seen) > 1000:
            return ""
        seen.add(node_id)
        if "zeroout" in self.kind(node_id).lower():
            return ""  # ConditioningZeroOut: its text has no effect
        inputs = self.inputs(node_id)

        def read(values: list[Any], joint: str) -> str:
            texts = [self._text(item, which, seen, depth + 1) for item in values]
            return joint.join(dict.fromkeys(text for text in texts if text))

        # A node that passes conditioning on may have a text of its own for a region (GLIGEN).
        passed = [v for name, v in inputs.items()
                  if _is_conditioning(name, which) and self.source(v)]
        if passed and (found := read(passed, "\n")):
            return found
        other = "negative" if which == "positive" else "positive"
        for name in (f"{which}_prompt", which, f"text_{which}", *_TEXTS):
            if name in inputs and (found := read([inputs[name]], "")):
                return found
        parts = [v for name, v in inputs.items() if _JOINED.fullmatch(name)]
        if parts and (found := read(parts, _delimiter(inputs))):
            return found
        rest = [v for name, v in inputs.items()
                if self.source(v) and not name.startswith(other) and not _NOT_TEXT.fullmatch(name)]
        return read(rest, "\n")

    def size(self, sampler: str) -> tuple[Any, Any]:
        """Width and height that were asked for, in pixels, as the nodes have them."""
        for node_id in self.latent_path(sampler):
            inputs = self.inputs(node_id)
            for wide, high in (("width", "height"), ("empty_latent_width", "empty_latent_height")):
                if wide in inputs and high in inputs:
                    width = as_int(self.literal(inputs[wide], wide))
                    height = as_int(self.literal(inputs[high], high))
                    if width and height:
                        return width, height
            for value in inputs.values():  # "1216 x 832   (landscape)"
                if isinstance(value, str) and (found := _SIZE_TEXT.match(value)):
                    return found[1], found[2]
        return None, None

    def model(self, sampler: str) -> str:
        """The file of the model, as its loader names it."""
        for node_id in self.model_path(sampler):
            if name := self._model_of(node_id):
                return name
        for node_id in self.nodes:
            inputs = self.inputs(node_id)
            for key in ("ckpt_name", "unet_name"):
                if isinstance(inputs.get(key), str):
                    return str(inputs[key])
        return ""

    def _model_of(self, node_id: str) -> str:
        inputs = self.inputs(node_id)
        for key in ("ckpt_name", "unet_name", "model_name", "base_ckpt_name", "model"):
            value = self.literal(inputs.get(key)) if key != "model" else inputs.get(key)
            if isinstance(value, str) and value:
                return value
        for key, value in inputs.items():
            if is_weights_file(value) and not _NOT_MODEL.search(key):
                return str(value)
        return ""

    def loras(self, sampler: str) -> list[tuple[str, Any]]:
        """Names and weights of the LoRAs on the way to the model, nearest to the sampler first."""
        found: list[tuple[str, Any]] = []
        for node_id in self.model_path(sampler):
            inputs = self.inputs(node_id)
            for key, value in inputs.items():
                if isinstance(value, dict) and isinstance(value.get("lora"), str):
                    if value.get("on", True):  # rgthree's Power Lora Loader
                        found.append((value["lora"], value.get("strength")))
                elif isinstance(value, str) and re.fullmatch(r"lora(_name)?(_?\d+)?", key):
                    found.append((value, self._lora_weight(inputs, key)))
        return found[:100]

    def _lora_weight(self, inputs: dict[str, Any], key: str) -> float | None:
        number = re.search(r"\d+$", key)
        suffix = f"_{number[0]}" if number else ""
        for name in ("strength_model", "strength", "lora_model_strength", "lora_strength",
                     "model_strength", "weight", "lora_wt", "model_str"):
            if name + suffix in inputs:
                return as_float(self.literal(inputs[name + suffix], name))
        return None


def _is_conditioning(name: str, which: str) -> bool:
    return name == which or name.startswith("cond") or name in (f"base_{which}", "text_embeds")


def _delimiter(inputs: dict[str, Any]) -> str:
    for name in ("delimiter", "separator"):
        if isinstance(inputs.get(name), str):
            return str(inputs[name]).replace("\\n", "\n")
    return ", "
