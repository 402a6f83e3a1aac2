"""What a user may write into a record, checked in one place for API, CLI and import.

`ImageDraft` is for a new image, `ImagePatch` for a change of some fields. Both
name every bad field at once (`InvalidError.errors`, in FastAPI's shape) and
refuse fields that they do not know, so that a typing error is never a silent
loss.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from itertools import chain
from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from imagelib.errors import InvalidError
from imagelib.library.values.dates import parse_wall_clock
from imagelib.library.values.written import MAX_TAGS, clean_tag, clean_text

MAX_TEXT = 200_000
MAX_TITLE = 1_000
MAX_JSON = 8 * 2**20


def _clean_line(value: Any) -> Any:
    return " ".join(clean_text(value).split())


def _clean_rating(value: Any) -> Any:
    if value is None:
        return 0
    if isinstance(value, str) and value.isascii() and value.strip().isdigit():
        value = int(value) if len(value) < 10 else value
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError("should be a whole number from 0 to 5")
    return value


def _clean_date(value: Any) -> Any:
    if not isinstance(value, str):
        raise ValueError("should be a date as text: YYYY-MM-DD or YYYY-MM-DDTHH:MM:SS")
    return parse_wall_clock(value)


def _clean_tags(value: Any) -> Any:
    if value is None:
        return []
    if not isinstance(value, list | tuple | set | frozenset):
        raise ValueError("should be a list of tags")
    tags = list(dict.fromkeys(clean_tag(tag) for tag in value))
    if len(tags) > MAX_TAGS:
        raise ValueError(f"an image has at most {MAX_TAGS} tags")
    return tags


def _clean_json(value: Any) -> Any:
    try:
        text = json.dumps(value, allow_nan=False)
    except (ValueError, TypeError, RecursionError) as error:
        raise ValueError(f"cannot be kept as JSON: {error}") from error
    if len(text) > MAX_JSON:
        raise ValueError(f"has {len(text):,} bytes; at most {MAX_JSON:,} are taken")
    if _has_half_surrogate(text):
        raise ValueError("holds half of a surrogate pair, which is no character")
    return value


def _has_half_surrogate(ascii_json: str) -> bool:
    """Whether decoding *ascii_json* gives text that neither SQLite nor UTF-8 can hold."""
    if "\\ud" not in ascii_json:
        return False
    try:
        json.dumps(json.loads(ascii_json), ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return True
    return False


def _clean_generation(value: Any) -> Any:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ValueError("should be an object")
    _clean_json(value)
    # As text: seeds have up to 64 bits, and JavaScript rounds numbers above 53.
    if isinstance(value.get("seed"), int):
        value = value | {"seed": str(value["seed"])}
    return value


Text = Annotated[str, Field(max_length=MAX_TEXT), BeforeValidator(clean_text)]
Title = Annotated[str, Field(max_length=MAX_TITLE), BeforeValidator(_clean_line)]
Rating = Annotated[int, Field(ge=0, le=5), BeforeValidator(_clean_rating)]
WallClock = Annotated[str, BeforeValidator(_clean_date)]
Tags = Annotated[list[str], BeforeValidator(_clean_tags)]
Json = Annotated[Any, BeforeValidator(_clean_json)]
Generation = Annotated[dict[str, Any], BeforeValidator(_clean_generation)]


class Fields(BaseModel):
    """Values that come from outside: unknown names are refused, all faults named at once."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @classmethod
    def of(cls, values: Mapping[str, Any], *, where: str = "body") -> Self:
        """Check *values*.

        Raises:
            InvalidError: with one entry for each bad field.
        """
        try:
            return cls.model_validate(dict(values))
        except ValidationError as error:
            raise invalid(error, where) from error
        except RecursionError as error:
            raise InvalidError("The value is nested too deeply.") from error

    @classmethod
    def taken_from(cls, sources: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
        """What is good in *sources*, the weightiest first: each field from the first that fills it.

        What is bad, empty or unknown is passed over.
        """
        taken: dict[str, Any] = {}
        for name, value in chain.from_iterable(source.items() for source in sources):
            if value and name in cls.model_fields and name not in taken:
                with suppress(InvalidError):
                    taken[name] = getattr(cls.of({name: value}), name)
        return taken


class _Written(Fields):
    """What a user writes: the fields of `registry.FIELDS`, each with its limits."""

    title: Title = ""
    prompt_text: Text = ""
    negative_prompt: Text = ""
    prompt_meta: Json = None
    generation: Generation = {}
    ai_model: Text = ""
    notes: Text = ""
    rating: Rating = 0
    tags: Tags = []


class ImageDraft(_Written):
    """The metadata of a new image. What is absent is taken from the file itself."""

    captured_at: WallClock | None = None


class ImagePatch(_Written):
    """A change: absent keeps, null clears, `tags` replaces, the other two add and take."""

    captured_at: WallClock = ""
    add_tags: Tags = []
    remove_tags: Tags = []

    def columns(self) -> dict[str, Any]:
        """The columns of `images` that were given, with their new values."""
        return {
            name: getattr(self, name)
            for name in type(self).model_fields
            if name in self.model_fields_set and name not in ("tags", "add_tags", "remove_tags")
        }

    def tags_after(self, before: set[str]) -> set[str]:
        """The tags of an image that had *before*."""
        kept = set(self.tags) if "tags" in self.model_fields_set else before
        return (kept | set(self.add_tags)) - set(self.remove_tags)


def invalid(error: ValidationError, where: str = "body") -> InvalidError:
    """Turn pydantic's error into ours; its texts are made shorter, its fields kept."""
    entries: list[dict[str, Any]] = []
    for item in error.errors(include_url=False, include_context=False):
        entry: dict[str, Any] = {
            "loc": [where, *item["loc"]],
            "msg": item["msg"].removeprefix("Value error, "),
            "type": item["type"],
        }
        if isinstance(item["input"], str | int) and len(str(item["input"])) < 200:
            entry["input"] = item["input"]
        if item["type"] == "extra_forbidden":
            entry["msg"] = "There is no such field."
        entries.append(entry)
    text = "; ".join(f"{'.'.join(map(str, e['loc'][1:]))}: {e['msg']}" for e in entries)
    return InvalidError(text, entries)
