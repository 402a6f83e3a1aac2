"""The nouns of the library: plain records that every other part is handed.

They know nothing of SQLite and nothing of HTTP, and importing them is cheap,
because the generator works on them by the hundred thousand. What a user may
write into a record is checked in `imagelib.library.values.fields`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

#: How a perceptual hash is written.
_PHASH = re.compile(r"[0-9a-f]{16}")

FileState = Literal["ok", "missing", "altered"]


@dataclass(frozen=True, slots=True)
class Image:
    """One picture with its metadata: a row of the table `images` and its tags.

    `pk` numbers the rows of the search index and is never used twice. Dates are
    `captured_at` in wall-clock time without a zone, the others in UTC with `Z`.
    """

    pk: int
    id: str
    file_name: str
    original_name: str
    digest: str
    size_bytes: int
    width: int
    height: int
    mime_type: str
    captured_at: str
    created_at: str
    updated_at: str
    prompt_text: str = ""
    negative_prompt: str = ""
    prompt_meta: Any = None
    generation: dict[str, Any] = field(default_factory=dict)
    ai_model: str = ""
    notes: str = ""
    title: str = ""
    rating: int = 0
    tags: tuple[str, ...] = ()
    version: int = 1
    file_state: FileState = "ok"
    #: 64 bits of how it stats, as 16 hex digits: alike pictures differ in few. "" if unknown.
    phash: str = ""

    def to_json(self) -> dict[str, Any]:
        """The record as the API and `--json` give it, without the URLs."""
        return {f.name: getattr(self, f.name) for f in fields(self)} | {"tags": list(self.tags)}


def read_phash(text: str) -> int | None:
    """The 64 bits of a perceptual hash that tells something.

    None if it is unknown or no hash, and for a picture of one colour, which is like every other.
    """
    bits = int(text, 16) if _PHASH.fullmatch(text) else 0
    return bits if 0 < bits < 2**64 - 1 else None


def bits_apart(one: str, other: str) -> int:
    """In how many of 64 bits two perceptual hashes differ; 64 where one of them tells nothing."""
    bits, others = read_phash(one), read_phash(other)
    return 64 if bits is None or others is None else (bits ^ others).bit_count()


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag and how many images carry it."""

    name: str
    count: int


@dataclass(frozen=True, slots=True)
class Change:
    """One recorded edit of one image. `before` and `after` hold only what differs."""

    seq: int
    image: str
    at: str
    action: str
    batch: str
    kind: str
    before: dict[str, Any]
    after: dict[str, Any]
    #: Who did it: editor, api, cli, watcher, python, external; "" if nobody noted it.
    actor: str = ""
    #: The names of what is too long for a list: None stands for it, before and after.
    shortened: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TrashedImage:
    """A deleted image as it was, and where its file is kept (None if it had none)."""

    image: Image
    deleted_at: str
    file: Path | None
    #: What of the image is too long for a list, and left out.
    shortened: tuple[str, ...] = ()
