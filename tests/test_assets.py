"""Static files: named by their content, joined as the bundles say, the user's own first."""

from __future__ import annotations

import re
import tomllib
from pathlib import PurePosixPath

import pytest

from imagelib.errors import InvalidError
from imagelib.generator.assets import BUNDLES, EDITOR, STATIC, Assets
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


@pytest.mark.parametrize("top", [STATIC, EDITOR])
def test_each_file_of_ours_is_sent_whole_in_each_of_its_bundles_and_not_elsewhere(top):
    sources = {path.name: path.read_bytes() for path in (OURS / top).rglob("*") if path.is_file()}
    files = Assets([OURS], top).files()
    sent = b"\n".join(Assets([OURS], top)._contents.values())
    bundles = tomllib.loads((OURS / BUNDLES).read_text("utf-8"))
    of_editor = bundles.pop(EDITOR)
    ours = of_editor if top == EDITOR else bundles
    listed = [part.rpartition("/")[2] for parts in ours.values() for part in parts]

    for name, content in sources.items():
        assert sent.count(content) == max(1, listed.count(name)), name
    # No page asks for two bundles that hold the same script.
    assert {name for name in listed if listed.count(name) > 1} <= {
        "dom.js", "ground.js", "kept.js", "picks.js", "pick-form.js", "share.js"}
    assert len(files) < 12
    assert all(re.fullmatch(rf"{top}/[\w-]+\.[0-9a-f]{{8}}\.\w+", path) for path in files)


def test_no_two_files_of_ours_have_one_name():
    names = [path.name for top in (STATIC, EDITOR) for path in (OURS / top).rglob("*.*")]
    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize("place", ["card.css", "grid/card.css"])
def test_a_file_is_replaced_by_its_name_or_in_its_folder(mine, place):
    (path := mine / "static" / place).parent.mkdir(exist_ok=True)
    path.write_text("/* mine */")

    [common] = [content for path, content in Assets([mine, OURS]).files().items()
                if path.startswith("static/common.")]

    assert b"/* mine */" in common
    assert (OURS / "static/grid/card.css").read_bytes() not in common


def test_a_list_of_bundles_without_folders_means_the_same_files(mine):
    ours = tomllib.loads((OURS / BUNDLES).read_text(encoding="utf-8"))
    (mine / BUNDLES).write_text("\n".join(
        f'"{name}" = {[PurePosixPath(part).name for part in parts]}' for name, parts in ours.items()
        if name.startswith(("common", "gallery", "engine", "interface"))))

    changed = Assets([mine, OURS])

    for name in ("common.css", "gallery.css", "engine.js", "interface.js"):
        assert changed.path(name) == Assets([OURS]).path(name)
    ours = Assets([OURS])
    assert changed.content(changed.path("loader.js")) == ours.content(ours.path("loader.js"))


def test_a_bundle_keeps_its_order_and_its_parts_are_not_sent_alone(mine):
    for name in "abc":
        (mine / "static" / f"{name}.js").write_text(f"{name} // no line end")
    (mine / BUNDLES).write_text('"all.js" = ["c.js", "a.js"]')

    files = Assets([mine])._contents

    assert sorted(files.values()) == [b"b // no line end", b"c // no line end\na // no line end"]


def test_scripts_are_sent_without_lines_of_comment_and_with_all_that_they_say(mine):
    said = r"""const url = "https://example.org/a//b"; /* one */
const find = (text) => /[/"']\/\/ ?x/.test(text) || `two  // words of ${text ? ` (${text})` : ""}`;
"""
    (mine / "static" / "a.js").write_text(f"""// What it is for, and that of `others`.
/**
 * Of several lines * and / stars.
 * @param {{string}} text
 */
  // indented
    {said}/* and last */
""")
    (mine / "static" / "b.js").write_text("const lines = `one\n  // two\n`;\n// as it is\n")
    (mine / "static" / "c.js").write_text('const lines = "one\\\n  // two";\n')
    assets = Assets([mine])

    assert assets.content(assets.path("a.js")).decode() == said
    for name in ("b.js", "c.js"):
        assert assets.content(assets.path(name)) == (mine / "static" / name).read_bytes()


@pytest.mark.parametrize("top", [STATIC, EDITOR])
def test_no_script_of_ours_has_to_be_sent_as_it_is(top):
    assets = Assets([OURS], top)
    for name, path in assets.paths.items():
        if name.endswith(".js"):
            assert len(assets.content(path)) < 0.8 * len(assets._contents[name]), name


@pytest.mark.parametrize(("bundles", "said"), [
    ('"all.js" = ["lost.js"]', "all.js is made of lost.js"),
    ('"all.js" = [', "bundles.toml"),
    ('"all.js" = "a.js"', "all.js is no list"),
    ('"all.js" = [1]', "all.js is no list"),
    ('[more]\n"all.js" = ["a.js"]', "more is no list"),
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


def test_scripts_and_their_twins_in_python_name_each_other():
    top = OURS.parent
    named = {(source, name) for folder, pattern in (
        (OURS, r"imagelib/[\w/]+\.py"), (top / "imagelib", r"templates/[\w/-]+\.(?:js|css)\b"))
        for source in folder.rglob("*.*") if source.suffix in (".js", ".ts", ".py")
        for name in re.findall(pattern, source.read_text(encoding="utf-8"))}

    assert len(named) > 10
    assert [(source.name, name) for source, name in named if not (top / name).is_file()] == []
