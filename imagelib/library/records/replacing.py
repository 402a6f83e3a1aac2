"""Find and replace in the texts of images: one batch, which undo takes back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby
from typing import Annotated, Any, NamedTuple

from pydantic import BeforeValidator, Field

from imagelib.errors import InvalidError
from imagelib.library.originals.intents import Progress, silent
from imagelib.library.store.database import Database
from imagelib.library.store.rows import apply_patch, chunks
from imagelib.library.values.fields import Fields, ImagePatch, Text
from imagelib.library.values.outcome import Failure, Replaced
from imagelib.library.values.registry import TEXTS

_NAMES = tuple(field.name for field in TEXTS)


def _text_fields(value: Any) -> Any:
    if not isinstance(value, list | tuple) or not value or set(map(str, value)) - set(_NAMES):
        raise ValueError(f"should be a list of some of {', '.join(_NAMES)}")
    return list(dict.fromkeys(value))


class Replacement(Fields):
    """What is looked for, as it stands there, and what takes its place: "" takes it out."""

    find: Annotated[Text, Field(min_length=1)]
    replace: Text = ""
    fields: Annotated[list[str], BeforeValidator(_text_fields)] = Field(
        default=["prompt_text"])
    match_case: bool = False
    #: Only where no letter, digit or underscore stands beside it.
    whole_words: bool = False

    def pattern(self) -> re.Pattern[str]:
        """One group, so that splitting a text gives what is kept and what was found in turn."""
        literal = f"({re.escape(self.find)})"
        return re.compile(rf"(?<!\w){literal}(?!\w)" if self.whole_words else literal,
                          0 if self.match_case else re.IGNORECASE)


class Found(NamedTuple):
    """A text in which something was found."""

    image_id: str
    field: str
    #: In turn what stays and what was found; what stays is first and last.
    parts: tuple[str, ...]

    @property
    def places(self) -> int:
        """In how many places."""
        return len(self.parts) // 2

    def after(self, replacement: str) -> str:
        """The text with *replacement* in all of them."""
        return replacement.join(self.parts[::2])


def find_in(database: Database, ids: list[str], wanted: Replacement) -> Iterator[Found]:
    """The texts of the images *ids*, in their order, in which *wanted* is found."""
    pattern = wanted.pattern()
    names = [name for name in _NAMES if name in wanted.fields]
    for chunk in chunks(ids):
        marks = ", ".join("?" * len(chunk))
        rows = {row["id"]: row for row in database.read(
            f"SELECT id, {', '.join(names)} FROM images WHERE id IN ({marks})", *chunk)}
        for image_id in chunk:
            for name in names if image_id in rows else ():
                parts = pattern.split(rows[image_id][name])
                if len(parts) > 1:
                    yield Found(image_id, name, tuple(parts))


def replace_in(database: Database, ids: list[str], wanted: Replacement,
               progress: Progress = silent) -> Replaced:
    """Replace what *wanted* finds in the texts of the images *ids*, as one batch.

    An image of which a text would be longer than it may be stays as it is, and is among the
    failures; one that is not there is passed over. *progress* is told how many were dealt with.
    """
    failures, places = [], 0
    with database.exclusive(), database.write("replace") as transaction:
        found = list(find_in(database, ids, wanted))
        for done, (image_id, texts) in enumerate(groupby(found, lambda one: one.image_id), 1):
            ours = list(texts)
            try:
                patch = ImagePatch.of({one.field: one.after(wanted.replace) for one in ours})
            except InvalidError as error:
                failures.append(Failure(image_id, str(error)))
            else:
                apply_patch(transaction, image_id, patch)
                places += sum(one.places for one in ours)
            progress(done)
    whole = transaction.outcome
    return Replaced(whole.batch, whole.changed, tuple(failures), places)
