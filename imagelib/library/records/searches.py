"""Saved searches: a query and an order under a name."""

from __future__ import annotations

from imagelib.errors import InvalidError, NotFoundError
from imagelib.library.query.listing import check_order
from imagelib.library.query.parser import MAX_LENGTH
from imagelib.library.store.database import Database

#: As many as a library keeps: all of them are one answer.
MAX_SEARCHES = 1000


def list_searches(database: Database) -> list[dict[str, str]]:
    """All saved searches by name."""
    rows = database.read("SELECT name, query, sort FROM searches ORDER BY name")
    return [dict(row) for row in rows]


def save_search(database: Database, name: str, query: str, sort: str = "") -> bool:
    """Keep *query* under *name*; whether the name is new.

    Raises:
        InvalidError: there is no such order, the query is too long, or there are too many.
    """
    if len(query) > MAX_LENGTH:
        raise InvalidError.of("query", f"a search has at most {MAX_LENGTH:,} characters")
    if sort:
        check_order(sort)
    with database.write("save search", undoable=False) as transaction:
        new = transaction.run("SELECT 1 FROM searches WHERE name = ?", name).fetchone() is None
        if new and transaction.run("SELECT count(*) FROM searches").fetchone()[0] >= MAX_SEARCHES:
            raise InvalidError.of("name", f"there are {MAX_SEARCHES:,} saved searches already;"
                                  " delete one first")
        transaction.run("INSERT OR REPLACE INTO searches VALUES (?, ?, ?)", name, query, sort)
    return new


def delete_search(database: Database, name: str) -> None:
    """Forget a saved search.

    Raises:
        NotFoundError: there is none of that name.
    """
    with database.write("delete search", undoable=False) as transaction:
        if not transaction.run("DELETE FROM searches WHERE name = ?", name).rowcount:
            raise NotFoundError(f"There is no saved search {name!r}.")
