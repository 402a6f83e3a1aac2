"""What is printed and what is kept do not depend on the machine: its encoding, its zone."""

from __future__ import annotations

import json
import os

import pytest
from helpers import draw
from prefork import imagelib

from imagelib.library.library import Library
from imagelib.library.records.searches import save_search
from imagelib.library.values.dates import parse_wall_clock, wall_clock

NAME = "絵 Łódź 🦊"


@pytest.fixture
def root(tmp_path):
    with Library.create(tmp_path / "l") as library:
        image = library.add(draw(tmp_path / "a.png"), prompt_text=NAME, tags=["łoś"],
                               notes=NAME).image
        library.edit(image.id, notes=NAME * 2)
        library.add(draw(tmp_path / "b.png"), prompt_text=NAME)
        library.delete(library.ids("-tag:łoś")[0])
        save_search(library.database, NAME, NAME)
    return tmp_path / "l"


def run(root, *arguments, **environment):
    return imagelib("-L", root, *arguments, env=os.environ | environment, text=False)


@pytest.mark.parametrize("arguments", [
    ("list",), ("list", "--json"), ("show", "{id}"), ("show", "{id}", "--json"), ("tags",),
    ("tags", "--json"), ("trash",), ("trash", "--json"), ("history", "{id}"),
    ("history", "{id}", "--json"), ("edit", NAME, "--notes", "x"), ("edit", "tag:ł", "--rating",
    "9"), ("check",), ("check", "--json"), ("build",), ("export",), ("doctor",), ("duplicates",),
    ("add", NAME), ("list", f"{NAME} rating:łoś"), ("reread", "--dry-run"), (NAME,)])
@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
def test_no_command_fails_for_a_character_that_the_console_lacks(root, arguments, encoding):
    with Library.open(root) as library:
        image_id = library.ids("")[0]
    done = run(root, *(a.replace("{id}", image_id) for a in arguments),
               PYTHONIOENCODING=encoding, PYTHONUTF8="0")
    assert b"Traceback" not in done.stderr, done.stderr.decode(encoding)
    assert b"codec" not in done.stderr
    assert done.returncode in ((0, 1, 2, 3) if arguments[0] in ("add", "edit", NAME, "list")
                               else (0, 3, 4))


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "utf-8"])
def test_json_says_every_character_in_every_encoding(root, encoding):
    done = run(root, "list", "--json", PYTHONIOENCODING=encoding)
    assert json.loads(done.stdout.decode(encoding))["items"][0]["prompt_text"] == NAME


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "utf-8"])
def test_an_export_is_the_same_bytes_on_every_console(root, encoding):
    done = run(root, "export", "--format", "csv", PYTHONIOENCODING=encoding)
    assert NAME * 2 in done.stdout.decode()


@pytest.mark.parametrize("moment", [1e15, -1e15, 1e300, float("nan"), float("inf")])
def test_a_file_of_a_date_that_no_calendar_has_is_given_one(moment):
    assert parse_wall_clock(wall_clock(moment)) == "1970-01-01T00:00:00"


@pytest.mark.parametrize("text", ["٢٠٢٦-٠٣-٠٥", "２０２６-03-05", "2026-03-05T1٠:11"])
def test_digits_of_other_scripts_are_no_date(text):
    with pytest.raises(ValueError, match="write the date"):
        parse_wall_clock(text)


@pytest.mark.parametrize("zone", ["+99:00", "-14:30", "+14:01", "-15:00", "+13:60", "+02:99",
                                  "+1401", "-9900", "+24:00"])
def test_an_offset_that_no_place_has_is_refused(zone):
    with pytest.raises(ValueError, match="14 hours"):
        parse_wall_clock(f"2026-03-05T10:11:12{zone}")


@pytest.mark.parametrize("zone", ["", "Z", "+14:00", "-14:00", "+0530", "-00:30", "+13:59"])
def test_an_offset_that_may_be_is_left_out(zone):
    assert parse_wall_clock(f"2026-03-05T10:11:12{zone}") == "2026-03-05T10:11:12"


@pytest.mark.parametrize("zones", [("Pacific/Kiritimati", "America/Adak")])
def test_reading_again_in_another_zone_moves_no_date(tmp_path, zones):
    root = tmp_path / "l"
    Library.create(root).close()
    exif = {0x9003: "2024:05:06 07:08:09"}
    draw(tmp_path / "plain.png")
    draw(tmp_path / "prompt.png", texts={"parameters": "fox\nSteps: 20, Seed: 1, Model: m"})
    from PIL import Image

    tags = Image.Exif()
    tags.get_ifd(0x8769).update(exif)
    draw(tmp_path / "dated.jpg", exif=tags)
    files = [str(path) for path in sorted(tmp_path.glob("*.*g"))]
    assert run(root, "add", *files, TZ=zones[0]).returncode == 0

    def dates():
        with Library.open(root) as library:
            return {image.original_name: image.captured_at for image in library.find()}

    before = dates()
    run(root, "reread", TZ=zones[1])
    assert dates() == before
