"""What the builder knows of some images beside their rows: their pks, by what is the case."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Marks:
    """Which images are special; nearly all are in none of these sets."""

    #: They have no thumbnail.
    bare: Set[int] = frozenset()
    #: They lack the larger thumbnail for dense screens, which pictures of their size have.
    blurred: Set[int] = frozenset()
    #: A display copy is shown in place of their original.
    displayed: Set[int] = frozenset()
    #: The original plays, so many seconds; 0 where that is not said.
    animated: Mapping[int, float] = field(default_factory=dict)
    #: Their file's name is another one's, too (`paths.place_of`).
    clashing: Set[int] = frozenset()


NONE = Marks()


def shown_seconds(seconds: float) -> int:
    """Of how many seconds pages speak: whole ones, as players count; at least one, 0 if unknown."""
    return max(1, int(seconds)) if seconds else 0
