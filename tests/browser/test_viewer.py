"""The viewer in a real browser: zoom, slideshow, compare, keys."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise
from urllib.parse import unquote

import pytest
from chromium import MARKS, OTHER_WAY, expect
from gallery_page import NEWEST, eventually
from gallery_site import records, write_site

from imagelib.generator.paths import original_path, page_path

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
    expect(viewer.locator(".zoom-level")).to_have_text("100 %")  # of a few pixels, enlarged before
    assert scale(viewer) == pytest.approx(0.25)
    viewer.keyboard.press("j")
    expect(viewer.get_by_role("dialog")).to_have_attribute(
        "aria-label", re.compile(re.escape(NEWEST[FIRST + 1].prompt_text[:40])))
    assert scale(viewer) == 1, "the next image begins whole"


def test_the_slideshow_has_all_of_the_screen_and_leaves_the_panel_as_it_was(viewer):
    panel = viewer.locator(".panel")
    width = viewer.locator(".stage").bounding_box()["width"]
    viewer.keyboard.press("p")
    expect(panel).to_be_hidden()
    assert viewer.locator(".stage").bounding_box()["width"] == viewer.viewport_size["width"] > width
    viewer.keyboard.press("i")
    expect(panel).to_be_visible()
    viewer.keyboard.press("i")
    expect(panel).to_be_hidden()
    viewer.keyboard.press("p")
    expect(panel).to_be_visible()
    viewer.keyboard.press("i")
    viewer.keyboard.press("p")
    viewer.keyboard.press("i")
    expect(panel).to_be_visible()
    viewer.keyboard.press("j")
    expect(panel).to_be_hidden()  # it was put away by hand


def test_an_original_that_did_not_come_is_shown_as_soon_as_it_can_be_had(
        tmp_path, serve, open_page):
    image = replace(records(1)[0], file_state="ok")
    write_site(tmp_path, [image])
    original, away = tmp_path / original_path(image.file_name, image.id), tmp_path / "away"
    original.rename(away)
    page = open_page(f"{serve(tmp_path)}#{image.id}", allow="ERR_FILE_NOT_FOUND|404")
    note = page.locator(".no-original")
    expect(note).to_contain_text("cannot be shown here")
    away.rename(original)
    expect(note).to_be_hidden(timeout=15_000)
    assert unquote(page.locator(".picture").get_attribute("src")).endswith(original.name)


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


def test_100_percent_is_a_pixel_for_a_pixel(tmp_path, serve, open_page):
    image = replace(records(1)[0], width=4000, height=3000)
    write_site(tmp_path, [image], pictures=False)
    for density in (1, 2):
        page = open_page(f"{serve(tmp_path)}#{image.id}", device_scale_factor=density,
                         allow="ERR_FILE_NOT_FOUND|404")
        expect(page.get_by_role("dialog")).to_be_visible()
        page.keyboard.press("z")
        width = page.locator(".picture").evaluate("e => e.getBoundingClientRect().width")
        assert width * density == pytest.approx(4000, abs=4)
        expect(page.locator(".zoom-level")).to_have_text("100 %")
        page.keyboard.press("Escape")  # out of the zoom first
        assert scale(page) == 1
        expect(page.locator(".zoom-level")).to_have_text("")
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)


#: The picture as it is seen, the stage, and what is said of the zoom.
SEEN = """() => {
  const [picture, stage] = ["picture", "stage"].map((name) => document.querySelector(`.${name}`));
  const box = picture.getBoundingClientRect();
  return { width: box.width, height: box.height, own: picture.naturalWidth,
    room: [stage.clientWidth, stage.clientHeight],
    said: document.querySelector(".zoom-level").textContent };
}"""


@OTHER_WAY
def test_what_is_smaller_than_the_stage_is_enlarged_to_fit_and_says_so(tmp_path, serve, open_page):
    image = replace(records(1)[0], width=512, height=640)
    write_site(tmp_path, [image])
    page = open_page(f"{serve(tmp_path)}#{image.id}", viewport={"width": 1920, "height": 1080})
    eventually(lambda: page.evaluate(
        "document.querySelector('.picture').naturalWidth === 512"))
    fits = page.evaluate(SEEN)
    assert fits["height"] == pytest.approx(fits["room"][1], abs=1)
    assert fits["said"] == f"{round(100 * fits['height'] / 640)} %"
    page.keyboard.press("z")
    assert page.evaluate(SEEN)["width"] == pytest.approx(512, abs=0.1)
    assert page.evaluate(SEEN)["said"] == "100 %"
    page.keyboard.press("z")
    assert page.evaluate(SEEN) == fits
    # A click near its edge makes it smaller; the next one still meets it, and not what closes.
    box = page.locator(".picture").bounding_box()
    for said in ("100 %", fits["said"]):
        page.mouse.click(box["x"] + 5, box["y"] + 5)
        expect(page.locator(".zoom-level")).to_have_text(said)
        page.wait_for_timeout(600)  # two clicks, not a double click
    page.set_viewport_size({"width": 1920, "height": 700})
    expect(page.locator(".zoom-level")).to_have_text("109 %")


def test_what_fits_pixel_for_pixel_goes_to_200_percent(tmp_path, serve, open_page):
    image = replace(records(1)[0], width=960, height=480)
    write_site(tmp_path, [image])
    page = open_page(f"{serve(tmp_path)}#{image.id}", viewport={"width": 960, "height": 800})
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("i")
    eventually(lambda: page.evaluate(
        "document.querySelector('.picture').clientWidth === 960"))
    expect(page.locator(".zoom-level")).to_have_text("")
    page.keyboard.press("z")
    assert page.evaluate(SEEN)["width"] == pytest.approx(1920)
    assert page.evaluate(SEEN)["said"] == "200 %"


@pytest.mark.parametrize("density", [1, 2])
def test_nothing_is_enlarged_beyond_four_times_its_pixels(tmp_path, serve, open_page, density):
    image = replace(records(1)[0], width=64, height=64)
    write_site(tmp_path, [image])
    page = open_page(f"{serve(tmp_path)}#{image.id}", device_scale_factor=density)
    expect(page.locator(".zoom-level")).to_have_text("400 %")
    assert page.evaluate(SEEN)["width"] * density == pytest.approx(256)


def test_the_preview_stands_where_the_original_will(tmp_path, serve, open_page):
    image = replace(records(1)[0], width=512, height=640)
    write_site(tmp_path, [image])
    original, away = tmp_path / original_path(image.file_name, image.id), tmp_path / "away"
    original.rename(away)
    page = open_page(f"{serve(tmp_path)}#{image.id}", allow="ERR_FILE_NOT_FOUND|404")
    expect(page.get_by_text("The original cannot be shown here.")).to_be_visible()
    preview = page.locator(".picture").bounding_box()
    away.rename(original)
    page.reload()
    eventually(lambda: page.evaluate(
        "document.querySelector('.picture').src.includes('/images/')"))
    assert page.locator(".picture").bounding_box() == preview
    assert preview["height"] > 640


@pytest.mark.parametrize("scripts", [True, False])
def test_the_page_of_an_image_enlarges_it_alike(tmp_path, serve, open_page, scripts):
    images = [replace(image, width=width, height=height) for image, (width, height)
              in zip(records(3), [(512, 640), (64, 96), (3000, 1000)], strict=True)]
    write_site(tmp_path, images)
    home = serve(tmp_path).removesuffix("index.html")
    for image, expected in zip(images, [None, 256, None], strict=True):
        page = open_page(f"{home}{page_path(image.id)}", java_script_enabled=scripts,
                         viewport={"width": 1920, "height": 1080})
        box = page.locator(".page-picture img").bounding_box()
        room = page.locator(".page-picture").bounding_box()
        assert box["width"] / box["height"] == pytest.approx(image.width / image.height, rel=0.01)
        if expected:
            assert box["width"] == expected
        else:
            assert (box["width"] == pytest.approx(room["width"], abs=1)
                    or box["y"] + box["height"] == pytest.approx(1080 - 20, abs=4))


def test_the_panel_and_all_but_the_picture_can_be_put_away(viewer):
    panel, tools = viewer.get_by_role("region", name="Metadata"), viewer.locator(".tools")
    viewer.keyboard.press("i")
    expect(panel).to_be_hidden()
    viewer.reload()
    expect(viewer.get_by_role("dialog")).to_be_visible()
    expect(panel).to_be_hidden()
    viewer.get_by_role("button", name="Information").click()
    expect(panel).to_be_visible()
    viewer.keyboard.press("l")
    expect(panel).to_be_hidden()
    expect(tools).to_be_hidden()
    viewer.keyboard.press("Escape")
    expect(tools).to_be_visible()
    expect(viewer.get_by_role("dialog")).to_be_visible()


def test_in_full_screen_the_picture_has_all_and_what_lies_over_it_goes_when_nothing_stirs(viewer):
    panel, tools = viewer.get_by_role("region", name="Metadata"), viewer.locator(".tools")
    seen = "e => getComputedStyle(e).opacity"
    viewer.keyboard.press("Shift+F")
    eventually(lambda: viewer.evaluate("document.fullscreenElement === document.documentElement"))
    expect(panel).to_be_hidden()
    size = viewer.viewport_size
    assert viewer.locator(".stage").bounding_box() == {"x": 0, "y": 0, **size}
    assert viewer.locator(".shown-name").is_visible()
    # Nothing of the page lies over the viewer: what one sees is what one presses.
    close = viewer.get_by_role("button", name="Close", exact=True)
    close.hover()
    expect(tools).to_have_css("opacity", "1")
    viewer.clock.install()
    viewer.mouse.move(300, 300)
    viewer.clock.run_for(3100)
    assert {e.evaluate(seen) for e in [tools, close, viewer.locator(".place")]} == {"0"}
    viewer.keyboard.press("i")
    assert tools.evaluate(seen) == "1"
    expect(panel).to_be_visible()
    viewer.keyboard.press("j")
    expect(panel).to_be_visible()
    viewer.keyboard.press("Shift+F")
    eventually(lambda: viewer.evaluate("document.fullscreenElement === null"))
    viewer.clock.run_for(5000)
    assert tools.evaluate(seen) == "1"
    viewer.keyboard.press("i")
    expect(panel).to_be_hidden()  # it was there before, and is again
    assert viewer.locator(".picture").bounding_box()["y"] >= (
        tools.bounding_box()["y"] + tools.bounding_box()["height"])


def test_the_filmstrip_leads_to_the_images_around(viewer):
    viewer.keyboard.press("g")
    frames = viewer.locator(".filmstrip button")
    current = viewer.locator(".filmstrip [aria-current]")
    expect(current).to_have_count(1)
    frames.nth(min(FIRST, 12) + 2).click()
    expect(viewer).to_have_url(re.compile(NEWEST[FIRST + 2].id + "$"))
    expect(current).to_have_count(1)


def test_who_does_not_see_it_hears_what_is_shown(viewer):
    expect(viewer.get_by_role("dialog")).to_be_focused()
    viewer.keyboard.press("j")
    name = NEWEST[FIRST + 1].prompt_text
    expect(viewer.get_by_role("dialog").get_by_role("status")).to_have_text(
        f"{name}, {FIRST + 2} of 150")
    expect(viewer).to_have_title(re.compile(f"^{re.escape(name[:40])}.* – {FIRST + 2} of 150 – "))
    viewer.keyboard.press("Escape")
    expect(viewer).to_have_title("Test pictures")


def test_on_a_phone_nothing_lies_over_the_picture_and_a_swipe_down_leads_out(open_page, home):
    page = open_page(f"{home}#{NEWEST[FIRST].id}", has_touch=True, is_mobile=True,
                     viewport={"width": 390, "height": 844})
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    picture = page.locator(".picture").bounding_box()
    for button in page.locator(".tools button:visible").all():
        assert button.bounding_box()["y"] >= picture["y"] + picture["height"] - 1
    assert page.locator(".close").bounding_box()["y"] < picture["y"]
    swipe = """(stage, to) => {
      const at = (type, y) => stage.dispatchEvent(new PointerEvent(type, {
        pointerId: 7, pointerType: "touch", clientX: 200, clientY: y, bubbles: true }));
      at("pointerdown", 200); at("pointermove", (200 + to) / 2); at("pointerup", to);
    }"""
    panel = page.get_by_role("region", name="Metadata")
    page.locator(".stage").evaluate(swipe, 320)
    expect(panel).to_be_hidden()
    page.locator(".stage").evaluate(swipe, 80)
    expect(panel).to_be_visible()
    page.locator(".stage").evaluate(swipe, 320)
    page.locator(".stage").evaluate(swipe, 320)
    expect(dialog).to_have_count(0)


def test_the_tools_have_one_ground_whatever_lies_below_them(viewer):
    tools = viewer.locator(".tools")
    alpha = "e => +(getComputedStyle(e).backgroundColor.match(/[/,] *([0-9.]+)\\)$/)?.[1] ?? 1)"
    assert tools.evaluate(alpha) >= 0.8
    assert {button.evaluate(alpha) for button in tools.locator(
        "button:visible:not([aria-pressed=true])").all()} == {0}


def test_a_tile_grows_into_the_viewer_where_motion_is_wanted(open_page, home):
    page = open_page(home, reduced_motion="no-preference")
    expect(page.get_by_role("status")).to_have_text("150 of 150 images")
    for _ in range(2):
        page.locator(".card-link").first.click()
        expect(page.get_by_role("dialog")).to_be_visible()
        eventually(lambda: not page.locator(".picture").evaluate("e => e.style.viewTransitionName"))
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)


def test_the_prompt_and_all_settings_can_be_copied(viewer):
    record = NEWEST[FIRST]
    viewer.evaluate("""() => {
      window.copied = [];
      navigator.clipboard.writeText = async (text) => void window.copied.push(text);
    }""")
    viewer.get_by_role("button", name="Copy prompt").click()
    viewer.get_by_role("button", name="Copy seed").click()
    viewer.get_by_text("Copy as", exact=True).click()
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


def test_the_names_of_what_is_compared_stand_over_their_columns(viewer):
    viewer.keyboard.press("c")
    dialog = viewer.get_by_role("dialog", name="Compare")
    expect(dialog).to_be_visible()
    for width in (320, 390, 700, 1280, 1920):
        viewer.set_viewport_size({"width": width, "height": 900})
        names, values = dialog.evaluate("""(dialog) => [
            ".compare-names p", "tbody tr:first-child td"].map((parts) => [
                ...dialog.querySelectorAll(parts)].map((e) => Math.round(
                    e.getBoundingClientRect().left)))""")
        assert len(names) == len(values) == 2
        assert all(abs(name - value) <= 1 for name, value in zip(names, values, strict=True)), (
            width, names, values)


def test_two_images_are_compared(viewer):
    one, other = NEWEST[FIRST], NEWEST[FIRST + 1]
    viewer.keyboard.press("c")
    dialog = viewer.get_by_role("dialog", name="Compare")
    expect(dialog).to_be_visible()
    expect(dialog.locator(".compare-names")).to_contain_text(one.prompt_text)
    expect(dialog.locator(".compare-names")).to_contain_text(other.prompt_text)
    expect(dialog.get_by_role("row").filter(has_text="Captured")).to_contain_text(
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
    expect(viewer.get_by_text("Like: ")).to_be_visible()


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
