"""What may be asked: the bodies and query parameters of the API, checked by pydantic.

The OpenAPI document is made from these models, so that it cannot say anything
else than what is checked.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from imagelib.library.query.listing import MAX_PAGE_SIZE, MAX_TAGS, PAGE_SIZE, check_order
from imagelib.library.records.albums import MAX_TEXT
from imagelib.library.records.replacing import Replacement
from imagelib.library.values.dates import parse_wall_clock
from imagelib.library.values.fields import Fields, ImagePatch, Tags, Text, Title
from imagelib.library.values.written import clean_tag

#: A batch names at most this many images; larger ones are asked for by a query.
MAX_BATCH = 200_000
#: So many further folders may be watched.
MAX_FOLDERS = 100
#: A language tag as `lang` of HTML takes it, without rare extensions: BCP 47.
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")


def _digits(value: Any) -> Any:
    """Query parameters are text: a whole number, or refused."""
    if isinstance(value, str):
        text = value.strip()
        if not text.lstrip("-").isascii() or not text.lstrip("-").isdigit() or len(text) > 12:
            raise ValueError("should be a whole number")
        return int(text)
    return value


def _cursor(value: Any) -> Any:
    return _digits(value) if value != "" else 0


def _date(value: Any) -> Any:
    if value in ("", None):
        return ""
    if not isinstance(value, str):
        raise ValueError("should be a date as text: YYYY-MM-DD")
    parse_wall_clock(value)
    return value


def _tag_list(value: Any) -> Any:
    tags = [clean_tag(tag) for tag in str(value or "").split(",") if tag.strip()]
    if len(tags) > MAX_TAGS:
        raise ValueError(f"at most {MAX_TAGS} tags at once")
    return tags


def _order(value: Any) -> Any:
    if value:
        try:
            check_order(str(value))
        except Exception as error:
            raise ValueError(str(error)) from error
    return value


def _tag(value: Any) -> Any:
    return clean_tag(value)


def _language(value: Any) -> Any:
    if not isinstance(value, str) or not _LANGUAGE.fullmatch(value.strip()):
        raise ValueError("should be the code of a language, like en or pt-BR")
    return value.strip()


def _folder(value: Any) -> Any:
    if not isinstance(value, str) or not (name := value.strip()) or not name.isprintable():
        raise ValueError("should be the name of a folder")
    if not Path(name).expanduser().is_absolute():
        raise ValueError(f"{name} does not say from where on: write it whole, from / or ~ on")
    return name


Number = Annotated[int, BeforeValidator(_digits)]
Tag = Annotated[str, BeforeValidator(_tag)]


class ListQuery(Fields):
    """Which images, in which order, and how many at once."""

    q: Text = ""
    tags: Annotated[list[str], BeforeValidator(_tag_list)] = Field(default=[])
    rating_min: Annotated[Number | None, Field(ge=0, le=5)] = None
    rating_max: Annotated[Number | None, Field(ge=0, le=5)] = None
    date_from: Annotated[str, BeforeValidator(_date)] = ""
    date_to: Annotated[str, BeforeValidator(_date)] = ""
    model: Text = ""
    sort: Annotated[str, BeforeValidator(_order)] = ""
    page: Annotated[Number, Field(ge=1, le=10_000_000)] = 1
    page_size: Annotated[Number, Field(ge=1, le=MAX_PAGE_SIZE)] = PAGE_SIZE
    cursor: str = ""


class SinceQuery(Fields):
    """From which change on, and how many at once."""

    since: Annotated[Number, Field(ge=0)] = 0
    limit: Annotated[Number, Field(ge=1, le=MAX_PAGE_SIZE)] = MAX_PAGE_SIZE


class Nothing(Fields):
    """A body without fields."""


class TrashQuery(Fields):
    """How many deleted images at once, and behind which one."""

    page_size: Annotated[Number, Field(ge=1, le=MAX_PAGE_SIZE)] = MAX_PAGE_SIZE
    cursor: str = ""


class HistoryQuery(Fields):
    """How many changes at once, and behind which one."""

    page_size: Annotated[Number, Field(ge=1, le=MAX_PAGE_SIZE)] = MAX_PAGE_SIZE
    cursor: Annotated[int, BeforeValidator(_cursor), Field(ge=0)] = 0


class ExportQuery(Fields):
    """What to export, and how."""

    q: Text = ""
    format: Literal["json", "csv"] = "json"


class Batch(Fields):
    """One edit for many images: `ids` or a whole `query`, and what to do with them."""

    ids: Annotated[list[str], Field(max_length=MAX_BATCH)] | None = None
    query: Text | None = None
    edit: ImagePatch | None = None
    delete: Literal[True] | None = None
    restore: Literal[True] | None = None

    @model_validator(mode="after")
    def _one_of_each(self) -> Self:
        if (self.ids is None) == (self.query is None):
            raise ValueError("name the images by either ids or query")
        asked = [self.edit is not None, bool(self.delete), bool(self.restore)]
        if sum(asked) != 1:
            raise ValueError("ask for one of edit, delete, restore")
        if self.restore and self.ids is None:
            raise ValueError("what is restored is named by ids")
        if self.edit is not None and not self.edit.model_fields_set:
            raise ValueError("edit names no field")
        return self


class Replace(Replacement):
    """Find and replace in the texts of many images: `ids` or a whole `query`. With `dry_run` it is
    only said what would be changed."""

    ids: Annotated[list[str], Field(max_length=MAX_BATCH)] | None = None
    query: Text | None = None
    dry_run: Literal[True] | None = None

    @model_validator(mode="after")
    def _named_once(self) -> Self:
        if (self.ids is None) == (self.query is None):
            raise ValueError("name the images by either ids or query")
        return self


class Repair(Fields):
    """One repair. `locate` names a folder or file on this machine, or "" for `images/` alone;
    `accept` names images by id, `adopt` stray files by name."""

    locate: Text | None = None
    accept: Annotated[list[str], Field(max_length=MAX_BATCH)] | None = None
    adopt: Annotated[list[str], Field(max_length=MAX_BATCH)] | None = None
    flag_missing: Literal[True] | None = None

    @model_validator(mode="after")
    def _only_one(self) -> Self:
        if len(self.model_fields_set) != 1 or next(iter(self.model_dump(
                include=self.model_fields_set).values())) is None:
            raise ValueError("ask for one of locate, accept, adopt, flag_missing")
        return self


class Undo(Fields):
    """Which batch; without one the last."""

    batch: str | None = None


class UndoQuery(Fields):
    """Which batch; without one the last."""

    batch: Text = ""


class SentPicks(Fields):
    """What a visitor of a publication has sent: a file of picks, or a link with #picks=, as text.
    Without `merge` it is only said what it would change."""

    text: str
    merge: Literal[True] | None = None


class Publish(Fields):
    """Where a publication goes, which images are in it and what it is called; without them what its
    policy says."""

    place: Text = ""
    query: Text | None = None
    title: Title | None = None


class Agreed(Fields):
    """The yes to what was prepared, by its id: whether more may become public than before, and how
    many files may be taken away."""

    id: str
    widen: Literal[True] | None = None
    removals: Annotated[int, Field(ge=0, strict=True)] | None = None


class RenameTag(Fields):
    """A tag and how it shall be written."""

    old: Tag
    new: Tag


class MergeTags(Fields):
    """Which tags to merge, and under which name."""

    sources: Annotated[Tags, Field(min_length=1)]
    target: Tag


class DeleteTag(Fields):
    """Which tag to delete."""

    name: Tag


class SavedSearch(Fields):
    """The query and the order of a saved search."""

    query: Text
    sort: Annotated[str, BeforeValidator(_order)] = ""


class ChangeAlbum(Fields):
    """What changes of an album; what is left out stays as it is.

    `ids` come first in this order, or in front of the image `before`, null being the end. `cover`
    is the id of an image; null is the first one.
    """

    text: Annotated[Text, Field(max_length=MAX_TEXT)] | None = None
    cover: str | None = None
    ids: Annotated[list[str], Field(max_length=MAX_BATCH)] | None = None
    before: str | None = None


class ChangeSettings(Fields):
    """Settings that the page may change; those that are left out stay as they are."""

    title: Annotated[Title, Field(min_length=1)] | None = None
    language: Annotated[str, BeforeValidator(_language)] | None = None
    watch_folders: Annotated[list[Annotated[str, BeforeValidator(_folder)]],
                             Field(max_length=MAX_FOLDERS)] | None = None
