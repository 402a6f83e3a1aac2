"""Routes of drift: where disk and database disagree, and the repairs that a person asks for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from imagelib.daemon.messages import Request, Response
from imagelib.daemon.schemas import Repair
from imagelib.errors import InvalidError
from imagelib.library.originals.drift import Drift
from imagelib.library.originals.following import follow_disk
from imagelib.library.originals.repairing import accept, adopt, locate, wanted_files
from imagelib.library.store.rows import select
from imagelib.library.store.schema import NOT_OK
from imagelib.library.values.image import Image
from imagelib.library.values.outcome import Outcome
from imagelib.library.values.registry import NAMING

#: So many entries of each kind are told; there are counts besides.
_MOST = 200
#: Of a prompt so many characters, by which a person knows the picture.
_SHOWN = 1000


def show_drift(request: Request) -> Response:
    """Compare the files with the database now; nothing is changed."""
    with request.service.scanning() as scanner:
        drift = scanner.scan()
    library = request.service.library
    flagged = select(library.database.reader, f"WHERE i.file_state = 'altered' AND i.{NOT_OK}",
                     raw=False)
    altered = {i.pk: i for i in [*flagged, *drift.altered, *drift.damaged]}
    found: dict[str, list[Any]] = {
        "missing": [_entry(image) for image in drift.missing],
        "altered": [_entry(image) for image in altered.values()],
        "moved": [_entry(image) | {"now": name} for image, name in drift.moved],
        "stray": [{"file": name} for name in drift.stray],
        "duplicate": [{"file": name} | _entry(image) for name, image in drift.duplicate],
        "unreadable": [{"file": name, "detail": reason} for name, reason in drift.unreadable],
    }
    return Response(json={
        "refused": _without_paths(request, drift.refused),
        "counts": {kind: len(entries) for kind, entries in found.items()},
        **{kind: entries[:_MOST] for kind, entries in found.items()},
    })


def repair(request: Request) -> Response:
    """Find lost files, accept changed ones, take strays in, or flag what is gone."""
    asked = Repair.of(request.read_json())
    library = request.service.library
    with request.service.scanning() as scanner:
        if asked.accept is not None:
            done = accept(library, asked.accept)
        elif asked.adopt is not None:
            done = adopt(library, asked.adopt, scanner.scan().stray)
        else:
            drift = scanner.scan()
            wanted = wanted_files(library, drift)
            # Overwritten files are a question to the user here, and strays another.
            drift.altered, drift.damaged = [], []
            if asked.flag_missing:
                done = Outcome(changed=tuple(image.id for image in drift.missing))
                follow_disk(library, scanner, drift, accept_missing=True, adopt=False)
            else:
                follow_disk(library, scanner, drift, adopt=False)
                done = _locate(request, drift, wanted, asked.locate or "")
    request.note("repair", done, images=len(done.changed), failures=len(done.failures))
    return Response(json={
        "changed": len(done.changed), "batch": done.batch or None,
        "failures": [{"id": name, "detail": reason} for name, reason in done.failures]})


def _locate(request: Request, drift: Drift, wanted: list[Image], place: str) -> Outcome:
    """Moved files were followed by the scan; further ones are looked for in *place*."""
    library = request.service.library
    moved = tuple(image.id for image, _ in drift.moved)
    if place.strip():
        path = Path(place.strip()).expanduser()
        if not path.is_absolute() or "\0" in place:
            raise InvalidError.of("locate", "should be a whole path, from the root on")
        moved += locate(library, path, wanted).changed
    return Outcome(changed=moved)


def _entry(image: Image) -> dict[str, Any]:
    return {"id": image.id, "file_name": image.file_name, "original_name": image.original_name,
            "size_bytes": image.size_bytes, "file_state": image.file_state,
            **{field.name: getattr(image, field.name)[:_SHOWN] for field in NAMING}}


def _without_paths(request: Request, text: str) -> str:
    """An answer does not say where on this machine the library lies."""
    return text.replace(str(request.service.library.originals.folder), "images/")
