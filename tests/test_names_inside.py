"""A row never leads to a file outside of `images/`, whoever wrote it."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

import pytest
from helpers import draw, follow

from imagelib.generator.builder import build

OUTSIDE = ["/etc/hostname", "../secret.png", "a/../../secret.png", "..", "", "/", "x\0y"]


@pytest.mark.parametrize("name", OUTSIDE)
def test_no_client_can_make_a_row_lead_outside(library, tmp_path, name):
    library.add(draw(tmp_path / "a.png"))
    draw(library.root / "secret.png")
    with closing(sqlite3.connect(library.settings.database)) as other, \
            pytest.raises(sqlite3.IntegrityError):
        other.execute("UPDATE images SET file_name = ?", [name])
    with closing(sqlite3.connect(library.settings.database)) as other, \
            pytest.raises(sqlite3.IntegrityError):
        other.execute(
            "INSERT INTO images (id, file_name, digest, size_bytes, width, height, mime_type,"
            " captured_at, created_at, updated_at) VALUES ('i', ?, 'd', 1, 1, 1, '', '', '', '')",
            [name])
    build(library)
    assert not list((library.root / "site").rglob("secret*"))


@pytest.mark.parametrize("name", [".a..png", "a..b.png", "x..y/fine.png", "x:y.png"])
def test_names_that_only_look_so_are_taken(library, name):
    draw(library.originals.folder / name)
    _, done = follow(library)
    assert [library.get(image).file_name for image in done.added] == (
        [] if name.startswith(".") else [name])


@pytest.mark.parametrize("name", OUTSIDE[:4])
def test_a_record_of_the_trash_that_was_changed_comes_back_under_a_name_of_ours(
        library, tmp_path, name):
    image = library.add(draw(tmp_path / "a.png"), rating=4).image
    library.delete(image.id)
    with closing(sqlite3.connect(library.settings.database)) as other, other:
        record = json.loads(other.execute("SELECT record FROM trash").fetchone()[0])
        other.execute("UPDATE trash SET record = ?", [json.dumps(record | {"file_name": name})])

    library.restore(image.id)

    now = library.get(image.id)
    assert (now.rating, now.file_state) == (4, "ok")
    assert library.originals.path_of(now).parent == library.originals.folder
