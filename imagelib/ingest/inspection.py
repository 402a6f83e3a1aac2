"""Look at one file, inside a worker: what it is, and what its generator wrote into it.

The result is plain JSON, as it travels between processes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from imagelib.ingest.embedded import EmbeddedMetadata, read
from imagelib.pictures import measure


def inspect(path: str, max_pixels: int) -> dict[str, Any]:
    """Decode the picture at *path* whole and read its embedded metadata.

    Raises:
        UnsupportedTypeError, BrokenPictureError: it is no picture that we keep.
    """
    mime_type, width, height = measure(path, max_pixels)
    found = read(Path(path))
    return {"mime_type": mime_type, "width": width, "height": height, "draft": draft_of(found)}


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
