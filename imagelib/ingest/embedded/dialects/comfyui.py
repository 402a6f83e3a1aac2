"""Read what ComfyUI and its saver nodes store: the graph that made the picture.

PNG has tEXt `prompt` (the graph as it ran) and `workflow` (as it was drawn); animated
WebP has Exif Make `workflow:{...}` and Model `prompt:{...}` (ComfyUI, nodes_images.py).
SaveImageExtended writes Make `Prompt: {...}`, SaveImagePlus a UserComment
`{"prompt": {...}, "workflow": {...}}`, Civitai its jobs with `extraMetadata`.
"""

from __future__ import annotations

from typing import Any

from imagelib.ingest.embedded.containers.findings import Findings
from imagelib.ingest.embedded.dialects.a1111 import prompt_loras
from imagelib.ingest.embedded.dialects.comfy_graph import Graph, Node
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
    load_json,
    pick,
)


def _graphs(findings: Findings) -> list[dict[str, Any]]:
    """Every JSON object that may be a graph: by itself, or inside of another."""
    found: list[dict[str, Any]] = []
    for document in findings.documents():
        found.append(document)
        found += [inner for name in ("prompt", "workflow", "Prompt")
                  if (inner := as_dict(document.get(name)))]
    return found


def read_comfyui(findings: Findings) -> EmbeddedMetadata | None:
    """Read the graph as it ran; where there is none, the graph as it was drawn."""
    for document in _graphs(findings):
        nodes = {str(key): node for key, node in document.items()
                 if isinstance(node, dict) and isinstance(node.get("class_type"), str)}
        if nodes:
            return _with_civitai(read_graph(nodes), document)
    return None


def read_drawn_workflow(findings: Findings) -> EmbeddedMetadata | None:
    """Read a file that has only the drawn graph: values stand by position, so best effort."""
    for document in _graphs(findings):
        if isinstance(document.get("nodes"), list) and "links" in document:
            return read_graph(read_workflow(document))
    return None


def read_graph(nodes: dict[str, Node]) -> EmbeddedMetadata:
    """Follow the links of *nodes* from the sampler to prompt, model, LoRAs and size."""
    graph = Graph(nodes)
    sampler = graph.first_sampler()
    if sampler is None:
        return _without_sampler(graph)
    settings = list(graph.settings_path(sampler))
    positive = _prompt(graph, settings, "positive")
    found_loras = [lora for name, weight in graph.loras(sampler) for lora in as_lora(name, weight)]
    loras: dict[str, Lora] = {}
    for lora in (*found_loras, *prompt_loras(positive)):
        loras.setdefault(lora.name, lora)
    name = graph.setting(settings, "sampler_name")
    return EmbeddedMetadata(
        tool="ComfyUI",
        prompt=positive.strip(),
        negative_prompt=_prompt(graph, settings, "negative").strip(),
        model=base_name(graph.model(sampler)),
        seed=as_seed(graph.setting(settings, "seed", "noise_seed")),
        steps=as_steps(graph.setting(settings, "steps", "steps_total")),
        sampler=name if isinstance(name, str) else "",
        scheduler=_text_setting(graph, settings, "scheduler"),
        cfg_scale=as_float(graph.setting(settings, "cfg")),
        size=as_size(*graph.size(sampler)),
        loras=tuple(loras.values()),
        extra=_extra(graph, settings),
    )


def _text_setting(graph: Graph, path: list[str], name: str) -> str:
    value = graph.setting(path, name)
    return value if isinstance(value, str) else ""


def _prompt(graph: Graph, settings: list[str], which: str) -> str:
    """The prompt at the sampler itself, else at its guider or in its pipe."""
    names = [which, f"base_{which}", "text_embeds"]
    if which == "positive":
        names += ["conditioning", "prompt", "text"]
    for node_id in settings:
        inputs = graph.inputs(node_id)
        for name in names:
            if name in inputs and (text := graph.text(inputs[name], which)):
                return text
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


def _without_sampler(graph: Graph) -> EmbeddedMetadata:
    """Graphs that call a service have one node with prompt and seed; others only texts."""
    prompt = negative = ""
    seed = None
    for node_id in list(graph.nodes)[:2000]:
        inputs = graph.inputs(node_id)
        title = as_text(as_dict(graph.nodes[node_id].get("_meta")).get("title")).lower()
        text = pick(inputs, "prompt", "positive", "positive_prompt", "text")
        if text is None or "note" in graph.kind(node_id).lower():
            continue
        if "negative" in title:
            negative = negative or graph.text(text, "negative")
        else:
            prompt = prompt or graph.text(text, "positive")
            seed = as_seed(graph.literal(inputs.get("seed"))) if seed is None else seed
    return EmbeddedMetadata(
        tool="ComfyUI", prompt=prompt.strip(), negative_prompt=negative.strip(), seed=seed
    )


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
