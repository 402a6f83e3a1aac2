"""Derivatives that were made when a picture was decoded to be taken in, until a build takes them.

A picture is decoded once. What the site shows of it is made then, and lies here: one file for each
digest, its first line a JSON object with the length of each derivative by the name of its recipe,
and the SHA-256 of all that follows. They are a saving and no more: nothing is flushed, what is not
whole is as good as none, and what is not asked for within a day is swept.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from imagelib.errors import DiskFullError
from imagelib.library.store.disk import replacing

#: A build that is still running may be about to ask, in seconds.
_KEPT = 24 * 3600


class Early:
    """The derivatives in one *folder*."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, digest: str, derivatives: Mapping[str, bytes]) -> None:
        """Keep what was made of the file with this *digest*, by the names of the recipes."""
        if not derivatives:
            return
        content = b"".join(derivatives.values())
        head = {"checksum": hashlib.sha256(content).hexdigest(),
                "lengths": {name: len(part) for name, part in derivatives.items()}}
        with (suppress(OSError, DiskFullError),
              replacing(self._folder / f"{digest}.derived", sync=False) as stream):
            stream.write(json.dumps(head).encode() + b"\n" + content)

    def read(self, digest: str) -> dict[str, bytes]:
        """What was kept of the file with this *digest*; nothing if it is not whole."""
        try:
            head, _, content = (self._folder / f"{digest}.derived").read_bytes().partition(b"\n")
        except OSError:
            return {}
        with suppress(ValueError, KeyError):  # a power cut left a part of it
            said = json.loads(head)
            if said["checksum"] == hashlib.sha256(content).hexdigest():
                found, at = {}, 0
                for name, length in said["lengths"].items():
                    found[name] = content[at:at + length]
                    at += length
                return found
        return {}

    def forget(self, digest: str) -> None:
        """Remove what was kept of the file with this *digest*."""
        with suppress(OSError):
            (self._folder / f"{digest}.derived").unlink(missing_ok=True)

    def sweep(self) -> None:
        """Remove what nobody has asked for in a day: its image is gone again."""
        with suppress(FileNotFoundError):
            for path in self._folder.iterdir():
                with suppress(OSError):
                    if time.time() - path.stat().st_mtime > _KEPT:
                        path.unlink()
