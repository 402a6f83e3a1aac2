"""What record files cost: written first, nothing to do, one edit; and a database made of them.

    python bench/records.py [--count 10000]

Records are those of `corpus.py`, two of three with a workflow as ComfyUI writes it; there are no
pictures, as record files do not look at any. Prints JSON; CPU seconds.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import tempfile
from pathlib import Path

from build import Timer
from corpus import Corpus

from imagelib.exporting import records_as
from imagelib.library.library import Library
from imagelib.library.store.rows import insert_row, set_tags, to_columns
from imagelib.recording.restoring import restore_records
from imagelib.recording.writing import record


def main() -> None:
    """Run all and print one document."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10_000)
    count = parser.parse_args().count
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "library"
        with Library.create(root) as library:
            fill(library, count)
            results = writing(library, count)
            before = exported(library)
        with Timer() as timer:
            restore_records(library.settings, library.settings.records_dir)
        with Library.open(root) as library:
            results["restore"] = timer.result | {"same_export": exported(library) == before}
    print(json.dumps({"images": count, "cores": os.cpu_count(),
                      "python": sys.version.split()[0], **results}, indent=2))


def fill(library: Library, count: int) -> None:
    """Give the library *count* rows."""
    rng = random.Random(7)
    with library.database.write("add") as transaction:
        for image in Corpus().images(count):
            columns = image.to_json()
            tags = columns.pop("tags")
            columns["prompt_meta"] = workflow(rng) if image.pk % 3 else None
            insert_row(transaction, to_columns(columns))
            set_tags(transaction, image.pk, tags)


def workflow(rng: random.Random) -> dict[str, object]:
    """Some 5 KB, of which a part is new each time."""
    return {"workflow": {"nodes": [{
        "id": number, "type": "KSampler", "pos": [rng.randrange(2000), rng.randrange(2000)],
        "widgets_values": [rng.getrandbits(40), "euler", rng.random()],
        "inputs": [{"name": "model", "type": "MODEL", "link": rng.randrange(99)}],
    } for number in range(25)]}}


def writing(library: Library, count: int) -> dict[str, object]:
    """Each kind of run over the record files."""
    folder = library.settings.records_dir
    middle = library.database.read("SELECT id FROM images WHERE pk = ?", count // 2)[0][0]
    results: dict[str, object] = {"first": timed(library)}
    sizes = {path.name: path.stat().st_size for path in folder.iterdir()}
    results["bytes"] = {kind: sum(size for name, size in sizes.items() if name.startswith(kind))
                        for kind in ("images", "raw", "manifest")}
    results["database_bytes"] = library.settings.database.stat().st_size
    results["nothing to do"] = timed(library)
    library.edit(middle, rating=5)
    results["a rating"] = timed(library)
    library.edit(middle, prompt_meta=workflow(random.Random(8)))
    results["other raw data"] = timed(library)
    results["all compared"] = timed(library, full=True)
    return results


def timed(library: Library, *, full: bool = False) -> dict[str, float]:
    """One run."""
    with Timer() as timer:
        done = record(library, full=full)
    return timer.result | {"files": len(done.written)}


def exported(library: Library) -> bytes:
    """All records as `imagelib export` writes them."""
    return b"".join(records_as("json", library.walk()))


if __name__ == "__main__":
    main()
