"""Folders: odd trees, killed runs, constant work ahead."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
import time

import pytest
from helpers import draw

from imagelib.ingest.importer import add_paths
from imagelib.library.library import Library
from imagelib.library.store.disk import digest

ODD = ["with space.png", "ünïcode 東京.png", "emoji 🦊.png", "-dash.png", "quote'\".png",
       "new\nline.png", "tab\t.png", "percent%20.png", "#hash?.png", "a" * 200 + ".png",
       "UPPER.PNG", "no_extension", "CON.png", "trailing dot..png", "{{7*7}}.png",
       "<script>.png", "back\\slash.png", "semi;colon&and.png", "$(id).png"]


@pytest.mark.skipif(os.name == "nt", reason="Windows cannot make such a tree")
def test_a_hostile_tree_is_survived_and_reported(library, tmp_path):
    tree = tmp_path / "tree"
    for name in ODD:
        draw(tree / "odd" / "x.png", seed=name).rename(tree / "odd" / name)
    draw(tree / "a" / "b" / "c" / "d" / "deep.png")
    draw(tree / ".hidden" / "h.png")
    (tree / "link.png").symlink_to(tree / "odd" / "UPPER.PNG")
    (tree / "loop").symlink_to(tree)
    (tree / "dangling.png").symlink_to(tree / "nowhere")
    os.mkfifo(tree / "pipe.png")
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(tree / "s.png"))
    (tree / "empty.png").touch()
    (tree / "text.png").write_text("text")
    with open(os.path.join(os.fsencode(tree), b"bad\xff.png"), "wb") as stream:  # noqa: PTH118, PTH123
        stream.write((tree / "odd" / "UPPER.PNG").read_bytes())

    report = add_paths(library, [tree, tmp_path / "nowhere"])

    assert len(report.added) == len(ODD) + 1
    assert library.count() == len(ODD) + 1
    reasons = {os.fsencode(path.name): reason for path, reason in report.failed}
    assert set(reasons) == {b"link.png", b"loop", b"dangling.png", b"pipe.png", b"s.png",
                            b"empty.png", b"text.png", b"bad\xff.png", b"nowhere"}
    assert "link" in reasons[b"link.png"]
    assert "no plain file" in reasons[b"pipe.png"]
    for image in library.find():
        assert image.original_name.encode().decode() == image.original_name
        assert not set(image.original_name) & set('/\\:*?"<>|\n\t')


@pytest.mark.parametrize("leads_to", ["folder", "file"])
def test_a_link_that_is_named_is_meant(library, tmp_path, leads_to):
    there = draw(tmp_path / "elsewhere" / "x.png")
    link = tmp_path / "named"
    link.symlink_to(there if leads_to == "file" else there.parent)
    report = add_paths(library, [link])
    assert (len(report.added), report.failed) == (1, [])
    [image] = library.find()
    assert library.originals.path_of(image).read_bytes() == there.read_bytes()
    assert not library.originals.path_of(image).is_symlink()


def test_folders_become_tags(library, tmp_path):
    draw(tmp_path / "Trips" / "New_York" / "1.png")
    draw(tmp_path / "Trips" / "2.png")

    add_paths(library, [tmp_path / "Trips"], tag_folders=True, fields={"tags": ["x"]})

    tags = {image.original_name: image.tags for image in library.find()}
    assert tags == {"1.png": ("new york", "trips", "x"), "2.png": ("trips", "x")}


def test_bad_fields_add_nothing(library, tmp_path):
    from imagelib.errors import InvalidError

    draw(tmp_path / "in" / "x.png")
    with pytest.raises(InvalidError):
        add_paths(library, [tmp_path / "in"], fields={"rating": 9})
    assert library.count() == 0


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL on Windows")
def test_an_import_that_is_killed_again_and_again_ends_with_every_file_once(tmp_path):
    source = tmp_path / "in"
    wanted = {digest(draw(source / f"{n:04d}.png", (20, 16))) for n in range(250)}
    root = tmp_path / "library"
    Library.create(root).close()
    command = [sys.executable, "-m", "imagelib", "-L", str(root), "add", str(source)]
    rng = random.Random(1)
    for _ in range(8):
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL, start_new_session=True)
        time.sleep(rng.uniform(0.2, 1.2))
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    assert subprocess.run(command, capture_output=True).returncode == 0

    with Library.open(root) as library:
        images = library.find()
        assert sorted(image.digest for image in images) == sorted(wanted)
        on_disk = {path.name for path in library.originals.folder.iterdir()}
        assert on_disk == {image.file_name for image in images}
        for image in images:
            assert digest(library.originals.path_of(image)) == image.digest
    assert len(list(source.iterdir())) == 250
