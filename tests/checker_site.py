"""The site, read as any other program would: links, blocks of the index, originals."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from functools import partial
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

#: How numbers are written (docs/design.md, section 5).
DIGITS = "".join(chr(code) for code in range(32, 127) if chr(code) not in '"<\\')
LAST = 64


def site_violations(site: Path, images: list[dict[str, Any]], seq: int | None) -> list[str]:
    """What is wrong with the site of these rows; with *seq*, it must be that of this change."""
    found = [*_links(site)]
    manifest = _data(site / "data" / "manifest.js")
    if seq is not None and manifest["seq"] != seq:
        return [*found, f"the site is of change {manifest['seq']}, the library at {seq}"]
    blocks: dict[str, list[dict[str, Any]]] = {}
    # A site of an earlier version has no titles, and another word for what it has of looks.
    is_earlier = manifest["format"] < 4
    for kind in ("core", "text", "file", "id", "look" if is_earlier else "phash",
                 *(["name"] if "name" in manifest else [])):
        for number, rows, _, checksum in manifest[kind]:
            path = site / "data" / f"{kind}-{number}-{checksum}.js"
            if not path.is_file():
                found.append(f"{path.name} is named by the manifest and is not there")
                continue
            if hashlib.sha256(path.read_bytes()).hexdigest()[:8] != checksum:
                found.append(f"{path.name} is not what its name says")
            block = _data(path)
            if block["rows"] != rows:
                found.append(f"{path.name} has {block['rows']} rows, not {rows}")
            blocks.setdefault(kind, []).append(block)
    if seq is None or found:
        return found
    if manifest["total"] != len(images):
        found.append(f"the manifest says {manifest['total']} images, there are {len(images)}")
    by_pk = {image["pk"]: image for image in images}
    text = partial(_text, has_titles=not is_earlier)
    for kind, size, reader in (("core", 8192, _core), ("text", 4096, text), ("file", 256, _file)):
        told = {pk: value for block in blocks.get(kind, [])
                for pk, value in zip(_pks(block, size), reader(block), strict=True)}
        if told.keys() != by_pk.keys():
            found.append(f"the {kind} blocks have other rows: {told.keys() ^ by_pk.keys()}")
        for pk in told.keys() & by_pk.keys():
            wanted = {name: _wanted(by_pk[pk], name) for name in told[pk] if name != "place"}
            if wanted != {name: value for name, value in told[pk].items() if name != "place"}:
                found.append(f"the {kind} block has other values of {by_pk[pk]['id']}")
            if kind == "file":
                found += _original(site, by_pk[pk], told[pk]["place"])
    return found


def _original(site: Path, image: dict[str, Any], place: str) -> Iterator[str]:
    path = site / place
    if image["file_state"] == "ok" and not path.is_file():
        yield f"the original of {image['id']} is not at {place}"
    elif image["file_state"] == "ok" and (
            hashlib.sha256(path.read_bytes()).hexdigest() != image["digest"]):
        yield f"the site's original of {image['id']} has other bytes"
    source = site.parent / "images" / image["file_name"]
    if path.is_file() and source.is_file() and path.samefile(source):
        yield f"the site shares the file of {image['id']}"


def _wanted(image: dict[str, Any], name: str) -> Any:
    made = json.loads(image["generation"] or "{}")
    if name == "captured_at":
        return datetime.fromisoformat(image[name]).replace(microsecond=0, tzinfo=None)
    if name == "missing":
        return image["file_state"] == "missing"
    if name == "seed":
        value = made.get("seed")
        return "" if value is None else value if isinstance(value, str) else json.dumps(value)
    return image[name]


def _core(block: dict[str, Any]) -> Iterator[dict[str, Any]]:
    count = block["rows"]
    captured, now = [], 0
    for value in _numbers(block["captured"]):
        now += value // 2 if value % 2 == 0 else -(value + 1) // 2
        captured.append(datetime(1970, 1, 1) + timedelta(seconds=now))  # noqa: DTZ001 - has no zone
    sets, at = [], 0
    members = _numbers(block["tag_sets"])
    for size in _numbers(block["tag_set_sizes"]):
        sets.append([block["tags"][number] for number in members[at:at + size]])
        at += size
    missing = set(block["missing"])
    models, sizes, tags = (_column(values, _numbers(block[index]), count) for values, index in (
        (block["models"], "model"), (block["sizes"], "size"), (sets, "tag_set")))
    for n, offset in enumerate(_offsets(block)):
        yield {"captured_at": captured[n], "rating": int(block["rating"][n]),
               "ai_model": models[n], "width": sizes[n][0], "height": sizes[n][1],
               "tags": sorted(tags[n]), "missing": offset in missing}


def _text(block: dict[str, Any], *, has_titles: bool) -> Iterator[dict[str, Any]]:
    columns = {}
    for name, texts, index in (("prompt_text", "prompts", "prompt"),
                               ("negative_prompt", "negatives", "negative"),
                               ("notes", "notes", "note"),
                               *([("title", "titles", "title")] if has_titles else [])):
        column = block[texts]
        tokens, at, values = _numbers(column["tokens"]), 0, []
        for length in _numbers(column["lengths"]):
            values.append("".join(column["pieces"][t] for t in tokens[at:at + length]))
            at += length
        columns[name] = _column(values, _numbers(block[index]), block["rows"])
    seeds = block["seeds"] or [""] * block["rows"]
    for n in range(block["rows"]):
        yield {name: values[n] for name, values in columns.items()} | {"seed": seeds[n]}


def _file(block: dict[str, Any]) -> Iterator[dict[str, Any]]:
    types = _column(block["types"], block["type"], block["rows"])
    places = dict(zip(block.get("placed", []), block.get("places", []), strict=True))
    for n, offset in enumerate(_offsets(block)):
        name = block["names"][n]
        name = block["ids"][n] + name[1:] if name.startswith("/") else name
        yield {"id": block["ids"][n], "digest": block["digests"][n], "file_name": name,
               "original_name": block["originals"][n], "size_bytes": block["bytes"][n],
               "mime_type": types[n], "place": places.get(offset, f"images/{name}")}


def _column(values: list[Any], indexes: list[int], count: int) -> list[Any]:
    return [values[n] for n in indexes] if indexes else values[:1] * count


def _offsets(block: dict[str, Any]) -> list[int]:
    runs = block["runs"]
    return [first + n for first, length in zip(runs[::2], runs[1::2], strict=True)
            for n in range(length)]


def _pks(block: dict[str, Any], size: int) -> list[int]:
    return [block["number"] * size + offset for offset in _offsets(block)]


def _numbers(text: str) -> list[int]:
    found, high = [], 0
    for digit in map(DIGITS.index, text):
        if digit < LAST:
            found.append(high * LAST + digit)
            high = 0
        else:
            high = high * (len(DIGITS) - LAST) + digit - LAST + 1
    return found


def _data(path: Path) -> dict[str, Any]:
    content = path.read_bytes()
    assert content.startswith(b"ImagelibData(")
    assert content.endswith(b");\n")
    found: dict[str, Any] = json.loads(content[13:-3])
    return found


class _References(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.found += [value for name in ("href", "src") if (value := values.get(name))]
        self.found += [part.split()[0] for part in (values.get("srcset") or "").split(",") if part]


def _links(site: Path) -> Iterable[str]:
    for page in site.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        if not text.rstrip().endswith("</html>"):
            yield f"{page.name} is torn"
        parser = _References()
        parser.feed(text)
        for url in parser.found:
            parts = urlsplit(url)
            if not parts.scheme and parts.path and not (page.parent / unquote(parts.path)).exists():
                yield f"{page.relative_to(site)} leads to {url}, which is not there"
