"""Albums: a tag whose images somebody has put in order, with a text and a cover.

Who is in an album its tag says alone. The row of an album holds pks in order; those that do not
carry the tag (in the trash, say) keep their places and are not shown, and images that it does not
list come behind the others, the first added first. So nothing has to follow a tagging, the trash
or an undo.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from imagelib.errors import InvalidError, NotFoundError
from imagelib.library.store.database import Database, Transaction
from imagelib.library.store.schema import IS_WORN
from imagelib.library.values.written import clean_tag

#: How long the text of an album may be, in characters.
MAX_TEXT = 5_000
#: As many as a library keeps: all of them are one answer.
MAX_ALBUMS = 1000


@dataclass(frozen=True, slots=True)
class Album:
    """An album as it is shown. *cover* is the id of an image that was chosen, or None."""

    tag: str
    text: str
    cover: str | None
    count: int


def list_albums(database: Database) -> list[Album]:
    """All albums by their tags."""
    return [Album(*row) for row in database.read(f"{_SHOWN} ORDER BY a.tag")]


def get_album(database: Database, tag: str) -> Album:
    """The album of *tag*.

    Raises:
        NotFoundError: there is none.
    """
    for row in database.read(f"{_SHOWN} AND a.tag = ?", _clean(tag)):
        return Album(*row)
    raise _no_album(tag)


def change_album(database: Database, tag: str, **given: Any) -> bool:
    """Make the album of *tag*, or change what is given of it; whether it is new.

    `text`; `cover`, the id of an image, or None for the first one; `ids`, images that come first
    in this order, or with `before`, the id of an image, in front of that; None means the end.

    Raises:
        NotFoundError: no image carries *tag*.
        InvalidError: an image does not carry it, the text is too long, or there are too many.
    """
    name = _clean(tag)
    if len(text := given.get("text") or "") > MAX_TEXT:
        raise InvalidError.of("text", f"the text of an album has at most {MAX_TEXT:,} characters")
    with database.write("change album", undoable=False) as transaction:
        run = transaction.run
        images = {row[0]: row[1] for row in run(
            "SELECT i.id, i.pk FROM images AS i JOIN image_tags AS it ON it.image = i.pk"
            " JOIN tags AS t ON t.id = it.tag WHERE t.name = ? ORDER BY i.pk", name)}
        if not images:
            raise NotFoundError(f"No image carries the tag {name!r}. Tag some first.")
        row = run("SELECT text, cover, pks FROM albums WHERE tag = ?", name).fetchone()
        if row is None and run("SELECT count(*) FROM albums").fetchone()[0] >= MAX_ALBUMS:
            raise InvalidError.of("tag", f"there are {MAX_ALBUMS:,} albums already;"
                                  " forget one first")
        old_text, cover, pks = (row[0], row[1], json.loads(row[2])) if row else ("", None, [])
        if "cover" in given:
            cover = None if given["cover"] is None else _pks(images, "cover", [given["cover"]])[0]
        if given.get("ids") is not None:
            moved = _pks(images, "ids", given["ids"])
            ahead: int | None = 0
            if "before" in given:
                ahead = given["before"] and _pks(images, "before", [given["before"]])[0]
            pks = _beside(pks, _moved(_shown(pks, images.values()), moved, ahead))
        run("INSERT OR REPLACE INTO albums VALUES (?, ?, ?, ?)", name,
            text if given.get("text") is not None else old_text, cover, json.dumps(pks))
    return row is None


def forget_album(database: Database, tag: str) -> None:
    """Forget text, cover and order; the tag stays on its images.

    Raises:
        NotFoundError: there is no such album.
    """
    with database.write("forget album", undoable=False) as transaction:
        if not transaction.run("DELETE FROM albums WHERE tag = ?", _clean(tag)).rowcount:
            raise _no_album(tag)


def carry_over(transaction: Transaction, sources: Iterable[str], target: str) -> None:
    """Make one album of *target* out of those of *sources*, before their images become its own.

    What *target* has itself comes first. Those of *sources* stay, without images, for undo.
    """
    run = transaction.run
    # Of a tag that nobody wears now, the album is of a former life.
    run(f"DELETE FROM albums AS a WHERE a.tag = ? AND NOT {IS_WORN}", target)
    rows = [row for tag in dict.fromkeys((target, *sources)) for row in run(
        "SELECT text, cover, pks FROM albums WHERE tag = ?", tag)]
    if rows:
        pks = dict.fromkeys(chain.from_iterable(json.loads(row["pks"]) for row in rows))
        run("INSERT OR REPLACE INTO albums VALUES (?, ?, ?, ?)", target,
            next((row["text"] for row in rows if row["text"]), ""),
            next((row["cover"] for row in rows if row["cover"] is not None), None),
            json.dumps(list(pks)))


_SHOWN = f"""
SELECT a.tag, a.text,
    (SELECT i.id FROM images AS i JOIN image_tags AS it ON it.image = i.pk JOIN tags AS t
        ON t.id = it.tag WHERE i.pk = a.cover AND t.name = a.tag),
    (SELECT count(*) FROM image_tags AS it JOIN tags AS t ON t.id = it.tag WHERE t.name = a.tag)
FROM albums AS a WHERE {IS_WORN}"""


def _clean(tag: str) -> str:
    try:
        return clean_tag(tag)
    except ValueError as error:
        raise InvalidError.of("tag", str(error), where="path") from error


def _no_album(tag: str) -> NotFoundError:
    return NotFoundError(f"There is no album {tag!r}.")


def _pks(images: dict[str, int], field: str, ids: Sequence[str]) -> list[int]:
    """The pks of *ids*, each once; all must be among the *images* of the album."""
    wanted = list(dict.fromkeys(one.strip().lower() for one in ids))
    if others := [one for one in wanted if one not in images]:
        raise InvalidError.of(field, f"{len(others):,} of them do not carry the tag of the album:"
                              f" {', '.join(others[:5])}{' …' if len(others) > 5 else ''}")
    return [images[one] for one in wanted]


def _shown(pks: Sequence[int], images: Collection[int]) -> list[int]:
    """The order that an album shows: what it lists of *images*, then the others."""
    there = set(images)
    return list(dict.fromkeys((*(pk for pk in pks if pk in there), *images)))


def _moved(order: Sequence[int], moved: Sequence[int], ahead: int | None) -> list[int]:
    """*order* with *moved* in front of the image *ahead*: at the end for None, first for 0."""
    gone = set(moved)
    if ahead in gone:
        ahead = next((pk for pk in order[order.index(ahead):] if pk not in gone), None)
    rest = [pk for pk in order if pk not in gone]
    at = len(rest) if ahead is None else rest.index(ahead) if ahead else 0
    return [*rest[:at], *moved, *rest[at:]]


def _beside(before: Sequence[int], now: Sequence[int]) -> list[int]:
    """*now*, and of *before* what is not shown, each behind the one that it stood behind."""
    shown, last = set(now), 0
    behind: dict[int, list[int]] = defaultdict(list)
    for pk in before:
        if pk in shown:
            last = pk
        else:
            behind[last].append(pk)
    return [*behind[0], *chain.from_iterable((pk, *behind[pk]) for pk in now)]
