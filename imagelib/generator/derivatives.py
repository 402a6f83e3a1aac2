"""Make the thumbnails that are not there yet, in the workers of the sandbox."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import astuple
from pathlib import Path

from imagelib.errors import BusyError, DerivativeError, ImagelibError
from imagelib.generator.paths import thumbnail_path
from imagelib.library.originals.early import Early
from imagelib.library.store.disk import disk_full, is_plain_file, replacing, stat_of
from imagelib.library.values.image import Image
from imagelib.pool import completed
from imagelib.recipes import Recipe, fitting
from imagelib.sandbox import Sandbox

#: Where a thumbnail lies already that would be made for an image by a recipe, or None.
Lender = Callable[[Image, Recipe], Path | None]


def nobody(_: Image, __: Recipe) -> Path | None:
    """The lender who has nothing."""
    return None


def wanted_thumbnails(digest: str, width: int, height: int, mime_type: str,
                      recipes: Sequence[Recipe]) -> dict[str, Recipe]:
    """Those of *recipes* that such a picture has, by their paths."""
    return {thumbnail_path(digest, recipe): recipe
            for recipe in fitting(recipes, width, height, mime_type)}


def render_thumbnails(sandbox: Sandbox, source: Path, targets: dict[Path, Recipe],
                      max_pixels: int) -> None:
    """Render *source* into each of *targets*, decoded once; all whole, or as they were.

    Raises:
        DerivativeError: the file is gone, damaged, or needs too much.
        BusyError: no worker was free soon enough for somebody in a hurry.
    """
    if not is_plain_file(source):
        raise DerivativeError(f"{source.name}: the file is missing, or cannot be read")
    partials = {}
    for target in targets:
        target.parent.mkdir(parents=True, exist_ok=True)
        partials[target] = target.with_name(f".{secrets.token_hex(6)}.partial")
    try:
        made = sandbox.call("imagelib.pictures:render", str(source), [
            list(astuple(recipe)) for recipe in targets.values()], max_pixels)
        for content, partial in zip(made, partials.values(), strict=True):
            with disk_full():
                partial.write_bytes(base64.b64decode(content))
        for target, partial in partials.items():
            partial.replace(target)
    except BusyError:
        raise
    except ImagelibError as error:
        raise DerivativeError(f"{source.name}: {error}") from error
    finally:
        for partial in partials.values():
            partial.unlink(missing_ok=True)


def stat_text(path: Path) -> str:
    """How a file looks without being read; empty if it is missing."""
    return "-".join(map(str, stat_of(path) or ()))


def render_missing(images: Iterable[Image], *, sandbox: Sandbox, folder: Path, site: Path,
                   max_pixels: int, recipes: Sequence[Recipe], lent: Lender, early: Early,
                   progress: Callable[[int], None]) -> tuple[int, dict[int, tuple[str, str]]]:
    """Make each thumbnail of *images* that is absent; return how many, and the failures.

    A failure is pk -> (stat, error) of an image that
    has none at all: while its file looks so, it need not be tried again. What is *lent* is copied,
    what was made *early* is taken.
    *progress* is told after each image; what it raises ends the work soon.
    """
    made: list[int] = []
    failures: dict[int, tuple[str, str]] = {}

    def one(image: Image) -> None:
        wanted = wanted_thumbnails(image.digest, image.width, image.height, image.mime_type,
                                   recipes)
        paths = {path: recipe for path, recipe in wanted.items() if not (site / path).is_file()}
        source = folder / image.file_name
        stat = stat_text(source)
        try:
            made_early = early.read(image.digest)
            absent = {site / path: recipe for path, recipe in paths.items()
                      if not _put(made_early.get(recipe.name) or _content(lent(image, recipe)),
                                  site / path)}
            if absent:
                render_thumbnails(sandbox, source, absent, max_pixels)
            early.forget(image.digest)
            made.append(len(paths))
        except DerivativeError as error:
            if not (site / thumbnail_path(image.digest)).is_file():
                failures[image.pk] = (stat, str(error))

    for done, (_, job) in enumerate(completed(one, images, sandbox.size), 1):
        job.result()
        progress(done)
    return sum(made), failures


def _content(source: Path | None) -> bytes:
    """What lies at *source*, nothing if it is gone."""
    try:
        return source.read_bytes() if source else b""
    except FileNotFoundError:
        return b""


def _put(content: bytes, target: Path) -> bool:
    """Make *target* of *content*, if there is any."""
    if content:
        with replacing(target, sync=False) as stream:
            stream.write(content)
    return bool(content)
