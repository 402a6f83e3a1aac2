"""Rating and tagging without a form: by the stars of tiles and panel, and by the tag box."""

from __future__ import annotations

from chromium import MARKS, expect
from editor_page import EditorPage, Slow

pytestmark = MARKS


def record(editor: EditorPage, name: str) -> dict:
    return next(one for one in editor.records() if one["prompt_text"] == name)


def press_star(editor: EditorPage, name: str, star: int) -> None:
    """Click the middle of one star of a tile."""
    stars = editor.item(name).locator(".facts .stars")
    editor.item(name).hover()
    box = stars.bounding_box()
    stars.click(position={"x": (star - 0.5) * box["width"] / 5, "y": box["height"] / 2})


def test_the_stars_of_a_tile_rate_it_and_the_same_star_takes_it_back(editor):
    press_star(editor, "picture 3", 4)
    expect(editor.says("Rated 4: picture 3")).to_be_visible()
    assert record(editor, "picture 3")["rating"] == 4
    expect(editor.page.get_by_role("dialog")).to_have_count(0)
    press_star(editor, "picture 3", 4)
    expect(editor.says("Not rated any more")).to_be_visible()
    assert record(editor, "picture 3")["rating"] == 0


def test_the_stars_of_the_panel_rate_the_open_image(editor):
    editor.card("picture 2").click()
    rating = editor.dialog("picture 2").get_by_role("group", name="Stars")
    rating.get_by_role("button", name="3 stars").click()
    expect(rating.get_by_role("button", name="3 stars")).to_have_attribute("aria-pressed", "true")
    expect(editor.says("Rated 3")).to_be_visible()
    expect(editor.dialog("picture 2")).to_be_visible()
    assert record(editor, "picture 2")["rating"] == 3


def test_tags_are_given_by_a_box_and_those_given_last_by_a_number(editor):
    keys = editor.page.keyboard
    editor.card("picture 1").focus()
    keys.press("t")
    tags = editor.dialog("Tags").get_by_role("list", name="Tags")
    expect(editor.dialog("Tags").get_by_role("combobox", name="Add tags")).to_be_focused()
    keys.type("red fox")
    keys.press("Enter")
    expect(tags.get_by_role("listitem")).to_have_text(["animal/fox×", "red fox×"])
    keys.press("Escape")
    expect(editor.card("picture 1")).to_be_focused()
    assert record(editor, "picture 1")["tags"] == ["animal/fox", "red fox"]

    for name in ("picture 4", "picture 5"):
        editor.card(name).focus()
        keys.press("x")
    keys.press("t")
    expect(editor.dialog("Tags of 2 images")).to_be_visible()
    keys.press("1")
    tags = editor.dialog("Tags of 2 images").get_by_role("list", name="Tags")
    expect(tags.get_by_role("listitem").first).to_have_text("red fox×")
    expect(tags).to_contain_text("animal/fox (1 of 2)")
    assert len(editor.records('tag:"red fox" (tag:night or tag:animal/fox)')) == 3
    editor.dialog("Tags of 2 images").get_by_role("button", name="Remove tag red fox").click()
    expect(tags).not_to_contain_text("red fox")
    assert len(editor.records('tag:"red fox"')) == 1
    proposed = editor.dialog("Tags of 2 images").get_by_role("group", name="Proposed")
    expect(proposed.get_by_role("button")).to_have_text(["⇧1 night", "⇧2 wip"])
    keys.press("Shift+Digit1")
    expect(tags).to_contain_text("night×")
    expect(proposed.get_by_role("button")).to_have_text(["⇧1 wip"])
    assert len(editor.records("tag:night")) == 4

    # The tags of the library come late: a list that was closed meanwhile stays so.
    keys.press("Escape")
    slow = Slow(editor.page, "**/api/tags", ("GET",))
    editor.card("picture 2").focus()
    keys.press("t")
    box = editor.dialog("Tags").get_by_role("combobox", name="Add tags")
    keys.type("wi")
    slow.wait()
    expect(box).to_have_attribute("aria-expanded", "true")
    keys.press("Escape")
    with editor.page.expect_response("**/api/tags"):
        slow.let_go()
    editor.page.wait_for_timeout(100)
    expect(box).to_have_attribute("aria-expanded", "false")
    keys.press("Escape")
    expect(editor.dialog("Tags")).to_be_hidden()


def test_one_key_puts_a_tag_and_takes_it_back(editor):
    """Picked and rejected exclude each other; the digits have tags of one's own."""
    keys = editor.page.keyboard
    editor.menu("Settings")
    editor.field("Shift+2").fill("To  Print")
    editor.field("Shift+2").press("Tab")
    expect(editor.field("Shift+2")).to_have_value("to print")
    editor.button("Close").click()

    editor.card("picture 5").click()
    expect(editor.dialog("picture 5")).to_be_visible()
    keys.press("p")
    expect(editor.dialog("picture 4")).to_be_visible()  # it goes on, and is no slideshow
    expect(editor.button("Slideshow")).to_have_attribute("aria-pressed", "false")
    keys.press("r")
    expect(editor.dialog("picture 3")).to_be_visible()
    keys.press("Shift+Digit2")
    expect(editor.says("Tagged to print")).to_be_visible()
    keys.press("Shift+Digit3")
    expect(editor.says("no tag on Shift+3")).to_be_visible()
    keys.press("Escape")
    assert {n: record(editor, f"picture {n}")["tags"] for n in (3, 4, 5)} == {
        3: ["animal/fox", "to print"], 4: ["night", "rejected", "wip"], 5: ["animal/fox", "picked"]}

    for name in ("picture 4", "picture 5"):
        editor.card(name).focus()
        keys.press("x")
    keys.press("p")  # not all of them are picked: now they are
    expect(editor.says("Tagged picked: 2 images")).to_be_visible()
    assert len(editor.records("tag:picked -tag:rejected")) == 2
    keys.press("p")
    expect(editor.says("Not tagged picked any more: 2 images")).to_be_visible()
    assert editor.records("tag:picked or tag:rejected") == []
    keys.press("?")
    expect(editor.dialog("Keys")).to_contain_text("Shift+2to print")


def test_the_menu_of_a_selected_tile_is_about_all_that_is_selected(tab):
    editor = tab(permissions=["clipboard-read", "clipboard-write"])
    menu = editor.page.get_by_role("menu", name="picture 5")
    editor.card("picture 5").click(button="right")
    menu.get_by_role("menuitem", name="Select", exact=True).click()
    editor.box("picture 4").click()
    editor.card("picture 5").click(button="right")
    menu.get_by_role("menuitemradio", name="3 ★").click()
    expect(editor.says("Rated 3: 2 images")).to_be_visible()
    editor.card("picture 5").click(button="right")
    expect(menu.get_by_role("menuitem", name="Tags of 2 images…")).to_be_visible()
    menu.get_by_role("menuitem", name="Delete 2 images").click()
    expect(editor.says("Deleted: 2 images")).to_be_visible()

    editor.card("picture 3").click(button="right")
    editor.page.get_by_role("menuitem", name="Edit", exact=True).click()
    expect(editor.field("Prompt")).to_have_value("picture 3")
    editor.page.keyboard.press("Escape")
    expect(editor.button("Edit")).to_be_focused()
    editor.page.keyboard.press("Control+c")
    expect(editor.page.get_by_text("Picture copied")).to_be_visible()
    assert editor.page.evaluate("navigator.clipboard.read().then(([one]) => one.types)"
                                ) == ["image/png"]


def test_the_open_image_is_selected_by_a_key(editor):
    editor.card("picture 2").click()
    expect(editor.dialog("picture 2")).to_be_visible()
    editor.page.keyboard.press("x")
    editor.page.keyboard.press("Escape")
    expect(editor.page.get_by_role("toolbar", name="Selected images")).to_contain_text("1 selected")
    expect(editor.box("picture 2")).to_be_checked()
    expect(editor.box("picture 2")).to_have_accessible_name("Select picture 2")


def test_a_star_saves_what_is_asked_for_and_takes_it_back(editor):
    search = editor.page.get_by_role("searchbox", name="Search")
    star = editor.button("Save this search")
    expect(star).to_be_hidden()
    search.fill("tag:night")
    star.click()
    saved = editor.page.get_by_role("navigation", name="Saved searches").get_by_role("link")
    expect(saved).to_have_text(["tag:night"])
    expect(star).to_have_attribute("aria-pressed", "true")
    assert [one["query"] for one in editor.daemon.get("/api/searches").json] == ["tag:night"]
    search.fill("tag:wip")
    expect(star).to_have_attribute("aria-pressed", "false")
    saved.click()
    expect(star).to_have_attribute("aria-pressed", "true")
    star.click()
    expect(saved).to_have_count(0)
    editor.says("no longer saved").get_by_role("button", name="Undo").click()
    expect(saved).to_have_text(["tag:night"])
