"""Conditions on what is known of a file and its making, beside texts and values of a record."""

from __future__ import annotations

from dataclasses import dataclass

from imagelib.library.query.terms import Row, Sql, quoted
from imagelib.library.values.text import file_names, lora_names

#: No picture is as wide or high in pixels.
MOST_PIXELS = 9_999_999


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


@dataclass(frozen=True, slots=True)
class Lora:
    """A folded word in the name of a LoRA of the generation data."""

    word: str

    def matches(self, row: Row) -> bool:
        return self.word in lora_names(row.image.generation)

    def sql(self) -> Sql:
        # Most generation data has none, and need not be read for it.
        return ("(instr(i.generation, '\"loras\"') > 0"
                " AND instr(lora_names(i.generation), ?) > 0)", [self.word])

    def __str__(self) -> str:
        return f"lora:{quoted(self.word)}"


@dataclass(frozen=True, slots=True)
class Pixels:
    """A width or height (*side*) from *low* to *high* pixels, both included; nothing if *low* is
    above *high*."""

    side: str
    low: int
    high: int

    def matches(self, row: Row) -> bool:
        image = row.image
        return self.low <= (image.width if self.side == "width" else image.height) <= self.high

    def sql(self) -> Sql:
        return f"i.{self.side} BETWEEN ? AND ?", [self.low, self.high]

    def __str__(self) -> str:
        if self.low > self.high:
            return f"{self.side}:<0"
        return f"{self.side}:{self.low}" + ("" if self.low == self.high else f"..{self.high}")


@dataclass(frozen=True, slots=True)
class Shape:
    """Higher than wide (`portrait`), wider than high (`landscape`), or `square`."""

    shape: str

    def matches(self, row: Row) -> bool:
        width, height = row.image.width, row.image.height
        return self.shape == ("portrait" if height > width else
                              "landscape" if width > height else "square")

    def sql(self) -> Sql:
        return {"portrait": "i.height > i.width", "landscape": "i.width > i.height",
                "square": "i.width = i.height"}[self.shape], []

    def __str__(self) -> str:
        return f"is:{self.shape}"
