"""Records for other programs: JSON as the API gives it, a table, or a file for each image."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

from imagelib.library.store.disk import replacing
from imagelib.library.values.fields import ImageDraft
from imagelib.library.values.image import Image
from imagelib.library.values.registry import FIELDS, TEXTS

#: A table has no cells for what generators wrote.
_CSV = ("id", "file_name", "original_name", *(f.name for f in FIELDS if f.kind != "json"), "width",
        "height", "size_bytes", "mime_type", "digest", "phash", "created_at", "updated_at",
        "version", "file_state")


def records_as(form: str, images: Iterable[Image]) -> Iterator[bytes]:
    """The bytes of one document, `json` or `csv`, with a record for each of *images*."""
    return _as_csv(images) if form == "csv" else _as_json(images)


def _as_json(images: Iterable[Image]) -> Iterator[bytes]:
    yield b'{"images": [\n'
    for number, image in enumerate(images):
        yield (b",\n" if number else b"") + json.dumps(image.to_json()).encode()
    yield b"\n]}\n"


def _as_csv(images: Iterable[Image]) -> Iterator[bytes]:
    yield _line(_CSV)
    for image in images:
        yield _line([_cell(image, name) for name in _CSV])


def _line(cells: Iterable[object]) -> bytes:
    buffer = io.StringIO()
    csv.writer(buffer).writerow(cells)
    return buffer.getvalue().encode()


def _cell(image: Image, name: str) -> object:
    value = ", ".join(image.tags) if name == "tags" else getattr(image, name)
    # A spreadsheet would run a text that begins like a formula.
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t"):
        return "'" + value
    return value


def write_sidecars(folder: Path, images: Iterable[Image]) -> int:
    """Write `<file name>.json` and `.xmp` for each image below *folder*; return how many.

    The JSON is read back by `add`; XMP is what other picture programs know: tags,
    rating, description. A file with the same content is not written again.
    """
    count = 0
    for image in images:
        record = image.to_json()
        ours = {name: record[name] for name in ImageDraft.model_fields}
        content = json.dumps({"imagelib": ours, "id": image.id, "digest": image.digest}, indent=1)
        for kind, text in ((".json", content), (".xmp", _xmp(image))):
            target = folder / (image.file_name + kind)
            if not target.is_file() or target.read_bytes() != text.encode():
                with replacing(target, sync=False) as stream:
                    stream.write(text.encode())
        count += 1
    return count


def _xmp(image: Image) -> str:
    """XMP (ISO 16684-1) with the properties that photo programs read."""
    tags = "".join(f"<rdf:li>{_text(tag)}</rdf:li>" for tag in image.tags)
    texts = "".join(
        f'<dc:{field.xmp}><rdf:Alt><rdf:li xml:lang="x-default">{_text(value)}</rdf:li></rdf:Alt>'
        f"</dc:{field.xmp}>\n"
        for field in TEXTS if field.xmp and (value := getattr(image, field.name)))
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">\n'
        '<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/"'
        ' xmlns:xmp="http://ns.adobe.com/xap/1.0/"'
        f" xmp:Rating=\"{image.rating}\" xmp:CreateDate={quoteattr(image.captured_at)}>\n"
        f"<dc:subject><rdf:Bag>{tags}</rdf:Bag></dc:subject>\n"
        f"{texts}</rdf:Description></rdf:RDF></x:xmpmeta>\n"
    )


def _text(value: str) -> str:
    """Text for XML 1.0, which has no way to write most control characters."""
    return escape("".join(c for c in value if c >= " " or c in "\n\t"))
