"""Records for other programs: JSON as the API gives it, or a table, a few at a time."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator

from imagelib.library.models import Image

_CSV = ("id", "file_name", "original_name", "prompt_text", "negative_prompt", "ai_model", "notes",
        "rating", "tags", "captured_at", "width", "height", "size_bytes", "mime_type", "digest",
        "created_at", "updated_at", "version", "file_state")


def records_as(form: str, images: Iterable[Image]) -> Iterator[bytes]:
    """The bytes of one document, `json` or `csv`, with a record for each of *images*."""
    return _as_csv(images) if form == "csv" else _as_json(images)


def _as_json(images: Iterable[Image]) -> Iterator[bytes]:
    yield b'{"images": [\n'
    for number, image in enumerate(images):
        yield (b",\n" if number else b"") + json.dumps(image.to_json()).encode()
    yield b"\n]}\n"


def _as_csv(images: Iterable[Image]) -> Iterator[bytes]:
    yield _line(_CSV)
    for image in images:
        yield _line([_cell(image, name) for name in _CSV])


def _line(cells: Iterable[object]) -> bytes:
    buffer = io.StringIO()
    csv.writer(buffer).writerow(cells)
    return buffer.getvalue().encode()


def _cell(image: Image, name: str) -> object:
    value = ", ".join(image.tags) if name == "tags" else getattr(image, name)
    # A spreadsheet would run a text that begins like a formula.
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t"):
        return "'" + value
    return value
