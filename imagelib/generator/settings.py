"""What a generator was told, in words: the rows that the page of an image shows.

`templates/static/viewer/settings.js` is the twin for the viewer, equal by test; the gallery hands
the names to it.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from imagelib.errors import InvalidError
from imagelib.library.values.image import Image

#: The file of what settings are called, among the templates.
_NAMES = "settings.toml"
#: The settings that the search grammar has fields for.
_LINKED = ("tool", "sampler", "seed")
#: A whole number as Python writes it where it could be another one, as of a CFG scale.
_WHOLE = re.compile(r"-?[0-9]{1,15}\.0")


class Part(NamedTuple):
    """A piece of a value: a text, which leads to the images with *value* if it has a *field*."""

    text: str
    field: str = ""
    value: str = ""


#: What a setting is called, and its value.
Row = tuple[str, list[Part]]


def setting_names(folders: Sequence[Path]) -> dict[str, str]:
    """What settings are called, by the first of the *folders* of templates that says it."""
    path = next(path for folder in folders if (path := folder / _NAMES).is_file())
    try:
        read = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidError(f"{path} cannot be read: {error}. Correct it, or remove it to have the"
                           " names that come with the program.") from error
    return {name: str(said) for name, said in read.items()}


def setting_rows(image: Image, names: Mapping[str, str]) -> tuple[list[Row], list[Row]]:
    """The settings of an image, and those besides that its generator alone knows.

    *names* are what settings are called.

    What is empty is left out, and so is a size that is the picture's own.
    """
    made = {name: read for name, value in image.generation.items()
            if (read := _read(name, value)) not in (None, "", [], {})}
    extra = made.get("extra")
    further = made.pop("extra") if isinstance(extra, dict) else {}
    sources = made.get("sources")
    read_from = _sources(made.pop("sources"), names) if isinstance(sources, dict) else ""
    if made.get("size") == f"{image.width}x{image.height}":
        del made["size"]
    return ([(_name(name, names), _parts(name, value)) for name, value in made.items()],
            [(_name(name, names), [Part(_text(value))]) for name, value in further.items()
             if value not in (None, "")]
            + ([("Read from", [Part(read_from)])] if read_from else []))


def _sources(sources: dict[str, Any], names: Mapping[str, str]) -> str:
    """Where the values stood in the file: first that of most of them, then those of others."""
    return "; ".join(
        _text(source) if name == "record" else f"{_name(name, names)}: {_text(source)}"
        for name, source in sources.items())


def _read(name: str, value: Any) -> Any:
    """A value that the index has as text, as the page reads it."""
    if isinstance(value, str) and name != "version" and _WHOLE.fullmatch(value):
        return value[:-2]
    if isinstance(value, str) and value[:1] in ("[", "{"):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            pass
    return value


def _name(name: str, names: Mapping[str, str]) -> str:
    if said := names.get(name):
        return said
    words = " ".join(name.replace("_", " ").split())
    return words[:1].upper() + words[1:]


def _parts(name: str, value: Any) -> list[Part]:
    if name == "loras" and isinstance(value, list):
        return [part for i, lora in enumerate(value) for part in _lora(lora, first=i == 0)]
    if name in _LINKED:
        return [Part(_text(value), name, _text(value))]
    return [Part(_text(value))]


def _lora(lora: Any, *, first: bool) -> list[Part]:
    before = [] if first else [Part(", ")]
    if not isinstance(lora, dict) or not isinstance(lora.get("name"), str):
        return [*before, Part(_text(lora))]
    name, weight = lora["name"], lora.get("weight")
    is_number = isinstance(weight, int | float) and not isinstance(weight, bool)
    return [*before, Part(name, "lora", name)] + [Part(f" ({_text(weight)})")] * is_number


def _text(value: Any) -> str:
    """A value as people read it; 7.0 is written 7, as JavaScript does."""
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return ", ".join(value)
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
