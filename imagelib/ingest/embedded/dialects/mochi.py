"""Read Mochi Diffusion (MochiDiffusion/MochiDiffusion: SDImage.swift, MetadataCodec.swift).

One text, in the caption of IPTC, or in a description, of fields `Include in Image: ...`. Version 1
has them in one line, `; ` between them, and a prompt may hold that, too; version 2 has one on
each line, with line breaks and backslashes of values escaped.
"""

from __future__ import annotations

import re

from imagelib.ingest.embedded.containers.findings import Findings
from imagelib.ingest.embedded.record import EmbeddedMetadata
from imagelib.ingest.embedded.values import (
    as_date,
    as_float,
    as_seed,
    as_size,
    as_steps,
    base_name,
)

_FIELDS = (
    "Metadata Version|Include in Image|Exclude from Image|Model|Steps|Guidance Scale|Seed|Size"
    "|Scheduler|ML Compute Unit|Upscaler|Generator|Generated|Date|Input Images?|Starting Image"
    "|Init Image|Strength|Quality"
)
_FIRST = re.compile(rf"\s*(?:{_FIELDS}): ")
_IN_LINE = re.compile(rf"(?:^|; ?)({_FIELDS}): ?")
_ON_LINES = re.compile(r"^([A-Z][A-Za-z ]{1,40}): ?(.*)$", re.MULTILINE)
_ESCAPED = re.compile(r"\\([\\nr])")
_LONGEST = 400_000


def read_mochi(findings: Findings) -> EmbeddedMetadata | None:
    """Read the first text of such fields."""
    for key, text in findings.texts.items():
        if _FIRST.match(text) and "Include in Image: " in text and len(text) <= _LONGEST:
            return _read(_fields(text.strip())).read_from(key)
    return None


def _fields(text: str) -> dict[str, str]:
    """The values by name; of a name that comes twice the first counts."""
    fields: dict[str, str] = {}
    if text.startswith("Metadata Version:") and "\n" in text:
        for name, value in _ON_LINES.findall(text):
            fields.setdefault(name, _ESCAPED.sub(_unescape, value))
        return fields
    # The settings stand behind the prompts, so that the last of each name is the field, whatever
    # a prompt says; that of the prompt itself is the first thing of all.
    found_all = list(_IN_LINE.finditer(text))
    marks = {found[1]: found for found in found_all}
    marks |= {found[1]: found for found in found_all[:1]}
    ordered = sorted(marks.values(), key=lambda found: found.start())
    ends = [found.start() for found in ordered[1:]] + [len(text)]
    return {found[1]: text[found.end() : end].strip().rstrip(";")
            for found, end in zip(ordered, ends, strict=True)}


def _unescape(found: re.Match[str]) -> str:
    return {"n": "\n", "r": "\r"}.get(found[1], found[1])


def _read(fields: dict[str, str]) -> EmbeddedMetadata:
    program, _, version = fields.get("Generator", "").rpartition(" ")
    if not version[:1].isdigit():
        program, version = fields.get("Generator", ""), ""
    return EmbeddedMetadata(
        tool=program or "Mochi Diffusion",
        prompt=fields.get("Include in Image", "").strip(),
        negative_prompt=fields.get("Exclude from Image", "").strip(),
        model=base_name(fields.get("Model")),
        seed=as_seed(fields.get("Seed")),
        steps=as_steps(fields.get("Steps")),
        sampler=fields.get("Scheduler", "").strip(),
        cfg_scale=as_float(fields.get("Guidance Scale")),
        size=as_size(fields.get("Size")),
        version=version,
        captured_at=as_date(fields.get("Date")),
    )
