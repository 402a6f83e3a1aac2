"""The editor publishes: what and where to, what becomes public, the yes, and what came of it."""

from __future__ import annotations

import re

import pytest
from axe import AXE, faults
from chromium import MARKS, expect

from imagelib.library.library import Library

pytestmark = MARKS

FOX = 'title = "Fox works"\nfields = ["title", "tags"]\nquery = "tag:animal/fox"\n'


def test_a_policy_is_published_and_published_again_with_more(editor, tmp_path):
    policy = editor.daemon.root / "publish" / "fox.toml"
    policy.parent.mkdir()
    policy.write_text(FOX)
    out = tmp_path / "out"
    editor.menu("Publish")
    dialog = editor.dialog("Publish")
    said = dialog.locator(".publish > [role=status]")
    expect(editor.field("What")).to_be_focused()
    expect(editor.field("What")).to_have_value("fox")
    expect(editor.field("Which images")).to_have_value("tag:animal/fox")
    expect(dialog).to_contain_text("Shown with each: title, tags.")

    editor.fill({"Where to": "out"})
    editor.button("Prepare").click()
    expect(dialog.get_by_role("alert")).to_contain_text("Where to: should be a whole path")
    expect(editor.field("Where to")).to_be_focused()
    editor.fill({"Where to": str(out)})
    editor.page.keyboard.press("Enter")
    expect(said).to_have_text("fox is ready. This becomes public:")
    expect(dialog).to_contain_text("3 (3 new)")
    expect(dialog.get_by_role("region", name="Public for the first time")).to_contain_text(
        "1 tag: animal/fox")
    assert not out.exists()

    # It goes on while the dialog is closed; an edit makes it another one.
    editor.page.keyboard.press("Escape")
    editor.menu("Publish")
    expect(said).to_have_text("fox is ready. This becomes public:")
    editor.daemon.ask("POST", "/api/batch", json_body={"query": '"picture 1"',
                                                       "edit": {"title": "A heron"}})
    editor.button("Publish").click()
    expect(dialog.get_by_role("alert")).to_contain_text("Images of it were changed")
    editor.button("Back").click()
    expect(editor.field("Where to")).to_have_value(str(out))
    editor.button("Prepare").click()
    expect(dialog).to_contain_text("3 titles: A heron")
    editor.button("Publish").click()
    expect(said).to_contain_text("files written")
    expect(said).to_contain_text(f"in {out}.")
    assert (out / "index.html").is_file()
    expect(dialog).to_contain_text("open index.html in that folder")

    policy.write_text(FOX.replace("]", ', "rating"]') + 'originals = "as they are"\n')
    editor.button("Publish something else").click()
    expect(dialog).to_contain_text(re.compile(r"Last published there on \d{4}-\d\d-\d\d;"))
    editor.button("Prepare").click()
    yes = dialog.get_by_role("group", name="More than you would expect").get_by_role("checkbox")
    expect(yes).to_have_count(2)
    editor.button("Publish").click()  # the browser says that they are not checked
    expect(yes.first).to_be_focused()
    for box in yes.all():
        box.check()
    editor.button("Publish").click()
    expect(said).to_contain_text("files written")
    editor.page.keyboard.press("Escape")
    expect(editor.button("Library")).to_be_focused()

    editor.card("A heron").click()
    told = editor.page.get_by_role("region", name="Published in")
    expect(told).to_contain_text(f"fox → {out}")
    editor.page.keyboard.press("ArrowLeft")
    expect(told).to_be_hidden()


def test_a_preset_takes_the_search_of_the_gallery_and_what_the_proof_finds_is_listed(
        editor, tmp_path):
    with Library.open(editor.daemon.root) as library:
        library.edit(library.ids("picture 0")[0], notes="zanzibar")
    editor.page.get_by_role("searchbox", name="Search").fill("tag:night")
    editor.menu("Publish")
    dialog = editor.dialog("Publish")
    editor.field("What").select_option("settings")
    expect(editor.field("Which images")).to_have_value("tag:night -tag:nsfw")
    editor.field("What").select_option("portfolio")
    editor.fill({"Where to": str(tmp_path / "out.zip")})
    editor.button("Prepare").click()
    expect(dialog).to_contain_text("3 (3 new)")
    site = editor.daemon.root / ".imagelib" / "published" / "portfolio" / "site"
    (site / "stray.html").write_text("<p>zanzibar</p>")
    editor.button("Back").click()
    editor.button("Prepare").click()
    found = dialog.get_by_role("list", name="What was found")
    expect(found).to_contain_text("stray.html: zanzibar (text); it stands in notes of")
    expect(dialog).to_contain_text("Nothing was sent.")
    editor.button("Go back").click()
    expect(editor.field("What")).to_have_value("portfolio")
    assert not (tmp_path / "out.zip").exists()

    # What was looked for then is no answer to what is looked for now; neither is its place.
    editor.page.keyboard.press("Escape")
    editor.menu("Publish")
    expect(editor.field("Where to")).to_have_value(str(tmp_path / "out.zip"))
    expect(dialog.locator(".publish > [role=status]")).to_have_text("")
    editor.page.keyboard.press("Escape")
    editor.page.get_by_role("searchbox", name="Search").fill("tag:animal")
    editor.menu("Publish")
    expect(editor.field("What")).to_have_value("portfolio")
    expect(editor.field("Which images")).to_have_value("tag:animal")
    expect(editor.field("Where to")).to_have_value("")


def test_nothing_new_is_offered_before_what_was_asked_for_is_answered(editor, tmp_path):
    editor.menu("Publish")
    editor.fill({"Where to": str(tmp_path / "out")})
    editor.button("Prepare").click()
    expect(editor.button("Publish")).to_be_visible()
    held = []
    editor.page.route("**/api/publications/*", lambda route: (
        held.append((route, route.fetch())) if route.request.method == "DELETE"
        else route.continue_()))
    editor.button("Back").click()
    # It is back for the daemon, and would be seen by who asks again how it stands.
    editor.page.wait_for_timeout(1500)
    [(route, answer)] = held
    expect(editor.button("Prepare")).to_have_count(0)
    route.fulfill(response=answer)
    editor.button("Prepare").click()
    expect(editor.button("Publish")).to_be_visible()


@pytest.mark.skipif(AXE is None, reason="axe-playwright-python is not installed")
def test_axe_finds_nothing_wrong_in_the_dialog(tab, tmp_path):
    editor = tab(bypass_csp=True, reduced_motion="reduce")
    page = editor.page
    page.add_script_tag(path=AXE)
    with Library.open(editor.daemon.root) as library:
        library.edit(library.ids("")[0], title="W" * 300)

    def check() -> None:
        for width, height in ((1280, 800), (390, 844)):
            page.set_viewport_size({"width": width, "height": height})
            for scheme in ("light", "dark"):
                assert faults(page, scheme) == []
            assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")

    editor.menu("Publish")
    expect(editor.field("What")).to_be_focused()
    check()
    policy = editor.daemon.root / "publish" / "settings.toml"
    policy.parent.mkdir()
    policy.write_text('fields = ["title"]\noriginals = "as they are"')
    editor.field("What").select_option("settings")
    editor.fill({"Where to": str(tmp_path / "out"), "Which images": ""})
    editor.button("Prepare").click()
    expect(editor.button("Publish")).to_be_visible()
    check()
    expect(editor.dialog("Publish").get_by_role("checkbox")).to_have_count(1)


def test_what_is_selected_is_published_as_an_album_in_the_order_that_is_seen(
        editor, tmp_path, browser):
    editor.page.get_by_label("Sort").select_option("captured_at")
    # Until they lie in their places, a tile may go from under the pointer.
    expect(editor.page.locator(".grid .snippet").first).to_have_text("picture 0")
    for n in (3, 0, 4):
        editor.item(f"picture {n}").hover()
        editor.box(f"picture {n}").click()
    editor.button("Publish…").click()
    editor.field("Name of the album, which is a tag").fill("For Anna")
    editor.button("Make the album and go on").click()
    dialog = editor.dialog("Publish")
    expect(editor.field("Which images")).to_have_value('tag:"for anna"')
    expect(dialog).to_contain_text("3 images. A search")
    editor.field("What").select_option("portfolio")
    editor.fill({"Where to": str(tmp_path / "out")})
    editor.button("Prepare").click()
    expect(dialog).to_contain_text("3 (3 new)")
    expect(dialog).to_contain_text("files to write (")
    expect(dialog).not_to_contain_text("private and")
    editor.button("Publish").click()
    expect(dialog).to_contain_text("files written")

    page = browser.new_page()
    page.goto((tmp_path / "out" / "index.html").as_uri())
    expect(page.locator(".grid[data-enhanced] .snippet")).to_have_text(
        ["Portfolio 1", "Portfolio 2", "Portfolio 3"])
    expect(page.get_by_label("Sort").locator("option").first).to_have_text("Album order")
    expect(page.get_by_role("navigation", name="Albums")).to_have_count(0)
    page.get_by_label("Sort").select_option("-captured_at")
    expect(page.locator(".grid .snippet").first).to_have_text("Portfolio 3")
    page.close()

    # What is prefilled is of these images, not of what was published before.
    editor.page.keyboard.press("Escape")
    editor.page.get_by_role("navigation", name="Albums").get_by_role("link").click()
    editor.page.get_by_role("region", name="Album").get_by_role("button", name="Publish…").click()
    expect(editor.field("Which images")).to_have_value('tag:"for anna"')
    expect(editor.field("Where to")).to_have_value("")
    expect(dialog).not_to_contain_text("files written")

    # Who chose three hears why there are two.
    editor.daemon.ask("POST", "/api/batch", json_body={
        "query": '"picture 0"', "edit": {"add_tags": ["private/anna"]}})
    editor.field("What").select_option("portfolio")
    editor.fill({"Where to": str(tmp_path / "out")})
    editor.button("Prepare").click()
    expect(dialog).to_contain_text("; 1 image more is tagged private and stays out")


def test_what_is_selected_is_not_forgotten_where_publishing_begins_in_the_menu(editor):
    for n in (5, 1):
        editor.item(f"picture {n}").hover()
        editor.box(f"picture {n}").click()
    editor.menu("Publish")
    dialog = editor.dialog("Publish")
    expect(dialog).to_contain_text("6 images. A search; empty: all images")
    editor.fill({"Which images": "tag:wip or id:none"})
    expect(dialog).to_contain_text("3 images. A search")
    editor.button("Only the 2 selected images…").click()
    name = editor.field("Name of the album, which is a tag")
    name.fill("wip")
    expect(editor.dialog("Publish 2").get_by_text("3 images have this tag already")).to_be_visible()
    name.fill("two")
    expect(editor.dialog("Publish 2").get_by_text("They become an album first")).to_be_visible()
    editor.page.keyboard.press("Enter")
    expect(editor.field("Which images")).to_have_value("tag:two")
    expect(dialog).to_contain_text("2 images. A search")
    expect(editor.page.get_by_role("button", name="Only the")).to_have_count(0)
