"""A sample library: pictures drawn here, with what several generators would write into them."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imagelib.config import is_library

if TYPE_CHECKING:
    from imagelib.library.library import Library
    from imagelib.library.values.image import Image

_NOTES = ("best of the batch", "try again with a higher cfg", "used for the blog header",
          "the sky is too dark", "print at A3", "composition is great, colours are off")


def sample_folder(start: Path) -> Path:
    """Where the sample library goes: *start*, unless something else is there already."""
    start = start.expanduser().absolute()
    if is_library(start) or not start.exists() or not any(start.iterdir()):
        return start
    return start / "imagelib-demo"


def draw_pictures(library: Library, count: int, progress: Callable[[int], None]) -> Path:
    """Draw *count* pictures into a temporary folder of *library* and return it."""
    from imagelib.demo.drawing import draw
    from imagelib.demo.saving import save

    library.settings.private_dir.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="demo-", dir=library.settings.private_dir))
    for number in range(count):
        save(draw(number), folder, number)
        progress(number + 1)
    return folder


def sample_edits(images: Iterable[Image]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Tags, ratings and notes as a person might have given them: id and fields."""
    from imagelib.demo.drawing import SCENES

    tags = {scene.subject: scene.tags for scene in SCENES}
    for image in images:
        rng = random.Random(image.digest)
        fields: dict[str, Any] = {"rating": rng.choice((0, 0, 2, 3, 3, 4, 4, 5))}
        subject = next((s for s in tags if s in image.prompt_text), None)
        if subject:
            fields["tags"] = sorted(set(rng.sample(tags[subject], k=min(3, len(tags[subject])))))
        if rng.random() < 0.2:
            fields["notes"] = rng.choice(_NOTES)
        yield image.id, fields
