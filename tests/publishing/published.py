"""A library that says one word in every value, and what the tests of publishing do with it."""

from __future__ import annotations

import hashlib
from pathlib import Path

from imagelib.library.library import Library
from imagelib.publishing.policy import Policy
from imagelib.publishing.publication import Publication, publication

CANARY = "zq7fox"


def policy(**values) -> Policy:
    return Policy.of("mine", {"fields": ["title", "tags", "date:month"],
                              "tags": {"only": ["shown"]}} | values)


def publish(library: Library, to: Path, one: Policy | None = None, **options) -> Publication:
    with publication(library, one or policy(), str(to), **options) as found:
        found.send()
        return found


def tree(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in folder.rglob("*") if path.is_file()}
