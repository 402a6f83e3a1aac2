"""A published gallery in a browser: a show of pictures, without a word of how a library is kept."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from chromium import BOTH_WAYS, MARKS, expect
from gallery_page import links, viewer, wait_taken_over
from helpers import a1111, draw

from imagelib.library.library import Library
from imagelib.publishing.policy import Policy
from imagelib.publishing.publication import publication

pytestmark = [*MARKS, BOTH_WAYS]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three pictures with titles and months, published under an introduction."""
    folder = tmp_path_factory.mktemp("published")
    with Library.create(folder / "library") as library:
        for n in range(3):
            library.add(draw(folder / f"p{n}.png", (120, 90), texts={
                "parameters": a1111(f"secretive {n}")}), title=f"Picture {n}", rating=4,
                captured_at=f"2025-0{n + 1}-17T13:14:15")
        policy = Policy.of("mine", {"title": "Fox works", "intro": "Foxes at night.",
                                    "author": "A. Painter", "licence": "CC BY 4.0",
                                    "fields": ["title", "date:month"]})
        with publication(library, policy, str(folder / "out")) as found:
            found.send()
    return folder / "out"


def test_the_gallery_shows_pictures_and_what_is_kept(open_page, serve, site):
    page = open_page(serve(site))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    wait_taken_over(page)
    expect(page.get_by_role("region", name="About")).to_contain_text("A. Painter · CC BY 4.0")
    expect(links(page)).to_have_count(3)
    count = page.locator(".count[role=status]")
    expect(count).to_have_text("3 images")
    page.get_by_role("searchbox", name="Search").fill("title:1")
    expect(count).to_have_text("1 of 3 images")
    page.get_by_role("searchbox", name="Search").fill("")
    expect(count).to_have_text("3 images")
    expect(page.locator(".card time").first).to_have_text("2025-03")
    expect(page.get_by_label("Stack prompts")).to_be_hidden()
    expect(page.locator("#filters")).to_be_hidden()
    page.get_by_role("button", name="Filters").click()
    expect(page.get_by_role("heading", name="Date")).to_be_visible()
    for withheld in ("Rating", "Model"):
        expect(page.get_by_role("heading", name=withheld)).to_be_hidden()
    links(page).first.click()
    expect(viewer(page)).to_contain_text("Picture 2")
    expect(viewer(page)).not_to_contain_text(re.compile("File|original|Copy as|★"))
    assert not [url for url in asked if "/api" in url]


def test_the_page_of_an_image_says_who_made_it_and_nothing_else(open_page, serve, site):
    page = open_page(serve(site))
    wait_taken_over(page)
    page.goto(page.url.replace("index.html", links(page).first.get_attribute("href") or ""))
    facts: Any = page.get_by_role("region", name="Metadata")
    expect(facts).to_contain_text("A. Painter")
    expect(facts).to_contain_text("AI-generated")
    expect(facts).not_to_contain_text(re.compile("secretive|Added|Changed|Id|13:14|Rating"))
    assert page.locator("meta[name=robots]").get_attribute("content") == "noindex, nofollow"
