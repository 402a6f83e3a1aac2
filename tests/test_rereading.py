"""Reading embedded metadata again: better readers help, and edits stay."""

from __future__ import annotations

import sqlite3

from helpers import a1111, draw

from imagelib.ingest.rereading import reread
from imagelib.library.library import Library


def forget(library: Library, *columns: str) -> None:
    """As if an older version had read nothing: without a trace in the history."""
    library.close()
    connection = sqlite3.connect(library.settings.database)
    with connection:
        for name in columns:
            connection.execute(f"UPDATE images SET {name} = ''")
        connection.execute("DELETE FROM changes WHERE kind = 'update'")
    connection.close()


def test_what_an_older_reader_missed_is_filled_in(library, picture):
    image = library.add(picture).image
    forget(library, "prompt_text", "ai_model")

    report = reread(library, library.find())

    assert report.changed == (image.id,)
    now = library.get(image.id)
    assert (now.prompt_text, now.ai_model) == ("a red fox", "flux1-dev")
    library.undo()
    assert library.get(image.id).prompt_text == ""


def test_a_field_that_was_edited_is_never_touched(library, picture):
    image = library.add(picture).image
    forget(library, "ai_model")
    library.edit(image.id, prompt_text="my words", negative_prompt=None)

    reread(library, library.find())

    now = library.get(image.id)
    assert (now.prompt_text, now.negative_prompt, now.ai_model) == ("my words", "", "flux1-dev")


def test_again_there_is_nothing_to_do(library, picture):
    library.add(picture)
    seq = library.database.seq()

    report = reread(library, library.find())

    assert (report.changed, report.unchanged) == ((), 1)
    assert library.database.seq() == seq


def test_a_dry_run_changes_nothing_and_a_missing_file_is_named(library, picture, tmp_path):
    library.add(picture)
    gone = library.add(draw(tmp_path / "gone.png", texts={"parameters": a1111("x")})).image
    forget(library, "prompt_text")
    library.originals.path_of(gone).unlink()

    report = reread(library, library.find(), dry_run=True)

    assert len(report.changed) == 1
    assert [name for name, _ in report.failures] == [gone.file_name]
    assert [image.prompt_text for image in library.find()] == ["", ""]
