"""Where the links of a site lead."""

from __future__ import annotations

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


def dead_references(site: Path) -> list[str]:
    """Every link of every page that leads to no file."""
    dead = []
    for page in site.rglob("*.html"):
        parser = _References()
        parser.feed(page.read_text(encoding="utf-8"))
        for url in parser.found:
            path = unquote(url.split("#")[0].split("?")[0])
            if path and "://" not in path and not (page.parent / path).exists():
                dead.append(f"{page.relative_to(site)} -> {url}")
    return dead
