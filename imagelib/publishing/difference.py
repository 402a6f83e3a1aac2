"""What a publication would change: images, files, and what would be known for the first time."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field

from imagelib.library.values.image import Image
from imagelib.publishing.ledger import Ledger, text_hash
from imagelib.publishing.policy import Policy
from imagelib.publishing.records import NO_DATE

#: How long what a newer file has replaced stays, in seconds: an open page may still ask for it.
GRACE = 86_400.0
#: More images than this part of those that are out, at once, are a wider publication.
_MANY = 0.2
#: So many files may go without a further word, or a tenth of all.
_FEW_REMOVALS = 256
_LASTING = ("data/", "static/", "thumbs/")
#: Parts of the site in the order in which they go out; what nothing refers to yet comes first.
_PHASES = ("thumbs/", "static/", "images/", "data/", "", "image/", "data/manifest.js", "index.html")


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
    #: Replaced files that stay for a while.
    gone: list[str] = field(default_factory=list)
    size: int = 0
    #: Texts that become public there for the first time, by field.
    first: dict[str, list[str]] = field(default_factory=dict)
    #: Fields that the last policy there did not keep.
    wider: list[str] = field(default_factory=list)
    #: Whether more becomes public than a person would expect of an edit, and why.
    widens: str = ""
    #: Whether more is taken away than a person would expect, and why.
    clears: str = ""

    def __bool__(self) -> bool:
        return bool(self.put or self.remove)

    def to_json(self) -> dict[str, object]:
        """All of it, for programs."""
        return asdict(self)


@dataclass(slots=True)
class Snapshot:
    """What a publication is now: hashes of its files and records, and its texts by field."""

    files: dict[str, tuple[str, int]]
    images: dict[str, str]
    texts: dict[tuple[str, str], str]


def snapshot(files: dict[str, tuple[str, int]], records: Iterable[Image]) -> Snapshot:
    """What a publication is: *files* by path with digest and size, made of *records*."""
    images, texts = {}, {}
    for image in records:
        record = image.to_json()
        for name in ("pk", "created_at", "updated_at", "version"):
            del record[name]
        images[image.id] = hashlib.sha256(json.dumps(record).encode()).hexdigest()
        for name, text in _texts_of(image):
            texts[name, text_hash(text)] = text
    return Snapshot(files, images, texts)


def compare(now: Snapshot, ledger: Ledger, policy: Policy, place: str, *, takes_down: bool = False
            ) -> Difference:
    """What would change in *place*. With *takes_down* nothing that was replaced stays there."""
    found = Difference(place)
    out, before = ledger.files(), ledger.images()
    found.added = sorted(now.images.keys() - before.keys())
    found.removed = sorted(before.keys() - now.images.keys())
    found.changed = sorted(image for image, record in now.images.items()
                           if before.get(image, record) != record)
    found.put = sorted((path for path, (checksum, _) in now.files.items()
                        if path not in out or out[path].digest != checksum), key=_phase)
    found.size = sum(now.files[path][1] for path in found.put)
    hurried = takes_down or bool(found.removed)
    for path in sorted(out.keys() - now.files.keys(), key=_phase, reverse=True):
        since = out[path].gone_since
        lasts = path.startswith(_LASTING) and not hurried and (
            since is None or since > time.time() - GRACE)
        (found.gone if lasts else found.remove).append(path)
    known = ledger.texts()
    for (name, checksum), text in now.texts.items():
        if (name, checksum) not in known:
            found.first.setdefault(name, []).append(text)
    kept_before = json.loads(ledger.policy)["fields"] if ledger.policy else []
    found.wider = [name for name in policy.fields if name not in kept_before]
    if ledger.at:
        found.widens = _widens(found, len(before))
    limit = max(_FEW_REMOVALS, len(out) // 10)
    if len(found.remove) > limit:
        found.clears = f"{len(found.remove):,} files are taken away, more than {limit:,}"
    return found


def _widens(found: Difference, before: int) -> str:
    if found.wider:
        return f"{', '.join(found.wider)} was not public there before"
    if before and len(found.added) > max(5, before * _MANY):
        return f"{len(found.added):,} images come to {before:,}"
    return ""


def _texts_of(image: Image) -> Iterable[tuple[str, str]]:
    for name in ("title", "prompt_text", "negative_prompt", "ai_model", "notes", "original_name"):
        if text := getattr(image, name):
            yield name, text
    if image.captured_at != NO_DATE:
        yield "captured_at", image.captured_at
    yield from (("tags", tag) for tag in image.tags)
    for name, value in image.generation.items():
        yield "generation", f"{name}: {value if isinstance(value, str) else json.dumps(value)}"


def _phase(path: str) -> tuple[int, str]:
    return max((number for number, start in enumerate(_PHASES)
                if path == start or (start.endswith("/") and path.startswith(start))),
               default=_PHASES.index("")), path
