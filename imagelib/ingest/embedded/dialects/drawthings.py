"""Read Draw Things: JSON with the keys `c` and `uc` in the UserComment of Exif or XMP.

Its ImageDescription holds the same as an infotext, without the negative prompt; a file
that has only that is read by `imagelib.ingest.embedded.dialects.a1111`.
"""

from __future__ import annotations

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


def read_drawthings(findings: Findings) -> EmbeddedMetadata | None:
    """Read the first object with the prompt under `c` and settings beside it."""
    for document in findings.documents():
        if isinstance(document.get("c"), str) and ("v2" in document or "scale" in document):
            loras: list[Lora] = []
            for entry in as_list(document.get("lora"))[:100]:
                item = as_dict(entry)
                loras += as_lora(pick(item, "model", "file"), item.get("weight"))
            return EmbeddedMetadata(
                tool="Draw Things",
                prompt=document["c"].strip(),
                negative_prompt=as_text(document.get("uc")).strip(),
                model=base_name(document.get("model")),
                seed=as_seed(document.get("seed")),
                steps=as_steps(document.get("steps")),
                sampler=as_text(document.get("sampler")),
                cfg_scale=as_float(document.get("scale")),
                size=as_size(document.get("size")),
                loras=tuple(loras),
                extra=extras(document, denoising="strength", clip_skip="clip_skip",
                             seed_mode="seed_mode", shift="shift"),
            ).read_from(findings.where(document))
    return None
