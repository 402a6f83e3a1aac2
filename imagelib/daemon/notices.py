"""What the daemon itself shows to people: a first build under way, and what is not there."""

from __future__ import annotations

import base64
import hashlib
import html
from collections.abc import Mapping
from typing import Any

_STYLE = """\
:root { color-scheme: light dark; font: 100%/1.5 system-ui, sans-serif; }
body { margin: 0; }
main { display: grid; place-content: center; gap: 1rem; min-height: 90vh; padding: 1rem;
  text-align: center; }
h1 { margin: 0; font-size: 1.5rem; font-weight: 650; }
p { margin: 0; opacity: 0.8; }
progress { width: min(28rem, 80vw); height: 0.75rem; justify-self: center; }
a { color: inherit; }
"""
#: There is no site yet whose style sheets it could use.
_POLICY = ("default-src 'none'; style-src 'sha256-"
           + base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
           + "'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'")
#: How often a page that waits for the first build loads again, in seconds.
_AGAIN = 2
_OPENS = "It opens here by itself."


def notice(title: str, text: str) -> tuple[bytes, dict[str, str]]:
    """A page that says *text*, and leads to the gallery: its bytes and headers."""
    return _page(title, f'<p>{html.escape(text)}</p>\n<p><a href="/">To the gallery</a></p>\n', {})


def building(progress: Mapping[str, Any] | None) -> tuple[bytes, dict[str, str]]:
    """The page that stands in for a gallery whose first build is under way: bytes and headers.

    It loads again by itself. *progress* is what the status says of it: `stage`, `done`, `total`
    and `seconds_left`.
    """
    bar, said = '<progress aria-label="Done"></progress>', _OPENS
    if progress:
        done, total = progress["done"], progress["total"]
        bar = f'<progress aria-label="Done" value="{done}" max="{max(1, total)}"></progress>'
        said = f"{progress['stage'].capitalize()}: {done:,} of {total:,}"
        if (left := progress["seconds_left"]) is not None:
            said += f", about {_duration(left)} left"
        said += f". {_OPENS}"
    return _page("The gallery is being built", f"{bar}\n<p>{html.escape(said)}</p>\n",
                 {"Retry-After": str(_AGAIN), "Refresh": str(_AGAIN)})


def _duration(seconds: float) -> str:
    """As people say it, never more exactly than it is known."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} min"


def _page(title: str, body: str, headers: dict[str, str]) -> tuple[bytes, dict[str, str]]:
    document = (
        '<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{html.escape(title)}</title>\n<style>{_STYLE}</style>\n"
        f"<main>\n<h1>{html.escape(title)}</h1>\n{body}</main>\n</html>\n")
    return document.encode(), {"Content-Type": "text/html; charset=utf-8",
                               "Cache-Control": "no-store",
                               "Content-Security-Policy": _POLICY} | headers
