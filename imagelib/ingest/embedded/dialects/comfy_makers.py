"""Which node of a ComfyUI graph made the saved picture: a sampler, or an API node.

The answer begins where the graph ends, at the node that saves, and goes upstream.
"""

from __future__ import annotations

import re
from typing import Any

from imagelib.ingest.embedded.dialects.comfy_graph import Graph, Inputs, plain
from imagelib.ingest.embedded.dialects.comfy_names import BUNDLE, MODEL, Names
from imagelib.ingest.embedded.dialects.comfy_texts import role_names
from imagelib.ingest.embedded.values import as_int

_MOST_OUTPUTS = 20
_MOST_SAMPLERS = 200
_SEEDS = ("seed", "noise_seed")
_SETTINGS = frozenset({"steps", "sampler_name", "sigmas", "cfg", "scheduler", "denoise", "sampler"})
_SAVED = Names(r"images?|pixels|samples|video|frames|latents?|pipe|segs|.*_image|result")
_FILE = Names(r"(?:filename|save|file|output).*(?:prefix|path|name)|filename.*")
_PROMPTS = ("prompt", "positive_prompt", "positive", "text", "prompt_text")
_WORDS = Names(r"clip|clip_?\d|(?:.*_)?(?:text|prompt)(?:_[gl])?|t5\w*|string|positive")
_NO_WORDS = Names(r".*model.*|.*vae.*|.*image.*|pixels|.*latent.*|samples|control_?net.*|mask.*")
_SIZE_TEXT = re.compile(r"\s*(\d{2,5})\s*x\s*(\d{2,5})\b", re.ASCII)


def is_sampler(graph: Graph, node_id: str) -> bool:
    """Whether the node turns noise into a latent or a picture, whatever its class is called.

    It takes a guider, or it has a conditioning and settings of its own; what has nothing
    but links passes values on, and what has a file name saves.
    """
    inputs = graph.inputs(node_id)
    if _SETTINGS.isdisjoint(inputs) and "guider" not in inputs:
        return False
    links = graph.links(node_id)
    if "guider" in links and len(links) > 1:
        return True
    settings = sum(name in inputs for name in _SETTINGS)
    if not settings or len(links) == len(inputs) or _saves(inputs):
        return False
    seeded = any(name in inputs for name in _SEEDS)
    both = all(any(name in links for name in role_names(inputs, which))
               for which in ("positive", "negative"))
    guided = both or any(
        MODEL[name] or BUNDLE[name] or name in ("text_embeds", "positive")
        for name in links)
    return guided and (seeded or (both and settings > 1))


def _is_loose_sampler(graph: Graph, node_id: str) -> bool:
    inputs = graph.inputs(node_id)
    return any(name in inputs for name in _SEEDS) and bool(_SETTINGS & set(inputs))


def is_api_node(graph: Graph, node_id: str) -> bool:
    """Whether the node asks elsewhere for a picture: a prompt, a seed or model, nothing local."""
    inputs = graph.inputs(node_id)
    if not any(isinstance(inputs.get(name), (str, list)) for name in _PROMPTS):
        return False
    local = any(MODEL[name] or BUNDLE[name] or name.startswith("clip")
                for name in graph.links(node_id))
    named = any(isinstance(plain(inputs.get(name)), str) for name in ("model", "model_name"))
    return not local and (named or any(name in inputs for name in _SEEDS))


def find_maker(graph: Graph) -> tuple[str | None, str | None]:
    """The sampler and the API node that made the saved picture; at least one of them is None.

    Of several passes it is the first sampler, the one whose latent no other has touched.
    One whose picture only feeds a ControlNet does not count.
    """
    samplers = [n for n in graph.nodes if is_sampler(graph, n)][:_MOST_SAMPLERS]
    known = set(samplers)
    for output in _outputs(graph):
        passes: list[str] = []
        for node_id in graph.latent_path(output):
            if node_id in known:
                passes.append(node_id)
            elif not passes and node_id != output and is_api_node(graph, node_id):
                return None, node_id
        if len(passes) == 1:
            return passes[0], None
        told = {node_id for node_id in passes if _is_told(graph, node_id)} or set(passes)
        for candidate in reversed(passes):
            if candidate in told and _is_first(graph, candidate, told):
                return candidate, None
    loose = samplers or [n for n in graph.nodes if _is_loose_sampler(graph, n)][:_MOST_SAMPLERS]
    first = next((n for n in loose if _is_first(graph, n, known)), None)
    return first or (loose[0] if loose else None), None


def _is_told(graph: Graph, sampler: str) -> bool:
    """Whether words guide the sampler; one that guesses depths or sharpens has none."""
    for node_id in graph.settings_path(sampler):
        inputs = graph.inputs(node_id)
        starts = [inputs[name] for name in role_names(inputs, "positive")]
        starts += [inputs[name] for name in ("text_embeds", "prompt", "text") if name in inputs]
        for start in starts:
            source = graph.source(start)
            if source is None:
                return isinstance(start, str)
            path = graph.walk(source, lambda n: [
                s for name, s in graph.links(n).items() if not _NO_WORDS[name]])
            if any(_WORDS[name] for n in path for name in graph.inputs(n)):
                return True
    return False


def _is_first(graph: Graph, sampler: str, samplers: set[str]) -> bool:
    path = graph.latent_path(sampler)
    next(path, None)
    return not any(node_id in samplers for node_id in path)


def _saves(inputs: Inputs) -> bool:
    """Whether a node does no more than to write pictures into files that it has a name for."""
    return not any(
        (MODEL[name] or BUNDLE[name]) and isinstance(value, list) for name, value in inputs.items()
    ) and any(
        _FILE[name] and isinstance(value, str) for name, value in inputs.items()
    ) and any(
        _SAVED[name] and isinstance(value, list) for name, value in inputs.items()
    )


def _outputs(graph: Graph) -> list[str]:
    """Where the graph ends: nodes that save before those that nothing follows, previews last."""
    used = {source for node_id in graph.nodes for source in graph.links(node_id).values()}
    ranked: list[tuple[int, str]] = []
    for node_id in graph.nodes:
        if not any(_SAVED[name] or BUNDLE[name]
                   for name in graph.links(node_id)):
            continue
        kind = graph.kind(node_id).lower()
        if "preview" in kind or "compare" in kind:
            ranked.append((2, node_id))
        elif "save" in kind or _saves(graph.inputs(node_id)):
            ranked.append((0, node_id))
        elif node_id not in used:
            ranked.append((1, node_id))
    ranked.sort(key=lambda item: item[0])  # stable: among equals the graph's own order
    return [node_id for _, node_id in ranked[:_MOST_OUTPUTS]]


def asked_size(graph: Graph, sampler: str) -> tuple[Any, Any]:
    """Width and height that were asked for, in pixels, as the nodes have them."""
    for node_id in graph.latent_path(sampler):
        inputs = graph.inputs(node_id)
        for wide, high in (("width", "height"), ("empty_latent_width", "empty_latent_height")):
            if wide in inputs and high in inputs:
                width = as_int(graph.literal(inputs[wide], wide))
                height = as_int(graph.literal(inputs[high], high))
                if width and height:
                    return width, height
        for value in inputs.values():  # "1216 x 832   (landscape)"
            if isinstance(value, str) and (found := _SIZE_TEXT.match(value)):
                return found[1], found[2]
    return None, None
