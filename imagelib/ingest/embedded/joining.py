"""Join what several records of one file say, and say where each value was read.

A file often tells its making twice: the graph that ran and the infotext of a saver, JSON in Exif
and a sentence in XMP. One record is the base; of the others it takes what it does not have.
**Two records that contradict each other are never mixed**: they speak of different pictures, as
where somebody saved a new picture with the metadata of an old one. They do where both have a
seed and these differ, or both have a prompt and neither is a part of the other. Nor is one text of
two programs: what another dialect reads in the text of the base is a misreading.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from imagelib.ingest.embedded.record import EmbeddedMetadata

#: What a record of a making says for itself. One that lacks none of it needs no other.
_WHOLE = ("model", "seed", "steps", "sampler", "cfg_scale")
#: Values that mean something only beside the settings of the same record.
_SETTINGS = ("seed", "steps", "sampler")
_TAGS = re.compile(r"<[^<>\n]{1,200}>")
#: What the keys of `Findings` are called.
_CONTAINERS = {"exif": "EXIF", "xmp": "XMP", "iptc": "IPTC", "png": "PNG"}
_PLACES = {"c2pa": "C2PA", "comment": "comment", "text": "text", "stealth": "pixels"}


def is_whole(record: EmbeddedMetadata) -> bool:
    """Whether no other record could add a setting to *record*."""
    return bool(record.prompt) and not any(_is_missing(record, name) for name in _WHOLE)


def join(base: EmbeddedMetadata, others: Iterable[EmbeddedMetadata]) -> EmbeddedMetadata:
    """*base* with what the *others* say of the same picture and it does not, in their order."""
    for other in others:
        if _contradict(base, other) or _misreads(base, other):
            continue
        changes = {name: getattr(other, name) for name in _gaps(base, other)}
        if changes:
            source = other.sources.get("record", "")
            sources = dict.fromkeys(changes, source) if source else {}
            base = replace(base, **changes, sources={**base.sources, **sources})
    return base


def _gaps(base: EmbeddedMetadata, other: EmbeddedMetadata) -> list[str]:
    names = ["tool", "prompt", *_WHOLE, "size", "captured_at"]
    if not base.sampler or base.sampler.lower() == other.sampler.lower():
        names.append("scheduler")  # another sampler's would be no answer
    if base.tool in ("", other.tool):
        names.append("version")
    if all(_is_missing(base, name) for name in _SETTINGS):
        # A record that has settings and no negative prompt or LoRA says that there was none.
        names += ["negative_prompt", "loras"]
    return [name for name in names if _is_missing(base, name) and not _is_missing(other, name)]


def _is_missing(record: EmbeddedMetadata, name: str) -> bool:
    return getattr(record, name) in (None, "", ())


def _contradict(one: EmbeddedMetadata, other: EmbeddedMetadata) -> bool:
    if one.seed is not None and other.seed is not None and one.seed != other.seed:
        return True
    return bool(one.prompt and other.prompt) and not is_part(one.prompt, other.prompt)


def _misreads(base: EmbeddedMetadata, other: EmbeddedMetadata) -> bool:
    key = base.sources.get("record")
    return key is not None and key == other.sources.get("record") and base.tool != other.tool


def is_part(text: str, prompt: str) -> bool:
    """Whether *text* says no more than *prompt*, or holds it."""
    first, second = _words(text), _words(prompt)
    return bool(first and second) and (first in second or second in first)


def _words(prompt: str) -> str:
    """*prompt* without what savers add and take away: LoRAs in brackets, blanks."""
    return " ".join(_TAGS.sub(" ", prompt).split()).strip(" ,.")


def name_sources(sources: dict[str, str]) -> dict[str, str]:
    """*sources* as a person reads them: `PNG parameters`, `EXIF UserComment`.

    A reader may add where in its text a value stands, as the node of a graph.
    """
    base = sources.get("record", "")
    named = {"record": _place(base)} if base else {}
    for name, source in sources.items():
        if name != "record":
            named[name] = f"{named['record']}, {source}" if base and source.startswith(
                "node ") else _place(source)
    return named


def has_container(key: str) -> bool:
    """Whether *key* of `Findings` is of Exif, XMP, IPTC or a chunk, where more than texts stand."""
    return key.partition(":")[0] in _CONTAINERS


def _place(key: str) -> str:
    container, colon, name = key.partition(":")
    if colon and container in _CONTAINERS:
        return f"{_CONTAINERS[container]} {name}"[:80]
    return _PLACES.get(key) or f"PNG {key}"[:80]
