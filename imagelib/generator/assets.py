"""Scripts, style sheets and the icon of a site, and those of the editor; most of them joined.

Each is named after the hash of its sources, so that a browser may keep it for
ever, and a page never meets a file of another version. Files lie in folders by
what they are for; the name of a file is enough to mean it. Scripts are sent
without lines of comment and without indentation.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Collection, Sequence
from functools import cached_property
from pathlib import Path

from imagelib.errors import InvalidError

#: Says which files are sent as one; lies beside the templates.
BUNDLES = "bundles.toml"
#: The files of the site, and those that only the daemon sends: a table in `BUNDLES`.
STATIC, EDITOR = "static", "editor"
#: Comments that have their lines for themselves, and the blanks before a line.
_UNSENT = re.compile(rb"^[ \t]*(?://[^\n]*|/\*(?:[^*]|\*(?!/))*\*/)[ \t]*\n|^[ \t]+", re.M)


class Assets:
    """What lies in `static/` of some folders; a file of an earlier folder wins.

    With *top*, in another folder than `static/`.
    """

    def __init__(self, folders: Sequence[Path], top: str = STATIC) -> None:
        self._folders = folders
        self._top = top

    def path(self, name: str) -> str:
        """The path in the site of a file or a bundle: of "gallery.css", "favicon.svg".

        Raises:
            KeyError: there is none of this name.
        """
        return self.paths[_meant(name, self.paths)]

    @cached_property
    def paths(self) -> dict[str, str]:
        """The path in the site of each file that is sent, by its name."""
        paths = {}
        for name, content in self._contents.items():
            digest = hashlib.sha256(content).hexdigest()[:8]
            stem, dot, extension = name.rpartition(".")
            end = f".{extension}" if dot else ""
            paths[name] = f"{self._top}/{stem if dot else name}.{digest}{end}"
        return paths

    def files(self) -> dict[str, bytes]:
        """The content of each file as it is sent, by its path in the site."""
        return {path: self.content(path) for path in self.paths.values()}

    def content(self, path: str) -> bytes:
        """The content of the file at *path* of the site, as it is sent."""
        [name] = [name for name, there in self.paths.items() if there == path]
        content = self._contents[name]
        return _shortened(content) if name.endswith(".js") else content

    @cached_property
    def _contents(self) -> dict[str, bytes]:
        sources = self._sources()
        bundles = {name: [_meant(part, sources) for part in parts]
                   for name, parts in self._bundles().items()}
        joined = {}
        for name, parts in bundles.items():
            if unknown := [part for part in parts if part not in sources]:
                raise InvalidError(f"{BUNDLES}: {name} is made of {', '.join(unknown)}, "
                                   f"which {self._top}/ does not have.")
            # A line end between them: the last line of a script may be a comment.
            joined[name] = b"\n".join(sources[part].read_bytes() for part in parts)
        inside = {part for parts in bundles.values() for part in parts}
        alone = {name: path.read_bytes() for name, path in sources.items() if name not in inside}
        return dict(sorted((alone | joined).items()))

    def _sources(self) -> dict[str, Path]:
        found: dict[str, Path] = {}
        for folder in reversed(self._folders):
            top = folder / self._top
            found |= {_meant(path.relative_to(top).as_posix(), found): path
                      for path in top.rglob("*")
                      if path.is_file() and not path.name.startswith(".")}
        return found

    def _bundles(self) -> dict[str, list[str]]:
        for folder in self._folders:
            if (path := folder / BUNDLES).is_file():
                return _read_bundles(path, self._top)
        return {}


def _shortened(script: bytes) -> bytes:
    """*script* without whole lines of comment and without indentation, which are a third of it.

    Where a text may go over several lines, it is left as it is: blanks count in there.
    """
    if any(line.count(b"`") % 2 or line.endswith(b"\\") for line in script.splitlines()):
        return script
    return _UNSENT.sub(b"", script)


def _meant(name: str, known: Collection[str]) -> str:
    """The one of the *known* files that *name* means: itself, or the one in a folder.

    So whoever replaces `card.css` need not know in which folder it lies.
    """
    if name in known or "/" in name:
        return name
    found = [path for path in known if path.endswith(f"/{name}")]
    return found[0] if len(found) == 1 else name


def _read_bundles(path: Path, top: str) -> dict[str, list[str]]:
    advice = "Correct it, or remove the file to use the program's own."
    try:
        bundles = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidError(f"{path}: {error}. {advice}") from error
    of_editor = bundles.pop(EDITOR, {})
    bundles = of_editor if top == EDITOR else bundles
    for name, parts in bundles.items():
        if not (isinstance(parts, list) and all(isinstance(part, str) for part in parts)):
            raise InvalidError(f"{path}: {name} is no list of file names. {advice}")
    return bundles
