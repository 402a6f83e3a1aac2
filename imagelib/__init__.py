"""A personal library of AI-generated images: a static, searchable gallery with a local editor.

Names are imported when they are first used, so that `imagelib --help` is quick.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from imagelib import errors
    from imagelib.daemon.server import serve
    from imagelib.generator.builder import build
    from imagelib.library.library import Library
    from imagelib.library.query.query import Query

__all__ = ["Library", "Query", "__version__", "build", "errors", "serve"]

__version__ = "0.1.0"

_HOMES = {
    "Library": "imagelib.library.library",
    "Query": "imagelib.library.query.query",
    "build": "imagelib.generator.builder",
    "errors": "imagelib.errors",
    "serve": "imagelib.daemon.server",
}


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name not in _HOMES:
        raise AttributeError(f"module 'imagelib' has no attribute {name!r}")
    module = import_module(_HOMES[name])
    return module if name == "errors" else getattr(module, name)
