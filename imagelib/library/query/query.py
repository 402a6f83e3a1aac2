"""The search grammar: one for the search box, URLs, the command line and the API.

`fox "red scarf" -dog tag:portrait model:flux rating:>=4 date:2026-01..2026-03
has:notes is:unrated picked:anna like:<id> (tag:a or tag:b) sort:-rating`

Words are folded substrings and all must be found; `or` and parentheses group,
and joining by a blank binds closer than `or`. What is no operator is text, and
what is not understood is searched as text and said in `Query.warnings`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from imagelib.library.query.fields import sort_name
from imagelib.library.query.likeness import Like
from imagelib.library.query.parser import parse
from imagelib.library.query.terms import All, Either, Node, Row
from imagelib.library.values.image import Image
from imagelib.library.values.text import fold, folded_row

NOTHING_ALIKE: Mapping[str, Collection[int]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Query:
    """A search that was understood. Two queries are equal if they ask for the same.

    `text` is what was written. `sort` is "" or the column of the order:
    `captured_at`, `rating` or `created_at`, with `-` in front for descending.
    """

    root: Node
    sort: str = ""
    text: str = field(default="", compare=False)
    warnings: tuple[str, ...] = field(default=(), compare=False)

    @classmethod
    def parse(cls, text: str) -> Query:
        """Understand *text*; this never fails."""
        parsed = parse(text)
        return cls(parsed.root, parsed.sort, text, parsed.warnings)

    @property
    def like(self) -> Like | None:
        """The image that all of what is found is like: the first one that is asked for so."""
        parts = self.root.parts if isinstance(self.root, All) else (self.root,)
        return next((part for part in parts if isinstance(part, Like)), None)

    def matches(self, image: Image, pickers: Iterable[str] = (),
                alike: Mapping[str, Collection[int]] = NOTHING_ALIKE) -> bool:
        """Whether *image*, picked by visitors of the names *pickers*, is asked for.

        *alike* are the pks of the images like each one that `like:` asks for, by its id.
        """
        return self.root.matches(
            Row(image, folded_row(image), tuple(map(fold, pickers)), alike))

    def to_sql(self) -> tuple[str, list[Any]]:
        """An expression over `images AS i JOIN folded AS f ON f.pk = i.pk`, and its parameters.

        The connection needs the functions of `imagelib.library.store.functions`.
        """
        return self.root.sql()

    def __str__(self) -> str:
        """One way to write it; it is understood as an equal query."""
        if not self.sort:
            return str(self.root)
        root = f"({self.root})" if isinstance(self.root, Either) else str(self.root)
        return f"{root} sort:{sort_name(self.sort)}".strip()
