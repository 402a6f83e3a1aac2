"""Where each artifact of one image lies in the site, and how a page links to it.

Paths are relative to the site's folder with '/' between their parts. A
derivative is named after the bytes of its file and the recipe that made it, so
a file that exists is current and nothing has to compare times.
"""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import quote

from imagelib.library.store.disk import portable_name
from imagelib.recipes import GRID, Recipe

#: The folder of the originals in the site.
ORIGINALS = "images"
_UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
#: What a name ends with that the site gives instead of one that not every place takes.
_GIVEN = re.compile(rf"~({_UUID})(\.\w+)?", re.IGNORECASE)
_STARTS_LIKE_OURS = re.compile(_UUID, re.IGNORECASE)
#: A name that we give; only its own image's is free for it.
_OURS = re.compile(rf"{_UUID}\.[a-z0-9]{{1,5}}")
#: Longest path of an original below `ORIGINALS`, in bytes: Windows takes 260 letters of the whole.
_LONGEST = 180
#: Paths that are URLs as they are; nearly all, and `quote` takes long to see it.
_PLAIN = re.compile(r"[A-Za-z0-9/._~-]*")


def width_in(recipe: Recipe, width: int, height: int) -> int:
    """How many pixels wide *recipe* makes a picture of this size; card.js computes alike."""
    longest = max(width, height)
    if longest <= recipe.edge:
        return width
    return max(1, (2 * width * recipe.edge + longest) // (2 * longest))


def thumbnail_path(digest: str, recipe: Recipe = GRID) -> str:
    """The derivative of the file with this *digest*."""
    return f"thumbs/{digest[:2]}/{digest}-{recipe.name}{recipe.extension}"


def original_path(file_name: str, image_id: str, *, clashes: bool = False) -> str:
    """The original: under its name in the library, or one that every place takes.

    A site is copied to web spaces, to Windows and to memory cards. A name that one of them refuses,
    or reads in another way, and one that *clashes* with another's (see `place_of`), gives way to
    what is left of it and the id of its image, so that each has its own whatever the others are.
    """
    if not clashes and _is_portable(file_name, image_id):
        return f"{ORIGINALS}/{file_name}"
    stem, dot, extension = portable_name(file_name.rsplit("/", 1)[-1]).rpartition(".")
    if not dot:
        stem, extension = extension, ""
    stem = stem.encode()[:60].decode(errors="ignore").rstrip(" .")
    return f"{ORIGINALS}/{stem or 'image'}~{image_id}{dot}{extension}"


def named_image(name: str) -> str | None:
    """The id in a *name* below `ORIGINALS` that was given instead of the file's own, else None."""
    found = _GIVEN.search(name)
    return found[1].lower() if found and found.end() == len(name) else None


def place_of(name: str) -> str:
    """The same text for all file names that are one where neither case nor Unicode's forms count.

    Images whose files are in one place clash.
    """
    return name.lower() if name.isascii() else unicodedata.normalize(
        "NFC", unicodedata.normalize("NFD", name).casefold())


def _is_portable(file_name: str, image_id: str) -> bool:
    if _OURS.fullmatch(file_name):
        return file_name.startswith(f"{image_id}.")
    *folders, name = file_name.split("/")
    if file_name.startswith(f"{image_id}."):
        return not folders and name.isascii() and portable_name(name) == name
    return (all(portable_name(part) == part for part in (*folders, name))
            and len(file_name.encode(errors="replace")) <= _LONGEST
            # Files have an ending and folders have none, so that no folder has the name of a file.
            and "." in name and not any("." in folder for folder in folders)
            # Names that the site gives, or that are another's id, stay free for those.
            and not _GIVEN.search(file_name) and not _STARTS_LIKE_OURS.match(name))


def page_path(image_id: str) -> str:
    """The permalink of one image."""
    return f"image/{image_id}.html"


def as_url(path: str) -> str:
    """Percent-encode a site path for an attribute; works over http and on `file://`."""
    return path if _PLAIN.fullmatch(path) else quote(path, safe="/-._~")
