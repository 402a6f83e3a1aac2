"""Read a whole site and say what of the withheld is in it."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from imagelib.errors import BusyError, ImagelibError
from imagelib.generator.paths import ORIGINALS
from imagelib.generator.reading import read_site
from imagelib.library.library import Library
from imagelib.library.values.image import Image
from imagelib.publishing.policy import Policy
from imagelib.publishing.proof.needles import (
    Needles,
    needles,
    run_hash,
    runs,
    telling,
    words,
)
from imagelib.publishing.proof.readings import CANARIES, PICTURES, Reading, readings

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

    files: int = 0
    words: int = 0
    runs: int = 0
    #: Withheld values that cannot be told by what they say: a tag of one common word.
    untestable: int = 0
    hits: list[Hit] = field(default_factory=list)


def prove(library: Library, policy: Policy, published: dict[int, Image], site: Path,
          progress: Progress = lambda stage, done, total: None) -> Proof:
    """Look into every file of *site* for what is withheld of *library*.

    *published* are the public records by the pks of the library.

    Raises:
        BlindError: what was hidden for a test was not found.
    """
    marks = {image.id for image in published.values()} | {
        image.digest for image in published.values()}
    sought = needles(library, policy, set(published), marks)
    check_sight()
    proof = Proof(words=len(sought.words), runs=len(sought.runs), untestable=sought.untestable)
    paths = sorted(path for path in site.rglob("*") if path.is_file() or path.is_symlink())
    for path in paths:
        name = path.relative_to(site).as_posix()
        proof.hits += find(sought, name, readings(name, path.read_bytes()))
        proof.files += 1
        progress("proving", proof.files, len(paths))
    proof.hits += _in_blocks(sought, site)
    if policy.originals != "as they are":
        proof.hits += _in_pictures(
            library, [path for path in paths if path.suffix.lower() in PICTURES], site)
    return proof


def find(sought: Needles, file: str, found: Iterable[Reading]) -> list[Hit]:
    """What of *sought* stands in one file; each text once."""
    hits: dict[str, Hit] = {}
    for reading, text in found:
        parts = words(text)
        for word in telling(parts):
            if word in sought.words:
                hits.setdefault(word, Hit(file, reading, word, *sought.words[word]))
        if sought.runs:
            for at, run in enumerate(runs(parts)):
                if run in sought.runs:
                    some = " ".join(parts[at:at + 5])
                    hits.setdefault(some, Hit(file, reading, some, *sought.runs[run]))
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
    some = ["these", "five", "words", "are", word]
    if not find(Needles(runs={run_hash(some): ("a test", "itself")}), "a.html",
                readings("a.html", " ".join(some).encode())):
        raise BlindError("A run of words that was hidden for a test was not found. Nothing was"
                         " published. This is a fault of imagelib; please report it.")


def _in_blocks(sought: Needles, site: Path) -> Iterator[Hit]:
    """The texts of the index, which are written as numbers of pieces."""
    records, searches = read_site(site)
    for record in records:
        values: list[Any] = [record.original_name, record.file_name, *record.fields.values()]
        found = [("the index", text) for value in values for text in _texts(value)]
        yield from find(sought, f"data/ (image {record.id})", found)
    yield from find(sought, "data/manifest.js",
                    [("the index", text) for search in searches for text in search])


def _in_pictures(library: Library, paths: list[Path], site: Path) -> Iterator[Hit]:
    """What pictures say besides what is seen in them."""
    most = library.settings.max_pixels

    def one(path: Path) -> list[str]:
        is_cleaned = path.is_relative_to(site / ORIGINALS)
        try:
            said: list[str] = library.sandbox.call(
                "imagelib.publishing.proof.pictures:said_by", str(path), most, is_cleaned)
        except BusyError:
            raise
        except ImagelibError as error:
            return [str(error)]
        return said

    with ThreadPoolExecutor(library.sandbox.size) as pool:
        for path, said in zip(paths, pool.map(one, paths), strict=True):
            yield from (Hit(path.relative_to(site).as_posix(), "the picture itself", text, "", "")
                        for text in said)


def _texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for pair in value.items() for one in pair for text in _texts(one)]
    if isinstance(value, list | tuple):
        return [text for one in value for text in _texts(one)]
    return [str(value)] if value is not None else []
