"""Where a library lies and how it is set up: `imagelib.toml` and the environment.

The file belongs to the user. The program changes a line of it only where its owner asks for that in
the editor (`imagelib.daemon.settings_file`). Precedence: command line, environment
(`IMAGELIB_...`), file, default.
"""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import tempfile
import tomllib
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote, urlsplit

from imagelib.errors import InvalidError, NotALibraryError
from imagelib.recipes import DISPLAY, GRID, SHARP, Recipe

CONFIG_NAME = "imagelib.toml"
DATABASE_NAME = "library.db"
#: Trash, backups, locks, logs; only its owner may look into it.
PRIVATE_NAME = ".imagelib"
#: So small is a database whose tables may all be in its log still, in bytes.
_YOUNG = 1 << 20
_HOST = re.compile(r"[a-z0-9_.-]+|[0-9a-f:.]+")
#: What an environment variable `IMAGELIB_<NAME>` may say instead of the file.
_FROM_ENVIRONMENT = ("title", "base_url", "images", "host", "port")

TEMPLATE = """\
# imagelib: the settings of this library. Every line is optional.

# title = "My images"
# language = "en"
# base_url = "https://example.org/gallery/"   # only for links that must be absolute
# images = "images"                           # any folder, a generator's own one too

[serve]
# host = "127.0.0.1"
# port = 8765
# allow_hosts = []                            # further names under which the daemon is reached
# password_hash = ""                          # made by: imagelib serve --set-password

[build]
# workers = 0                                 # 0: one for each core
# sharp = true                                # larger thumbnails besides, for dense screens
# pages = true                                # a page for each image; false: links open the viewer
# link_originals = false                      # true: the site has no copies of its own
# records = true                              # keeps records/, for when library.db is lost

[watch]
# folders = []                                # new pictures from there are added by themselves
"""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that can be set, with its default. Sizes are bytes, times seconds."""

    root: Path
    title: str = "Images"
    language: str = "en"
    base_url: str = ""
    images: str = "images"
    host: str = "127.0.0.1"
    port: int = 8765
    allow_hosts: tuple[str, ...] = ()
    password_hash: str = ""
    workers: int = 0
    sharp: bool = True
    pages: bool = True
    link_originals: bool = False
    records: bool = True
    watch_folders: tuple[str, ...] = ()
    max_upload: int = 64 * 2**20
    max_pixels: int = 100_000_000
    decode_seconds: float = 20.0
    #: Of address space, of which what is resident is a part: no worker takes a gigabyte.
    decode_memory: int = 950 * 2**20
    #: What a worker runs on each new file: the seam through which `ingest` serves `library`.
    inspector: str = "imagelib.ingest.inspection:inspect"

    @property
    def recipes(self) -> list[Recipe]:
        """How the derivatives of the library's own site are made."""
        return [GRID] + [SHARP] * self.sharp + [DISPLAY]

    @property
    def images_dir(self) -> Path:
        """The folder of the originals."""
        return (self.root / Path(self.images).expanduser()).absolute()

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return self.root / DATABASE_NAME

    @property
    def site_dir(self) -> Path:
        """The folder that `build` fills."""
        return self.root / "site"

    @property
    def published_dir(self) -> Path:
        """Where the site has its originals, under their names in `images_dir`."""
        return self.site_dir / "images"

    @property
    def records_dir(self) -> Path:
        """What a build keeps of the rows beside the site, in files: never published."""
        return self.root / "records"

    @property
    def private_dir(self) -> Path:
        """Trash, build memory, locks, logs: never published, never served."""
        return self.root / PRIVATE_NAME

    @property
    def templates_dir(self) -> Path | None:
        """The user's own templates, or None."""
        own = self.root / "templates"
        # The checkout of imagelib is a library too: there, `templates/` is the bundled one.
        return own if own.is_dir() and not (self.root / "imagelib").is_dir() else None

    @classmethod
    def load(cls, root: Path, environ: Mapping[str, str] = os.environ) -> Self:
        """Read the settings of the library at *root*.

        Raises:
            InvalidError: the file is no TOML, or holds a name or a value we do not know.
        """
        path = root.absolute() / CONFIG_NAME
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            content = b""
        return cls.of(content, path, environ)

    @classmethod
    def of(cls, content: bytes, path: Path, environ: Mapping[str, str] = os.environ) -> Self:
        """What *content* would say as the settings file at *path*.

        Raises:
            InvalidError: it is no TOML, or holds a name or a value we do not know.
        """
        found = _flat(content, path)
        for name in _FROM_ENVIRONMENT:
            if (text := environ.get(variable(name))) is not None:
                found[name] = int(text) if name == "port" and text.isdigit() else text
        return cls(path.parent)._with(found, path)

    def _with(self, found: dict[str, Any], source: Path) -> Self:
        known = {f.name: f for f in fields(self)}
        del known["root"]
        values: dict[str, Any] = {}
        for name, given in found.items():
            value = given
            if name not in known:
                raise InvalidError(f"{source}: no setting {name!r}; known are: {', '.join(known)}")
            default = getattr(self, name)
            if isinstance(default, tuple):
                ok = isinstance(value, list) and all(isinstance(v, str) for v in value)
                value = tuple(value) if ok else value
            elif isinstance(default, float):
                ok = isinstance(value, int | float) and not isinstance(value, bool)
            else:
                ok = type(value) is type(default)
            if not ok:
                raise InvalidError(f"{source}: {name} should be like {default!r}, not {value!r}")
            values[name] = read_url(value, source) if name == "base_url" else value
        return replace(self, **values)


def read_url(text: str, source: Path | str) -> str:
    """The address of a site with everything percent-encoded that no URL may hold.

    Raises:
        InvalidError: it is no address of a web site.
    """
    if not text.strip():
        return ""
    try:
        parts = urlsplit(text.strip())
        host, port = parts.hostname or "", parts.port
        host = host if host.isascii() else host.encode("idna").decode()
    except (ValueError, UnicodeError):
        host, port = "", None
    if (parts.scheme not in ("http", "https") or not _HOST.fullmatch(host) or parts.username
            or parts.query or parts.fragment):
        raise InvalidError(f"{source}: base_url should be like 'https://example.org/gallery/',"
                           f" not {text!r}")
    host = f"[{host}]" if ":" in host else host
    path = quote(parts.path, safe="/%!$&'()*+,;=:@-._~")
    return f"{parts.scheme}://{host}{f':{port}' if port else ''}{path}"


def variable(name: str) -> str:
    """The environment variable that says a setting instead of the file, where there is one."""
    return f"IMAGELIB_{name.upper()}"


def _flat(content: bytes, path: Path) -> dict[str, Any]:
    try:
        document = tomllib.loads(content.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidError(f"{path}: {error}. Mend the file, or take it away.") from error
    flat: dict[str, Any] = {}
    document.pop("publish", None)  # read by imagelib.publishing.policy, when something is published
    for name, value in document.items():
        if name in ("serve", "build") and isinstance(value, dict):
            flat |= value
        elif name == "watch" and isinstance(value, dict):
            flat |= {f"watch_{key}": item for key, item in value.items()}
        else:
            flat[name] = value
    return flat


def find_library(start: Path, environ: Mapping[str, str] = os.environ) -> Path:
    """The library that is meant in *start*: `IMAGELIB_LIBRARY`, else the nearest upwards."""
    if named := environ.get("IMAGELIB_LIBRARY"):
        return Path(named).expanduser().absolute()
    start = start.absolute()
    for folder in (start, *start.parents):
        if is_library(folder):
            return folder
    return start


def is_library(folder: Path) -> bool:
    """Whether *folder* holds a library; another program's `library.db` makes none."""
    database = folder / DATABASE_NAME
    return (folder / CONFIG_NAME).is_file() or (database.is_file() and (
        (folder / PRIVATE_NAME).is_dir() or is_our_database(database)))


def is_our_database(path: Path) -> bool:
    """Whether the file is a database of ours, also a damaged one; nothing is written.

    Its header says so; those of the first version are known by their tables.
    """
    with path.open("rb") as stream:
        head = stream.read(100)
    # https://sqlite.org/fileformat2.html, 1.3: the application id is at 68.
    if head[68:72] == b"imlb":
        return True
    if not head.startswith(b"SQLite format 3\0"):
        return False
    if _has_our_tables(path):
        return True
    log = path.with_name(path.name + "-wal")
    if path.stat().st_size > _YOUNG or not (log.is_file() and log.stat().st_size):
        return False
    # All of a young database may still be in its log. To read that, SQLite writes into the shared
    # memory beside it, which may be another program's: so it is read in a copy.
    with tempfile.TemporaryDirectory(prefix="imagelib-") as folder:
        for part in (path, log):
            shutil.copyfile(part, Path(folder) / part.name)
        return _has_our_tables(Path(folder) / path.name, with_log=True)


def _has_our_tables(path: Path, *, with_log: bool = False) -> bool:
    how = "mode=rw" if with_log else "mode=ro&immutable=1"
    with suppress(sqlite3.Error), closing(
            sqlite3.connect(f"{path.absolute().as_uri()}?{how}", uri=True)) as peek:
        return bool(peek.execute("SELECT 1 FROM meta WHERE key = 'library_id'").fetchone())
    return False


def require_library(folder: Path) -> Path:
    """Return *folder*, or say how to make a library there.

    Raises:
        NotALibraryError: there is none.
    """
    # Another program's database is told apart later, by an error of its own.
    if not (is_library(folder) or (folder / DATABASE_NAME).is_file()):
        raise NotALibraryError(
            f"No library in {folder} or above it: neither {DATABASE_NAME} nor {CONFIG_NAME} is"
            " there. Make one with: imagelib init"
        )
    return folder
