"""Look at one file, inside a worker: what it is, and what its generator wrote into it.

The result is plain JSON, as it travels between processes.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from imagelib.errors import BrokenPictureError, MissingExtraError
from imagelib.formats import HEAD, is_video, sniff
from imagelib.ingest.embedded import EmbeddedMetadata, read
from imagelib.ingest.embedded.stealth import read_stealth
from imagelib.ingest.sidecars import read_sidecars
from imagelib.pictures import alpha_columns, decoded, derivatives, difference_hash
from imagelib.recipes import Recipe, fitting
from imagelib.videos import facts_of


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
    looks: dict[str, Any] = {}
    try:
        with decoded(Path(path), max_pixels) as picture:
            wanted = fitting([Recipe(*fields) for fields in recipes], *picture.size,
                             picture.mime_type)
            made = derivatives(picture, wanted) if wanted else []
            looks = {"mime_type": picture.mime_type, "width": picture.size[0],
                     "height": picture.size[1], "phash": difference_hash(picture.image),
                     "derivatives": {one.name: content
                                     for one, content in zip(wanted, made, strict=True)}}
            if not found.prompt and (plane := alpha_columns(picture)) is not None:
                # Some generators hide it in the lowest bits of the transparency.
                hidden = read_stealth(*plane)
                found = hidden.with_written_of(found) if hidden else found
    except (MissingExtraError, BrokenPictureError):
        looks = _of_headers(Path(path), max_pixels)
        if not looks:
            raise
    beside, given = read_sidecars(Path(named), found.prompt) if named else (None, [])
    if beside is not None and not found.prompt:
        found = beside.with_written_of(found)
    if not any(value for fields in given for value in fields.values()):
        given = [found.given()]
    return {**looks, "draft": draft_of(found), "given": given}


def _of_headers(path: Path, max_pixels: int) -> dict[str, Any]:
    """What is known of a video without a decoder, which need not know its codec; of a picture, {}.

    Raises:
        BrokenPictureError: its headers are damaged, or it has too many pixels.
    """
    with path.open("rb") as stream:
        mime_type = sniff(stream.read(HEAD)) or ""
    if not is_video(mime_type):
        return {}
    facts = facts_of(path)
    if facts.width * facts.height > max_pixels:
        raise BrokenPictureError(f"a video of {facts.width} x {facts.height} pixels, which are more"
                                 f" than the {max_pixels:,} that are taken")
    return {"mime_type": mime_type, "width": facts.width, "height": facts.height, "phash": "",
            "derivatives": {}}


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
