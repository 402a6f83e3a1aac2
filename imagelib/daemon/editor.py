"""Add the editor to a page as it is sent; the files of the site stay as they are."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from imagelib.resources import bundled

#: The address under which the editor's own files lie.
PREFIX = "editor/"
#: What only the page of the gallery has; the editor builds on its scripts.
_GALLERY = b'data-mount="gallery"'
#: On every other page the editor is no more than a link to the gallery.
_ELSEWHERE = ["image-page.js"]


def with_editor(page: bytes, depth: int) -> bytes:
    """The HTML *page*, *depth* folders below the top, with the editor's styles and scripts."""
    base = "../" * depth + PREFIX
    styles = "".join(f'<link rel="stylesheet" href="{base}{name}">\n'
                     for name in _in_order(".css"))
    names = _in_order(".js") if _GALLERY in page else _ELSEWHERE
    scripts = "".join(f'<script src="{base}{name}" defer></script>\n' for name in names)
    head, found, tail = page.partition(b"</head>")
    if not found:
        return page
    # Behind the page's own deferred scripts, which run in the order of the document.
    return head + f"{styles}{scripts}".encode() + found + tail


@cache
def editor_files() -> dict[str, Path]:
    """name -> file of everything that the editor is made of."""
    folder = bundled("templates") / "editor"
    return {path.name: path for path in sorted(folder.glob("*")) if path.is_file()}


def _in_order(extension: str) -> list[str]:
    """The scripts or style sheets in load order: `load-order.txt` lists them, one a line."""
    listed = editor_files()["load-order.txt"].read_text(encoding="utf-8").split()
    return [name for name in listed if name.endswith(extension)]
