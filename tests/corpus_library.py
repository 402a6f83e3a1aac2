"""The library of `tests/corpus/query.json` as images and as a database."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from imagelib.library.query.likeness import RANKED
from imagelib.library.query.listing import order_by
from imagelib.library.store import schema
from imagelib.library.store.functions import add_functions
from imagelib.library.values.image import Image
from imagelib.library.values.text import folded_row

CORPUS = Path(__file__).parent / "corpus" / "query.json"


def corpus() -> dict[str, Any]:
    """The records and the cases as they stand in the file."""
    return json.loads(CORPUS.read_text("utf-8"))


def pickers() -> dict[int, list[str]]:
    """Who has picked the images of the corpus, by their pks."""
    return {record["n"]: record["picked"] for record in corpus()["library"] if "picked" in record}


def picks_of(by_image: Mapping[int, Iterable[str]]) -> list[tuple[str, list[int]]]:
    """The same by who has picked, as the page knows it."""
    found: dict[str, list[int]] = {}
    for pk, names in by_image.items():
        for who in names:
            found.setdefault(who, []).append(pk)
    return list(found.items())


def image_of(record: dict[str, Any]) -> Image:
    """A record of the corpus as an image; what it does not say is plain."""
    n = record["n"]
    given = {name: value for name, value in record.items() if name not in ("n", "tags", "picked")}
    return Image(**({
        "pk": n,
        "file_name": f"{n}.png",
        "original_name": "",
        "digest": f"{n:064x}",
        "size_bytes": 1000 + n,
        "width": 640,
        "height": 480,
        "mime_type": "image/png",
        "created_at": f"2026-05-01T10:00:{n % 60:02}.000Z",
        "updated_at": "2026-05-01T10:00:00.000Z",
        "tags": tuple(record.get("tags", ())),
    } | given))


class Database:
    """An SQLite database with the tables of the library, filled from images."""

    def __init__(self) -> None:
        self.connection = sqlite3.connect(":memory:")
        add_functions(self.connection)
        for statement in [*schema.first(), "ALTER TABLE images ADD COLUMN title DEFAULT ''",
                          *schema.with_fields_of(schema.VERSION), *schema.picks(),
                          *schema.albums()]:
            self.connection.execute(statement)

    def fill(self, images: list[Image],
             pickers: Mapping[int, Iterable[str]] = MappingProxyType({})) -> None:
        """Hold exactly *images*, picked by the *pickers* of their pks."""
        execute = self.connection.execute
        for table in ("image_tags", "tags", "images", "folded", "picks"):
            execute(f"DELETE FROM {table}")
        execute("INSERT INTO images_fts (images_fts) VALUES ('delete-all')")
        for image in images:
            values = {name: getattr(image, name) for name in schema.COLUMNS}
            values |= {"prompt_meta": json.dumps(image.prompt_meta),
                       "generation": json.dumps(image.generation)}
            marks = ", ".join("?" * len(values))
            execute(f"INSERT INTO images ({', '.join(values)}) VALUES ({marks})",
                    list(values.values()))
            for tag in image.tags:
                execute("INSERT OR IGNORE INTO tags (name) VALUES (?)", [tag])
                execute("INSERT INTO image_tags SELECT ?, id FROM tags WHERE name = ?",
                        [image.pk, tag])
            for who in pickers.get(image.pk, ()):
                execute("INSERT INTO picks VALUES (?, 'p', ?, ?, 1, 0, '', '', '')",
                        [image.pk, who, who])
            row = folded_row(image)
            execute("INSERT INTO folded VALUES (?, ?, ?, ?, ?, ?)", [image.pk, *row])
            execute("INSERT INTO images_fts (rowid, text) VALUES (?, ?)", [image.pk, row[0]])

    def like(self, image_id: str) -> list[int]:
        """The pks of the images like one, the most alike first."""
        return [row[0] for row in self.connection.execute(RANKED, [image_id])]

    def ordered(self, sort: str) -> list[int]:
        """All pks in an order."""
        return [row[0] for row in self.connection.execute(
            f"SELECT i.pk FROM images AS i {order_by(sort)}")]

    def find(self, expression: tuple[str, list[Any]]) -> list[int]:
        """The pks for which an SQL expression of a query is true."""
        clause, parameters = expression
        rows = self.connection.execute(
            "SELECT i.pk FROM images AS i JOIN folded AS f ON f.pk = i.pk"
            f" WHERE {clause} ORDER BY i.pk", parameters)
        return [row[0] for row in rows]
