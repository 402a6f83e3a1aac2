"""What becomes of bytes that were here before: in the trash, among the images, on a lost disk."""

from __future__ import annotations

import os
import shutil
import sqlite3

import pytest
from helpers import draw, fill, follow, wait_for

from imagelib.daemon.service import Service
from imagelib.daemon.watcher import Watcher
from imagelib.errors import ConflictError, LibraryFaultError
from imagelib.ingest.importer import add_paths
from imagelib.library.library import Library
from imagelib.library.originals.drift import Scanner
from imagelib.library.originals.intake import take_in
from imagelib.library.originals.trashing import destroy


@pytest.fixture
def deleted(library, tmp_path):
    """A rated image that was deleted, and a file with its bytes."""
    source = draw(tmp_path / "fox.png")
    image = library.add(source, rating=5, tags=["best"]).image
    library.delete(image.id)
    return image, source


def test_bytes_of_the_trash_that_are_only_found_stay_deleted(library, deleted):
    image, source = deleted
    shutil.copy(source, library.originals.folder / "again.png")

    drift, done = follow(library)

    assert (drift.deleted, drift.stray, done.added) == (["again.png"], [], ())
    assert take_in(library, source, found=True).status == "deleted"
    assert library.count() == 0
    assert [trashed.image.id for trashed in library.trash()] == [image.id]


@pytest.mark.parametrize("kept", [True, False])
def test_bytes_of_the_trash_that_a_person_adds_come_back_with_rating_and_tags(
        library, deleted, kept):
    image, source = deleted
    if not kept:
        library.trash()[0].file.unlink()

    taken = library.add(source, tags=["more"], rating=2)

    assert (taken.status, taken.unused) == ("restored", ("rating",))
    assert (taken.image.id, taken.image.rating) == (image.id, 5)
    assert taken.image.tags == ("best", "more")
    assert library.originals.path_of(taken.image).read_bytes() == source.read_bytes()
    assert library.trash() == []
    assert list(library.originals.trash_dir.iterdir()) == []


def test_bytes_that_were_destroyed_do_not_come_back_from_a_watched_folder(library, deleted):
    from imagelib.library.originals.following import note_taken

    image, source = deleted
    note_taken(library, source, (1, 1), image.digest)
    library.empty_trash()

    assert take_in(library, source, found=True).status == "deleted"
    assert library.count() == 0
    assert library.add(source).status == "new", "by hand it is a wish"


def test_an_import_says_what_came_back(library, deleted):
    image, source = deleted
    report = add_paths(library, [source.parent])
    assert [image_id for _, image_id in report.restored] == [image.id]
    assert report.added == []


def test_a_row_that_another_client_deletes_is_deleted_as_if_by_us(library, tmp_path):
    for n in range(3):
        library.add(draw(tmp_path / f"{n}.png"), rating=4)
    gone = library.find()[1]
    path = library.originals.path_of(gone)
    other = sqlite3.connect(library.settings.database)
    other.execute("DELETE FROM images WHERE id = ?", [gone.id])
    other.commit()
    other.close()

    follow(library)

    assert not path.exists()
    assert library.count() == 2
    assert library.trash()[0].file.is_file()
    library.restore(gone.id)
    assert library.get(gone.id).rating == 4
    assert path.is_file()
    assert not Scanner(library).scan()


def test_it_can_be_restored_before_any_scan_too(library, tmp_path):
    image = library.add(draw(tmp_path / "a.png"), rating=4).image
    with sqlite3.connect(library.settings.database) as other:
        other.execute("DELETE FROM images")
    other.close()

    library.restore(image.id)

    assert library.get(image.id).file_state == "ok"
    assert not Scanner(library).scan()


def test_one_that_comes_back_never_takes_the_name_of_another(library, tmp_path):
    folder = library.originals.folder
    draw(folder / "fox.png")
    follow(library)
    [first] = library.find()
    library.delete(first.id)
    draw(folder / "fox.png", seed="another fox")
    follow(library)

    library.restore(first.id)

    back = library.get(first.id)
    assert back.file_name != "fox.png"
    assert library.originals.read_in_place(back).digest == first.digest
    assert library.count() == 2
    assert not Scanner(library).scan()


def test_a_file_that_nobody_has_taken_in_yet_keeps_its_name_and_bytes(library):
    folder = library.originals.folder
    draw(folder / "fox.png")
    follow(library)
    [first] = library.find()
    library.delete(first.id)
    other = draw(folder / "fox.png", seed="another fox").read_bytes()

    library.restore(first.id)

    assert (folder / "fox.png").read_bytes() == other
    assert library.get(first.id).file_name != "fox.png"
    assert library.originals.read_in_place(library.get(first.id)).digest == first.digest


@pytest.mark.parametrize("by_now", ["other bytes", "another image"])
def test_a_file_that_is_no_longer_that_of_a_deleted_row_stays_where_it_is(library, by_now):
    path = draw(library.originals.folder / "own.png")
    follow(library)
    with sqlite3.connect(library.settings.database) as other:
        [columns] = [[row[1] for row in other.execute("PRAGMA table_info(images)")][2:]]
        other.execute("CREATE TEMP TABLE was AS SELECT * FROM images")
        other.execute("DELETE FROM images")
        if by_now == "another image":
            names = ", ".join(columns)
            other.execute(f"INSERT INTO images (id, {names}) SELECT 'new-id', {names} FROM was")
    other.close()
    if by_now == "other bytes":
        draw(path, seed="written since")
    content = path.read_bytes()

    follow(library)

    assert path.read_bytes() == content
    assert [trashed.file for trashed in library.trash()] == [None]
    [image] = library.find()
    assert (image.file_name, image.file_state) == ("own.png", "ok")
    assert not Scanner(library).scan()


@pytest.fixture
def twins(library, tmp_path):
    """Two deleted images that had the same bytes one after the other, the last deleted last."""
    source = draw(tmp_path / "a.png")
    first = library.add(source, rating=1).image
    second = library.add(draw(tmp_path / "b.png"), rating=2).image
    library.delete(first.id)
    library.replace_file(second.id, source)
    library.delete(second.id)
    return first, second, source


def test_of_several_with_the_same_bytes_the_last_deleted_comes_back(library, twins):
    _, second, source = twins
    taken = library.add(source)
    assert (taken.status, taken.image.id) == ("restored", second.id)


def test_several_with_the_same_bytes_do_not_come_back_together(library, twins):
    first, second, _ = twins
    with pytest.raises(ConflictError, match="same bytes"):
        library.restore(first.id, second.id)
    assert (library.count(), len(library.trash())) == (0, 2)
    library.restore(first.id)
    with pytest.raises(ConflictError, match=first.id):
        library.restore(second.id)
    assert library.ids(second.id) == []


@pytest.mark.parametrize("purged", [False, True])
def test_a_watched_file_that_comes_again_after_its_deletion_is_told(library, tmp_path, purged):
    folder = tmp_path / "out"
    path = draw(folder / "deep" / "fox.png")
    object.__setattr__(library.settings, "watch_folders", (str(folder),))
    state = Service(library)
    watching = Watcher(state)
    watching.start()
    try:
        assert wait_for(library.count)
        image = library.find()[0]
        destroy(library, image.id) if purged else library.delete(image.id)
        shutil.copy(path, folder / "copy.png")
        os.utime(path, (1, 1))
        assert wait_for(lambda: len(state.watch.get("deleted", ())) == 2, 15)
        assert library.count() == 0
    finally:
        watching.stop()


@pytest.mark.parametrize("verb", ["restore", "undo of a replacement"])
def test_nothing_is_brought_back_while_the_disk_of_the_images_is_away(library, tmp_path, verb):
    fill(library, 5)
    image = library.add(draw(tmp_path / "a.png")).image
    if verb == "restore":
        library.delete(image.id)
    else:
        library.replace_file(image.id, draw(tmp_path / "b.png"))
    library.originals.folder.rename(tmp_path / "unplugged")

    with pytest.raises(LibraryFaultError, match="connect the disk"):
        library.restore(image.id) if verb == "restore" else library.undo()

    assert not library.originals.folder.exists()
    (tmp_path / "unplugged").rename(library.originals.folder)
    library.restore(image.id) if verb == "restore" else library.undo()
    assert library.originals.read_in_place(library.get(image.id)).digest == image.digest


def test_bytes_that_are_another_image_by_now_are_not_restored(library, tmp_path):
    image = library.add(draw(tmp_path / "a.png")).image
    other = library.add(draw(tmp_path / "b.png")).image
    library.delete(image.id)
    library.replace_file(other.id, tmp_path / "a.png")

    with pytest.raises(ConflictError, match=other.id):
        library.restore(image.id)
    assert [trashed.image.id for trashed in library.trash()] == [image.id]


def test_what_is_given_for_one_that_is_here_is_taken_where_it_has_nothing(library, tmp_path):
    source = draw(tmp_path / "a.png")
    image = library.add(source, prompt_text="mine", tags=["a"]).image

    taken = library.add(source, prompt_text="theirs", rating=4, tags=["a", "b"], notes="n")

    assert taken.status == "here"
    assert taken.unused == ("prompt_text",)
    now = library.get(image.id)
    assert (now.prompt_text, now.rating, now.tags, now.notes) == ("mine", 4, ("a", "b"), "n")
    library.undo()
    assert library.get(image.id).tags == ("a",)
    assert library.add(source, prompt_text="mine", tags=["a"]).unused == ()


@pytest.mark.parametrize("how", ["gone", "empty", "other files"])
def test_nothing_is_taken_in_while_the_disk_of_the_images_is_away(library, tmp_path, how):
    fill(library, 5)
    folder = library.originals.folder
    folder.rename(tmp_path / "unplugged")
    if how != "gone":
        folder.mkdir()
    if how == "other files":
        draw(folder / "somebody's.png")
    before = sorted(folder.rglob("*")) if folder.exists() else None

    with pytest.raises(LibraryFaultError, match="connect the disk"):
        library.add(draw(tmp_path / "new.png"))

    assert (sorted(folder.rglob("*")) if folder.exists() else None) == before
    assert library.count() == 5


def test_opening_a_library_never_makes_its_images_folder_anew(tmp_path):
    root = tmp_path / "library"
    with Library.create(root) as library:
        library.add(draw(tmp_path / "a.png"))
    (root / "images").rename(tmp_path / "unplugged")

    Library.open(root).close()

    assert not (root / "images").exists()


def test_one_image_for_the_same_bytes_is_a_rule_of_the_tables(library, tmp_path):
    library.add(draw(tmp_path / "a.png"))
    image = library.find()[0]
    with sqlite3.connect(library.settings.database) as other, \
            pytest.raises(sqlite3.IntegrityError):
        other.execute(
            "INSERT INTO images (id, file_name, digest, size_bytes, width, height, mime_type,"
            " captured_at, created_at, updated_at) SELECT 'x', 'x.png', digest, 1, 1, 1, '', '',"
            " '', '' FROM images")
    other.close()
    with pytest.raises(ConflictError), library.database.write("test") as transaction:
        transaction.run("INSERT INTO images SELECT pk + 1, 'x', 'y', '', digest, '', 1, 1, 1, '',"
                        " '', '', '', '', '', '', 0, '', 'ok', '', '', 1, '' FROM images")
    assert library.get(image.id)
