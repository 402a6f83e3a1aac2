"""Look at one file, inside a worker: what it is, and what its generator wrote into it.

The result is plain JSON, as it travels between processes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from imagelib.ingest.embedded import EmbeddedMetadata, read
from imagelib.ingest.embedded.stealth import read_stealth
from imagelib.ingest.sidecars import read_sidecars
from imagelib.pictures import alpha_columns, measure


def inspect(path: str, max_pixels: int, named: str = "") -> dict[str, Any]:
    """Decode the picture at *path* whole and read its embedded metadata.

    *named* is where it lies under its own name, if *path* is a copy: the files beside
    it say what the picture itself does not.

    Raises:
        UnsupportedTypeError, BrokenPictureError: it is no picture that we keep.
    """
    mime_type, width, height, phash = measure(path, max_pixels)
    found = read(Path(path))
    if not found.prompt:
        hidden = _read_alpha(path, max_pixels)
        found = hidden.with_written_of(found) if hidden else found
    beside, given = read_sidecars(Path(named), found.prompt) if named else (None, [])
    if beside is not None and not found.prompt:
        found = beside.with_written_of(found)
    if not any(value for fields in given for value in fields.values()):
        given = [found.given()]
    return {"mime_type": mime_type, "width": width, "height": height, "phash": phash,
            "draft": draft_of(found), "given": given}


def _read_alpha(path: str, max_pixels: int) -> EmbeddedMetadata | None:
    """What some generators hide in the lowest bits of the transparency."""
    with alpha_columns(path, max_pixels) as plane:
        return read_stealth(*plane) if plane is not None else None


def draft_of(found: EmbeddedMetadata) -> dict[str, Any]:
    """The fields of an `ImageDraft` that *found* fills."""
    fields = {
        "prompt_text": found.prompt,
        "negative_prompt": found.negative_prompt,
        "ai_model": found.model,
        "captured_at": found.captured_at,
        "generation": found.generation(),
        "prompt_meta": found.raw,
    }
    return {name: value for name, value in fields.items() if value}
