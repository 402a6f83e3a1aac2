"""Which field of an old record is which of ours, and how its value is read.

A field that nothing fits is counted and reported, never dropped in silence; a
value that cannot be taken (a date that could be two) is reported too, and the
rest of its record is taken.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from imagelib.errors import InvalidError
from imagelib.library.values.fields import ImageDraft
from imagelib.library.values.registry import FIELDS

FILE_FIELDS = ("file", "filename", "file_name", "path", "image", "image_path", "src")
#: Our field -> the old names that mean it, the surest first.
_NAMES = {
    **{field.name: field.legacy for field in FIELDS},
    "file": FILE_FIELDS,
    "original_name": ("original_name", "original_filename"),
    "image_id": ("id", "uuid"),
}
#: Values of a generator that stand flat in a record belong into `generation`.
_GENERATION = ("seed", "steps", "sampler", "scheduler", "cfg_scale", "cfg", "size", "tool",
               "loras", "version_of_tool")
#: What an export of ours says besides: it follows from the file, or is made anew.
_DERIVED = frozenset({
    "pk", "digest", "phash", "size_bytes", "width", "height", "mime_type", "updated_at", "version",
    "file_state", "url", "thumbnail_url",
})
#: How `created_at` is written by us.
_OURS = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", re.ASCII)
_TEXT_KEYS = ("text", "prompt", "content", "value")


@dataclass(slots=True)
class Mapped:
    """One old record in our words."""

    file: str = ""
    original_name: str = ""
    image_id: str = ""
    created_at: str = ""
    fields: dict[str, Any] = field(default_factory=dict)
    pairs: list[tuple[str, str]] = field(default_factory=list)
    unmapped: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def map_record(record: Mapping[str, Any], names: Mapping[str, str]) -> Mapped:
    """Read one record; *names* maps further old fields to ours.

    Raises:
        InvalidError: *names* points at a field that we do not have.
    """
    for ours in names.values():
        if ours not in _NAMES:
            raise InvalidError(f"There is no field {ours!r}; there are {', '.join(_NAMES)}.")
    mapped = Mapped()
    found: dict[str, Any] = {}
    used: set[str] = set()
    for old, ours in names.items():
        if old in record:
            found[ours] = record[old]
            used.add(old)
            mapped.pairs.append((old, ours))
    for ours, candidates in _NAMES.items():
        known = [name for name in candidates if name in record and name not in used]
        if not known or ours in found:
            continue
        old = known[0]
        found[ours] = record[old]
        used.add(old)
        mapped.pairs.append((old, ours))
    _take_generation(record, found, used, mapped)
    if "captured_at" in record and _OURS.fullmatch(str(record.get("created_at"))):
        mapped.created_at = record["created_at"]  # both dates: an export of ours
        used.add("created_at")
    mapped.unmapped = [name for name in record if name not in used and name not in _DERIVED]
    _fill(mapped, found)
    return mapped


def _take_generation(record: Mapping[str, Any], found: dict[str, Any], used: set[str],
                     mapped: Mapped) -> None:
    flat = {name: record[name] for name in _GENERATION
            if name in record and name not in used and record[name] not in (None, "")}
    if not flat:
        return
    used.update(flat)
    mapped.pairs += [(name, "generation") for name in flat]
    if "cfg" in flat:
        flat["cfg_scale"] = flat.pop("cfg")
    kept = found.get("generation")
    found["generation"] = flat | (kept if isinstance(kept, dict) else {})


def _fill(mapped: Mapped, found: dict[str, Any]) -> None:
    mapped.file = _one_line(found.pop("file", ""))
    mapped.original_name = _one_line(found.pop("original_name", ""))
    mapped.image_id = _uuid(found.pop("image_id", ""))
    prompt = found.get("prompt_text")
    if isinstance(prompt, list | dict):
        # The array is kept as it was; its texts in order are what is searched.
        found.setdefault("prompt_meta", prompt)
        found["prompt_text"] = "\n".join(_texts(prompt))
    if isinstance(found.get("tags"), str):
        found["tags"] = [tag for tag in re.split(r"[,;\n]", found["tags"]) if tag.strip()]
    if isinstance(rating := found.get("rating"), float) and rating.is_integer():
        found["rating"] = int(rating)
    if isinstance(found.get("captured_at"), str):
        found["captured_at"] = _undotted(found["captured_at"])
    for name, value in found.items():
        if value is None or value == "":
            continue
        try:
            checked = ImageDraft.of({name: value})
        except InvalidError as error:
            mapped.problems.append(f"{name} = {str(value)[:60]!r}: {error}")
        else:
            mapped.fields[name] = getattr(checked, name)


def _texts(prompt: Any) -> list[str]:
    """The texts in a prompt of any shape, in their order."""
    if isinstance(prompt, str):
        return [prompt] if prompt else []
    if isinstance(prompt, list):
        return [text for part in prompt for text in _texts(part)]
    if isinstance(prompt, dict):
        key = next((key for key in _TEXT_KEYS if key in prompt), None)
        return _texts(prompt[key]) if key else []
    return []


def _undotted(text: str) -> str:
    """`2025-01-31T10:20:30.123456+01:00` and `2025/01/31` are clear; day-first dates are not."""
    if re.fullmatch(r"\d{4}/\d\d/\d\d.*", text):
        return text.replace("/", "-", 2)
    return text


def _one_line(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""


def _uuid(value: Any) -> str:
    try:
        return str(uuid.UUID(str(value))) if isinstance(value, str) else ""
    except ValueError:
        return ""
