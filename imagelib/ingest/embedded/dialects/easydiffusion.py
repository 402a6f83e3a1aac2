"""Read Easy Diffusion: one text per field in PNG, JSON in JPEG and WebP, or a sidecar.

The keys are those of its requests (`num_inference_steps`) or the words of its window
(`Steps`), see ui/easydiffusion/utils/save_utils.py. Its PNG key `prompt` is plain text,
which must not be taken for the JSON that ComfyUI keeps under the same key.
"""

from __future__ import annotations

import re
from typing import Any

from imagelib.ingest.embedded.containers.findings import Findings
from imagelib.ingest.embedded.record import EmbeddedMetadata, Lora
from imagelib.ingest.embedded.values import (
    as_float,
    as_list,
    as_lora,
    as_seed,
    as_size,
    as_steps,
    as_text,
    base_name,
    extras,
    load_json,
)

_WORDS = {
    "prompt": "prompt",
    "negative prompt": "negative_prompt",
    "seed": "seed",
    "stable diffusion model": "use_stable_diffusion_model",
    "vae model": "use_vae_model",
    "sampler": "sampler_name",
    "width": "width",
    "height": "height",
    "steps": "num_inference_steps",
    "guidance scale": "guidance_scale",
    "prompt strength": "prompt_strength",
    "lora model": "use_lora_model",
    "lora strength": "lora_alpha",
    "clip skip": "clip_skip",
}
_LINE = re.compile(r"^([A-Za-z][A-Za-z ]{1,40}): ?(.*)$", re.MULTILINE)


def read_easydiffusion(findings: Findings) -> EmbeddedMetadata | None:
    """Read the texts, or the first JSON object or sidecar text, that has the keys."""
    candidates: list[tuple[str, dict[str, Any]]] = [
        ("prompt" if "prompt" in findings.texts else "Prompt", dict(findings.texts))]
    candidates += [(findings.where(document), document) for document in findings.documents()]
    candidates += [
        (key, dict(_LINE.findall(text[:200_000])[:100]))
        for key, text in findings.texts.items()
        if text.startswith("Prompt:") and "\nGuidance Scale:" in text
    ]
    for source, candidate in candidates:
        # Lower case is left alone: `sampler` is the word of others.
        values = {
            key if key.islower() else _WORDS.get(key.lower(), key): value
            for key, value in candidate.items()
        }
        if (
            isinstance(values.get("prompt"), str)
            and "num_inference_steps" in values
            and "guidance_scale" in values
            and ("use_stable_diffusion_model" in values or "sampler_name" in values)
        ):
            return _read(values).read_from(source)
    return None


def _read(values: dict[str, Any]) -> EmbeddedMetadata:
    return EmbeddedMetadata(
        tool="Easy Diffusion",
        prompt=values["prompt"].strip(),
        negative_prompt=as_text(values.get("negative_prompt")).strip(),
        model=base_name(values.get("use_stable_diffusion_model")),
        seed=as_seed(values.get("seed")),
        steps=as_steps(values.get("num_inference_steps")),
        sampler=as_text(values.get("sampler_name")),
        cfg_scale=as_float(values.get("guidance_scale")),
        size=as_size(values.get("width"), values.get("height")),
        loras=_loras(values),
        extra=extras(values, clip_skip="clip_skip", denoising="prompt_strength",
                     upscale="use_upscale")
        | ({"vae": vae} if (vae := base_name(values.get("use_vae_model"))) else {}),
    )


def _loras(values: dict[str, Any]) -> tuple[Lora, ...]:
    names, weights = _items(values.get("use_lora_model")), _items(values.get("lora_alpha"))
    weights += [None] * len(names)
    return tuple(
        lora for name, weight in zip(names[:100], weights, strict=False)
        for lora in as_lora(name, weight)
    )


def _items(value: Any) -> list[Any]:
    """A list as JSON, as Python writes it, separated by commas, or a single value."""
    if isinstance(value, str):
        listed = load_json(value.replace("'", '"')) if value.startswith("[") else None
        return as_list(listed) or [item.strip() for item in value.split(",")]
    return list(as_list(value)) or ([] if value is None else [value])
