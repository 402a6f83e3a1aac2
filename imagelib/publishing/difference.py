"""What a publication would change: images, files, and what would be known for the first time."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import asdict, dataclass, field
from typing import Literal

from imagelib.errors import InvalidError
from imagelib.library.values.image import Image
from imagelib.publishing.ledger import Ledger, text_hash
from imagelib.publishing.policy import Policy
from imagelib.publishing.records import NO_DATE
from imagelib.publishing.widening import widened

#: How long what a newer file has replaced stays, in seconds: an open page may still ask for it.
GRACE = 86_400.0
#: More images than this part of those that are out, at once, are a wider publication.
_MANY = 0.2
#: So many files may go without a further word, or a tenth of all.
_FEW_REMOVALS = 256
#: What people call one text of each value.
_NOUNS = {"title": "title", "prompt_text": "prompt", "negative_prompt": "negative prompt",
          "ai_model": "model", "notes": "note", "original_name": "file name",
          "captured_at": "date", "tags": "tag", "generation": "setting"}
_LASTING = ("data/", "static/", "thumbs/")
#: Parts of the site in the order in which they go out; what nothing refers to yet comes first.
_FRONT = ("data/manifest.js", "index.html")
_PHASES = ("thumbs/", "static/", "images/", "data/", "", "image/", *_FRONT)


@dataclass(slots=True)
class Difference:
    """What publishing would do to one place."""

    place: str
    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    #: Paths in the order in which they go out, and those that are taken away afterwards.
    put: list[str] = field(default_factory=list)
    remove: list[str] = field(default_factory=list)
    #: So many of `put`, the first, are not there yet; the others replace something, or are the
    #: front.
    fresh: int = 0
    #: Replaced files that stay for a while.
    gone: list[str] = field(default_factory=list)
    size: int = 0
    #: Texts that become public there for the first time, by field.
    first: dict[str, list[str]] = field(default_factory=dict)
    #: What the last policy there did not let through, in words.
    wider: list[str] = field(default_factory=list)
    #: Whether more becomes public than a person would expect of an edit, and why.
    widens: str = ""
    #: Whether more is taken away than a person would expect, and why.
    clears: str = ""

    def __bool__(self) -> bool:
        return bool(self.put or self.remove or self.wider)

    @property
    def news(self) -> list[tuple[str, list[str]]]:
        """The texts that become public for the first time, by what people call one of them."""
        return [(_NOUNS.get(name, name), texts) for name, texts in sorted(self.first.items())]

    def to_json(self) -> dict[str, object]:
        """All of it, for programs."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Consent:
    """What is not sent before somebody has agreed to it by name: to what of it, that more
    becomes public or how much is taken away, and why, as a sentence without its full stop."""

    to: Literal["widen", "removals"]
    reason: str


def consents(difference: Difference, policy: Policy) -> list[Consent]:
    """What has to be agreed to before *difference* is sent; whoever asks for it asks for all."""
    found = []
    if difference.clears:
        found.append(Consent("removals", difference.clears))
    if difference.widens:
        found.append(Consent("widen", difference.widens))
    if policy.originals == "as they are":
        found.append(Consent("widen", 'With originals = "as they are", files go out with all that'
                                      " is in them: prompts, workflows, dates"))
    return found


def lacking(difference: Difference, policy: Policy, *, widen: bool, removals: int | None
            ) -> list[Consent]:
    """What has to be agreed to and is not, where *widen* says whether more may become public, and
    *removals* how many files may be taken away.

    Raises:
        InvalidError: more files than that are.
    """
    if removals is not None and len(difference.remove) > removals:
        raise InvalidError(f"{len(difference.remove):,} files would be taken away, more than"
                           f" {removals:,}. Nothing was sent.")
    given = {"widen": widen, "removals": removals is not None}
    return [one for one in consents(difference, policy) if not given[one.to]]


@dataclass(slots=True)
class Contents:
    """What a publication is now: digest and size of its *files* by path, and a hash of the public
    record of each of its *images* by id."""

    files: dict[str, tuple[str, int]]
    images: dict[str, str]
    #: Hashes of texts that were not public in that place so far, with the name of their value.
    texts: set[tuple[str, str]] = field(default_factory=set)


def compare(now: Contents, ledger: Ledger, policy: Policy, place: str,
            records: Callable[[list[str]], Iterable[Image]], *, takes_down: bool = False,
            outdated: Collection[str] = ()) -> Difference:
    """What would change in *place*. With *takes_down* nothing that was replaced stays there, and in
    any case nothing *outdated*, which says what is withheld by now.

    *records* gives the public records with some ids; the texts of *now* are noted.
    """
    found = Difference(place)
    out, before = ledger.files(), ledger.images()
    found.added = sorted(now.images.keys() - before.keys())
    found.removed = sorted(before.keys() - now.images.keys())
    found.changed = sorted(image for image, record in now.images.items()
                           if before.get(image, record) != record)
    # What is there is replaced when all that it may refer to by now is there, too.
    fresh = {path for path in now.files if path not in _FRONT and not (
        path in out and out[path].digest)}
    found.put = sorted((path for path, (checksum, _) in now.files.items()
                        if path not in out or out[path].digest != checksum),
                       key=lambda path: (path not in fresh, phase(path)))
    found.fresh = sum(path in fresh for path in found.put)
    found.size = sum(now.files[path][1] for path in found.put)
    last = _last(ledger) if ledger.policy else policy
    # What nobody may know any more does not stay for the sake of an open page, and of what was
    # broken off nobody knows whose it is.
    hurried = (takes_down or ledger.is_broken_off or bool(found.removed)
               or bool(widened(policy, last)))
    for path in sorted(out.keys() - now.files.keys(), key=phase, reverse=True):
        since = out[path].gone_since
        lasts = path.startswith(_LASTING) and bool(out[path].digest) and not hurried and (
            path not in outdated and (since is None or since > time.time() - GRACE))
        (found.gone if lasts else found.remove).append(path)
    known = ledger.texts()
    # Whose record is out already has all of its texts out.
    for image in records(found.added + found.changed):
        for name, text in _texts_of(image, 10 if "date" in policy.fields else 7):
            if (mark := (name, text_hash(text))) not in known | now.texts:
                found.first.setdefault(name, []).append(text)
                now.texts.add(mark)
    found.wider = widened(last, policy)
    if ledger.at:
        found.widens = _widens(found, len(before))
    limit = max(_FEW_REMOVALS, len(out) // 10)
    if len(found.remove) > limit:
        found.clears = f"{len(found.remove):,} files are taken away, more than {limit:,}"
    elif before and not now.images:
        found.clears = f"No image is left of {len(before):,}"
    return found


def _last(ledger: Ledger) -> Policy:
    try:
        return Policy.of_json(ledger.policy)
    except InvalidError:  # nobody knows any more what it let through
        return Policy(name="unknown", originals="none")


def _widens(found: Difference, before: int) -> str:
    if found.wider:
        return "; ".join(found.wider)
    if before and len(found.added) > max(5, before * _MANY):
        if len(found.removed) == before:
            return f"{len(found.added):,} images take the place of all {before:,} that are there"
        return f"{len(found.added):,} images are added to the {before:,} that are there"
    return ""


def _texts_of(image: Image, date: int) -> Iterable[tuple[str, str]]:
    for name in ("title", "prompt_text", "negative_prompt", "ai_model", "notes", "original_name"):
        if text := getattr(image, name):
            yield name, text
    if image.captured_at != NO_DATE:
        yield "captured_at", image.captured_at[:date]
    yield from (("tags", tag) for tag in image.tags)
    for name, value in image.generation.items():
        yield "generation", f"{name}: {value if isinstance(value, str) else json.dumps(value)}"


def phase(path: str) -> tuple[int, str]:
    """Where *path* stands in the order in which files go out."""
    return max((number for number, start in enumerate(_PHASES)
                if path == start or (start.endswith("/") and path.startswith(start))),
               default=_PHASES.index("")), path
