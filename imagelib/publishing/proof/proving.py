"""Read a whole site and say what of the withheld is in it."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from imagelib.errors import BusyError, ImagelibError
from imagelib.generator.index.blocks import MANIFEST_PATH
from imagelib.generator.paths import ORIGINALS
from imagelib.generator.reading import read_block
from imagelib.library.library import Library
from imagelib.library.values.image import Image
from imagelib.publishing.policy import Policy
from imagelib.publishing.proof.needles import (
    Needles,
    comes_by_chance,
    needles,
    runs,
    telling,
    words,
)
from imagelib.publishing.proof.readings import BYTES, CANARIES, PICTURES, Reading, readings
from imagelib.publishing.proof.seen import File, Seen, look_of, mark, packed

Progress = Callable[[str, int, int], None]


class BlindError(ImagelibError):
    """The proof did not see what it had hidden itself, and proves nothing."""

    exit_code = 4
    title = "The proof is blind"


@dataclass(frozen=True, slots=True)
class Hit:
    """Something withheld, found: where, how it was read, which text, and what it belongs to."""

    file: str
    reading: str
    text: str
    field: str
    source: str

    def __str__(self) -> str:
        if not self.field:
            return f"{self.file}: {self.text} ({self.reading})"
        return (f"{self.file}: {self.text!r} ({self.reading}); it stands in {self.field} of"
                f" {self.source or 'your account'}, which is withheld")


@dataclass(slots=True)
class Proof:
    """What was read, what was looked for, and what was found."""

    #: Digest and size of each file that was looked into.
    files: dict[str, tuple[str, int]] = field(default_factory=dict)
    words: int = 0
    runs: int = 0
    #: Withheld values that cannot be told by what they say: a tag of one common word.
    untestable: int = 0
    hits: list[Hit] = field(default_factory=list)


def prove(library: Library, policy: Policy, published: dict[int, Image], site: Path, seen: Seen,
          progress: Progress = lambda stage, done, total: None) -> Proof:
    """Look into every file of *site* for what is withheld of *library*.

    *published* are the public records by the pks of the library. A file that is as it was when it
    was read is read again only where something that is looked for may be in it.

    Raises:
        BlindError: what was hidden for a test was not found.
    """
    marks = {image.id for image in published.values()} | {
        image.digest for image in published.values()}
    sought = needles(library, policy, set(published), marks)
    check_sight()
    proof = Proof(words=len(sought.words), runs=len(sought.runs), untestable=sought.untestable)
    wanted = {mark(text) for text in (*sought.words, *sought.runs)}
    names = sorted(path.relative_to(site).as_posix() for path in site.rglob("*")
                   if path.is_file() or path.is_symlink())
    made = policy.originals if isinstance(policy.originals, str) else "anew"

    def one(name: str) -> tuple[str, str, list[Hit]]:
        path = site / name
        known = seen.get(name, look := f"{look_of(path)}-{made}")
        if known and not known.may_hold(wanted):
            return name, known.digest, []
        content = path.read_bytes()
        found = list(_readings(path, name, content))
        hits = find(sought, name, found)
        if not known and path.suffix.lower() in PICTURES and made != "as they are":
            hits += _said_by(library, path, name, "anew" if made == "none" else made)
        checksum = hashlib.sha256(content).hexdigest()
        if not hits and not known:
            seen.put(name, File(look, checksum, packed(_marks(found))))
        return name, checksum, hits

    with ThreadPoolExecutor(library.sandbox.size) as pool:
        try:
            for name, checksum, hits in pool.map(one, names):
                proof.hits += hits
                proof.files[name] = checksum, (site / name).stat().st_size
                progress("proving", len(proof.files), len(names))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    seen.save(names)
    return proof


def find(sought: Needles, file: str, found: Iterable[Reading]) -> list[Hit]:
    """What of *sought* stands in one file; each text once."""
    hits: dict[str, Hit] = {}
    for reading, text in found:
        parts = words(text)
        is_binary = BYTES in reading
        for word in telling(parts):
            if word in sought.words and not (is_binary and comes_by_chance(word)):
                hits.setdefault(word, Hit(file, reading, word, *sought.words[word]))
        for run in runs(parts) if sought.runs else ():
            if run in sought.runs:
                hits.setdefault(run, Hit(file, reading, run, *sought.runs[run]))
    return list(hits.values())


def check_sight() -> None:
    """Hide a word in every way that there is a reading for, and see whether it is found.

    Raises:
        BlindError: it is not.
    """
    word = f"canary{secrets.token_hex(5)}"
    sought = Needles({word: ("a test", "itself")})
    for name, hide in CANARIES.items():
        path, content = hide(word)
        if not find(sought, path, readings(path, content)):
            raise BlindError(f"A word that was hidden as {name} for a test was not found. Nothing"
                             " was published. This is a fault of imagelib; please report it.")
    some = f"these five words are {word}"
    if not find(Needles(runs={some: ("a test", "itself")}), "a.html",
                readings("a.html", some.encode())):
        raise BlindError("A run of words that was hidden for a test was not found. Nothing was"
                         " published. This is a fault of imagelib; please report it.")


def _readings(path: Path, name: str, content: bytes) -> Iterator[Reading]:
    """All that can be read in a file, and the texts of a block, which are numbers of pieces."""
    yield from readings(name, content)
    if name.startswith("data/") and name != MANIFEST_PATH:
        for values in read_block(path):
            yield from (("the index", text) for text in _texts(values))


def _marks(found: Iterable[Reading]) -> Iterator[int]:
    for _, text in found:
        parts = words(text)
        yield from map(mark, telling(parts))
        yield from map(mark, runs(parts))


def _said_by(library: Library, path: Path, name: str, made: str) -> list[Hit]:
    """What a picture says besides what is seen in it."""
    try:
        said = library.sandbox.call("imagelib.publishing.proof.pictures:said_by", str(path),
                                    library.settings.max_pixels,
                                    made if name.startswith(f"{ORIGINALS}/") else "")
    except BusyError:
        raise
    except ImagelibError as error:
        said = [str(error)]
    return [Hit(name, "the picture itself", text, "", "") for text in said]


def _texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for pair in value.items() for one in pair for text in _texts(one)]
    if isinstance(value, list | tuple):
        return [text for one in value for text in _texts(one)]
    return [str(value)] if value is not None else []
