"""Housekeeping of tags: rename, merge, delete; each is one batch that undo takes back."""

from __future__ import annotations

from collections.abc import Iterable

from imagelib.errors import ConflictError, InvalidError, NotFoundError
from imagelib.library.records.albums import carry_over
from imagelib.library.store.database import Database, Transaction
from imagelib.library.values.outcome import Outcome
from imagelib.library.values.written import clean_tag


def rename_tag(database: Database, old: str, new: str) -> Outcome:
    """Write *old* as *new* on all its images.

    Raises:
        NotFoundError: no image carries *old*. ConflictError: *new* is in use: merge them.
    """
    old, new = _clean("old", old), _clean("new", new)
    if old == new:
        return Outcome()
    with database.write("rename tag") as transaction:
        _require(transaction, old)
        if _is_used(transaction, new):
            raise ConflictError(f"The tag {new!r} is in use. To make them one, merge them.")
        carry_over(transaction, [old], new)
        transaction.run("DELETE FROM tags WHERE name = ?", new)
        transaction.run("UPDATE tags SET name = ? WHERE name = ?", new, old)
    return transaction.outcome


def merge_tags(database: Database, sources: Iterable[str], target: str) -> Outcome:
    """Give every image that carries one of *sources* the tag *target* instead."""
    names = [_clean("sources", name) for name in sources]
    target = _clean("target", target)
    with database.write("merge tags") as transaction:
        carry_over(transaction, names, target)
        transaction.run("INSERT OR IGNORE INTO tags (name) VALUES (?)", target)
        for name in names:
            if name == target:
                continue
            _require(transaction, name)
            transaction.run(
                "INSERT OR IGNORE INTO image_tags SELECT it.image, new.id FROM image_tags it"
                " JOIN tags old ON old.id = it.tag, tags new WHERE old.name = ? AND new.name = ?",
                name, target)
            transaction.run("DELETE FROM tags WHERE name = ?", name)
    return transaction.outcome


def delete_tag(database: Database, name: str) -> Outcome:
    """Take the tag off all its images."""
    name = _clean("name", name)
    with database.write("delete tag") as transaction:
        _require(transaction, name)
        transaction.run("DELETE FROM tags WHERE name = ?", name)
    return transaction.outcome


def _clean(field: str, name: str) -> str:
    try:
        return clean_tag(name)
    except ValueError as error:
        raise InvalidError.of(field, str(error)) from error


def _require(transaction: Transaction, name: str) -> None:
    if not _is_used(transaction, name):
        raise NotFoundError(f"No image carries the tag {name!r}.")


def _is_used(transaction: Transaction, name: str) -> bool:
    return transaction.run("SELECT 1 FROM image_tags it JOIN tags t ON t.id = it.tag"
                           " WHERE t.name = ? LIMIT 1", name).fetchone() is not None
