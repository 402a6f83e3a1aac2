"""Pictures of all programs that we know, published once and looked at by another program."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import pytest
from helpers import a1111, draw
from PIL import Image as Pillow
from test_publication import tree

from imagelib.cli import run
from imagelib.errors import InvalidError
from imagelib.library.library import Library

#: Stands in every value of each image, and within the files that we make ourselves.
CANARY = "zq7fox"
DATA = Path(__file__).parents[1] / "data"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`library`, and `out`, where it was published with its files cleaned."""
    root = tmp_path_factory.mktemp("accepted")
    exif = Pillow.Exif()
    exif[0x010E] = f"{CANARY}exif"
    drawn = [draw(root / "a.png", texts={"parameters": a1111(f"{CANARY}text")}),
             *(draw(root / f"a.{kind}", exif=exif.tobytes()) for kind in ("jpg", "webp", "avif")),
             draw(root / "a.gif", comment=f"{CANARY}comment".encode())]
    known = sorted(path for path in DATA.iterdir()
                   if path.suffix in (".png", ".jpg", ".jpeg", ".webp", ".gif", ".avif"))
    with Library.create(root / "library") as library:
        for number, source in enumerate([*drawn, *known]):
            with contextlib.suppress(InvalidError):  # broken on purpose
                image = library.add(source, original_name=f"{CANARY}{number}.png").image
                library.edit(
                    image.id, title=f"Picture {number}", prompt_text=f"{CANARY}prompt",
                    negative_prompt=f"{CANARY}negative", notes=f"{CANARY}notes",
                    ai_model=f"{CANARY}model", tags=[f"{CANARY}tag"],
                    generation={"sampler": f"{CANARY}sampler"})
    (root / "library" / "publish").mkdir()
    (root / "library" / "publish" / "mine.toml").write_text(
        'fields = ["title"]\noriginals = "cleaned"\n')
    assert publish(root, "--yes") == 0
    return root


def publish(folder: Path, *options: str) -> int:
    return run(["-L", str(folder / "library"), "publish", "mine", "--to", str(folder / "out"),
                *options])


def test_what_is_withheld_is_in_no_file_however_another_program_reads_it(folder):
    pictures = 0
    for path in (path for path in (folder / "out").rglob("*") if path.is_file()):
        assert CANARY.encode() not in path.read_bytes()
        if path.suffix in (".png", ".jpg", ".webp", ".gif", ".avif"):
            with Pillow.open(path) as image:
                image.load()
                assert CANARY not in str(image.info) + str(dict(image.getexif()))
            pictures += 1
    assert pictures >= 30


def test_cleaned_pictures_show_the_same_pixels(folder):
    compared = set()
    with Library.open_to_read(folder / "library") as library:
        for image in library.walk():
            [published] = (folder / "out" / "images").glob(f"{image.id}.*")
            with (Pillow.open(library.originals.path_of(image)) as before,
                  Pillow.open(published) as after):
                same = before.convert("RGBA").tobytes() == after.convert("RGBA").tobytes()
                assert same or before.mode == "RGBA"  # in its lowest bits a text was hidden
                compared.add((after.format, same))
    assert compared >= {(kind, True) for kind in ("PNG", "JPEG", "WEBP", "GIF", "AVIF")}


def test_an_edit_sends_what_it_names_and_again_nothing_is_sent(folder, capsys):
    assert publish(folder, "--yes", "--json") == 3
    assert json.loads(capsys.readouterr().out)["sent"] == []
    before = tree(folder / "out")
    with Library.open(folder / "library") as library:
        library.edit(library.ids("")[0], title="Another title")
    assert publish(folder, "--dry-run", "--json") == 0
    named = json.loads(capsys.readouterr().out)["put"]
    assert publish(folder, "--yes", "--json") == 0
    after = tree(folder / "out")
    assert json.loads(capsys.readouterr().out)["sent"] == named
    assert {path for path in after if before.get(path) != after[path]} == set(named)
    assert len(named) <= 6
