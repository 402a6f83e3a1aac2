"""Conditions on what is known of a file and its making, beside texts and values of a record."""

from __future__ import annotations

from dataclasses import dataclass

from imagelib.library.query.terms import Row, Sql, quoted
from imagelib.library.values.text import file_names


@dataclass(frozen=True, slots=True)
class FileName:
    """A folded word in the original file name, or in the one below `images/` with its folder."""

    word: str

    def matches(self, row: Row) -> bool:
        image = row.image
        return self.word in file_names(image.original_name, image.file_name, image.id)

    def sql(self) -> Sql:
        return "instr(file_names(i.original_name, i.file_name, i.id), ?) > 0", [self.word]

    def __str__(self) -> str:
        return f"file:{quoted(self.word)}"
