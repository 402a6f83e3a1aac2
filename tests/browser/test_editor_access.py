"""The editor by keyboard, by touch and for assistive technology."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from axe import AXE, faults
from chromium import MARKS, expect
from editor_page import pictures

pytestmark = MARKS


def test_the_focus_returns_to_where_it_was(editor):
    editor.button("Add images").click()
    editor.page.keyboard.press("Escape")
    expect(editor.button("Add images")).to_be_focused()
    editor.menu("Keys")
    editor.page.keyboard.press("Escape")
    expect(editor.button("Library")).to_be_focused()
    editor.card("picture 3").click()
    editor.page.keyboard.press("e")
    expect(editor.field("Prompt")).to_be_focused()
    editor.page.keyboard.press("Escape")
    expect(editor.button("Edit")).to_be_focused()
    editor.page.keyboard.press("h")
    expect(editor.dialog("History")).to_be_visible()
    editor.page.keyboard.press("Escape")
    expect(editor.button("Edit")).to_be_focused()
    editor.page.keyboard.press("Escape")
    expect(editor.card("picture 3")).to_be_focused()


def test_an_image_is_corrected_by_the_keyboard_alone(editor):
    editor.card("picture 3").focus()
    press = editor.page.keyboard.press
    press("Enter")
    expect(editor.dialog("picture 3")).to_be_visible()
    press("e")
    expect(editor.field("Prompt")).to_be_focused()
    press("Control+End")
    editor.page.keyboard.type(" by keys")
    press("Control+Enter")

    expect(editor.says("Saved")).to_be_visible()
    assert editor.records("keys")


def test_targets_of_the_editor_are_large_enough_on_a_phone(tab, tmp_path):
    editor = tab(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)

    def small() -> list[str]:
        found: list[str] = editor.page.evaluate("""() =>
          [...document.querySelectorAll("button, input, textarea, select, summary, .drop")]
          .filter((element) => element.checkVisibility({ checkVisibilityCSS: true })
            && !element.matches(".visually-hidden"))
          .filter((element) => {
            // The label of a box is pressed as well.
            const pressed = element.closest("label:has([type=checkbox])") ?? element;
            const { width, height } = pressed.getBoundingClientRect();
            return width < 24 || height < 24;
          })
          .map((element) => element.outerHTML.slice(0, 100))""")
        return found

    wide = "document.documentElement.scrollWidth > innerWidth"
    assert small() == []
    # A finger that rests on a tile selects it and opens nothing; then each touch selects.
    box = editor.card("picture 5").bounding_box()
    finger = editor.page.context.new_cdp_session(editor.page)
    finger.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [
        {"x": box["x"] + 20, "y": box["y"] + 20}]})
    expect(editor.page.get_by_role("toolbar")).to_contain_text("1 selected")
    finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    editor.card("picture 4").tap()
    expect(editor.page.get_by_role("toolbar")).to_contain_text("2 selected")
    assert small() == []
    assert not editor.page.evaluate(wide)
    editor.button("Clear the selection").tap()
    editor.button("Add images").tap()
    editor.page.set_input_files("#add-files", pictures(tmp_path, 2))
    assert small() == []
    assert not editor.page.evaluate(wide)
    editor.button("Save").tap()
    expect(editor.card("whale 1")).to_be_visible()
    editor.card("whale 1").tap()
    editor.button("Edit").tap()
    # No keyboard comes up, and what one changes most is not below it.
    form = editor.page.get_by_role("form", name="Edit")
    expect(form).to_be_focused()
    assert form.locator("label").all_inner_texts()[:3] == ["Rating", "Tags", "Title"]
    editor.field("Tags").fill("one")
    editor.field("Tags").press("Enter")
    assert small() == []
    assert not editor.page.evaluate(wide)


@pytest.mark.parametrize(("width", "height"), [(320, 256), (640, 400), (844, 390)])
def test_what_is_done_with_a_selection_leaves_room_where_the_screen_is_low(tab, width, height):
    """A page that is zoomed to 400 % has as little room, and so has a phone that lies."""
    editor = tab(viewport={"width": width, "height": height})
    for name in ("picture 5", "picture 4"):
        editor.card(name).focus()
        editor.page.keyboard.press("x")
    bar = editor.page.get_by_role("toolbar", name="Selected images")
    expect(bar).to_contain_text("2 selected")
    assert bar.bounding_box()["height"] <= height / 4
    for button in bar.get_by_role("button").all():
        if button.is_visible():
            button.click(trial=True)  # it can be scrolled to, and nothing lies over it
    editor.button("Library").click(trial=True)
    assert not editor.page.evaluate("document.documentElement.scrollWidth > innerWidth")
    editor.button("Clear the selection").click()
    expect(bar).to_be_hidden()


@pytest.mark.parametrize(("width", "height"), [(390, 844), (320, 256), (844, 390)])
def test_each_entry_of_the_menu_is_in_reach_and_its_dialog_no_wider_than_the_screen(
        tab, width, height):
    editor = tab(viewport={"width": width, "height": height})
    long = "a name of so many words that no line of a phone holds it"
    ask = editor.daemon.ask
    ask("POST", "/api/batch", json_body={"query": "picture", "edit": {"add_tags": [
        long, f"deep/er/{long}"]}})
    ask("PUT", f"/api/searches/{quote(long)}", json_body={"query": long, "sort": ""})
    ask("POST", "/api/batch", json_body={"query": '"picture 1"', "edit": {"title": long}})
    deleted = editor.record('"picture 1"')
    ask("DELETE", f"/api/images/{deleted['id']}")
    editor.open()
    for name in ("Saved searches", "Publish", "Picks", "Find and replace", "Tags", "Trash",
                 "Status", "Settings", "Keys"):
        editor.button("Library").click()
        entry = editor.page.locator("#library-menu").get_by_role("button", name=name, exact=True)
        entry.click()
        sheet = editor.page.locator("dialog[open]")
        expect(sheet).to_be_visible()
        if name in ("Saved searches", "Tags", "Trash"):
            expect(sheet.get_by_text(long).first).to_be_visible()
        assert sheet.evaluate("(e) => e.scrollWidth <= e.clientWidth"), name
        editor.page.keyboard.press("Escape")
        expect(sheet).to_have_count(0)


@pytest.mark.parametrize("width", [360, 390, 430])
def test_a_selection_is_published_from_a_phone_and_its_bar_has_two_rows(tab, width):
    editor = tab(viewport={"width": width, "height": 844}, has_touch=True, is_mobile=True)
    bar = editor.page.get_by_role("toolbar", name="Selected images")
    for n, name in enumerate(("picture 5", "picture 4")):
        editor.card(name).focus()
        editor.page.keyboard.press("x")
        expect(bar).to_contain_text(f"{n + 1} selected")
        assert bar.bounding_box()["height"] <= 120
        assert not editor.page.evaluate("document.documentElement.scrollWidth > innerWidth")
    editor.button("Publish…").tap()
    expect(editor.field("Name of the album, which is a tag")).to_be_visible()


@pytest.mark.parametrize(("width", "height"), [
    (320, 700), (390, 844), (640, 800), (800, 600), (844, 390), (1280, 800)])
def test_no_message_and_no_image_stays_below_the_bar_of_a_selection(tab, width, height):
    editor = tab(viewport={"width": width, "height": height}, has_touch=True)
    bar = editor.page.get_by_role("toolbar", name="Selected images")
    for name in ("picture 5", "picture 4"):
        editor.card(name).focus()
        editor.page.keyboard.press("x")
    expect(bar).to_contain_text("2 selected")
    editor.page.keyboard.press("3")
    said = editor.says("Rated 3")
    expect(said).to_be_visible()
    expect(said).to_have_css("opacity", "1")
    box = said.bounding_box()
    assert box["y"] + box["height"] <= bar.bounding_box()["y"]
    editor.page.evaluate("scrollTo({ top: document.body.scrollHeight, behavior: 'instant' })")
    last = editor.item("picture 0").bounding_box()
    assert last["y"] + last["height"] <= bar.bounding_box()["y"]


@pytest.mark.skipif(AXE is None, reason="axe-playwright-python is not installed")
def test_axe_finds_nothing_wrong_in_what_changes_a_selection(tab):
    editor = tab(bypass_csp=True, reduced_motion="reduce")
    page = editor.page
    page.add_script_tag(path=AXE)

    def look(view: str) -> list[str]:
        return [f"{view}: {fault}" for scheme in ("light", "dark")
                for fault in faults(page, scheme)]

    def dialog(view: str) -> list[str]:
        page.locator("dialog.sheet[open]").wait_for()
        found = look(view)
        page.keyboard.press("Escape")
        page.locator("dialog.sheet").wait_for(state="detached")
        return found

    found = []
    editor.menu("Settings")
    found += dialog("settings")
    for name in ("picture 4", "picture 5"):
        editor.card(name).focus()
        page.keyboard.press("x")
    page.keyboard.press("t")
    found += dialog("tag box")
    page.keyboard.press("Shift+F10")
    page.locator(".image-menu").wait_for()
    found += look("menu")
    page.keyboard.press("Escape")
    for button, view in (("Edit", "bulk form"), ("Replace", "find and replace")):
        editor.button(button).click()
        found += dialog(view)
    page.keyboard.press("c")
    page.locator("dialog.compare[open]").wait_for()
    found += look("compare")
    assert found == []
