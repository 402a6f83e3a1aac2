"""Render the HTML of the site: the gallery and the page of each image.

Every value is escaped as text, and no page holds an inline script or style,
which its Content-Security-Policy would refuse anyway. A page holds nothing
global but the names of static files, so that an edit touches few pages. Pages
work without JavaScript; the scripts only take them over.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlencode

from jinja2 import (
    ChoiceLoader,
    Environment,
    FileSystemBytecodeCache,
    FileSystemLoader,
    StrictUndefined,
)
from markupsafe import Markup

from imagelib.formats import is_video, needs_display
from imagelib.generator.assets import Assets
from imagelib.generator.index.blocks import MANIFEST_PATH
from imagelib.generator.marks import NONE, Marks, shown_seconds
from imagelib.generator.paths import as_url, original_path, page_path, thumbnail_path, width_in
from imagelib.generator.settings import setting_names, setting_rows
from imagelib.library.query.terms import quoted
from imagelib.library.values.image import Image
from imagelib.library.values.registry import NAMING, TEXTS
from imagelib.recipes import DISPLAY, GRID, LINKED, SHARP, Recipe, has_sharp
from imagelib.resources import bundled

#: A link is named by at most this much of a prompt; the page of the image has all of it.
MAX_NAME = 1_000
#: What only pages ask for on which visitors may pick.
_OF_PICKS = ("picks.css", "picks.js", "picks-page.js")

#: What Netlify and Cloudflare Pages send with files, in the form that both read. What has another
#: name when it has another content may be kept for ever.
HEADERS = """\
/*
  X-Content-Type-Options: nosniff
  Referrer-Policy: strict-origin-when-cross-origin
/thumbs/*
  Cache-Control: public, max-age=31536000, immutable
/static/*
  Cache-Control: public, max-age=31536000, immutable
"""


@dataclass(frozen=True, slots=True)
class SiteInfo:
    """What the owner says of the site. `base_url` is "" if its address is not known."""

    title: str = "Images"
    language: str = "en"
    base_url: str = ""
    #: Whether there are larger thumbnails besides, of pictures that are large enough.
    sharp: bool = False
    #: Whether each image has a page of its own; if not, links to it open the viewer.
    pages: bool = True
    #: Whether it is made for others: it shows pictures, and nothing of how a library is kept.
    published: bool = False
    intro: str = ""
    author: str = ""
    licence: str = ""
    #: What search engines and others that read pages by themselves are asked to do.
    robots: str = ""
    #: How much of a date is said.
    dates: Literal["time", "day", "month", "none"] = "time"
    #: Of tags, model, rating, date and prompt, what no image has here.
    withheld: tuple[str, ...] = ()
    #: Whether it is told what is new, and what there is. Both need a `base_url`.
    feed: bool = True
    sitemap: bool = True
    #: Whether each page says that its picture was made by a generator.
    labelled: bool = False
    #: Until when it is meant to be there, YYYY-MM-DD.
    expires: str = ""
    #: Whether cards say what an image is called.
    captions: bool = True
    #: What visitors may say of an image: of favourite, stars and comment; and of how many images
    #: at most, if not 0. They say it for the publication of this id.
    picks: tuple[str, ...] = ()
    max_picks: int = 0
    publication: str = ""
    #: Goes into each data file, so that it is like that of no other publication; 0 does not.
    salt: int = 0
    #: The tag of the album in whose order all images come by themselves; "" is one without a name.
    album: str | None = None

    @property
    def recipes(self) -> list[Recipe]:
        """How its derivatives are made."""
        return [GRID] + [SHARP] * self.sharp + [LINKED] * self.is_linked + [DISPLAY]

    @property
    def is_linked(self) -> bool:
        """Whether others may show a picture of its pages, for which they need whole addresses."""
        return self.published and bool(self.base_url)

    def date(self, moment: str) -> str:
        """What is said of a *moment*; the page's twin is `ImagelibDates.written`."""
        return moment[:{"time": 16, "day": 10, "month": 7, "none": 0}[self.dates]].replace("T", " ")


class Pages:
    """The templates of one site; files of the folder *overrides* win over the bundled ones."""

    def __init__(self, site: SiteInfo, overrides: Path | None = None,
                 compiled: Path | None = None) -> None:
        """*compiled* is a folder that keeps templates as code, from one process to the next."""
        self._site = site
        #: The pks of the images whose file's name is another one's, too (`paths.place_of`).
        self.clashing: Set[int] = frozenset()
        folders = ([overrides] if overrides else []) + [bundled("templates")]
        self._assets = Assets(folders)
        self._setting_names = setting_names(folders)
        self._environment = Environment(
            autoescape=True,
            loader=ChoiceLoader([FileSystemLoader(folder) for folder in folders]),
            bytecode_cache=FileSystemBytecodeCache(str(compiled)) if compiled else None,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals |= {
            "site": site,
            "manifest": MANIFEST_PATH,
            "recipe": GRID.name,
            "sharp_recipe": SHARP.name if site.sharp else "",
            "original_url": lambda image: as_url(original_path(
                image.file_name, image.id, clashes=image.pk in self.clashing)),
            "page_url": lambda image: (as_url(page_path(image.id)) if site.pages
                                       else f"index.html#{image.id}"),
            "linked": LINKED,
            "width_in": width_in,
            "linked_url": lambda image: as_url(thumbnail_path(image.digest, LINKED)),
            "thumbnail_url": lambda image: as_url(thumbnail_path(image.digest)),
            "display_recipe": DISPLAY.name,
            "moving_said": moving_said,
            "sources": lambda image: _sources(image) if site.sharp else "",
            "term": _term,
            "asking": lambda field, value: urlencode({"q": _term(field, value)}, safe="*"),
        }
        self._environment.filters |= {
            "name_of": name_of, "bytes": _bytes, "moment": _moment, "date": site.date,
            "day": lambda moment: site.date(moment)[:10], "stars": _stars,
            "sizes": _sizes, "stars_said": _stars_said,
            "pretty": _pretty, "xml_text": _xml_text, "json_text": _json_text,
        }

    def static_paths(self) -> set[str]:
        """What the pages refer to in `static/`, by their paths."""
        unused = set() if self._site.picks else {
            self._assets.path(name) for name in _OF_PICKS if name in self._assets.paths}
        return set(self._assets.paths.values()) - unused

    def static_file(self, path: str) -> bytes:
        """The content of one of the `static_paths`."""
        return self._assets.content(path)

    def gallery(
        self,
        images: Sequence[Image],
        total: int,
        marks: Marks = NONE,
    ) -> str:
        """`index.html`: the newest *images* out of *total*, the newest first."""
        return self._render("gallery.html", {
            "root": "",
            "images": images,
            "total": total,
            "marks": marks,
            "setting_names": json.dumps(self._setting_names, separators=(",", ":")),
        })

    def image(
        self,
        image: Image,
        *,
        newer: Image | None,
        older: Image | None,
        marks: Marks = NONE,
        failure: str = "",
    ) -> str:
        """The page of one *image*; *failure* says why it has no current thumbnail."""
        settings, further = setting_rows(image, self._setting_names)
        return self._render("image.html", {
            "root": "../",
            "image": image,
            "newer": newer,
            "older": older,
            "has_thumbnail": image.pk not in marks.bare,
            "picture": self._picture(image, marks),
            "moving": moving_said(image, marks),
            "is_video": is_video(image.mime_type),
            "failure": failure,
            "texts": TEXTS,
            "settings": settings,
            "further": further,
        })

    def announcements(self, newest: Sequence[Image], blocks: Sequence[int],
                      without_thumbnail: Set[int] = frozenset()) -> dict[str, str]:
        """What tells other programs of the site, by path: feed, search, web app, sitemap.

        All of it needs whole addresses, and so a `base_url`; but for what hosts read of a site that
        is made for others. *blocks* are the numbers of the sitemaps that there are.
        """
        hosts = {"404.html": self._render("404.html", {"root": ""}),
                 "_headers": HEADERS} if self._site.published else {}
        if not self._site.base_url:
            return hosts
        context = {"root": "", "base": self._base, "images": newest, "blocks": blocks,
                   "without_thumbnail": without_thumbnail}
        wanted = ["opensearch.xml", "site.webmanifest"]
        wanted += ["feed.xml"] * self._site.feed + ["sitemap.xml"] * self._site.sitemap
        return hosts | {name: self._render(name, context) for name in wanted}

    def sitemap(self, images: Sequence[Image]) -> str:
        """The sitemap of one block of images; "" without a `base_url`."""
        if not (self._site.base_url and self._site.sitemap):
            return ""
        return self._render("sitemap-block.xml",
                            {"root": "", "base": self._base, "images": images})

    def _picture(self, image: Image, marks: Marks) -> str:
        """What the page of an *image* shows, as a URL: the original where every browser shows it
        and it is there, else its display copy, else the thumbnail; "" if there is neither."""
        if image.file_state != "missing":
            if image.pk in marks.displayed:
                return as_url(thumbnail_path(image.digest, DISPLAY))
            if not needs_display(image.mime_type):
                return as_url(original_path(image.file_name, image.id,
                                            clashes=image.pk in self.clashing))
        return "" if image.pk in marks.bare else as_url(thumbnail_path(image.digest))

    @property
    def _base(self) -> str:
        return self._site.base_url.rstrip("/") + "/"

    def _render(self, template: str, context: Mapping[str, Any]) -> str:
        root = context["root"]
        page = self._environment.get_template(template)
        return page.render(**context, static=lambda name: root + as_url(self._assets.path(name)))


def name_of(image: Image) -> str:
    """What an image is called: the first of `NAMING` that it has, in one line, else its file."""
    for field in NAMING:
        if name := " ".join(getattr(image, field.name)[: 2 * MAX_NAME].split()):
            return name if len(name) <= MAX_NAME else name[: MAX_NAME - 1] + "…"
    return image.original_name or image.file_name


def moving_said(image: Image, marks: Marks) -> tuple[str, str] | None:
    """What is said of an *image* that moves, and how that is read; card.js says alike."""
    if image.pk not in marks.animated:
        return None
    if is_video(image.mime_type):
        seconds = shown_seconds(marks.animated[image.pk])
        length = f" {seconds // 60}:{seconds % 60:02}" if seconds else ""
        return f"▶{length}", f"Video{length}"
    return ("GIF", "Animated GIF") if image.mime_type == "image/gif" else ("animated", "Animated")


def _bytes(size: int) -> str:
    """A file's size as people say it."""
    if size < 1000:
        return f"{size} bytes"
    value, unit = size / 1000, "KB"
    if value >= 1000:
        value, unit = value / 1000, "MB"
    return f"{value:.0f} {unit}" if value >= 100 else f"{value:.1f} {unit}"


def _moment(date: str) -> str:
    return date[:16].replace("T", " ")


def _sources(image: Image) -> str:
    """`srcset` of an image with two thumbnails, "" for one that has only the small one."""
    if not has_sharp(image.width, image.height):
        return ""
    return ", ".join(
        f"{as_url(thumbnail_path(image.digest, recipe))}"
        f" {width_in(recipe, image.width, image.height)}w" for recipe in (GRID, SHARP))


def _sizes(image: Image) -> str:
    """How wide a card is: as the browser measures it, else from its shape and card.css's rows."""
    shape = image.width / (image.height or 1)
    narrow, medium, wide = (f"{shape * rows:.0f}rem" for rows in (10.5, 13, 15.5))
    return f"auto, (width < 45rem) {narrow}, (width < 75rem) {medium}, {wide}"


def _stars(rating: int) -> str:
    return "★" * rating + "☆" * (5 - rating)


def _stars_said(rating: int) -> str:
    """A rating in words; "" for none."""
    return "1 star" if rating == 1 else f"{rating} stars" if rating else ""


def _term(field: str, value: object) -> str:
    """The condition that finds the images with a *value* of a *field* of the grammar."""
    return f"{field}:{quoted(str(value))}"


def _xml_text(text: str) -> str:
    """Without the control characters that XML 1.0 has no way to write."""
    return "".join(c for c in text if c >= " " or c in "\n\t")


def _json_text(text: str) -> Markup:
    """A JSON string with nothing in it that HTML would read otherwise."""
    return Markup(json.dumps(text).replace("<", "\\u003c"))  # noqa: S704 - that is the point


def _pretty(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)
