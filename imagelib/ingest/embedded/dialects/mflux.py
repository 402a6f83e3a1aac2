"""Read mflux (filipstrand/mflux, src/mflux/utils/generated_image.py and metadata_builder.py).

JSON in the UserComment names the version, paths of LoRAs and the repository of the model. The
prompt stands in XMP `dc:description` as well, beside the name of the program; a file that lost
its Exif has no more than these two.
"""

from __future__ import annotations

from typing import Any

from imagelib.ingest.embedded.containers.findings import Findings
from imagelib.ingest.embedded.record import EmbeddedMetadata
from imagelib.ingest.embedded.values import (
    as_date,
    as_float,
    as_list,
    as_lora,
    as_seed,
    as_size,
    as_steps,
    as_text,
    base_name,
    extras,
)


def read_mflux(findings: Findings) -> EmbeddedMetadata | None:
    """Read the first object with `mflux_version`, else what XMP says."""
    for document in findings.documents():
        if "mflux_version" in document:
            return _read(document).read_from(findings.where(document))
    tool, _, version = findings.find("xmp:CreatorTool").partition(" ")
    if tool == "MFLUX":
        return EmbeddedMetadata(
            tool="mflux", prompt=findings.find("xmp:description"), version=version,
        ).read_from("xmp:description")
    return None


def _read(document: dict[str, Any]) -> EmbeddedMetadata:
    names = as_list(document.get("lora_paths"))[:100]
    weights = [*as_list(document.get("lora_scales")), *[None] * len(names)]
    return EmbeddedMetadata(
        tool="mflux",
        prompt=as_text(document.get("prompt")).strip(),
        negative_prompt=as_text(document.get("negative_prompt")).strip(),
        model=base_name(document.get("model")) or base_name(document.get("base_model")),
        seed=as_seed(document.get("seed")),
        steps=as_steps(document.get("steps")),
        cfg_scale=as_float(document.get("guidance")),
        size=as_size(document.get("width"), document.get("height")),
        loras=tuple(lora for name, weight in zip(names, weights, strict=False)
                    for lora in as_lora(name, weight)),
        version=as_text(document.get("mflux_version")),
        captured_at=as_date(document.get("created_at")),
        extra=extras(document, denoising="image_strength", quantize="quantize",
                     controlnet_strength="controlnet_strength"),
    )
