"""Small pictures of deleted images. They are made when somebody looks and never written down:
what is purged leaves nothing behind."""

from __future__ import annotations

import tempfile
import threading
from collections import OrderedDict
from pathlib import Path

from imagelib.generator.derivatives import render_thumbnails
from imagelib.library.library import Library
from imagelib.recipes import Recipe

#: Wide enough for a row of a list on a fine screen.
_RECIPE = Recipe(edge=160, quality=70)
#: So many are remembered; each has a few kilobytes.
_MOST = 400


class Previews:
    """The small pictures of one daemon, the last ones in memory."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._made: OrderedDict[Path, bytes] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, path: Path) -> bytes:
        """A WebP of the picture at *path*, which is there.

        Raises:
            DerivativeError: it cannot be decoded.
        """
        with self._lock:
            if path in self._made:
                self._made.move_to_end(path)
                return self._made[path]
        with tempfile.TemporaryDirectory(prefix="imagelib-") as folder:
            target = Path(folder) / "preview.webp"
            render_thumbnails(self._library.sandbox, path, {target: _RECIPE},
                              self._library.settings.max_pixels)
            content = target.read_bytes()
        with self._lock:
            self._made[path] = content
            while len(self._made) > _MOST:
                self._made.popitem(last=False)
        return content
