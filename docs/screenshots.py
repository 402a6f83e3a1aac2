"""Make the pictures of the README: a sample library, served, seen in Chromium.

    python docs/screenshots.py [FOLDER]

Writes docs/images/*.webp, or PNGs of every view, width and colour scheme into FOLDER to look at.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from imagelib.cli import run

HERE = Path(__file__).parent
WIDTHS = (390, 1280, 1920)
CHROMIUM = shutil.which("chromium-headless-shell") or shutil.which("chromium")


def main() -> None:
    """Build, serve, look."""
    with tempfile.TemporaryDirectory() as folder, sample(Path(folder)) as url, \
            sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM,
                                       chromium_sandbox=os.getuid() != 0)

        def page(width: int, scheme: str) -> Page:
            height = 844 if width < 600 else 800 if width < 1500 else 1080
            is_phone = width < 600
            return browser.new_page(viewport={"width": width, "height": height},
                                    has_touch=is_phone, is_mobile=is_phone,
                                    reduced_motion="reduce",
                                    color_scheme=scheme)  # type: ignore[arg-type]

        if len(sys.argv) > 1:
            target = Path(sys.argv[1])
            target.mkdir(parents=True, exist_ok=True)
            for scheme in ("light", "dark"):
                for width in WIDTHS:
                    for name, view in VIEWS.items():
                        shown = page(width, scheme)
                        view(shown, url)
                        shown.screenshot(path=target / f"{name}-{width}-{scheme}.png")
                        shown.close()
        else:
            for name in ("gallery", "viewer"):
                shown = page(1280, "light" if name == "gallery" else "dark")
                VIEWS[name](shown, url)
                shown.screenshot(path=Path(folder) / "shot.png")
                with Image.open(Path(folder) / "shot.png") as image:
                    image.convert("RGB").save(HERE / "images" / f"{name}.webp", quality=82)
        browser.close()


@contextmanager
def sample(folder: Path) -> Iterator[str]:
    """A served sample library."""
    run(["-L", str(folder), "demo", "--no-serve"])
    process = subprocess.Popen(
        [sys.executable, "-m", "imagelib", "-L", str(folder), "serve", "--port", "0", "--no-open"],
        stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    url = next(line.split(" at ")[1].split()[0] for line in process.stderr if " at http" in line)
    threading.Thread(target=process.stderr.read, daemon=True).start()
    try:
        yield url
    finally:
        process.terminate()
        process.wait(10)


def gallery(page: Page, url: str) -> None:
    """The first page."""
    page.goto(url)
    page.get_by_role("status").first.get_by_text(re.compile(r"^\d+ of \d+ images$")).wait_for()
    page.wait_for_load_state("networkidle")


def found(page: Page, url: str) -> None:
    """A search with filters."""
    gallery(page, url)
    page.get_by_role("searchbox", name="Search").fill("fox tag:winter rating:>=2")
    page.wait_for_timeout(600)


def viewer(page: Page, url: str) -> None:
    """One image in full."""
    gallery(page, url)
    page.get_by_role("list", name="Images").get_by_role("link").nth(3).click()
    page.get_by_role("dialog").wait_for()
    page.wait_for_load_state("networkidle")


def editing(page: Page, url: str) -> None:
    """The form in the viewer."""
    viewer(page, url)
    page.get_by_role("button", name="Edit", exact=True).click()
    page.wait_for_timeout(400)


def adding(page: Page, url: str) -> None:
    """The dialog for new pictures."""
    gallery(page, url)
    page.get_by_role("button", name="Add images").click()
    picture = io.BytesIO()
    Image.effect_noise((96, 64), 60).save(picture, "PNG")
    page.locator("dialog input[type=file]").first.set_input_files([
        {"name": "noise.png", "mimeType": "image/png", "buffer": picture.getvalue()},
        {"name": "broken.png", "mimeType": "image/png", "buffer": picture.getvalue()[:99]},
    ])
    page.wait_for_timeout(800)


def image(page: Page, url: str) -> None:
    """The page of one image."""
    gallery(page, url)
    name = page.get_by_role("list", name="Images").get_by_role("link").nth(3)
    page.goto(url + str(name.get_attribute("href")).split("#")[0])
    page.wait_for_load_state("networkidle")


def filters(page: Page, url: str) -> None:
    """The filters, where they do not stand beside the grid anyway."""
    gallery(page, url)
    button = page.get_by_role("button", name="Filters")
    if button.get_attribute("aria-expanded") != "true":
        button.click()
    page.wait_for_timeout(400)


def nothing(page: Page, url: str) -> None:
    """A search that finds nothing, and says what it did not understand."""
    gallery(page, url)
    page.get_by_role("searchbox", name="Search").fill("colour:red zebra -fox")
    page.wait_for_timeout(600)


def squares(page: Page, url: str) -> None:
    """Square pictures."""
    shaped(page, url, "Squares")


def listed(page: Page, url: str) -> None:
    """A list."""
    shaped(page, url, "List")


def shaped(page: Page, url: str, shape: str) -> None:
    """The grid in another shape."""
    gallery(page, url)
    page.get_by_role("radio", name=shape).check(force=True)
    page.wait_for_timeout(400)


def compared(page: Page, url: str) -> None:
    """Two images side by side."""
    viewer(page, url)
    page.keyboard.press("c")
    page.wait_for_timeout(600)


def survey(page: Page, url: str) -> None:
    """Four images that were selected, compared."""
    selected(page, url)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("x")
    page.keyboard.press("c")
    page.wait_for_timeout(600)


def pressed(*names: str) -> Callable[[Page, str], None]:
    """The viewer after some keys."""
    def view(page: Page, url: str) -> None:
        viewer(page, url)
        for name in names:
            page.keyboard.press(name)
            page.wait_for_timeout(400)
    return view


def of_selection(*names: str) -> Callable[[Page, str], None]:
    """Some images selected, and what buttons of the bar lead to, one after the other."""
    def view(page: Page, url: str) -> None:
        selected(page, url)
        for name in names:
            page.get_by_role("button", name=name, exact=True).last.click()
            page.wait_for_timeout(500)
    return view


def menu(page: Page, url: str) -> None:
    """The menu of an image."""
    gallery(page, url)
    page.get_by_role("list", name="Images").get_by_role("link").nth(1).click(button="right")
    page.wait_for_timeout(400)


def library(page: Page, url: str) -> None:
    """The menu of the library."""
    gallery(page, url)
    page.get_by_role("button", name="Library").click()
    page.wait_for_timeout(300)


def absent(page: Page, url: str) -> None:
    """A page that is not there."""
    page.goto(url + "image/absent.html")
    page.wait_for_load_state("networkidle")


def keys(page: Page, url: str) -> None:
    """The list of keys."""
    gallery(page, url)
    page.keyboard.press("?")
    page.wait_for_timeout(300)


def selected(page: Page, url: str) -> None:
    """Some images selected, and what can be done with them."""
    gallery(page, url)
    page.get_by_role("list", name="Images").get_by_role("link").first.focus()
    for key in ("x", "ArrowRight", "x", "ArrowRight", "x"):
        page.keyboard.press(key)
    page.wait_for_timeout(400)


def history(page: Page, url: str) -> None:
    """What was done to one image."""
    viewer(page, url)
    page.keyboard.press("4")
    page.wait_for_timeout(600)
    if not page.get_by_role("dialog").first.is_visible():
        viewer(page, url)
    page.get_by_role("button", name="History").click()
    page.wait_for_timeout(600)


def trash(page: Page, url: str) -> None:
    """What was deleted."""
    selected(page, url)
    page.keyboard.press("Delete")
    page.wait_for_timeout(600)
    from_menu("Trash")(page, url)
    page.wait_for_timeout(600)


def from_menu(entry: str) -> Callable[[Page, str], None]:
    """A dialog of the library's menu."""
    def view(page: Page, url: str) -> None:
        gallery(page, url)
        page.get_by_role("button", name="Library").click()
        page.get_by_role("list", name="Library").get_by_role("button", name=entry).click()
        page.wait_for_timeout(700)
    return view


VIEWS: dict[str, Callable[[Page, str], None]] = {
    "gallery": gallery, "found": found, "filters": filters, "nothing": nothing,
    "squares": squares, "list": listed, "viewer": viewer, "compare": compared, "help": keys,
    "image": image, "editing": editing, "adding": adding, "selected": selected,
    "history": history, "trash": trash, "tags": from_menu("Tags"),
    "searches": from_menu("Saved searches"), "status": from_menu("Status"),
    "settings": from_menu("Settings"), "publish": from_menu("Publish"), "picks": from_menu("Picks"),
    "library": library, "menu": menu, "bulk": of_selection("Edit"), "tag-box": of_selection("Tag"),
    "replace": of_selection("Replace"), "survey": survey, "absent": absent,
    "filmstrip": pressed("g"), "picture": pressed("i"), "pixels": pressed("z"),
}

if __name__ == "__main__":
    main()
