"""The files of the library: taken in, replaced, put into the trash, and back.

A file under `images/` is never written in place, and one that we put there is an
inode that nobody else has. What leaves the folder goes into the trash below
`.imagelib/`, and only emptying the trash destroys bytes.

Plans and what carries them out belong inside one `Database.exclusive` block.
"""

from __future__ import annotations

import base64
import re
import uuid
from collections.abc import Iterable
from dataclasses import astuple, dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from imagelib.config import Settings
from imagelib.errors import ConflictError, LibraryFaultError
from imagelib.formats import EXTENSIONS
from imagelib.library.originals.early import Early
from imagelib.library.originals.fingerprints import (
    Fingerprint,
    fingerprint,
    require_unchanged,
    stat_in_trash,
)
from imagelib.library.originals.intents import Intents, Plan
from imagelib.library.store.batches import Step
from imagelib.library.store.database import Database, Transaction
from imagelib.library.store.disk import (
    Stat,
    copy_apart,
    copy_synced,
    digest,
    is_plain_file,
    portable_name,
    to_stat,
)
from imagelib.library.store.rows import (
    apply_patch,
    insert_row,
    note_stat,
    select,
    set_tags,
    to_columns,
    update,
)
from imagelib.library.values.dates import date_in_name, dated_by_name, utc_now, wall_clock
from imagelib.library.values.image import Image
from imagelib.library.values.outcome import Outcome
from imagelib.sandbox import Sandbox

if TYPE_CHECKING:
    from imagelib.library.values.fields import ImageDraft, ImagePatch

#: Names that we give to files, and that nobody else has reason to write to.
_MANAGED = re.compile(
    rf"[0-9a-f]{{8}}(?:-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}}(?:{'|'.join(EXTENSIONS.values())})")
#: If so many of the newest files are gone, the folder is not the one it was.
_SAMPLE = 20
#: In a library of so few images all may be gone by hand.
_FEW = 2


@dataclass(frozen=True, slots=True)
class Inspected:
    """What was found in a file: its digest, what decoding said, and its own metadata."""

    path: Path
    #: How it looked before it was read.
    stat: Stat
    digest: str
    size_bytes: int
    mime_type: str
    width: int
    height: int
    phash: str
    draft: ImageDraft
    #: Whether the date of `draft` is inside the file, or beside it; else it is its mtime.
    is_dated: bool = False
    #: What was made of the picture for the site, by the names of the recipes.
    derivatives: dict[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NewImage:
    """A file that is to become an image: what it is, and what the user says of it."""

    inspected: Inspected
    draft: ImageDraft | None = None
    original_name: str = ""
    in_place: bool = False
    #: Kept from another library; by default new ones.
    image_id: str = ""
    created_at: str = ""


class Originals:
    """The file side of one library."""

    def __init__(self, settings: Settings, database: Database, sandbox: Sandbox) -> None:
        self.folder = settings.images_dir
        self.trash_dir = settings.private_dir / "trash"
        self._settings = settings
        self.database = database
        self._sandbox = sandbox
        self.early = Early(settings.private_dir / "derivatives")
        self.intents = Intents(
            database, settings.private_dir / "run",
            {"images": self.folder, "private": settings.private_dir, "site": settings.site_dir},
            (self.folder, settings.private_dir / "upload"))

    def path_of(self, image: Image) -> Path:
        """Where the file of *image* lies, or should lie."""
        return self.folder / image.file_name

    def read_in_place(self, image: Image) -> Fingerprint | None:
        """What lies in the place of *image*, None if nothing does.

        A file that looks as it did when it was read is not read again.
        """
        path = self.path_of(image)
        if not is_plain_file(path):
            return None
        rows = self.database.read("SELECT size_bytes, mtime_ns, inode FROM file_stats"
                                   " WHERE pk = ?", image.pk)
        now = to_stat(path.stat())
        if rows and image.file_state == "ok" and tuple(rows[0]) == now:
            return Fingerprint(now, image.digest)
        return fingerprint(path)

    def require_folder(self) -> None:
        """Refuse to write where the disk of `images/` is not connected.

        Raises:
            LibraryFaultError: the folder is not there, or none of its files is in it.
        """
        newest = self.database.read("SELECT file_name FROM images WHERE file_state = 'ok'"
                                     " ORDER BY pk DESC LIMIT ?", _SAMPLE)
        there = self.folder.is_dir() and (len(newest) <= _FEW or any(
            (self.folder / row[0]).exists() for row in newest))
        if not there:
            raise LibraryFaultError(
                f"The images folder {self.folder} is not there, or is not the one it was. Nothing"
                " was changed; connect the disk, or put the folder back. If its files are really"
                " gone: imagelib check --fix --accept-missing")

    def stage(self, source: Path | IO[bytes]) -> Path:
        """Copy *source*, flushed, to a temporary name beside its later place.

        The copy shares nothing with a file that others may write to; where the file system can,
        it takes no room either (`imagelib.library.store.disk.copy_apart`).
        """
        self.require_folder()
        staged = self.intents.staging_path(self.folder)
        try:
            if isinstance(source, Path):
                copy_apart(source, staged, sync=True)
            else:
                copy_synced(source, staged)
        except BaseException:
            staged.unlink(missing_ok=True)
            raise
        return staged

    def inspect(self, path: Path, named: Path | None = None, read: Fingerprint | None = None, *,
                derive: bool = False) -> Inspected:
        """Decode the file at *path* in a worker, and read what its generator wrote.

        *named* is where the file lies under its own name, if *path* is a staged copy; *read* is
        its fingerprint, if it is known already. To *derive* is to make what the site shows of it
        while it is decoded.

        Raises:
            UnsupportedTypeError, BrokenPictureError: it is no picture that we keep.
        """
        read = read or fingerprint(path)
        recipes = [list(astuple(recipe)) for recipe in self._settings.recipes * derive]
        found = self._sandbox.call(self._settings.inspector, str(path),
                                   self._settings.max_pixels, str(named or ""), recipes)
        stat = path.stat()
        if to_stat(stat) != read.stat:
            raise ConflictError(f"{path} is still being written. Try again when it is complete.")
        from imagelib.library.values.fields import ImageDraft  # see `values.written`

        draft: dict[str, Any] = found["draft"] | ImageDraft.taken_from(found["given"])
        is_dated = bool(draft.get("captured_at"))
        draft["captured_at"] = draft.get("captured_at") or wall_clock(stat.st_mtime)
        return Inspected(path, read.stat, read.digest, stat.st_size, found["mime_type"],
                         found["width"], found["height"], found["phash"], ImageDraft.of(draft),
                         is_dated, {name: base64.b64decode(content)
                                    for name, content in found["derivatives"].items()})

    def find_digest(self, checksum: str) -> Image | None:
        """The live image with these bytes."""
        found = select(self.database.reader, "WHERE i.digest = ? ORDER BY i.pk LIMIT 1",
                       [checksum])
        return found[0] if found else None

    def find_trashed(self, checksum: str) -> str | None:
        """The id of the deleted image with these bytes, the last deleted one of several."""
        rows = self.database.read("SELECT id FROM trash WHERE digest = ?"
                                   " ORDER BY deleted_at DESC LIMIT 1", checksum)
        return rows[0][0] if rows else None

    def stage_recorded(self, image: Image) -> Path | None:
        """A staged copy of the recorded bytes of *image*, from somewhere else than its place.

        Looked for in the site, in the trash, and where watched pictures came from.
        """
        rows = self.database.read(
            "SELECT file FROM replaced WHERE digest = ? UNION"
            " SELECT file FROM trash WHERE digest = ? AND file IS NOT NULL", *[image.digest] * 2)
        places = self._published(image)
        places += [self.trash_dir / row[0] for row in rows]
        places += [Path(row[0]) for row in self.database.read(
            "SELECT path FROM taken WHERE digest = ?", image.digest)]
        for path in places:
            if is_plain_file(path) and path.stat().st_size == image.size_bytes:
                try:
                    staged = self.stage(path)
                except OSError:  # it cannot be read, and another place may have them
                    continue
                if digest(staged) == image.digest:  # the copy: nobody can write to it any more
                    return staged
                staged.unlink()
        return None

    def _published(self, image: Image) -> list[Path]:
        """Where the site may have the file of *image*: under its name, or one that has its id."""
        folder = self._settings.published_dir
        found = [folder / image.file_name]
        return found if is_managed(image.file_name) else [*found, *folder.glob(f"*~{image.id}.*")]

    def insert(self, new_images: list[NewImage], action: str = "add",
               edits: Iterable[tuple[str, ImagePatch]] = ()) -> Outcome:
        """Make all *new_images* images of the library, or none of them; they change in this order.

        *edits* of images that are there already belong to the same batch.
        """
        plan = Plan()
        prepared = []
        for one in new_images:
            columns, tags = self.prepare(one)
            if not one.in_place:
                plan.new.append((one.inspected.path, self.folder / columns["file_name"],
                                 one.inspected.digest))
            prepared.append((columns, tags, one.inspected.stat))
            self.early.keep(one.inspected.digest, one.inspected.derivatives)
        with self.intents.carried_out(plan, action) as transaction:
            for columns, tags, read in prepared:
                self.add_row(transaction, columns, tags, read)
            for image_id, patch in edits:
                apply_patch(transaction, image_id, patch)
        return transaction.outcome

    def prepare(self, one: NewImage) -> tuple[dict[str, Any], list[str]]:
        """The columns of a new row, and its tags."""
        image_id = one.image_id or str(uuid.uuid4())
        inspected, draft = one.inspected, one.draft
        name = image_id + EXTENSIONS[inspected.mime_type]
        if one.in_place:
            name = inspected.path.relative_to(self.folder).as_posix()
        now = utc_now()
        columns = file_columns(inspected) | _metadata(_dated(one), draft) | {
            "id": image_id, "file_name": name, "created_at": one.created_at or now,
            "updated_at": now, "original_name": _shown_name(one.original_name),
        }
        tags = draft.tags if draft and "tags" in draft.model_fields_set else inspected.draft.tags
        return columns, tags

    def add_row(self, transaction: Transaction, columns: dict[str, Any], tags: list[str],
                read: Stat) -> None:
        """Make the row of a file that lies in its place, and looked so before it was read."""
        pk = insert_row(transaction, to_columns(columns))
        set_tags(transaction, pk, tags)
        # The tags of a new image are no edits of it.
        transaction.run("UPDATE images SET version = 1 WHERE pk = ?", pk)
        note_stat(transaction, pk, self.folder / columns["file_name"], read)

    def give_back(self, image: Image, staged: Path, action: str = "located") -> Outcome:
        """Put the file of *image* back into its place from a staged copy of it.

        What lies there instead, if it was altered, is kept in the trash.
        """
        target, read = self.path_of(image), to_stat(staged.stat())
        found = fingerprint(target) if target.is_file() else None
        kept = self.trash_path(found)
        moves = [(target, kept)] if found else []
        plan = Plan(moves, [(staged, target, image.digest)])
        with self.intents.carried_out(plan, action, undoable=False) as transaction:
            if found:
                self.keep(transaction, plan, image.id, found, kept)
            update(transaction, image.pk, {"file_state": "ok"})
            note_stat(transaction, image.pk, target, read)
        return Outcome(changed=(image.id,))  # also one whose loss nobody had noted

    def replace(self, image: Image, inspected: Inspected) -> Outcome:
        """Give *image* the bytes of *inspected*; the old ones are kept for undo."""
        old = self.path_of(image)
        name = image.file_name
        if EXTENSIONS[inspected.mime_type] != EXTENSIONS[image.mime_type]:
            name = str(uuid.uuid4()) + EXTENSIONS[inspected.mime_type]
        found = self.read_in_place(image)
        kept = self.trash_path(found)
        plan = Plan([(old, kept)] if found else [],
                    [(inspected.path, self.folder / name, inspected.digest)])
        columns = file_columns(inspected) | {"file_name": name, "file_state": "ok"}
        self.early.keep(inspected.digest, inspected.derivatives)
        with self.intents.carried_out(plan, "replace file") as transaction:
            if found:
                self.keep(transaction, plan, image.id, found, kept)
            update(transaction, image.pk, columns)
            note_stat(transaction, image.pk, self.folder / name, inspected.stat)
        return transaction.outcome

    def exchange(self, image: Image, columns: dict[str, Any], action: str, step: Step,
                 undoes: str) -> Outcome:
        """Take an earlier file of *image* back (undo of `replace`), keeping the present one.

        Raises:
            ConflictError: the earlier file is gone, its bytes are another image by now, or
                something else has its name.
        """
        rows = self.database.read("SELECT file, at FROM replaced WHERE image = ? AND digest = ?",
                                   image.id, columns["digest"])
        if not rows or not (earlier := self.trash_dir / rows[0]["file"]).is_file():
            raise ConflictError("The earlier file is no longer in the trash.")
        if other := self.find_digest(columns["digest"]):
            raise ConflictError(f"These bytes are the image {other.id} by now.")
        self.require_folder()
        read = stat_in_trash(earlier, columns["digest"], rows[0]["at"])
        found = self.read_in_place(image)
        kept = self.trash_path(found)
        old = self.path_of(image)
        final = self.free_place(columns.get("file_name", image.file_name), image)
        plan = Plan([*([(old, kept)] if found else []), (earlier, final)])
        columns = columns | {"file_name": final.relative_to(self.folder).as_posix()}
        with self.intents.carried_out(plan, action, step=step, undoes=undoes) as transaction:
            transaction.run("DELETE FROM replaced WHERE image = ? AND digest = ?", image.id,
                            columns["digest"])
            if found:
                self.keep(transaction, plan, image.id, found, kept)
            update(transaction, image.pk, columns)
            note_stat(transaction, image.pk, final, read)
        return transaction.outcome

    def free_place(self, name: str, image: Image | None = None, extension: str = "") -> Path:
        """Where a file of the name *name* can lie: there, or under a new name of ours.

        The place of *image* itself counts as free.
        """
        taken = self.database.read("SELECT id FROM images WHERE file_name = ?", name)
        own = image is not None and image.file_name == name
        if not own and (taken or (self.folder / name).exists()):
            name = str(uuid.uuid4()) + (extension or Path(name).suffix)
        return self.folder / name

    def plan_delete(
        self, images: list[Image], stats: dict[Path, Stat]
    ) -> tuple[Plan, dict[str, str], list[tuple[str, Fingerprint, Path]]]:
        """The moves that put *images* into the trash, the file there of each id, and what is
        kept beside it: (id, fingerprint, file) of other bytes that lie in an image's place.

        How files looked before they were read is added to *looks*.
        """
        plan, files, kept = Plan(), {}, []
        for image in images:
            source, found = self.path_of(image), self.read_in_place(image)
            if found:
                stats[source] = found.stat
            if found and found.digest != image.digest:
                kept.append((image.id, found, self.trash_path(found)))
                plan.moves.append((source, kept[-1][2]))
            if found is None or found.digest != image.digest:
                for source in filter(is_plain_file, self._published(image)):
                    copy = fingerprint(source)
                    if copy.digest == image.digest:
                        stats[source] = copy.stat
                        break
                else:
                    continue  # neither here nor in the site, whose copy may be the last one
            target = self.trash_path(image.digest)
            plan.moves.append((source, target))
            files[image.id] = target.name
        return plan, files, kept

    def keep(self, transaction: Transaction, plan: Plan, image_id: str, read: Fingerprint,
             kept: Path) -> None:
        """Note that *kept*, in the trash, holds bytes that *image_id* once had.

        Raises:
            ConflictError: somebody has written to it since it was read.
        """
        require_unchanged(kept, read.stat)
        checksum = read.digest
        known = transaction.run("SELECT file FROM replaced WHERE image = ? AND digest = ?",
                                image_id, checksum).fetchone()
        if known and (self.trash_dir / known["file"]).is_file():
            plan.drop.append(kept)  # the same bytes are kept already
            return
        transaction.run("INSERT OR REPLACE INTO replaced VALUES (?, ?, ?, ?)", image_id, checksum,
                        kept.name, utc_now())

    def trash_path(self, file: Fingerprint | str | None) -> Path:
        """A new name in the trash for the bytes with this digest."""
        checksum = file.digest if isinstance(file, Fingerprint) else file or ""
        return self.trash_dir / f"{checksum[:16]}-{uuid.uuid4().hex[:12]}"


def is_managed(file_name: str) -> bool:
    """Whether we gave this name: nobody else has a reason to write to such a file."""
    return _MANAGED.fullmatch(file_name) is not None


def file_columns(inspected: Inspected) -> dict[str, Any]:
    """The columns that follow from the bytes of a file."""
    return {"digest": inspected.digest, "size_bytes": inspected.size_bytes,
            "mime_type": inspected.mime_type, "width": inspected.width,
            "height": inspected.height, "phash": inspected.phash}


def _dated(one: NewImage) -> ImageDraft:
    """What was read of the file; its name's date goes before that of the file itself."""
    draft, named = one.inspected.draft, date_in_name(one.original_name)
    # A day alone says less than a moment of that day.
    if not named or one.inspected.is_dated or (
        named.endswith("T00:00:00") and named[:10] == (draft.captured_at or "")[:10]
    ):
        return draft
    return draft.model_copy(update={
        "captured_at": named, "generation": dated_by_name(draft.generation)})


def _metadata(embedded: ImageDraft, given: ImageDraft | None) -> dict[str, Any]:
    """The user's values where there are some, else those that the file itself holds."""
    columns = embedded.model_dump(exclude={"tags"})
    if given is None:
        return columns
    columns |= {
        name: value for name, value in given.model_dump(exclude={"tags"}).items()
        if name in given.model_fields_set and value is not None
    }
    return columns


def _shown_name(name: str) -> str:
    """A file's own name without its folders, kept for people, never used as a path."""
    return portable_name(name, fallback="")[:200]
