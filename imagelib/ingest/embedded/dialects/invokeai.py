"""Read the three generations of InvokeAI.

1.x and 2.x: PNG `Dream`, the command line, and `sd-metadata`, JSON (docs/features/IMG2IMG.md,
ldm/invoke/pngwriter.py); the negative prompt stands in brackets inside the prompt.
3.x to 6.x: `invokeai_metadata` (invokeai/app/services/image_files/image_files_disk.py).
"""

from __future__ import annotations

import re
from typing import Any

from imagelib.ingest.embedded.containers.findings import Findings
from imagelib.ingest.embedded.record import EmbeddedMetadata, Lora
from imagelib.ingest.embedded.values import (
    as_dict,
    as_float,
    as_list,
    as_lora,
    as_seed,
    as_size,
    as_steps,
    as_text,
    base_name,
    extras,
    pick,
)

_BRACKETS = re.compile(r"\[([^\[\]]*)\]")
_FLAGS_BEGIN = re.compile(r"\s-[sSWHCA] ?\S")
_FLAG = re.compile(r"(?:^|\s)-([sSWHCA]) ?(\S+)")


def read_invokeai(findings: Findings) -> EmbeddedMetadata | None:
    """Read `invokeai_metadata`, else `sd-metadata` completed by `Dream`."""
    for document in findings.documents():
        if "positive_prompt" in document and (
            "generation_mode" in document or "cfg_scale" in document or "scheduler" in document
        ):
            return _read_metadata(document).read_from(findings.where(document))
    command = _read_dream(findings.find("Dream"))
    for document in findings.documents():
        if "app_version" in document or "model_weights" in document or "app_id" in document:
            image = document.get("image") or next(iter(as_list(document.get("images"))), None)
            if isinstance(image, dict):
                found = _read_sd_metadata(document, image, command)
                return found.read_from(findings.where(document))
    return _record("", command).read_from("Dream") if command else None


def _read_metadata(document: dict[str, Any]) -> EmbeddedMetadata:
    loras: list[Lora] = []
    for entry in as_list(document.get("loras"))[:100]:
        item = as_dict(entry)
        loras += as_lora(_model_name(pick(item, "model", "lora")), item.get("weight"))
    return EmbeddedMetadata(
        tool="InvokeAI",
        prompt=as_text(document.get("positive_prompt")).strip(),
        negative_prompt=as_text(document.get("negative_prompt")).strip(),
        model=_model_name(document.get("model")),
        seed=as_seed(document.get("seed")),
        steps=as_steps(document.get("steps")),
        sampler=as_text(document.get("scheduler")),
        cfg_scale=as_float(document.get("cfg_scale")),
        size=as_size(document.get("width"), document.get("height")),
        loras=tuple(loras),
        version=as_text(document.get("app_version")),
        extra=_named(vae=_model_name(document.get("vae")),
                     refiner=_model_name(document.get("refiner_model")))
        | extras(document, clip_skip="clip_skip", denoising="strength", distilled_cfg="guidance",
                 style_prompt="positive_style_prompt", negative_style="negative_style_prompt"),
    )


def _named(**texts: str) -> dict[str, str | int | float]:
    return {name: text for name, text in texts.items() if text}


def _model_name(model: Any) -> str:
    """3.0 has `model_name`, 4 and later `name`; the first versions had a bare text."""
    if isinstance(model, dict):
        model = pick(model, "model_name", "name")
    return base_name(model)


def _read_sd_metadata(
    document: dict[str, Any], image: dict[str, Any], command: dict[str, str]
) -> EmbeddedMetadata:
    prompt = image.get("prompt")
    if isinstance(prompt, list):
        prompt = ", ".join(as_text(as_dict(part).get("prompt")) for part in prompt)
    values = command | {
        flag: as_text(value)
        for flag, name in (("s", "steps"), ("S", "seed"), ("W", "width"), ("H", "height"),
                           ("C", "cfg_scale"), ("A", "sampler"))
        if (value := image.get(name)) is not None
    }
    text = as_text(prompt)
    if text:
        values["prompt"] = text
    return _record(
        base_name(pick(document, "model_weights", "model_id")), values,
        version=as_text(document.get("app_version")),
        extra=extras(document, model_hash="model_hash") | extras(image, denoising="strength"),
    )


def _record(
    model: str, values: dict[str, str], version: str = "",
    extra: dict[str, str | int | float] | None = None,
) -> EmbeddedMetadata:
    """*values* are keyed by the flags of the command line."""
    prompt = values.get("prompt", "")
    negative = ", ".join(part.strip() for part in _BRACKETS.findall(prompt))
    return EmbeddedMetadata(
        tool="InvokeAI",
        prompt=_BRACKETS.sub("", prompt).strip(),
        negative_prompt=negative,
        model=model,
        seed=as_seed(values.get("S")),
        steps=as_steps(values.get("s")),
        sampler=values.get("A", ""),
        cfg_scale=as_float(values.get("C")),
        size=as_size(values.get("W"), values.get("H")),
        version=version,
        extra=extra or {},
    )


def _read_dream(text: str) -> dict[str, str]:
    """The command `"prompt" -s 50 -S 42 ...`; 2.2 left the quotes out, the first the blanks."""
    text = text.strip()[:100_000]
    end = text.rfind('" -') if text.startswith('"') else -1
    if end > 0:
        prompt, flags = text[1:end], text[end + 1 :]
    elif found := _FLAGS_BEGIN.search(text):
        prompt, flags = text[: found.start()], text[found.start() :]
    else:
        return {"prompt": text.strip('"')} if text else {}
    return {"prompt": prompt} | dict(_FLAG.findall(flags))
