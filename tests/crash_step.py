"""One operation on a library, run by `test_crash.py` under strace: argv is OPERATION and ROOT.

Importing and opening come first; a call to `os.getpgid` marks where the operation
begins, so that the test kills in it and not in what went before.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from imagelib.generator.builder import build
from imagelib.library.library import Library


def main(operation: str, root: Path) -> None:
    """Do it, and say ACK when it is done."""
    with Library.open(root / "library") as library:
        first = library.find("", 1)[0]
        library.sandbox.call("imagelib.pictures:supported_formats")  # start the worker before
        os.getpgid(0)
        if operation == "add":
            library.add(root / "fresh.png", notes="fresh")
        elif operation == "replace":
            library.replace_file(first.id, root / "fresh.png")
        elif operation == "delete":
            library.delete(first.id)
        elif operation == "restore":
            library.restore(library.trash()[0].image.id)
        elif operation == "build":
            build(library)
        print("ACK", flush=True)
        os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
