"""Decide which generator wrote what was found: an ordered table of readers.

The first reader that finds a prompt has the base of the record, and others fill its gaps
(`imagelib.ingest.embedded.joining`). The order matters where a file holds several
dialects: SwarmUI, Stability Matrix and TensorArt put a ComfyUI graph beside what
the user asked for, and the infotext of ComfyUI's savers is at times made up, so the
graph comes before it. A dialect whose text is much like another's comes before that: Mochi
Diffusion and stable-diffusion.cpp before infotexts, mflux before JSON of any kind.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from imagelib.ingest.embedded.containers.findings import Findings
from imagelib.ingest.embedded.dating import read_date
from imagelib.ingest.embedded.dialects.comfyui import read_comfyui, read_drawn_workflow
from imagelib.ingest.embedded.dialects.drawthings import read_drawthings
from imagelib.ingest.embedded.dialects.easydiffusion import read_easydiffusion
from imagelib.ingest.embedded.dialects.fooocus import read_fooocus
from imagelib.ingest.embedded.dialects.invokeai import read_invokeai
from imagelib.ingest.embedded.dialects.mflux import read_mflux
from imagelib.ingest.embedded.dialects.midjourney import read_midjourney
from imagelib.ingest.embedded.dialects.mochi import read_mochi
from imagelib.ingest.embedded.dialects.novelai import read_novelai
from imagelib.ingest.embedded.dialects.others import (
    read_any_infotext,
    read_stability_matrix,
    read_tensorart,
)
from imagelib.ingest.embedded.dialects.plain import read_plain_json
from imagelib.ingest.embedded.dialects.sdcpp import read_sdcpp
from imagelib.ingest.embedded.dialects.swarmui import read_swarmui
from imagelib.ingest.embedded.joining import (
    has_container,
    is_part,
    is_whole,
    join,
    name_sources,
)
from imagelib.ingest.embedded.provenance import read_provenance
from imagelib.ingest.embedded.record import EmbeddedMetadata
from imagelib.ingest.embedded.values import as_dict, as_text, is_placeholder
from imagelib.ingest.embedded.written import read_written

Reader = Callable[[Findings], EmbeddedMetadata | None]

READERS: tuple[Reader, ...] = (
    read_swarmui,
    read_stability_matrix,
    read_tensorart,
    read_comfyui,
    read_fooocus,
    read_drawthings,
    read_novelai,
    read_invokeai,
    read_easydiffusion,
    read_mochi,
    read_sdcpp,
    read_any_infotext,
    read_mflux,
    read_plain_json,
    read_midjourney,
    read_drawn_workflow,
)

#: What marks the text of a graph, for readers that look through all of them.
_MARKS: dict[Reader, tuple[str, ...]] = {
    read_comfyui: ('"class_type"',),
    read_drawn_workflow: ('"nodes"', '"links"'),
}
#: Keys that only generators use -> the tool, where it is certain.
_TELLING_KEYS = {
    "Dream": "InvokeAI",
    "generation_data": "",
    "invokeai_graph": "InvokeAI",
    "invokeai_metadata": "InvokeAI",
    "invokeai_workflow": "InvokeAI",
    "parameters-json": "Stability Matrix",
    "sd-metadata": "InvokeAI",
    "fooocus_scheme": "Fooocus",
}
#: Characters, as many as the library takes; `raw` has the rest.
_LONGEST_PROMPT = 200_000
_NO_LABEL = EmbeddedMetadata()
_log = logging.getLogger(__name__)


def identify(findings: Findings) -> EmbeddedMetadata:
    """The record of what was found; where no generator is known, only what people wrote."""
    if not findings.texts and not findings.c2pa:
        return EmbeddedMetadata(unread=tuple(map(_line, findings.unread)))
    best = _read_all(findings)
    label = _try(read_provenance, findings) or _NO_LABEL
    if best or label:
        best = _complete(best, label, findings)
    # Most files have no more than a generator's texts, and reading is to be quick.
    if any(map(has_container, findings.texts)):
        best = _with_written(best, findings)
    return replace(best, unread=tuple(map(_line, findings.unread))) if findings.unread else best


def _read_all(findings: Findings) -> EmbeddedMetadata:
    """The record of the first reader that finds a prompt, completed by the others."""
    records: list[EmbeddedMetadata] = []
    base: EmbeddedMetadata | None = None
    for reader in READERS:
        if found := _try(reader, findings):
            if not found.sources and reader in _MARKS:
                found = found.read_from(findings.key_with(*_MARKS[reader]))
            records.append(found)
            if base is None and found.prompt:
                base = found
        if base is not None and is_whole(base):
            break
    if base is None:
        if found := _try(_read_unknown, findings):
            records.append(found)
        base = next((record for record in records if record.prompt),
                    records[0] if records else EmbeddedMetadata())
    return join(base, (record for record in records if record is not base))


def _try(reader: Reader, findings: Findings) -> EmbeddedMetadata | None:
    try:
        found = reader(findings)
        return _without_placeholders(found) if found is not None else None
    except Exception:  # noqa: BLE001 - a reader's bug may cost one record, never a whole import
        _log.warning("a reader of embedded metadata failed", exc_info=True)
        return None


def _without_placeholders(found: EmbeddedMetadata) -> EmbeddedMetadata:
    """*found* without texts that savers put where they know nothing ("unknown").

    Where the prompt is such a one, a seed of 0 is no seed either.
    """
    names = [name for name in ("prompt", "negative_prompt", "model", "sampler", "scheduler")
             if is_placeholder(getattr(found, name))]
    if not names:
        return found
    changes: dict[str, Any] = dict.fromkeys(names, "")
    if "prompt" in names and found.seed == 0:
        changes["seed"] = None
    return replace(found, **changes)


def _holds_nodes(findings: Findings) -> bool:
    return any('"class_type"' in text for text in findings.texts.values())


def _complete(
    best: EmbeddedMetadata, label: EmbeddedMetadata, findings: Findings
) -> EmbeddedMetadata:
    """Join what was made and what is labelled, and add the date and the raw texts."""
    raw: dict[str, Any] = findings.raw() | (label.raw or {})
    dated = label.captured_at and not best.captured_at
    prompts = {name: getattr(best, name).replace("\0", "")
               for name in ("prompt", "negative_prompt")}
    return replace(
        best,
        tool=_line(best.tool or label.tool),
        prompt=prompts["prompt"][:_LONGEST_PROMPT],
        negative_prompt=prompts["negative_prompt"][:_LONGEST_PROMPT],
        shortened=tuple(name for name, text in prompts.items() if len(text) > _LONGEST_PROMPT),
        model=_line(best.model),
        sampler=_line(best.sampler),
        scheduler=_line(best.scheduler),
        loras=tuple(replace(lora, name=_line(lora.name)) for lora in best.loras),
        version=_line(best.version),
        captured_at=best.captured_at or label.captured_at,
        label="" if best else label.label,
        sources=name_sources(
            best.sources | ({"captured_at": "c2pa"} if dated and findings.c2pa else {})),
        extra=label.extra | best.extra,
        raw=raw or None,
    )


def _with_written(found: EmbeddedMetadata, findings: Findings) -> EmbeddedMetadata:
    """Add the date, if no generator said it, and what people wrote."""
    date, key = ("", "") if found.captured_at else read_date(findings)
    written = read_written(findings)
    place = name_sources({"record": written.caption_key}).get("record", "")
    of_generator = (
        place == found.sources.get("record") or is_part(written.caption, found.prompt)
        or findings.json(written.caption_key) is not None  # nobody writes captions in JSON
    )
    dated = name_sources({"captured_at": key}) if key else {}
    return replace(
        found,
        captured_at=found.captured_at or date,
        title="" if written.title == " ".join(found.prompt.split()) else written.title,
        caption="" if of_generator else written.caption,
        tags=written.tags,
        rating=written.rating,
        extra=found.extra | ({"colour_label": written.label} if written.label else {}),
        sources=found.sources | dated,
    )


def _line(text: str) -> str:
    """*text* as one short line: it will stand in a table and in a list of facets."""
    return " ".join(text.replace("\0", "")[:300].split())


def _read_unknown(findings: Findings) -> EmbeddedMetadata | None:
    """Keep what a generator wrote and nobody here understands: damaged, too deep, or new."""
    for key, tool in _TELLING_KEYS.items():
        if key in findings.texts:
            return EmbeddedMetadata(tool=tool, raw={})
    prompt = findings.find("prompt")
    if prompt and not prompt.lstrip().startswith(("{", "[")):
        return EmbeddedMetadata(prompt=prompt.strip())
    if prompt or "workflow" in findings.texts or _holds_nodes(findings):
        return EmbeddedMetadata(tool="ComfyUI")
    parameters = findings.find("parameters")
    if parameters.startswith("{"):
        return EmbeddedMetadata(
            prompt=as_text(as_dict(findings.json("parameters")).get("prompt")).strip(), raw={}
        )
    head, found, negative = parameters.partition("\nNegative prompt:")
    if found:
        return EmbeddedMetadata(prompt=head.strip(), negative_prompt=negative.strip())
    return None
