"""Read the blocks of a site back: what the site knows of each image, for when the database is lost.

The formats are those of `imagelib.generator.index.blocks`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import repeat
from pathlib import Path
from typing import Any

from imagelib.errors import InvalidError
from imagelib.generator.index.blocks import (
    FORMAT,
    KINDS,
    MANIFEST_PATH,
    READABLE,
    albums_path,
    text_keys,
)
from imagelib.generator.index.numbers import read, read_deltas
from imagelib.generator.index.pieces import read_texts
from imagelib.library.values.registry import TEXTS

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class SiteRecord:
    """One image as the site knows it. *fields* are those of `ImageDraft`."""

    id: str
    digest: str
    file_name: str
    original_name: str
    created_at: str
    fields: dict[str, Any] = field(default_factory=dict)


def read_site(folder: Path) -> tuple[list[SiteRecord], list[list[str]]]:
    """All images of the site in *folder* whose blocks are whole, and the saved searches.

    Raises:
        InvalidError: there is no site that this version can read.
    """
    try:
        manifest = _read_call(folder / MANIFEST_PATH)
    except (OSError, ValueError) as error:
        raise InvalidError(f"{folder} holds no site that can be read: {error}") from error
    if manifest.get("format") not in range(READABLE, FORMAT + 1):
        raise InvalidError(f"The site in {folder} is of format {manifest.get('format')}; this"
                           f" version reads {READABLE} to {FORMAT}.")
    rows: dict[int, dict[str, Any]] = {}
    readers = {"core": _read_core, "text": _read_text, "file": _read_file}
    for kind, reader in readers.items():
        for number, _, _, checksum in manifest[kind]:
            with suppress(OSError, ValueError, LookupError):  # one broken block loses no other
                block = _read_call(folder / f"data/{kind}-{number}-{checksum}.js")
                for pk, values in zip(_pks(block, kind), reader(block), strict=True):
                    rows.setdefault(pk, {}).update(values)
    records = []
    for _, row in sorted(rows.items()):
        if "id" in row:
            head = {name: row.pop(name) for name in ("id", "digest", "file_name", "original_name")}
            records.append(SiteRecord(**head, created_at=row.pop("created_at", ""), fields=row))
    return records, manifest["searches"]


def read_albums(folder: Path) -> list[tuple[str, str, str, list[str]]]:
    """Tag, text, the id of the cover or "", and the ids in order of each album of the site in
    *folder*; none if what says them is not whole."""
    with suppress(OSError, ValueError, LookupError):
        manifest = _read_call(folder / MANIFEST_PATH)
        albums = _read_call(folder / albums_path(manifest["albums"]))["albums"]
        ids: dict[int, str] = {}
        for number, _, _, checksum in manifest["file"]:
            block = _read_call(folder / f"data/file-{number}-{checksum}.js")
            ids.update(zip(_pks(block, "file"), block["ids"], strict=True))
        return [(tag, text, ids.get(cover, ""), [ids[pk] for pk in read_deltas(pks) if pk in ids])
                for tag, text, cover, pks in albums]
    return []


def read_block(path: Path) -> list[dict[str, Any]]:
    """What a core, text or file block says of each of its images; nothing for another file.

    Raises:
        ValueError, LookupError: it is broken.
    """
    block = _read_call(path)
    reader = {"core": _read_core, "text": _read_text, "file": _read_file}.get(block["kind"])
    return list(reader(block)) if reader else []


def _read_call(path: Path) -> dict[str, Any]:
    text = path.read_text(encoding="ascii")
    value: dict[str, Any] = json.loads(text[text.index("(") + 1:text.rindex(")")])
    return value


def _pks(block: dict[str, Any], kind: str) -> Iterator[int]:
    low = block["number"] * KINDS[kind]
    runs = iter(block["runs"])
    for first, length in zip(runs, runs, strict=True):
        yield from range(low + first, low + first + length)


def _column(block: dict[str, Any], values: list[Any], indexes: str) -> Iterator[Any]:
    """One value for each row; if all have the first one, there are no *indexes*."""
    numbers = read(block[indexes]) or [0] * block["rows"]
    return (values[number] for number in numbers)


def _read_core(block: dict[str, Any]) -> Iterator[dict[str, Any]]:
    tags = iter(read(block["tag_sets"]))
    tag_sets = [[block["tags"][next(tags)] for _ in range(size)]
                for size in read(block["tag_set_sizes"])]
    unit = timedelta(milliseconds=block["created_unit"])
    for captured, created, rating, model, tag_set in zip(
            read_deltas(block["captured"]), read_deltas(block["created"]), block["rating"],
            _column(block, block["models"], "model"), _column(block, tag_sets, "tag_set"),
            strict=True):
        moment = _EPOCH + timedelta(seconds=captured)
        yield {"captured_at": f"{moment:%Y-%m-%dT%H:%M:%S}", "rating": int(rating),
               "created_at": f"{_EPOCH + created * unit:%Y-%m-%dT%H:%M:%S}.000Z",
               "ai_model": model, "tags": list(tag_set)}


def _read_text(block: dict[str, Any]) -> Iterator[dict[str, Any]]:
    seeds = block["seeds"] or [""] * block["rows"]
    columns = [_column(block, read_texts(block[values]), indexes) if values in block
               else repeat("", block["rows"]) for values, indexes in map(text_keys, TEXTS)]
    for settings, seed, *texts in zip(
            _column(block, block["settings"], "setting"), seeds, *columns, strict=True):
        generation = {name: _value(value)
                      for name, value in zip(settings[::2], settings[1::2], strict=True)}
        if seed:
            generation["seed"] = seed
        yield {"generation": generation,
               **{field.name: text for field, text in zip(TEXTS, texts, strict=True)}}


def _read_file(block: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for image_id, digest, name, original in zip(
            block["ids"], block["digests"], block["names"], block["originals"], strict=True):
        yield {"id": image_id, "digest": digest, "original_name": original,
               "file_name": image_id + name[1:] if name.startswith("/") else name}


def _value(text: str) -> Any:
    """Numbers and lists come back as such; all else stays text."""
    with suppress(ValueError):
        value = json.loads(text)
        if isinstance(value, int | float | list | dict) and not isinstance(value, bool):
            return value
    return text
