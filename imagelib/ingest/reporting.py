"""What a bug report on a file's metadata needs, without what it says.

The bundle names containers, keys, lengths and structure, and which fields were read from where.
Prompts, names, paths, people, seeds and all other texts and numbers are blanked
(`imagelib.ingest.blanking`); the name of the file is not in it, and its size only roughly.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from imagelib import __version__
from imagelib.formats import HEAD, sniff
from imagelib.ingest.blanking import blank_json, blank_name, blank_text
from imagelib.ingest.embedded.containers.findings import Findings
from imagelib.ingest.embedded.containers.walk import read_containers
from imagelib.ingest.embedded.recognise import identify

_FIELDS = ("prompt", "negative_prompt", "model", "seed", "steps", "sampler", "scheduler",
           "cfg_scale", "size", "loras", "captured_at", "label", "title", "caption", "tags",
           "rating")


def report_metadata(path: Path) -> dict[str, Any]:
    """The bundle for the file at *path*, as JSON.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb", buffering=0) as stream:
        head = stream.read(HEAD)
        stream.seek(0)
        findings = read_containers(stream)
    found = identify(findings)
    return {
        "imagelib": __version__,
        "type": sniff(head) or "unknown",
        "kilobytes": -(-path.stat().st_size // 1024),
        "c2pa_bytes": len(findings.c2pa),
        "read": {
            "tool": blank_json(found.tool),
            "fields": [name for name in _FIELDS if getattr(found, name) not in (None, "", (), 0)],
            "sources": {name: _place(source) for name, source in found.sources.items()},
            "extra": [blank_name(name) for name in found.extra],
        },
        "texts": [_text(key, findings) for key in findings.texts],
    }


def _text(key: str, findings: Findings) -> dict[str, Any]:
    text, value = findings.texts[key], findings.json(key)
    return {
        "key": _key(key),
        "characters": len(text),
        "json": value is not None,
        "content": blank_text(text) if value is None else blank_json(value),
    }


def _key(key: str) -> str:
    container, colon, name = key.partition(":")
    return f"{container}:{blank_name(name)}" if colon and container in (
        "exif", "iptc", "png", "xmp") else blank_name(key)


def _place(source: str) -> str:
    container, blank, name = source.partition(" ")
    return f"{container} {blank_name(name)}" if blank and container in (
        "EXIF", "IPTC", "PNG", "XMP") else blank_name(source)
