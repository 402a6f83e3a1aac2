"""Routes of drift: where disk and database disagree, and the repairs that a person asks for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from imagelib.daemon.bodies import Repair
from imagelib.daemon.call import Answer, Call
from imagelib.errors import InvalidError
from imagelib.library.originals.drift import Drift
from imagelib.library.originals.following import settle
from imagelib.library.originals.repairing import Repaired, accept, adopt, locate, wanted_files
from imagelib.library.store.rows import select
from imagelib.library.values.image import Image

#: So many entries of each kind are told; there are counts besides.
_MOST = 200
#: Of a prompt so many characters, by which a person knows the picture.
_SHOWN = 1000


def show_drift(call: Call) -> Answer:
    """Compare the files with the database now; nothing is changed."""
    with call.state.scanning() as scanner:
        drift = scanner.scan()
    library = call.state.library
    flagged = select(library.database.reader, "WHERE i.file_state = 'altered'", raw=False)
    altered = {i.pk: i for i in [*flagged, *drift.altered, *drift.rotten]}
    found: dict[str, list[Any]] = {
        "missing": [_entry(image) for image in drift.missing],
        "altered": [_entry(image) for image in altered.values()],
        "moved": [_entry(image) | {"now": name} for image, name in drift.moved],
        "stray": [{"file": name} for name in drift.stray],
        "duplicate": [{"file": name} | _entry(image) for name, image in drift.duplicate],
        "unreadable": [{"file": name, "detail": reason} for name, reason in drift.unreadable],
    }
    return Answer(json={
        "refused": _without_paths(call, drift.refused),
        "counts": {kind: len(entries) for kind, entries in found.items()},
        **{kind: entries[:_MOST] for kind, entries in found.items()},
    })


def repair(call: Call) -> Answer:
    """Find lost files, accept changed ones, take strays in, or flag what is gone."""
    asked = Repair.of(call.read_json())
    library = call.state.library
    with call.state.scanning() as scanner:
        if asked.accept is not None:
            done = accept(library, asked.accept)
        elif asked.adopt is not None:
            done = adopt(library, asked.adopt, scanner.scan().stray)
        else:
            drift = scanner.scan()
            wanted = wanted_files(library, drift)
            # Overwritten files are a question to the user here, and strays another.
            drift.altered, drift.rotten = [], []
            if asked.flag_missing:
                done = Repaired(changed=[image.id for image in drift.missing])
                settle(library, scanner, drift, accept_missing=True, adopt=False)
            else:
                settle(library, scanner, drift, adopt=False)
                done = _locate(call, drift, wanted, asked.locate or "")
    call.facts |= {"event": "repair", "images": len(done.changed), "failures": len(done.failures)}
    call.state.wake()
    return Answer(json={
        "changed": len(done.changed), "batch": done.batch,
        "failures": [{"id": name, "detail": reason} for name, reason in done.failures]})


def _locate(call: Call, drift: Drift, wanted: list[Image], place: str) -> Repaired:
    """Moved files were followed by the scan; further ones are looked for in *place*."""
    library = call.state.library
    done = Repaired(changed=[image.id for image, _ in drift.moved])
    if place.strip():
        path = Path(place.strip()).expanduser()
        if not path.is_absolute() or "\0" in place:
            raise InvalidError.of("locate", "should be a whole path, from the root on")
        done.changed += [image.id for image in locate(library, path, wanted)]
    return done


def _entry(image: Image) -> dict[str, Any]:
    return {"id": image.id, "file_name": image.file_name, "original_name": image.original_name,
            "prompt_text": image.prompt_text[:_SHOWN], "size_bytes": image.size_bytes,
            "file_state": image.file_state}


def _without_paths(call: Call, text: str) -> str:
    """An answer does not say where on this machine the library lies."""
    return text.replace(str(call.state.library.originals.folder), "images/")
