"""Picks: what visitors of a publication say of its images, a row for each visitor and image.

A visitor is one browser, by the random key that it made for itself in a publication; what it calls
itself is a claim. Picks are no part of an image: they change no rating and no tag until somebody
applies them, are in no history, and can only be forgotten.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from imagelib.errors import InvalidError, NotFoundError
from imagelib.library.store.database import Database, Transaction
from imagelib.library.store.rows import apply_patch, select_pks
from imagelib.library.store.schema import IS_LIVE, IS_PICKED
from imagelib.library.values.dates import utc_now
from imagelib.library.values.fields import ImagePatch
from imagelib.library.values.image import Image
from imagelib.library.values.outcome import Failure, Outcome
from imagelib.library.values.text import fold
from imagelib.library.values.written import clean_tag

#: What a visitor said last of an image counts.
_LATER = ("ON CONFLICT DO UPDATE SET heart = excluded.heart, stars = excluded.stars,"
          " note = excluded.note, at = excluded.at WHERE excluded.at > picks.at")


@dataclass(frozen=True, slots=True)
class Pick:
    """What one visitor says of one image; nothing any more, if it was taken back."""

    heart: bool
    #: 0 (none) to 5.
    stars: int
    note: str
    #: When it was said, in UTC, by the clock of the visitor.
    at: str

    def __bool__(self) -> bool:
        return self.heart or self.stars > 0 or self.note != ""


@dataclass(frozen=True, slots=True)
class Visitor:
    """One browser in one publication."""

    publication: str
    key: str
    #: What it calls itself: a claim, no proof.
    who: str
    #: How many images it has picked, and how many of them have a heart.
    picks: int = 0
    hearts: int = 0
    #: When it picked last, in UTC.
    at: str = ""


@dataclass(frozen=True, slots=True)
class Merged:
    """What came of merging the picks of one visitor: the pks of the images of each kind."""

    #: What the visitor is called from now on, and was called until now, if it was here.
    who: str
    before: str
    #: Picked for the first time, or again.
    added: tuple[int, ...]
    #: Said otherwise since.
    changed: tuple[int, ...]
    #: Picked once, and no longer.
    taken_back: tuple[int, ...]
    #: Of which the same or something newer is here.
    known: tuple[int, ...]


def preview(database: Database, visitor: Visitor, picks: Mapping[int, Pick]) -> Merged:
    """What `merge` would do."""
    before, who = _picks_of(database, visitor)
    kinds: dict[str, list[int]] = {"added": [], "changed": [], "taken_back": [], "known": []}
    for pk, pick in picks.items():
        there = before.get(pk)
        if (there and pick.at <= there.at) or not (there or pick):
            kinds["known"].append(pk)
        elif not pick:
            kinds["taken_back"].append(pk)
        else:
            kinds["changed" if there else "added"].append(pk)
    is_newest = _newest(picks) >= _newest(before)
    return Merged(visitor.who if is_newest else who, who,
                  **{kind: tuple(pks) for kind, pks in kinds.items()})


def merge(database: Database, visitor: Visitor, picks: Mapping[int, Pick]) -> Merged:
    """Take in what *visitor* says, by the pks of the images.

    Of one image, what the visitor said last is kept, in whatever order files come; nobody's picks
    touch another's.
    """
    with database.write("merge picks", undoable=False) as transaction:
        merged = preview(database, visitor, picks)
        for pk, pick in picks.items():
            transaction.run(
                f"INSERT INTO picks VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) {_LATER}",
                pk, visitor.publication, visitor.key, merged.who, pick.heart, pick.stars,
                pick.note, pick.at, utc_now())
        transaction.run("UPDATE picks SET who = ? WHERE publication = ? AND key = ?",
                        merged.who, visitor.publication, visitor.key)
    return merged


def copy_picks(transaction: Transaction, sources: Iterable[int], target: int) -> None:
    """Say of the image *target*, too, what visitors said of *sources* (pks); the last counts."""
    for pk in sources:
        transaction.run(
            "INSERT INTO picks SELECT ?, publication, key, who, heart, stars, note, at, created_at"
            f" FROM picks WHERE image = ? {_LATER}", target, pk)


def list_visitors(database: Database) -> list[Visitor]:
    """All visitors by name, with what they picked of the images that are not in the trash."""
    return [Visitor(*row) for row in database.read(
        "SELECT publication, key, who, sum(there), sum(there AND heart), max(at) FROM (SELECT *,"
        f" {IS_PICKED} AND {IS_LIVE} AS there FROM picks)"
        " GROUP BY publication, key ORDER BY fold(who), publication, key")]


def visitors_named(database: Database, name: str) -> list[Visitor]:
    """The visitors that call themselves *name*, whatever its case and accents: one person may
    have several browsers.

    Raises:
        NotFoundError: nobody does.
    """
    visitors = list_visitors(database)
    found = [visitor for visitor in visitors if fold(visitor.who) == fold(name)]
    if not found:
        known = ", ".join(dict.fromkeys(visitor.who for visitor in visitors))
        raise NotFoundError(f"Nobody called {name!r} has picked anything here."
                            + (f" Those who have: {known}." if known else
                               " Merge what a visitor has sent with: imagelib picks FILE"))
    return found


def picks_of_image(database: Database, image_id: str) -> list[tuple[Visitor, Pick]]:
    """Who picked an image, and what of it each says, by name."""
    return [(Visitor(*row[:3]), _pick(row[3:])) for row in database.read(
        "SELECT publication, key, who, heart, stars, note, at FROM picks"
        f" WHERE image = (SELECT pk FROM images WHERE id = ?) AND {IS_PICKED}"
        " ORDER BY fold(who), publication, key", image_id)]


def picked_pks(database: Database) -> dict[tuple[str, str], list[int]]:
    """The pks of the images that each visitor, by publication and key, has picked."""
    found: dict[tuple[str, str], list[int]] = {}
    for publication, key, pk in database.read(
            f"SELECT publication, key, image FROM picks WHERE {IS_LIVE} AND {IS_PICKED}"
            " ORDER BY image"):
        found.setdefault((publication, key), []).append(pk)
    return found


def forget(database: Database, visitors: Iterable[Visitor]) -> int:
    """Drop all that *visitors* have said; how many picks that were."""
    with database.write("forget picks", undoable=False) as transaction:
        return sum(transaction.run("DELETE FROM picks WHERE publication = ? AND key = ?",
                                   visitor.publication, visitor.key).rowcount
                   for visitor in visitors)


@dataclass(frozen=True, slots=True)
class Change:
    """What applying picks makes of one image."""

    image: Image
    #: Fields of `ImagePatch`.
    fields: dict[str, Any]


def changes_of(database: Database, name: str, *, tag: str = "", stars: bool = False,
               hearts: bool = False) -> tuple[list[Change], tuple[Failure, ...]]:
    """What `apply` would change, and the images that it could not.

    Raises:
        NotFoundError, InvalidError: as `apply`.
    """
    if not (tag or stars):
        raise InvalidError("Say what becomes of the picks: a tag, the stars as ratings, or both.")
    try:
        tag = clean_tag(tag) if tag else ""
    except ValueError as error:
        raise InvalidError.of("tag", str(error)) from error
    # Of an image that one person picked in two browsers, what was said last counts.
    said: dict[int, Pick] = {}
    for visitor in visitors_named(database, name):
        for pk, pick in _picks_of(database, visitor)[0].items():
            if pick and (pk not in said or pick.at > said[pk].at):
                said[pk] = pick
    wanted = {pk: pick for pk, pick in said.items() if pick.heart or not hearts}
    images = select_pks(database.reader, sorted(wanted), raw=False)
    changes = []
    for pk, image in images.items():
        fields: dict[str, Any] = {"add_tags": [tag]} if tag and tag not in image.tags else {}
        if stars and wanted[pk].stars not in (0, image.rating):
            fields["rating"] = wanted[pk].stars
        if fields:
            changes.append(Change(image, fields))
    gone = {row["pk"]: row["id"] for row in database.read("SELECT pk, id FROM trash")}
    return changes, tuple(Failure(gone[pk], "It is in the trash.")
                          for pk in wanted if pk in gone)


def apply(database: Database, name: str, *, tag: str = "", stars: bool = False,
          hearts: bool = False) -> Outcome:
    """Give the images that *name* picked a *tag*, or the *stars* they got as their rating, as one
    batch; with *hearts*, only those with a heart. No image loses a tag, or its rating where it
    got no star.

    Raises:
        NotFoundError: nobody of this name has picked anything. InvalidError: nothing is asked
            for, *tag* is none, or an image would have too many; nothing was changed.
    """
    with database.exclusive():
        changes, failures = changes_of(database, name, tag=tag, stars=stars, hearts=hearts)
        with database.write("apply picks") as transaction:
            for change in changes:
                apply_patch(transaction, change.image.id, ImagePatch.of(change.fields))
    return replace(transaction.outcome, failures=failures)


def _picks_of(database: Database, visitor: Visitor) -> tuple[dict[int, Pick], str]:
    """What *visitor* said of which pk, what was taken back included, and its name until now."""
    rows = database.read("SELECT image, who, heart, stars, note, at FROM picks"
                         " WHERE publication = ? AND key = ?", visitor.publication, visitor.key)
    return {row[0]: _pick(row[2:]) for row in rows}, rows[0]["who"] if rows else ""


def _pick(row: Sequence[Any]) -> Pick:
    return Pick(bool(row[0]), *row[1:])


def _newest(picks: Mapping[int, Pick]) -> str:
    return max((pick.at for pick in picks.values()), default="")
