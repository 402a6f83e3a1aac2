"""One run of a build: from what changed to the files that are written and pruned.

The library's changes feed says which images are dirty; the memory says what
they looked like in the site and who their neighbours were. From both follow
the artifacts to write and those to prune. An incremental build gives the same
bytes as a full one, and at no moment does a file of the site refer to one that
is not there.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from imagelib.errors import ConflictError
from imagelib.formats import NO_PREVIEW
from imagelib.generator.build_state import BuildState, Row
from imagelib.generator.derivatives import Lender
from imagelib.generator.freshness import KEPT_SECONDS, Aside, stamp
from imagelib.generator.index.blocks import (
    KINDS,
    Block,
    albums_file,
    albums_path,
    block_path,
    make_block,
    manifest,
    salted,
)
from imagelib.generator.marks import NONE
from imagelib.generator.pages import Pages, SiteInfo
from imagelib.generator.paths import original_path, page_path, thumbnail_path
from imagelib.generator.publishing import Publisher
from imagelib.generator.site import Site
from imagelib.generator.thumbnails import Thumbnails
from imagelib.library.library import Library
from imagelib.library.store.batches import goes_on, last_change
from imagelib.library.store.disk import make_folder
from imagelib.library.store.rows import chunks, select, select_pks
from imagelib.library.store.schema import NOT_OK
from imagelib.library.values.image import Image
from imagelib.recipes import RECIPES
from imagelib.recording.writing import Recording

#: How many of the newest images `index.html` itself holds.
FIRST_PAGE = 60
#: All kinds of block fall on borders of this many rows.
_SPAN = max(KINDS.values())
#: What stays for a while when a newer one has replaced it: an open page may still ask for it.
_LASTING = ("data/", "static/", "thumbs/")

Progress = Callable[[str, int, int], None]


@dataclass(slots=True)
class BuildReport:
    """What a build did. `failures` are all images without a thumbnail, old ones too, but for videos
    whose previews a package is missing for: these are `without_preview`."""

    site: Path
    seq: int = 0
    written: list[str] = field(default_factory=list)
    pruned: list[str] = field(default_factory=list)
    thumbnails: int = 0
    images: int = 0
    failures: list[tuple[str, str]] = field(default_factory=list)
    without_preview: list[tuple[str, str]] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    #: What became of `records/`.
    recorded: Recording = field(default_factory=Recording)
    seconds: float = 0.0

    def add(self, later: BuildReport) -> None:
        """Take in what a further part of the same build did."""
        self.written = [*dict.fromkeys([*self.written, *later.written])]
        self.pruned += later.pruned
        self.thumbnails += later.thumbnails
        self.seq, self.images = later.seq, later.images
        self.failures, self.unknown = later.failures, later.unknown
        self.without_preview = later.without_preview


class BuildRun:
    """One run: its inputs, and what it has found out so far."""

    def __init__(self, library: Library, build_state: BuildState, site: Site, full: bool,
                 progress: Progress, info: SiteInfo | None, lingers: bool,
                 lent: Lender, newest: int | None, since: int, coming: int) -> None:
        settings = library.settings
        self._library, self._build_state, self._site = library, build_state, site
        self._progress = progress
        #: Of how many of the newest images the site is made; None: of all.
        self._newest, self._coming = newest, coming
        #: Images that an earlier slice has made thumbnails of, as of the change *since*.
        self._made = build_state.pks() - self._changed_since(since) if since else set()
        said = info or SiteInfo(settings.title, settings.language, settings.base_url,
                                settings.sharp, settings.pages, sitemap=settings.pages)
        self._has_pages, self._salt = said.pages, said.salt
        compiled = settings.private_dir / "templates"
        make_folder(compiled)
        self._pages = Pages(said, settings.templates_dir, compiled)
        self._stamp = stamp(settings) + (str(info) if info else "")
        self._id = library.database.read("SELECT value FROM meta WHERE key = 'library_id'")[0][0]
        if not build_state.known and not site.is_ours_or_empty():
            raise ConflictError(
                f"{site.folder} holds files that are not a site of imagelib. Choose another"
                " folder with --out, or empty this one."
            )
        # After a build that was killed, nobody knows which of its files are new; but thumbnails,
        # which are all that is written at first, are those of images that are dirty still.
        in_doubt = {path for path in build_state.unfinished
                    if not path.startswith("thumbs/") or build_state.hash_of(path)}
        self._full = (full or build_state.stamp != self._stamp or build_state.library != self._id
                      or bool(in_doubt) or not site.exists("index.html")
                      or not goes_on(library.database.reader, build_state.seq, build_state.batch))
        #: Whether everything is looked at that the site has: what is not wanted is left over.
        self._is_whole = newest is None and (self._full or build_state.seq < 0)
        site.announce = build_state.announce
        self._report = BuildReport(site.folder)
        self._thumbnails = Thumbnails(library, build_state, site, full=self._full,
                                      recipes=said.recipes, lent=lent)
        self._hashes: dict[str, str] = {}
        self._retired: set[str] = set()
        self._clashing: set[int] = set()
        self._marks = NONE
        #: From when on what was replaced stays.
        self._keep_since = (time.time() - KEPT_SECONDS if lingers and not full else float("inf"))

    def run(self) -> BuildReport:
        """Make thumbnails, then write what is dirty, then prune."""
        seen = self._library.database.seq()
        dirty = self._dirty_pks()
        if self._nothing_to_do(dirty):
            self._report.seq, self._report.images = self._build_state.seq, self._build_state.total()
            self._note_failures()
            return self._report
        self._make_thumbnails(dirty)
        with self._library.database.read_transaction():  # one state for everything that follows
            late = self._changed_since(seen)  # what came while others were rendered
            if late and self._newest is None:
                self._make_thumbnails(late)
                dirty |= late
            self._write(dirty)
        self._prune()
        self._note_failures()
        return self._report

    def _nothing_to_do(self, dirty: set[int]) -> bool:
        return (not dirty and not self._full and not self._build_state.stale()
                and not self._build_state.has_overdue(self._keep_since)
                and self._build_state.seq == self._library.database.seq()
                and self._build_state.aside == str(self._aside()))

    def _aside(self) -> Aside:
        return Aside.of(self._library.database.reader)

    def _dirty_pks(self) -> set[int]:
        if self._newest is not None:  # and who was in an earlier slice: it may be gone
            rows = self._library.database.read(
                "SELECT pk FROM images ORDER BY captured_at DESC, pk DESC LIMIT ?", self._newest)
            return {row[0] for row in rows} | self._build_state.pks()
        if self._is_whole:
            rows = self._library.database.read("SELECT pk FROM images")
            return {row[0] for row in rows} | self._build_state.pks()
        return self._changed_since(self._build_state.seq) | self._thumbnails.to_retry()

    def _changed_since(self, seq: int) -> set[int]:
        rows = self._library.database.read("SELECT DISTINCT pk FROM changes WHERE seq > ?", seq)
        return {row[0] for row in rows}

    def _make_thumbnails(self, dirty: set[int]) -> None:
        before = len(dirty & self._made)
        all_of_them = self._library.count() if self._newest else 0
        self._thumbnails.make(dirty - self._made, lambda done, total: self._progress(
            "thumbnails", done + before, all_of_them or total + before))
        self._report.thumbnails = self._thumbnails.made

    def _write(self, dirty: set[int]) -> None:
        """Everything but thumbnails, in the order that never leaves a dead reference."""
        build_state, database = self._build_state, self._library.database
        seq, batch = last_change(database.reader)
        old = {pk: row for pk in dirty if (row := build_state.row(pk))}
        new = self._current_rows(dirty)
        pages = set(new) | self._neighbours(old.values())
        clashed = build_state.clashes()
        with build_state.writing():  # rows first: neighbours are asked of them
            build_state.drop(dirty - new.keys())
            build_state.put(new.values())
            build_state.find_clashes(name for _, name in (
                {(pk, row.file_name) for pk, row in old.items()}
                ^ {(pk, row.file_name) for pk, row in new.items()}))
            self._clashing = build_state.clashes()
            # Whose name has become another's too, or is alone again, has another place in the site.
            shifted = {pk: row for pk in (clashed ^ self._clashing) - dirty
                       if (row := build_state.row(pk))}
            old, new, dirty = old | shifted, new | shifted, dirty | shifted.keys()
            pages = build_state.present(pages | new.keys() | self._neighbours(new.values()))
            self._pages.clashing = self._clashing
            before = {pk: original_path(row.file_name, row.id, clashes=pk in clashed)
                      for pk, row in old.items()}
            self._hashes |= dict.fromkeys(self._thumbnails.note(dirty), "thumbnail")
            self._marks = replace(self._thumbnails.marks, clashing=self._clashing)
            missing = self._publish_originals(new, before)
            blocks = self._write_blocks(dirty)
            static = self._write_static()
            self._write_pages(pages, missing)
            aside = self._aside()
            if self._newest:  # albums name images that are not there yet
                aside = replace(aside, albums=[])
            self._write_front(blocks, seq, aside)
            self._retire(old, new, before, static)
            self._site.flush()
            build_state.record(self._hashes)
            if old.keys() - new.keys():
                self._keep_since = float("inf")  # nothing of a deleted image stays
            build_state.keep(self._still_asked_for(), time.time())
            build_state.retire((self._retired | build_state.unknown(build_state.announced()))
                               - build_state.kept())
            # A slice shows no state of the library as a whole: the next build makes all of it.
            shown = (seq, batch) if self._newest is None else (-1, "")
            build_state.finish(*shown, self._stamp, self._id, str(aside))
        build_state.forget_journal()
        self._report.seq = seq

    def _current_rows(self, dirty: set[int]) -> dict[int, Row]:
        rows = {}
        for chunk in chunks(sorted(dirty)):
            marks = ", ".join("?" * len(chunk))
            for row in self._library.database.read(
                "SELECT pk, id, captured_at, digest, file_name FROM images"
                f" WHERE pk IN ({marks})", *chunk):
                rows[row["pk"]] = Row(*row)
        return rows

    def _neighbours(self, rows: Iterable[Row]) -> set[int]:
        if self._full:
            return set()
        found = set()
        for row in rows:
            found |= {self._build_state.newer(row), self._build_state.older(row)}
        return {pk for pk in found if pk is not None}

    def _missing(self) -> set[int]:
        """The pks of the images whose file is not in its place."""
        return {row[0] for row in self._library.database.read(
            f"SELECT pk FROM images WHERE file_state = 'missing' AND {NOT_OK}")}

    def _original(self, row: Row) -> str:
        return original_path(row.file_name, row.id, clashes=row.pk in self._clashing)

    def _publish_originals(self, new: dict[int, Row], before: dict[int, str]) -> set[int]:
        """Put the dirty originals into the site; return the pks whose file is not there.

        *before* says where the site has them now.
        """
        missing = self._missing()
        publisher = Publisher(self._library.settings, self._build_state, self._site,
                              full=self._full)
        for pk, row in new.items():
            path = self._original(row)
            if pk not in missing and publisher.has_source(row) and (
                    published := publisher.publish(row, path)):
                self._hashes[path] = published
                continue
            missing.add(pk)
            if publisher.keep_last(row, path, before.get(pk, path)):
                self._hashes[path] = row.digest
            else:
                self._retired.add(path)
        self._report.written += publisher.written
        return missing

    def _write_blocks(self, dirty: set[int]) -> dict[tuple[str, int], Block]:
        """Write the blocks with dirty rows; return all blocks of the index."""
        reader = self._library.database.reader
        blocks = self._build_state.blocks()
        written, gone = [], []
        for span in sorted({pk // _SPAN for pk in dirty}, reverse=True):
            low, high = span * _SPAN, (span + 1) * _SPAN
            images = select(reader, "WHERE i.pk >= ? AND i.pk < ? ORDER BY i.pk", [low, high],
                            raw=False)
            if self._newest:
                images = [image for image in images if image.pk in dirty]
            touched = [pk for pk in dirty if low <= pk < high]
            for kind, size in KINDS.items():
                for number in sorted({pk // size for pk in touched}):
                    rows = [i for i in images if i.pk // size == number]
                    before = blocks.pop((kind, number), None)
                    block = self._write_block(kind, number, rows) if rows else None
                    if block:
                        blocks[kind, number] = block
                        written.append(block)
                    else:
                        gone.append((kind, number))
                    if before and (block is None or block_path(block) != block_path(before)):
                        self._retired.add(block_path(before))
            self._write_sitemap(span, images)
        self._build_state.set_blocks(written, gone)
        return blocks

    def _write_block(self, kind: str, number: int, images: list[Image]) -> Block:
        block, content = make_block(kind, number, images, self._marks)
        if self._salt:
            checksum, content = salted(content, self._salt)
            block = replace(block, hash=checksum)
        self._put(block_path(block), content)
        return block

    def _write_sitemap(self, span: int, images: list[Image]) -> None:
        path = f"sitemap-{span}.xml"
        if images and (text := self._pages.sitemap(images)):
            self._put(path, text.encode())
        elif self._build_state.hash_of(path):
            self._retired.add(path)

    def _write_static(self) -> set[str]:
        # GitHub's Jekyll would leave out what begins with "_".
        self._put(".nojekyll", b"")
        wanted = self._pages.static_paths()
        for path in sorted(wanted):
            known = self._build_state.hash_of(path)
            if known and not self._full:  # by its name it has the content that it should
                self._hashes[path] = known
            else:
                self._put(path, self._pages.static_file(path))
        return wanted | {".nojekyll"}

    def _write_pages(self, pks: set[int], missing: set[int]) -> None:
        """Write pages of images; a new page links to another new one only when that is there."""
        if not self._has_pages:
            return
        created = {pk for pk in pks
                   if self._build_state.hash_of(page_path(_id(self._build_state, pk))) is None}
        for pk in sorted(created):
            row = self._build_state.row(pk)
            assert row is not None
            beside = {self._build_state.newer(row), self._build_state.older(row)} - {None}
            if beside & created:  # each link must lead somewhere at any moment
                self._site.hold(page_path(row.id))
        self._render_pages(created, missing)
        self._render_pages(pks - created, missing)

    def _render_pages(self, pks: set[int], missing: set[int]) -> None:
        reader = self._library.database.reader
        done = 0
        for chunk in chunks(sorted(pks)):
            images = select_pks(reader, chunk)
            rows = {pk: row for pk in chunk if (row := self._build_state.row(pk))}
            around = {pk: (self._build_state.newer(row), self._build_state.older(row))
                      for pk, row in rows.items()}
            others = select_pks(reader, {pk for pair in around.values() for pk in pair
                                         if pk is not None}, raw=False)
            for pk, image in images.items():
                newer, older = (others.get(other) if other else None for other in around[pk])
                self._put(page_path(image.id), self._pages.image(
                    _as_shown(image, missing), newer=newer, older=older, marks=self._marks,
                    failure=self._thumbnails.absent.get(pk, "")).encode())
                done += 1
                self._progress("pages", done, len(pks))

    def _write_front(self, blocks: dict[tuple[str, int], Block], seq: int,
                     aside: Aside) -> None:
        self._report.images = total = sum(block.rows for (kind, _), block in blocks.items()
                                          if kind == "core")
        found = select_pks(self._library.database.reader, self._build_state.newest(FIRST_PAGE),
                           raw=False)
        missing = self._missing()
        newest = [_as_shown(found[pk], missing) for pk in self._build_state.newest(FIRST_PAGE)]
        ordered = [blocks[key] for key in sorted(blocks)]
        spans = [number for kind, number in sorted(blocks) if kind == "core"]
        for path, text in self._pages.announcements(newest, spans, self._marks.bare).items():
            self._put(path, text.encode())
        coming = self._coming + (self._library.count() - total if self._newest else 0)
        self._put("data/manifest.js", manifest(
            ordered, seq=seq, total=total, coming=coming, searches=aside.searches,
            picks=aside.picks, albums=self._write_albums(aside)))
        self._put("index.html", self._pages.gallery(newest, total, self._marks).encode())

    def _write_albums(self, aside: Aside) -> str:
        """Write the file of all albums and retire those before; its hash, "" if there are none."""
        self._retired |= self._build_state.paths_like(albums_path("*"))
        if not aside.albums:
            return ""
        checksum, content = albums_file(aside.albums)
        if self._salt:
            checksum, content = salted(content, self._salt)
        self._put(albums_path(checksum), content)
        return checksum

    def _put(self, path: str, content: bytes) -> None:
        """Write an artifact unless it has these bytes already."""
        checksum = self._site.hash(content)
        known = self._hashes.get(path)
        # What a build that was killed has written, the memory does not know.
        if known is None and path not in self._build_state.unfinished:
            known = self._build_state.hash_of(path)
        if known != checksum or (self._full and not self._site.exists(path)):
            self._site.write(path, content)
            self._report.written.append(path)
        self._hashes[path] = checksum

    def _retire(self, old: dict[int, Row], new: dict[int, Row], before: dict[int, str],
                static: set[str]) -> None:
        """What the dirty images had and no image has now."""
        for pk, row in old.items():
            current = new.get(pk)
            if current is None:
                self._retired.add(page_path(row.id))
            if current is None or self._original(current) != before[pk]:
                self._retired.add(before[pk])
            if not self._build_state.has_digest(row.digest):
                self._retired |= {thumbnail_path(row.digest, recipe) for recipe in RECIPES}
        if self._is_whole:
            wanted = self._hashes.keys()
            self._retired |= self._build_state.paths() - wanted
            orphans, self._report.unknown = self._site.sweep(
                wanted | static | self._build_state.kept())
            self._retired |= orphans
        self._retired -= self._hashes.keys()

    def _still_asked_for(self) -> set[str]:
        """What is retired that a page which is open may ask for yet."""
        if self._keep_since > time.time():
            return set()
        kinds = _LASTING[:2] if self._full else _LASTING  # thumbnails may be switched off
        return {path for path in self._retired
                if path.startswith(kinds) and self._build_state.hash_of(path)}

    def _prune(self) -> None:
        self._build_state.release(self._keep_since)
        self._library.originals.early.sweep()
        stale = self._build_state.stale()
        self._report.pruned = self._site.remove(stale)
        if stale:
            self._build_state.clear_stale()

    def _note_failures(self) -> None:
        failures = self._build_state.failures()
        images = select_pks(self._library.database.reader, failures, raw=False)
        for pk, (_, error) in failures.items():
            if pk in images:
                kind = (self._report.without_preview if NO_PREVIEW in error
                        else self._report.failures)
                kind.append((images[pk].file_name, error))


def _id(build_state: BuildState, pk: int) -> str:
    row = build_state.row(pk)
    return row.id if row else ""


def _as_shown(image: Image, missing: set[int]) -> Image:
    """A page must not link to an original that the site does not hold."""
    if image.pk in missing and image.file_state != "missing":
        return replace(image, file_state="missing")
    return image
