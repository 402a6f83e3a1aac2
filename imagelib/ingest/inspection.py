"""Look at one file, inside a worker: what it is, and what its generator wrote into it.

The result is plain JSON, as it travels between processes.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from imagelib.ingest.embedded import EmbeddedMetadata, read
from imagelib.ingest.embedded.stealth import read_stealth
from imagelib.ingest.sidecars import read_sidecars
from imagelib.pictures import alpha_columns, decoded, derivatives, difference_hash
from imagelib.recipes import Recipe, fitting


def inspect(path: str, max_pixels: int, named: str = "",
            recipes: Sequence[Sequence[Any]] = ()) -> dict[str, Any]:
    """Decode the picture at *path* whole, once, and read its embedded metadata.

    *named* is where it lies under its own name, if *path* is a copy: the files beside
    it say what the picture itself does not. *recipes* are the fields of each `Recipe` by which
    derivatives are made of it, as far as such a picture has them: in base64, by name.

    Raises:
        UnsupportedTypeError, BrokenPictureError: it is no picture that we keep.
    """
    found = read(Path(path))
    with decoded(Path(path), max_pixels) as picture:
        phash = difference_hash(picture.image)
        wanted = fitting([Recipe(*fields) for fields in recipes], *picture.size, picture.mime_type)
        made = derivatives(picture, wanted) if wanted else []
        if not found.prompt and (plane := alpha_columns(picture)) is not None:
            # Some generators hide it in the lowest bits of the transparency.
            hidden = read_stealth(*plane)
            found = hidden.with_written_of(found) if hidden else found
    beside, given = read_sidecars(Path(named), found.prompt) if named else (None, [])
    if beside is not None and not found.prompt:
        found = beside.with_written_of(found)
    if not any(value for fields in given for value in fields.values()):
        given = [found.given()]
    width, height = picture.size
    return {"mime_type": picture.mime_type, "width": width, "height": height, "phash": phash,
            "draft": draft_of(found), "given": given,
            "derivatives": {one.name: content
                            for one, content in zip(wanted, made, strict=True)}}


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
