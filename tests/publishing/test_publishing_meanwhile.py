"""What happens to the library while it is being published, and what a site may hold besides."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from canaries import profile
from helpers import draw
from PIL import Image as Pillow
from test_cleaning_profile import changed

from imagelib.generator.builder import build
from imagelib.library.library import Library
from imagelib.publishing import derived as deriving
from imagelib.publishing import publication as publishing
from imagelib.publishing.cleaning import clean
from imagelib.publishing.cleaning.profile import clean_profile
from imagelib.publishing.policy import Policy
from imagelib.publishing.proof import told


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with Library.create(tmp_path / "library") as opened:
        for n in range(4):
            image = opened.add(draw(tmp_path / f"{n}.png", (900, 60), seed=n)).image
            opened.edit(image.id, title=f"Picture {n}", tags=["shown"])
        yield opened


def publish(library: Library, to: Path, **values: Any) -> publishing.Publication:
    policy = Policy.of("mine", {"fields": ["title", "tags"]} | values)
    with publishing.publication(library, policy, str(to)) as found:
        found.send()
        return found


MEANWHILE = {
    "private": lambda library, one: library.edit(one, tags=["shown", "private"]),
    "below private": lambda library, one: library.edit(one, tags=["private/client"]),
    "no longer found": lambda library, one: library.edit(one, tags=["other"]),
    "deleted": lambda library, one: library.delete(one),
}


@pytest.mark.parametrize("name", MEANWHILE)
def test_an_image_that_is_taken_out_while_others_are_cleaned_does_not_go_out(
        library, tmp_path, monkeypatch, name):
    first, last = (library.ids("")[n] for n in (0, -1))
    prepare, once = deriving.prepare, iter([True])

    def slow(*arguments: Any) -> Any:
        made = prepare(*arguments)
        if next(once, False):
            library.edit(first, tags=["shown", "other"])
            MEANWHILE[name](library, last)
        return made

    monkeypatch.setattr(deriving, "prepare", slow)
    found = publish(library, tmp_path / "out", query="tag:shown")
    assert first in found.difference.added
    assert last not in found.difference.added
    assert not (tmp_path / "out" / "image" / f"{last}.html").exists()


def test_an_image_that_is_deleted_before_its_turn_is_left_out_and_named(
        library, tmp_path, monkeypatch):
    prepare, last = deriving.prepare, library.ids("")[-1]

    def deleting(source: Library, image: Any, *more: Any) -> Any:
        if image.id == last:
            library.delete(last)
        return prepare(source, image, *more)

    monkeypatch.setattr(deriving, "prepare", deleting)
    found = publish(library, tmp_path / "out")
    assert len(found.difference.added) == 3
    assert [reason for _, reason in found.derivation.refused] == [
        "its file was taken away meanwhile"]


def test_a_stray_file_without_a_word_is_not_sent(library, tmp_path):
    publish(library, tmp_path / "out")
    site = library.settings.private_dir / "published" / "mine" / "site"
    stray = site / "thumbs" / "00" / "picture.webp"
    stray.parent.mkdir(exist_ok=True)
    stray.write_bytes(next(site.glob("thumbs/*/*.webp")).read_bytes())
    with pytest.raises(publishing.LeakError) as leak:
        publish(library, tmp_path / "out", title="Another title")
    assert [hit.file for hit in leak.value.hits] == ["thumbs/00/picture.webp"]
    assert not (tmp_path / "out" / "thumbs" / "00" / "picture.webp").exists()


def test_a_link_in_the_site_is_not_sent(library, tmp_path):
    publish(library, tmp_path / "out")
    site = library.settings.private_dir / "published" / "mine" / "site"
    (site / "thumbs" / "zz").symlink_to(library.settings.images_dir)
    with pytest.raises(publishing.LeakError):
        publish(library, tmp_path / "out", title="Another title")


#: What of a policy makes thumbnails other than those of the library's own site.
OTHER = {"watermark": {"size": 2048, "watermark": "PROOF"}, "smaller": {"size": 300}}


@pytest.mark.parametrize("name", [None, *OTHER])
def test_thumbnails_of_the_librarys_site_are_taken_where_they_show_no_more(
        library, tmp_path, name):
    build(library)
    own = {path.read_bytes() for path in library.settings.site_dir.glob("thumbs/*/*.webp")}
    assert len(own) >= 4
    publish(library, tmp_path / "out", originals=OTHER.get(name, {"size": 2048}))
    published = [path.read_bytes() for path in (tmp_path / "out").glob("thumbs/*/*.webp")]
    assert len(published) >= 4
    assert all((content in own) == (name is None) for content in published)


@pytest.mark.parametrize("size", [64, 900])
@pytest.mark.parametrize("originals", ["cleaned", {"size": 2048}, {"size": 2048, "format": "png"}])
def test_a_thumbnail_that_is_taken_brings_no_texts_of_a_profile(tmp_path, originals, size):
    with Library.create(tmp_path / "small") as library:
        texts = changed(profile(), desc=b"desc\0\0\0\0\0\0\0\x11Laptop of Zqanna\0" + bytes(90))
        library.add(draw(tmp_path / "a.png", (size, size), icc_profile=texts))
        build(library)
        [own, *_] = library.settings.site_dir.glob("thumbs/*/*.webp")
        assert b"Zqanna" in own.read_bytes()
        publish(library, tmp_path / "out", originals=originals, base_url="https://example.org/")
    pictures = [path for path in (tmp_path / "out").rglob("*")
                if path.suffix in (".webp", ".png", ".jpg")]
    assert len(pictures) >= 3
    for path in pictures:
        with Pillow.open(path) as image:
            assert image.info["icc_profile"] == clean_profile(texts)


def test_a_picture_whose_profile_says_more_than_colours_is_refused(library, tmp_path, monkeypatch):
    texts = changed(profile(), desc=b"desc\0\0\0\0\0\0\0\5" + b"word\0" + bytes(90))
    makes = publishing.build

    def with_texts(scratch: Library, folder: Path, **options: Any) -> None:
        makes(scratch, folder, **options)
        path = next(folder.glob("thumbs/*/*.webp"))
        draw(path, (60, 40), icc_profile=texts)

    monkeypatch.setattr(publishing, "build", with_texts)
    with pytest.raises(publishing.LeakError) as leak:
        publish(library, tmp_path / "out")
    assert [hit.text for hit in leak.value.hits] == ["a colour profile that says more than colours"]


def test_of_images_that_are_as_they_were_nothing_is_read_again_for_the_proof(
        library, tmp_path, monkeypatch):
    publish(library, tmp_path / "out")
    looked: list[int] = []
    values = told.withheld_values
    monkeypatch.setattr(told, "withheld_values", lambda image, policy, **more: (
        looked.append(image.pk), values(image, policy, **more))[1])
    publish(library, tmp_path / "out")
    assert looked == []
    one = library.ids("")[1]
    library.edit(one, notes="something else")
    publish(library, tmp_path / "out")
    assert looked == [library.get(one).pk]


def test_a_word_that_is_withheld_only_now_is_found_in_a_file_that_was_read_long_ago(
        library, tmp_path, monkeypatch):
    publish(library, tmp_path / "out", intro="")
    one, two = library.ids("")[:2]
    library.edit(one, title="zq7owl")
    publish(library, tmp_path / "out")
    library.edit(two, notes="zq7owl too")  # public besides, and so no secret
    publish(library, tmp_path / "out")
    record = deriving.public_record
    monkeypatch.setattr(deriving, "public_record", lambda image, *given: record(
        image, *given) | ({"title": "zq7owl"} if image.id == one else {}))
    library.edit(one, title="A heron")
    with pytest.raises(publishing.LeakError) as leak:
        publish(library, tmp_path / "out")
    assert {hit.text for hit in leak.value.hits} == {"zq7owl"}


def test_a_narrower_policy_that_changes_no_file_is_remembered(library, tmp_path):
    publish(library, tmp_path / "out", fields=["title", "tags", "notes"])
    again = publish(library, tmp_path / "out")
    assert not again.difference.put
    with publishing.publication(library, Policy.of("mine", {"fields": ["title", "tags", "notes"]}),
                                str(tmp_path / "out")) as found:
        assert "notes" in found.difference.widens


def test_a_picture_that_says_something_is_refused_each_time(library, tmp_path, monkeypatch):
    prepare = deriving.prepare

    def raw(source: Library, image: Any, *more: Any) -> Any:
        made = prepare(source, image, *more)
        draw(more[1] / made.name, texts={"a": "b"})
        return made

    monkeypatch.setattr(deriving, "prepare", raw)
    for _ in range(3):
        with pytest.raises(publishing.LeakError):
            publish(library, tmp_path / "out", originals="cleaned")


@pytest.mark.parametrize("kind", ["png", "webp", "avif"])
def test_a_picture_with_colours_where_nobody_sees_them_is_refused(tmp_path, monkeypatch, kind):
    prepare, saving = deriving.prepare, {"webp": {"lossless": True, "exact": True}}.get(kind, {})

    def raw(source: Library, image: Any, *more: Any) -> Any:
        made = prepare(source, image, *more)
        picture = Pillow.open(tmp_path / "a.png").convert("RGBA")
        picture.putalpha(0)
        with io.BytesIO() as written:
            picture.save(written, kind, **saving)
            (more[1] / made.name).write_bytes(clean(written.getvalue(), label=True).content)
        return made

    with Library.create(tmp_path / "small") as library:
        draw(tmp_path / "a.png", (60, 40))
        library.add(draw(tmp_path / f"b.{kind}", (60, 40)))
        publish(library, tmp_path / "out", originals="cleaned")
        monkeypatch.setattr(deriving, "prepare", raw)
        with pytest.raises(publishing.LeakError) as leak:
            publish(library, tmp_path / "out", originals="cleaned", ai_label="keep")
    assert {hit.text for hit in leak.value.hits} == {"colours where it is wholly transparent"}
