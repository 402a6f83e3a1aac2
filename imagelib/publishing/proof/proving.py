"""Read a whole site and say what of the withheld is in it."""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import chain, groupby
from pathlib import Path
from typing import Any

from imagelib.errors import BusyError, ImagelibError
from imagelib.generator.index.blocks import MANIFEST_PATH, without_numbers
from imagelib.generator.paths import ORIGINALS
from imagelib.generator.reading import read_block
from imagelib.library.library import Library
from imagelib.publishing.policy import Policy
from imagelib.publishing.proof.beside_pixels import below_pixels, beside_pixels
from imagelib.publishing.proof.beyond import (
    longest,
    moments_beyond,
    numbers_beyond,
    size_beyond,
    strangers,
)
from imagelib.publishing.proof.needles import Needles, needles
from imagelib.publishing.proof.readings import (
    BASE64,
    BYTES,
    CANARIES,
    HEXADECIMAL,
    PIXELS,
    Reading,
    is_picture,
    of_pixels,
    readings,
)
from imagelib.publishing.proof.seen import File, Seen, look_of, marks, packed
from imagelib.publishing.proof.told import AllTold, texts_of
from imagelib.publishing.proof.wording import (
    comes_by_chance,
    runs,
    telling,
    words,
    words_by_line,
)

Progress = Callable[[str, int, int], None]
#: Of how many bytes of pictures a worker is asked at once; more might take longer than it may.
_AT_ONCE = 1 << 20


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


@dataclass(frozen=True, slots=True)
class Memory:
    """What earlier proofs have found out: of the files of the site, and of the library's images."""

    seen: Seen
    told: AllTold


@dataclass(slots=True)
class Said:
    """What one file says, and how it was read: words that tell something, and runs of words."""

    words: dict[str, str] = field(default_factory=dict)
    runs: dict[str, str] = field(default_factory=dict)


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
    #: Files of earlier states of the site that say something which is withheld now.
    outdated: set[str] = field(default_factory=set)


def prove(library: Library, policy: Policy, published: Mapping[int, Sequence[str]], site: Path,
          made: Set[str], memory: Memory, *, out: Set[str] = frozenset(),
          progress: Progress = lambda stage, done, total: None) -> Proof:
    """Look into every file of *site* for what is withheld of *library*.

    *published* are the marks, an id and a digest, by which public records are known, by the pks of
    the library; *made* are the paths of the files that a build has made, *out* those that lie in
    some place, also of earlier states of the site. A file that is as it was
    when it was read is read again only where something new that is looked for may be in it.

    Raises:
        BlindError: what was hidden for a test was not found.
    """
    kept_out = strangers(library, policy, published.keys())
    sought = needles(library, policy, {pk: one for pk, one in published.items()
                                       if pk not in kept_out}, memory.told)
    check_sight()
    proof = Proof(words=len(sought.words), runs=len(sought.runs), untestable=sought.untestable)
    wanted = marks((*sought.words, *sought.runs))
    looks, kind = _looks_in(site, policy), _kind(policy)
    silent = memory.seen.silent(looks, wanted)
    unread = [name for name in looks if name not in silent]

    found, total = dict(silent), len(unread)
    pictures = [name for name in unread if kind != "as they are" and is_picture(name)]
    with ThreadPoolExecutor(library.sandbox.size) as pool:  # they wait for workers
        said: dict[str, Future[dict[str, tuple[list[Hit], str]]]] = {}
        for names in _together(pictures, looks):
            said |= dict.fromkeys(names, pool.submit(_said_by, library, site, names, kind))
        try:
            for done, name in enumerate(unread, 1):
                is_ours = name in made and is_picture(name) and (
                    kind == "anew" or not name.startswith(f"{ORIGINALS}/"))
                told, bits = said[name].result()[name] if name in said else ([], "")
                file, hits = _read(site / name, name, looks[name], sought, policy,
                                   is_ours=is_ours, bits=bits)
                hits += told
                found[name] = file.digest
                if not hits and not memory.seen.knows(name, file.look):
                    memory.seen.put(name, file)
                proof.hits += hits
                progress("proving", done, total)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    proof.hits += [Hit(name, "the site", "a file that no build has made", "", "")
                   for name in looks if name not in made]
    proof.hits += [Hit(f"image/{published[pk][0]}.html", "the library", reason, "", "")
                   for pk, reason in sorted(kept_out.items())]
    proof.files = {name: (found[name], _size(looks[name])) for name in looks}
    proof.outdated = memory.seen.holding(out - looks.keys(), wanted)
    memory.seen.save(looks.keys() | out, None if proof.hits else wanted)
    return proof


def _read(path: Path, name: str, look: str, sought: Needles, policy: Policy, *, is_ours: bool,
          bits: str) -> tuple[File, list[Hit]]:
    """What one file says, and what of that is *sought*, or beyond what *policy* lets out.

    Of a picture that our encoder wrote, *is_ours*, pixels are not taken for letters; *bits* are the
    words that the lowest bits of a picture say.
    """
    if path.is_symlink():
        return File(look, "", b""), [Hit(name, "the site", "a link", "", "")]
    content = path.read_bytes()
    beside = beside_pixels(content)
    is_block = name.startswith("data/") and name != MANIFEST_PATH
    rows = read_block(path) if is_block else []
    found = chain(_readings(rows, name, without_numbers(beside) if is_block else beside),
                  [(f"{PIXELS}, the lowest bits", bits)])
    if not is_ours and len(beside) < len(content):
        found = chain(found, of_pixels(content, below_pixels(content)))
    said = said_in(found, words_by_line if path.suffix == ".html" else words)
    beyond = [*numbers_beyond(rows, policy), *(
        size_beyond(content, longest(policy)) if is_picture(name) else []), *(
        moments_beyond(content) if name.endswith(".xml") else [])]
    return (File(look, hashlib.sha256(content).hexdigest(),
                 packed(marks((*said.words, *said.runs)))),
            [*find(sought, name, said), *(Hit(name, "more than the policy says", text, "", "")
                                          for text in dict.fromkeys(beyond))])


def _looks_in(site: Path, policy: Policy) -> dict[str, str]:
    """How each file of *site* looks, and what it was made by."""
    # Numbers are no needles that a narrower policy would look for anew.
    numbers = [word for word in policy.fields if word in ("date", "date:month", "rating")]
    kind = f"{_kind(policy)}-{','.join(sorted(numbers))}"
    found: dict[str, str] = {}
    folders, start = [str(site)], len(str(site)) + 1
    while folders:
        with os.scandir(folders.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)
                else:
                    look = look_of(entry.stat(follow_symlinks=False))
                    found[entry.path[start:]] = f"{look}-{kind}"
    return dict(sorted(found.items()))


def _kind(policy: Policy) -> str:
    """What is true of the files of originals: "cleaned", "as they are", or made "anew"."""
    how = policy.originals
    return how if isinstance(how, str) and how != "none" else "anew"


def said_in(found: Iterable[Reading], words_of: Callable[[str], list[str]] = words) -> Said:
    """The words that tell something, and the runs of words, in the readings of one file."""
    said = Said()
    for reading, text in found:
        parts = words_of(text)
        fresh = telling(set(parts).difference(said.words))
        if any(kind in reading for kind in (BYTES, BASE64, HEXADECIMAL, PIXELS)):
            in_pixels = PIXELS in reading
            fresh = iter([word for word in fresh
                          if not comes_by_chance(word, in_pixels=in_pixels)])
        # A block has thousands of readings: what was said before is not gone through for each.
        said.words |= dict.fromkeys(set(fresh).difference(said.words), reading)
        said.runs |= dict.fromkeys(set(runs(parts)).difference(said.runs), reading)
    return said


def find(sought: Needles, file: str, said: Said) -> list[Hit]:
    """What of *sought* is *said* in one file; each text once."""
    return [Hit(file, reading[text], text, *needle[text])
            for reading, needle in ((said.words, sought.words), (said.runs, sought.runs))
            for text in reading.keys() & needle.keys()]


def check_sight() -> None:
    """Hide a word in every way that there is a reading for, and see whether it is found.

    Raises:
        BlindError: it is not.
    """
    word = f"canary{secrets.token_hex(5)}"
    sought = Needles({word: ("a test", "itself")})
    for name, hide in CANARIES.items():
        path, content = hide(word)
        if not find(sought, path, said_in(readings(path, content))):
            raise BlindError(f"A word that was hidden as {name} for a test was not found. Nothing"
                             " was published. This is a fault of imagelib; please report it.")
    some = f"these five words are {word}"
    if not find(Needles(runs={some: ("a test", "itself")}), "a.html",
                said_in(readings("a.html", some.encode()))):
        raise BlindError("A run of words that was hidden for a test was not found. Nothing was"
                         " published. This is a fault of imagelib; please report it.")


def _readings(rows: list[dict[str, Any]], name: str, content: bytes) -> Iterator[Reading]:
    """All that can be read in a file, and the texts of the *rows* of a block, which are numbers of
    pieces."""
    yield from readings(name, content)
    # The names of values, tags and models are in each row.
    once = {text for values in rows for text in texts_of(values)}
    yield from (("the index", text) for text in once)


def _size(look: str) -> int:
    return int(look.split("-")[0])


def _together(pictures: Iterable[str], looks: Mapping[str, str]) -> Iterator[list[str]]:
    """*pictures* in groups that a worker is asked of at once, of one folder, as an answer takes
    longer than a small picture."""
    for _, names in groupby(pictures, lambda name: name.split("/")[0]):
        group: list[str] = []
        size = 0
        for name in names:
            if group and size + _size(looks[name]) > _AT_ONCE:
                yield group
                group, size = [], 0
            group.append(name)
            size += _size(looks[name])
        yield group


def _said_by(library: Library, site: Path, names: list[str], kind: str
             ) -> dict[str, tuple[list[Hit], str]]:
    """What pictures of one folder say besides what is seen in them, by their *names*, and the words
    that their lowest bits say."""
    try:
        said = library.sandbox.call("imagelib.publishing.proof.pictures:said_by_each",
                                    [str(site / name) for name in names],
                                    library.settings.max_pixels,
                                    kind if names[0].startswith(f"{ORIGINALS}/") else "")
    except BusyError:
        raise
    except ImagelibError as error:
        if len(names) > 1:  # which one it was is told by asking of each
            return {name: hits for one in names
                    for name, hits in _said_by(library, site, [one], kind).items()}
        said = [([str(error)], "")]
    return {name: ([Hit(name, "the picture itself", text, "", "") for text in texts], bits)
            for name, (texts, bits) in zip(names, said, strict=True)}

