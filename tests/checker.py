"""What is wrong with a library, asked without a line of imagelib: standard library and Pillow only.

    python tests/checker.py LIBRARY

A violation is one line. The library must be at rest: nobody may be writing.
"""

from __future__ import annotations

import hashlib
import json
import re
import sqlite3
import sys
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

from checker_site import site_violations
from PIL import Image

FOLDED = ("text", "model", "tool", "sampler", "seed")

#: Names that imagelib gives: such a file is an inode that nobody else has.
_OURS = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.\w+")


def violations(root: Path, *, purged: Iterable[str] = (), built: bool = True) -> list[str]:
    """All that is wrong. *purged* are digests whose bytes must be nowhere below *root*.

    With *built*, the site must show the library as it is now, if there is one.
    """
    with closing(sqlite3.connect(":memory:")) as database:
        # A copy: looking must not change anything, and one check has to write.
        with closing(sqlite3.connect(f"{(root / 'library.db').absolute().as_uri()}?mode=ro",
                                     uri=True)) as source:
            source.backup(database)
        database.row_factory = sqlite3.Row
        images = [dict(row) for row in database.execute("SELECT * FROM images ORDER BY pk")]
        tags = defaultdict(set)
        for row in database.execute("SELECT it.image, t.name FROM image_tags it"
                                    " LEFT JOIN tags t ON t.id = it.tag"):
            tags[row["image"]].add(row["name"])
        for image in images:
            image["tags"] = sorted(tag for tag in tags[image["pk"]] if tag is not None)
        found = [
            *_rows(database, images, tags), *_files(root, database, images),
            *_trash(root, database), *_history(database, images), *_texts(database, images),
            *_leftovers(root), *_purged(root, set(purged)),
        ]
        if (root / "site" / "index.html").exists():
            seq = database.execute("SELECT coalesce(max(seq), 0) FROM changes").fetchone()[0]
            found += site_violations(root / "site", images, seq if built else None)
    return found


def sha(path: Path) -> str:
    """The digest of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _rows(database: sqlite3.Connection, images: list[dict[str, Any]],
          tags: dict[int, set[str]]) -> Iterable[str]:
    for row in database.execute("PRAGMA integrity_check"):
        if row[0] != "ok":
            yield f"database: {row[0]}"
    known = {image["pk"] for image in images}
    yield from (f"tags of row {pk}, which is not there" for pk in tags.keys() - known)
    yield from (f"a tag of row {pk} has no name" for pk, names in tags.items() if None in names)
    for digest, count in Counter(image["digest"] for image in images).items():
        if count > 1:
            yield f"{count} live images have the bytes {digest[:12]}"
    for row in database.execute("SELECT id FROM trash WHERE id IN (SELECT id FROM images)"):
        yield f"{row['id']} is live and in the trash"
    for row in database.execute("SELECT * FROM intents"):
        yield f"an intent is left: {row['body'][:80]}"
    if database.execute("SELECT 1 FROM context").fetchone():
        yield "the context of a batch is left"


def _files(root: Path, database: sqlite3.Connection,
           images: list[dict[str, Any]]) -> Iterable[str]:
    folder = root / "images"
    named = {}
    for image in images:
        path = folder / image["file_name"]
        named[image["file_name"]] = image
        if not path.is_file() or path.is_symlink():
            if image["file_state"] != "missing":
                yield f"{image['file_name']} is gone, and its row says {image['file_state']}"
        elif image["file_state"] == "ok" and sha(path) != image["digest"]:
            yield f"{image['file_name']} has other bytes than its row"
        elif _OURS.fullmatch(image["file_name"]) and path.stat().st_nlink > 1:
            yield f"{image['file_name']} can be written to under another name"
    parked = {row[0] for row in database.execute(
        "SELECT digest FROM trash UNION SELECT digest FROM replaced")}
    live = {image["digest"] for image in images}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if (path.is_file() and name not in named and not any(
                part.startswith(".") for part in path.relative_to(folder).parts)
                and _is_picture(path) and sha(path) not in live | parked):
            yield f"{name} is a picture that no row knows"


def _is_picture(path: Path) -> bool:
    try:
        with Image.open(path) as image:
            image.load()
    except Exception:  # noqa: BLE001 - Pillow raises what it likes
        return False
    return image.format in ("PNG", "JPEG", "WEBP", "GIF", "AVIF")


def _trash(root: Path, database: sqlite3.Connection) -> Iterable[str]:
    folder = root / ".imagelib" / "trash"
    known = set()
    for row in database.execute("SELECT id, digest, file FROM trash WHERE file IS NOT NULL"
                                " UNION ALL SELECT image, digest, file FROM replaced"):
        if row["file"] in known:
            yield f"two rows have {row['file']} in the trash"
        known.add(row["file"])
        path = folder / row["file"]
        if not path.is_file():
            yield f"{row['file']} of {row['id']} is not in the trash"
        elif sha(path) != row["digest"]:
            yield f"{row['file']} of {row['id']} has other bytes"
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.name not in known:
            yield f"{path.name} in the trash has no row"


def _history(database: sqlite3.Connection, images: list[dict[str, Any]]) -> Iterable[str]:
    """Undo all changes of each image backwards, down to its insertion."""
    states = {image["id"]: dict(image) for image in images}
    states |= {row["id"]: json.loads(row["record"])
               for row in database.execute("SELECT id, record FROM trash")
               if row["id"] not in states}
    live = {image["id"] for image in images}
    changes = defaultdict(list)
    for row in database.execute("SELECT * FROM changes WHERE kind <> 'purge' ORDER BY seq DESC"):
        changes[row["image"]].append(row)
    for image_id, state in states.items():
        fault = _replayed(state, changes.get(image_id, []), is_live=image_id in live)
        if fault:
            yield f"history of {image_id}: {fault}"
    for image_id in changes.keys() - states.keys():
        yield f"history of {image_id}, which is neither live nor in the trash"


def _replayed(state: dict[str, Any], changes: list[sqlite3.Row], *, is_live: bool) -> str:
    tags: set[str] | None = set(state["tags"])
    batch, at_batch = "", tags
    for number, change in enumerate(changes):
        if change["batch"] != batch:
            batch, at_batch = change["batch"], None if tags is None else set(tags)
        before, after = json.loads(change["before"]), json.loads(change["after"])
        kind = change["kind"]
        if (kind == "delete") == is_live:
            return f"{kind} where the image is {'live' if is_live else 'deleted'}"
        if kind == "update":
            for name, value in after.items():
                if state[name] not in (value, ...):
                    return f"{name} is {state[name]!r}, the change #{change['seq']} made {value!r}"
            state |= before
        elif kind == "tags" and tags is not None:
            gone, come = set(before.get("tags", [])), set(after.get("tags", []))
            if come - tags or (gone - come) & tags:
                return f"the tags {tags} are not those after change #{change['seq']}"
            tags = (tags - come) | gone
        elif kind == "insert":
            if tags:
                return f"the tags {tags} were there from the first"
            is_live = False
            # A restored image has the tags that it was deleted with; they are logged as new ones.
            tags = at_batch
            state["file_state"] = ...  # its file may have come back meanwhile, which is not logged
        elif kind == "delete":
            is_live = True
        if kind == "insert" and number == len(changes) - 1:
            return ""
    return "it does not begin with an insertion"


def fold(text: str) -> str:
    """Case, accents and compatibility forms forgotten, blanks made one."""
    for _ in range(2):
        text = unicodedata.normalize("NFKD", text)
        text = "".join(c for c in text if not unicodedata.category(c).startswith("M")).casefold()
    text = unicodedata.normalize("NFKD", text)
    return "".join(c for c in text if not unicodedata.category(c).startswith("M"))


def _texts(database: sqlite3.Connection, images: list[dict[str, Any]]) -> Iterable[str]:
    since = int(database.execute(
        "SELECT value FROM meta WHERE key = 'folded_seq'").fetchone()[0])
    late = {row[0] for row in database.execute("SELECT pk FROM changes WHERE seq > ?", (since,))}
    folded = {row["pk"]: row for row in database.execute("SELECT * FROM folded")}
    version = int(database.execute("PRAGMA user_version").fetchone()[0])
    for image in images:
        if image["pk"] in late:
            continue
        made = json.loads(image["generation"] or "{}")

        def value(name: str, made: dict[str, Any] = made) -> str:
            found = made.get(name)
            return ("" if found is None else found if isinstance(found, str)
                    else json.dumps(found, ensure_ascii=False))

        fields = [image["prompt_text"], image["negative_prompt"], image["notes"],
                  *([image["title"]] if "title" in image else []),  # not before its upgrade
                  image["ai_model"], *image["tags"],
                  *([image["original_name"]] if version >= 5 else [])]
        wanted = ("\x1f".join(" ".join(fold(text).split()) for text in fields),
                  fold(image["ai_model"]), fold(value("tool")), fold(value("sampler")),
                  value("seed"))
        row = folded.get(image["pk"])
        if row is None or tuple(row[name] for name in FOLDED) != wanted:
            yield f"the text of {image['id']} is not that of its row"
    yield from (f"a text of row {pk}, which is not there"
                for pk in folded.keys() - {image["pk"] for image in images} - late)
    try:
        database.execute("INSERT INTO images_fts (images_fts, rank) VALUES ('integrity-check', 1)")
    except sqlite3.DatabaseError as error:
        yield f"text index: {error}"


def _leftovers(root: Path) -> Iterable[str]:
    for path in root.rglob("*"):
        if path.name.startswith(".imagelib-") or path.name.endswith(".partial"):
            yield f"{path.relative_to(root)} was left behind"


def _purged(root: Path, digests: set[str]) -> Iterable[str]:
    for path in root.rglob("*") if digests else ():
        if path.is_file() and not path.is_symlink() and sha(path) in digests:
            yield f"{path.relative_to(root)} has the bytes of a purged image"


if __name__ == "__main__":
    lines = violations(Path(sys.argv[1]))
    print("\n".join(lines))
    sys.exit(bool(lines))
