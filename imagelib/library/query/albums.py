"""Albums as searches know them: a tag whose images somebody has put in order.

A tag that no image carries is no album, whatever the table holds of it: it is one again when
undo or the trash gives its images back.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from imagelib.library.query.listing import Filter
from imagelib.library.query.terms import All, ExactTag, HasTag, Node
from imagelib.library.store.database import Database
from imagelib.library.store.schema import IS_WORN
from imagelib.library.values.text import fold

#: What is said where the order of an album is asked for, and there is none.
NO_ALBUM = "the order of an album wants tag: with the name of one; shown in the usual order"


def in_album(database: Database, wanted: Filter) -> Filter:
    """*wanted* with the album whose order it asks for: that of its first positive tag that has one.

    Without such a tag it is as it was, and has the usual order.
    """
    if not wanted.wants_album:
        return wanted
    names = [row[0] for row in database.read(
        f"SELECT a.tag FROM albums AS a WHERE {IS_WORN} ORDER BY a.tag")]
    return replace(wanted, album=next((
        name for part in _conditions(wanted.root) for name in names if _names(part, name)), ""))


def _conditions(root: Node) -> Iterator[Node]:
    """What every image that is found has to meet."""
    yield from root.parts if isinstance(root, All) else (root,)


def _names(part: Node, album: str) -> bool:
    match part:
        case HasTag(tag):
            return fold(album) == tag
        case ExactTag(tag):
            return album == tag
    return False
