"""The independent checker finds nothing in a library that was used, and whatever is broken."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from checker import sha, violations
from helpers import draw, follow

from imagelib.generator.builder import build
from imagelib.library.library import Library


@pytest.fixture(scope="module")
def used(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("checked")
    with Library.create(folder / "l") as library:
        for n in range(8):
            library.add(draw(folder / f"{n}.png"), prompt_text=f"Ein Füchslein №{n}, ½ so groß",
                        tags=["a", f"t{n % 3}"], rating=n % 6, notes="line\none" * (n % 2))
        draw(library.originals.folder / "what: now?.png")
        draw(library.originals.folder / "Deep" / "fox.png")
        draw(library.originals.folder / "deep" / "FOX.png")
        follow(library)
        ids = library.ids("")
        library.edit(ids[0], rating=5, add_tags=["x"], remove_tags=["a"], ai_model="m",
                     generation={"seed": 7, "tool": "ComfyUI", "steps": 20})
        library.replace_file(ids[1], draw(folder / "other.png"))
        library.delete(ids[2], ids[3])
        library.restore(ids[2])
        library.undo()
        library.redo()
        library.rename_tag("t1", "t one")
        library.delete(ids[4])
        library.purge(ids[4])
        (library.originals.folder / "Deep" / "fox.png").unlink()
        follow(library)
        build(library)
    return folder / "l"


def test_a_library_that_was_used_is_in_order(used):
    assert violations(used) == []


def sql(*statements: str) -> Callable[[Path], None]:
    def change(root: Path) -> None:
        connection = sqlite3.connect(root / "library.db", isolation_level=None)
        for statement in statements:
            connection.execute(statement)
        connection.close()

    return change


def first(pattern: str, act: Callable[[Path], object]) -> Callable[[Path], None]:
    return lambda root: (act(sorted(root.glob(pattern))[0]), None)[1]


FAULTS = {
    "has other bytes than its row": first("images/*.png", lambda p: p.write_bytes(b"x")),
    "is gone, and its row": first("images/????????-*.png", Path.unlink),
    "live images have the bytes": sql("DROP INDEX images_one_digest",
                                      "UPDATE images SET digest = (SELECT max(digest) FROM images)"
                                      " WHERE pk < 3"),
    "tags of row": sql("INSERT INTO image_tags VALUES (4711, (SELECT min(id) FROM tags))"),
    "an intent is left": sql("INSERT INTO intents VALUES (1, 'x', '{}')"),
    "is a picture that no row knows": lambda root: (draw(root / "images" / "new.png"), None)[1],
    "is not in the trash": first(".imagelib/trash/*", Path.unlink),
    "in the trash has no row": lambda root: (
        (root / ".imagelib/trash/orphan").write_bytes(b"x"), None)[1],
    "the change #": sql("UPDATE changes SET after = replace(after, '5', '4')"
                        " WHERE after LIKE '%rating%'"),
    "does not begin with an insertion": sql("DELETE FROM changes WHERE kind = 'insert'"),
    "were there from the first": sql("DELETE FROM changes WHERE kind = 'tags' AND"
                                      " after LIKE '%\"x\"%'"),
    "is not that of its row": sql("UPDATE folded SET text = 'other' WHERE pk = 1"),
    "text index": sql("INSERT INTO images_fts (images_fts) VALUES ('delete-all')"),
    "was left behind": lambda root: (
        (root / "images" / ".0123456789ab.partial").write_bytes(b""), None)[1],
    "which is not there": first("site/thumbs/*/*.webp", Path.unlink),
    "is named by the manifest": first("site/data/text-*.js", Path.unlink),
    "is not what its name says": first("site/data/file-*.js", lambda p: p.write_bytes(
        p.read_bytes().replace(b"png", b"gif"))),
    "the site's original": first("site/images/????????-*.png", lambda p: p.write_bytes(b"x")),
    "the site is of change": sql("UPDATE images SET notes = 'late' WHERE pk = 1"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_seen(used, tmp_path, fault):
    shutil.copytree(used, tmp_path / "l")
    FAULTS[fault](tmp_path / "l")
    assert any(fault in line for line in violations(tmp_path / "l")), violations(tmp_path / "l")


def test_bytes_of_a_purged_image_are_found_wherever_they_are(used, tmp_path):
    victim = sorted((used / ".imagelib" / "trash").iterdir())[0]
    assert [line for line in violations(used, purged=[sha(victim)]) if "purged" in line]
