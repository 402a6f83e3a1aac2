"""From images to the files that the page searches: blocks of rows, and the manifest of blocks.

The row number of an image is its pk, for ever, and a block is the rows with one
`pk // size`. A block is a pure function of its rows: same images, same bytes.
What an edit can change stands in `core` (what filters and orders need) and
`text` (what words are looked for in); `file`, `id`, `name` and `phash` hold what
never changes while the file does not, so an edit of metadata rewrites one core
block, one text block and the manifest. Of these four, `file` is loaded for what is
in view, `id` when the page is asked for an image that it has not met, `name` with
the first word that is searched, `phash` when alike pictures are wanted.

Each file is strict ASCII: the call `ImagelibData(...)` around strict JSON in
which `<` is escaped, so another program cuts off the first 13 and the last 3
bytes and has JSON. Numbers that there are many of are text
(`imagelib.generator.index.numbers`). Text of users stands in values only, never in a
key. `templates/static/engine/index.js` is the reader.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from imagelib.generator.index.numbers import written, written_deltas
from imagelib.generator.index.pieces import text_column
from imagelib.generator.marks import NONE, Marks, shown_seconds
from imagelib.generator.paths import original_path
from imagelib.library.values.image import Image
from imagelib.library.values.registry import TEXTS, Field
from imagelib.library.values.text import generated, is_given

CORE_ROWS = 8192
TEXT_ROWS = 4096
FILE_ROWS = 256
#: How many rows a block of each kind has.
KINDS = {"core": CORE_ROWS, "text": TEXT_ROWS, "file": FILE_ROWS, "id": CORE_ROWS,
         "name": CORE_ROWS, "phash": CORE_ROWS}
#: So much of each id tells almost every image from the others; its file block proves it.
ID_LETTERS = 4

MANIFEST_PATH = "data/manifest.js"
#: Raised when a reader of older files would misunderstand newer ones.
FORMAT = 4
#: From this format on, files can be read: a text block has no column of a field that came later.
READABLE = 3

_BEFORE, _AFTER = b"ImagelibData(", b");\n"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: The columns that are numbers as text.
_NUMBERS = frozenset((
    "captured", "created", "model", "size", "tag_set_sizes", "tag_sets", "tag_set", "setting",
    "path", "lengths", "tokens", *(field.search.removesuffix("s") for field in TEXTS)))


@dataclass(frozen=True, slots=True)
class Block:
    """What the manifest says of one data file: `rows` images, the latest captured at `newest`."""

    kind: str
    number: int
    rows: int
    newest: str
    hash: str


def block_path(block: Block) -> str:
    """Where a block lies in the site; another content has another name."""
    return f"data/{block.kind}-{block.number}-{block.hash}.js"


def make_block(
    kind: str, number: int, images: Sequence[Image], marks: Marks = NONE,
) -> tuple[Block, bytes]:
    """The block of one of the `KINDS`. *images* in the order of their pk."""
    if kind == "file":
        return file_block(number, images, marks)
    make = {"core": core_block, "text": text_block, "id": id_block, "name": name_block,
            "phash": phash_block}[kind]
    return make(number, images)


def core_block(number: int, images: Sequence[Image]) -> tuple[Block, bytes]:
    """What filters, orders and the shape of the grid need. *images* in the order of their pk."""
    tag_sets = _Distinct(image.tags for image in images)
    tags = _Distinct(tag for tag_set in tag_sets.values for tag in tag_set)
    sizes = _Distinct((image.width, image.height) for image in images)
    models = _Distinct(image.ai_model for image in images)
    return _block("core", number, CORE_ROWS, images, {
        "captured": written_deltas(_seconds(image.captured_at) for image in images),
        **_created(images),
        "rating": "".join(str(image.rating) for image in images),
        "models": models.values,
        "model": written(models.indexes),
        "sizes": sizes.values,
        "size": written(sizes.indexes),
        "tags": tags.values,
        "tag_set_sizes": written(len(tag_set) for tag_set in tag_sets.values),
        "tag_sets": written(tags.number[tag] for tag_set in tag_sets.values for tag in tag_set),
        "tag_set": written(tag_sets.indexes),
        "missing": _offsets(images, CORE_ROWS, lambda image: image.file_state == "missing"),
        "altered": _offsets(images, CORE_ROWS, lambda image: image.file_state == "altered"),
    })


def text_keys(field: Field) -> tuple[str, str]:
    """Under which keys a text block has the distinct values of *field*, and which each row has."""
    one = field.search.removesuffix("s")
    return f"{one}s", one


def text_block(number: int, images: Sequence[Image]) -> tuple[Block, bytes]:
    """What words are looked for in. *images* in the order of their pk."""
    texts: dict[str, Any] = {}
    for field in TEXTS:
        distinct = _Distinct(getattr(image, field.name) for image in images)
        values, indexes = text_keys(field)
        texts |= {values: text_column(distinct.values), indexes: written(distinct.indexes)}
    settings = _Distinct(_settings(image) for image in images)
    seeds = [generated(image, "seed") for image in images]
    return _block("text", number, TEXT_ROWS, images, {
        **texts,
        "settings": settings.values,
        "setting": written(settings.indexes),
        "seeds": seeds if any(seeds) else [],
    })


def file_block(number: int, images: Sequence[Image], marks: Marks = NONE) -> tuple[Block, bytes]:
    """What a card and the viewer need to show the picture. *images* in the order of their pk."""
    types = _Distinct(image.mime_type for image in images)
    places = {image.pk: path for image in images if (path := original_path(
        image.file_name, image.id, clashes=image.pk in marks.clashing))
              != f"images/{image.file_name}"}
    return _block("file", number, FILE_ROWS, images, {
        "ids": [image.id for image in images],
        "digests": [image.digest for image in images],
        "names": [_short_name(image) for image in images],
        "originals": [image.original_name for image in images],
        "bytes": [image.size_bytes for image in images],
        "types": types.values,
        "type": types.indexes,
        "bare": _offsets(images, FILE_ROWS, lambda image: image.pk in marks.bare),
        "blurred": _offsets(images, FILE_ROWS, lambda image: image.pk in marks.blurred),
        # What few images are, and in most blocks none.
        **{name: offsets for name, pks in (("displayed", marks.displayed),
                                           ("animated", marks.animated.keys()))
           if (offsets := [image.pk % FILE_ROWS for image in images if image.pk in pks])},
        # Of each that moves, whole seconds; where all are pictures, they do not say.
        **({"seconds": seconds} if any(seconds := [
            shown_seconds(marks.animated[image.pk]) for image in images
            if image.pk in marks.animated]) else {}),
        # Originals that the site has under another name: few, mostly none.
        **({"placed": _offsets(images, FILE_ROWS, lambda image: image.pk in places),
            "places": list(places.values())} if places else {}),
    })


def id_block(number: int, images: Sequence[Image]) -> tuple[Block, bytes]:
    """Where to look for an id: its first letters. *images* in the order of their pk."""
    return _block("id", number, CORE_ROWS, images, {
        "ids": "".join(image.id[:ID_LETTERS] for image in images),
    })


def name_block(number: int, images: Sequence[Image]) -> tuple[Block, bytes]:
    """What words of file names are looked for in. *images* in the order of their pk.

    A path that ends with `/` is a folder with the file under its original name, `/` that name
    without a folder; an empty one is a name that imagelib gave.
    """
    paths = _Distinct(map(_searched_path, images))
    return _block("name", number, CORE_ROWS, images, {
        "originals": [image.original_name for image in images],
        "paths": paths.values,
        "path": written(paths.indexes),
    })


def _searched_path(image: Image) -> str:
    if is_given(image.file_name, image.id):
        return ""
    folder, _, name = image.file_name.rpartition("/")
    return f"{folder}/" if name == image.original_name else image.file_name


def phash_block(number: int, images: Sequence[Image]) -> tuple[Block, bytes]:
    """How the pictures look: 16 hex digits each, zeros if that is unknown."""
    return _block("phash", number, CORE_ROWS, images, {
        "phashes": "".join(image.phash.rjust(16, "0")[:16] for image in images),
    })


def manifest(blocks: Iterable[Block], *, seq: int, total: int, coming: int = 0,
             searches: Sequence[Sequence[str]] = (),
             picks: Sequence[tuple[str, Sequence[int]]] = (), albums: str = "") -> bytes:
    """The content of `MANIFEST_PATH`: all blocks, the change it was built from, how many images.

    *coming* is how many more there will be, while the first build of many goes on.
    *searches* are the saved ones: name, query, order. *picks* are the pks that each visitor of a
    publication picked, by the name; without any, nothing is said of them. *albums* is the hash of
    their file, "" if there are none.
    """
    kinds: dict[str, list[list[Any]]] = {kind: [] for kind in KINDS}
    for block in sorted(blocks, key=lambda block: block.number):
        kinds[block.kind].append([block.number, block.rows, block.newest, block.hash])
    return _call({"kind": "manifest", "format": FORMAT, "seq": seq, "total": total,
                  **({"coming": coming} if coming else {}),
                  "searches": [list(search) for search in searches],
                  **({"picks": [[who, written_deltas(pks)] for who, pks in picks]}
                     if picks else {}), **({"albums": albums} if albums else {}), **kinds})


def albums_path(checksum: str) -> str:
    """Where the albums lie in the site; other ones have another name."""
    return f"data/albums-{checksum}.js"


def albums_file(albums: Sequence[tuple[str, str, int, Sequence[int]]]) -> tuple[str, bytes]:
    """All albums (tag, text, the pk of the cover or 0, the pks in order), with the hash of that."""
    content = _call({"kind": "albums", "albums": [
        [tag, text, cover, written_deltas(pks)] for tag, text, cover, pks in albums]})
    return hashlib.sha256(content).hexdigest()[:8], content


class _Distinct:
    """The distinct values in the order of their appearance, and which one each row has.

    `indexes` is empty if all rows have the first one.
    """

    def __init__(self, rows: Iterable[Any]) -> None:
        self.number: dict[Any, int] = {}
        indexes = [self.number.setdefault(value, len(self.number)) for value in rows]
        self.values = list(self.number)
        self.indexes = indexes if len(self.values) > 1 else []


def _block(
    kind: str, number: int, size: int, images: Sequence[Image], columns: dict[str, Any]
) -> tuple[Block, bytes]:
    content = _call({
        "kind": kind,
        "number": number,
        "rows": len(images),
        "runs": list(_runs(image.pk - number * size for image in images)),
        **columns,
    })
    newest = max((image.captured_at for image in images), default="")
    digest = hashlib.sha256(content).hexdigest()[:8]
    return Block(kind, number, len(images), newest, digest), content


def _call(value: Any) -> bytes:
    text = json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    # A script element ends at "</script" even within a string.
    return _BEFORE + text.replace("<", "\\u003c").encode("ascii") + _AFTER


def salted(content: bytes, salt: int) -> tuple[str, bytes]:
    """*content* of a data file with a number that no other site has, and the hash of that: what is
    the same in two sites are not the same bytes then."""
    content = content.removesuffix(b"}" + _AFTER) + b',"salt":%d}' % salt + _AFTER
    return hashlib.sha256(content).hexdigest()[:8], content


def without_numbers(content: bytes) -> bytes:
    """The block *content* less the columns that are numbers as text, which as letters say something
    by chance; all of *content* where it is not a block and nothing else.
    """
    if not (content.startswith(_BEFORE) and content.endswith(_AFTER)):
        return content
    try:
        block = json.loads(content[len(_BEFORE):-len(_AFTER)])
    except ValueError:
        return content
    if not isinstance(block, dict) or _call(block) != content:
        return content
    return _call({name: {key: one for key, one in value.items() if key not in _NUMBERS}
                  if isinstance(value, dict) else value
                  for name, value in block.items() if name not in _NUMBERS})


def _runs(offsets: Iterable[int]) -> Iterator[int]:
    """First offset and length of each run of rows without a gap."""
    start = length = 0
    for offset in offsets:
        if length and offset == start + length:
            length += 1
            continue
        if length:
            yield from (start, length)
        start, length = offset, 1
    if length:
        yield from (start, length)


def _created(images: Sequence[Image]) -> dict[str, Any]:
    """When images were added, and the unit of that in milliseconds.

    Only the order counts. Rows are numbered as they are created, so that seconds
    keep it, in a third of the bytes; only a clock that went back needs more.
    """
    times = [_milliseconds(image.created_at) for image in images]
    unit = 1000 if all(a <= b for a, b in pairwise(times)) else 1
    return {"created_unit": unit, "created": written_deltas(time // unit for time in times)}


def _offsets(
    images: Sequence[Image], size: int, wanted: Callable[[Image], bool]
) -> list[int]:
    return [image.pk % size for image in images if wanted(image)]


def _seconds(date: str) -> int:
    """Wall-clock time as seconds since 1970; 0 for what another program wrote there."""
    return _milliseconds(date) // 1000


def _milliseconds(date: str) -> int:
    try:
        moment = datetime.fromisoformat(date)
    except ValueError:
        return 0
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    span = moment - _EPOCH
    return (span.days * 86_400 + span.seconds) * 1000 + span.microseconds // 1000


def _settings(image: Image) -> tuple[str, ...]:
    """Names and values of the generation data in turn, without the seed, which repeats never."""
    pairs: list[str] = []
    for name in image.generation:
        if name != "seed" and (value := generated(image, name)):
            pairs += (name, value)
    return tuple(pairs)


def _short_name(image: Image) -> str:
    """The file's name; `/.png` stands for the id with `.png` behind it, as uploads are named."""
    return f"/{image.file_name[len(image.id):]}" if is_given(
        image.file_name, image.id) else image.file_name
