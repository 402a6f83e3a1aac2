"""The viewer in a real browser: zoom, slideshow, compare, keys."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from chromium import BOTH_WAYS, MARKS, expect
from gallery_page import NEWEST

pytestmark = MARKS

#: Two neighbours with prompts, so that there is something to compare.
FIRST = next(n for n in range(5, 60) if NEWEST[n].prompt_text and NEWEST[n + 1].prompt_text
             and NEWEST[n].generation and NEWEST[n].file_state == "ok")


@pytest.fixture
def viewer(open_page, home):
    """A page on which the viewer shows an image with a neighbour."""
    page = open_page(f"{home}#{NEWEST[FIRST].id}")
    expect(page.get_by_role("dialog")).to_be_visible()
    expect(page.get_by_text(NEWEST[FIRST].prompt_text, exact=True).last).to_be_visible()
    return page


def scale(page) -> float:
    return page.evaluate("new DOMMatrix(getComputedStyle(document.querySelector('.picture'))"
                         ".transform).a")


def test_wheel_keys_and_double_click_zoom_and_a_drag_moves(viewer):
    stage = viewer.locator(".stage")
    box = stage.bounding_box()
    middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    viewer.mouse.move(*middle)
    viewer.mouse.wheel(0, -400)
    assert scale(viewer) > 2
    viewer.mouse.down()
    viewer.mouse.move(middle[0] + 30, middle[1] + 20, steps=4)
    viewer.mouse.up()
    moved = viewer.evaluate("new DOMMatrix(getComputedStyle(document.querySelector('.picture'))"
                            ".transform).e")
    assert moved == pytest.approx(30, abs=2)
    expect(viewer.get_by_role("dialog")).to_be_visible()  # the end of a drag closes nothing
    viewer.keyboard.press("z")
    assert scale(viewer) == 1
    viewer.keyboard.press("+")
    assert scale(viewer) == pytest.approx(1.5)
    viewer.keyboard.press("ArrowLeft")  # pans while zoomed, and does not flip
    assert viewer.url.endswith(NEWEST[FIRST].id)
    viewer.keyboard.press("z")
    viewer.locator(".picture").dblclick()
    assert scale(viewer) >= 2
    viewer.keyboard.press("j")
    expect(viewer.get_by_role("dialog")).to_have_attribute(
        "aria-label", re.compile(re.escape(NEWEST[FIRST + 1].prompt_text[:40])))
    assert scale(viewer) == 1, "the next image begins whole"


@BOTH_WAYS
def test_a_swipe_flips(open_page, home):
    page = open_page(f"{home}#{NEWEST[FIRST].id}", has_touch=True,
                     viewport={"width": 390, "height": 800})
    expect(page.get_by_role("dialog")).to_be_visible()
    page.locator(".stage").evaluate("""stage => {
      const at = (type, x) => stage.dispatchEvent(new PointerEvent(type, {
        pointerId: 7, pointerType: "touch", clientX: x, clientY: 200, bubbles: true }));
      at("pointerdown", 300); at("pointermove", 180); at("pointerup", 120);
    }""")
    expect(page).to_have_url(re.compile(NEWEST[FIRST + 1].id + "$"))


def test_the_prompt_and_all_settings_can_be_copied(viewer):
    record = NEWEST[FIRST]
    viewer.evaluate("""() => {
      window.copied = [];
      navigator.clipboard.writeText = async (text) => void window.copied.push(text);
    }""")
    viewer.get_by_role("button", name="Copy prompt").click()
    viewer.get_by_role("button", name="Copy seed").click()
    viewer.get_by_role("button", name="Copy as A1111 text").click()
    viewer.get_by_role("button", name="Copy as JSON").click()
    viewer.keyboard.press("y")
    copied = viewer.evaluate("window.copied")
    assert copied[0] == copied[4] == record.prompt_text
    assert copied[1] == record.generation["seed"]
    assert copied[2].startswith(record.prompt_text + "\n")
    assert f"Seed: {record.generation['seed']}" in copied[2]
    assert f'"seed": "{record.generation["seed"]}"' in copied[3]


def test_a_slideshow_flips_by_itself_and_ends_by_hand(viewer):
    viewer.clock.install()
    button = viewer.get_by_role("button", name="Slideshow")
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")
    viewer.clock.run_for(4100)
    expect(viewer).to_have_url(re.compile(NEWEST[FIRST + 1].id + "$"))
    viewer.keyboard.press("ArrowLeft")
    expect(button).to_have_attribute("aria-pressed", "false")
    viewer.clock.run_for(9000)
    expect(viewer).to_have_url(re.compile(NEWEST[FIRST].id + "$"))


@BOTH_WAYS
def test_two_images_are_compared(viewer):
    one, other = NEWEST[FIRST], NEWEST[FIRST + 1]
    viewer.keyboard.press("c")
    dialog = viewer.get_by_role("dialog", name="Compare")
    expect(dialog).to_be_visible()
    expect(dialog.locator(".compare-names")).to_contain_text(one.prompt_text)
    expect(dialog.locator(".compare-names")).to_contain_text(other.prompt_text)
    expect(dialog.get_by_role("row").filter(has_text="captured")).to_contain_text(
        other.captured_at[:10])
    slider = dialog.get_by_role("slider", name="Divide at")
    expect(slider).to_be_focused()
    slider.press("Home")
    assert dialog.locator(".compare-stage").evaluate(
        "e => e.style.getPropertyValue('--divide')") == "0%"
    viewer.keyboard.press("m")
    expect(dialog.get_by_label("How to compare")).to_have_value("side")
    expect(slider).to_be_hidden()
    viewer.keyboard.press("m")
    assert dialog.locator(".compare-right").evaluate(
        "e => getComputedStyle(e).mixBlendMode") == "difference"
    viewer.keyboard.press("s")
    expect(dialog.locator(".compare-names p").first).to_have_text(other.prompt_text)
    viewer.keyboard.press("s")
    viewer.keyboard.press("j")
    third = NEWEST[FIRST + 2]
    expect(dialog.locator(".compare-names p").last).to_have_text(
        third.prompt_text or third.original_name)
    viewer.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(viewer.get_by_role("dialog")).to_be_visible()


def test_images_that_look_alike_are_one_click_away(viewer):
    viewer.get_by_role("button", name="More like this").click()
    expect(viewer.get_by_role("dialog")).to_be_hidden()
    expect(viewer.locator("[data-mount=alike]")).to_be_visible()


def test_what_changed_to_the_image_before_is_shown(open_page, home):
    pair = next((a, b) for a, b in pairwise(NEWEST)
                if a.prompt_text.split(",")[0] == b.prompt_text.split(",")[0] != "")
    page = open_page(f"{home}#{pair[0].id}")
    expect(page.get_by_text(pair[0].prompt_text, exact=True).last).to_be_visible()
    page.keyboard.press("ArrowRight")
    changes = page.get_by_text("Changes to the image before")
    expect(changes).to_be_visible()
    changes.click()
    assert page.locator(".changes ins").count() > 0


def test_the_keys_are_shown_and_can_be_switched_off(viewer):
    viewer.keyboard.press("?")
    help_dialog = viewer.get_by_role("dialog", name="Keys")
    expect(help_dialog).to_contain_text("slideshow")
    help_dialog.get_by_label("Single keys are on").uncheck()
    help_dialog.get_by_role("button", name="Close").click()
    viewer.keyboard.press("j")
    viewer.keyboard.press("c")
    expect(viewer.get_by_role("dialog", name="Compare")).to_be_hidden()
    assert viewer.url.endswith(NEWEST[FIRST].id)
    viewer.keyboard.press("ArrowRight")  # arrows are no characters and go on
    expect(viewer).to_have_url(re.compile(NEWEST[FIRST + 1].id + "$"))
    viewer.keyboard.press("?")
    help_dialog.get_by_label("Single keys are on").check()
    help_dialog.get_by_role("button", name="Close").click()
    viewer.keyboard.press("k")
    expect(viewer).to_have_url(re.compile(NEWEST[FIRST].id + "$"))
