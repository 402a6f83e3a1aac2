"""The editor publishes in a thread, which waits for a yes and can be ended at every moment."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from helpers import a1111, draw, wait_for

from imagelib.daemon.publisher import Publisher, destination
from imagelib.errors import ConflictError, InvalidError, LockedError, NotFoundError
from imagelib.library.library import Library
from imagelib.publishing import derived as deriving
from imagelib.publishing import difference
from imagelib.publishing.ledger import Ledger, ledger_path
from imagelib.publishing.policy import Policy
from imagelib.publishing.publication import publication
from imagelib.publishing.records import public_record
from imagelib.publishing.targets import folder

YES: dict[str, Any] = {"widen": False, "removals": None}


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with Library.create(tmp_path / "library") as opened:
        for n in range(3):
            opened.add(draw(tmp_path / f"{n}.png", texts={
                "parameters": a1111(f"secretive prompt {n}")}), title=f"Picture {n}")
        yield opened


@pytest.fixture
def publisher(library: Library) -> Iterator[Publisher]:
    made = Publisher(library)
    yield made
    made.stop()


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


def policy(**values: Any) -> Policy:
    return Policy.of("fox", {"fields": ["title"]} | values)


def after(publisher: Publisher, state: str) -> dict[str, Any]:
    """What is told when *state* has come."""
    assert wait_for(lambda: publisher.state()["state"] == state), publisher.state()
    return publisher.state()


def prepared(publisher: Publisher, out: Path, **values: Any) -> dict[str, Any]:
    publisher.prepare(policy(**values), str(out))
    return after(publisher, "ready")


def published(publisher: Publisher, out: Path, **values: Any) -> dict[str, Any]:
    publisher.send("fox", prepared(publisher, out, **values)["id"], **YES)
    return after(publisher, "done")


def test_what_is_prepared_is_told_and_sent_after_a_yes(publisher, out):
    assert publisher.state() == {"state": "idle"}
    told = prepared(publisher, out)
    preview = told["preview"]
    assert {key: preview[key] for key in ("place", "images", "added", "changed", "removed")} == {
        "place": str(out), "images": 3, "added": 3, "changed": 0, "removed": 0}
    assert preview["first"] == [{"noun": "title", "count": 3, "examples": [
        "Picture 0", "Picture 1", "Picture 2"]}]
    assert preview["proof"]["words"] > 0
    assert not out.exists()

    publisher.send("fox", told["id"], **YES)
    done = after(publisher, "done")
    assert done["sent"] == preview["files"] == sum(path.is_file() for path in out.rglob("*"))
    publisher.prepare(policy(), str(out))
    again = after(publisher, "done")
    assert (again["sent"], again["preview"]["files"]) == (0, 0), "all of it is there"


def test_while_it_waits_the_library_can_be_edited_and_nobody_else_publishes_the_same(
        library, publisher, out):
    told = prepared(publisher, out)
    with pytest.raises(ConflictError, match="right now"):
        publisher.prepare(policy(), str(out))
    with pytest.raises(LockedError, match="right now"), publication(library, policy(), str(out)):
        pass
    for name, prepared_id, error in (("owl", told["id"], NotFoundError), ("fox", "another",
                                                                          ConflictError)):
        with pytest.raises(error):
            publisher.send(name, prepared_id, **YES)

    library.edit(library.ids("")[0], tags=["private"])
    with pytest.raises(ConflictError, match="were changed"):
        publisher.send("fox", told["id"], **YES)
    publisher.cancel("fox")
    after(publisher, "cancelled")
    assert not out.exists()
    assert published(publisher, out)["preview"]["added"] == 2
    publisher.cancel("fox")
    assert publisher.state() == {"state": "idle"}, "it is forgotten"


def test_what_happens_to_other_images_meanwhile_does_not_matter(library, publisher, out, tmp_path):
    told = prepared(publisher, out, query='title:"Picture 1"')
    library.add(draw(tmp_path / "new.png"), title="Picture 1 too")
    library.edit(library.ids('title:"Picture 2"')[0], tags=["private"])
    publisher.send("fox", told["id"], **YES)
    after(publisher, "done")
    assert len(list((out / "image").iterdir())) == 1


@pytest.mark.parametrize("taken", ["into the trash", "for good"])
def test_an_image_that_is_deleted_meanwhile_does_not_go_out(library, publisher, out, taken):
    told = prepared(publisher, out)
    library.delete(library.ids("")[0])
    if taken == "for good":
        library.empty_trash()
    with pytest.raises(ConflictError, match="were changed"):
        publisher.send("fox", told["id"], **YES)


def test_what_has_to_be_agreed_to_by_name_is_not_sent_by_a_plain_yes(
        publisher, out, monkeypatch):
    monkeypatch.setattr(difference, "_FEW_REMOVALS", 1)
    published(publisher, out)
    told = prepared(publisher, out, query='title:"Picture 1"', originals="as they are")
    wanted = told["preview"]["removals"]
    assert {one["to"] for one in told["preview"]["consents"]} == {"widen", "removals"}
    for given, named in (({}, {"widen", "removals"}), ({"widen": True}, {"removals"}),
                         ({"removals": wanted}, {"widen"})):
        with pytest.raises(InvalidError) as refused:
            publisher.send("fox", told["id"], **YES | given)
        assert {fault["loc"][1] for fault in refused.value.errors} == named
    with pytest.raises(InvalidError, match="more than"):
        publisher.send("fox", told["id"], widen=True, removals=wanted - 1)
    assert len(list((out / "image").iterdir())) == 3

    publisher.send("fox", told["id"], widen=True, removals=wanted)
    after(publisher, "done")
    assert len(list((out / "image").iterdir())) == 1


def test_without_a_yes_in_time_nothing_is_sent(library, out):
    publisher = Publisher(library, patience=0.01)
    publisher.prepare(policy(), str(out))
    told = after(publisher, "cancelled")
    assert "Nobody agreed" in told["message"]
    assert not out.exists()


def while_cleaning(monkeypatch: pytest.MonkeyPatch, stop: Callable[[], None]) -> None:
    made = deriving.prepare
    monkeypatch.setattr(deriving, "prepare", lambda *given: (stop(), made(*given))[1])


def while_sending(monkeypatch: pytest.MonkeyPatch, stop: Callable[[], None]) -> None:
    flush = folder.flush
    monkeypatch.setattr(folder, "_SOME", 5)
    monkeypatch.setattr(folder, "flush", lambda paths: (stop(), flush(paths)))


@pytest.mark.parametrize("moment", [while_cleaning, while_sending])
def test_what_is_broken_off_is_whole_and_goes_on_at_the_next_time(
        library, publisher, out, moment, monkeypatch):
    with monkeypatch.context() as patch:
        moment(patch, lambda: publisher.cancel("fox"))
        publisher.prepare(policy(), str(out))
        assert wait_for(lambda: publisher.state()["state"] != "preparing")
        if moment is while_sending:
            publisher.send("fox", publisher.state()["id"], **YES)
        after(publisher, "cancelled")
    with Ledger(ledger_path(library.settings, "fox"), str(out)) as ledger:
        there = {path for path, placed in ledger.files().items() if placed.digest}
        assert there == {
            path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
        assert bool(there) == ledger.is_broken_off == (moment is while_sending)
    assert not (out / "index.html").exists()

    again = published(publisher, out)
    whole = sum(path.is_file() for path in out.rglob("*"))
    assert again["sent"] == whole - (5 if moment is while_sending else 0)
    assert (out / "index.html").exists()


def test_a_stop_ends_what_waits_and_nothing_begins_after_it(publisher, library, out):
    told = prepared(publisher, out)
    publisher.stop()
    assert publisher.state()["state"] == "cancelled"
    with pytest.raises(LockedError, match="stops"):
        publisher.prepare(policy(), str(out))
    with pytest.raises(ConflictError):
        publisher.send("fox", told["id"], **YES)
    with publication(library, policy(), str(out)) as found:
        assert found.difference, "its lock is free"


def test_what_fails_says_why(publisher, library, out, monkeypatch):
    out.mkdir()
    (out / "mine.txt").write_text("mine")
    publisher.prepare(policy(), str(out))
    assert "did not put there" in after(publisher, "failed")["message"]
    publisher.prepare(policy(expires="2020-01-01"), str(out))
    assert wait_for(lambda: "2020-01-01" in publisher.state()["message"])

    monkeypatch.setattr(deriving, "public_record", lambda image, policy, given: public_record(
        image, policy, given) | {"notes": image.prompt_text})
    publisher.prepare(policy(), str(out.with_name("other")))
    assert wait_for(lambda: publisher.state()["hits"])
    told = publisher.state()
    assert told["state"] == "failed"
    assert told["hit_count"] == len(told["hits"])
    assert ("secretive", "prompt_text") in {(hit["text"], hit["field"]) for hit in told["hits"]}
    assert not out.with_name("other").exists()


def test_a_place_that_another_program_reaches_is_only_taken_if_the_owner_named_it(library, out):
    def judged(asked: str, **values: Any) -> str:
        return destination(library.settings, policy(**values), asked)

    for place in ("git:https://example.org/fox.git", "rclone:s3:fox", "rsync:host:fox"):
        with pytest.raises(InvalidError, match="never published"):
            judged(place)
        with pytest.raises(InvalidError, match="never published"):
            judged(place, to="rclone:s3:other")
        assert judged(place, to=place) == place == judged("", to=place)
        with deriving.derived(library, policy()), Ledger(
                ledger_path(library.settings, "fox"), place):
            pass
        with pytest.raises(InvalidError, match="never published"):
            judged(place)  # it was only looked at
        with Ledger(ledger_path(library.settings, "fox"), place) as ledger:
            ledger.put("index.html", "0" * 64, 1)
        assert judged(place) == place
    assert judged(f" {out}.zip ") == f"{out}.zip"
    assert judged("~/fox", to="/elsewhere") == "~/fox"
    for place in ("", "fox", "../fox", "s3:fox"):
        with pytest.raises(InvalidError):
            judged(place)
