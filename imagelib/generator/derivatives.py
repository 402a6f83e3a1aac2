"""Make the thumbnails that are not there yet, in the workers of the sandbox."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from imagelib.errors import DerivativeError, ImagelibError
from imagelib.generator.paths import GRID, Recipe, thumbnail_path
from imagelib.library.models import Image
from imagelib.sandbox import Sandbox


def render_thumbnail(sandbox: Sandbox, source: Path, target: Path, max_pixels: int,
                     recipe: Recipe = GRID) -> None:
    """Render *source* into *target*, whole or not at all.

    Raises:
        DerivativeError: the file is gone, damaged, or needs too much; *target* is as it was.
    """
    if not source.is_file():
        raise DerivativeError(f"{source.name}: the file is missing")
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{secrets.token_hex(6)}.partial")
    try:
        sandbox.call("imagelib.pictures:render", str(source), str(partial), recipe.edge,
                     recipe.quality, max_pixels)
        partial.replace(target)
    except ImagelibError as error:
        raise DerivativeError(f"{source.name}: {error}") from error
    finally:
        partial.unlink(missing_ok=True)


def render_missing(images: Iterable[Image], *, sandbox: Sandbox, folder: Path, site: Path,
                   max_pixels: int,
                   progress: Callable[[int], None]) -> tuple[list[str], dict[int, tuple[str, str]]]:
    """Make each thumbnail of *images* that is absent; return the paths made, and the failures.

    A failure is pk -> (digest, error). *progress* is told after each image; what it raises
    ends the work soon.
    """
    made: list[str] = []
    failures: dict[int, tuple[str, str]] = {}

    def one(image: Image) -> None:
        path = thumbnail_path(image.digest)
        try:
            if not (site / path).is_file():
                render_thumbnail(sandbox, folder / image.file_name, site / path, max_pixels)
            made.append(path)
        except DerivativeError as error:
            failures[image.pk] = (image.digest, str(error))

    with ThreadPoolExecutor(sandbox.size) as pool:
        try:
            for done, _ in enumerate(pool.map(one, images), 1):
                progress(done)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return made, failures
