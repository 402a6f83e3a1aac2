"""Read stable-diffusion.cpp, and koboldcpp, which has it inside (leejet/stable-diffusion.cpp,
examples/common/common.cpp; LostRuins/koboldcpp, otherarch/sdcpp/main.cpp).

PNG `parameters` is an infotext with the program's name for its version. `Model` is empty where
the parts of a model were loaded one by one; `Unet` names the one that counts then. Since 2025 a
last value `SDCPP` says the same as JSON (`sdcpp.image.params/v1`), with the prompts once more and
the LoRAs, which a prompt calls only where the user wrote them there.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from imagelib.ingest.embedded.containers.findings import Findings
from imagelib.ingest.embedded.dialects.a1111 import read_infotext
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
    load_json,
    pick,
)

_TOOL = "stable-diffusion.cpp"
_JSON = ", SDCPP: "


def read_sdcpp(findings: Findings) -> EmbeddedMetadata | None:
    """Read the infotext with this program's name, and the JSON at its end."""
    for key, text in findings.texts.items():
        if f"Version: {_TOOL}" in text:
            # The JSON repeats the prompt, so that it may hold this mark, too.
            head, _, tail = text.partition(_JSON + "{")
            values = as_dict(load_json("{" + tail)) if tail else {}
            if found := read_infotext(head if values else text, _TOOL, key):
                return _complete(found, values)
    return None


def _complete(found: EmbeddedMetadata, values: dict[str, Any]) -> EmbeddedMetadata:
    prompts, models = as_dict(values.get("prompt")), as_dict(values.get("models"))
    sampling = as_dict(values.get("sampling"))
    loras: dict[str, Lora] = {lora.name: lora for lora in found.loras}
    for entry in as_list(values.get("loras"))[:100]:
        item = as_dict(entry)
        for lora in as_lora(pick(item, "name", "path"), pick(item, "multiplier", "weight")):
            loras.setdefault(lora.name, lora)
    seed = as_seed(values.get("seed"))
    return replace(
        found,
        prompt=as_text(prompts.get("positive")).strip() or found.prompt,
        negative_prompt=as_text(prompts.get("negative")).strip() or found.negative_prompt,
        model=found.model or base_name(pick(models, "model", "diffusion_model")),
        seed=found.seed if seed is None else seed,
        steps=found.steps or as_steps(sampling.get("steps")),
        sampler=found.sampler or as_text(pick(sampling, "method", "sample_method")),
        cfg_scale=found.cfg_scale if found.cfg_scale is not None
        else as_float(as_dict(sampling.get("guidance")).get("txt_cfg")),
        size=found.size or as_size(values.get("width"), values.get("height")),
        loras=tuple(loras.values()),
        version=as_text(as_dict(values.get("generator")).get("version")),
    )
