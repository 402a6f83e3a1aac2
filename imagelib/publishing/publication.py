"""Publish: derive, build, prove, compare, and then, if somebody agrees, put it there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from imagelib.config import Settings
from imagelib.errors import ImagelibError
from imagelib.generator.builder import build
from imagelib.generator.pages import SiteInfo
from imagelib.library.library import Library
from imagelib.publishing.derived import Derivation, Progress, derived
from imagelib.publishing.difference import Difference, Snapshot, compare, snapshot
from imagelib.publishing.ledger import Ledger
from imagelib.publishing.policy import Policy
from imagelib.publishing.proof.proving import Hit, Proof, prove
from imagelib.publishing.targets import target_of
from imagelib.publishing.targets.target import Target


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
    sent: list[str] = field(default_factory=list)
    send: Callable[[], None] = lambda: None


@contextmanager
def publication(library: Library, policy: Policy, place: str, *, takes_down: bool = False,
                progress: Progress = lambda stage, done, total: None) -> Iterator[Publication]:
    """Make the site of *policy*, prove it, and compare it with what lies in *place*.

    Nothing has left this machine yet; `send` does that. Called again after it was broken off,
    it goes on.

    Raises:
        LeakError: something that is withheld is in it. ConflictError: *place* is not ours.
        LockedError: it is being published right now.
    """
    target = target_of(place, library.settings)
    with derived(library, policy) as one:
        with Ledger(one.root / "ledger.db", target.name) as ledger:
            target.check(ledger.files())
        derivation = one.follow(progress)
        site = one.root / "site"
        info = _info(policy, one.library.settings, one.id if policy.picks.kinds else "")
        build(one.library, site, site=info, lingers=False,
              progress=progress)
        published = dict(one.records())
        proof = prove(library, policy, published, site, one.seen(), progress)
        if proof.hits:
            raise LeakError(proof.hits)
        now = snapshot(proof.files, published.values())
        with Ledger(one.root / "ledger.db", target.name) as ledger:
            found = Publication(policy, derivation, proof,
                                compare(now, ledger, policy, target.name, takes_down=takes_down),
                                _templates(library.settings))
            found.send = lambda: _send(found, now, ledger, target, site, progress)
            yield found


def _send(found: Publication, now: Snapshot, ledger: Ledger, target: Target, site: Path,
          progress: Progress) -> None:
    """Put what is new, then take away what nobody wants; noted file by file, so that whoever comes
    after somebody who was killed goes on where it ended."""
    difference = found.difference
    total = len(difference.put) + len(difference.remove)

    def put(path: str) -> None:
        ledger.put(path, *now.files[path])
        found.sent.append(path)
        progress("sending", len(found.sent), total)

    ledger.gone(difference.gone)
    target.put(site, difference.put, put)
    target.remove(difference.remove, ledger.removed)
    target.finish(site)
    for path in difference.put[len(found.sent):]:
        put(path)
    for path in difference.remove:
        ledger.removed(path)
    ledger.done(found.policy.model_dump_json(), now.images, set(now.texts))


def _templates(settings: Settings) -> list[str]:
    own = settings.templates_dir
    return sorted(path.relative_to(own).as_posix() for path in own.rglob("*")
                  if path.is_file()) if own else []


def _info(policy: Policy, settings: Settings, publication_id: str) -> SiteInfo:
    return SiteInfo(
        settings.title, settings.language, settings.base_url, settings.sharp, published=True,
        intro=policy.intro, author=policy.author, licence=policy.licence, robots=policy.robots,
        dates="day" if "date" in policy.fields else "month" if "date:month" in policy.fields
        else "none",
        withheld=tuple(word for word in ("tags", "model", "rating", "date", "prompt")
                       if not policy.keeps(word)), feed=policy.feed, sitemap=policy.sitemap,
        labelled=policy.ai_label == "write", picks=policy.picks.kinds,
        max_picks=policy.picks.max, publication=publication_id)
