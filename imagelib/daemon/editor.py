"""Add the editor to a page as it is sent; the files of the site stay as they are."""

from __future__ import annotations

from functools import cache

from imagelib.generator.assets import EDITOR, Assets
from imagelib.resources import bundled

#: The address under which the editor's own files lie.
PREFIX = f"{EDITOR}/"
#: What only the page of the gallery has; the editor builds on its scripts.
_GALLERY = b'data-mount="gallery"'
_STYLES, _THEME = "editor.css", "theme.js"
#: On every page but that of the gallery the editor is no more than a link to it.
_SCRIPT, _ELSEWHERE = "editor.js", "image-page.js"


def with_editor(page: bytes, depth: int) -> bytes:
    """The HTML *page*, *depth* folders below the top, with the editor's style sheet and script."""
    up = "../" * depth
    styles, theme = _assets().path(_STYLES), _assets().path(_THEME)
    script = _assets().path(_SCRIPT if _GALLERY in page else _ELSEWHERE)
    head, found, tail = page.partition(b"</head>")
    if not found:
        return page
    # Behind the page's own deferred scripts, which run in the order of the document.
    return head + (f'<script src="{up}{theme}"></script>\n'
                   f'<link rel="stylesheet" href="{up}{styles}">\n'
                   f'<script src="{up}{script}" defer></script>\n').encode() + found + tail


@cache
def editor_files() -> dict[str, bytes]:
    """name -> content of everything that the editor is made of, as it is sent."""
    return {path.removeprefix(PREFIX): content for path, content in _assets().files().items()}


def read_again() -> None:
    """Send what the files hold now; they are read once and then kept."""
    editor_files.cache_clear()
    _assets.cache_clear()


@cache
def _assets() -> Assets:
    return Assets([bundled("templates")], EDITOR)
