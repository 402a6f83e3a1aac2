"""Read the smaller dialects, each of a few keys.

Stability Matrix (PNG `parameters-json`, `smproj`), TensorArt (`generation_data`), and infotexts
wherever they stand. Each was read off real files; none is documented.
"""

from __future__ import annotations

from dataclasses import replace

from imagelib.ingest.embedded.containers.findings import Findings
from imagelib.ingest.embedded.dialects.a1111 import read_infotext
from imagelib.ingest.embedded.dialects.comfyui import read_comfyui
from imagelib.ingest.embedded.record import EmbeddedMetadata
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


def read_stability_matrix(findings: Findings) -> EmbeddedMetadata | None:
    """Read the infotext that it writes beside its project; without one, its JSON."""
    asked = as_dict(findings.json("parameters-json"))
    if not asked and "smproj" not in findings.texts:
        return None
    if found := read_infotext(findings.find("parameters"), "Stability Matrix", "parameters"):
        return found
    return EmbeddedMetadata(
        tool="Stability Matrix",
        prompt=as_text(asked.get("PositivePrompt")).strip(),
        negative_prompt=as_text(asked.get("NegativePrompt")).strip(),
        model=base_name(asked.get("ModelName")),
        seed=as_seed(asked.get("Seed")),
        steps=as_steps(asked.get("Steps")),
        sampler=as_text(asked.get("Sampler")),
        cfg_scale=as_float(asked.get("CfgScale")),
        size=as_size(asked.get("Width"), asked.get("Height")),
        extra=extras(asked, model_hash="ModelHash"),
    ).read_from("parameters-json")


def read_tensorart(findings: Findings) -> EmbeddedMetadata | None:
    """Read `generation_data`. The seed drawn and the file loaded stand only in the graph."""
    asked = as_dict(findings.json("generation_data"))
    if not asked:
        return None
    base = as_dict(asked.get("baseModel"))
    ran = read_comfyui(findings) or EmbeddedMetadata()
    seed = as_seed(asked.get("seed"))
    loras = [
        lora for item in as_list(asked.get("models"))[:100]
        for lora in as_lora(as_dict(item).get("modelFileName"), as_dict(item).get("weight"))
    ]
    return EmbeddedMetadata(
        tool="TensorArt",
        prompt=as_text(asked.get("prompt")).strip() or ran.prompt,
        negative_prompt=as_text(asked.get("negativePrompt")).strip().rstrip(","),
        model=ran.model or base_name(base.get("modelFileName")),
        seed=ran.seed if seed is None else seed,
        steps=as_steps(asked.get("steps")) or ran.steps,
        sampler=as_text(pick(asked, "ksamplerName", "samplerName")) or ran.sampler,
        scheduler=as_text(asked.get("schedule")) or ran.scheduler,
        cfg_scale=as_float(asked.get("cfgScale")),
        size=as_size(asked.get("width"), asked.get("height")) or ran.size,
        loras=tuple(loras) or ran.loras,
        extra=extras(base, base_model="modelFileName", model_hash="hash")
        | extras(asked, clip_skip="clipSkip", distilled_cfg="guidance", vae="sdVae"),
    ).read_from("generation_data")


def read_any_infotext(findings: Findings) -> EmbeddedMetadata | None:
    """Read the first text that is an infotext, wherever it stands."""
    software = findings.find("exif:Software", "Software", "xmp:CreatorTool")
    tool = {"A": "ArtBot / AI Horde", "D": "Draw Things"}.get(
        software[:1] if software.startswith(("ArtBot", "Draw Things")) else "", ""
    )
    for key, text in findings.texts.items():
        if found := read_infotext(text, tool, key):
            if not found.version and software.startswith("Fooocus"):
                found = replace(found, version=software)
            return found
    return None
