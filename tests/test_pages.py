"""The pages: whole without scripts, nothing inline, everything untrusted is text."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

import pytest
from corpus_library import corpus, image_of
from node_runner import ask_node, needs_node

from imagelib.errors import InvalidError
from imagelib.generator.marks import Marks
from imagelib.generator.pages import Pages, SiteInfo, name_of
from imagelib.generator.paths import original_path, page_path, thumbnail_path
from imagelib.generator.settings import setting_names, setting_rows
from imagelib.library.values.image import Image
from imagelib.library.values.text import generated
from imagelib.resources import bundled

HOSTILE = [
    "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "' onmouseover='alert(1)",
    "{{ 7 * 7 }}", "{% raw %}", "javascript:alert(1)", "</title></head>", "<!--", "&lt;b&gt;",
    "\u202e\u2028", "a\0b", "%2e%2e/", "`${x}`",
]
VOID = {"meta", "link", "img", "input", "br"}


@pytest.fixture
def image() -> Image:
    return replace(
        image_of(corpus()["library"][0]),
        file_name="2025/a b #1?.png", original_name="a b #1?.png", negative_prompt="blurry",
        prompt_meta={"prompt": "a fox", "nested": [1, {"é": None}]},
    )


@pytest.fixture(scope="module")
def pages() -> Pages:
    return Pages(SiteInfo(title="My <pictures>", language="en"))


class Page(HTMLParser):
    """The elements of a page, its references, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.text = ""
        self.named: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, {name: value or "" for name, value in attributes}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, f"</{tag}> closes another element"

    def handle_data(self, data):
        assert self.open[-1:] not in (["script"], ["style"]), "nothing stands inline"
        self.text += data
        link = next((found for name, found in reversed(self.elements) if name == "a"), {})
        if "a" in self.open and data.strip() and link.get("class") == "card-link":
            self.named.append(data.strip())

    def all(self, tag, **wanted):
        return [found for name, found in self.elements
                if name == tag and wanted.items() <= found.items()]

    def references(self):
        return [found[name] for _, found in self.elements for name in ("href", "src")
                if name in found]

    def meta(self, key):
        return [m["content"] for m in self.all("meta") if key in (m.get("property"), m.get("name"))]


def shape(html):
    """What a hostile value must not change: elements and the names of their attributes."""
    return [(tag, sorted(found)) for tag, found in Page(html).elements]


def both(pages, image, **more):
    yield pages.gallery([image], 1)
    yield pages.image(image, newer=image, older=image, **more)


def test_pages_are_well_formed_and_hold_nothing_inline(pages, image):
    for html in both(pages, image, failure="it is broken"):
        page = Page(html)
        assert page.open == []
        ids = [found["id"] for _, found in page.elements if "id" in found]
        assert len(ids) == len(set(ids))
        for tag, found in page.elements:
            assert "style" not in found, tag
            assert not [name for name in found if name.startswith("on")], tag
        [policy] = [m["content"] for m in page.all("meta") if "http-equiv" in m]
        assert policy == (
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:;"
            " media-src 'self'; connect-src 'self'; manifest-src 'self'; form-action 'self';"
            " base-uri 'none'")
        assert html.index("Content-Security-Policy") < html.index("<link")
        assert page.meta("generator") == ["imagelib"]
        assert html.index('name="generator"') < 4096


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_hostile_values_stay_text(pages, image, text):
    hostile = replace(
        image, prompt_text=text, negative_prompt=text, notes=text, ai_model=text, tags=(text,),
        file_name=text, original_name=text, mime_type=text, generation={text: text},
        prompt_meta={text: text})
    tame = replace(
        image, prompt_text="x", negative_prompt="x", notes="x", ai_model="x", tags=("x",),
        file_name="x", original_name="x", mime_type="x", generation={"x": "x"},
        prompt_meta={"x": "x"})

    for bad, good in zip(both(pages, hostile, failure=text), both(pages, tame, failure="x"),
                         strict=True):
        assert shape(bad) == shape(good)
        assert text.replace("\0", "\ufffd") in Page(bad).text.replace("\0", "\ufffd")
        assert not [url for url in Page(bad).references() if urlsplit(url).scheme]


def test_every_reference_is_relative_and_leads_somewhere(pages, image):
    other = replace(image, id="b" * 36, file_name="%41.png")
    there = {
        "index.html", "data/manifest.js", *pages.static_paths(),
        *(page_path(i.id) for i in (image, other)),
        *(original_path(i.file_name, i.id) for i in (image, other)),
        thumbnail_path(image.digest),
    }
    for at, html in (
        ("index.html", pages.gallery([image, other], 2)),
        (page_path(image.id), pages.image(image, newer=other, older=other)),
        (page_path(other.id), pages.image(other, newer=None, older=image)),
    ):
        references = Page(html).references()
        assert references
        for reference in references:
            assert not urlsplit(reference).scheme
            assert not reference.startswith("/")
            target = urlsplit(urljoin(f"http://site/{at}", reference)).path
            assert unquote(target).lstrip("/") in there, reference


def test_the_gallery_lists_the_newest_as_links_named_by_their_prompt(pages, image):
    page = Page(pages.gallery([image, replace(image, pk=2, prompt_text="")], 40))

    links = page.all("a", **{"class": "card-link"})
    assert page.named == [image.prompt_text, "a b #1?.png"]
    assert links[0]["href"] == f"image/{image.id}.html"
    [grid] = page.all("ul", **{"class": "grid"})
    assert grid["aria-label"] == "Images"
    assert page.all("input", type="search")[0]["aria-label"] == "Search"
    assert page.all("dialog")[0]["aria-label"] == "Image"
    assert "40 of 40 images" in page.text
    assert "Here are the newest 2." in page.text


def test_the_slots_of_the_editor_are_there_and_empty(pages, image):
    gallery = pages.gallery([image], 1)

    for slot in ("header", "viewer-actions", "viewer"):
        assert f'data-slot="{slot}"></div>' in gallery
    assert 'data-slot="header"></div>' in pages.image(image, newer=None, older=None)


def test_an_empty_library_says_what_to_do(pages):
    page = Page(pages.gallery([], 0))

    assert "No images yet" in page.text
    assert "0 of 0 images" in page.text


def test_an_image_without_thumbnail_gets_a_tile_of_its_shape(pages, image):
    page = Page(pages.gallery([image], 1, Marks(bare={image.pk})))

    [tile] = page.all("svg", **{"class": "no-picture"})
    assert tile["viewbox"] == f"0 0 {image.width} {image.height}"
    assert "no preview" in page.text
    assert not page.all("img", loading="lazy")


@pytest.mark.parametrize("has_thumbnail", [True, False])
def test_a_missing_file_is_said_and_not_linked(pages, image, has_thumbnail):
    missing = replace(image, file_state="missing")
    marks = Marks(bare=set() if has_thumbnail else {image.pk})

    gallery = pages.gallery([missing], 1, marks)
    single = pages.image(missing, newer=None, older=None, marks=marks)

    assert "file missing" in Page(gallery).text
    assert "The file is missing" in Page(single).text
    for html in (gallery, single):
        assert not [url for url in Page(html).references() if "images/" in url]
        assert ("thumbs/" in html) == has_thumbnail


def test_the_page_of_an_image_tells_everything(pages, image):
    page = Page(pages.image(image, newer=None, older=None, failure="cannot be decoded"))

    for text in (
        image.prompt_text, "blurry", image.notes, "Flux.1 dev", "animal/fox", "★★★★☆",
        "2026-03-05 10:30", "640 × 480, 1.0 KB", "image/png", "a b #1?.png", image.id,
        "123456789012345678", "Euler a", '"nested": [', '"é": null', "cannot be decoded",
    ):
        assert text in page.text
    assert page.all("details")
    assert not page.all("a", rel="prev")
    assert page.all("a", rel="up")[0]["href"] == "../index.html"


TOLD: list[dict[str, Any]] = [
    {},
    {"version": "1.0"},
    {"tool": "ComfyUI", "seed": "7", "steps": 20, "cfg_scale": 7.0, "size": "640x480"},
    {"size": "64x64", "scheduler": "", "some_new_thing": 0.75, "flags": [], "is_on": True},
    {"loras": [{"name": "add, detail", "weight": 0.8}, {"name": "film"}, {"weight": 1}, "odd"]},
    {"loras": "[broken", "extra": "text", "shortened": ["prompt", "negative_prompt"]},
    {"extra": {"denoising": 0.4, "model_hash": "c54b", "clip_skip": 2, "vae": "", "deep": [1]}},
    {"extra": {}, "odd": {"a": "é"}, "sampler": "Euler a"},
    {"extra": {"vae": "v"}, "sources": {"record": "PNG prompt", "cfg_scale": "PNG parameters"}},
    {"sources": {"seed": "EXIF UserComment"}}, {"sources": "text"}, {"sources": {}},
]


@needs_node
def test_settings_are_in_words_and_the_same_in_the_viewer(image):
    images = [replace(image, width=640, height=480, generation=told) for told in TOLD]
    names = setting_names([bundled("templates")])
    rows = [setting_rows(one, names) for one in images]
    said = ask_node({"names": names, "settings": [
        {"generation": one.generation, "width": one.width, "height": one.height}
        for one in images]})

    assert said == [{key: [[name, [part._asdict() for part in parts]] for name, parts in some]
                     for key, some in (("rows", settings), ("more", further))}
                    for settings, further in rows]
    as_index = ask_node({"names": names, "settings": [
        {"generation": {name: value for name in one.generation if (value := generated(one, name))},
         "width": one.width, "height": one.height} for one in images]})
    assert as_index == said, "the index has texts"

    def plain(some):
        return {name: "".join(part.text for part in parts) for name, parts in some}

    assert plain(rows[2][0]) == {"Tool": "ComfyUI", "Seed": "7", "Steps": "20", "CFG scale": "7"}
    assert plain(rows[3][0]) == {"Size asked for": "64x64", "Some new thing": "0.75",
                                 "Is on": "true"}
    assert plain(rows[4][0]) == {"LoRAs": 'add, detail (0.8), film, {"weight":1}, odd'}
    assert plain(rows[6][1]) == {"Denoising strength": "0.4", "Model hash": "c54b",
                                 "Clip skip": "2", "Deep": "[1]"}
    assert plain(rows[8][1]) == {"VAE": "v",
                                 "Read from": "PNG prompt; CFG scale: PNG parameters"}


def test_a_library_names_settings_in_its_own_way(tmp_path, image):
    own = tmp_path / "settings.toml"
    own.write_text('cfg_scale = "Guidance"\n')
    page = Pages(SiteInfo(), tmp_path).image(
        replace(image, generation={"cfg_scale": 7.0}), newer=None, older=None)
    assert "Guidance" in Page(page).text

    own.write_text("cfg_scale = ")
    with pytest.raises(InvalidError, match=r"settings\.toml cannot be read"):
        Pages(SiteInfo(), tmp_path)


def test_loras_and_the_size_lead_to_the_images_that_have_them(pages, image):
    told = {"loras": [{"name": "add, detail", "weight": 0.8}], "extra": {"clip_skip": 2}}
    page = Page(pages.image(replace(image, generation=told), newer=None, older=None))

    hrefs = [link["href"] for link in page.all("a") if "?q=" in link["href"]]
    assert "../index.html?q=lora%3A%22add%2C+detail%22" in hrefs
    assert "../index.html?q=size%3A640x480" in hrefs
    assert "Clip skip" in page.text
    assert page.all("details", **{"class": "further"})


@pytest.mark.parametrize(("album", "names"), [
    (None, ["Newer", "Older"]), ("", ["Previous", "Next"]), ("trips/winter", ["Previous", "Next"])])
def test_neighbours_are_called_after_the_order_of_the_gallery(image, album, names):
    others = [replace(image, pk=pk, id=f"{pk:08}-0000-4000-8000-000000000000") for pk in (8, 9)]
    for newer, older in (others, (None, None)):
        page = Pages(SiteInfo(album=album)).image(image, newer=newer, older=older)
        assert re.findall(r"<span>(\w+)</span>", page) == names


def test_neighbours_are_linked(pages, image):
    newer, older = replace(image, id="n" * 36), replace(image, id="o" * 36)
    page = Page(pages.image(image, newer=newer, older=older))

    assert page.all("a", rel="prev")[0]["href"] == f"../image/{newer.id}.html"
    assert page.all("a", rel="next")[0]["href"] == f"../image/{older.id}.html"


def test_open_graph_has_addresses_only_if_they_are_known(image):
    without = Page(Pages(SiteInfo()).image(image, newer=None, older=None))
    with_base = Page(Pages(SiteInfo(base_url="https://example.org/p")).image(
        image, newer=None, older=None))

    assert without.meta("og:title") == [image.prompt_text]
    assert without.meta("og:image") == []
    assert with_base.meta("og:image") == [
        f"https://example.org/p/images/a%20b%20%231_~{image.id}.png"]
    assert with_base.meta("og:url") == [f"https://example.org/p/image/{image.id}.html"]


def test_a_template_of_the_user_wins(tmp_path, image):
    (tmp_path / "image.html").write_text("{{ image.prompt_text }} by {{ site.title }}")

    mine = Pages(SiteInfo(title="me"), tmp_path)

    page = mine.image(replace(image, prompt_text="<b>"), newer=None, older=None)
    assert page == "&lt;b&gt; by me"


@pytest.mark.parametrize("picks", [(), ("favourite",)])
def test_every_static_file_is_used(image, picks):
    """So nothing of picks is sent where nobody may pick."""
    pages = Pages(SiteInfo(picks=picks))
    used = set()
    for html in both(pages, image):
        used |= {PurePosixPath(url).name for url in Page(html).references() if "static/" in url}

    assert used == {PurePosixPath(path).name for path in pages.static_paths()}
    assert any("picks" in name for name in used) is bool(picks)


def test_a_long_prompt_names_its_link_in_short(image):
    assert name_of(replace(image, prompt_text="fox " * 1_000)) == ("fox " * 1_000)[:999] + "…"
    assert name_of(replace(image, prompt_text=" \n", original_name="")) == image.file_name


def test_nothing_of_the_templates_can_run_as_python():
    assert list(bundled("templates").rglob("*.py")) == []
