"""What its owner sets in the page: checked, and written into `imagelib.toml`.

The file belongs to its owner: comments, order and everything that the page does not know stay as
they are.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from imagelib.config import CONFIG_NAME, TEMPLATE, Settings, variable
from imagelib.errors import InvalidError
from imagelib.library.store.disk import replacing

#: What the page may change: the name in `Settings` -> the table of the file, and the name there.
_PLACES = {"title": ("", "title"), "language": ("", "language"),
           "watch_folders": ("watch", "folders")}


def told(settings: Settings) -> dict[str, Any]:
    """The settings that the page may change, as JSON has them."""
    return {name: list(value) if isinstance(value := getattr(settings, name), tuple) else value
            for name in _PLACES}


def written(settings: Settings, wanted: Mapping[str, Any],
            environ: Mapping[str, str] = os.environ) -> Settings:
    """Write what is *wanted* into the library's file; return *settings* with these values.

    The file takes its place whole, with the rights that it had, and only if it says what is wanted.

    Raises:
        InvalidError: the environment says one of them, a folder is not there, or the file cannot be
            changed so that it says them.
    """
    changed = {name: value for name, value in wanted.items() if value != told(settings)[name]}
    if not changed:
        return settings
    for name in changed:
        if variable(name) in environ:
            raise InvalidError.of(name, f"is said by {variable(name)} in the environment, which"
                                  " comes before the file. Take it out of there first")
    _check_folders(settings, changed.get("watch_folders", ()))
    path = (settings.root / CONFIG_NAME).resolve()  # a link to a file elsewhere stays one
    content = path.read_bytes() if path.is_file() else TEMPLATE.encode()
    fresh = _with(content, changed, path)
    fields: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value
                              for name, value in changed.items()}
    said = Settings.of(fresh, path, environ)
    if any(getattr(said, name) != value for name, value in fields.items()):
        raise InvalidError(f"{path} says {' and '.join(changed)} in more than one place. Mend it"
                           " there.")
    with replacing(path) as stream:
        # Before it has its name: a password's hash may be in it.
        os.fchmod(stream.fileno(), path.stat().st_mode & 0o777 if path.is_file() else 0o600)
        stream.write(fresh)
    return replace(settings, **fields)


def _check_folders(settings: Settings, folders: Any) -> None:
    known = set(settings.watch_folders)  # one of a disk that is away may stay
    for name in folders:
        folder = Path(name).expanduser()
        if name not in known and not folder.is_dir():
            raise InvalidError.of("watch_folders", f"there is no folder {name}. Make it first, or"
                                  " mend its name")


def _with(content: bytes, values: Mapping[str, Any], path: Path) -> bytes:
    import tomlkit  # an eighth of a daemon's imports, for who never changes a setting
    from tomlkit.exceptions import TOMLKitError

    try:
        document = tomlkit.parse(content)
        for name, value in values.items():
            table, key = _PLACES[name]
            if table and name not in document:  # the flat name is read, too
                document.setdefault(table, tomlkit.table())[key] = value
            else:
                document[name] = value
        return tomlkit.dumps(document).encode()
    except (TOMLKitError, TypeError, UnicodeDecodeError) as error:
        raise InvalidError(f"{path}: {error}. Mend the file, or take it away.") from error
