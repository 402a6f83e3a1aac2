"""Read SwarmUI's metadata: JSON with `sui_image_params` (SwarmUI, src/Media/ImageFile.cs).

In PNG under `parameters`, in JPEG and WebP in the UserComment or, by old versions, in
Exif Model; or in a sidecar `.swarm.json`. A ComfyUI graph often stands beside it and
has the expanded prompt; this is what the user asked for.
"""

from __future__ import annotations

from typing import Any

from imagelib.ingest.embedded.containers.findings import Findings
from imagelib.ingest.embedded.record import EmbeddedMetadata, Lora
from imagelib.ingest.embedded.values import (
    as_date,
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
)


def read_swarmui(findings: Findings) -> EmbeddedMetadata | None:
    """Read the first object that holds `sui_image_params`."""
    for document in findings.documents():
        asked = as_dict(document.get("sui_image_params"))
        if asked:
            found = _read(asked, as_dict(document.get("sui_extra_data")))
            return found.read_from(findings.where(document))
    return None


def _read(asked: dict[str, Any], more: dict[str, Any]) -> EmbeddedMetadata:
    return EmbeddedMetadata(
        tool="SwarmUI",
        prompt=as_text(asked.get("prompt")).strip(),
        negative_prompt=as_text(asked.get("negativeprompt")).strip(),
        model=base_name(asked.get("model")),
        seed=as_seed(asked.get("seed")),
        steps=as_steps(asked.get("steps")),
        sampler=as_text(asked.get("sampler")),
        scheduler=as_text(asked.get("scheduler")),
        cfg_scale=as_float(asked.get("cfgscale")),
        size=as_size(asked.get("width"), asked.get("height")),
        loras=_loras(asked),
        version=as_text(asked.get("swarm_version")),
        captured_at=as_date(more.get("date")),
        extra=extras(
            asked, vae="vae", clip_skip="clipstopatlayer", distilled_cfg="fluxguidancescale",
            refiner_upscale="refinerupscale", denoising="initimagecreativity",
        ) | extras(more, original_prompt="original_prompt"),
    )


def _loras(asked: dict[str, Any]) -> tuple[Lora, ...]:
    names, weights = _items(asked.get("loras")), _items(asked.get("loraweights"))
    weights += [None] * len(names)
    return tuple(
        lora for name, weight in zip(names[:100], weights, strict=False)
        for lora in as_lora(name, weight)
    )


def _items(value: Any) -> list[Any]:
    return value.split(",") if isinstance(value, str) else list(as_list(value))
