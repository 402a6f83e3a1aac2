"""Requests are answered one at a time, but none waits long for another."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from imagelib.daemon.turns import Turns

#: Long enough that nothing here waits for it, short enough for a test that does.
NEVER, SOON = 60.0, 0.02


class Job:
    """A task that does what it is told, and says so."""

    def __init__(self, work: Callable[[], object] = lambda: None) -> None:
        self._work = work
        self.begun = threading.Event()
        self.done = threading.Event()
        self.cancelled = False

    def service(self) -> None:
        self.begun.set()
        try:
            self._work()
        finally:
            self.done.set()

    def cancel(self) -> None:
        self.cancelled = True


@pytest.fixture
def release() -> Iterator[threading.Event]:
    """What the slow jobs of a test wait for."""
    event = threading.Event()
    yield event
    event.set()


def give(turns: Turns, *jobs: Job) -> tuple[Job, ...]:
    for job in jobs:
        turns.add_task(job)
    return jobs


def test_one_runs_at_a_time_and_all_in_order():
    turns, running, most, order = Turns(4, NEVER), 0, 0, []

    def work(number: int) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        time.sleep(0.001)
        order.append(number)
        running -= 1

    jobs = give(turns, *(Job(lambda n=n: work(n)) for n in range(40)))
    assert all(job.done.wait(10) for job in jobs)
    assert most == 1
    assert order == list(range(40))
    assert not turns.shutdown()


def test_slow_ones_hold_nobody_up(release):
    turns = Turns(4, SOON)
    slow = give(turns, *(Job(release.wait) for _ in range(3)))
    assert all(job.begun.wait(5) for job in slow)

    quick = give(turns, *(Job() for _ in range(20)))
    assert all(job.done.wait(5) for job in quick)
    assert not any(job.done.is_set() for job in slow)


def test_when_all_threads_are_taken_the_next_waits_for_one(release):
    turns = Turns(2, SOON)
    slow = give(turns, Job(release.wait), Job(release.wait))
    assert all(job.begun.wait(5) for job in slow)
    last, = give(turns, Job())
    assert not last.begun.wait(5 * SOON)

    release.set()
    assert last.done.wait(5)


def test_one_that_ends_late_gives_nobody_elses_turn_away(release):
    late, running = threading.Event(), Turns(4, SOON)
    first, second = give(running, Job(late.wait), Job(release.wait))
    assert second.begun.wait(5)  # it waited for its turn, until the first had had enough time
    late.set()
    assert first.done.wait(5)

    third, = give(running, Job())
    assert third.done.wait(5)


def test_a_bug_ends_no_thread(caplog):
    def fail() -> None:
        raise ZeroDivisionError

    turns = Turns(1, NEVER)
    give(turns, Job(fail))
    after, = give(turns, Job())
    assert after.done.wait(5)
    assert "ZeroDivisionError" in caplog.text


def test_shutdown_lets_work_end_and_drops_what_has_not_begun(release):
    turns = Turns(1, NEVER)
    running, waiting = give(turns, Job(release.wait), Job())
    assert running.begun.wait(5)
    assert turns.shutdown(timeout=0.05)
    assert waiting.cancelled
    assert not running.done.is_set()

    release.set()
    assert running.done.wait(5)
    assert not waiting.begun.wait(0.05)


def test_under_load_every_task_is_run_once():
    turns, counts, lock = Turns(8, 0.001), [0] * 2000, threading.Lock()

    def work(number: int) -> None:
        if number % 50 == 0:
            time.sleep(0.003)
        with lock:
            counts[number] += 1

    def feed(start: int) -> None:
        for number in range(start, 2000, 4):
            turns.add_task(Job(lambda n=number: work(n)))

    feeders = [threading.Thread(target=feed, args=(n,)) for n in range(4)]
    for feeder in feeders:
        feeder.start()
    for feeder in feeders:
        feeder.join()
    last, = give(turns, Job())
    assert last.done.wait(10)
    assert not turns.shutdown(timeout=10)
    assert counts == [1] * 2000


def test_however_many_slow_ones_come_a_quick_one_finds_a_thread(release):
    slow = [Job(release.wait) for _ in range(9)]
    turns = Turns(4, SOON, lanes={"slow": 2}, lane_of=lambda job: "slow" if job in slow else None)
    give(turns, *slow)
    for _ in range(3):
        [quick] = give(turns, Job())
        assert quick.done.wait(5)
    assert sum(job.begun.is_set() for job in slow) == 2
    release.set()
    assert all(job.done.wait(5) for job in slow)
    turns.shutdown()


def test_a_lane_that_is_full_holds_up_no_other_lane(release):
    kinds = {}
    turns = Turns(5, SOON, lanes={"a": 2, "b": 1}, lane_of=kinds.get)
    for lane in ("a", "a", "a", "b", "b"):
        kinds[job := Job(release.wait)] = lane
        give(turns, job)
    first = next(job for job in kinds if kinds[job] == "b")
    assert first.begun.wait(5)
    assert give(turns, Job())[0].done.wait(5)
    turns.shutdown(timeout=0.1)
    assert [job.cancelled for job in kinds] == [False, False, True, False, True]
