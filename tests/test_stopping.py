"""A daemon that is asked to stop by a signal stops, whatever it was doing just then."""

from __future__ import annotations

import subprocess
import sys
import threading

from imagelib.daemon import server as serving

ASK_WHILE_WAITING = """
import signal, time
from imagelib.daemon.server import Stopping

stopping = Stopping()
signal.signal(signal.SIGALRM, lambda number, frame: stopping.ask())
signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
until = time.monotonic() + 2
asked = 0
while time.monotonic() < until:
    asked += stopping.wait(0.0001)
print(asked > 100)
"""


def test_a_signal_may_come_at_any_moment_of_the_wait():
    done = subprocess.run([sys.executable, "-c", ASK_WHILE_WAITING],
                          capture_output=True, text=True, timeout=30)

    assert done.stdout == "True\n", done.stderr


def test_who_is_not_asked_waits_and_goes_on():
    code = "from imagelib.daemon.server import Stopping; print(Stopping().wait(0.01))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30)

    assert done.stdout == "False\n"


def test_a_loop_that_has_closed_before_it_is_woken_is_no_error():
    server = serving.listen("127.0.0.1", 0, 2**20)
    loop = threading.Thread(target=server.run)
    loop.start()
    pull = server.trigger.pull_trigger
    pulls = []

    def pull_late(thunk):
        pull(thunk)
        pulls.append(thunk)
        if len(pulls) == 2:
            loop.join(5)
            pull()

    server.trigger.pull_trigger = pull_late
    serving._close(server, loop)

    assert len(pulls) == 2
    assert not loop.is_alive()
