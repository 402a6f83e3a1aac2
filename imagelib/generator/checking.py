"""Is the site what the last build made of it? Finds files that are gone or broken."""

from __future__ import annotations

from imagelib.errors import ImagelibError
from imagelib.generator.builder import build
from imagelib.generator.memory import Memory
from imagelib.generator.paths import ORIGINALS, original_path
from imagelib.generator.site import Site
from imagelib.library.files import is_plain_file
from imagelib.library.library import Library
from imagelib.library.models import Image


def check_site(library: Library, *, deep: bool = False, fix: bool = False) -> list[str]:
    """What is wrong with `site/`, one line each; with *fix*, what is left after a full build.

    *deep* decodes every thumbnail and reads every original.
    """
    faults = _faults(library, deep=deep)
    if faults and fix:
        site = Site(library.settings.site_dir)
        for path, _ in faults:
            (site.folder / path).unlink(missing_ok=True)
        build(library, full=True)
        faults = _faults(library, deep=deep)
    return [f"{path}: {reason}" for path, reason in faults]


def _faults(library: Library, *, deep: bool) -> list[tuple[str, str]]:
    folder = library.settings.site_dir
    if not (folder / "index.html").exists():
        return []  # not built yet
    site = Site(folder)
    memory = Memory(library.settings.private_dir / "build.db", folder.absolute())
    try:
        paths = sorted(memory.paths())
        digests = {path: memory.hash_of(path) for path in paths
                   if deep and path.startswith(f"{ORIGINALS}/")}
    finally:
        memory.close()
    faults = []
    for path in paths:
        if not site.exists(path):
            faults.append((path, "is gone"))
        elif path.startswith("thumbs/") and (
            (folder / path).stat().st_size == 0 or (deep and not _decodes(library, path))
        ):
            faults.append((path, "is no whole picture"))
        elif len(known := digests.get(path) or "") == 64 and not site.holds(path, known):
            faults.append((path, "has other bytes than its original"))
    return faults


def is_published(library: Library, image: Image) -> bool:
    """Whether the site has a file in the place of this image's original."""
    return any(is_plain_file(library.settings.site_dir / original_path(
        image.file_name, image.id, clashes=clashes)) for clashes in (False, True))


def _decodes(library: Library, path: str) -> bool:
    try:
        library.sandbox.call("imagelib.pictures:measure",
                             str(library.settings.site_dir / path), library.settings.max_pixels)
    except ImagelibError:
        return False
    return True
