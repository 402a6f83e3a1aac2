"""The library: everything a user does to images, tags and the trash.

`Library` is what the command line, the daemon and a Python prompt share. It
takes checked values, keeps rows and files together, and records each change.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import IO, Any, Self

from imagelib.config import CONFIG_NAME, TEMPLATE, Settings, require_library
from imagelib.errors import ConflictError, LibraryFaultError, NotFoundError
from imagelib.library.opening import make_ready
from imagelib.library.originals import trashing
from imagelib.library.originals.intake import take_in
from imagelib.library.originals.intents import Progress, silent
from imagelib.library.originals.storage import Storage, clean_id
from imagelib.library.query.engines import Engine, SqlEngine, list_pks
from imagelib.library.query.listing import PAGE_SIZE, Filter, Page, order_by
from imagelib.library.query.query import Query
from imagelib.library.records import history, undo
from imagelib.library.records import tags as tagging
from imagelib.library.records.trash import list_trash
from imagelib.library.store import folding, identity
from imagelib.library.store.disk import replacing
from imagelib.library.store.folding import fold_pending
from imagelib.library.store.rows import (
    apply_patch,
    check_version,
    chunks,
    select,
    select_pks,
)
from imagelib.library.values.image import Change, Image, Tag, TrashedImage
from imagelib.library.values.outcome import Added, Failure, Outcome, Reversal

#: Images read at a time on a walk: each may hold megabytes of what a generator wrote.
_WALKED = 50


class Library(Storage):
    """A folder with images and their metadata. Make one with `create`, open one with `open`."""

    def __init__(self, settings: Settings, *, read_only: bool = False) -> None:
        super().__init__(settings, read_only=read_only)
        #: Who answers searches; the daemon has one that keeps all in memory.
        self.engine: Engine = SqlEngine(self.database)

    @classmethod
    def create(cls, root: Path | str) -> Self:
        """Make a library in the folder *root*; one that is there already is just opened."""
        folder = Path(root).expanduser().absolute()
        folder.mkdir(parents=True, exist_ok=True)
        identity.check(Settings(folder))
        config = folder / CONFIG_NAME
        if not config.exists():
            with replacing(config) as stream:
                stream.write(TEMPLATE.encode())
            config.chmod(0o600)  # a password's hash may be in it one day
        return cls.open(folder)

    @classmethod
    def open(cls, root: Path | str) -> Self:
        """Open the library in *root*, and finish or drop what a crash left half done.

        Raises:
            NotALibraryError: there is none.
            LibraryFaultError: its database is lost, damaged, another program's, or from the
                future.
        """
        library = cls(Settings.load(require_library(Path(root).expanduser().absolute())))
        library.database.before_commit = folding.catch_up
        try:
            make_ready(library)
        except BaseException:
            library.close()
            raise
        return library

    @classmethod
    def open_to_read(cls, root: Path | str) -> Self:
        """Open the library in *root* without changing anything, also on a read-only disk.

        Raises:
            NotALibraryError, LibraryFaultError: as `open`.
        """
        library = cls(Settings.load(require_library(Path(root).expanduser().absolute())),
                      read_only=True)
        identity.check(library.settings)
        if not library.settings.database.exists():
            raise LibraryFaultError(f"{library.root} has no database yet. Run: imagelib build")
        library.database.check_readable()
        return library

    def __repr__(self) -> str:
        return f"<Library {str(self.root)!r}>"

    # -- reading ------------------------------------------------------------

    def find(self, query: str | Query | Filter = "", limit: int | None = None) -> list[Image]:
        """All images that *query* finds, in its order."""
        wanted = self.engine.in_album(as_filter(query))
        fold_pending(self.database)
        where, values = wanted.to_sql()
        tail = f"{where} {order_by(wanted.order)}" + (" LIMIT ?" if limit is not None else "")
        return select(self.database.reader, tail, [*values, *([] if limit is None else [limit])])

    def page(self, query: str | Query | Filter = "", *, page: int = 1, page_size: int = PAGE_SIZE,
             cursor: str | None = None) -> Page[Image]:
        """One page of what *query* finds: by number, or behind *cursor*."""
        listed = list_pks(self.engine, as_filter(query), page=page, page_size=page_size,
                          cursor=cursor)
        found = select_pks(self.database.reader, listed.items)
        images = [found[pk] for pk in listed.items if pk in found]
        return Page(images, listed.total, listed.page, listed.page_size, listed.next)

    def count(self, query: str | Query | Filter = "") -> int:
        """How many images *query* finds."""
        return self.engine.count(as_filter(query))

    def ids(self, query: str | Query | Filter) -> list[str]:
        """The ids that *query* finds, in its order."""
        wanted = self.engine.in_album(as_filter(query))
        fold_pending(self.database)
        where, values = wanted.to_sql()
        rows = self.database.read(f"SELECT i.id FROM images AS i {where}"
                                  f" {order_by(wanted.order)}", *values)
        return [row[0] for row in rows]

    def walk(self, query: str | Query | Filter = "") -> Iterator[Image]:
        """What *query* finds, in its order, a few at a time, however much it is.

        Without one, every image by pk.
        """
        if query:
            for chunk in chunks(self.ids(query), _WALKED):
                marks = ", ".join("?" * len(chunk))
                found = {image.id: image for image in select(
                    self.database.reader, f"WHERE i.id IN ({marks})", chunk)}
                yield from (found[image_id] for image_id in chunk if image_id in found)
            return
        last = 0
        while batch := select(self.database.reader,
                              f"WHERE i.pk > ? ORDER BY i.pk LIMIT {_WALKED}", [last]):
            yield from batch
            last = batch[-1].pk

    # -- adding and changing ------------------------------------------------

    def add(self, source: Path | str | IO[bytes], *, original_name: str = "",
            in_place: bool = False, **fields: Any) -> Added:
        """Take a picture in, and say what became of it.

        The same bytes again give the image that is there, or bring it back out of the trash.
        *in_place* leaves a file that lies under `images/` where it is. *fields* are those of
        `ImageDraft`; what is absent is read from the file.

        Raises:
            InvalidError: a bad field, no picture, or a broken one.
        """
        from imagelib.library.values.fields import ImageDraft  # see `values.written`

        return take_in(self, source, original_name=original_name, in_place=in_place,
                       draft=ImageDraft.of(fields))

    def edit(self, *ids: str, if_version: int | None = None, progress: Progress = silent,
             **fields: Any) -> Outcome:
        """Change some fields of images, as one batch; the names are those of `ImagePatch`.

        An image that is not there is among the failures. *progress* is told how many were
        dealt with.

        Raises:
            NotFoundError: none of them is there.
            InvalidError: bad fields, all of them named; nothing was changed.
            StaleError: an image is no longer at *if_version*.
        """
        from imagelib.library.values.fields import ImagePatch  # see `values.written`

        patch = ImagePatch.of(fields)
        wanted = list(dict.fromkeys(map(clean_id, ids)))
        missing = []
        with self.database.write("edit") as transaction:
            for done, image_id in enumerate(wanted, 1):
                if not apply_patch(transaction, image_id, patch, if_version):
                    missing.append(Failure(image_id, f"There is no image {image_id!r}."))
                progress(done)
        if missing and len(missing) == len(wanted):
            raise NotFoundError(missing[0].reason)
        return replace(transaction.outcome, failures=tuple(missing))

    def replace_file(self, image_id: str, source: Path | str | IO[bytes], *,
                     if_version: int | None = None) -> Outcome:
        """Give the image another file; its metadata stays, the old file is kept for undo.

        Raises:
            ConflictError: another image has these bytes already.
        """
        check_version(self.get(image_id), if_version)
        source = Path(source).expanduser() if isinstance(source, str) else source
        staged = self.originals.stage(source)
        try:
            inspected = self.originals.inspect(staged, derive=True)
            with self.database.exclusive():
                image = self.get(image_id)
                check_version(image, if_version)
                other = self.originals.find_digest(inspected.digest)
                if other and other.id != image.id:
                    raise ConflictError(f"These bytes are the image {other.id} already.")
                if other is None:
                    return self.originals.replace(image, inspected)
                there = self.originals.read_in_place(image)
                if there is not None and there.digest == image.digest:
                    return Outcome()
                return self.originals.give_back(image, staged)
        finally:
            staged.unlink(missing_ok=True)

    # -- the trash ----------------------------------------------------------

    def delete(self, *ids: str, if_version: int | None = None,
               progress: Progress = silent) -> Outcome:
        """Put images into the trash, as one batch.

        Raises:
            NotFoundError: there is no such image. StaleError: one is no longer at *if_version*.
        """
        gone = [clean_id(i) for i in ids]

        def check() -> None:
            for image_id in gone if if_version is not None else ():
                check_version(self.get(image_id), if_version)

        return trashing.rearrange(self, gone, [], "delete", progress=progress, check=check)

    def restore(self, *ids: str, progress: Progress = silent) -> Outcome:
        """Bring images back out of the trash, as one batch.

        Raises:
            NotFoundError: one is not there. ConflictError: its bytes are another image by now.
        """
        return trashing.rearrange(self, [], [clean_id(i) for i in ids], "restore",
                                  progress=progress)

    def trash(self) -> list[TrashedImage]:
        """What is in the trash, the last deleted first."""
        return list_trash(self.database, self.originals.trash_dir)

    def purge(self, *ids: str) -> Outcome:
        """Destroy trashed images and their history for good; there is no way back."""
        return trashing.purge(self, [clean_id(i) for i in ids])

    def empty_trash(self) -> Outcome:
        """Destroy all that is in the trash for good."""
        return self.purge(*(row[0] for row in self.database.read("SELECT id FROM trash")))

    # -- history ------------------------------------------------------------

    def history(self, image_id: str, limit: int = 1000, before: int = 0) -> list[Change]:
        """Recorded changes of one image, the newest first; in the trash as well.

        At most *limit*, and fewer where they are large; those before the seq *before* come next.
        """
        return history.list_changes(self.database, clean_id(image_id), limit, before)

    def undo(self, batch: str | None = None) -> Reversal:
        """Take back *batch*, or the last one.

        Raises:
            NotFoundError: there is no such batch, or none at all.
            ConflictError: it was taken back already, or one of its images was changed since.
        """
        with self.database.exclusive():
            return undo.take_back(self, batch or undo.latest(self, "undo"), "undo")

    def redo(self) -> Reversal:
        """Do again what the last undo took back.

        Raises:
            NotFoundError: nothing was undone since the last edit. ConflictError: as `undo`.
        """
        with self.database.exclusive():
            return undo.take_back(self, undo.latest(self, "redo"), "redo")

    # -- tags ---------------------------------------------------------------

    def tags(self) -> list[Tag]:
        """Every tag in use with how many images carry it, the most used first."""
        return [Tag(name, count) for name, count in self.engine.tag_counts()]

    def rename_tag(self, old: str, new: str) -> Outcome:
        """Write a tag another way on all its images."""
        return tagging.rename_tag(self.database, old, new)

    def merge_tags(self, sources: Iterable[str], target: str) -> Outcome:
        """Make several tags one."""
        return tagging.merge_tags(self.database, sources, target)

    def delete_tag(self, name: str) -> Outcome:
        """Take a tag off all its images."""
        return tagging.delete_tag(self.database, name)


def as_filter(query: str | Query | Filter) -> Filter:
    """A `Filter` from any of the ways to ask."""
    if isinstance(query, Filter):
        return query
    return Filter(query if isinstance(query, Query) else Query.parse(query))
