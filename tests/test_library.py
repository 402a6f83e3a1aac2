"""The library: add, edit, trash, history, undo, tags; and what other programs do to it."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest
from helpers import a1111, draw, fill

from imagelib.errors import (
    BrokenPictureError,
    ConflictError,
    InvalidError,
    LibraryFaultError,
    LockedError,
    NotALibraryError,
    NotFoundError,
    StaleError,
    UnsupportedTypeError,
)
from imagelib.library.library import Library
from imagelib.library.query.listing import Filter
from imagelib.library.records.history import changed_since
from imagelib.library.store.backup import put_back, snapshot


def test_an_added_picture_has_its_prompt_and_a_name_of_ours(library, picture):
    added = library.add(picture, tags=["Animal "], rating=4)

    image = added.image
    assert added.status == "new"
    assert (image.prompt_text, image.ai_model) == ("a red fox", "flux1-dev")
    assert image.generation["seed"] == "7"
    assert (image.tags, image.rating, image.version) == (("animal",), 4, 1)
    assert image.original_name == "fox.png"
    assert image.file_name == f"{image.id}.png"
    assert library.originals.path_of(image).read_bytes() == picture.read_bytes()


def test_what_the_user_says_wins_over_what_the_file_says(library, picture):
    image = library.add(picture, prompt_text="my words").image

    assert image.prompt_text == "my words"
    assert image.negative_prompt == "blurry"


def test_the_date_of_a_picture_without_one_is_that_of_its_file(library, picture):
    import os

    os.utime(picture, (1_700_000_000, 1_700_000_000))

    image = library.add(picture).image

    assert image.captured_at.startswith("2023-11-1")


def test_the_same_bytes_again_are_the_same_image(library, picture, tmp_path):
    first = library.add(picture).image
    copy = tmp_path / "another-name.png"
    copy.write_bytes(picture.read_bytes())

    again = library.add(copy)

    assert (again.image.id, again.status, again.changed) == (first.id, "here", ())
    assert len(list(library.originals.folder.iterdir())) == 1


def test_two_uploads_of_the_same_bytes_at_once_are_one_image(library, picture):
    threads = [threading.Thread(target=library.add, args=(picture,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert library.count() == 1
    assert len(list(library.originals.folder.iterdir())) == 1


@pytest.mark.parametrize(
    ("name", "content", "error"),
    [
        ("half.jpg", "half", BrokenPictureError),
        ("page.png", b"<html>", UnsupportedTypeError),
        ("drawing.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>", UnsupportedTypeError),
        ("none.png", b"", UnsupportedTypeError),
    ],
)
def test_what_is_no_whole_picture_is_refused_and_leaves_nothing(
    library, tmp_path, name, content, error
):
    path = tmp_path / name
    if content == "half":
        draw(path, (300, 300))
        content = path.read_bytes()[: path.stat().st_size // 2]
    path.write_bytes(content)

    with pytest.raises(error):
        library.add(path)

    assert library.count() == 0
    assert list(library.originals.folder.iterdir()) == []


def test_a_picture_of_too_many_pixels_is_refused_before_it_is_decoded(tmp_path, picture):
    (tmp_path / "small").mkdir()
    (tmp_path / "small" / "imagelib.toml").write_text("max_pixels = 1000\n")
    with Library.open(tmp_path / "small") as library, pytest.raises(
        BrokenPictureError, match="1,000"
    ):
        library.add(picture)


def test_bad_fields_are_all_named_and_nothing_is_added(library, picture):
    with pytest.raises(InvalidError) as caught:
        library.add(picture, rating=9, captured_at="13/12/2025", tags=["a,b"], nope=1)

    assert {entry["loc"][1] for entry in caught.value.errors} == {
        "rating", "captured_at", "tags", "nope"}
    assert library.count() == 0


def test_an_edit_keeps_what_is_absent_and_clears_what_is_none(library, picture):
    image = library.add(picture, tags=["a", "b"], rating=3, notes="keep me").image

    library.edit(image.id, rating=None, add_tags=["c"], remove_tags=["a"])

    edited = library.get(image.id)
    assert (edited.rating, edited.tags, edited.notes) == (0, ("b", "c"), "keep me")
    assert edited.version > image.version
    assert edited.updated_at > image.updated_at


def test_an_edit_that_changes_nothing_is_no_change(library, picture):
    image = library.add(picture, rating=3).image

    library.edit(image.id, rating=3, tags=[])

    assert library.get(image.id).version == image.version


def test_an_edit_of_an_older_version_is_refused_with_the_current_one(library, picture):
    image = library.add(picture).image
    library.edit(image.id, rating=1)

    with pytest.raises(StaleError) as caught:
        library.edit(image.id, if_version=image.version, rating=5)

    assert caught.value.current.rating == 1
    assert library.get(image.id).rating == 1


def test_a_deleted_image_comes_back_as_it_was(library, picture):
    image = library.add(picture, tags=["x", "y"], rating=5, notes="mine").image
    library.delete(image.id)

    assert library.count() == 0
    assert list(library.originals.folder.iterdir()) == []
    assert [trashed.image.tags for trashed in library.trash()] == [("x", "y")]
    with pytest.raises(NotFoundError):
        library.get(image.id)

    library.restore(image.id)

    back = library.get(image.id)
    assert (back.pk, back.tags, back.rating, back.notes) == (image.pk, ("x", "y"), 5, "mine")
    assert library.originals.path_of(back).read_bytes() == picture.read_bytes()
    assert library.trash() == []


def test_only_emptying_the_trash_destroys_bytes_and_history(library, picture):
    image = library.add(picture, tags=["kept", "a secret tag"]).image
    library.add(draw(picture.with_name("other.png")), tags=["kept"])
    library.edit(image.id, prompt_text="a secret", ai_model="a secret model")
    library.delete(image.id)
    kept = library.trash()[0].file
    assert kept.read_bytes() == picture.read_bytes()

    assert library.empty_trash().changed == (image.id,)

    assert not kept.exists()
    with pytest.raises(NotFoundError):
        library.history(image.id)
    assert [tag.name for tag in library.tags()] == ["kept"]
    library.database.close()
    assert b"a secret" not in library.settings.database.read_bytes()


def test_a_pk_is_never_given_twice(library, tmp_path):
    first = library.add(draw(tmp_path / "1.png")).image
    library.delete(first.id)
    library.empty_trash()

    second = library.add(draw(tmp_path / "2.png")).image

    assert second.pk > first.pk


def test_undo_and_redo_walk_through_batches(library, picture):
    image = library.add(picture).image
    library.edit(image.id, rating=2, add_tags=["a"])
    library.edit(image.id, rating=4, notes="n")

    def now():
        current = library.get(image.id)
        return current.rating, current.tags, current.notes

    library.undo()
    assert now() == (2, ("a",), "")
    library.undo()
    assert now() == (0, (), "")
    library.redo()
    library.redo()
    assert now() == (4, ("a",), "n")
    with pytest.raises(NotFoundError, match="nothing to redo"):
        library.redo()


def test_undoing_an_addition_puts_the_image_into_the_trash_and_redo_brings_it_back(
    library, picture
):
    image = library.add(picture, tags=["a"]).image

    library.undo()
    assert library.count() == 0
    assert library.trash()[0].image.tags == ("a",)
    library.redo()

    assert library.get(image.id).tags == ("a",)


def test_one_undo_takes_back_a_deletion_of_many(library, tmp_path):
    ids = [library.add(draw(tmp_path / f"{n}.png")).image.id for n in range(5)]
    library.delete(*ids)

    library.undo()

    assert sorted(library.ids("")) == sorted(ids)
    assert library.trash() == []


def test_undo_never_overwrites_somebody_s_later_work(library, picture):
    image = library.add(picture).image
    batch = library.edit(image.id, notes="first", add_tags=["t"]).batch
    library.edit(image.id, notes="second")

    with pytest.raises(ConflictError, match="notes"):
        library.undo(batch)

    assert library.get(image.id).notes == "second"
    assert library.get(image.id).tags == ("t",)


def test_a_replaced_file_comes_back_with_undo(library, picture, tmp_path):
    image = library.add(picture, notes="kept").image
    other = draw(tmp_path / "other.jpg", (40, 30))

    library.replace_file(image.id, other)

    replaced = library.get(image.id)
    assert (replaced.mime_type, replaced.width, replaced.notes) == ("image/jpeg", 40, "kept")
    assert library.originals.path_of(replaced).read_bytes() == other.read_bytes()
    library.undo()
    back = library.get(image.id)
    assert library.originals.path_of(back).read_bytes() == picture.read_bytes()
    assert (back.digest, back.width) == (image.digest, image.width)
    library.redo()
    assert library.get(image.id).digest == replaced.digest


def test_a_file_of_another_image_cannot_replace(library, picture, tmp_path):
    first = library.add(picture).image
    other = draw(tmp_path / "b.png")
    library.add(other)

    with pytest.raises(ConflictError):
        library.replace_file(first.id, other)

    assert library.get(first.id).digest == first.digest


def test_history_tells_what_was_before_and_after(library, picture):
    image = library.add(picture).image
    library.edit(image.id, rating=3, generation={"seed": 2**63})

    last = library.history(image.id)[0]

    assert (last.action, last.before["rating"], last.after["rating"]) == ("edit", 0, 3)
    assert last.after["generation"]["seed"] == str(2**63)


def test_tags_are_renamed_merged_and_deleted_with_undo(library, tmp_path):
    one = library.add(draw(tmp_path / "1.png"), tags=["cat", "dog"]).image
    two = library.add(draw(tmp_path / "2.png"), tags=["kitty"]).image

    library.merge_tags(["cat"], "kitty")
    assert [(t.name, t.count) for t in library.tags()] == [("kitty", 2), ("dog", 1)]
    library.rename_tag("kitty", "Cats")
    assert library.get(two.id).tags == ("cats",)
    with pytest.raises(ConflictError):
        library.rename_tag("dog", "cats")
    library.delete_tag("dog")
    assert library.get(one.id).tags == ("cats",)
    for _ in range(3):
        library.undo()
    assert library.get(one.id).tags == ("cat", "dog")
    assert library.get(two.id).tags == ("kitty",)


def test_an_edit_by_another_program_is_history_and_is_searched(library, picture):
    image = library.add(picture).image
    connection = sqlite3.connect(library.settings.database)
    with connection:
        connection.execute("UPDATE images SET notes = 'Löwenzahn' WHERE id = ?", (image.id,))
    connection.close()

    assert library.ids("lowenzahn") == [image.id]
    assert library.history(image.id)[0].action == "external"
    assert library.get(image.id).version == image.version + 1


def test_a_row_that_another_program_deletes_lies_in_the_trash(library, picture):
    image = library.add(picture, tags=["t"]).image
    connection = sqlite3.connect(library.settings.database)  # foreign keys are off here
    with connection:
        connection.execute("DELETE FROM images WHERE id = ?", (image.id,))
    connection.close()

    assert library.count() == 0
    assert library.tags() == []
    library.restore(image.id)
    assert library.get(image.id).tags == ("t",)


def test_pages_neither_repeat_nor_skip_an_image_when_values_are_equal(library):
    fill(library, 130)
    for sort in ("rating", "-rating", "captured_at", "-captured_at", "created_at", "-created_at"):
        wanted = Filter(sort=sort)
        everything = library.ids(wanted)
        by_number = [image.id for number in range(1, 7) for image in
                     library.page(wanted, page=number, page_size=25).items]
        by_cursor, cursor = [], None
        while True:
            page = library.page(wanted, page_size=25, cursor=cursor)
            by_cursor += [image.id for image in page.items]
            if (cursor := page.next) is None:
                break
        assert everything == by_number == by_cursor
        assert len(set(everything)) == 130


def test_changes_since_tells_of_edits_and_deletions(library, tmp_path):
    one = library.add(draw(tmp_path / "1.png")).image
    two = library.add(draw(tmp_path / "2.png")).image
    since = library.database.seq()
    library.edit(one.id, rating=1)
    library.delete(two.id)

    seq, changed, more = changed_since(library.database, since, 500)

    assert (changed, more) == ({one.pk: one.id, two.pk: two.id}, False)
    assert seq == library.database.seq()


def test_a_folder_without_a_library_is_named_with_what_to_do(tmp_path):
    with pytest.raises(NotALibraryError, match="imagelib init"):
        Library.open(tmp_path)


@pytest.mark.parametrize("fault", ["empty", "missing", "garbage", "future"])
def test_a_lost_database_is_never_replaced_by_an_empty_one(tmp_path, picture, fault):
    with Library.create(tmp_path / "l") as library:
        library.add(picture)
    database = tmp_path / "l" / "library.db"
    if fault == "empty":
        database.write_bytes(b"")
    elif fault == "missing":
        database.unlink()
    elif fault == "garbage":
        database.write_bytes(b"this is no database" * 400)
    else:
        connection = sqlite3.connect(database)
        connection.execute("PRAGMA user_version = 999")
        connection.close()

    with pytest.raises(LibraryFaultError):
        Library.open(tmp_path / "l")


def test_a_backup_is_whole_and_can_be_put_back(tmp_path, picture):
    with Library.create(tmp_path / "l") as library:
        image = library.add(picture, notes="before").image
        copy = snapshot(library.settings, tmp_path / "copy.db")
        library.edit(image.id, notes="after")
        settings = library.settings
    kept = put_back(settings, copy)

    with Library.open(tmp_path / "l") as library:
        assert library.get(image.id).notes == "before"
    assert kept is not None
    connection = sqlite3.connect(kept)
    assert connection.execute("SELECT notes FROM images").fetchone() == ("after",)
    connection.close()


def test_a_database_that_another_program_holds_is_an_error_that_says_so(
    library, picture, monkeypatch
):
    image = library.add(picture).image
    library.close()
    monkeypatch.setattr("imagelib.library.store.database.BUSY_SECONDS", 0.1)
    other = sqlite3.connect(library.settings.database, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        with pytest.raises(LockedError, match="try again"):
            library.edit(image.id, rating=1)
    finally:
        other.execute("ROLLBACK")
        other.close()
    assert library.edit(image.id, rating=1).changed == (image.id,)


def test_a_thousand_pictures_share_no_text_across_fields(library, tmp_path):
    image = library.add(draw(tmp_path / "x.png", texts={
        "parameters": a1111("first half", negative="second half")})).image

    assert library.ids("half second") == [image.id]
    assert library.ids('"half second"') == []


def test_the_library_is_found_again_from_a_relative_path(tmp_path, picture, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with Library.create(Path("here")) as library:
        library.add(picture)

    with Library.open("here") as library:
        assert library.count() == 1
