"""Read the properties of an XMP packet (ISO 16684-1) that generators, labels and people use.

The XML comes from strangers. expat is driven directly, so that no tree is built
whatever the size; a document type is refused, which shuts every entity attack out.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from xml.parsers import expat

#: Local names of properties -> the prefix does not matter, as every writer picks its own.
PROPERTIES = frozenset({
    "AIGC", "CreateDate", "CreatorTool", "Credit", "DateCreated", "DateTimeOriginal",
    "DigImageGUID", "DigitalSourceType", "Label", "MicrosoftLastKeywordXMP", "MicrosoftRating",
    "Rating", "TagsList", "UserComment", "categories", "description", "hierarchicalSubject",
    "parameters", "prompt", "subject", "title", "workflow",
})
#: But for this one, whose `Rating` is a percentage.
_MICROSOFT = "http://ns.microsoft.com/photo/"
#: Arrays of which each item counts; they are joined by line breaks.
_ARRAYS = frozenset({"MicrosoftLastKeywordXMP", "TagsList", "hierarchicalSubject", "subject"})
#: Bytes: a workflow may stand in an attribute. Elements: a long editing history has 10,000.
_LARGEST = 4 << 20
_MOST_ELEMENTS = 50_000
_DEEPEST = 200
_STRUCTURE = frozenset({"RDF", "Description", "Alt", "Seq", "Bag", "li", "xmpmeta", "value"})


class _RefusedError(Exception):
    """The packet has a document type, or is larger than any honest one."""


def read_xmp(packet: bytes) -> dict[str, str]:
    """The texts of the known properties by local name; {} where there are none.

    Of a property that stands twice the first counts; what was read before a damaged
    place is kept.
    """
    packet = packet.strip(b"\0 \t\r\n")
    if not packet or len(packet) > _LARGEST:
        return {}
    found: dict[str, str] = {}
    arrays: dict[str, list[str]] = {}
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse
    start, end, text = _handlers(found, arrays)
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text
    with contextlib.suppress(expat.ExpatError, _RefusedError, UnicodeError):
        parser.Parse(packet, True)
    found |= {name: "\n".join(items) for name, items in arrays.items()}
    return {name: value.strip() for name, value in found.items() if value.strip()}


def _refuse(*_declaration: object) -> None:
    raise _RefusedError


def _handlers(
    found: dict[str, str], arrays: dict[str, list[str]],
) -> tuple[
    Callable[[str, dict[str, str]], None], Callable[[str], None], Callable[[str], None]
]:
    """expat's three callbacks; they put what they know into *found* and *arrays*."""
    open_elements: list[str] = []
    pieces: list[str] = []
    elements_left = _MOST_ELEMENTS
    microsoft: set[str] = set()

    def local(name: str) -> str:
        prefix, _, plain = name.rpartition(":")
        return f"Microsoft{plain}" if prefix in microsoft else plain

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal elements_left
        elements_left -= 1
        if len(open_elements) >= _DEEPEST or elements_left < 0:
            raise _RefusedError
        microsoft.update(
            key[6:] for key, value in attributes.items()
            if key.startswith("xmlns:") and value.startswith(_MICROSOFT))
        open_elements.append(local(name))
        pieces.clear()
        for key, value in attributes.items():
            if (known := local(key)) in PROPERTIES:
                found.setdefault(known, value)

    def end(_name: str) -> None:
        content = "".join(pieces)
        pieces.clear()
        # An array's item belongs to the property that holds the array.
        owner = next((name for name in reversed(open_elements) if name not in _STRUCTURE), "")
        if owner in _ARRAYS and content.strip():
            arrays.setdefault(owner, []).append(content)
        elif owner in PROPERTIES and content.strip():
            found.setdefault(owner, content)
        open_elements.pop()

    def text(data: str) -> None:
        pieces.append(data)

    return start, end, text
