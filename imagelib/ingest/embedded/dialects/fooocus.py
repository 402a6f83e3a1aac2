"""Read Fooocus and its forks (Fooocus, modules/meta_parser.py).

PNG `parameters` with `fooocus_scheme`, or Exif UserComment, MakerNote (the scheme) and
Software. The scheme `fooocus` is JSON with snake_case keys, that of FooocusPlus and of
old versions has Title Case; RuinedFooocus has keys of its own. Fooocus-MRE
(MoonRide303/Fooocus-MRE, modules/async_worker.py) writes JSON into the comment, with its LoRAs
as `l1` to `l5`, `w1` to `w5` and its size as two numbers. The scheme `a1111` is an
infotext, read by `imagelib.ingest.embedded.dialects.a1111`. The seed is a string of up to 63 bits.
"""

from __future__ import annotations

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
    pick,
)


def read_fooocus(findings: Findings) -> EmbeddedMetadata | None:
    """Read the first object whose keys are those of Fooocus or a fork."""
    for document in findings.documents():
        software = as_text(document.get("software"))
        if software == "RuinedFooocus" or (
            "base_model_name" in document and not software.startswith("Fooocus")
        ):
            return _read_ruined(document).read_from(findings.where(document))
        values = {key.lower().replace(" ", "_"): value for key, value in document.items()}
        if software.startswith("Fooocus") and {"base_model", "base_model_name"} & values.keys():
            return _read(values, software).read_from(findings.where(document))
        if "base_model" in values and (
            "metadata_scheme" in values or "performance" in values or "refiner_model" in values
        ):
            found = _read(values, findings.find("exif:Software"))
            return found.read_from(findings.where(document))
    return None


def _read(values: dict[str, Any], software: str) -> EmbeddedMetadata:
    version = as_text(values.get("version")) or software
    program = (version + as_text(values.get("user"))).lower()
    forks = ("FooocusPlus", "Fooocus-MRE")
    return EmbeddedMetadata(
        tool=next((name for name in forks if name.lower() in program), "Fooocus"),
        prompt=as_text(values.get("prompt")).strip(),
        negative_prompt=as_text(values.get("negative_prompt")).strip(),
        model=base_name(pick(values, "base_model", "base_model_name")),
        seed=as_seed(values.get("seed")),
        steps=as_steps(values.get("steps")),
        sampler=as_text(pick(values, "sampler", "sampler_name")),
        scheduler=as_text(values.get("scheduler")),
        cfg_scale=as_float(pick(values, "guidance_scale", "cfg")),
        size=as_size(values.get("resolution"))
        or as_size(values.get("width"), values.get("height")),
        loras=_loras(values),
        version=version,
        extra=extras(
            values, model_hash="base_model_hash", clip_skip="clip_skip", vae="vae",
            styles="styles", performance="performance", sharpness="sharpness",
            prompt_expansion="prompt_expansion", refiner="refiner_model",
        ),
    )


def _loras(values: dict[str, Any]) -> tuple[Lora, ...]:
    """From `loras` (name, weight, hash), else from the text `lora_combined_1: name : weight`, or
    from `l1` and `w1` and so on.
    """
    found: list[Lora] = []
    for entry in as_list(values.get("loras"))[:100]:
        if isinstance(entry, list) and len(entry) >= 2:
            found += as_lora(entry[0], entry[1])
    if not found:
        for key, value in values.items():
            if key.startswith("lora_") and isinstance(value, str) and ":" in value:
                name, _, weight = value.rpartition(":")
                found += as_lora(name.strip(), weight)
    if not found:
        for number in range(1, 100):
            found += as_lora(values.get(f"l{number}"), values.get(f"w{number}"))
    return tuple(found[:100])


def _read_ruined(document: dict[str, Any]) -> EmbeddedMetadata:
    loras: list[Lora] = []
    for entry in as_list(document.get("loras"))[:100]:
        # Either "0.8 - name", or that behind the hash.
        text = as_text(entry[-1] if isinstance(entry, list) and entry else entry)
        weight, dash, name = text.partition(" - ")
        loras += as_lora(name, weight) if dash else as_lora(text)
    return EmbeddedMetadata(
        tool="RuinedFooocus",
        prompt=as_text(pick(document, "Prompt", "prompt")).strip(),
        negative_prompt=as_text(pick(document, "Negative", "negative")).strip(),
        model=base_name(document.get("base_model_name")),
        seed=as_seed(document.get("seed")),
        steps=as_steps(document.get("steps")),
        sampler=as_text(document.get("sampler_name")),
        scheduler=as_text(document.get("scheduler")),
        cfg_scale=as_float(document.get("cfg")),
        size=as_size(document.get("width"), document.get("height")),
        loras=tuple(loras),
        extra=extras(document, model_hash="base_model_hash", clip_skip="clip_skip",
                     denoising="denoise"),
    )
