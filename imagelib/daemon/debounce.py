"""Wait until a stream of events has a pause."""

from __future__ import annotations

import threading
import time

#: The pause that ends a stream, and the longest that one is waited for, in seconds.
QUIET_SECONDS, LONGEST_WAIT = 0.3, 5.0


def debounce(wanted: threading.Event, stop: threading.Event) -> None:
    """Wait until *wanted* was not set for a while, and clear it; *stop* ends that at once."""
    give_up = time.monotonic() + LONGEST_WAIT
    while wanted.is_set() and time.monotonic() < give_up and not stop.is_set():
        wanted.clear()
        wanted.wait(QUIET_SECONDS)
    wanted.clear()
