"""Where the links of a site lead."""

from __future__ import annotations

from functools import lru_cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote


class _References(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        if values.get("rel") == "canonical":
            return
        self.found += [v for name in ("href", "src") if (v := values.get(name))]
        self.found += [part.split()[0] for part in (values.get("srcset") or "").split(", ") if part]


@lru_cache(2000)
def paths_of(page: str) -> list[tuple[str, str]]:
    """Each link of a page with the path in it; a page that is as it was is not read again."""
    parser = _References()
    parser.feed(page)
    paths = ((url, unquote(url.split("#")[0].split("?")[0])) for url in parser.found)
    return [(url, path) for url, path in paths if path and "://" not in path]


def dead_references(site: Path) -> list[str]:
    """Every link of every page that leads to no file."""
    dead = []
    for page in site.rglob("*.html"):
        dead += [f"{page.relative_to(site)} -> {url}"
                 for url, path in paths_of(page.read_text(encoding="utf-8"))
                 if not (page.parent / path).exists()]
    return dead
