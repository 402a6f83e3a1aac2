"""The proof judges by itself who may be published, when, how well rated and how large."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from helpers import draw

from imagelib.generator.builder import build
from imagelib.library.library import Library
from imagelib.library.store.database import Transaction
from imagelib.library.values.image import Image
from imagelib.publishing import derived as deriving
from imagelib.publishing import lending
from imagelib.publishing.policy import Policy
from imagelib.publishing.publication import LeakError, publication
from imagelib.publishing.records import public_record


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with Library.create(tmp_path / "library") as opened:
        for n, tags in enumerate((["shown"], ["shown"], ["other"], ["shown", "Private/Anna"])):
            image = opened.add(draw(tmp_path / f"{n}.png", (900, 60), seed=n)).image
            opened.edit(image.id, title=f"Picture zqtitle{n}", tags=tags, rating=n + 1,
                        captured_at=f"2024-05-1{n}T07:08:0{n}")
        with opened.database.write("test") as transaction:  # as another program may
            transaction.run("UPDATE tags SET name = ' Private/Anna' WHERE name LIKE 'private%'")
        yield opened


def attempt(library: Library, to: Path, **values: Any) -> None:
    with publication(library, Policy.of("mine", {"fields": ["title"]} | values), str(to)) as found:
        found.send()


def hits_of(library: Library, to: Path, **values: Any) -> set[tuple[str, str]]:
    """(file, text) of all that is found, with no number in the name of a block."""
    with pytest.raises(LeakError) as leak:
        attempt(library, to, **values)
    assert not to.exists()
    return {(hit.file.split("-")[0] if hit.file.startswith("data/") else hit.file, hit.text)
            for hit in leak.value.hits}


@pytest.mark.parametrize("ids", ["same", "own"])
@pytest.mark.parametrize("fields", [[], ["title"]])
@pytest.mark.parametrize(("query", "number"), [("", 3), ("tag:shown", 3), ("-tag:private", 2),
                                               ("tag:shown -tag:private", 2)])
def test_an_image_that_must_not_be_published_is_found(library, tmp_path, monkeypatch, ids, fields,
                                                      query, number):
    """Whether it is private, or nobody asked for it."""
    [stray] = library.ids(f"zqtitle{number}")
    pk = library.get(stray).pk
    wanted = deriving.Derived._wanted
    monkeypatch.setattr(deriving.Derived, "_wanted", lambda self, without: [
        *(one for one in wanted(self, without) if one != pk), pk])
    found = hits_of(library, tmp_path / "out", ids=ids, fields=fields,
                    query=query if number == 3 else "tag:shown")
    pages = {text.partition(";")[0] for file, text in found
             if file.startswith("image/") and " " in text}
    assert pages == {"an image that wears the tag 'private'" if number == 3 else
                     "an image that 'tag:shown' does not find"}
    assert any(text == f"zqtitle{number}" for _, text in found) == bool(fields)
    assert not any(text in ("zqtitle0", "zqtitle1") for _, text in found)


def leaking(monkeypatch: pytest.MonkeyPatch, column: str) -> None:
    def record(image: Image, policy: Policy, given: Any) -> dict[str, Any]:
        return public_record(image, policy, given) | {column: getattr(image, column)}

    monkeypatch.setattr(deriving, "public_record", record)


@pytest.mark.parametrize(("fields", "column", "text"), [
    ([], "captured_at", "the date 2024-05-10T07:08:00"),
    (["rating"], "captured_at", "the date 2024-05-10T07:08:00"),
    (["date:month"], "captured_at", "the date 2024-05-11T07:08:01"),
    (["date"], "captured_at", "the date 2024-05-11T07:08:01"),
    ([], "rating", "the rating 1"), (["date", "title"], "rating", "the rating 2"),
])
def test_a_number_that_is_let_through_is_found(library, tmp_path, monkeypatch, fields, column,
                                               text):
    attempt(library, tmp_path / "first", fields=fields)
    leaking(monkeypatch, column)
    library.edit(*library.ids(""), add_tags=["again"])
    found = hits_of(library, tmp_path / "out", fields=fields)
    assert ("data/core", text) in found
    assert {file for file, _ in found} == {"data/core"}


def test_when_an_image_was_taken_in_is_found(library, tmp_path, monkeypatch):
    leaking(monkeypatch, "created_at")
    found = hits_of(library, tmp_path / "out")
    assert any(file == "data/core" and text.startswith("the moment 20") for file, text in found)


def test_when_an_image_was_edited_is_found_in_feed_and_sitemap(library, tmp_path, monkeypatch):
    run = Transaction.run
    monkeypatch.setattr(Transaction, "run", lambda self, sql, *values: run(
        self, sql.replace("updated_at = ?", "updated_at = replace(?, 'T00', 'T12')"), *values))
    found = hits_of(library, tmp_path / "out", base_url="https://example.org/", feed=True,
                    sitemap=True)
    assert {file for file, text in found} == {"feed.xml", "sitemap-0.xml"}
    assert all(text.startswith("the moment 20") for _, text in found)


@pytest.mark.parametrize(("wide", "narrow"), [
    ("date", "date:month"), ("date:month", "title"), ("rating", "title")])
def test_a_number_that_is_withheld_by_now_is_found_in_a_file_that_is_as_it_was(
        library, tmp_path, monkeypatch, wide, narrow):
    attempt(library, tmp_path / "out", fields=[wide, "title"])
    record = public_record
    monkeypatch.setattr(deriving, "public_record", lambda image, policy, given: record(
        image, policy.model_copy(update={"fields": (wide, "title")}), given))
    found = hits_of(library, tmp_path / "other", fields=[narrow, "title"])
    assert {file for file, _ in found} == {"data/core"}


@pytest.mark.parametrize("originals", [{"size": 64}, {"size": 300, "format": "png"}])
def test_a_small_picture_that_shows_more_than_the_policy_lets_out_is_found(
        library, tmp_path, monkeypatch, originals):
    build(library)
    monkeypatch.setattr(lending, "width_in", lambda *_: 0)
    found = hits_of(library, tmp_path / "out", originals=originals)
    assert {text for file, text in found} == {
        f"400 by 27 pixels, where no side is longer than {originals['size']}"}
    assert all(file.startswith("thumbs/") for file, _ in found)


@pytest.mark.parametrize(("fields", "originals"), [
    ([], "none"), (["date"], "cleaned"), (["date:month", "rating"], {"size": 64}),
    (["rating"], {"size": 2048})])
def test_what_a_policy_lets_out_is_published(library, tmp_path, fields, originals):
    build(library)
    attempt(library, tmp_path / "out", fields=fields, originals=originals, query="tag:shown",
            base_url="https://example.org/", feed=True, sitemap=True)
    assert (tmp_path / "out" / "index.html").is_file()
