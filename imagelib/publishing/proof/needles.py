"""What must not be found: words and runs of words of what is withheld, less those that are public.

What is public of an image is said here once more, from the policy alone: a fault of
`imagelib.publishing.records` must not make the proof blind to what it lets through.
"""

from __future__ import annotations

import getpass
import json
import re
import socket
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any

from imagelib.library.library import Library
from imagelib.library.store.rows import select
from imagelib.library.values.image import Image
from imagelib.library.values.registry import TEXTS
from imagelib.library.values.text import fold
from imagelib.publishing.cleaning.label import PACKET
from imagelib.publishing.policy import BECOMES, Pictures, Policy
from imagelib.resources import bundled

#: Letters and digits in a row; the second form is for writing without blanks.
_WORD = re.compile(r"[^\W_]+")
_DENSE = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff"
                    r"\uac00-\ud7af]+")
#: Letters of a word that tells something, with a digit in it and without; digits alone.
_SHORTEST, _SHORTEST_MIXED, _SHORTEST_NUMBER = 5, 4, 9
#: The same where letters are looked for in pixels.
_SHORTEST_BYTES, _SHORTEST_MIXED_BYTES = 6, 8
#: Letters of a piece of dense writing, and words in a run.
_DENSE_PIECE, RUN = 4, 5
#: Looks like a word and is none: an escaped character, digits in their order, a date and its hour.
_NO_WORD = re.compile(r"(?:u[0-9a-f]{4})+|0?1?23456789|\d{1,2}t\d{2}")
_ESCAPED = re.compile(r"\\+u([0-9a-fA-F]{4})")
#: What the headers of pictures say, and the colour profiles that many pictures have (those of
#: Hewlett-Packard, Google, Apple, Adobe and Little CMS). Nobody learns of a library by them.
_OF_FORMATS = """
    Adobe JFIF Exif ICC_PROFILE ICCRGBG1 WEBPVP8 ftypavif NETSCAPE XMP DataXMP acspMSFT acspAPPL
    mntrRGB mntrGRAY RGB XYZ Copyright Hewlett Packard Company IEC61966 Default Colour Color Space
    Reference Viewing Condition Domain Public Google Freely Apple Display Profile Systems
    Incorporated Little Built generic medium white black point ホワイトポイント ブラックポイント
"""
#: What people write. In the settings of generators the same words stand side by side everywhere.
_PROSE = frozenset(field.name for field in TEXTS)
_SPAN = 500
_TEMPLATES = frozenset((".html", ".js", ".css", ".xml", ".svg", ".toml", ".webmanifest"))


def words(text: str) -> list[str]:
    """All words of *text*, folded as searches fold them."""
    return _WORD.findall(fold(text))


def telling(found: Iterable[str]) -> Iterator[str]:
    """Those of the words *found* that are long enough to be known again."""
    for word in found:
        if _NO_WORD.fullmatch(word):
            continue
        if word.isdigit():
            if len(word) >= _SHORTEST_NUMBER:
                yield word
        elif not word.isascii() and _DENSE.search(word):
            for dense in _DENSE.findall(word):
                yield from (dense[at:at + _DENSE_PIECE]
                            for at in range(len(dense) - _DENSE_PIECE + 1))
        elif len(word) >= _SHORTEST or (
                len(word) >= _SHORTEST_MIXED and any(map(str.isdigit, word))):
            yield word


def comes_by_chance(word: str) -> bool:
    """Whether pixels, read as letters, say it now and then: the shorter, the more often."""
    return len(word) < (_SHORTEST_MIXED_BYTES if any(map(str.isdigit, word)) else _SHORTEST_BYTES)


def runs(found: list[str]) -> Iterator[str]:
    """Each `RUN` words that follow one another, with a blank between them."""
    for at in range(len(found) - RUN + 1):
        yield " ".join(found[at:at + RUN])


@dataclass(slots=True)
class Needles:
    """What is looked for. `words` say where each comes from: the field and the image's file."""

    words: dict[str, tuple[str, str]] = field(default_factory=dict)
    runs: dict[str, tuple[str, str]] = field(default_factory=dict)
    #: Withheld values that cannot be known again, as all of their words are public or short.
    untestable: int = 0


def needles(library: Library, policy: Policy, published: set[int], open_marks: set[str]) -> Needles:
    """What of *library* must not be found in a site with the images whose pks are *published*.

    *open_marks* are the ids and digests that the site may hold.
    """
    open_words, open_runs = _public(library, policy, published)
    open_words.update(*map(words, open_marks))
    found = Needles()
    allowed = {word for text in policy.allow for word in words(text)}
    seen: set[int] = set()  # workflows say the same words over and over
    for name, source, text in _withheld(library, policy, published):
        if (known := hash(text)) in seen:
            continue
        seen.add(known)
        parts = words(_unescaped(text))
        tells = [word for word in telling(parts) if word not in open_words and word not in allowed]
        for word in tells:
            found.words.setdefault(word, (name, source))
        if tells or not parts:
            continue
        if name not in _PROSE:
            found.untestable += 1
            continue
        fresh = [run for run in runs(parts) if run not in open_runs]
        found.untestable += not fresh
        for run in fresh:
            found.runs.setdefault(run, (name, source))
    return found


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
                        for text in (key, *_texts(one)))
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
                if not (kept and key in policy.generation) for text in _texts(one))
        elif not kept:
            yield name, str(value)


def embedded_values(image: Image) -> Iterator[tuple[str, str]]:
    """(name of the value, text) of what a file may say of itself, and so says in public if it is
    published as it is."""
    for name in ("prompt_text", "negative_prompt", "ai_model", "generation", "prompt_meta"):
        yield from ((name, text) for text in _texts(getattr(image, name)))


def _values(image: Image) -> Iterator[tuple[str, Any]]:
    for name in ("title", "prompt_text", "negative_prompt", "ai_model", "notes", "tags",
                 "original_name", "generation", "prompt_meta"):
        yield name, getattr(image, name)


def _withheld(library: Library, policy: Policy, published: set[int]
              ) -> Iterator[tuple[str, str, str]]:
    """(name, where it stands, text) of everything that is withheld."""
    for image in _images(library):
        is_published = image.pk in published
        for name, text in withheld_values(image, policy, is_published=is_published):
            yield name, image.file_name, text
        # Names that we gave are ids.
        yield "file_name", image.file_name, image.file_name.replace(image.id, "")
        yield "digest", image.file_name, image.digest
        # The other parts of an id are so short that they come by chance.
        yield "id", image.file_name, image.id.rsplit("-", 1)[-1]
    for row in library.database.read("SELECT id, record FROM trash"):
        for name, value in json.loads(row["record"]).items():
            if BECOMES.get(name, "never") not in ("made", "file"):
                yield from ((name, f"{row['id']} in the trash", text) for text in _texts(value))
    for row in library.database.read("SELECT name, query FROM searches"):
        if row["name"] not in policy.saved_searches:
            yield "saved search", row["name"], f"{row['name']} {row['query']}"
    for row in library.database.read("SELECT DISTINCT who, note FROM picks"):
        yield "pick", row["who"], f"{row['who']} {row['note']}"
    yield "folder", str(library.root), " ".join(library.root.parts[1:])
    yield "this machine", "", f"{_user()} {socket.gethostname()} {Path.home()}"


def _public(library: Library, policy: Policy, published: set[int]) -> tuple[set[str], set[str]]:
    """The words and runs of what everybody may read."""
    own = [_OF_FORMATS, PACKET.decode(), policy.heading, policy.intro, policy.author,
           policy.licence, policy.base_url, policy.robots]
    if isinstance(policy.originals, Pictures):
        own.append(policy.originals.watermark)
    for row in library.database.read("SELECT name, query FROM searches"):
        if row["name"] in policy.saved_searches:
            own += [row["name"], row["query"]]
    found: set[str] = set()
    open_runs: set[str] = set()
    for text in own:
        _add(text, found, open_runs)
    found |= _program_words()
    if own_templates := library.settings.templates_dir:
        for text in _texts_in(own_templates):
            _add(text, found, open_runs)
    for image in _images(library):
        if image.pk in published:
            said = public_values(image, policy)
            if policy.originals == "as they are":
                said = chain(said, embedded_values(image))
            for _, text in said:
                _add(text, found, open_runs)
    return found, open_runs


@cache
def _program_words() -> frozenset[str]:
    """What the pages of every site say, and its scripts."""
    return frozenset(word for text in _texts_in(bundled("templates"))
                     for word in telling(words(text)))


def _texts_in(folder: Path) -> Iterator[str]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix in _TEMPLATES:
            yield path.read_text(encoding="utf-8", errors="replace")


def _add(text: str, found: set[str], open_runs: set[str]) -> None:
    parts = words(text)
    found.update(telling(parts))
    open_runs.update(runs(parts))


def _images(library: Library) -> Iterator[Image]:
    last = 0
    while batch := select(library.database.reader,
                          f"WHERE i.pk > ? ORDER BY i.pk LIMIT {_SPAN}", [last]):
        yield from batch
        last = batch[-1].pk


def _unescaped(text: str) -> str:
    """*text* with the characters that a generator escaped in it: they are published as such."""
    plain = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)
    return plain.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _texts(value: Any) -> Iterator[str]:
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


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container without a list of users
        return ""
