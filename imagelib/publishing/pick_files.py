"""What a visitor of a publication sends back: picks, as a file or in a link.

A file is JSON; a link has it behind `#picks=`, packed (RFC 1950) and in URL-safe Base64. Whoever
knows the format can write one: all of it is checked before any of it is kept, and `who` is what the
sender claims. The writer is `templates/static/picks/pick-file.js`.
"""

from __future__ import annotations

import base64
import binascii
import re
import unicodedata
import zlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from imagelib.errors import InvalidError
from imagelib.library.library import Library
from imagelib.library.query.terms import UUID
from imagelib.library.records import picks as records
from imagelib.library.records.picks import Merged, Pick, Visitor
from imagelib.library.store.database import Database
from imagelib.library.values.strict_json import read_strictly
from imagelib.publishing.derived import Published, published
from imagelib.publishing.records import own_id

#: The longest file, in bytes, and what a link may unpack to.
MAX_BYTES = 2**20
MAX_ITEMS = 10_000
#: In characters.
MAX_NOTE = 2_000
MAX_WHO = 100
#: Of many faults, so many are named.
_NAMED = 3

_LINK = re.compile(r"#picks=([A-Za-z0-9_-]*)={0,2}\s*")
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{3}))?Z", re.ASCII)


def _id(value: Any) -> Any:
    if not isinstance(value, str) or not UUID.fullmatch(value) or value != value.lower():
        raise ValueError("should be a UUID in small letters")
    return value


def _moment(value: Any) -> Any:
    if not isinstance(value, str) or not (found := _MOMENT.fullmatch(value)):
        raise ValueError("should be a moment in UTC: YYYY-MM-DDTHH:MM:SSZ")
    datetime.fromisoformat(found[1])
    return f"{found[1]}.{found[2] or '000'}Z"


def _shown(value: Any) -> Any:
    """A text that can be shown anywhere, a terminal included, and reads as it is written."""
    if isinstance(value, str) and any(
            (unicodedata.category(letter) in ("Cc", "Cs") and letter not in "\n\t")
            or unicodedata.bidirectional(letter) in _TURNING for letter in value):
        raise ValueError("holds a control character")
    return value


def _line(value: Any) -> Any:
    return " ".join(_shown(value).split()) if isinstance(value, str) else value


#: What makes text run the other way, so that it reads otherwise than it is.
_TURNING = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
_Id = Annotated[str, BeforeValidator(_id)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Item(_Part):
    """What is said of one image."""

    heart: bool = False
    stars: Annotated[int, Field(ge=0, le=5)] = 0
    note: Annotated[str, BeforeValidator(_shown), Field(max_length=MAX_NOTE)] = ""
    at: Annotated[str, BeforeValidator(_moment)]


class PickFile(_Part):
    """All that one visitor says, by the public ids of the images."""

    imagelib: Literal["picks"]
    format: Literal[1]
    publication: _Id
    key: _Id
    who: Annotated[str, BeforeValidator(_line), Field(min_length=1, max_length=MAX_WHO)]
    items: Annotated[dict[_Id, Item], Field(max_length=MAX_ITEMS)]


@dataclass(frozen=True, slots=True)
class Arrival:
    """What a file means here, and what merging it does, or has done."""

    #: The publication by its name here.
    publication: str
    visitor: Visitor
    merged: Merged
    #: The picks by the pks of their images.
    picks: dict[int, Pick]
    #: Public ids that no image of the library has: it may have been destroyed.
    unknown: tuple[str, ...]


def read(given: str | bytes) -> PickFile:
    """The picks that are *given*: what a file holds, or a link.

    Raises:
        InvalidError: they are none, or not whole; nothing of them can be kept.
    """
    content = given if isinstance(given, bytes) else given.encode("utf-8", "surrogatepass")
    if len(content) > MAX_BYTES:
        raise _refused(f"they have more than {MAX_BYTES:,} bytes")
    try:
        text = content.decode().removeprefix("\ufeff").strip()
    except UnicodeDecodeError as error:
        raise _refused("they are not UTF-8") from error
    if found := _LINK.search(text):
        if found.end() != len(text):
            raise _refused("the link is damaged; ask for a file instead")
        content = _unpacked(found[1])
    elif text.startswith("{"):
        content = text.encode()
    else:
        raise _refused("this is neither a file of picks nor a link with #picks=")
    try:
        return PickFile.model_validate(read_strictly(content))
    except ValidationError as error:
        raise _refused(_faults(error)) from error
    except ValueError as error:
        raise _refused(str(error)[:200]) from error


def preview(library: Library, file: PickFile) -> Arrival:
    """What merging *file* would do.

    Raises:
        InvalidError: the library has no such publication.
    """
    return _arrive(library, file, records.preview)


def merge(library: Library, file: PickFile) -> Arrival:
    """Keep what *file* says; what is older than what the same visitor said changes nothing.

    Raises:
        InvalidError: the library has no such publication; nothing was changed.
    """
    return _arrive(library, file, records.merge)


def _arrive(library: Library, file: PickFile,
            do: Callable[[Database, Visitor, Mapping[int, Pick]], Merged]) -> Arrival:
    publication = published(library.settings).get(file.publication)
    if publication is None:
        raise _refused(f"this library has published no gallery {file.publication}; is it another"
                       " library's")
    pks = _pks(library, file.items.keys(), publication)
    visitor = Visitor(file.publication, file.key, file.who)
    picks = {pks[public]: Pick(item.heart, item.stars, item.note, item.at)
             for public, item in file.items.items() if public in pks}
    merged = do(library.database, visitor, picks)
    return Arrival(publication.name, visitor, merged, picks,
                   tuple(public for public in file.items if public not in pks))


def _pks(library: Library, wanted: Collection[str], publication: Published) -> dict[str, int]:
    """The pks of the images with these public ids, of those in the trash, too; also of what is not
    published any more."""
    known = {row[0]: row[1] for row in library.database.read(
        "SELECT id, pk FROM images UNION ALL SELECT id, pk FROM trash")}
    found = {public: known[public] for public in wanted if public in known}
    if publication.secret and len(found) < len(wanted):
        found |= {public: pk for image_id, pk in known.items()
                  if (public := own_id(image_id, publication.secret)) in wanted}
    return found


def _unpacked(text: str) -> bytes:
    """What a link holds; a small one can be made to unpack without end."""
    try:
        packed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        engine = zlib.decompressobj()
        content = engine.decompress(packed, MAX_BYTES + 1)
    except (binascii.Error, zlib.error) as error:
        raise _refused("the link is damaged, or was cut off; ask for a file instead") from error
    if len(content) > MAX_BYTES:
        raise _refused(f"they have more than {MAX_BYTES:,} bytes")
    if not engine.eof or engine.unused_data:
        raise _refused("the link is damaged, or was cut off; ask for a file instead")
    return content


def _faults(error: ValidationError) -> str:
    faults = error.errors(include_url=False, include_context=False, include_input=False)
    told = [f"{'.'.join(map(str, one['loc']))[:100]}:"
            f" {one['msg'].removeprefix('Value error, ')}" for one in faults[:_NAMED]]
    return "; ".join(told + [f"and {len(faults) - _NAMED:,} faults more"] * (len(faults) > _NAMED))


def _refused(reason: str) -> InvalidError:
    return InvalidError.of("picks", f"{reason}. Nothing was kept.")
