"""The scratch library of one publication: public records and cleaned files, and nothing else.

The generator makes the gallery from it as from any library, and cannot leak what it has never
seen. It lies in `.imagelib/published/<name>/` and may be thrown away: it is made again. Beside it,
`sources.db` remembers which image became what, so that only what changed is made anew; that
file knows private names and digests.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import shutil
import sqlite3
import uuid
from collections.abc import Callable, Iterator, Set
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from imagelib.config import Settings
from imagelib.errors import BusyError, ImagelibError, LockedError
from imagelib.generator.build_state import BuildState
from imagelib.generator.derivatives import Lender
from imagelib.library.library import Library
from imagelib.library.query.albums import in_album
from imagelib.library.query.listing import ALBUM, Filter
from imagelib.library.query.query import Query
from imagelib.library.query.terms import All, HasTag, Not
from imagelib.library.store import folding
from imagelib.library.store.batches import goes_on, last_change
from imagelib.library.store.database import Transaction, translated
from imagelib.library.store.disk import flush, make_folder
from imagelib.library.store.locks import FileLock
from imagelib.library.store.rows import (
    chunks,
    drop_tags,
    insert_row,
    select,
    select_pks,
    set_tags,
    to_columns,
    update,
)
from imagelib.library.store.schema import NAMELESS
from imagelib.library.values.image import Image
from imagelib.publishing.files import PublishedFile, prepare, recipe_of
from imagelib.publishing.ledger import ask
from imagelib.publishing.lending import lender
from imagelib.publishing.policy import PRIVATE_TAG, Policy, is_below
from imagelib.publishing.proof.proving import Memory
from imagelib.publishing.proof.seen import Seen, code_stamp
from imagelib.publishing.proof.told import AllTold
from imagelib.publishing.records import Given, public_id, public_record

_SOURCES = """
CREATE TABLE IF NOT EXISTS sources (
    pk INTEGER PRIMARY KEY,            -- of the library
    number INTEGER NOT NULL UNIQUE,    -- the pk in the scratch library
    day TEXT NOT NULL,                 -- on which it came in
    digest TEXT NOT NULL,              -- of the file that was cleaned
    recipe TEXT NOT NULL,              -- how
    file TEXT NOT NULL,                -- what came out, as JSON of `PublishedFile`
    record TEXT NOT NULL,              -- a hash of what is public of it
    version INTEGER NOT NULL           -- of the image, when that was told
);
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
"""
#: How many records are compared at a time.
_SPAN = 500

Progress = Callable[[str, int, int], None]


@dataclass(slots=True)
class Derivation:
    """What became of the images of a publication."""

    images: int = 0
    #: How many more the policy asks for, that stay out as they are private.
    private: int = 0
    #: The newest change of the library that it knows of, and the library's ids of the images.
    seq: int = 0
    sources: set[str] = field(default_factory=set)
    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    #: (file name, reason) of each image that cannot be published as the policy wants it.
    refused: list[tuple[str, str]] = field(default_factory=list)

    def is_outdated(self, source: Library) -> bool:
        """Whether anybody has changed one of the images in the library since."""
        changed = source.database.read("SELECT DISTINCT image FROM changes WHERE seq > ?", self.seq)
        return any(row[0] in self.sources for row in changed)


@contextmanager
def derived(library: Library, policy: Policy) -> Iterator[Derived]:
    """The scratch library of *policy*, opened; nobody else works with it meanwhile.

    Raises:
        LockedError: somebody publishes it right now.
    """
    root = library.settings.private_dir / "published" / policy.name
    lock = FileLock(root / "lock")
    if not lock.acquire():
        raise LockedError(f"{policy.name!r} is being published right now. Try again when it is"
                          " done.")
    try:
        with translated(root / "sources.db"):
            one = Derived(library, policy, root)
            try:
                yield one
            finally:
                one.close()
    finally:
        lock.release()


@dataclass(frozen=True, slots=True)
class Published:
    """A publication that was made here: its name, and what its own ids are made by, if it has
    any."""

    name: str
    secret: bytes


def published(settings: Settings) -> dict[str, Published]:
    """The publications of a library that have an id, by that id."""
    found = {}
    for path in sorted((settings.private_dir / "published").glob("*/sources.db")):
        with translated(path):
            meta = dict(ask(path, "SELECT key, value FROM meta"))
        if "publication" in meta:
            found[meta["publication"]] = Published(path.parent.name,
                                                   bytes.fromhex(meta.get("secret", "")))
    return found


@dataclass(frozen=True, slots=True)
class _Known:
    """A row of `sources`, but for its key."""

    number: int
    day: str
    digest: str
    recipe: str
    file: PublishedFile
    record: str
    version: int


class Derived:
    """What `derived` gives: `library` is the scratch library."""

    def __init__(self, source: Library, policy: Policy, root: Path) -> None:
        self._source, self._policy, self.root = source, policy, root
        self._sources = sqlite3.connect(root / "sources.db", isolation_level=None)
        self._sources.executescript(f"BEGIN; {_SOURCES} COMMIT;")
        own = source.settings
        settings = replace(
            Settings(root), title=policy.heading, language=policy.language or own.language,
            base_url=policy.base_url, workers=own.workers, sharp=own.sharp, link_originals=True,
            records=False,
            max_pixels=own.max_pixels, decode_seconds=own.decode_seconds,
            decode_memory=own.decode_memory)
        shutil.rmtree(root / "templates", ignore_errors=True)
        if own.templates_dir:
            shutil.copytree(own.templates_dir, root / "templates")
        self.library = Library(settings)
        self.library.database.before_commit = folding.catch_up
        settings.images_dir.mkdir(exist_ok=True)
        self.library.database.migrate(before=lambda: None)

    def close(self) -> None:
        """Close both databases."""
        self.library.close()
        self._sources.close()

    @property
    def id(self) -> str:
        """By which picks name the publication (a uuid); it is made once."""
        self._sources.execute("INSERT OR IGNORE INTO meta VALUES ('publication', ?)",
                              (str(uuid.uuid4()),))
        return self._meta("publication")

    @property
    def secret(self) -> bytes:
        """What ids of this publication's own are made by; it is made once."""
        self._sources.execute("INSERT OR IGNORE INTO meta VALUES ('secret', ?)",
                              (secrets.token_hex(32),))
        return bytes.fromhex(self._meta("secret"))

    @property
    def salt(self) -> int:
        """What makes data files of this publication like those of no other."""
        return int.from_bytes(hashlib.sha256(b"salt" + self.secret).digest()[:6])

    def follow(self, progress: Progress = lambda stage, done, total: None,
               without: Set[str] = frozenset()) -> Derivation:
        """Make the scratch library what the policy makes of the library now, *without* some ids.

        An image whose file cannot be cleaned is left out and named. A change that is not
        published touches nothing here.
        """
        report = Derivation()
        wanted = self._wanted(without)
        known = {row[0]: _Known(row[1], row[2], row[3], row[4],
                                PublishedFile(**json.loads(row[5])), *row[6:])
                 for row in self._sources.execute("SELECT * FROM sources")}
        # Of an image that nobody has changed, nothing is read as long as the policy is the same.
        stamp = self._policy.model_dump_json() + code_stamp()
        # Where an earlier state was put back, a version may have come again with other content.
        is_later = goes_on(self._source.database.reader, int(self._meta("seq", "0")),
                           self._meta("batch"))
        if not is_later:
            self._set_meta("told", "")
        trusted = is_later and self._meta("policy") == stamp and self._meta("writing") != "1"
        files = self._prepare(wanted, known, self._same(known) if trusted else set(), report,
                              progress)
        # Two databases are never committed at once: who was killed between them begins anew.
        is_sure = self._meta("writing") != "1"
        self._set_meta("writing", "1")
        folding.fold_pending(self._source.database)
        with (self._source.database.read_transaction(),
              self.library.database.write("publish") as write):
            self._sources.execute("BEGIN")
            write.run("DROP INDEX IF EXISTS images_one_digest")  # cleaned files may be equal
            if not is_sure:
                known = self._check_again(write, known)
            # Cleaning takes long: who is private by now stays out.
            files = {pk: files[pk] for pk in self._wanted(without) if pk in files}
            for pk in known.keys() - files.keys():
                self._remove(write, pk, known[pk], report)
            same = self._same(known) if trusted else set()
            for chunk in chunks([pk for pk in files if pk not in same], _SPAN):
                images = select_pks(self._source.database.reader, chunk, raw=False)
                for pk in chunk:
                    if images[pk].digest == files[pk][0]:
                        self._put(write, images[pk], files[pk][1], known.get(pk), report)
                    else:
                        report.refused.append((images[pk].file_name,
                                               "it was replaced meanwhile; publish again"))
                        if pk in known:
                            self._remove(write, pk, known[pk], report)
            self._save_searches(write)
            self._save_albums(write)
            # What an image was before is not public, and need not lie here either.
            write.run("DELETE FROM trash")
            write.run("UPDATE changes SET before = '{}', after = '{}' WHERE before <> '{}'"
                      " OR after <> '{}'")
            report.private = len(self._private().intersection(self._asked_for(without)))
            seq, batch = last_change(self._source.database.reader)
            report.sources = {row[1] for row in self._source.database.read(
                "SELECT pk, id FROM images") if row[0] in files}
        for name, value in (("policy", stamp), ("seq", str(seq)), ("batch", batch)):
            self._set_meta(name, value)
        self._set_meta("writing", "0")
        self._sources.execute("COMMIT")
        self._sweep(files)
        report.images, report.seq = len(files), seq
        return report

    def lender(self) -> Lender:
        """The thumbnails of the library's own site, as far as they show what is published."""
        return lender(self._source, self._policy,
                      dict(self._sources.execute("SELECT number, digest FROM sources")))

    def memory(self) -> Memory:
        """What is known of the files of the site that is made of it, and of the library."""
        return Memory(Seen(self._sources), AllTold(self._sources))

    def marks(self) -> dict[int, tuple[str, str]]:
        """The public id and digest of what is public, by the pks of the library."""
        pks = {row[1]: row[0] for row in self._sources.execute("SELECT pk, number FROM sources")}
        return {pks[row[0]]: (row[1], row[2]) for row in self.library.database.read(
            "SELECT pk, id, digest FROM images")}

    def made(self) -> set[str]:
        """The paths of the files that the build of its site has made."""
        state = BuildState(self.library.settings.private_dir / "build.db", self.root / "site")
        try:
            return state.paths()
        finally:
            state.close()

    def records(self, ids: list[str]) -> Iterator[Image]:
        """The public records with these ids."""
        for chunk in chunks(ids, _SPAN):
            marks = ", ".join("?" * len(chunk))
            yield from select(self.library.database.reader,
                              f"WHERE i.id IN ({marks}) ORDER BY i.pk", chunk)

    def hashes(self) -> dict[str, str]:
        """A hash of what is public of each image, by its public id."""
        records = dict(self._sources.execute("SELECT number, record FROM sources"))
        return {row[1]: records[row[0]] for row in self.library.database.read(
            "SELECT pk, id FROM images")}

    def _wanted(self, without: Set[str]) -> list[int]:
        """The pks of the images of the publication, the oldest first."""
        private = self._private()
        return [pk for pk in self._asked_for(without) if pk not in private]

    def _asked_for(self, without: Set[str]) -> list[int]:
        where, values = Filter(Query.parse(self._policy.query)).to_sql()
        return [row[0] for row in self._source.database.read(
            f"SELECT i.pk, i.id FROM images AS i {where} ORDER BY i.captured_at, i.pk", *values)
            if row[1] not in without]

    def _private(self) -> set[int]:
        private: set[int] = set()
        for tag, name in self._source.database.read("SELECT id, name FROM tags"):
            if is_below(name, PRIVATE_TAG):
                private.update(row[0] for row in self._source.database.read(
                    "SELECT image FROM image_tags WHERE tag = ?", tag))
        return private

    def _same(self, known: dict[int, _Known]) -> set[int]:
        """The pks of the images that nobody has changed since."""
        return {row[0] for row in self._source.database.read("SELECT pk, version FROM images")
                if row[0] in known and known[row[0]].version == row[1]}

    def _prepare(self, wanted: list[int], known: dict[int, _Known], same: set[int],
                 report: Derivation, progress: Progress) -> dict[int, tuple[str, PublishedFile]]:
        """Of each image that has one the published file, and the digest that it was made from.

        What is absent is made.
        """
        recipe, folder, secret = recipe_of(self._policy), self.library.originals.folder, self.secret
        make_folder(folder)
        there = {path.name for path in folder.iterdir()}
        files: dict[int, tuple[str, PublishedFile]] = {}
        lacking: list[Image] = []
        for pk in same.intersection(wanted):
            if known[pk].recipe == recipe and known[pk].file.name in there:
                files[pk] = known[pk].digest, known[pk].file
        for chunk in chunks([pk for pk in wanted if pk not in files], _SPAN):
            for pk, image in select_pks(self._source.database.reader, chunk, raw=False).items():
                before = known.get(pk)
                if (before and (before.digest, before.recipe) == (image.digest, recipe)
                        and before.file.name in there):
                    files[pk] = image.digest, before.file
                elif image.file_state == "ok":
                    lacking.append(image)
                else:
                    report.refused.append((image.file_name, f"its file is {image.file_state}"))

        def one(image: Image) -> tuple[Image, PublishedFile | str]:
            try:
                return image, prepare(self._source, image, self._policy, folder,
                                      public_id(image.id, self._policy, secret))
            except BusyError:
                raise
            except ImagelibError as error:
                return image, str(error)
            except FileNotFoundError:  # somebody deletes while others are cleaned
                return image, "its file was taken away meanwhile"

        with ThreadPoolExecutor(self._source.sandbox.size) as pool:
            try:
                for done, (image, made) in enumerate(pool.map(one, lacking), 1):
                    if isinstance(made, str):
                        report.refused.append((image.file_name, made))
                    else:
                        files[image.pk] = image.digest, made
                    progress("cleaning", done, len(lacking))
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        # A file that is remembered is never looked into again.
        flush([folder / files[image.pk][1].name for image in lacking if image.pk in files])
        return files

    def _put(self, transaction: Transaction, image: Image, file: PublishedFile,
             before: _Known | None, report: Derivation) -> None:
        number, day = (before.number, before.day) if before else (self._next_number(), _today())
        record = public_record(image, self._policy, Given(number, day, self.secret))
        columns = record | file.columns()
        tags = set(columns.pop("tags"))
        text = hashlib.sha256(json.dumps([columns, sorted(tags)], sort_keys=True).encode())
        if before and before.record == text.hexdigest():
            self._sources.execute("UPDATE sources SET version = ? WHERE pk = ?",
                                  (image.version, image.pk))
            return
        if before and (there := select_pks(transaction.connection, [number]).get(number)):
            update(transaction, number, {
                name: value for name, value in columns.items()
                if name not in ("id", "created_at", "updated_at")
                and value != getattr(there, name)})
            drop_tags(transaction, number, set(there.tags) - tags)
            set_tags(transaction, number, sorted(tags - set(there.tags)))
            report.changed.append(columns["id"])
        else:
            insert_row(transaction, {"pk": number} | to_columns(columns))
            set_tags(transaction, number, sorted(tags))
            report.added.append(columns["id"])
        # The triggers write the moment, and count.
        transaction.run("UPDATE images SET id = ?, created_at = ?, updated_at = ?, version = 1"
                        " WHERE pk = ?", columns["id"], columns["created_at"],
                        f"{_today()}T00:00:00.000Z", number)
        self._sources.execute(
            "INSERT OR REPLACE INTO sources VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (image.pk, number, day, image.digest, recipe_of(self._policy),
             json.dumps(asdict(file)), text.hexdigest(), image.version))

    def _remove(self, transaction: Transaction, pk: int, known: _Known,
                report: Derivation) -> None:
        row = transaction.run("SELECT id FROM images WHERE pk = ?", known.number).fetchone()
        if row:
            report.removed.append(row[0])
        transaction.run("DELETE FROM images WHERE pk = ?", known.number)
        self._sources.execute("DELETE FROM sources WHERE pk = ?", (pk,))

    def _next_number(self) -> int:
        """One behind all that there ever were: a number that was seen never means another image."""
        number = int(self._meta("number", "0")) + 1
        self._set_meta("number", str(number))
        return number

    def _check_again(self, transaction: Transaction, known: dict[int, _Known]) -> dict[int, _Known]:
        """Drop the rows that `sources` does not know, and believe none of the others."""
        numbers = {one.number for one in known.values()}
        for row in transaction.run("SELECT pk FROM images").fetchall():
            if row[0] not in numbers:
                transaction.run("DELETE FROM images WHERE pk = ?", row[0])
        return {pk: replace(one, record="") for pk, one in known.items()}

    def _save_searches(self, transaction: Transaction) -> None:
        transaction.run("DELETE FROM searches")
        for row in self._source.database.read("SELECT name, query, sort FROM searches"):
            if row["name"] in self._policy.saved_searches:
                transaction.run("INSERT INTO searches VALUES (?, ?, ?)", *row)

    def _save_albums(self, transaction: Transaction) -> None:
        """The albums of tags that are kept, as far as their images are published; all of these are
        listed, as numbers of publications are given in another order. Of the one that the policy's
        query is, the order, without a name, also if its tag is withheld."""
        transaction.run("DELETE FROM albums")
        whole = self._whole()
        numbers = dict(self._sources.execute("SELECT pk, number FROM sources"))
        for tag, text, cover, pks in self._source.database.read(
                "SELECT tag, text, cover, pks FROM albums"):
            worn = [row[0] for row in self._source.database.read(
                "SELECT it.image FROM image_tags AS it JOIN tags AS t ON t.id = it.tag"
                " WHERE t.name = ? ORDER BY it.image", tag) if row[0] in numbers]
            there = set(worn)
            order = json.dumps([numbers[pk] for pk in dict.fromkeys(
                (*(pk for pk in json.loads(pks) if pk in there), *worn))])
            if worn and self._policy.keeps("tags") and tag in self._policy.tags:
                transaction.run("INSERT INTO albums VALUES (?, ?, ?, ?)", tag, text,
                                numbers[cover] if cover in there else None, order)
            elif worn and tag == whole:
                transaction.run("INSERT INTO albums VALUES (?, ?, ?, ?)", NAMELESS, "", None, order)

    def _whole(self) -> str:
        """The tag of the album that the policy's query is, but for what it leaves out, or ""."""
        query = Query.parse(self._policy.query)
        parts = query.root.parts if isinstance(query.root, All) else (query.root,)
        asked = [part for part in parts if not isinstance(part, Not)]
        return in_album(self._source.database, Filter(query, sort=ALBUM)).album if len(
            asked) == 1 and isinstance(asked[0], HasTag) else ""

    @property
    def album(self) -> str | None:
        """The album in the site whose order all images have, or None; without a name if its tag is
        withheld."""
        there = [row[0] for row in self.library.database.read("SELECT tag FROM albums")]
        return next((tag for tag in (self._whole(), NAMELESS) if tag in there), None)

    def _sweep(self, files: dict[int, tuple[str, PublishedFile]]) -> None:
        """Take away the files that no image has any more."""
        kept = {file.name for _, file in files.values()}
        for path in self.library.originals.folder.iterdir():
            if path.name not in kept:
                path.unlink()

    def _set_meta(self, key: str, value: str) -> None:
        self._sources.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    def _meta(self, key: str, default: str = "") -> str:
        row = self._sources.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return str(row[0]) if row else default


def _today() -> str:
    return f"{datetime.now(UTC):%Y-%m-%d}"
