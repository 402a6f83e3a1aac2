"""A ComfyUI graph in its API form, and the walks that answer where a value comes from.

The form is `{id: {"class_type": ..., "inputs": {name: literal or [id, slot]}}}`
(ComfyUI, execution.py). Thousands of custom nodes exist, so nothing here knows more of
a node than the names of its inputs: each of them tells the *role* of what comes in.
All walks together may take a fixed number of steps: a graph with 50,000 samplers costs
no more than an honest one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from imagelib.ingest.embedded.dialects.comfy_names import ANYTHING, BUNDLE, MODEL, Names
from imagelib.ingest.embedded.dialects.comfy_switches import let_through
from imagelib.ingest.embedded.values import as_dict

_STEPS_ALLOWED = 20_000
_LINKS_A_STEP = 8
_MOST_NAMES = 1000
_HOPS = 20
_CHOICES_WITHIN = 10

_SOME_MODEL = Names(
    r"(?!.*(?:clip|vision|upscale|motion|control|style|patch|vae|text|llm|florence|sam|detect"
    r"|caption|name|lora|embed|adapter)).*model.*|guider|sampler")
_LORA = Names(r".*lora.*")
_NOT_LATENT = Names(
    r"(?:.*_)?(?:positive|negative).*|(?:.*_)?cond.*|.*model.*|clip.*|.*vae.*|control.*|noise|guider"
    r"|.*sampler.*|.*sigmas|.*scheduler.*|.*text.*|.*prompt.*|.*string.*|.*seed.*|.*mask.*|.*lora.*"
    r"|extra_pnginfo|steps|cfg.*|denoise|width|height|script|bbox.*|segm_.*|sam_.*|.*filename.*"
)
_PICTURE = Names(r".*(?:latent|sample|image|pixel|frame|video).*")
_SETTINGS = Names(
    r"sigmas|.*sampler.*|guider|noise|scheduler.*|.*settings|.*config|.*_info|.*options|.*params"
    r"|parameters")
_LOOKS_AT = Names(r"clip.*|images?|video|pixels|.*_model")
_PLAIN_NUMBER = re.compile(r"primitive|int|float|number|seed|constant|literal|slider|value", re.I)
_SAME = {"seed": ("noise_seed",), "noise_seed": ("seed",), "steps": ("steps_total",),
         "sampler_name": ("sampler",), "sampler": ("sampler_name",)}
_PLAIN_NAMES = ("value", "int", "float", "number", "seed", "Number", "string", "boolean")

Node = dict[str, Any]
Inputs = dict[str, Any]


class Graph:
    """The nodes by id, each with `class_type`, `inputs` and, if known, the types of `outputs`."""

    def __init__(self, nodes: dict[str, Node]) -> None:
        self.nodes = nodes
        self._steps = _STEPS_ALLOWED
        self._let_through: dict[str, Inputs] = {}
        self._names: set[str] = set()
        self._links: dict[str, dict[str, str]] = {}
        self._choosing = 0

    def inputs(self, node_id: str) -> Inputs:
        """The inputs of a node; of a switch only what it lets through."""
        known = self._let_through.get(node_id)
        if known is not None:
            return known
        inputs = self._admitted(as_dict(self.nodes[node_id].get("inputs")))
        self._let_through[node_id] = inputs  # where a switch is chosen by itself
        if self._choosing < _CHOICES_WITHIN:
            self._choosing += 1
            inputs = let_through(self.kind(node_id), inputs, self.literal)
            self._choosing -= 1
            self._let_through[node_id] = inputs
        return inputs

    def _admitted(self, inputs: Inputs) -> Inputs:
        # An honest graph has some hundred names; each one is matched with many patterns.
        if not inputs.keys() <= self._names:
            for name in inputs:
                if len(self._names) >= _MOST_NAMES:
                    break
                self._names.add(name)
            return {name: value for name, value in inputs.items() if name in self._names}
        return inputs

    def kind(self, node_id: str) -> str:
        """The class of a node."""
        kind = self.nodes[node_id].get("class_type")
        return kind if isinstance(kind, str) else ""

    def only_text(self, node_id: str) -> bool:
        """Whether a node is known to make a text out of something else, by its outputs."""
        makes = self.nodes[node_id].get("outputs")
        if not isinstance(makes, list) or "STRING" not in makes or "CONDITIONING" in makes:
            return False
        return any(MODEL[name] or _LOOKS_AT[name] for name in self.links(node_id))

    def source(self, value: Any) -> str | None:
        """The id of the node that *value* links to, or None where it is no link."""
        if not (isinstance(value, list) and len(value) == 2):
            return None
        node_id = str(value[0]) if isinstance(value[0], (str, int)) else None
        return node_id if node_id in self.nodes else None

    def links(self, node_id: str) -> dict[str, str]:
        """The ids of the nodes that a node depends on, by the names of its inputs."""
        found = self._links.get(node_id)
        if found is None:
            found = {name: source for name, value in self.inputs(node_id).items()
                     if isinstance(value, list) and (source := self.source(value)) is not None}
            self._links[node_id] = found
        return found

    def walk(self, start: str, follow: Callable[[str], list[str]]) -> Iterator[str]:
        """*start* and all it depends on, nearest first; *follow* tells the next ones of a node."""
        seen = {start}
        queue = [start]
        for node_id in queue:  # grows while it is read
            self._steps -= 1 + len(self.links(node_id)) // _LINKS_A_STEP
            if self._steps < 0:
                return
            yield node_id
            for source in follow(node_id):
                if source not in seen:
                    seen.add(source)
                    queue.append(source)

    def model_path(self, start: str) -> Iterator[str]:
        """The nodes that made the model of the sampler *start*, and the LoRAs laid over it."""
        return self.walk(start, self._brings_model)

    def _brings_model(self, node_id: str) -> list[str]:
        links = self.links(node_id)
        chosen = _first_kind(links, MODEL) or _first_kind(links, BUNDLE) or [
            source for name, source in links.items()
            if ANYTHING[name] or _SOME_MODEL[name]]
        return [*chosen, *(source for name, source in links.items() if _LORA[name])]

    def latent_path(self, start: str) -> Iterator[str]:
        """The nodes that made the latent or the pixels which *start* works on."""
        return self.walk(start, self._brings_latent)

    def _brings_latent(self, node_id: str) -> list[str]:
        # Stable Cascade's second stage gets the latent of its first as a conditioning.
        links = {name: source for name, source in self.links(node_id).items()
                 if not _NOT_LATENT[name] or "stage_c" in self.inputs(source)}
        if any(_PICTURE[name] for name in links):  # a bundle below it is older
            links = {name: s for name, s in links.items() if not BUNDLE[name]}
        return list(links.values())

    def settings_path(self, start: str) -> Iterator[str]:
        """The nodes that hold the settings of the sampler *start*."""
        return self.walk(start, lambda node_id: [
            source for name, source in self.links(node_id).items()
            if _SETTINGS[name] or BUNDLE[name]
            or (node_id != start and ANYTHING[name])])

    def literal(self, value: Any, name: str = "") -> Any:
        """*value* itself, or the literal at the end of its link (primitive and seed nodes).

        Through bundles the value goes under its *name*.
        """
        for _ in range(_HOPS):
            source = self.source(value)
            if source is None:
                return plain(value)
            value = self._held(source, name)
        return None

    def _held(self, node_id: str, name: str) -> Any:
        inputs = self.inputs(node_id)
        for key in (name, *_SAME.get(name, ())):
            if key in inputs:
                return inputs[key]
        links = self.links(node_id)
        bundles = [key for key in links if BUNDLE[key]]
        for key in (*bundles, *_PLAIN_NAMES):
            if key in inputs:
                return inputs[key]
        if len(links) == 1 and ANYTHING[next(iter(links))]:
            return inputs[next(iter(links))]
        if _PLAIN_NUMBER.search(self.kind(node_id)):
            return next((v for v in inputs.values()
                         if isinstance(v, (int, float)) and not isinstance(v, bool)), None)
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


def plain(value: Any) -> Any:
    """*value* without the object that some widgets of the page wrap it in; no list or object."""
    if isinstance(value, dict):
        value = value.get("content", value.get("__value__"))
    return None if isinstance(value, (list, dict)) else value


def _first_kind(links: dict[str, str], role: Names) -> list[str]:
    return [source for name, source in links.items() if role[name]]
