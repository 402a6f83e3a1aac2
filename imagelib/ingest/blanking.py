"""Blank what people and pictures say in metadata, and leave its shape.

Of texts letters become `x` and digits `0`; what stands between them stays. Kept is what programs
say, so that a reader can be mended by it:

- words that our own readers know by name (keys, names of tools), whatever they stand for;
- names of nodes and of their inputs in graphs, where they are identifiers: code has chosen them.
  Names of groups and subgraphs, titles and labels are the user's;
- numbers by which a graph holds together: ids of nodes and links, slots, modes.
"""

from __future__ import annotations

import functools
import importlib.util
import pkgutil
import re
from collections.abc import Iterator
from types import CodeType
from typing import Any

from imagelib.ingest import embedded

#: Characters of a blanked text, entries of a list or an object; more are only counted.
_LONGEST = 2000
_MOST = 400
_ID = re.compile(r"\d{1,6}(?::\d{1,6})*", re.ASCII)
_IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,40}", re.ASCII)
_NODE = re.compile(r"[A-Za-z][A-Za-z0-9_ .|+()&-]{0,60}", re.ASCII)
_HEXADECIMAL = re.compile(r"[0-9a-fA-F-]{32,}")
#: Of infotexts and of Mochi Diffusion: a line or a value begins with such a word.
_LABEL = re.compile(r"(?<![^\s,;])([A-Za-z][A-Za-z ]{1,40}?)(?=:)")
_LABELS = frozenset({"negative prompt", "template", "negative template"})
#: Further keys of drawn graphs (ComfyUI_frontend).
_OF_GRAPHS = frozenset({
    "outputs", "properties", "groups", "definitions", "subgraphs", "name", "label", "linkids",
    "extra", "config", "flags", "localized_name",
})
_STRUCTURE = frozenset({
    "id", "link", "links", "mode", "order", "origin_id", "origin_slot", "slot_index",
    "target_id", "target_slot", "last_node_id", "last_link_id",
})
_SLOT = frozenset({"link", "links", "slot_index", "widget", "shape"})


@functools.cache
def known_words() -> frozenset[str]:
    """Every text that the code of our readers holds, in lower case."""
    words: set[str] = {*_LABELS, *_OF_GRAPHS, *_STRUCTURE, *_SLOT}
    for module in pkgutil.walk_packages(embedded.__path__, f"{embedded.__name__}."):
        spec = importlib.util.find_spec(module.name)
        loader: Any = spec.loader if spec else None
        code = loader.get_code(module.name) if loader else None
        words.update(text.lower() for text in _texts(code))
    return frozenset(words)


def _texts(constant: Any) -> Iterator[str]:
    if isinstance(constant, str):
        yield constant
    elif isinstance(constant, CodeType):
        for inner in constant.co_consts:
            yield from _texts(inner)
    elif isinstance(constant, (tuple, frozenset)):
        for inner in constant:
            yield from _texts(inner)


def is_known(text: str) -> bool:
    """Whether *text* is a word of our readers; a single letter says nothing."""
    return len(text) > 1 and text.lower() in known_words()


def blank_text(text: str) -> str:
    """The shape of *text*. Labels that our readers know stay: `Steps: 00, Sampler: Xxxxx`."""
    shown, at = [], 0
    for label in _LABEL.finditer(text[:_LONGEST]):
        if is_known(label[1]):
            shown += [_shape(text[at : label.start()]), label[1]]
            at = label.end()
    shown.append(_shape(text[at:_LONGEST]))
    more = len(text) - _LONGEST
    return "".join(shown) + (f" ... {more} more" if more > 0 else "")


def _shape(text: str) -> str:
    return "".join(
        "0" if letter.isdigit() else letter if letter.isascii() and not letter.isalpha()
        else "X" if letter.isupper() else "x" for letter in text)


def blank_name(name: str) -> str:
    """The key of a text or of an object: kept where our readers know it, or it numbers a node."""
    return name if is_known(name) or _ID.fullmatch(name) else _shape(name[:100])


def blank_json(value: Any, key: str = "") -> Any:
    """The shape of the JSON *value*, which stands at *key* of an object."""
    if isinstance(value, dict):
        return _blank_object(value)
    if isinstance(value, list):
        more = [f"{len(value) - _MOST} more"] if len(value) > _MOST else []
        return [blank_json(item, key) for item in value[:_MOST]] + more
    if isinstance(value, str):
        return value if is_known(value) else blank_text(value)
    if value is None or isinstance(value, bool) or (
        isinstance(value, int) and key in _STRUCTURE and 0 <= value < 1_000_000
    ):
        return value
    return _shape(str(value))


def _blank_object(value: dict[str, Any]) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    for key, item in list(value.items())[:_MOST]:
        name = blank_name(key)
        number = 1
        while name in shown:  # two names of one shape
            number += 1
            name = f"{blank_name(key)}#{number}"
        if key == "inputs" and isinstance(item, dict) and "class_type" in value:
            shown[name] = {
                _identifier(slot, _IDENTIFIER): _blank_input(source)
                for slot, source in list(item.items())[:_MOST]}
        elif isinstance(item, str) and _names_code(key, value):
            shown[name] = _identifier(item, _NODE)
        else:
            shown[name] = blank_json(item, key)
    if len(value) > _MOST:
        shown["..."] = f"{len(value) - _MOST} more"
    return shown


def _names_code(key: str, owner: dict[str, Any]) -> bool:
    """Whether *key* of *owner*, a node or a slot of one, names what code has named."""
    if key == "class_type":
        return True
    if key == "type":
        return "widgets_values" in owner or "outputs" in owner or bool(_SLOT & owner.keys())
    return key == "name" and "linkIds" not in owner and bool(_SLOT & owner.keys())


def _identifier(name: str, kind: re.Pattern[str]) -> str:
    code = kind.fullmatch(name) and not _HEXADECIMAL.fullmatch(name)
    return name if code else _shape(name[:100])


def _blank_input(value: Any) -> Any:
    """A value of a node, or where it comes from: `[id, slot]`."""
    if isinstance(value, list) and len(value) == 2 and isinstance(value[1], int):
        source = str(value[0])
        if _ID.fullmatch(source) and value[1] < 1000:
            return value
    return blank_json(value)

