"""Templates are compiled once, not by every build anew: the code follows from the text alone."""

from __future__ import annotations

from functools import cache
from typing import Any

from jinja2 import Environment

from imagelib.generator.pages import Pages, SiteInfo

_compile = Environment.compile


@cache
def _compiled(source: str, name: str | None, filename: str | None) -> Any:
    """The code of a template of the site; all its environments have the same settings."""
    return _compile(_environment(), source, name, filename)


@cache
def _environment() -> Environment:
    return Pages(SiteInfo(title=""))._environment


def _compile_once(self: Environment, source: Any, name: str | None = None,
                  filename: str | None = None, *options: Any, **more: Any) -> Any:
    if options or more or not isinstance(source, str) or self.filters != _environment().filters:
        return _compile(self, source, name, filename, *options, **more)
    return _compiled(source, name, filename)


def compile_once() -> None:
    """From now on, in this process."""
    Environment.compile = _compile_once


def compile_all() -> None:
    """Compile all of them now, for those that fork off."""
    for name in _environment().list_templates(extensions=["html", "xml"]):
        _environment().get_template(name)
