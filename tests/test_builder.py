"""Building: each image is in the site, little work for little change, the bytes of a full build."""

from __future__ import annotations

import contextlib
import random
import sqlite3
from pathlib import Path

import pytest
from helpers import ALL, current_tree, draw, fill, follow, tree
from site_links import dead_references

from imagelib.errors import ConflictError, NotFoundError
from imagelib.generator.builder import build
from imagelib.generator.freshness import is_current
from imagelib.generator.paths import original_path, page_path, thumbnail_path
from imagelib.library.library import Library
from imagelib.library.records.searches import delete_search, save_search


def test_a_site_holds_each_image_and_every_link_in_it_leads_somewhere(library, picture):
    image = library.add(picture).image

    report = build(library)

    site = library.settings.site_dir
    for path in ("index.html", "data/manifest.js", page_path(image.id),
                 thumbnail_path(image.digest), original_path(image.file_name, image.id)):
        assert (site / path).is_file(), path
    assert dead_references(site) == []
    assert report.failures == []
    original = site / original_path(image.file_name, image.id)
    assert original.read_bytes() == picture.read_bytes()


def test_an_empty_library_has_a_site_too(library):
    build(library)
    assert (library.settings.site_dir / "index.html").is_file()
    assert dead_references(library.settings.site_dir) == []


def test_one_edit_among_800_images_changes_a_handful_of_files(tmp_path):
    with Library.create(tmp_path / "l") as library:
        fill(library, 800)
        follow(library)
        build(library)
        site = library.settings.site_dir
        before = {path: path.stat().st_mtime_ns for path in site.rglob("*") if path.is_file()}

        nothing = build(library)
        assert (nothing.written, nothing.pruned) == ([], [])
        assert is_current(library.settings, site)

        image = library.find("", limit=1000)[-1]
        library.edit(image.id, rating=5, add_tags=["new"])
        report = build(library)
        after = {path: path.stat().st_mtime_ns for path in site.rglob("*") if path.is_file()}
        changed = [p for p in before.keys() | after.keys() if before.get(p) != after.get(p)]
        assert 0 < len(changed) <= 12, changed
        assert len(report.written) <= 6

        # The same when another program changes the row.
        connection = sqlite3.connect(library.settings.database)
        with connection:
            connection.execute("UPDATE images SET notes = 'by sqlite3' WHERE pk = 17")
        connection.close()
        assert not is_current(library.settings, site)
        assert 0 < len(build(library).written) <= 6
        page = site / page_path(library.find("by sqlite3")[0].id)
        assert "by sqlite3" in page.read_text(encoding="utf-8")
        assert is_current(library.settings, site)


def test_what_another_folder_still_keeps_is_no_reason_to_build_this_one(library, picture,
                                                                         monkeypatch, tmp_path):
    image = library.get(library.add(picture).changed[0])
    follow(library)
    build(library, tmp_path / "other")
    library.edit(image.id, rating=4)
    build(library, tmp_path / "other")  # the block of before is kept there for a while
    build(library)
    monkeypatch.setattr("imagelib.generator.freshness.KEPT_SECONDS", -1.0)

    assert is_current(library.settings, library.settings.site_dir)
    assert not is_current(library.settings, tmp_path / "other")


def _random_edit(library: Library, rng: random.Random, folder: Path, number: int) -> None:
    ids = library.ids("")
    image_id = rng.choice(ids)
    kind = rng.randrange(11)
    if kind == 0:
        library.edit(image_id, rating=rng.randrange(6))
    elif kind == 1:
        library.edit(image_id, captured_at=f"2026-{rng.randrange(1, 13):02d}-07")
    elif kind == 2:
        library.edit(*rng.sample(ids, 5), add_tags=[f"t{number}"], notes="ü <b>")
    elif kind == 3:
        library.add(draw(folder / f"n{number}.png", (9, 7)), captured_at=rng.choice(
            ("2026-03-03", "2030-01-01", "1999-01-01")))
    elif kind == 4:
        library.delete(*rng.sample(ids, 3))
    elif kind == 5:
        library.replace_file(image_id, draw(folder / f"r{number}.webp",
                                            rng.choice(((11, 5), (900, 410)))))
    elif kind in (6, 7):
        with contextlib.suppress(ConflictError, NotFoundError):
            library.undo()
    elif kind == 8 and library.trash():
        library.restore(library.trash()[0].image.id)
    elif kind == 9 and library.trash():
        library.purge(library.trash()[-1].image.id)
    else:
        connection = sqlite3.connect(library.settings.database)
        with connection:
            connection.execute("UPDATE images SET prompt_text = ?, captured_at = ? WHERE id = ?",
                               (f"external {number}", "2026-05-05T05:05:05", image_id))
        connection.close()


@pytest.mark.parametrize("seed", [1, 2] if ALL else [2])
def test_after_random_edits_the_tree_is_that_of_a_full_build(tmp_path, seed):
    rng = random.Random(seed)
    with Library.create(tmp_path / "l") as library:
        fill(library, 90)
        build(library)
        for number in range(35):
            _random_edit(library, rng, tmp_path, number)
            if rng.random() < 0.5:
                build(library)
                assert dead_references(library.settings.site_dir) == []
        build(library)
        build(library, tmp_path / "full")

        incremental, full = current_tree(library), tree(tmp_path / "full")
        assert incremental.keys() == full.keys()
        assert [path for path in full if full[path] != incremental[path]] == []
        # A full build over the same folder finds nothing to do differently.
        report = build(library, full=True)
        assert report.written == []
        assert not set(report.pruned) & full.keys(), "only what newer ones had replaced"
        assert tree(library.settings.site_dir) == full


def test_losing_the_memory_costs_one_full_build_and_nothing_else(library, tmp_path):
    for n in range(3):
        library.add(draw(tmp_path / f"{n}.png"))
    build(library)
    gone = library.find()[0]
    library.delete(gone.id)
    for file in library.settings.private_dir.glob("build*"):
        file.unlink()

    report = build(library)

    assert report.images == 2
    build(library, tmp_path / "full")
    assert current_tree(library).keys() == tree(tmp_path / "full").keys()


def test_a_damaged_memory_is_no_more_than_a_lost_one(library, picture):
    library.add(picture)
    build(library)
    (library.settings.private_dir / "build.db").write_bytes(b"garbage" * 1000)

    assert build(library).images == 1


def test_a_new_template_or_setting_renders_everything_anew(library, picture):
    library.add(picture)
    build(library)
    (library.root / "templates").mkdir()
    (library.root / "templates" / "image.html").write_text("<p>mine: {{ image.prompt_text }}</p>")

    build(library)

    image = library.find()[0]
    page = (library.settings.site_dir / page_path(image.id)).read_text()
    assert page == "<p>mine: a red fox</p>"


def test_the_site_holds_nothing_private(library, picture):
    image = library.add(picture, notes="n").image
    library.edit(image.id, rating=1)
    build(library)

    everything = b"".join(tree(library.settings.site_dir).values())
    for secret in (str(library.root).encode(), b"/api/", b"SQLite format", b"Add images"):
        assert secret not in everything, secret
    # Not "*.db*": the hash in the name of a static file may begin so.
    site = library.settings.site_dir
    assert not [*site.rglob("*.db"), *site.rglob("*.db-*")]


def test_metadata_full_of_markup_stays_text_in_every_file(library, tmp_path):
    hostile = "</script><script>alert(1)</script><img src=x onerror=alert(1)> {{ 7*7 }} \u2028"
    library.add(draw(tmp_path / "x.png"), prompt_text=hostile, notes=hostile, ai_model=hostile,
                tags=["<script>alert(2)</script>"], prompt_meta={hostile: [hostile]})

    build(library)

    for path, content in tree(library.settings.site_dir).items():
        if path.startswith("images/"):
            continue
        assert b"<script>alert" not in content, path
        assert b"<img src=x" not in content, path
        if path.startswith("data/"):
            assert content.isascii()
            assert b"<" not in content


def test_a_site_with_an_address_has_feed_sitemap_search_and_web_app(tmp_path):
    import json
    import xml.etree.ElementTree as ET

    Library.create(tmp_path / "l").close()
    (tmp_path / "l" / "imagelib.toml").write_text(
        'title = "Füchse <&>"\nbase_url = "https://example.org/g"\n')
    with Library.open(tmp_path / "l") as library:
        fill(library, 20)
        hostile = "]]></title><script>alert(1)</script> \x0b & \"ü\""
        library.edit(library.find()[0].id, prompt_text=hostile, tags=["<b>&"])
        build(library)
        site = library.settings.site_dir

        feed = ET.fromstring((site / "feed.xml").read_bytes())
        atom = "{http://www.w3.org/2005/Atom}"
        assert feed.findtext(f"{atom}title") == "Füchse <&>"
        assert len(feed.findall(f"{atom}entry")) == 20
        assert hostile.replace("\x0b", "")[:20] in feed.findtext(f"{atom}entry/{atom}title")
        links = [e.get("href") for e in feed.iter(f"{atom}link")]
        index = ET.fromstring((site / "sitemap.xml").read_bytes())
        maps = [e.text for e in index.iter("{http://www.sitemaps.org/schemas/sitemap/0.9}loc")]
        assert maps == ["https://example.org/g/sitemap-0.xml"]
        block = ET.fromstring((site / "sitemap-0.xml").read_bytes())
        links += maps
        links += [e.text for e in block.iter("{http://www.sitemaps.org/schemas/sitemap/0.9}loc")]
        for link in links:
            path = link.removeprefix("https://example.org/g/")
            assert path == "" or (site / path).is_file(), link
        search = ET.fromstring((site / "opensearch.xml").read_bytes())
        assert "q={searchTerms}" in ET.tostring(search, encoding="unicode")
        app = json.loads((site / "site.webmanifest").read_text())
        assert app["name"] == "Füchse <&>"
        assert (site / app["icons"][0]["src"]).is_file()
        assert dead_references(site) == []

        library.edit(library.find()[-1].id, rating=3)
        assert len(build(library).written) <= 8
        build(library, tmp_path / "full")
        assert current_tree(library) == tree(tmp_path / "full")

        (library.root / "imagelib.toml").write_text("")
    with Library.open(tmp_path / "l") as library:
        build(library)
        assert not (site / "feed.xml").exists()
        assert not list(site.glob("sitemap*"))


@pytest.mark.parametrize("change", ["template", "static", "title", "editor"])
def test_what_pages_are_made_of_is_in_the_stamp_and_the_editor_is_not(tmp_path, change):
    from imagelib.config import Settings
    from imagelib.generator.freshness import stamp

    Library.create(tmp_path).close()
    own = tmp_path / "templates"
    for name in ("static", "editor"):
        (own / name).mkdir(parents=True)
    before = stamp(Settings.load(tmp_path))
    if change == "title":
        (tmp_path / "imagelib.toml").write_text('title = "x"')
    else:
        path = {"template": "image.html", "static": "static/x.css", "editor": "editor/x.js"}
        (own / path[change]).write_text("x")

    assert (stamp(Settings.load(tmp_path)) != before) is (change != "editor")


def test_a_saved_search_is_one_change_of_the_manifest(library, picture):
    library.add(picture)
    follow(library)
    build(library)
    out = library.settings.site_dir
    assert is_current(library.settings, out)

    save_search(library.database, "Best <b>", "rating:5", "-rating")
    assert not is_current(library.settings, out)
    report = build(library)

    assert report.written == ["data/manifest.js"]
    assert b'["Best \\u003cb>","rating:5","-rating"]' in (out / "data/manifest.js").read_bytes()
    assert is_current(library.settings, out)
    assert build(library).written == []
    delete_search(library.database, "Best <b>")
    assert build(library).written == ["data/manifest.js"]
    before = tree(out)
    build(library, full=True)
    assert tree(out) == before


def test_a_memory_of_another_version_costs_one_full_build(library, picture):
    library.add(picture)
    build(library)
    before = tree(library.settings.site_dir)
    with contextlib.closing(sqlite3.connect(library.settings.private_dir / "build.db")) as memory:
        memory.execute("PRAGMA user_version = 77")

    build(library)

    assert tree(library.settings.site_dir) == before


def test_pages_that_come_together_refer_to_each_other_and_never_to_nothing(library, tmp_path):
    library.add(draw(tmp_path / "first.png"))
    build(library)
    for number in range(4):
        library.add(draw(tmp_path / f"{number}.png", seed=str(number)))
    dead = []

    build(library, progress=lambda stage, done, total: dead.extend(
        dead_references(library.settings.site_dir) if stage == "pages" else ()))

    assert dead == []


def test_a_build_that_was_stopped_among_its_thumbnails_costs_the_next_one_no_more(
        library, tmp_path):
    for number in range(6):
        library.add(draw(tmp_path / f"{number}.png", seed=str(number)))
    build(library)
    late = [library.add(draw(tmp_path / f"late{number}.png", seed=f"late {number}")).image
            for number in range(3)]

    class StoppedError(Exception):
        pass

    def stop(stage: str, done: int, total: int) -> None:
        if stage == "thumbnails" and done == 2:
            raise StoppedError

    with pytest.raises(StoppedError):
        build(library, progress=stop)
    library.delete(late[0].id)  # what was made for it is no image's any more
    rendered = []
    report = build(library, progress=lambda stage, done, total: rendered.append(stage))

    assert rendered.count("pages") == 3, "two new ones, and the one beside them"
    assert report.thumbnails < 2
    build(library, tmp_path / "full")
    assert current_tree(library) == tree(tmp_path / "full")


def test_what_a_killed_build_has_written_is_written_again(library, tmp_path):
    """The memory still has the hash of what lay there before, which may be what is wanted again."""
    for n in range(3):
        library.add(draw(tmp_path / f"{n}.png"))
    build(library)
    site = library.settings.site_dir
    before = tree(site)
    page = next((site / "image").glob("*.html"))
    [journal] = library.settings.private_dir.glob("build-*.journal")
    journal.write_text(f"image/{page.name}\nindex.html\n")
    page.write_bytes(b"<!doctype html><title>half of another state</title></html>")
    (site / "index.html").write_bytes(page.read_bytes())

    build(library)

    assert tree(site) == before
