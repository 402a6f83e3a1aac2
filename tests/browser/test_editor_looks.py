"""Where the editor's pieces stand, and that those of one kind look alike."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from chromium import MARKS, expect

pytestmark = MARKS

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
#: What makes a dialog look like a dialog.
FRAME = """(sheet) => {
  const bar = sheet.firstElementChild;
  const head = getComputedStyle(bar.querySelector("h2"));
  const close = bar.querySelector(".close").getBoundingClientRect();
  const box = sheet.getBoundingClientRect();
  return [box.top, box.width, head.fontSize, head.fontWeight, bar.getBoundingClientRect().height,
    close.width, box.right - close.right];
}"""


def right(element: Any) -> float:
    """The right edge of what is shown."""
    box = element.bounding_box()
    return box["x"] + box["width"]


def test_the_bar_of_a_selection_leaves_the_filters_free(tab):
    editor = tab(viewport={"width": 1280, "height": 800})
    editor.card("picture 5").focus()
    editor.page.keyboard.press("x")
    bar = editor.page.get_by_role("toolbar", name="Selected images")
    expect(bar).to_be_visible()
    assert bar.bounding_box()["x"] >= right(editor.page.locator(".filters"))
    assert right(bar) <= right(editor.page.get_by_role("main"))


@pytest.mark.parametrize("width", [1024, 1280, 1440])
def test_the_bar_of_a_selection_has_two_rows_beside_the_filters(tab, width):
    editor = tab(viewport={"width": width, "height": 800})
    editor.card("picture 5").focus()
    editor.page.keyboard.press("x")
    bar = editor.page.get_by_role("toolbar", name="Selected images")
    close, actions = [one.bounding_box() for one in (
        editor.button("Clear the selection"), bar.locator(".bulk-actions"))]
    assert close["y"] + close["height"] <= actions["y"]
    assert bar.locator(".bulk-count").bounding_box()["y"] < actions["y"]


@pytest.mark.parametrize("options", [{"viewport": {"width": 1280, "height": 800}}, PHONE],
                         ids=["wide", "phone"])
def test_tags_are_whole_in_each_shape_and_as_high_as_each_other(tab, options):
    editor = tab(**options)
    editor.daemon.ask("POST", "/api/batch", json_body={"query": "", "edit": {
        "prompt_text": "so many words that two lines of a phone are full of them, and no less",
        "ai_model": "a model of a long name", "rating": 3, "add_tags": ["harbour", "orchard"]}})
    expect(editor.page.locator(".card-tags .tag", has_text="harbour").first).to_be_attached()
    for shape in ("Rows", "Squares", "List"):
        editor.page.get_by_label(shape, exact=True).check(force=True)
        heights = set()
        for tag in editor.page.locator(".card-tags .tag:visible").all():
            tag.scroll_into_view_if_needed()
            top, bottom, edge = tag.evaluate("""(e) => {
              const box = e.getBoundingClientRect();
              let edge = Infinity;
              for (let one = e.parentElement; !one.matches(".card"); one = one.parentElement) {
                if (getComputedStyle(one).overflowY === "visible") continue;
                edge = Math.min(edge, one.getBoundingClientRect().bottom);
              }
              return [box.top, box.bottom, edge];
            }""")
            if top < edge:  # others have no room, and are not seen at all
                assert bottom <= edge + 1, shape
                heights.add(round(bottom - top))
        assert len(heights) == 1, (shape, heights)


def test_fields_of_many_images_end_at_one_edge(editor):
    for name in ("picture 5", "picture 4"):
        editor.card(name).focus()
        editor.page.keyboard.press("x")
    editor.button("Edit").click()
    dialog = editor.page.locator("dialog[open]")
    edges = {round(right(field)) for field in dialog.locator(
        ".field > input:not([type=range]), .field > textarea, .field .edit-tags + input").all()
        if "mixed" not in (field.locator("..").text_content() or "")}
    assert edges == {round(right(dialog.locator(".dialog-foot")))}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_boxes_are_small_and_of_the_accent_and_their_labels_large_enough(tab, scheme):
    editor = tab(color_scheme=scheme)
    editor.menu("Settings")
    box = editor.page.get_by_label("After rating an image go on to the next")
    size, colour, accent = box.evaluate("""(e) => {
      const probe = document.body.appendChild(document.createElement("i"));
      probe.style.color = "var(--accent)";
      const style = getComputedStyle(e);
      return [style.width, style.accentColor, getComputedStyle(probe).color];
    }""")
    assert (size, colour) == ("18px", accent)
    assert box.locator("xpath=ancestor::label").bounding_box()["height"] >= 24


def test_all_dialogs_have_one_frame(editor):
    looks = []
    for name in ("Keys", "Tags"):
        editor.menu(name)
        looks.append(editor.dialog(name).evaluate(FRAME))
        editor.page.keyboard.press("Escape")
    assert looks[0] == looks[1]


def test_the_menu_is_parted_by_what_it_is_about(editor):
    editor.button("Library").click()
    entries = editor.page.locator("#library-menu li")
    parted = [entry.inner_text() for entry in entries.all()
              if entry.evaluate("e => parseFloat(getComputedStyle(e).borderTopWidth)")]
    assert parted == ["Undo the last edit", "Publish", "Status"]


def test_history_stands_among_the_actions_of_an_image(editor):
    editor.card("picture 3").click()
    actions = editor.page.locator(".panel-body .actions")
    history, like = [actions.get_by_role("button", name=name) for name in (
        "History", "More like this")]
    assert history.bounding_box()["height"] == like.bounding_box()["height"]
    assert history.bounding_box()["width"] == pytest.approx(like.bounding_box()["width"], abs=1)
    history.click()
    expect(editor.dialog("History")).to_be_visible()


def test_the_way_back_to_the_gallery_ends_where_the_page_does(editor):
    editor.page.goto(f"{editor.daemon.url}/image/{editor.record('picture 3')['id']}.html")
    facts = editor.page.get_by_role("region", name="Metadata")
    assert right(editor.page.get_by_role("link", name="Show in gallery")) == pytest.approx(
        right(facts), abs=1)


def stands(editor: Any, *, free_of: Any) -> dict[str, float]:
    """Where a message stands, which covers neither an element nor the middle of the picture."""
    editor.page.evaluate("ImagelibToast.show('A message', { actions: [['Undo', () => {}]] })")
    toast = editor.says("A message")
    expect(toast).to_be_visible()
    box = toast.bounding_box()
    picture = editor.page.locator(".viewer .picture")
    covered = [free_of.bounding_box()]
    if picture.is_visible():
        seen = picture.bounding_box()
        covered.append({"x": seen["x"] + seen["width"] / 2, "y": seen["y"] + seen["height"] / 2,
                        "width": 0, "height": 0})
    for other in covered:
        assert (box["x"] >= other["x"] + other["width"] or other["x"] >= box["x"] + box["width"]
                or box["y"] >= other["y"] + other["height"]
                or other["y"] >= box["y"] + box["height"]), (box, other)
    return box


@pytest.mark.parametrize("options", [{"viewport": {"width": 1280, "height": 800}}, PHONE],
                         ids=["wide", "phone"])
def test_messages_have_one_place_and_cover_nothing_that_is_pressed(tab, options):
    editor = tab(**options)
    places = [stands(editor, free_of=editor.button("Add images"))]
    editor.menu("Settings")
    places.append(stands(editor, free_of=editor.button("Save settings")))
    editor.page.keyboard.press("Escape")
    expect(editor.button("Library")).to_be_focused()
    editor.card("picture 5").focus()
    editor.page.keyboard.press("x")
    bar = editor.page.get_by_role("toolbar", name="Selected images")
    selecting = stands(editor, free_of=bar)
    assert selecting["y"] + selecting["height"] <= bar.bounding_box()["y"]
    editor.page.locator(".bulk-bar").get_by_role("button", name="Edit").click()
    places.append(stands(editor, free_of=editor.button("Save")))
    editor.page.keyboard.press("Escape")
    editor.button("Clear the selection").click()
    editor.card("picture 3").click()
    places.append(stands(editor, free_of=editor.button("Next")))
    editor.button("Edit").click()
    editor.field("Prompt").wait_for()
    places.append(stands(editor, free_of=editor.button("Save")))
    assert {place["x"] for place in places} == {16}
    if options is not PHONE:
        assert {place["y"] + place["height"] for place in places} == {780}


def test_on_a_phone_fields_are_as_high_as_buttons_and_no_keys_are_named(tab):
    editor = tab(**PHONE)
    editor.menu("Settings")
    sheet = editor.dialog("Settings")
    for field in (sheet.get_by_label("Title"), sheet.get_by_label("Order")):
        assert field.bounding_box()["height"] == 44
    assert "Shift" not in sheet.inner_text()
    editor.page.keyboard.press("Escape")
    editor.card("picture 3").tap()
    editor.button("Tag").tap()
    box = editor.dialog("Tags")
    expect(box).to_be_visible()
    assert "Enter" not in box.inner_text()


def test_a_phone_is_offered_what_it_can_do(tab):
    editor = tab(**PHONE)
    editor.button("Library").click()
    expect(editor.button("Settings")).to_be_visible()
    expect(editor.button("Keys")).to_be_hidden()
    editor.page.keyboard.press("Escape")
    editor.button("Add images").click()
    expect(editor.dialog("Add images").get_by_text("Choose pictures")).to_be_visible()
    expect(editor.page.get_by_text("Add folder")).to_be_hidden()
    expect(editor.page.get_by_text("or drop them")).to_be_hidden()


@pytest.mark.parametrize("width", [390, 360, 320])
def test_on_a_phone_the_name_is_whole_and_one_row_is_above_the_images(tab, width):
    editor = tab(**(PHONE | {"viewport": {"width": width, "height": 700}}))
    title = editor.page.locator(".brand a")
    assert title.evaluate("e => e.scrollWidth <= e.clientWidth")
    assert editor.cards.first.bounding_box()["y"] < 175


def test_stars_of_a_tile_are_touched_beside_their_line(tab):
    editor = tab(**PHONE)
    box = editor.item("picture 3").locator(".facts .stars").bounding_box()
    for y in (box["y"] - 4, box["y"] + box["height"] + 4):
        assert editor.page.evaluate(
            "([x, y]) => !!document.elementFromPoint(x, y)?.closest('.facts .stars')",
            [box["x"] + box["width"] / 2, y])


@pytest.mark.parametrize("width", [320, 390, 700])
def test_on_a_phone_nothing_in_the_bar_of_the_viewer_is_squeezed(tab, width):
    editor = tab(**PHONE | {"viewport": {"width": width, "height": 844}})
    editor.card("picture 3").tap()
    bar = editor.page.locator(".viewer .panel-bar")
    expect(bar).to_be_visible()
    for is_there in (True, False):
        if not is_there:
            editor.page.keyboard.press("i")
            expect(editor.page.locator(".viewer .panel")).to_be_hidden()
        boxes = [button.bounding_box() for button in bar.locator("button:visible").all()]
        assert len(boxes) == 4
        for box in boxes:
            assert box["width"] >= 44 - 0.5
            assert box["x"] + box["width"] <= width
        for one, other in pairwise(boxes):
            assert one["x"] + one["width"] <= other["x"] + 0.5
