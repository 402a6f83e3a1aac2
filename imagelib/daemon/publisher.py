"""Publishing for the editor: one publication at a time is prepared, shown, agreed to and sent.

A thread is inside of `publication` all that time, as connections of SQLite belong to a thread,
and waits there for a yes. It holds no lock of the library meanwhile.
"""

from __future__ import annotations

import logging
import secrets
import threading
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from imagelib.config import Settings
from imagelib.daemon.logs import LOG, log_event
from imagelib.daemon.representations import publication_json
from imagelib.errors import ConflictError, ImagelibError, InvalidError, LockedError, NotFoundError
from imagelib.library.library import Library
from imagelib.library.store.disk import disk_full
from imagelib.publishing.difference import lacking
from imagelib.publishing.ledger import places
from imagelib.publishing.policy import Policy
from imagelib.publishing.proof.proving import Hit
from imagelib.publishing.publication import LeakError, Publication, publication
from imagelib.publishing.targets import needs_program

#: How long what is prepared waits for a yes, in seconds.
PATIENCE = 900.0
#: So many hits are told; there is a count besides.
_MOST_HITS = 200

State = Literal["preparing", "ready", "sending", "done", "failed", "cancelled"]
_RUNNING = ("preparing", "ready", "sending")


class _BrokenOffError(Exception):
    """Somebody said no, or nobody said yes, or the daemon ends."""


@dataclass(slots=True)
class Job:
    """One publication on its way to a place; `id` names what was prepared."""

    policy: Policy
    place: str
    id: str = field(default_factory=lambda: secrets.token_hex(16))
    state: State = "preparing"
    #: What is being done, and how much of it is.
    stage: str = ""
    done: int = 0
    total: int = 0
    #: What was prepared, until it has ended, and what a page shows of it.
    found: Publication | None = None
    preview: dict[str, Any] | None = None
    sent: int = 0
    #: Why it failed, or ended otherwise than somebody wanted.
    message: str = ""
    hits: list[Hit] = field(default_factory=list)
    #: Somebody has said yes or no.
    answered: threading.Event = field(default_factory=threading.Event)
    is_agreed: bool = False
    is_refused: bool = False

    def note(self, stage: str, done: int, total: int) -> None:
        """Say how far it is; whoever calls this is broken off after a no."""
        if self.is_refused:
            raise _BrokenOffError
        self.stage, self.done, self.total = stage, done, total

    def to_json(self) -> dict[str, Any]:
        """What a page shows of it."""
        return {
            "state": self.state, "name": self.policy.name, "place": self.place, "id": self.id,
            "stage": self.stage, "done": self.done, "total": self.total, "message": self.message,
            "hits": [asdict(hit) for hit in self.hits[:_MOST_HITS]], "hit_count": len(self.hits),
            "preview": self.preview, "sent": self.sent}


class Publisher:
    """Publishes parts of *library*, one after the other."""

    def __init__(self, library: Library, patience: float = PATIENCE) -> None:
        self._library, self._patience = library, patience
        self._lock = threading.Lock()
        self._job: Job | None = None
        self._thread: threading.Thread | None = None
        self._is_stopped = False

    def state(self) -> dict[str, Any]:
        """The publication that is under way, or was the last; its state is `idle` without one."""
        with self._lock:
            return self._job.to_json() if self._job else {"state": "idle"}

    def prepare(self, policy: Policy, place: str) -> None:
        """Begin to prepare *policy* for *place*, which `destination` has judged.

        Raises:
            ConflictError: another one is under way. LockedError: the daemon stops.
        """
        with self._lock:
            if self._is_stopped:
                raise LockedError("The daemon stops. Publish when it runs again.")
            if self._job and self._job.state in _RUNNING:
                raise ConflictError(f"{self._job.policy.name!r} is being published right now."
                                    " Wait until it is done, or cancel it.")
            self._job = job = Job(policy, place)
            self._thread = threading.Thread(target=self._run, args=[job], name="publisher")
            self._thread.start()

    def send(self, name: str, prepared: str, *, widen: bool, removals: int | None) -> None:
        """The yes to what was *prepared* (an id), with what it needs besides.

        Raises:
            NotFoundError: nothing of that name waits for it. ConflictError: it is not what was
            looked at, or that is no longer true. InvalidError: it needs another yes.
        """
        with self._lock:
            job = self._of(name)
            if (job.state != "ready" or job.found is None or job.is_refused
                    or job.id != prepared):
                raise ConflictError(f"What was prepared of {name!r} is not what you have seen."
                                    " Look at it again.")
            if job.found.derivation.is_outdated(self._library):
                raise ConflictError("Images of it were changed after it was prepared. Nothing was"
                                    " sent. Go back and prepare it again: only what changed is"
                                    " made anew.")
            if absent := lacking(job.found.difference, job.policy, widen=widen, removals=removals):
                raise InvalidError(
                    "; ".join(f"{one.reason}. If that is meant, agree to it by {one.to!r}"
                              for one in absent) + ". Nothing was sent.",
                    [{"loc": ["body", one.to], "msg": one.reason, "type": "missing"}
                     for one in absent])
            job.state, job.is_agreed = "sending", True
            job.note("sending", 0, len(job.found.difference.put)
                     + len(job.found.difference.remove))
            job.answered.set()

    def cancel(self, name: str) -> None:
        """The no; one that has ended is forgotten. What is being sent goes on at the next time.

        Raises:
            NotFoundError: nothing of that name is, or was last, published.
        """
        with self._lock:
            job = self._of(name)
            if job.state in _RUNNING:
                _refuse(job)
            else:
                self._job = None

    def stop(self) -> None:
        """Break off what is under way, and wait until it has ended."""
        with self._lock:
            self._is_stopped = True
            if self._job:
                _refuse(self._job)
        if self._thread is not None:
            self._thread.join()

    def _of(self, name: str) -> Job:
        if self._job is None or self._job.policy.name != name:
            raise NotFoundError(f"{name!r} is not being published.")
        return self._job

    def _run(self, job: Job) -> None:
        """The job from its beginning to its end, which is told when its locks are free again."""
        end: State = "failed"
        message, hits = "", []
        try:
            with disk_full(), self._library.database.translated():
                self._publish(job)
            end = "done"
        except _BrokenOffError as why:
            end, message = "cancelled", str(why)
        except LeakError as leak:
            message, hits = str(leak), leak.hits
        except (ImagelibError, OSError) as error:
            message = str(error)
        except Exception as error:  # noqa: BLE001 - the last line: somebody waits for an end
            log_event("bug", level=logging.ERROR, error=f"{type(error).__name__}: {error}")
            LOG.debug("traceback", exc_info=error)
            message = "The daemon failed at this. Its log says more."
        with self._lock:
            job.sent = len(job.found.sent) if job.found else 0
            job.state, job.message, job.hits, job.found = end, message, hits, None
        log_event("publish", name=job.policy.name, place=job.place, files=job.sent, outcome=end,
                  reason=message)

    def _publish(self, job: Job) -> None:
        with publication(self._library, job.policy, job.place, progress=job.note) as found:
            with self._lock:
                job.found, job.preview = found, publication_json(found)
            if found.difference:
                self._wait(job)
                try:
                    found.send()
                except _BrokenOffError:
                    raise _BrokenOffError("It was broken off while it was being sent. What is"
                                          " there stays; publish again to go on.") from None

    def _wait(self, job: Job) -> None:
        """Return after the yes."""
        with self._lock:
            job.state = "ready"
        job.answered.wait(self._patience)
        with self._lock:
            if job.is_agreed:
                return
            if not job.is_refused:
                job.is_refused = True
                raise _BrokenOffError(f"Nobody agreed within {self._patience / 60:g} minutes."
                                      " Nothing was sent.")
        raise _BrokenOffError


def _refuse(job: Job) -> None:
    job.is_refused = True
    job.answered.set()


def destination(settings: Settings, policy: Policy, asked: str) -> str:
    """Where *policy* goes: to the place that a page has *asked* for, or else where the policy says.

    From a page, another program (git, rclone, rsync) is only sent to a place that the owner has
    written into the policy or published to before.

    Raises:
        InvalidError: it is none of these, and no whole path.
    """
    place = asked.strip() or policy.to
    if not place:
        raise InvalidError.of("place", "say where it is to go: a folder, or a name that ends with"
                              " .zip")
    if place in (policy.to, *(known for known, _ in places(settings, policy.name))):
        return place
    if needs_program(place):
        raise InvalidError.of("place", f"{policy.name!r} was never published in {place}. Write it"
                              " into the policy as `to`, or publish there once by the command line")
    if not place.startswith("~") and not Path(place).is_absolute():
        raise InvalidError.of("place", "should be a whole path, from the root or ~ on")
    return place
