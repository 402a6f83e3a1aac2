"""Turn the drawn form of a ComfyUI graph into the form that runs, as well as it goes.

The drawn form (`nodes`, `links`, ComfyUI_frontend) has the values of a node by position.
Newer files name the position of each in `inputs[].widget.name`; for older ones the core
nodes are known here, and of others only texts and sizes are used.
"""

from __future__ import annotations

from typing import Any

from imagelib.ingest.embedded.values import as_dict, as_list, as_text

_MOST_NODES = 5000
_BYPASSED = 4
_MUTED = 2
#: What stands behind a seed without being an input.
_AFTER_SEED = frozenset({"fixed", "increment", "decrement", "randomize"})
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
    "PrimitiveNode": ("value",),
}


def read_workflow(workflow: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The nodes of the drawn graph *workflow* in the form that `Graph` takes."""
    sources: dict[Any, list[Any]] = {}
    for link in as_list(workflow.get("links")):
        if isinstance(link, list) and len(link) >= 3 and isinstance(link[0], (int, str)):
            sources[link[0]] = [link[1], link[2]]
        elif isinstance(link, dict) and isinstance(link.get("id"), int):
            sources[link["id"]] = [link.get("origin_id"), link.get("origin_slot")]
    nodes: dict[str, dict[str, Any]] = {}
    for drawn in as_list(workflow.get("nodes"))[:_MOST_NODES]:
        node = as_dict(drawn)
        if node and node.get("mode") != _MUTED and "note" not in as_text(node.get("type")).lower():
            nodes[as_text(node.get("id"))] = _read_node(node, sources)
    return nodes


def _read_node(node: dict[str, Any], sources: dict[Any, list[Any]]) -> dict[str, Any]:
    inputs: dict[str, Any] = {}
    # A bypassed node hands its inputs on, its own values have no effect.
    if node.get("mode") != _BYPASSED:
        inputs |= _read_widgets(node)
    for slot in as_list(node.get("inputs")):
        name, link = as_text(as_dict(slot).get("name")), as_dict(slot).get("link")
        if isinstance(link, (int, str)) and link in sources:
            inputs[name] = sources[link]
    return {"class_type": as_text(node.get("type")), "inputs": inputs}


def _read_widgets(node: dict[str, Any]) -> dict[str, Any]:
    values = node.get("widgets_values")
    if isinstance(values, dict):
        return dict(values)
    kind = as_text(node.get("type"))
    named = [
        as_text(as_dict(as_dict(slot).get("widget")).get("name"))
        for slot in as_list(node.get("inputs"))
        if as_dict(as_dict(slot).get("widget"))
    ]
    known = list(_WIDGETS.get(kind, ()))
    names = known if len(known) >= len(named) else named
    inputs: dict[str, Any] = {}
    position = 0
    previous = ""
    for index, value in enumerate(as_list(values)[:200]):
        if previous.endswith("seed") and isinstance(value, str) and value in _AFTER_SEED:
            previous = ""
            continue
        name = names[position] if position < len(names) else f"widget_{index}"
        if not names and isinstance(value, str) and "prompt" in kind.lower():
            name = "text" if "text" not in inputs else name
        inputs[name] = value
        previous = name
        position += 1
    return inputs
