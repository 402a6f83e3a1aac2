"""The derivatives of one build, thumbnails and display copies: which are wanted, which are made,
which images stay without."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence, Set

from imagelib.generator.build_state import BuildState
from imagelib.generator.derivatives import (
    Lender,
    render_missing,
    stat_text,
    wanted_thumbnails,
)
from imagelib.generator.marks import NONE, Marks
from imagelib.generator.site import Site
from imagelib.library.library import Library
from imagelib.library.store.rows import chunks, select_pks
from imagelib.library.values.image import Image
from imagelib.moving import seconds_of
from imagelib.recipes import DISPLAY, SHARP, Recipe


class Thumbnails:
    """Makes what is absent; after `note` it knows what is there."""

    def __init__(self, library: Library, build_state: BuildState, site: Site, *,
                 full: bool, recipes: Sequence[Recipe], lent: Lender) -> None:
        self._library, self._build_state, self._site, self._full = library, build_state, site, full
        self._folder, self._lent = library.originals.folder, lent
        self._recipes = recipes
        #: How many were made.
        self.made = 0
        #: Why an image has none, by pk.
        self.absent: dict[int, str] = {}
        #: All but which names clash.
        self.marks = NONE
        self._failures: dict[int, tuple[str, str]] = {}
        self._cleared: set[int] = set()

    def to_retry(self) -> set[int]:
        """The pks of images without any whose file is back, or another one, since that failed."""
        return {pk for pk, (stat, _) in self._build_state.failures().items()
                if (row := self._build_state.row(pk))
                and stat_text(self._folder / row.file_name) != stat}

    def make(self, dirty: Set[int], progress: Callable[[int, int], None]) -> None:
        """Make what the *dirty* images lack; *progress* is told of each image."""
        known = self._build_state.failures()
        for pk in dirty:
            self._failures.pop(pk, None)
        whole: list[int] = []
        made, failures = render_missing(
            self._lacking(dirty, known, whole), sandbox=self._library.sandbox, folder=self._folder,
            site=self._site.folder, max_pixels=self._library.settings.max_pixels,
            recipes=self._recipes, lent=self._lent, early=self._library.originals.early,
            progress=lambda done: progress(done + len(whole), len(dirty)))
        self.made += made
        self._failures |= failures
        self._cleared |= dirty & known.keys()

    def _lacking(self, dirty: Set[int], known: Mapping[int, tuple[str, str]],
                 whole: list[int]) -> Iterator[Image]:
        """Those of the *dirty* images, newest first, that lack any; the others go to *whole*."""
        for chunk in chunks(sorted(dirty, reverse=True)):
            found = select_pks(self._library.database.reader, chunk, raw=False)
            for image in sorted(found.values(), key=lambda one: -one.pk):
                absent = [path for path in self._wanted(image.digest, image.width, image.height,
                                                       image.mime_type)
                          if not self._site.exists(path)]
                failed = known.get(image.pk) if absent and not self._full else None
                if failed and failed[0] == stat_text(self._folder / image.file_name):
                    self._failures[image.pk] = failed
                elif absent:
                    for path in absent:
                        self._build_state.announce(path)
                    yield image
                    continue
                whole.append(image.pk)

    def note(self, dirty: Set[int]) -> set[str]:
        """Remember what the *dirty* images have, and whether they move; return the paths.

        No page refers to a thumbnail that is not among them.
        """
        self._build_state.set_failures(self._failures, self._cleared)
        moving = self._build_state.marked("animated")
        found: dict[str, dict[int, float]] = {"blurred": {}, "displayed": {}, "animated": {}}
        present = set()
        for chunk in chunks(sorted(dirty)):
            marks = ", ".join("?" * len(chunk))
            for pk, name, *picture in self._library.database.read(
                    "SELECT pk, file_name, digest, width, height, mime_type FROM images"
                    f" WHERE pk IN ({marks})", *chunk):
                wanted = self._wanted(*picture)
                there = {path for path in wanted if self._site.exists(path)}
                present |= there
                if any(recipe == SHARP and path not in there for path, recipe in wanted.items()):
                    found["blurred"][pk] = 0
                if any(wanted[path] == DISPLAY for path in there):
                    found["displayed"][pk] = 0
                seconds = self._seconds(name, picture[-1], moving.get(pk))
                if seconds is not None:
                    found["animated"][pk] = seconds
        for mark, pks in found.items():
            self._build_state.set_marked(mark, dirty, pks)
        self.absent = {pk: error for pk, (_, error) in self._build_state.failures().items()}
        self.marks = Marks(self.absent.keys(), self._build_state.marked("blurred").keys(),
                           self._build_state.marked("displayed").keys(),
                           self._build_state.marked("animated"))
        return present

    def _seconds(self, file_name: str, mime_type: str, before: float | None) -> float | None:
        """How long it plays, if it moves; as *before* where its file cannot be read."""
        try:
            return seconds_of(self._folder / file_name, mime_type)
        except OSError:
            return before

    def _wanted(self, digest: str, width: int, height: int, mime_type: str) -> dict[str, Recipe]:
        return wanted_thumbnails(digest, width, height, mime_type, self._recipes)
