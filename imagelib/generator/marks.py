"""What the builder knows of some images beside their rows: sets of pks, by what is the case."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Marks:
    """Which images are special; nearly all are in none of these sets."""

    #: They have no thumbnail.
    bare: Set[int] = frozenset()
    #: They lack the larger thumbnail for dense screens, which pictures of their size have.
    blurred: Set[int] = frozenset()
    #: A display copy is shown in place of their original.
    displayed: Set[int] = frozenset()
    #: They have several frames, which the original plays.
    animated: Set[int] = frozenset()
    #: Their file's name is another one's, too (`paths.place_of`).
    clashing: Set[int] = frozenset()


NONE = Marks()
