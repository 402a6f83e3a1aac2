"""Build a small site out of plain records, without a library: what the browser tests look at."""

from __future__ import annotations

import hashlib
import io
import random
import uuid
from collections.abc import Iterable, Sequence, Set
from datetime import datetime, timedelta
from pathlib import Path

from PIL import Image as Picture
from PIL import ImageDraw

from imagelib.generator.index.blocks import (
    KINDS,
    MANIFEST_PATH,
    Block,
    albums_file,
    albums_path,
    block_path,
    make_block,
    manifest,
)
from imagelib.generator.marks import Marks
from imagelib.generator.pages import Pages, SiteInfo
from imagelib.generator.paths import original_path, page_path, thumbnail_path
from imagelib.library.values.image import Image

#: How many images `index.html` shows without JavaScript.
FIRST = 60
SHAPES = [(64, 64), (64, 96), (96, 64), (72, 128), (128, 72)]
SUBJECTS = [
    "red fox in snow", "castle above a misty valley", "bowl of ramen", "robot gardener",
    "東京 alley in the rain", "café in Lyon", "dragon over Zürich", "paper lantern festival",
]
STYLES = ["oil painting", "cinematic lighting", "35mm photo", "watercolor", "golden hour", "macro"]
MODELS = ["Flux.1 dev", "SDXL 1.0", "Midjourney v6.1", "DALL·E 3", ""]
TAGS = ["animal/fox", "animal/cat", "landscape", "portrait", "food", "night", "wip", "two words"]


def records(count: int, seed: int = 1) -> list[Image]:
    """Draw *count* images; their pks have gaps, as after deletions."""
    rng = random.Random(seed)
    moment = datetime(2025, 1, 1, 9, 0)  # noqa: DTZ001 - wall-clock time has no zone
    found = []
    for n in range(count):
        moment += timedelta(hours=rng.randint(1, 60), seconds=rng.randint(0, 59))
        image_id = str(uuid.UUID(int=rng.getrandbits(128), version=4))
        width, height = rng.choice(SHAPES)
        prompt = f"{rng.choice(SUBJECTS)}, {rng.choice(STYLES)}, number {n}" if n % 17 else ""
        found.append(Image(
            pk=n + 1 + n // 10,
            id=image_id,
            file_name=f"{image_id}.png" if n % 3 else f"2025/picture {n} #1.png",
            original_name=f"picture {n} #1.png",
            digest=hashlib.sha256(image_id.encode()).hexdigest(),
            size_bytes=rng.randint(900, 3_000_000),
            width=width,
            height=height,
            mime_type="image/png",
            captured_at=moment.isoformat(),
            created_at=f"2026-01-01T10:{n // 60 % 60:02}:{n % 60:02}.000Z",
            updated_at="2026-01-02T10:00:00.000Z",
            prompt_text=prompt,
            negative_prompt="blurry, lowres" if n % 4 == 0 else "",
            generation={"tool": "ComfyUI", "seed": str(1000 + n), "sampler": "Euler a", "steps": 20}
            if n % 2 else {},
            ai_model=rng.choice(MODELS),
            notes="print at A3" if n % 9 == 0 else "",
            rating=rng.choice([0, 0, 0, 1, 2, 3, 4, 5]),
            tags=tuple(sorted(rng.sample(TAGS, rng.randint(0, 3)))),
            file_state="missing" if n == 5 else "ok",
        ))
    return found


def write_site(
    folder: Path,
    images: Iterable[Image],
    *,
    seq: int = 1,
    site: SiteInfo = SiteInfo(title="Test pictures"),  # noqa: B008 - frozen
    without_thumbnail: Set[int] = frozenset(),
    pictures: bool = True,
    searches: Sequence[Sequence[str]] = (),
    albums: Sequence[tuple[str, str, int, Sequence[int]]] = (),
) -> list[Block]:
    """Write every file of a site with *images* and return the blocks of its index."""
    by_pk = sorted(images, key=lambda image: image.pk)
    blocks = write_index(folder, by_pk, seq=seq, without_thumbnail=without_thumbnail,
                         searches=searches, albums=albums)
    pages = Pages(site)
    for path in pages.static_paths():
        _write(folder / path, pages.static_file(path))
    newest = sorted(by_pk, key=lambda image: (image.captured_at, image.pk), reverse=True)
    around = zip([None, *newest], newest, [*newest[1:], None], strict=False)
    for newer, image, older in around:
        page = pages.image(image, newer=newer, older=older,
                           marks=Marks(bare=without_thumbnail))
        _write(folder / page_path(image.id), page.encode())
        if pictures:
            _draw(folder, image, image.pk not in without_thumbnail)
    front = pages.gallery(newest[:FIRST], len(newest), Marks(bare=without_thumbnail))
    _write(folder / "index.html", front.encode())
    return blocks


def write_index(
    folder: Path, by_pk: list[Image], *, seq: int = 1, coming: int = 0,
    without_thumbnail: Set[int] = frozenset(), searches: Sequence[Sequence[str]] = (),
    albums: Sequence[tuple[str, str, int, Sequence[int]]] = (),
) -> list[Block]:
    """Write the data files and the manifest, and return the blocks."""
    blocks = []
    for kind, size in KINDS.items():
        groups: dict[int, list[Image]] = {}
        for image in by_pk:
            groups.setdefault(image.pk // size, []).append(image)
        for number, rows in groups.items():
            block, content = make_block(kind, number, rows, Marks(bare=without_thumbnail))
            blocks.append(block)
            _write(folder / block_path(block), content)
    checksum, content = albums_file(albums)
    _write(folder / albums_path(checksum), content)
    _write(folder / MANIFEST_PATH, manifest(blocks, seq=seq, total=len(by_pk), coming=coming,
                                            searches=searches, albums=checksum if albums else ""))
    return blocks


def _draw(folder: Path, image: Image, has_thumbnail: bool) -> None:
    rng = random.Random(image.pk)
    picture = Picture.new("RGB", (image.width, image.height),
                          tuple(rng.randint(40, 220) for _ in range(3)))
    ImageDraw.Draw(picture).ellipse(
        (8, 8, image.width - 8, image.height - 8),
        fill=tuple(rng.randint(40, 255) for _ in range(3)))
    if has_thumbnail:
        _write(folder / thumbnail_path(image.digest), _encoded(picture, "WEBP"))
    if image.file_state != "missing":
        _write(folder / original_path(image.file_name, image.id), _encoded(picture, "PNG"))


def _encoded(picture: Picture.Image, kind: str) -> bytes:
    content = io.BytesIO()
    picture.save(content, kind)
    return content.getvalue()


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.partial")  # a page may be loading it just now
    beside.write_bytes(content)
    beside.replace(path)
