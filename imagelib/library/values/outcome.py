"""What a verb that changes the library did: one shape, whoever asks and whatever was changed.

A verb that can say more has a subclass of `Outcome`. What it refuses as a whole it raises; what
it goes on behind is among the `failures`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from imagelib.library.values.image import Image


class Failure(NamedTuple):
    """Something that could not be done: the id of an image, or the name of a file, and why."""

    subject: str
    reason: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was done, as the history has it."""

    #: By which `undo` takes it back; "" if nothing was changed, or there is no way back.
    batch: str = ""
    #: The ids of the images that are new, other than they were, or gone; each once.
    changed: tuple[str, ...] = ()
    failures: tuple[Failure, ...] = ()


@dataclass(frozen=True, slots=True)
class Added(Outcome):
    """What became of a picture that came in."""

    #: `here`: its bytes were an image already; `restored`: they came back out of the trash;
    #: `deleted`: they lie in the trash and stay there.
    status: Literal["new", "here", "restored", "deleted"] = "new"
    #: None if it stays deleted.
    image: Image | None = None
    #: Of its bytes.
    digest: str = ""
    #: The fields that were given and not taken, as the image has other values of its own.
    unused: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reversal(Outcome):
    """What undo or redo did."""

    #: Of the batch that was taken back.
    action: str = ""


@dataclass(frozen=True, slots=True)
class Followed(Outcome):
    """What was done to follow the disk; its steps are batches of their own."""

    #: The ids of the images that are new.
    added: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Replaced(Outcome):
    """What find and replace did."""

    #: In how many places of the texts.
    places: int = 0
