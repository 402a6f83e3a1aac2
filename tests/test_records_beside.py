"""Record files: they follow every edit at the cost of that edit, and give the database back."""

from __future__ import annotations

import gzip
import json
import random
import shutil
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

import pytest
from checker import violations
from helpers import draw, fill, follow, tree
from prefork import imagelib

from imagelib.config import Settings
from imagelib.errors import ConflictError, InvalidError, NotFoundError
from imagelib.exporting import records_as
from imagelib.generator.builder import build
from imagelib.library.checks.verifying import Findings, verify
from imagelib.library.library import Library
from imagelib.library.originals.following import note_taken
from imagelib.library.records.albums import change_album, forget_album
from imagelib.library.records.lookalikes import merge
from imagelib.library.records.searches import delete_search, save_search
from imagelib.library.store.backup import snapshot
from imagelib.publishing.policy import Policy
from imagelib.publishing.publication import publication
from imagelib.recording import files
from imagelib.recording.files import RecordBlock, hash_of, name_of, read_manifest, to_line
from imagelib.recording.restoring import restore_records
from imagelib.recording.tables import LEFT_OUT, TABLES
from imagelib.recording.writing import record


def exported(library: Library) -> bytes:
    return b"".join(records_as("json", library.walk()))


def told(library: Library) -> dict[str, list[tuple]]:
    """What else a restored library has to have."""
    return {sql: [tuple(row) for row in library.database.read(sql)] for sql in (
        "SELECT * FROM images ORDER BY pk", "SELECT * FROM trash ORDER BY pk",
        "SELECT * FROM replaced ORDER BY image, digest", "SELECT * FROM taken ORDER BY path",
        "SELECT * FROM searches ORDER BY name", "SELECT * FROM albums ORDER BY tag",
        "SELECT value FROM meta WHERE key = 'library_id'", "SELECT * FROM context",
        "SELECT type, name, sql FROM sqlite_schema ORDER BY name",
        "SELECT seq FROM sqlite_sequence WHERE name = 'images'")}


def from_scratch(library: Library) -> dict[str, bytes]:
    """The record files that are made where there are none."""
    folder = library.settings.records_dir
    folder.rename(folder.with_name("kept"))
    record(library)
    made = tree(folder)
    shutil.rmtree(folder)
    folder.with_name("kept").rename(folder)
    return made


def names(report, table: str) -> list[str]:
    return [name for name in report.written if name.startswith(f"{table}-")]


@pytest.fixture(scope="module")
def seeds(tmp_path_factory):
    """A library with a row of each kind, and its record files."""
    root = tmp_path_factory.mktemp("seeds") / "library"
    with Library.create(root) as library:
        for n in range(4):
            image = library.add(draw(root.parent / f"{n}.png"), tags=["all", f"t{n} ü"],
                                notes=f"note {n}\n»漢«", rating=n).image
        library.edit(image.id, prompt_meta={"workflow": [1, 2]}, title="Last")
        library.delete(library.find("rating:0")[0].id)
        library.replace_file(image.id, draw(root.parent / "other.png"))
        save_search(library.database, "best", "rating:5", "-rating")
        change_album(library.database, "all", text="All", ids=[image.id], cover=image.id)
        note_taken(library, Path("/watched/a.png"), (1, 2), "0" * 64)
        record(library)
    return root


@pytest.fixture
def kept(seeds, tmp_path):
    shutil.copytree(seeds, tmp_path / "library")
    return tmp_path / "library"


# -- there and back -----------------------------------------------------------


def _at_random(library: Library, rng: random.Random, root: Path) -> None:
    """One edit of some kind."""
    images, trash = library.find(), library.trash()
    image = rng.choice(images)
    number = rng.randrange(10**6)
    others = [other for other in images if other.id != image.id]

    def by_another_program() -> None:
        with closing(sqlite3.connect(library.settings.database)) as client:
            client.execute("UPDATE images SET notes = ? WHERE pk = ?", (f"x {number}", image.pk))
            client.commit()

    with suppress(NotFoundError, ConflictError):
        rng.choice([
            lambda: library.add(draw(root / f"{number}.png"), tags=[f"t{number % 5}"]),
            lambda: library.edit(image.id, rating=number % 6, notes=f"{number} \u2028 ½ \x1f"),
            lambda: library.edit(image.id, prompt_meta={"n": number} if number % 3 else None),
            lambda: library.edit(image.id, tags=[f"t{number % 4}", "ä/b"]),
            lambda: library.delete(image.id) if others else None,
            lambda: library.restore(rng.choice(trash).image.id) if trash else None,
            lambda: library.purge(rng.choice(trash).image.id) if trash else None,
            library.undo, library.undo, library.redo,
            lambda: merge(library, image, others[:1]) if len(others) > 2 else None,
            lambda: library.rename_tag(f"t{number % 5}", f"t{number % 3}"),
            lambda: library.delete_tag(f"t{number % 5}"),
            lambda: library.replace_file(image.id, draw(root / f"{number}.png")),
            lambda: save_search(library.database, f"s{number % 3}", str(number)),
            lambda: delete_search(library.database, f"s{number % 3}"),
            lambda: change_album(library.database, f"t{number % 4}", text=f"{number}"),
            lambda: forget_album(library.database, f"t{number % 4}"),
            lambda: note_taken(library, Path(f"/w/{number % 4}"), (number, 1), "a" * 64),
            by_another_program,
        ])()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_random_edits_are_recorded_as_from_scratch_and_come_back_byte_for_byte(tmp_path, seed):
    rng, root = random.Random(seed), tmp_path / "library"
    with Library.create(root) as library:
        for n in range(5):
            library.add(draw(tmp_path / f"{n}.png"), tags=[f"t{n}", "all"])
        for _ in range(40):
            _at_random(library, rng, tmp_path)
            if rng.random() < 0.5:
                record(library)
        record(library)
        folder = library.settings.records_dir
        assert tree(folder) == from_scratch(library)
        before, beside, seq = exported(library), told(library), library.database.seq()

    report = restore_records(library.settings, folder)

    assert report.former.is_file()
    with Library.open(root) as library:
        assert exported(library) == before
        assert told(library) == beside
        assert library.database.seq() > seq, "whoever knows the feed hears of everything"
        [(batch, action)] = library.database.read("SELECT DISTINCT batch, action FROM changes")
        assert (action, library.database.read("SELECT * FROM batches")) == ("restored", [])
        with pytest.raises(NotFoundError, match="nothing to undo"):
            library.undo()
        with pytest.raises(ConflictError, match="no way back"):
            library.undo(batch)
        assert verify(library, deep=True) == Findings()
        follow(library)
        assert violations(root) == []
        # From here on it is a library like any other.
        image = library.find()[0]
        library.edit(image.id, add_tags=["after"])
        library.undo()
        assert "after" not in library.get(image.id).tags
        assert library.add(draw(tmp_path / "late.png")).image.pk > max(
            row[0] for sql, rows in beside.items() if "sqlite_sequence" in sql for row in rows)
        for trashed in library.trash():
            with suppress(ConflictError):
                library.restore(trashed.image.id)
        record(library)
        assert tree(folder) == from_scratch(library)


def test_doubles_that_the_first_version_could_make_come_back_as_they_are(kept):
    with closing(sqlite3.connect(kept / "library.db")) as client:
        client.execute("DROP INDEX images_one_digest")
        client.execute("UPDATE images SET digest = (SELECT digest FROM images LIMIT 1)")
        client.commit()
    with Library.open(kept) as library:
        record(library)
        before = exported(library)

    restore_records(Settings.load(kept), kept / "records")

    with Library.open(kept) as library:
        assert exported(library) == before


def test_every_table_is_recorded_or_left_out_for_a_reason_and_whole(library):
    there = {row[0] for row in library.database.read(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT GLOB 'sqlite_*'"
        " AND name NOT GLOB 'images_fts_*'")}
    sources = {table.source for table in TABLES}
    assert there == sources | LEFT_OUT.keys()
    assert not sources & LEFT_OUT.keys()
    for source in sources:
        columns = {row[0] for row in library.database.read(
            "SELECT name FROM pragma_table_info(?)", source)}
        recorded = {name for table in TABLES if table.source == source for name in table.columns}
        assert recorded - {"tags"} == columns, source


def test_records_of_tables_before_titles_are_restored_with_what_they_have(kept):
    folder, settings = kept / "records", Settings.load(kept)
    for key in list(read_manifest(folder).blocks):
        if key[0] == "images":
            _forge(folder, key[0], lambda row: row.pop("title"), number=key[1])
    _rewrite_manifest(folder, version=2)

    assert restore_records(settings, folder).images == 3

    with Library.open_to_read(kept) as library:  # who folds no texts
        assert library.count("note") == 3
    with Library.open(kept) as library:
        assert {image.title for image in library.find()} == {""}
        assert verify(library, deep=True) == Findings()


def test_a_lost_database_comes_back_by_the_commands_that_say_so(kept):
    with Library.open(kept) as library:
        snapshot(library.settings)
        library.edit(library.find()[0].id, notes="after the backup")
        build(library)
        before = exported(library)
    noted = imagelib("-L", kept, "restore", "--yes")
    assert "later edits" in noted.stderr
    shutil.rmtree(kept / ".imagelib" / "backups")
    for part in kept.glob("library.db*"):
        part.unlink()

    assert "imagelib recover" in imagelib("-L", kept, "list").stderr
    assert "restore --records" in imagelib("-L", kept, "restore", "--yes").stderr
    said = imagelib("-L", kept, "recover", "--yes")
    assert (said.returncode, "restore --records" in said.stderr) == (1, True)
    done = imagelib("-L", kept, "restore", "--records", kept / "records", "--yes")
    assert done.returncode == 0, done.stderr
    assert "3 images restored" in done.stderr

    assert imagelib("-L", kept, "export").stdout.encode() == before
    assert imagelib("-L", kept, "build").returncode == 0
    assert imagelib("-L", kept, "check", "--deep").returncode == 0


# -- what it costs ------------------------------------------------------------


def test_an_edit_is_one_block_however_many_images_there_are(library):
    fill(library, 600)
    image = library.find()[0]
    library.edit(image.id, prompt_meta={"workflow": "w" * 1000})
    record(library)
    looked = []

    library.edit(image.id, rating=5, add_tags=["fox"])
    done = record(library, progress=lambda stage, count, total: looked.append(total))

    assert (len(done.written), len(names(done, "images")), len(done.removed)) == (1, 1, 1)
    assert looked == [1]
    library.edit(image.id, prompt_meta={"workflow": "v"})
    assert len(record(library).written) == 2, "the raw data has a block of its own"
    library.delete(image.id)
    done = record(library)
    assert (len(names(done, "trash")), len(done.written)) == (1, 2)
    save_search(library.database, "best", "rating:5")
    assert len(record(library).written) == 1


@pytest.mark.parametrize("sql", [
    "UPDATE trash SET file = 'another'", "UPDATE replaced SET file = 'another'",
    "DELETE FROM replaced", "UPDATE searches SET sort = 'rating'", "DELETE FROM searches",
    "INSERT OR REPLACE INTO taken SELECT path, 7, 7, digest FROM taken"])
def test_what_no_history_tells_of_is_recorded_too(kept, sql):
    with Library.open(kept) as library:
        with library.database.write("check", undoable=False) as transaction:
            transaction.run(sql)
        record(library)
        assert tree(kept / "records") == from_scratch(library)


def test_what_is_unchanged_is_not_written(kept):
    def looks(folder: Path) -> dict[str, tuple[int, int]]:
        return {path.name: (path.stat().st_mtime_ns, path.stat().st_ino)
                for path in folder.iterdir()}

    folder = kept / "records"
    assert imagelib("-L", kept, "build").returncode == 0
    before = looks(folder)
    with Library.open(kept) as library:
        for full in (False, True):
            build(library, full=full)
            assert looks(folder) == before
    assert "up to date" in imagelib("-L", kept, "build").stderr
    assert looks(folder) == before


def test_a_build_brings_back_what_is_gone_and_ends_what_was_broken_off(kept):
    folder = kept / "records"
    imagelib("-L", kept, "build")
    whole = tree(folder)
    for name in whole:
        (folder / name).unlink()
        imagelib("-L", kept, "build")
        assert tree(folder) == whole
    (folder / f"images-0-{'0' * 32}.jsonl.gz").write_bytes(b"of one that was killed")
    (folder / ".0123456789ab.partial").write_bytes(b"so is this")
    imagelib("-L", kept, "build")
    assert tree(folder) == whole


def test_they_are_private_and_leave_what_is_not_theirs(kept):
    folder = kept / "records"
    shutil.rmtree(folder)
    with Library.open(kept) as library:
        record(library)
        assert folder.stat().st_mode & 0o077 == 0
        (folder / "vinyl.txt").write_text("mine")
        library.edit(library.find()[0].id, rating=5)
        record(library)
    text = (kept / "imagelib.toml").read_text(encoding="utf-8")
    (kept / "imagelib.toml").write_text(text.replace("[build]\n", "[build]\nrecords = false\n", 1))
    assert imagelib("-L", kept, "build").returncode == 0
    assert [path.name for path in folder.iterdir()] == ["vinyl.txt"]
    assert "up to date" in imagelib("-L", kept, "build").stderr


def test_a_file_in_the_place_of_the_folder_is_said_and_left(kept):
    folder = kept / "records"
    shutil.rmtree(folder)
    folder.write_text("my vinyl")
    done = imagelib("-L", kept, "build")
    assert (done.returncode, "records = false" in done.stderr) == (1, True)
    assert folder.read_text() == "my vinyl"
    assert (kept / "site" / "index.html").exists()


def test_nothing_of_a_purged_image_stays(kept):
    with Library.open(kept) as library:
        image = library.edit(library.find()[0].id, notes="zq7secret").changed[0]
        record(library)
        library.delete(image)
        record(library)
        assert any(b"zq7secret" in gzip.decompress(content)
                   for name, content in tree(kept / "records").items() if name != files.MANIFEST)
        library.purge(image)
        record(library)
    for name, content in tree(kept / "records").items():
        assert b"zq7secret" not in (content if name == files.MANIFEST else gzip.decompress(content))


# -- where they are not -------------------------------------------------------


def test_they_are_in_no_published_copy_and_no_place_for_one(kept, tmp_path):
    policy = Policy.of("mine", {"fields": ["title"], "ai_label": "none"})
    with Library.open(kept) as library:
        with publication(library, policy, str(tmp_path / "out")) as found:
            found.send()
        build(library)
        published = kept / ".imagelib" / "published"
        assert (tmp_path / "out" / "index.html").exists()
        for folder in (tmp_path / "out", published, kept / "site"):
            assert not [path for path in folder.rglob("*")
                        if path.name == "records" or path.name.endswith(".gz")], folder
        with (pytest.raises(ConflictError, match="part of the library"),
              publication(library, policy, str(kept / "records" / "out"))):
            pass
        with pytest.raises(ConflictError, match="no place for a site"):
            build(library, kept / "records")


# -- of another past ----------------------------------------------------------


@pytest.mark.parametrize("how", [
    "another library", "another name", "an earlier state", "an earlier state, edited"])
def test_files_that_the_database_does_not_go_on_from_are_kept_aside(kept, tmp_path, how):
    with Library.open(kept) as library:
        snapshot(library.settings, tmp_path / "earlier.db")
        library.edit(library.find()[0].id, notes="only in the record files")
        record(library)
        told_before = exported(library)
    recorded = tree(kept / "records")
    if how == "another library":
        for path in (kept / "library.db", kept / ".imagelib" / "library_id"):
            path.unlink()
    elif how == "another name":
        with closing(sqlite3.connect(kept / "library.db")) as client:
            client.execute("UPDATE meta SET value = lower(hex(randomblob(16)))"
                           " WHERE key = 'library_id'")
            client.commit()
    else:
        shutil.copyfile(tmp_path / "earlier.db", kept / "library.db")
    with Library.open(kept) as library:
        follow(library)
        for n in range(3 if "edited" in how else 0):
            library.edit(library.find()[0].id, rating=n)
        report = build(library).recorded
        assert tree(Path(report.aside)) == recorded
        assert tree(kept / "records") == from_scratch(library)

    restore_records(Settings.load(kept), Path(report.aside))

    with Library.open(kept) as library:
        assert exported(library) == told_before


# -- damaged and hostile ------------------------------------------------------


def _rewrite_manifest(folder: Path, **values) -> None:
    path = folder / files.MANIFEST
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def _forge(folder: Path, table: str, change, number: int = 0, repeat: int = 1) -> str:
    """Write a block anew as whoever knows the format would, each row as *change* leaves it."""
    manifest = read_manifest(folder)
    old = name_of((table, number), manifest.blocks[table, number])
    lines = []
    for line in gzip.decompress((folder / old).read_bytes()).splitlines():
        row = json.loads(line)
        changed = change(row)
        lines += [(changed if isinstance(changed, bytes) else to_line(row))] * repeat
    rows, checksum = hash_of(lines)
    block = RecordBlock(rows, checksum)
    (folder / name_of((table, number), block)).write_bytes(gzip.compress(b"".join(lines)))
    _rewrite_manifest(folder, blocks=[
        [*key, *((block.rows, block.hash, "") if key == (table, number) else (b.rows, b.hash, ""))]
        for key, b in manifest.blocks.items()])
    return name_of((table, number), block)


def _is_refused(root: Path, match: str) -> None:
    before = (root / "library.db").read_bytes()
    with pytest.raises(InvalidError, match=match):
        restore_records(Settings.load(root), root / "records")
    assert (root / "library.db").read_bytes() == before
    assert not list((root / ".imagelib" / "backups").glob(".*"))


@pytest.mark.parametrize("damage", ["gone", "cut", "a byte", "other lines", "no gzip"])
def test_a_damaged_file_is_named_and_the_others_come_back_where_that_is_asked(kept, damage):
    folder = kept / "records"
    victim = next(folder.glob("raw-*"))
    content = victim.read_bytes()
    if damage == "gone":
        victim.unlink()
    else:
        victim.write_bytes({
            "cut": content[:-9], "a byte": content[:-20] + b"\0" + content[-19:],
            "other lines": gzip.compress(b'{"pk":4,"prompt_meta":"[]"}\n'),
            "no gzip": b"nothing"}[damage])
    _is_refused(kept, f"{victim.name} is (damaged|not there).*--anyway")

    done = imagelib("-L", kept, "restore", "--records", folder, "--anyway", "--yes")

    assert (done.returncode, victim.name in done.stderr) == (1, True)
    with Library.open(kept) as library:
        assert library.count() == 3
        assert {image.prompt_meta for image in library.find()} == {None}
        assert library.find()[0].notes


def test_a_deep_check_finds_a_damaged_file_and_its_repair_writes_it_anew(kept):
    imagelib("-L", kept, "build")
    whole = tree(kept / "records")
    victim = next((kept / "records").glob("images-*"))
    victim.write_bytes(victim.read_bytes()[:-5])
    done = imagelib("-L", kept, "check", "--deep")
    assert (done.returncode, victim.name in done.stdout) == (4, True)
    assert imagelib("-L", kept, "check", "--deep", "--fix").returncode == 0
    assert tree(kept / "records") == whole


def _set(**values):
    return lambda row: row.update(values)


def _in_record(**values):
    return lambda row: row.update(record=json.dumps(json.loads(row["record"]) | values))


HOSTILE = {
    "images": {
        "a name above": _set(file_name="../outside.png"),
        "a name from the root": _set(file_name="/etc/passwd"),
        "a name that climbs": _set(file_name="a/../../b"), "a name cut": _set(file_name="a\0b"),
        "an id that climbs": _set(id="../../x"), "an empty id": _set(id=""),
        "a digest that climbs": _set(digest="../x"), "nested tags": _set(tags=[["a"]]),
        "tags as text": _set(tags="a"), "an empty tag": _set(tags=[""]),
        "a rating as text": _set(rating="5"), "too high a rating": _set(rating=9),
        "a version that is a truth": _set(version=True), "too large a pk": _set(pk=2**63),
        "no pk": _set(pk=0), "a fraction": _set(width=1.5), "null": _set(notes=None),
        "an object": _set(notes={"a": 1}), "an unknown state": _set(file_state="fine"),
        "half a character": lambda row: to_line(row).replace(b"note ", b"\\ud800 "),
        "a member of a newer format": _set(mood="new"),
        "a member too few": lambda row: row.pop("notes"),
        "no object": lambda row: b"[]\n", "deep nesting": lambda row: b"[" * 100_000 + b"\n",
        "no UTF-8": lambda row: b"\xff\n", "no line": lambda row: to_line(row)[:-1] + b" ",
    },
    "trash": {
        "a file above": _set(file="../../library.db"), "a file at the root": _set(file="/etc/x"),
        "a file that is a folder": _set(file=".."), "a record that is a list": _set(record="[1]"),
        "a record that is no JSON": _set(record="{"), "a record of another": _in_record(pk=77),
        "numbers as tags": _in_record(tags=[5]), "text as a number": _in_record(width="wide"),
    },
    "replaced": {"a file in a folder": _set(file="a/b")},
    "taken": {"a time as text": _set(mtime_ns="now")},
    "searches": {"a number as text": _set(sort=4)},
}


@pytest.mark.parametrize(("table", "kind"), [
    (table, kind) for table, kinds in HOSTILE.items() for kind in kinds])
def test_a_row_that_none_of_ours_is_like_is_refused(kept, table, kind):
    name = _forge(kept / "records", table, HOSTILE[table][kind])
    _is_refused(kept, rf"{name} is damaged|CHECK constraint failed")


@pytest.mark.parametrize("table", ["images", "trash", "searches", "replaced"])
def test_rows_that_contradict_each_other_are_refused(kept, table):
    _forge(kept / "records", table, lambda row: None, repeat=2)
    _is_refused(kept, "contradict each other")


def test_a_deleted_image_that_is_there_as_well_is_refused(kept):
    with Library.open(kept) as library:
        trashed = library.trash()[0].image
    pks = iter([trashed.pk, 2, 3])
    _forge(kept / "records", "images", lambda row: row.update(pk=next(pks)))
    _is_refused(kept, "deleted and there")


def test_a_line_without_end_is_refused(kept, monkeypatch):
    monkeypatch.setattr(files, "LONGEST_LINE", 200)
    _is_refused(kept, "too long")


NEWER = {
    "a format": {"format": 2}, "tables": {"version": 99},
    "a table": {"blocks": [["moods", 0, 1, "0" * 32, ""]]},
    "a table that climbs": {"blocks": [["../images", 0, 1, "0" * 32, ""]]},
    "larger blocks": {"blocks": [["images", 0, 10**9, "0" * 32, ""]]},
}
BROKEN = {
    "a hash that climbs": {"blocks": [["images", 0, 1, "../../x", ""]]},
    "a negative number": {"blocks": [["images", -1, 1, "0" * 32, ""]]},
    "a number that climbs": {"blocks": [["images", "0/../..", 1, "0" * 32, ""]]},
    "a table as a list": {"blocks": [[["images"], 0, 1, "0" * 32, ""]]},
    "a block too short": {"blocks": [["images"]]}, "no blocks": {"blocks": 5},
    "a library that climbs": {"library": "../x"}, "a library as a number": {"library": 5},
    "seq as text": {"seq": "1"}, "a negative pk": {"pk": -1}, "no batch": {"batch": None},
    "a format as text": {"format": "1"},
}


@pytest.mark.parametrize("kind", NEWER)
def test_a_manifest_of_a_newer_version_is_refused_as_such(kept, kind):
    _rewrite_manifest(kept / "records", **NEWER[kind])
    _is_refused(kept, "Install (that|the) version")


@pytest.mark.parametrize("kind", BROKEN)
def test_a_manifest_that_none_of_ours_is_like_is_refused(kept, kind):
    _rewrite_manifest(kept / "records", **BROKEN[kind])
    _is_refused(kept, "is broken")


@pytest.mark.parametrize("content", [None, b"", b"{", b"[]", b"[" * 100_000, b"\xff", b"{}"])
def test_a_folder_without_a_manifest_is_refused_and_a_build_makes_it_anew(kept, content):
    path = kept / "records" / files.MANIFEST
    whole = tree(kept / "records")
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content)
    _is_refused(kept, "no record files" if content is None else "is broken")
    with Library.open(kept) as library:
        record(library)
    assert tree(kept / "records") == whole


def test_options_that_do_not_go_together_are_refused(kept):
    for arguments in (["--anyway"], [kept / "library.db", "--records", kept / "records"]):
        done = imagelib("-L", kept, "restore", *arguments)
        assert (done.returncode, "--records" in done.stderr) == (2, True)
