"""What a look at the images folder costs: a scan that finds nothing, one that finds little.

    python bench/scan.py [--count 100000]

Prints JSON. Times are CPU seconds of this process; files are tiny, as only names, looks and
rows count.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sqlite3
import tempfile
import time
import uuid
from collections.abc import Callable
from pathlib import Path

from imagelib.library.library import Library
from imagelib.library.originals.drift import Scanner
from imagelib.library.originals.following import settle


def main() -> None:
    """Measure and print one document."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100_000)
    count = parser.parse_args().count
    with tempfile.TemporaryDirectory() as folder, Library.create(Path(folder)) as library:
        fill(library, count)
        scanner = Scanner(library)
        result = {"count": count, "cores": os.cpu_count(),
                  "first, reading all": cpu(lambda: settle(library, scanner, scanner.scan()))}
        result["no-op"] = min(
            cpu(lambda: settle(library, scanner, scanner.scan())) for _ in range(5))
        names = sorted(path.name for path in library.originals.folder.iterdir())[:100]
        for name in names:
            (library.originals.folder / name).rename(library.originals.folder / f"r{name}")
        result["100 renamed"] = cpu(lambda: settle(library, scanner, scanner.scan()))
    print(json.dumps(result, indent=2))


def fill(library: Library, count: int) -> None:
    """Rows and files, as another SQLite client would make them."""
    rows = []
    for number in range(count):
        content = b"%d" % number
        name = f"{number:06d}.png"
        (library.originals.folder / name).write_bytes(content)
        rows.append((str(uuid.UUID(int=number, version=4)), name,
                     hashlib.sha256(content).hexdigest(), len(content)))
    connection = sqlite3.connect(library.settings.database)
    with connection:
        connection.executemany(
            "INSERT INTO images (id, file_name, digest, size_bytes, width, height, mime_type,"
            " captured_at, created_at, updated_at) VALUES (?, ?, ?, ?, 8, 8, 'image/png',"
            " '2026-01-01T00:00:00', '', '')", rows)
    connection.close()


def cpu(work: Callable[[], object]) -> float:
    """CPU seconds of this process, the system's part for it included."""
    started = time.process_time()
    work()
    return round(time.process_time() - started, 3)


if __name__ == "__main__":
    main()
