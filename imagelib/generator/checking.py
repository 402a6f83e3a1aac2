"""Are the site and the record files what the last build made? Finds what is gone or broken."""

from __future__ import annotations

from collections.abc import Iterator

from imagelib.errors import ImagelibError, InvalidError
from imagelib.generator.build_state import BuildState
from imagelib.generator.builder import build
from imagelib.generator.index.blocks import MANIFEST_PATH
from imagelib.generator.paths import ORIGINALS, original_path
from imagelib.generator.reading import read_site
from imagelib.generator.site import Site
from imagelib.library.checks.verifying import put_aside
from imagelib.library.library import Library
from imagelib.library.store.disk import is_plain_file
from imagelib.library.values.image import Image
from imagelib.library.values.registry import FIELDS
from imagelib.recording.files import known_manifest
from imagelib.recording.restoring import sift

#: What is wrong with a file that is there without a reason.
_UNKNOWN = "belongs to nothing that the last build knows"
#: What an edit changes and the index has as it is in the row.
_INDEXED = ("digest", *(field.name for field in FIELDS if field.kind not in ("date", "json")))


def check_site(library: Library, *, deep: bool = False, fix: bool = False) -> list[str]:
    """What is wrong with `site/` and `records/`, one line each; with *fix*, what is left after a
    full build.

    *deep* decodes every thumbnail, and reads every original and record file.
    """
    faults, damaged = _faults(library, deep=deep), _damaged_records(library) if deep else {}
    if (faults or damaged) and fix:
        site = Site(library.settings.site_dir)
        for path, reason in faults:
            if reason == _UNKNOWN:
                put_aside(library.settings, site.folder / path)  # somebody's, or a last copy
            else:
                (site.folder / path).unlink(missing_ok=True)
        for name in damaged:
            (library.settings.records_dir / name).unlink(missing_ok=True)
        build(library, full=True)
        faults, damaged = _faults(library, deep=deep), _damaged_records(library)
    return [*(f"{path}: {reason}" for path, reason in faults), *damaged.values()]


def _damaged_records(library: Library) -> dict[str, str]:
    """What is wrong with each record file that is not whole."""
    folder = library.settings.records_dir
    manifest = known_manifest(folder)
    return sift(folder, manifest)[1] if manifest else {}


def _faults(library: Library, *, deep: bool) -> list[tuple[str, str]]:
    folder = library.settings.site_dir
    if not (folder / "index.html").exists():
        return []  # not built yet
    site = Site(folder)
    build_state = BuildState(library.settings.private_dir / "build.db", folder)
    try:
        paths = sorted(build_state.paths())
        digests = {path: build_state.hash_of(path) for path in paths
                   if deep and path.startswith(f"{ORIGINALS}/")}
        written = {path: build_state.hash_of(path) for path in paths
                   if deep and path.endswith((".js", ".html", ".css", ".xml"))}
        is_current = build_state.seq == library.database.seq()
        known = {*paths, *build_state.kept(), *build_state.unfinished}
    finally:
        build_state.close()
    faults = []
    for path in paths:
        if not site.exists(path):
            faults.append((path, "is gone"))
        elif path.startswith("thumbs/") and (
            (folder / path).stat().st_size == 0 or (deep and not _decodes(library, path))
        ):
            faults.append((path, "is no whole picture"))
        elif len(own := digests.get(path) or "") == 64 and not site.holds(path, own):
            faults.append((path, "has other bytes than its original"))
        elif path in written and _hash(site, path) != written[path]:
            faults.append((path, "is not what the last build wrote"))
    faults += _unknown(site, known)
    if deep and is_current and not faults:
        faults += [(MANIFEST_PATH, reason) for reason in _index_faults(library)]
    return faults


def _unknown(site: Site, known: set[str]) -> Iterator[tuple[str, str]]:
    """Files in the folders that builds write into, and that no build of this library remembers.

    One may be left from a build under another memory, and hold what was purged since.
    """
    folders = {path.split("/")[0] for path in known if "/" in path}
    orphans, others = site.sweep(known)
    for path in sorted([*orphans, *others]):
        if path.split("/")[0] in folders and not path.endswith(".partial"):
            yield path, _UNKNOWN


def _hash(site: Site, path: str) -> str:
    """By which hash an artifact is known; "" if it cannot be read."""
    try:
        return site.hash((site.folder / path).read_bytes())
    except OSError:
        return ""


def _index_faults(library: Library) -> Iterator[str]:
    """Images that the search index of the site has in another way than the library."""
    try:
        found = {record.id: record for record in read_site(library.settings.site_dir)[0]}
    except InvalidError as error:
        yield str(error)
        return
    for image in library.walk():
        record = found.pop(image.id, None)
        if record is None:
            yield f"{image.file_name} is not in the index"
            continue
        values = record.fields | {"digest": record.digest}
        odd = [name for name in _INDEXED if values.get(name) != _indexed(image, name)]
        if odd:
            yield f"{image.file_name} has another {', '.join(odd)} in the index"
    yield from (f"{record.file_name} is in the index and in the library no more"
                for record in found.values())


def _indexed(image: Image, name: str) -> object:
    value = getattr(image, name)
    return list(value) if name == "tags" else value


def is_published(library: Library, image: Image) -> bool:
    """Whether the site has a file in the place of this image's original."""
    return any(is_plain_file(library.settings.site_dir / original_path(
        image.file_name, image.id, clashes=clashes)) for clashes in (False, True))


def _decodes(library: Library, path: str) -> bool:
    try:
        library.sandbox.call("imagelib.pictures:require_whole",
                             str(library.settings.site_dir / path), library.settings.max_pixels)
    except ImagelibError:
        return False
    return True
