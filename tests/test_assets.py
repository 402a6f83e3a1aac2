"""Static files: named by their content, joined as the bundles say, the user's own first."""

from __future__ import annotations

import re

import pytest

from imagelib.errors import InvalidError
from imagelib.generator.assets import BUNDLES, Assets
from imagelib.resources import bundled

OURS = bundled("templates")


@pytest.fixture
def mine(tmp_path):
    (tmp_path / "static").mkdir()
    return tmp_path


def test_names_follow_the_content(mine):
    before = Assets([OURS])
    (mine / "static" / "card.css").write_text("/* mine */")
    after = Assets([mine, OURS])

    for path in before.files():
        assert re.fullmatch(r"static/[\w.-]+\.[0-9a-f]{8}\.\w+", path)
    assert len(after.files()) == len(before.files())
    changed = set(after.files()) - set(before.files())
    assert [path.split(".")[0] for path in changed] == ["static/common"]
    assert b"/* mine */" in after.files()[changed.pop()]


def test_each_file_of_ours_is_sent_once_and_whole():
    sources = {path.name: path.read_bytes() for path in (OURS / "static").iterdir()}
    sent = b"\n".join(Assets([OURS]).files().values())

    for name, content in sources.items():
        assert sent.count(content) == 1, name
    assert len(Assets([OURS]).files()) < 10


def test_a_bundle_keeps_its_order_and_its_parts_are_not_sent_alone(mine):
    for name in "abc":
        (mine / "static" / f"{name}.js").write_text(f"{name} // no line end")
    (mine / BUNDLES).write_text('"all.js" = ["c.js", "a.js"]')

    files = Assets([mine]).files()

    assert sorted(files.values()) == [b"b // no line end", b"c // no line end\na // no line end"]


@pytest.mark.parametrize(("bundles", "said"), [
    ('"all.js" = ["lost.js"]', "all.js is made of lost.js"),
    ('"all.js" = [', "bundles.toml"),
    ('"all.js" = "a.js"', "all.js is no list"),
    ('"all.js" = [1]', "all.js is no list"),
])
def test_a_wrong_list_of_bundles_says_what_is_wrong(mine, bundles, said):
    (mine / BUNDLES).write_text(bundles)

    with pytest.raises(InvalidError, match=said):
        Assets([mine]).files()


def test_files_in_folders_and_without_extension_are_sent_and_hidden_ones_are_not(mine):
    for name in ("fonts/own.woff2", "LICENCE", ".hidden"):
        path = mine / "static" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(name)

    paths = Assets([mine]).paths

    assert sorted(paths) == ["LICENCE", "fonts/own.woff2"]
    assert re.fullmatch(r"static/LICENCE\.[0-9a-f]{8}", paths["LICENCE"])
    assert re.fullmatch(r"static/fonts/own\.[0-9a-f]{8}\.woff2", paths["fonts/own.woff2"])
