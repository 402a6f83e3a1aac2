"""What each image says, in public and withheld, as words; kept until the image changes.

What is public is said here once more, from the policy alone: a fault of
`imagelib.publishing.records` must not make the proof blind to what it lets through.
"""

from __future__ import annotations

import json
import re
import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Set
from itertools import chain
from typing import Any, NamedTuple

from imagelib.library.library import Library
from imagelib.library.store.rows import chunks, select_pks
from imagelib.library.values.image import Image
from imagelib.library.values.registry import TEXTS
from imagelib.publishing.policy import BECOMES, Policy
from imagelib.publishing.proof.seen import code_stamp
from imagelib.publishing.proof.wording import runs, telling, words

_TABLE = """
CREATE TABLE IF NOT EXISTS told (
    pk INTEGER PRIMARY KEY, version INTEGER NOT NULL, is_published INTEGER NOT NULL,
    file_name TEXT NOT NULL,
    words TEXT NOT NULL, runs TEXT NOT NULL,    -- in public, with a blank, in lines
    withheld TEXT NOT NULL                      -- a list of `Withheld` in JSON
);
"""
#: What people write. In the settings of generators the same words stand side by side everywhere.
_PROSE = frozenset((*(field.name for field in TEXTS), "album"))
_ESCAPED = re.compile(r"\\+u([0-9a-fA-F]{4})")
#: How many images are read at a time.
_SPAN = 500


class Withheld(NamedTuple):
    """One text that must not be known: the name of its value, its words that tell something with
    blanks between them, if it is prose its runs of words in lines, and a number for the text."""

    name: str
    words: str
    runs: str
    mark: int


class AllTold:
    """What all images of a library say; it lies in an open database of this machine."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        connection.execute(_TABLE)

    def follow(self, library: Library, policy: Policy, published: Set[int]) -> None:
        """Look at the images that changed, or are published now and were not, or no longer are."""
        stamp = policy.model_dump_json() + code_stamp()
        known = {}
        if self._connection.execute(
                "SELECT value FROM meta WHERE key = 'told'").fetchone() == (stamp,):
            known = {row[0]: (row[1], bool(row[2])) for row in self._connection.execute(
                "SELECT pk, version, is_published FROM told")}
        now = {row[0]: (row[1], row[0] in published) for row in library.database.read(
            "SELECT pk, version FROM images")}
        self._connection.execute("BEGIN")
        if not known:
            self._connection.execute("DELETE FROM told")
        self._connection.executemany("DELETE FROM told WHERE pk = ?",
                                     [(pk,) for pk in known.keys() - now.keys()])
        for chunk in chunks([pk for pk, state in now.items() if known.get(pk) != state], _SPAN):
            self._connection.executemany(
                "INSERT OR REPLACE INTO told VALUES (?, ?, ?, ?, ?, ?, ?)",
                [_row(image, policy, is_published=image.pk in published)
                 for image in select_pks(library.database.reader, chunk).values()])
        self._connection.execute("INSERT OR REPLACE INTO meta VALUES ('told', ?)", (stamp,))
        self._connection.execute("COMMIT")

    def public(self) -> Iterator[tuple[list[str], list[str]]]:
        """The words and the runs of words that each published image says."""
        for some_words, some_runs in self._connection.execute(
                "SELECT words, runs FROM told WHERE is_published"):
            yield some_words.split(), some_runs.splitlines()

    def withheld(self) -> Iterator[tuple[str, list[Withheld]]]:
        """(name of the image's file, its texts that must not be known)."""
        for file_name, texts in self._connection.execute("SELECT file_name, withheld FROM told"):
            yield file_name, json.loads(texts)


def withheld(name: str, text: str) -> Withheld:
    """What *text*, the value *name*, says."""
    parts = words(_unescaped(text))
    return Withheld(name, " ".join(dict.fromkeys(telling(parts))),
                    "\n".join(dict.fromkeys(runs(parts))) if name in _PROSE else "",
                    zlib.crc32(" ".join(parts).encode("utf-8", "surrogatepass")))


def texts_of(value: Any) -> Iterator[str]:
    """All texts in a JSON value, keys and numbers too."""
    open_ones = [value]
    while open_ones:
        one = open_ones.pop()
        if isinstance(one, dict):
            open_ones += [*one.keys(), *one.values()]
        elif isinstance(one, list):
            open_ones += one
        elif one is not None and not isinstance(one, bool):
            yield str(one)


def public_values(image: Image, policy: Policy) -> Iterator[tuple[str, str]]:
    """(name of the value, text) of what the policy keeps of a published image."""
    for name, value in _values(image):
        word = BECOMES[name]
        if not policy.keeps(word):
            continue
        if name == "tags":
            yield from ((name, tag) for tag in value if tag in policy.tags)
        elif name == "generation":
            yield from ((name, text) for key, one in value.items() if key in policy.generation
                        for text in (key, *texts_of(one)))
        elif word in policy.fields:
            yield name, str(value)


def withheld_values(image: Image, policy: Policy, *, is_published: bool
                    ) -> Iterator[tuple[str, str]]:
    """(name of the value, text) of what must not be known of an image."""
    for name, value in _values(image):
        word = BECOMES[name]
        kept = is_published and word in policy.fields
        if name == "tags":
            yield from ((name, tag) for tag in value if not (kept and tag in policy.tags))
        elif name in ("generation", "prompt_meta"):
            yield from ((name, text) for key, one in (
                value.items() if isinstance(value, dict) else [("", value)])
                if not (kept and key in policy.generation) for text in texts_of(one))
        elif not kept:
            yield name, str(value)


def embedded_values(image: Image) -> Iterator[tuple[str, str]]:
    """(name of the value, text) of what a file may say of itself, and so says in public if it is
    published as it is."""
    for name in ("prompt_text", "negative_prompt", "ai_model", "generation", "prompt_meta"):
        yield from ((name, text) for text in texts_of(getattr(image, name)))


def _values(image: Image) -> Iterator[tuple[str, Any]]:
    for name in ("title", "prompt_text", "negative_prompt", "ai_model", "notes", "tags",
                 "original_name", "generation", "prompt_meta"):
        yield name, getattr(image, name)


def _row(image: Image, policy: Policy, *, is_published: bool) -> tuple[object, ...]:
    said: list[str] = []
    if is_published:
        values = public_values(image, policy)
        if policy.originals == "as they are":
            values = chain(values, embedded_values(image))
        said = [text for _, text in values]
    parts = [words(text) for text in said]
    kept = withheld_values(image, policy, is_published=is_published)
    names = [("file_name", image.file_name.replace(image.id, "")),  # names that we gave are ids
             ("digest", image.digest),
             # The other parts of an id are so short that they come by chance.
             ("id", image.id.rsplit("-", 1)[-1])]
    told = dict.fromkeys(withheld(*one) for one in chain(kept, names))
    return (image.pk, image.version, is_published, image.file_name,
            " ".join(_once(map(telling, parts))), "\n".join(_once(map(runs, parts))),
            json.dumps([one for one in told if one.mark]))


def _once(found: Iterable[Iterable[str]]) -> dict[str, None]:
    return dict.fromkeys(chain.from_iterable(found))


def _unescaped(text: str) -> str:
    """*text* with the characters that a generator escaped in it: they are published as such."""
    plain = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)
    return plain.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
