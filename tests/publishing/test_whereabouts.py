"""Each image knows in which publications it is, also under an id of their own."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from helpers import Daemon, draw

from imagelib.library.library import Library
from imagelib.publishing import ledger
from imagelib.publishing.derived import published
from imagelib.publishing.ledger import Ledger, ask, emptied, ledger_path, places
from imagelib.publishing.policy import Policy
from imagelib.publishing.publication import ending, publication
from imagelib.publishing.whereabouts import whereabouts


def publish(library: Library, to: Path, **values: str) -> Policy:
    policy = Policy.of("fox", {"fields": ["title"], "query": "tag:fox"} | values)
    with publication(library, policy, str(to)) as found:
        found.send()
    return policy


@pytest.mark.parametrize("ids", ["same", "own"])
def test_an_image_is_where_it_was_sent_until_it_is_taken_away(tmp_path, ids):
    root, to = tmp_path / "library", tmp_path / "out"
    with Library.create(root) as library:
        fox, other = (library.add(draw(tmp_path / f"{tag}.png", seed=tag), tags=[tag]).image.id
                      for tag in ("fox", "other"))
        policy = publish(library, to, ids=ids)
    daemon = Daemon(root, "--no-watch")
    try:
        assert daemon.get(f"/api/images/{fox}/publications").json == {
            "items": [{"name": "fox", "place": str(to)}]}
        assert daemon.get(f"/api/images/{other}/publications").json == {"items": []}
        assert daemon.get("/api/images/none/publications").status == 404
    finally:
        daemon.stop()
    with Library.open(root) as library, ending(library, policy, str(to)) as end:
        end.clear()
    daemon = Daemon(root, "--no-watch")
    try:
        assert daemon.get(f"/api/images/{fox}/publications").json == {"items": []}
    finally:
        daemon.stop()


def test_who_asks_while_a_publication_is_being_made_is_told_of_none(tmp_path, monkeypatch):
    with Library.create(tmp_path / "library") as library:
        settings = library.settings
        folder = ledger_path(settings, "fox").parent
        folder.mkdir(parents=True)
        for name in ("ledger.db", "sources.db"):  # as they are before their tables are there
            (folder / name).touch()

        assert places(settings, "fox") == emptied(settings, "fox") == []
        assert whereabouts(settings, "4711") == []
        assert published(settings) == {}

        monkeypatch.setattr(ledger, "_TABLES", f"{ledger._TABLES} CREATE TABLE torn (;")
        with pytest.raises(sqlite3.OperationalError):
            Ledger(folder / "ledger.db", "here")
        assert ask(folder / "ledger.db", "SELECT name FROM sqlite_schema") == [], "all, or none"
