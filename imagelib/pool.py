"""Do the same with many items, some at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextvars import copy_context
from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def completed(work: Callable[[Item], Result], items: Iterable[Item],
              threads: int) -> Iterator[tuple[Item, Future[Result]]]:
    """Do *work* with each of *items* in so many *threads*; give each back when it is done.

    Never are more of them under way than the threads can soon take, so that memory stays the same
    however many there are. Who stops asking has the rest left undone.
    """
    waiting = iter(items)
    running: dict[Future[Result], Item] = {}
    pool = ThreadPoolExecutor(threads)
    try:
        while True:
            for item in islice(waiting, 2 * threads - len(running)):
                # Who is acting is told by the context, and a context is only entered once.
                running[pool.submit(copy_context().run, work, item)] = item
            if not running:
                break
            for job in wait(running, return_when=FIRST_COMPLETED).done:
                yield running.pop(job), job
    finally:
        pool.shutdown(cancel_futures=True)
