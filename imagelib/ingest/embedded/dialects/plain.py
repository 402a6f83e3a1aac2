"""Read JSON that no other reader knows, by what most programs call things.

Scripts, services and small programs write an object with `prompt` and its settings; Hugging Face
Spaces (`parameters` with `resolution`) and Pollinations (UserComment with `nologo`) are such. Case,
blanks, hyphens and underscores of names do not matter, and the settings may stand in an object
of their own beside the prompt or around it. Two settings at least must be there: JSON about
other things has prompts, too.
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

_NOT_LETTERS = re.compile(r"[\W_]+")
_MOST_KEYS = 500
_PROMPT = ("prompt", "positiveprompt", "positive", "textprompt")
_NEGATIVE = ("negativeprompt", "negative", "negprompt")
_MODEL = ("model", "modelname", "basemodel", "checkpoint", "ckpt", "ckptname", "sdmodelcheckpoint",
          "modelid", "modelpath", "diffusionmodel", "unet")
_STEPS = ("numinferencesteps", "steps", "samplingsteps", "numsteps")
_SAMPLER = ("sampler", "samplername", "samplingmethod", "samplemethod")
_SCHEDULER = ("scheduler", "schedulername", "schedule", "scheduletype")
_CFG = ("guidancescale", "cfgscale", "cfg", "guidance")
_SEED = ("seed", "noiseseed")


def read_plain_json(findings: Findings) -> EmbeddedMetadata | None:
    """Read the first object with a prompt and at least two settings."""
    for document in findings.documents():
        found = _read(_flat(document))
        settings = (found.seed, found.steps, found.cfg_scale, found.size, found.sampler or None,
                    found.model or None)
        if found.prompt and sum(value is not None for value in settings) >= 2:
            return found.read_from(findings.where(document))
    return None


def _flat(document: dict[str, Any]) -> dict[str, Any]:
    """The values by plain names, those of objects inside after those of *document* itself."""
    values: dict[str, Any] = {}
    objects = [document, *(value for value in list(document.values())[:_MOST_KEYS]
                           if isinstance(value, dict))]
    for part in objects[:100]:
        for key, value in list(part.items())[:_MOST_KEYS]:
            if len(values) < _MOST_KEYS and value not in (None, "", {}, []):
                values.setdefault(_NOT_LETTERS.sub("", key[:60]).lower(), value)
    return values


def _read(values: dict[str, Any]) -> EmbeddedMetadata:
    return EmbeddedMetadata(
        tool=_tool(values),
        prompt=as_text(pick(values, *_PROMPT)).strip(),
        negative_prompt=as_text(pick(values, *_NEGATIVE)).strip(),
        model=base_name(_named(pick(values, *_MODEL))),
        seed=as_seed(pick(values, *_SEED)),
        steps=as_steps(pick(values, *_STEPS)),
        sampler=as_text(_named(pick(values, *_SAMPLER))),
        scheduler=as_text(_named(pick(values, *_SCHEDULER))),
        cfg_scale=as_float(pick(values, *_CFG)),
        size=as_size(pick(values, "resolution", "size"))
        or as_size(values.get("width"), values.get("height")),
        loras=_loras(pick(values, "loras", "lora")),
        extra=extras(values, model_hash="modelhash", denoising="strength"),
    )


def _named(value: Any) -> Any:
    """*value*, or the name in the object that stands for it."""
    return pick(as_dict(value), "name", "Model", "model", "model_name", "path", "id") if isinstance(
        value, dict) else value


def _loras(value: Any) -> tuple[Lora, ...]:
    """From a list of names, or of objects with a name and a weight, or an object of weights."""
    found: list[Lora] = []
    if isinstance(value, dict):
        value = [{"name": name, "weight": weight} for name, weight in list(value.items())[:100]]
    for entry in as_list(value)[:100]:
        weight = pick(entry, "weight", "strength", "scale", "multiplier") if isinstance(
            entry, dict) else None
        found += as_lora(_named(entry), weight)
    return tuple(found)


def _tool(values: dict[str, Any]) -> str:
    if "nologo" in values or "nofeed" in values:
        return "Pollinations"
    if "numinferencesteps" in values and "resolution" in values:
        return "HuggingFace Space"
    return as_text(pick(values, "software", "tool", "app", "generator"))[:80]
