"""Read what ComfyUI and its saver nodes store: the graph that made the picture.

PNG has tEXt `prompt` (the graph as it ran) and `workflow` (as it was drawn); animated
WebP has Exif Make `workflow:{...}` and Model `prompt:{...}` (ComfyUI, nodes_images.py).
SaveImageExtended writes Make `Prompt: {...}`, SaveImagePlus a UserComment
`{"prompt": {...}, "workflow": {...}}`, Civitai its jobs with `extraMetadata`.
"""

from __future__ import annotations

import re
from typing import Any

from imagelib.ingest.embedded.containers.findings import Findings
from imagelib.ingest.embedded.dialects.a1111 import prompt_loras
from imagelib.ingest.embedded.dialects.comfy_graph import Graph, Node
from imagelib.ingest.embedded.dialects.comfy_makers import asked_size, find_maker
from imagelib.ingest.embedded.dialects.comfy_models import loras_of, model_of
from imagelib.ingest.embedded.dialects.comfy_texts import Texts
from imagelib.ingest.embedded.dialects.comfy_workflow import read_workflow
from imagelib.ingest.embedded.record import EmbeddedMetadata, Lora
from imagelib.ingest.embedded.values import (
    as_dict,
    as_float,
    as_lora,
    as_seed,
    as_size,
    as_steps,
    as_text,
    base_name,
    is_placeholder,
    load_json,
    pick,
)

_STEPS = ("steps", "steps_total", "num_inference_steps")
#: What a guider calls the strength of its first conditioning.
_CFG = ("cfg", "cfg_conds", "cfg_scale", "guidance_scale", "cfg1", "cfg_1")
_MOST_TEXTS = 2000


def _graphs(findings: Findings) -> list[dict[str, Any]]:
    """Every JSON object that may be a graph: by itself, or inside of another."""
    found: list[dict[str, Any]] = []
    for document in findings.documents():
        found.append(document)
        found += [inner for name in ("prompt", "workflow", "Prompt")
                  if (inner := as_dict(document.get(name)))]
    return found


def _as_it_ran(findings: Findings) -> tuple[EmbeddedMetadata, dict[str, Any]] | None:
    for document in _graphs(findings):
        nodes = {str(key): node for key, node in document.items()
                 if isinstance(node, dict) and isinstance(node.get("class_type"), str)}
        if nodes:
            return read_graph(nodes), document
    return None


def read_comfyui(findings: Findings) -> EmbeddedMetadata | None:
    """Read the graph as it ran."""
    found = _as_it_ran(findings)
    return None if found is None else _with_civitai(*found)


def read_drawn_workflow(findings: Findings) -> EmbeddedMetadata | None:
    """Read the graph as it was drawn, where the one that ran is missing or tells nothing.

    A prompt that the running graph does not hold was made while it ran: what is
    drawn in its place is another text.
    """
    ran = _as_it_ran(findings)
    if ran is not None and (ran[0].prompt or ran[0].model or ran[0].seed is not None):
        return None
    for document in _graphs(findings):
        if isinstance(document.get("nodes"), list) and "links" in document:
            return read_graph(read_workflow(document))
    return None


def read_graph(nodes: dict[str, Node]) -> EmbeddedMetadata:
    """Follow the links of *nodes* from the saved picture to prompt, model, LoRAs and size."""
    graph = Graph(nodes)
    sampler, api_node = find_maker(graph)
    if api_node is not None:
        return _of_api_node(graph, api_node)
    if sampler is None:
        return _without_maker(graph)
    texts = Texts(graph)
    settings = list(graph.settings_path(sampler))
    positive = texts.prompt(settings, "positive")
    negative = texts.prompt(settings, "negative")
    found_loras = [lora for name, weight in loras_of(graph, sampler)
                   for lora in as_lora(name, weight)]
    loras: dict[str, Lora] = {}
    for lora in (*found_loras, *prompt_loras(positive)):
        loras.setdefault(lora.name, lora)
    return EmbeddedMetadata(
        tool="ComfyUI",
        prompt=positive,
        # What only passed through the same node as the prompt is none.
        negative_prompt="" if negative == positive else negative,
        model=base_name(model_of(graph, sampler)),
        seed=as_seed(graph.setting(settings, "seed", "noise_seed")),
        steps=as_steps(graph.setting(settings, *_STEPS)),
        sampler=_name(graph.setting(settings, "sampler_name", "sampler")) or _by_class(
            graph, settings),
        scheduler=_name(graph.setting(settings, "scheduler", "scheduler_name")),
        cfg_scale=as_float(graph.setting(settings, *_CFG)),
        size=as_size(*asked_size(graph, sampler)),
        loras=tuple(loras.values()),
        extra=_extra(graph, settings),
    )


def _name(value: Any) -> str:
    return value if isinstance(value, str) and not is_placeholder(value) else ""


def _by_class(graph: Graph, settings: list[str]) -> str:
    """The name of a sampler that is a node: `SamplerEulerAncestral` is `euler_ancestral`."""
    for node_id in settings:
        source = graph.links(node_id).get("sampler")
        found = re.fullmatch(r"Sampler_?(\w{2,40})", graph.kind(source)) if source else None
        if found:
            return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", found[1]).lower()
    return ""


def _extra(graph: Graph, settings: list[str]) -> dict[str, str | int | float]:
    extra: dict[str, str | int | float] = {}
    denoise = as_float(graph.setting(settings, "denoise"))
    if denoise is not None and denoise < 1:
        extra["denoising"] = denoise
    for node_id in graph.nodes:
        inputs = graph.inputs(node_id)
        guidance = inputs.get("guidance")
        if graph.kind(node_id) == "FluxGuidance" and as_float(guidance) is not None:
            extra["distilled_cfg"] = as_float(guidance) or 0.0
        if graph.kind(node_id) == "VAELoader" and isinstance(inputs.get("vae_name"), str):
            extra["vae"] = base_name(inputs["vae_name"])
    return extra


def _of_api_node(graph: Graph, node_id: str) -> EmbeddedMetadata:
    """An API node has prompt, seed and the name of a model that runs elsewhere."""
    inputs = graph.inputs(node_id)
    texts = Texts(graph)
    prompts = (texts.text(inputs[name], "positive")
               for name in ("prompt", "positive_prompt", "positive", "text", "prompt_text")
               if name in inputs)
    model = next((value for name in ("model", "model_name")
                  if isinstance(value := graph.literal(inputs.get(name), name), str)), "")
    size = pick(inputs, "size", "resolution")
    return EmbeddedMetadata(
        tool="ComfyUI",
        prompt=next((text for text in prompts if text), ""),
        negative_prompt=texts.text(pick(inputs, "negative_prompt", "negative"), "negative"),
        model=base_name(model),
        seed=as_seed(graph.setting([node_id], "seed", "noise_seed")),
        steps=as_steps(graph.setting([node_id], *_STEPS)),
        cfg_scale=as_float(graph.setting([node_id], *_CFG)),
        size=as_size(size) if isinstance(size, str) else as_size(
            *(graph.literal(inputs.get(name), name) for name in ("width", "height"))),
    )


def _without_maker(graph: Graph) -> EmbeddedMetadata:
    """Texts alone: titles tell which of them is unwanted."""
    texts = Texts(graph)
    prompt = negative = ""
    seed = None
    for node_id in list(graph.nodes)[:_MOST_TEXTS]:
        inputs = graph.inputs(node_id)
        title = as_text(as_dict(graph.nodes[node_id].get("_meta")).get("title")).lower()
        text = pick(inputs, "prompt", "positive", "positive_prompt", "text")
        if text is None or re.search("note|save|preview", graph.kind(node_id), re.IGNORECASE):
            continue
        if "negative" in title:
            negative = negative or texts.text(text, "negative")
        else:
            prompt = prompt or texts.text(text, "positive")
            seed = as_seed(graph.literal(inputs.get("seed"))) if seed is None else seed
    return EmbeddedMetadata(tool="ComfyUI", prompt=prompt, negative_prompt=negative, seed=seed)


def _with_civitai(found: EmbeddedMetadata, document: dict[str, Any]) -> EmbeddedMetadata:
    """Civitai's jobs keep what the user asked for beside the graph, as JSON in a string."""
    asked = document.get("extraMetadata")
    values = as_dict(load_json(asked) if isinstance(asked, str) else asked)
    if not values:
        return found
    return EmbeddedMetadata(
        tool="Civitai",
        prompt=as_text(values.get("prompt")).strip() or found.prompt,
        negative_prompt=as_text(values.get("negativePrompt")).strip() or found.negative_prompt,
        model=found.model,
        seed=found.seed if values.get("seed") is None else as_seed(values["seed"]),
        steps=as_steps(values.get("steps")) or found.steps,
        sampler=as_text(values.get("sampler")) or found.sampler,
        scheduler=found.scheduler,
        cfg_scale=found.cfg_scale if values.get("cfgScale") is None
        else as_float(values["cfgScale"]),
        size=found.size or as_size(values.get("width"), values.get("height")),
        loras=found.loras,
        extra=found.extra,
    )
