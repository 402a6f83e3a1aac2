"""Does verbs on libraries for `crashing.py`, each in a process of its own, under strace.

Reads requests (JSON, one a line: verb, root, log, options) and answers each with what became of it.
The process that does the verb is forked from this one, which has imported everything; strace is
attached when the library is open. So nothing is counted that belongs to the start of a program.
"""

from __future__ import annotations

import ctypes
import json
import os
import socket
import subprocess
import sys
import traceback
from pathlib import Path

from verbs import VERBS

from imagelib.errors import ImagelibError
from imagelib.library.library import Library

#: Linux: let a process that is no ancestor trace this one, from linux/prctl.h.
_SET_PTRACER, _ANYBODY = 0x59616D61, ctypes.c_ulong(-1)


def main() -> None:
    """Answer until there is nothing more to read."""
    for line in sys.stdin:
        asked = json.loads(line)
        ours, its = socket.socketpair()
        child = os.fork()
        if not child:
            ours.close()
            _do(its, asked["verb"], Path(asked["root"]))
        its.close()
        said = ours.recv(1)
        if asked["log"] and said:
            tracer = subprocess.Popen(
                ["strace", "-o", asked["log"], *asked["options"], "-p", str(child)],
                stderr=subprocess.PIPE)
            heard = tracer.stderr.readline()
            ours.sendall(b".")
        told = b""
        while said and (part := ours.recv(1 << 16)):
            told += part
        _, status = os.waitpid(child, 0)
        if asked["log"] and said:
            heard += tracer.stderr.read()
            tracer.stderr.close()
            tracer.wait()
            if b"attached" not in heard:
                told += heard
        ours.close()
        print(json.dumps({"said": told.decode(), "killed": os.WIFSIGNALED(status)}), flush=True)


def _do(answers: socket.socket, name: str, root: Path) -> None:
    """The verb, from a call of `getpgid` to another one; ACK is said before that."""
    verb = VERBS[name]
    ctypes.CDLL(None).prctl(_SET_PTRACER, _ANYBODY, 0, 0, 0)
    library = None
    if verb.opens:
        library = Library.open(root / "library")
        if verb.decodes:
            library.sandbox.call("imagelib.pictures:supported_formats")  # start the worker before
        library.count()
    answers.sendall(b".")
    answers.recv(1)
    os.getpgid(0)
    try:
        verb.act(library, root)  # type: ignore[arg-type]
    except (ImagelibError, OSError) as error:
        answers.sendall(f"SAID {type(error).__name__}: {error}".encode())
        answers.sendall(_afterwards(library).encode())
    except BaseException:  # noqa: BLE001 - told
        answers.sendall(b"TRACEBACK " + traceback.format_exc().encode())
    else:
        answers.sendall(b"ACK")
        os.getpgid(0)
    os._exit(0)


def _afterwards(library: Library | None) -> str:
    """Whether a process that lives on, as the daemon does, can go on working."""
    if library is not None and "--go-on" in sys.argv:
        try:
            library.edit(library.find("", 1)[0].id, add_tags=["afterwards"])
        except Exception:  # noqa: BLE001 - told
            return "\nSTUCK " + traceback.format_exc()
    return ""


if __name__ == "__main__":
    main()
