"""What every place can do, and where a publication on this machine may lie."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence, Set
from pathlib import Path
from typing import Protocol

from imagelib.config import Settings
from imagelib.errors import ConflictError
from imagelib.publishing.ledger import Placed

#: Told of the files that are there now, or gone, as soon as that lasts.
Told = Callable[[Sequence[str]], None]


class Target(Protocol):
    """A place for the files of a publication."""

    #: The place as the ledger calls it, one way for each.
    name: str

    def check(self, known: Mapping[str, Placed], before: Collection[str]) -> None:
        """Look whether we may write there; *known* is what we put there, and *before* what we have
        taken away again.

        Raises:
            ConflictError: it holds something that is not ours, or is no place for this.
        """

    def missing(self, known: Mapping[str, Placed]) -> list[str]:
        """What of *known* somebody has taken away since we put it there, or replaced, as far as
        that is seen from here without asking others."""

    def put(self, site: Path, paths: Sequence[str], told: Told,
            doubted: Set[str] = frozenset()) -> None:
        """Put *paths* of *site* there, in this order; each is whole or as it was.

        Of those that are *doubted* nobody knows whether they are there already: they are compared,
        and sent only if they are not.
        """

    def remove(self, paths: Sequence[str], told: Told) -> None:
        """Take *paths* away; one that is not there is as good as removed."""

    def finish(self, site: Path) -> None:
        """Everything was put and removed."""

    def clear(self, paths: Sequence[str], told: Told) -> None:
        """Take all that there is away: *paths*."""


def require_apart(path: Path, settings: Settings) -> None:
    """Refuse a place that holds the library, or lies within what it keeps for itself.

    Raises:
        ConflictError: it does.
    """
    here = path.resolve()
    kept = (settings.images_dir, settings.private_dir, settings.site_dir, settings.records_dir)
    for own in (settings.root, *kept):
        if own.resolve().is_relative_to(here):
            raise ConflictError(f"{path} holds {own}, which is not to be published. Choose a"
                                " folder of its own.")
    for own in (*kept, settings.root / "templates"):
        if here.is_relative_to(own.resolve()):
            raise ConflictError(f"{path} lies in {own}, which is part of the library. Choose a"
                                " folder of its own.")
