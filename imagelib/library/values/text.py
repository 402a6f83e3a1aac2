"""How text is compared: case, accents and the width of a letter never matter.

`templates/static/engine/text.js` is the twin of this module. A test holds the two
equal over every character that both sides know.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from imagelib.library.values.registry import FOLDED

if TYPE_CHECKING:
    from imagelib.library.values.image import Image

#: Stands between the fields of `searchable`; no word of a query ever holds it.
SEPARATOR = "\x1f"
_DIGITS = re.compile("[0-9]+")
_encode = json.JSONEncoder(ensure_ascii=False).encode


class _Marks(dict[int, int | None]):
    """A table for `str.translate` that drops marks and learns each character once."""

    def __missing__(self, code: int) -> int | None:
        kept = None if unicodedata.category(chr(code)).startswith("M") else code
        self[code] = kept
        return kept


_MARKS = _Marks()
#: No character of ASCII joins with one beside it, so that the few others of a long text are folded
#: by themselves.
_FOREIGN = re.compile(r"[^\x00-\x7f]+")


def fold(text: str) -> str:
    """Forget case, accents and compatibility forms: NFKD, marks dropped, casefold.

    Folding twice is folding once. Dropping comes before the casefold, which
    would turn an iota below a letter into a letter of its own.
    """
    if text.isascii():
        return text.lower()
    # Of bytes, `lower` takes those of ASCII alone.
    lowered = text.encode("utf-8", "surrogatepass").lower().decode("utf-8", "surrogatepass")
    return _FOREIGN.sub(lambda found: _folded(found[0]), lowered)


@lru_cache(4096)
def _folded(foreign: str) -> str:
    bare = unicodedata.normalize("NFKD", foreign).translate(_MARKS).casefold()
    return unicodedata.normalize("NFKD", bare).translate(_MARKS)


def fold_words(text: str) -> str:
    """Fold *text* and make every run of blanks one space, so that a phrase spans lines."""
    return " ".join(fold(text).split())


def searchable(image: Image) -> str:
    """What a bare word is looked for in: the fields of `FOLDED`, model, tags, original file name.

    They are folded and joined by `SEPARATOR`, so that no word reaches over
    two of them.
    """
    fields = [getattr(image, field.name) for field in FOLDED] + [
        image.ai_model, *image.tags, image.original_name]
    return SEPARATOR.join(map(fold_words, fields))


def file_names(original: str, path: str, image_id: str) -> str:
    """What `file:` is looked for in: the original file name and the folded *path* below `images/`.

    The folded names, joined by `SEPARATOR`. A name that imagelib gave, the id with an extension,
    is none: no word is meant that happens to stand in an id.
    """
    if is_given(path, image_id):
        return fold_words(original)
    # Most files have the name still that they came with.
    names = [path] if path.rpartition("/")[2] == original else [original, path]
    return SEPARATOR.join(map(fold_words, names))


def name_key(original: str, path: str, image_id: str) -> str:
    """By what a file's name sorts: the original one, else its own; 2 stands before 10."""
    name = original or ("" if is_given(path, image_id) else path.rpartition("/")[2])
    return _DIGITS.sub(lambda found: found[0].lstrip("0").rjust(12, "0"), fold_words(name))


def is_given(path: str, image_id: str) -> bool:
    """Whether imagelib gave a file its name, as it does to uploads."""
    return path.startswith(image_id) and "/" not in path[len(image_id):]


def generated(image: Image, name: str) -> str:
    """A value of the normalised generation data as text; "" if there is none."""
    value: Any = image.generation.get(name)
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    # Most of them; and an encoder that is made for each value costs as much as all the rest.
    return str(value) if type(value) is int else _encode(value)


def lora_names(made: Mapping[str, Any]) -> str:
    """The folded names of the LoRAs of generation data, joined by `SEPARATOR`."""
    value = made.get("loras")
    try:
        # Read as the page reads it, which has a text of whatever the value is.
        found = json.loads(value if isinstance(value, str) else json.dumps(value),
                           parse_constant=_refuse)
    except (ValueError, RecursionError):
        return ""
    return SEPARATOR.join(
        fold_words(lora["name"]) for lora in (found if isinstance(found, list) else ())
        if isinstance(lora, dict) and isinstance(lora.get("name"), str))


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")


def folded_row(image: Image) -> tuple[str, str, str, str, str]:
    """The columns text, model, tool, sampler and seed of the table `folded`."""
    return (
        searchable(image),
        fold(image.ai_model),
        fold(generated(image, "tool")),
        fold(generated(image, "sampler")),
        generated(image, "seed"),
    )
