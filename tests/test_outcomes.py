"""Every verb that changes a library answers with an `Outcome`, and that is true: its batch takes
back what was done, and what it says was changed is what was changed."""

from __future__ import annotations

import inspect
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_type_hints

import pytest
from helpers import a1111, draw, follow

from imagelib.errors import NotFoundError
from imagelib.ingest.legacy import migrate
from imagelib.ingest.rereading import reread
from imagelib.library.library import Library
from imagelib.library.originals.intake import take_in
from imagelib.library.originals.repairing import accept, adopt, locate
from imagelib.library.originals.trashing import destroy
from imagelib.library.records.lookalikes import merge
from imagelib.library.records.replacing import Replacement, replace_in
from imagelib.library.values.outcome import Outcome


class Shelf:
    """Three images, one that lies in the trash, and pictures that are not in the library."""

    def __init__(self, library: Library, folder: Path) -> None:
        self.library, self.folder = library, folder
        parameters = {"parameters": a1111("a fox")}
        self.here = library.add(draw(folder / "here.png", texts=parameters), tags=["a", "b"],
                                rating=3, notes="here").image.id
        self.other = library.add(draw(folder / "other.png"), tags=["b"]).image.id
        draw(library.originals.folder / "own.png")
        self.own = library.add(library.originals.folder / "own.png", in_place=True).image.id
        self.gone = library.add(draw(folder / "gone.png"), notes="gone").image.id
        library.delete(self.gone)
        draw(folder / "fresh.png")

    def path(self, image_id: str) -> Path:
        """Where the file of an image lies."""
        return self.library.originals.path_of(self.library.get(image_id))

    def state(self) -> dict[str, Any]:
        """What a user sees of each image, and of each in the trash."""
        names = ("rating", "tags", "notes", "ai_model", "prompt_text", "digest", "file_name",
                 "file_state")
        seen = {image.id: tuple(getattr(image, name) for name in names)
                for image in self.library.walk()}
        return seen | {trashed.image.id: "in the trash" for trashed in self.library.trash()}

    def redone(self) -> Outcome:
        """An edit that was taken back, done again."""
        self.library.edit(self.here, notes="again")
        self.library.undo()
        return self.library.redo()

    def stray(self) -> str:
        """A file below `images/` that is no image."""
        shutil.copy2(self.folder / "fresh.png", self.library.originals.folder / "stray.png")
        return "stray.png"

    def lost(self) -> Path:
        """An image has lost its file, which lies at this place."""
        kept = self.folder / "kept.png"
        self.path(self.here).rename(kept)
        follow(self.library)
        return kept

    def old_json(self) -> Path:
        """Records of an older program: of an image that is here, and of a picture that is not."""
        path = self.folder / "old.json"
        path.write_text(json.dumps([{"filename": "fresh.png", "prompt": "an owl"},
                                    {"filename": "other.png", "prompt": "a hare"}]))
        return path

    def misread(self) -> None:
        """An image has less of its file than a better reader gives."""
        with self.library.database.write("add") as transaction:
            transaction.run("UPDATE images SET prompt_text = '' WHERE id = ?", self.here)
            transaction.run("UPDATE changes SET action = 'reread' WHERE batch = ?",
                            transaction.batch)

    def written_over(self) -> None:
        """Another picture lies where an image has its file."""
        draw(self.path(self.own), seed="another")


Act = Callable[[Shelf], Outcome]
#: The verbs of `Library`; what stands behind a colon tells several acts of one verb apart.
VERBS: dict[str, Act] = {
    "add": lambda shelf: shelf.library.add(shelf.folder / "fresh.png", tags=["new"]),
    "add: here already": lambda shelf: shelf.library.add(shelf.folder / "here.png", tags=["x"]),
    "add: nothing new": lambda shelf: shelf.library.add(shelf.folder / "here.png"),
    "add: deleted before": lambda shelf: shelf.library.add(shelf.folder / "gone.png", tags=["x"]),
    "edit": lambda shelf: shelf.library.edit(shelf.here, rating=5, add_tags=["c"]),
    "edit: many": lambda shelf: shelf.library.edit(shelf.here, shelf.other, notes="both"),
    "edit: one of them as it is": lambda shelf: shelf.library.edit(
        shelf.here, shelf.other, notes="here"),
    "edit: as it is": lambda shelf: shelf.library.edit(shelf.here, rating=3),
    "replace_file": lambda shelf: shelf.library.replace_file(
        shelf.here, shelf.folder / "fresh.png"),
    "replace_file: by the same": lambda shelf: shelf.library.replace_file(
        shelf.here, shelf.folder / "here.png"),
    "delete": lambda shelf: shelf.library.delete(shelf.here, shelf.own),
    "restore": lambda shelf: shelf.library.restore(shelf.gone),
    "purge": lambda shelf: shelf.library.purge(shelf.gone),
    "empty_trash": lambda shelf: shelf.library.empty_trash(),
    "undo": lambda shelf: shelf.library.undo(),
    "redo": Shelf.redone,
    "rename_tag": lambda shelf: shelf.library.rename_tag("b", "letter"),
    "rename_tag: to itself": lambda shelf: shelf.library.rename_tag("b", "B"),
    "merge_tags": lambda shelf: shelf.library.merge_tags(["a", "b"], "letter"),
    "delete_tag": lambda shelf: shelf.library.delete_tag("b"),
}
#: Of the rooms below it: what must be so before, and the verb.
ROOMS: dict[str, tuple[Callable[[Shelf], Any], Callable[[Shelf, Any], Outcome]]] = {
    "take in": (lambda shelf: None, lambda shelf, _: take_in(
        shelf.library, shelf.folder / "fresh.png", found=True)),
    "take in: deleted before": (lambda shelf: None, lambda shelf, _: take_in(
        shelf.library, shelf.folder / "gone.png", found=True)),
    "destroy": (lambda shelf: None, lambda shelf, _: destroy(shelf.library, shelf.here)),
    "merge": (lambda shelf: None, lambda shelf, _: merge(
        shelf.library, shelf.library.get(shelf.other), [shelf.library.get(shelf.here)])),
    "locate": (Shelf.lost, lambda shelf, kept: locate(shelf.library, kept)),
    "accept": (Shelf.written_over, lambda shelf, _: accept(shelf.library, [shelf.own])),
    "adopt": (Shelf.stray, lambda shelf, name: adopt(shelf.library, [name], [name])),
    "follow: a stray file": (Shelf.stray, lambda shelf, _: follow(shelf.library)[1]),
    "follow: a lost file": (lambda shelf: shelf.path(shelf.own).unlink(),
                            lambda shelf, _: follow(shelf.library)[1]),
    "follow: another picture": (Shelf.written_over, lambda shelf, _: follow(shelf.library)[1]),
    "replace": (lambda shelf: None, lambda shelf, _: replace_in(
        shelf.library.database, [shelf.here, shelf.other],
        Replacement(find="E", replace="o", fields=["notes"]))),
    "migrate": (Shelf.old_json, lambda shelf, path: migrate(shelf.library, path).outcome),
    "reread": (Shelf.misread, lambda shelf, _: reread(shelf.library, shelf.library.walk())),
}
#: What changes nothing, or no image.
QUESTIONS = {"close", "count", "create", "find", "get", "history", "ids", "open", "open_to_read",
             "page", "tags", "trash", "walk"}


@pytest.fixture
def shelf(library, tmp_path):
    return Shelf(library, tmp_path)


def test_every_public_name_of_a_library_is_a_question_or_a_verb_that_has_an_outcome():
    verbs = {name.partition(":")[0] for name in VERBS}
    public = {name for name, _ in inspect.getmembers(Library, inspect.isroutine)
              if not name.startswith("_")}

    assert public == QUESTIONS | verbs
    assert len(public) <= 25, "the rest belongs to the rooms"
    returned = {name: get_type_hints(getattr(Library, name)).get("return") for name in public}
    assert {name for name, kind in returned.items()
            if inspect.isclass(kind) and issubclass(kind, Outcome)} == verbs


def _check(shelf: Shelf, before: dict[str, Any], outcome: Outcome) -> None:
    """See that *outcome* is true: what differs is what changed, and its batch takes it back."""
    after = shelf.state()
    assert isinstance(outcome, Outcome)
    assert outcome.failures == ()
    assert len(outcome.changed) == len(set(outcome.changed))
    assert set(outcome.changed) == {image_id for image_id in before.keys() | after.keys()
                                    if before.get(image_id) != after.get(image_id)}
    if outcome.batch:
        undone = shelf.library.undo(outcome.batch)
        now = shelf.state()
        new = after.keys() - before.keys()
        assert {image_id: seen for image_id, seen in now.items() if image_id not in new} == before
        assert all(now[image_id] == "in the trash" for image_id in new)
        assert set(undone.changed) == set(outcome.changed)
        assert undone.batch != outcome.batch


@pytest.mark.parametrize("verb", VERBS)
def test_what_a_verb_of_a_library_says_it_did_is_what_it_did(shelf, verb):
    before = shelf.state()

    outcome = VERBS[verb](shelf)

    is_final = verb in ("purge", "empty_trash")
    assert bool(outcome.batch) == (bool(outcome.changed) and not is_final)
    _check(shelf, before, outcome)


@pytest.mark.parametrize("verb", ROOMS)
def test_what_a_verb_of_a_room_says_it_did_is_what_it_did(shelf, verb):
    prepare, act = ROOMS[verb]
    prepared = prepare(shelf)
    before = shelf.state()

    outcome = act(shelf, prepared)

    assert bool(outcome.changed) == (verb != "take in: deleted before")
    _check(shelf, before, outcome)


def test_what_is_not_there_is_a_failure_beside_what_is(shelf):
    outcome = shelf.library.edit(shelf.here, "nobody", rating=1)

    assert outcome.changed == (shelf.here,)
    assert [(failure.subject, failure.reason) for failure in outcome.failures] == [
        ("nobody", "There is no image 'nobody'.")]
    with pytest.raises(NotFoundError):
        shelf.library.edit("nobody", rating=1)


def test_a_repair_names_each_file_that_it_could_not_take(shelf):
    name = shelf.stray()
    (shelf.library.originals.folder / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")

    outcome = adopt(shelf.library, [name, "broken.png", "nowhere.png"], [name, "broken.png"])

    assert len(outcome.changed) == 1
    assert sorted(failure.subject for failure in outcome.failures) == ["broken.png", "nowhere.png"]
    assert shelf.library.undo(outcome.batch).changed == outcome.changed


def test_a_dry_run_says_what_would_change_and_names_no_batch(shelf):
    shelf.misread()
    before = shelf.state()

    outcome = reread(shelf.library, shelf.library.walk(), dry_run=True)

    assert (outcome.batch, outcome.changed, outcome.unchanged) == ("", (shelf.here,), 2)
    assert shelf.state() == before
