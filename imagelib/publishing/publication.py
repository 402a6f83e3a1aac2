"""Publish: derive, build, prove, compare, and then, if somebody agrees, put it there."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from imagelib.config import Settings
from imagelib.errors import ConflictError, ImagelibError, InvalidError, NotFoundError
from imagelib.generator.builder import build
from imagelib.generator.derivatives import nobody
from imagelib.generator.pages import SiteInfo
from imagelib.library.library import Library
from imagelib.publishing.derived import Derivation, Progress, derived
from imagelib.publishing.difference import Contents, Difference, compare, phase
from imagelib.publishing.ledger import Ledger, ledger_path
from imagelib.publishing.policy import Policy
from imagelib.publishing.proof.proving import Hit, Proof, prove
from imagelib.publishing.targets import target_of
from imagelib.publishing.targets.limits import exceeded
from imagelib.publishing.targets.target import Target
from imagelib.publishing.visiting import Visit, visit
from imagelib.publishing.whereabouts import held_by


class LeakError(ImagelibError):
    """Something withheld is in what would be published."""

    exit_code = 4
    title = "Something withheld was found"

    def __init__(self, hits: list[Hit]) -> None:
        super().__init__(f"{len(hits):,} withheld texts were found in what would be published."
                         " Nothing was sent. Change the policy, or name a harmless word under"
                         " `allow`.")
        self.hits = hits


@dataclass(slots=True)
class Publication:
    """What is about to be published, and what came of making it."""

    policy: Policy
    derivation: Derivation
    proof: Proof
    difference: Difference
    #: Templates of the user's own: what they say is public.
    templates: list[str]
    #: What is more than the host takes.
    limits: list[str]
    sent: list[str] = field(default_factory=list)
    send: Callable[[], None] = lambda: None


@contextmanager
def publication(library: Library, policy: Policy, place: str, *,
                without: Collection[str] = (), takes_down: bool = False,
                progress: Progress = lambda stage, done, total: None) -> Iterator[Publication]:
    """Make the site of *policy*, prove it, and compare it with what lies in *place*.

    Nothing has left this machine yet; `send` does that. Called again after it was broken off,
    it goes on. The images *without* (their ids) are left out.

    Raises:
        LeakError: something that is withheld is in it. ConflictError: *place* is not ours.
        InvalidError: it has none of the images that were asked for, and nothing of it
        is in *place* yet.
        LockedError: it is being published right now.
    """
    if policy.is_over:
        raise InvalidError(f"{policy.name!r} was to be published until {policy.expires}. Change"
                           " `expires`, or take it away with --unpublish.")
    target = target_of(place, library.settings)
    with derived(library, policy) as one:
        with Ledger(one.root / "ledger.db", target.name) as ledger:
            known = ledger.files()
            missing = target.missing(known)
            ledger.doubt(missing)
            there = {path: known[path] for path in known.keys() - set(missing)}
            try:
                target.check(there, [*ledger.absent(), *missing])
            except (ConflictError, InvalidError) as error:
                raise _held(library.settings, policy.name, target.name) or error from error
            out, is_first = ledger.everywhere(), not there
        derivation = one.follow(progress, set(without))
        if is_first and not derivation.images and (policy.query or derivation.refused):
            raise InvalidError(_nothing(policy, derivation.refused))
        site = one.root / "site"
        info = _info(policy, one.library.settings, one.id if policy.picks.kinds else "",
                     one.album, one.salt if policy.ids == "own" else 0)
        build(one.library, site, site=info, lingers=False,
              lent=one.lender() if derivation.added or derivation.changed else nobody,
              progress=progress)
        proof = prove(library, policy, one.marks(), site, one.made(), one.memory(), out=out,
                      progress=progress)
        if proof.hits:
            raise LeakError(proof.hits)
        now = Contents(proof.files, one.hashes())
        with Ledger(one.root / "ledger.db", target.name) as ledger:
            found = Publication(policy, derivation, proof,
                                compare(now, ledger, policy, target.name, one.records,
                                        takes_down=takes_down, outdated=proof.outdated),
                                _templates(library.settings), exceeded(target.name, proof.files))
            found.send = lambda: _send(found, now, ledger, target, site, progress)
            yield found
            if not found.difference:  # a narrower policy may change no file
                ledger.done(policy.model_dump_json(), now.images, now.texts)


@dataclass(frozen=True, slots=True)
class Ending:
    """What is out in a place, before it is taken away."""

    place: str
    paths: list[str]
    clear: Callable[[], None]


@contextmanager
def ending(library: Library, policy: Policy, place: str,
           progress: Progress = lambda stage, done, total: None) -> Iterator[Ending]:
    """The publication in *place*, which `clear` takes away whole, the front first.

    Raises:
        NotFoundError: nothing of it is there. LockedError: it is being published right now.
    """
    target = target_of(place, library.settings)
    with (derived(library, policy) as one,
          Ledger(one.root / "ledger.db", target.name) as ledger):
        paths = sorted(ledger.files(), key=phase, reverse=True)
        if not paths:
            raise NotFoundError(f"Nothing of {policy.name!r} is in {target.name}.")

        def clear() -> None:
            done = 0

            def removed(some: Sequence[str]) -> None:
                nonlocal done
                ledger.removed(some)
                progress("removing", done := done + len(some), len(paths))

            target.clear(paths, removed)
            ledger.ended()

        yield Ending(target.name, paths, clear)


def visited(settings: Settings, policy: Policy, place: str, url: str,
            progress: Progress = lambda stage, done, total: None) -> Visit:
    """Whether visitors of *url* get what is in *place*, and nothing besides; the next publication
    sends again what they do not get as it was sent, and takes away what is still there.

    Raises:
        NotFoundError: nothing was published there. UnreachableError: nobody answers.
    """
    name = target_of(place, settings).name
    path = ledger_path(settings, policy.name)
    if not path.exists():
        raise NotFoundError(f"{policy.name!r} was never published.")
    with Ledger(path, name) as ledger:
        files, absent = ledger.files(), ledger.absent()
        is_broken_off = ledger.is_broken_off
    if "index.html" not in files and not absent:
        raise NotFoundError(f"{policy.name!r} was never published in {name}.")
    report = visit(url, {path: one for path, one in files.items() if one.digest}, absent,
                   lambda done, total: progress("asking", done, total))
    with Ledger(path, name) as ledger:
        ledger.doubt(report.wrong)
    if is_broken_off:
        report.faults.insert(0, "The last publication was broken off. Publish again to go on.")
    return report


def _send(found: Publication, now: Contents, ledger: Ledger, target: Target, site: Path,
          progress: Progress) -> None:
    """Put what is new, then take away what nobody wants; noted file by file, so that whoever comes
    after somebody who was killed goes on where it ended."""
    difference = found.difference
    total = len(difference.put) + len(difference.remove)

    def put(paths: Sequence[str]) -> None:
        for path in paths:
            ledger.put(path, *now.files[path])
        found.sent.extend(paths)
        progress("sending", len(found.sent), total)

    doubted = ledger.doubted()
    ledger.begin(difference.put)
    ledger.gone(difference.gone)
    # Who replaces a page would send it beside the new ones that it refers to.
    for some in (difference.put[:difference.fresh], difference.put[difference.fresh:]):
        target.put(site, some, put, doubted)
    target.remove(difference.remove, ledger.removed)
    target.finish(site)
    put(difference.put[len(found.sent):])
    ledger.removed(difference.remove)
    ledger.done(found.policy.model_dump_json(), now.images, now.texts)


def _templates(settings: Settings) -> list[str]:
    own = settings.templates_dir
    return sorted(path.relative_to(own).as_posix() for path in own.rglob("*")
                  if path.is_file()) if own else []


def _held(settings: Settings, name: str, place: str) -> ConflictError | None:
    """What to say of a *place* that another publication than *name* fills."""
    others = [other for other in held_by(settings, place) if other != name]
    return ConflictError(f"{place} holds the publication {others[0]!r}. Choose another place, or"
                         f" take that away first: imagelib publish {others[0]} --to"
                         f" {shlex.quote(place)} --unpublish") if others else None


def _nothing(policy: Policy, refused: Sequence[tuple[str, str]]) -> str:
    """Why a first publication would have none of the images that were asked for."""
    said = f"{policy.query!r} finds no image that may be public"
    if refused:
        file, reason = refused[0]
        said = f"None of {len(refused):,} images can be published; {file}: {reason}"
    return f"{said}. Nothing was sent."


def _info(policy: Policy, settings: Settings, publication_id: str, album: str | None,
          salt: int) -> SiteInfo:
    return SiteInfo(
        settings.title, settings.language, settings.base_url, settings.sharp, published=True,
        intro=policy.intro, author=policy.author, licence=policy.licence, robots=policy.robots,
        dates="day" if "date" in policy.fields else "month" if "date:month" in policy.fields
        else "none",
        withheld=tuple(word for word in ("tags", "model", "rating", "date", "prompt")
                       if not policy.keeps(word)), feed=policy.feed, sitemap=policy.sitemap,
        labelled=policy.ai_label == "write", expires=policy.expires, captions=policy.captions,
        picks=policy.picks.kinds, max_picks=policy.picks.max, publication=publication_id,
        album=album, salt=salt)
