"""What must not be found: words, and runs of words, of what is withheld and of nothing public."""

from __future__ import annotations

import getpass
import json
import socket
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import chain
from pathlib import Path

from imagelib.generator.index.blocks import text_keys
from imagelib.generator.pages import HEADERS
from imagelib.library.library import Library
from imagelib.library.values.registry import TEXTS
from imagelib.publishing.cleaning.label import PACKET
from imagelib.publishing.policy import BECOMES, Pictures, Policy
from imagelib.publishing.proof.told import AllTold, Withheld, texts_of, withheld
from imagelib.publishing.proof.wording import runs, telling, words
from imagelib.resources import bundled

#: What the headers of pictures and of colour profiles say. Nobody learns of a library by them.
_OF_FORMATS = """
    Adobe JFIF Exif ICC_PROFILE ICCRGBG1 WEBPVP8 ftypavif NETSCAPE XMP DataXMP acspMSFT acspAPPL
    mntrRGB mntrGRAY prtrRGB prtrGRAY prtrCMYK scnrRGB scnrGRAY spacRGB RGB XYZ
"""
#: What the profiles say that many files have (those of Hewlett-Packard, Google, Apple, Adobe and
#: Little CMS), where files go out as they are.
_OF_PROFILES = """
    Copyright Hewlett Packard Company IEC61966 Default Colour Color Space
    Reference Viewing Condition Domain Public Google Freely Apple Display Profile Systems
    Incorporated Little Built generic medium white black point ホワイトポイント ブラックポイント
"""
_TEMPLATES = frozenset((".html", ".js", ".css", ".xml", ".svg", ".toml", ".webmanifest"))


@dataclass(slots=True)
class Needles:
    """What is looked for. `words` say where each comes from: the field and the image's file."""

    words: dict[str, tuple[str, str]] = field(default_factory=dict)
    runs: dict[str, tuple[str, str]] = field(default_factory=dict)
    #: Withheld values that cannot be known again, as all of their words are public or short.
    untestable: int = 0


def needles(library: Library, policy: Policy, published: Mapping[int, Sequence[str]],
            told: AllTold) -> Needles:
    """What of *library* must not be found in a site with the images whose pks are *published*.

    With them stand the ids and digests that the site may hold; *told* is what is known of images.
    """
    told.follow(library, policy, published.keys())
    open_words, open_runs = _public(library, policy, published)
    for said, said_in_a_row in told.public():
        open_words.update(said)
        open_runs.update(said_in_a_row)
    open_words.update(word for marks in published.values() for one in marks for word in words(one))
    open_words.update(word for text in policy.allow for word in words(text))
    found = Needles()
    seen: set[int] = set()  # workflows say the same words over and over
    for source, texts in chain(told.withheld(), _withheld_besides(library, policy, published)):
        for name, some_words, some_runs, number in texts:
            if (known := hash((some_words, some_runs, number))) in seen:
                continue
            seen.add(known)
            parts = some_words.split()
            if not open_words.issuperset(parts):
                # One after the other: given both, the second would be gone through whole.
                for word in set(parts).difference(open_words).difference(found.words):
                    found.words[word] = (name, source)
                continue
            fresh = [run for run in some_runs.splitlines() if run not in open_runs]
            found.untestable += not fresh
            for run in fresh:
                found.runs.setdefault(run, (name, source))
    return found


def _withheld_besides(library: Library, policy: Policy, published: Collection[int]
                      ) -> Iterator[tuple[str, Iterable[Withheld]]]:
    """(where it stands, what it says) of all that is withheld and is said by no image."""
    for row in library.database.read("SELECT id, record FROM trash"):
        for name, value in json.loads(row["record"]).items():
            if BECOMES.get(name, "never") not in ("made", "file"):
                yield f"{row['id']} in the trash", (withheld(name, text)
                                                    for text in texts_of(value))
    for row in library.database.read("SELECT name, query FROM searches"):
        if row["name"] not in policy.saved_searches:
            yield row["name"], [withheld("saved search", f"{row['name']} {row['query']}")]
    for tag, text, is_public in _albums(library, policy, published):
        if not is_public:
            yield tag, [withheld("album", f"{tag} {text}")]
    for row in library.database.read("SELECT DISTINCT who, note FROM picks"):
        yield row["who"], [withheld("pick", f"{row['who']} {row['note']}")]
    yield str(library.root), [withheld("folder", " ".join(library.root.parts[1:]))]
    yield "", [withheld("this machine", f"{_user()} {socket.gethostname()} {Path.home()}")]


def _albums(library: Library, policy: Policy, published: Collection[int]
            ) -> Iterator[tuple[str, str, bool]]:
    """Tag and text of each album, and whether they are public: some published image says the tag.
    """
    for tag, text in library.database.read("SELECT tag, text FROM albums"):
        yield tag, text, "tags" in policy.fields and tag in policy.tags and any(
            row[0] in published for row in library.database.read(
                "SELECT it.image FROM image_tags AS it JOIN tags AS t ON t.id = it.tag"
                " WHERE t.name = ?", tag))


def _public(library: Library, policy: Policy, published: Collection[int]
            ) -> tuple[set[str], set[str]]:
    """The words and runs of what everybody may read, but for what images say."""
    own = [_OF_FORMATS, PACKET.decode(), policy.heading, policy.intro, policy.author,
           policy.licence, policy.base_url, policy.robots]
    if policy.originals == "as they are":
        own.append(_OF_PROFILES)
    if isinstance(policy.originals, Pictures):
        own.append(policy.originals.watermark)
    for row in library.database.read("SELECT name, query FROM searches"):
        if row["name"] in policy.saved_searches:
            own += [row["name"], row["query"]]
    own += [text for _, text, is_public in _albums(library, policy, published) if is_public]
    found: set[str] = set()
    open_runs: set[str] = set()
    for text in own:
        _add(text, found, open_runs)
    found |= _program_words()
    if own_templates := library.settings.templates_dir:
        for text in _texts_in(own_templates):
            _add(text, found, open_runs)
    return found, open_runs


@cache
def _program_words() -> frozenset[str]:
    """What the pages of every site say, its scripts, the keys of its index, and what hosts read."""
    keys = chain.from_iterable(map(text_keys, TEXTS))
    said = (*_texts_in(bundled("templates")), *keys, HEADERS, ".nojekyll")
    return frozenset(word for text in said for word in telling(set(words(text))))


def _texts_in(folder: Path) -> Iterator[str]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix in _TEMPLATES:
            yield path.read_text(encoding="utf-8", errors="replace")


def _add(text: str, found: set[str], open_runs: set[str]) -> None:
    parts = words(text)
    found.update(telling(parts))
    open_runs.update(runs(parts))


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container without a list of users
        return ""
