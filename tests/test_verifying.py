"""What `check` sees beside the files of the images: texts, trash, leftovers, the site."""

from __future__ import annotations

import contextlib
import io
import shutil
import sqlite3
from typing import NamedTuple

import pytest
from helpers import draw

from imagelib.cli import run
from imagelib.generator.builder import build
from imagelib.generator.checking import check_site
from imagelib.library.checks.verifying import mend, verify
from imagelib.library.library import Library
from imagelib.library.store.locks import FileLock


@pytest.fixture
def root(tmp_path):
    with Library.create(tmp_path / "l") as library:
        for n in range(4):
            library.add(draw(tmp_path / f"{n}.png"), prompt_text=f"zebra number {n} in the snow")
        library.replace_file(library.ids("")[0], draw(tmp_path / "other.png"))
        library.delete(library.ids("")[1])
        build(library)
    return tmp_path / "l"


class Checked(NamedTuple):
    exit_code: int
    output: str


def check(root, *options):
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        code = run(["-L", str(root), "check", *options])
    return Checked(code, said.getvalue())


def trash(root):
    return sorted((root / ".imagelib" / "trash").iterdir())


def sql(root, statement):
    connection = sqlite3.connect(root / "library.db", isolation_level=None)
    connection.execute(statement)
    connection.close()


@pytest.mark.parametrize("statement", [
    "INSERT INTO images_fts (images_fts) VALUES ('delete-all')",
    "DELETE FROM folded",
    "DELETE FROM folded WHERE pk = (SELECT max(pk) FROM images)",
    "UPDATE folded SET text = 'horse'",
    "INSERT INTO folded VALUES (4711, 'ghost', '', '', '', '')",
    "UPDATE folded SET model = 'nobody'",
])
def test_a_text_index_that_is_not_that_of_the_rows_is_seen_and_made_anew(root, statement):
    sql(root, statement)
    assert check(root).exit_code == 4
    assert check(root, "--fix").exit_code == 0
    assert check(root, "--deep").exit_code == 0

    with Library.open(root) as library:
        assert len(library.find("zebra snow")) == 3
        assert library.find("ghost") == library.find("horse") == library.find("model:nobody") == []


def test_what_another_program_wrote_is_only_late(root):
    sql(root, "UPDATE images SET notes = 'quagga'")
    assert check(root).exit_code == 0


@pytest.mark.parametrize("which", [0, 1])
def test_a_lost_file_of_the_trash_is_seen(root, which):
    trash(root)[which].unlink()
    assert check(root).exit_code == 4
    assert "is gone" in check(root, "--fix").output


def test_a_damaged_file_of_the_trash_is_seen_when_it_is_read(root):
    trash(root)[0].write_bytes(b"other bytes")
    assert check(root).exit_code == 0
    assert check(root, "--deep").exit_code == 4


def test_a_file_of_the_trash_without_a_row_is_seen_and_moved_aside(root):
    (root / ".imagelib" / "trash" / "orphan").write_bytes(b"what may this be")
    assert "orphan belongs to nothing" in check(root).output
    assert check(root, "--fix").exit_code == 0

    assert (root / ".imagelib" / "aside" / "orphan").read_bytes() == b"what may this be"


@pytest.mark.parametrize("which", [0, 1])
def test_a_file_of_the_trash_whose_row_lost_it_is_given_back_to_it(root, which):
    path = trash(root)[which]
    path.rename(path.with_name("another-name"))
    assert check(root).exit_code == 4
    assert check(root, "--fix").exit_code == 0
    assert check(root, "--deep").exit_code == 0

    assert not (root / ".imagelib" / "aside").exists()


def test_an_earlier_file_that_the_history_knows_is_given_a_row(root):
    sql(root, "DELETE FROM replaced")
    assert check(root).exit_code == 4
    assert check(root, "--fix").exit_code == 0

    with Library.open(root) as library:
        rows = library.database.read("SELECT file FROM replaced")
        assert rows[0]["file"] in {path.name for path in trash(root)}


@pytest.mark.parametrize("place", ["images", "images/deep", "site", "site/data", ".imagelib",
                                   ".imagelib/trash", ".imagelib/upload", "."])
@pytest.mark.parametrize("name", [".0123456789ab.partial", ".imagelib-dead-0123.partial"])
def test_what_killed_work_left_is_seen_and_removed(root, place, name):
    (root / place).mkdir(exist_ok=True, parents=True)
    (root / place / name).write_bytes(b"half")
    # Opening sweeps up after the dead where it looks; what it passes over is seen.
    assert check(root).exit_code == 4 or not (root / place / name).exists()
    assert check(root, "--fix").exit_code == 0
    assert not (root / place / name).exists()


def test_what_somebody_is_making_is_no_leftover(root, tmp_path):
    with Library.open(root) as other:
        staged = other.originals.stage(draw(tmp_path / "new.png"))
        Library.open(root).close()
        assert staged.exists()
    Library.open(root).close()
    assert not staged.exists(), "who made it is gone"
    with Library.open(root) as library, Library.open(root) as other:
        staged = other.originals.stage(draw(tmp_path / "new.png"))
        building = FileLock(root / ".imagelib" / "build.lock")
        with building:
            half = root / "site" / "data" / ".0123456789ab.partial"
            half.write_bytes(b"half")
            assert verify(library).leftover == []
            mend(library)
            assert half.exists()
        assert verify(library).leftover == ["site/data/.0123456789ab.partial"]
        mend(library)
        assert not half.exists()
        assert staged.exists()


def test_what_lies_beside_the_library_is_not_ours_to_look_at(root):
    foreign = root / "films" / ".0123456789ab.partial"
    foreign.parent.mkdir()
    foreign.write_bytes(b"of another program")
    assert check(root, "--fix").exit_code == 0
    assert foreign.exists()


def test_what_is_moved_aside_takes_the_place_of_nothing(root):
    for content in (b"one", b"two", b"three"):
        (root / ".imagelib" / "trash" / "orphan").write_bytes(content)
        assert check(root, "--fix").exit_code == 0
    kept = (root / ".imagelib" / "aside").iterdir()
    assert sorted(path.read_bytes() for path in kept) == [b"one", b"three", b"two"]


def test_an_image_that_is_also_in_the_trash_is_seen(root):
    sql(root, "UPDATE trash SET id = (SELECT max(id) FROM images)")
    assert "is in the trash and in the library" in check(root).output


def test_a_thumbnail_that_is_cut_short_is_seen_and_made_anew(root):
    victim = next((root / "site" / "thumbs").rglob("*.webp"))
    right = victim.read_bytes()
    victim.write_bytes(right[:-30])
    assert check(root).exit_code == 0
    assert "no whole picture" in check(root, "--deep").output
    assert check(root, "--deep", "--fix").exit_code == 0
    assert victim.read_bytes() == right


@pytest.mark.parametrize(("trigger", "statement", "said"), [
    ("images_insert", "INSERT INTO images SELECT pk + 9, 'other-id', 'other.png', '', 'd', phash,"
     " size_bytes, width, height, mime_type, '', '', 'null', '{}', '', '', 0, captured_at, 'ok',"
     " created_at, updated_at, 1, '' FROM images LIMIT 1", "is not in the index"),
    ("images_delete", "DELETE FROM images WHERE pk = (SELECT max(pk) FROM images)",
     "in the library no more")])
def test_an_image_that_only_rows_or_only_the_index_have_is_seen(root, trigger, statement, said):
    with Library.open(root) as library:
        assert check_site(library, deep=True) == []
        with library.database.write("test", undoable=False) as transaction:
            columns = [row[1] for row in transaction.run("PRAGMA table_info(images)")]
            assert columns[:5] == ["pk", "id", "file_name", "original_name", "digest"]
            transaction.run(f"DROP TRIGGER {trigger}")
            transaction.run(statement)
        [found] = check_site(library, deep=True)
    assert said in found


def test_an_original_of_the_site_with_other_bytes_is_seen_and_made_anew(root):
    victim = sorted((root / "site" / "images").iterdir())[0]
    right = victim.read_bytes()
    with victim.open("r+b") as stream:
        stream.truncate(20)
    assert check(root, "--deep").exit_code == 4
    assert check(root, "--deep", "--fix").exit_code == 0
    assert victim.read_bytes() == right


def test_everything_in_order_is_said(root):
    shutil.rmtree(root / "site")
    assert "Everything is in order" in check(root, "--deep").output


def test_a_history_that_does_not_lead_to_the_row_is_seen(library, tmp_path):
    image = library.add(draw(tmp_path / "a.png")).image
    library.edit(image.id, rating=3, notes="x")
    library.edit(image.id, rating=5)
    library.delete(image.id)
    library.restore(image.id)
    library.edit(image.id, notes="y")
    assert verify(library, deep=True).history == []

    with library.database.write("test", undoable=False) as transaction:
        transaction.run("UPDATE changes SET after = json_set(after, '$.notes', 'z')"
                        " WHERE seq = (SELECT max(seq) FROM changes)")

    [said] = verify(library, deep=True).history
    assert "notes" in said
    assert verify(library).history == [], "only the deep look replays it"


def test_an_index_that_is_not_that_of_the_rows_is_seen(library, tmp_path):
    from imagelib.generator.builder import build
    from imagelib.generator.checking import check_site

    image = library.add(draw(tmp_path / "a.png"), rating=3, tags=["a", "b"], notes="n").image
    build(library)
    assert check_site(library, deep=True) == []
    with library.database.write("test", undoable=False) as transaction:
        transaction.run("DROP TRIGGER images_update")
        transaction.run("UPDATE images SET rating = 4 WHERE id = ?", image.id)

    [said] = check_site(library, deep=True)
    assert "rating" in said


def test_a_page_that_somebody_has_changed_is_seen_and_written_again(library, tmp_path):
    from imagelib.generator.builder import build
    from imagelib.generator.checking import check_site

    library.add(draw(tmp_path / "a.png"))
    build(library)
    page = next((library.root / "site" / "image").glob("*.html"))
    content = page.read_bytes()
    page.write_bytes(content + b"<!-- x -->")

    assert check_site(library) == []
    assert len(check_site(library, deep=True)) == 1
    assert check_site(library, deep=True, fix=True) == []
    assert page.read_bytes() == content
