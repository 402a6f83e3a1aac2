"""The gallery in Firefox, as a file and served: finding, viewing, links, no request outside."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from file_server import served
from firefox import ESCAPE, Firefox
from gallery_page import IMAGES, NEWEST
from helpers import ALL

from imagelib.library.query.query import Query

PROGRAM = shutil.which("firefox-esr") or shutil.which("firefox")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(PROGRAM is None, reason="firefox-esr is not installed"),
]

BOTH_WAYS = pytest.mark.parametrize("home", ["file", "http"], indirect=True, scope="module")
ONE_WAY = BOTH_WAYS if ALL else pytest.mark.parametrize(
    "home", ["file"], indirect=True, scope="module")
COUNT = "document.querySelector('[data-mount=count]').textContent.trim()"
REFERENCES = """[...performance.getEntriesByType("resource").map((entry) => entry.name),
  ...[...document.querySelectorAll("script, img, link:not([rel=canonical])")]
    .map((element) => element.currentSrc || element.src || element.href).filter(Boolean)]"""
OPEN = "document.querySelector('dialog.viewer').open"


@pytest.fixture(scope="module")
def firefox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firefox]:
    running = Firefox(str(PROGRAM), tmp_path_factory.mktemp("firefox") / "profile")
    yield running
    running.close()


@pytest.fixture(scope="module", params=["file"])
def home(request: pytest.FixtureRequest, shared_site: Path) -> Iterator[str]:
    """The address of the folder of a site; how that is opened matters to what is `BOTH_WAYS`."""
    if request.param == "file":
        yield f"{shared_site.as_uri()}/"
        return
    with served(shared_site) as address:
        yield f"{address}/"


@pytest.fixture
def page(firefox: Firefox, home: str) -> Iterator[SimpleNamespace]:
    """The gallery, loaded; afterwards it has said no error and asked nobody else for anything."""
    firefox.open("about:blank")
    firefox.events.clear()
    firefox.open(f"{home}index.html")
    firefox.wait(f"{COUNT} === '150 of 150 images'")
    yield SimpleNamespace(firefox=firefox, home=home)
    assert firefox.errors() == []
    # Firefox tells of no requests at file://; there, what the page refers to must do.
    asked = [*firefox.requests(), *firefox.evaluate(REFERENCES)]
    assert any("/data/manifest.js" in url for url in asked), "else nothing was looked at"
    outside = [url for url in asked
               if not url.startswith((home, "data:", "blob:", "about:", "chrome:", "resource:"))]
    assert outside == []


def find(page: SimpleNamespace, text: str) -> list[str]:
    """Type a search and return the pks of the cards that are shown, when it has been answered."""
    page.firefox.click("input[type=search]")
    page.firefox.evaluate("document.querySelector('input[type=search]').select()")
    page.firefox.press(text)
    expected = sum(Query.parse(text).matches(image) for image in IMAGES)
    page.firefox.wait(f"{COUNT} === '{expected} of 150 images'")
    assert 0 < expected < 150, "else nothing is tried here"
    return page.firefox.evaluate(
        "[...document.querySelectorAll('.card')].map((card) => card.dataset.pk)")


@ONE_WAY
def test_a_word_is_found_and_the_search_is_in_the_address(page):
    shown = find(page, "fox")
    assert shown
    assert set(shown) <= {str(i.pk) for i in IMAGES if Query.parse("fox").matches(i)}
    assert page.firefox.wait("new URLSearchParams(location.search).get('q') === 'fox'")


def test_filters_of_the_grammar_find_what_python_finds(page):
    find(page, "rating:>=4 -tag:wip")


def test_a_facet_is_chosen_by_a_click(page):
    if not page.firefox.evaluate("matchMedia('(width >= 75rem)').matches"):
        page.firefox.click("[data-mount=filters-button]")
    page.firefox.wait("document.querySelector('[data-mount=rating-facets] button') !== null")
    page.firefox.click("[data-mount=rating-facets] button")
    page.firefox.wait(f"{COUNT} !== '150 of 150 images'")
    assert "rating" in page.firefox.wait("new URLSearchParams(location.search).get('q')")


def test_the_order_is_chosen(page):
    first = "document.querySelector('.card').dataset.pk"
    page.firefox.wait(f"{first} === '{NEWEST[0].pk}'")
    page.firefox.evaluate("""(() => {
      const sort = document.querySelector('[data-mount=sort]');
      sort.value = 'captured_at';
      sort.dispatchEvent(new Event('change', { bubbles: true })); })()""")
    page.firefox.wait(f"{first} === '{NEWEST[-1].pk}'")


@BOTH_WAYS
def test_an_image_is_opened_flipped_compared_and_closed(page):
    page.firefox.wait("document.querySelector('.card a[href]') !== null")
    page.firefox.click(".card .frame")
    page.firefox.wait(OPEN)
    page.firefox.wait(f"location.hash === '#{NEWEST[0].id}'")
    page.firefox.press("\ue014")  # the arrow to the right
    page.firefox.wait(f"location.hash === '#{NEWEST[1].id}'")
    page.firefox.wait("document.querySelector('dialog.viewer img').naturalWidth > 0")
    page.firefox.press("c")
    page.firefox.wait("[...document.querySelectorAll('dialog.compare[open] img')]"
                      ".filter((picture) => picture.naturalWidth > 0).length >= 2")
    page.firefox.press(ESCAPE)
    page.firefox.wait(f"{OPEN} && !document.querySelector('dialog.compare[open]')")
    page.firefox.press(ESCAPE)
    page.firefox.wait(f"!{OPEN}")


@ONE_WAY
def test_back_closes_an_image(page):
    page.firefox.wait("document.querySelector('.card a[href]') !== null")
    page.firefox.click(".card .frame")
    page.firefox.wait(OPEN)
    page.firefox.back()
    page.firefox.wait(f"!{OPEN}")


@ONE_WAY
def test_a_link_opens_its_image_under_its_search(page):
    last = NEWEST[-1]
    page.firefox.open("about:blank")
    page.firefox.open(f"{page.home}index.html?sort=-rating#{last.id}")
    page.firefox.wait(OPEN)
    page.firefox.wait(f"location.hash === '#{last.id}'")


@ONE_WAY
def test_the_page_of_an_image_leads_to_its_neighbour(page):
    page.firefox.open(f"{page.home}image/{NEWEST[1].id}.html")
    page.firefox.wait("document.querySelector('.page-picture img').getBoundingClientRect().width"
                      f" === {4 * NEWEST[1].width}")  # it has the room for four times its pixels
    page.firefox.click("a[rel=prev]")
    page.firefox.wait(f"location.pathname.endsWith('/{NEWEST[0].id}.html')")
    assert page.firefox.errors() == []
    page.firefox.open(f"{page.home}index.html")


@BOTH_WAYS
def test_pages_at_file_are_as_restricted_as_those_of_users(firefox, home):
    """Else the others prove nothing for somebody who opens the site by double-click."""
    firefox.open(f"{home}index.html")
    fetched = firefox.evaluate("fetch('data/manifest.js').then(() => true, () => false)")
    assert fetched is home.startswith("http:")
