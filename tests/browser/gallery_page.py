"""A page of the gallery with 150 images, and what its tests do with it."""

from __future__ import annotations

import time
from typing import Any

from chromium import expect
from gallery_site import records
from helpers import wait_for

from imagelib.library.query.query import Query
from imagelib.library.values.image import Image

COUNT = 150
WITHOUT_THUMBNAIL = {12}
IMAGES = records(COUNT)
NEWEST = sorted(IMAGES, key=lambda image: (image.captured_at, image.pk), reverse=True)


def status(page: Any) -> Any:
    return page.get_by_role("status")


def wait_taken_over(page: Any) -> None:
    """Wait for the scripts: before them a click follows its link, and the page says as much."""
    assert wait_for(lambda: page.evaluate("typeof ImagelibGallery === 'object'"), 30)


def box(page: Any) -> Any:
    return page.get_by_role("searchbox", name="Search")


def links(page: Any) -> Any:
    return page.get_by_role("list", name="Images").get_by_role("link")


def viewer(page: Any) -> Any:
    return page.get_by_role("dialog")


def found(query: str, sort: str = "-captured_at") -> list[Image]:
    """What Python finds, for comparison."""
    parsed = Query.parse(query)
    column = sort.removeprefix("-")
    return sorted((image for image in IMAGES if parsed.matches(image)),
                  key=lambda image: (getattr(image, column), image.pk),
                  reverse=sort.startswith("-"))


def shown(page: Any) -> list[int]:
    """The pks of the cards in the page, in their order."""
    return page.evaluate("[...document.querySelectorAll('.card')].map((c) => Number(c.dataset.pk))")


def eventually(holds: Any) -> None:
    """Wait until something holds; the page's policy lets playwright evaluate no condition there."""
    until = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < until, "it never held"
        time.sleep(0.05)


def expect_result(page: Any, images: list[Image]) -> None:
    """The page says how many *images* there are, and shows the first of them."""
    expect(status(page)).to_have_text(f"{len(images)} of {COUNT} images")
    cards = shown(page)
    assert cards == [image.pk for image in images][: len(cards)]
    assert bool(cards) == bool(images)
