"""The proof finds what any fault of the publisher would let through, and says so if it is blind."""

from __future__ import annotations

import base64
import contextlib
import gzip
import io
import json
import random
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from helpers import a1111, draw, fill
from pick_helpers import ANNA
from PIL import Image as Pillow
from PIL import ImageCms

from imagelib.errors import InvalidError
from imagelib.generator.index.blocks import without_numbers
from imagelib.library.library import Library
from imagelib.library.records.albums import change_album
from imagelib.library.values.image import Image
from imagelib.publishing import derived as deriving
from imagelib.publishing import publication as publishing
from imagelib.publishing.files import PublishedFile
from imagelib.publishing.policy import PRESETS, Policy
from imagelib.publishing.proof import proving
from imagelib.publishing.proof.beside_pixels import beside_pixels
from imagelib.publishing.proof.needles import Needles, words
from imagelib.publishing.proof.readings import CANARIES, readings
from imagelib.publishing.records import public_record

#: Stands in everything that is withheld.
CANARY = "zq7fox"


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    """Three published images and one that is not, which say the canary wherever they can."""
    with Library.create(tmp_path / "library") as opened:
        exif = Pillow.Exif()
        exif[0x010E] = f"{CANARY}exif says it"
        sources = [
            draw(tmp_path / "a.png", texts={"parameters": a1111(f"{CANARY}text a red fox")}),
            draw(tmp_path / "b.jpg", exif=exif.tobytes()),
            draw(tmp_path / "c.webp", exif=exif.tobytes(), lossless=True),
            draw(tmp_path / "d.png", texts={"Comment": f"{CANARY}comment"})]
        for n, source in enumerate(sources):
            image = opened.add(source, original_name=f"{CANARY}name{n}.png").image
            opened.edit(image.id, title=f"{CANARY}title", notes=f"{CANARY}notes of it",
                        prompt_text=f"{CANARY}prompt", negative_prompt=f"{CANARY}negative",
                        ai_model=f"{CANARY}model", tags=[f"{CANARY}tag"] + ["private"] * (n == 3),
                        captured_at="2024-05-06T07:08:09",
                        generation={"sampler": f"{CANARY}sampler", "seed": "98765432123",
                                    "extra": {"path": f"/{CANARY}path/x"}})
        with opened.database.write("test") as transaction:
            transaction.run("INSERT INTO searches VALUES (?, ?, '')", f"{CANARY}search",
                            f"tag:{CANARY}tag")
        change_album(opened.database, f"{CANARY}tag", text=f"{CANARY}album as I show it")
        yield opened


def attempt(library: Library, to: Path, **values: Any) -> None:
    with publishing.publication(library, Policy.of("mine", {"originals": "cleaned"} | values),
                                str(to)) as found:
        found.send()


def leaking(column: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A publisher that forgets to withhold one column."""

    def record(image: Image, policy: Policy, given: Any) -> dict[str, Any]:
        return public_record(image, policy, given) | {column: getattr(image, column)}

    monkeypatch.setattr(deriving, "public_record", record)


@pytest.mark.parametrize("column", [
    "title", "prompt_text", "negative_prompt", "ai_model", "notes", "tags", "original_name",
    "generation"])
def test_a_column_that_is_let_through_is_found(library, tmp_path, monkeypatch, column):
    leaking(column, monkeypatch)
    with pytest.raises(publishing.LeakError) as leak:
        attempt(library, tmp_path / "out")
    assert any(CANARY in hit.text or "98765432123" in hit.text for hit in leak.value.hits)
    assert {hit.file for hit in leak.value.hits} != {""}
    assert not (tmp_path / "out").exists()


def test_picks_are_never_in_a_publication_and_are_found_if_they_are(library, tmp_path,
                                                                    monkeypatch):
    row = (ANNA, f"{CANARY}visitor", 1, 3, f"{CANARY}comment of hers", "", "")
    with library.database.write("test") as transaction:
        transaction.run("INSERT INTO picks SELECT pk, ?, ?, ?, ?, ?, ?, ?, ? FROM images",
                        ANNA, *row)
    attempt(library, tmp_path / "out", picks={"comment": True})

    def let_through(self: deriving.Derived, transaction: Any) -> None:
        transaction.run("INSERT INTO picks VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?)", ANNA, *row)

    monkeypatch.setattr(deriving.Derived, "_save_searches", let_through)
    with pytest.raises(publishing.LeakError) as leak:
        attempt(library, tmp_path / "out", picks={"comment": True})
    assert {hit.file for hit in leak.value.hits} == {"data/manifest.js"}


@pytest.mark.parametrize("withheld", ["tags", "this tag", "its images"])
def test_an_album_that_is_withheld_is_found_if_it_is_let_through(library, tmp_path, monkeypatch,
                                                                 withheld):
    values: dict[str, Any] = {"fields": [] if withheld == "tags" else ["tags"]}
    if withheld == "this tag":
        values["tags"] = {"without": [f"{CANARY}tag"]}
    if withheld == "its images":
        library.edit(*library.ids("-tag:private"), tags=["shown"])
    attempt(library, tmp_path / "out", **values)

    def let_through(self: deriving.Derived, transaction: Any) -> None:
        transaction.run("DELETE FROM albums")
        transaction.run("INSERT OR IGNORE INTO tags (name) VALUES ('t')")
        transaction.run("INSERT OR IGNORE INTO image_tags SELECT i.pk, t.id FROM images i, tags t"
                        " WHERE t.name = 't' LIMIT 1")
        transaction.run("INSERT INTO albums (tag, text) VALUES ('t', ?)", f"{CANARY}album as I")

    monkeypatch.setattr(deriving.Derived, "_save_albums", let_through)
    with pytest.raises(publishing.LeakError) as leak:
        attempt(library, tmp_path / "out", **values)
    assert any(hit.file.startswith("data/albums-") for hit in leak.value.hits)


def test_raw_metadata_does_not_even_reach_who_decides(library, tmp_path, monkeypatch):
    def record(image: Image, policy: Policy, given: Any) -> dict[str, Any]:
        assert image.prompt_meta is None
        return public_record(image, policy, given)

    monkeypatch.setattr(deriving, "public_record", record)
    attempt(library, tmp_path / "out", fields=["prompt", "generation"], generation={
        "only": ["sampler"]})


@pytest.mark.parametrize("kind", ["png", "jpg", "webp"])
def test_a_file_that_is_not_cleaned_is_found(library, tmp_path, monkeypatch, kind):
    def raw(source: Library, image: Image, policy: Policy, folder: Path, stem: str
            ) -> PublishedFile:
        made = deriving_prepare(source, image, policy, folder, stem)
        if image.file_name.endswith(kind):
            (folder / made.name).write_bytes(source.originals.path_of(image).read_bytes())
        return made

    deriving_prepare = deriving.prepare
    monkeypatch.setattr(deriving, "prepare", raw)
    with pytest.raises(publishing.LeakError) as leak:
        attempt(library, tmp_path / "out")
    assert any(hit.file.startswith("images/") and hit.file.endswith(kind)
               for hit in leak.value.hits)


STRAY = {
    "a page": ("image/x.html", f"<p>{CANARY}notes".encode()),
    "entities": ("x.html", "".join(f"&#x{ord(c):x};" for c in f"{CANARY}notes").encode()),
    "a name": (f"thumbs/{CANARY}name0.webp", b""),
    "a folder": (f"{CANARY}tag/x.txt", b""),
    "an address": ("x.html", f'<a href="?q=%{ord("z"):x}q7foxnotes">'.encode()),
    "escapes": ("x.js", json.dumps(f"{CANARY}notes").replace("z", "\\u007a").encode()),
    "base64": ("x.css", b"url(data:;base64," + base64.b64encode(f"{CANARY}notes are".encode())),
    "gzip": ("x.gz", gzip.compress(f"{CANARY}notes ".encode() * 3)),
    "deflate in a picture": ("x.png", b"\x89PNG iTXt" + zlib.compress(f"{CANARY}notes".encode())),
    "UTF-16": ("x.jpg", f"{CANARY}notes".encode("utf-16-be")),
    "the digest": ("x.txt", None),
    "the id of a private image": ("x.txt", None),
    "the path of the library": ("x.txt", None),
    "a saved search": ("x.txt", f"{CANARY}search".encode()),
    "a seed": ("x.json", b'{"seed": 98765432123}'),
    "a database": ("library.db", None),
}


@pytest.mark.parametrize("name", STRAY)
def test_a_file_that_nobody_foresaw_is_read_too(library, tmp_path, monkeypatch, name):
    path, content = STRAY[name]
    hidden = library.get(library.ids("tag:private")[0])
    content = content if content is not None else {
        "the digest": hidden.digest.encode(), "the id of a private image": hidden.id.encode(),
        "the path of the library": str(library.root).encode(),
        "a database": b"",
    }[name]
    if name == "a database":
        library.database.checkpoint()
        content = library.settings.database.read_bytes()
    build = publishing.build

    def with_stray(scratch: Library, folder: Path, **options: Any) -> None:
        build(scratch, folder, **options)
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)

    monkeypatch.setattr(publishing, "build", with_stray)
    with pytest.raises(publishing.LeakError) as leak:
        attempt(library, tmp_path / "out")
    assert {hit.file for hit in leak.value.hits} == {path}


def test_a_picture_that_cannot_be_decoded_is_told_from_those_that_are_read_with_it(
        library, tmp_path, monkeypatch):
    build, broken = publishing.build, []

    def with_a_broken_one(scratch: Library, folder: Path, **options: Any) -> None:
        build(scratch, folder, **options)
        path = sorted(folder.glob("thumbs/*/*"))[1]
        path.write_bytes(b"RIFF\x1a\0\0\0WEBPVP8L\x0d\0\0\0\x2f\x01\0\0\0" + bytes(9))
        broken.append(path.relative_to(folder).as_posix())

    monkeypatch.setattr(publishing, "build", with_a_broken_one)
    with pytest.raises(publishing.LeakError) as leak:
        attempt(library, tmp_path / "out")
    assert [(hit.file, hit.reading) for hit in leak.value.hits] == [
        (broken[0], "the picture itself")]
    assert "decoded" in leak.value.hits[0].text


def test_a_run_of_public_words_that_is_withheld_is_found(library, tmp_path, monkeypatch):
    """Each of its words may be said, and what they say together may not."""
    image, other, *_ = library.ids("-tag:private")
    library.edit(image, title="under silver bridge nobody listens anywhere")
    library.edit(other, title="", notes="nobody anywhere listens under silver bridge")
    record = deriving.public_record

    def leaks(one: Image, policy: Policy, given: Any) -> dict[str, Any]:
        return record(one, policy, given) | (
            {"title": one.notes} if "bridge" in one.notes else {})

    library.edit(*library.ids("-tag:private")[2:], title="")
    attempt(library, tmp_path / "first", fields=["title"])
    monkeypatch.setattr(deriving, "public_record", leaks)
    library.edit(other, rating=2)  # else nobody would read it again
    with pytest.raises(publishing.LeakError) as leak:
        attempt(library, tmp_path / "out", fields=["title"])
    assert any("listens under silver" in hit.text for hit in leak.value.hits)


@pytest.mark.parametrize("name", CANARIES)
def test_a_proof_that_has_lost_a_reading_is_blind_and_says_so(library, tmp_path, monkeypatch, name):
    lost = name.removesuffix(" in another")

    def without(path: str, content: bytes) -> Iterator[tuple[str, str]]:
        return (one for one in readings(path, content)
                if one[0] != lost and not one[0].startswith(f"{lost},"))

    monkeypatch.setattr(proving, "readings", without)
    with pytest.raises(proving.BlindError):
        attempt(library, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_word_that_is_allowed_is_let_through(library, tmp_path, monkeypatch):
    leaking("notes", monkeypatch)
    attempt(library, tmp_path / "out", allow=[f"{CANARY}notes"])
    assert (tmp_path / "out" / "index.html").is_file()


@pytest.mark.parametrize("text", ["红狐在雪地里奔跑", "キツネが雪の中を走る", "ลูกสุนัขจิ้งจอก"])
def test_writing_without_blanks_is_known_again(library, tmp_path, monkeypatch, text):
    library.edit(library.ids("-tag:private")[0], notes=text)
    leaking("notes", monkeypatch)
    with pytest.raises(publishing.LeakError) as leak:
        attempt(library, tmp_path / "out", allow=[f"{CANARY}notes"])
    assert all(hit.text in "".join(words(text)) for hit in leak.value.hits)


DATA = Path(__file__).parents[1] / "data"


@pytest.mark.parametrize("preset", PRESETS)
def test_nothing_is_cried_over_that_only_looks_withheld(tmp_path, preset):
    """Labels, colour profiles, escaped characters and dates: each library has them."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    with Library.create(tmp_path / "library") as library:
        for n, source in enumerate(sorted(path for path in DATA.rglob("*") if path.suffix in (
                ".png", ".jpg", ".webp", ".gif", ".avif"))):
            with contextlib.suppress(InvalidError):
                library.add(source, tags=["private"] if n % 3 == 0 else [])
        library.add(draw(tmp_path / "a.jpg", icc_profile=profile, quality=90))
        kept = library.add(draw(tmp_path / "b.png", (300, 200), icc_profile=profile)).image
        library.edit(kept.id, prompt_text="红狐在雪地里奔跑", notes="a google company of adobe",
                     generation={"seed": "0123456789", "extra": {"newscodes": "built in"}},
                     prompt_meta={"text": json.dumps("红狐在雪地里奔跑"), "at": "2024-05-22T00:00"})
        hidden = library.add(draw(tmp_path / "c.webp", lossless=True)).image
        library.edit(hidden.id, tags=["private"], title="ce00 9a4c public domain reference")
        assert library.count() > 5
        attempt(library, tmp_path / "out", **PRESETS[preset])
    assert (tmp_path / "out" / "index.html").is_file()


@pytest.mark.parametrize("values", [
    {}, {"base_url": "https://example.org/", "feed": True, "sitemap": True, "expires": "2099-01-01",
         "fields": ["date:month", "rating"], "picks": {"stars": True, "comment": True}}])
def test_words_that_each_gallery_says_are_nobodys_secret(tmp_path, values):
    """Such as those that hosts read, and the keys of its index."""
    with Library.create(tmp_path / "library") as library:
        image = library.add(draw(tmp_path / "a.jpg")).image
        attempt(library, tmp_path / "out", **values)
        said = {word for path in (tmp_path / "out").rglob("*") if path.is_file()
                for name, text in readings(path.name, path.read_bytes())
                if path.suffix not in (".webp", ".jpg") and name in ("text", "the name of the file")
                for word in words(text) if word.isascii() and word.isalpha() and len(word) < 20}
        assert said > {"titles", "immutable", "nojekyll", "gallery"}
        library.edit(image.id, notes=" ".join(sorted(said))[:9_000], prompt_text=" ".join(
            sorted(said, reverse=True))[:9_000], tags=sorted(said)[:50])
        attempt(library, tmp_path / "out", **values)


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """Many images whose prompts are put together of few words."""
    rng = random.Random(4)
    vocabulary = ["".join(rng.choice(("ka", "to", "ni", "ru")) for _ in range(4))
                  for _ in range(500)]
    root = tmp_path_factory.mktemp("many")
    with Library.create(root / "library") as opened:
        for image in fill(opened, 150):
            opened.edit(image, prompt_text=" ".join(rng.choices(vocabulary, k=60)))
        attempt(opened, root / "out", originals="none", fields=["prompt"])
        yield opened


@pytest.mark.parametrize("reading", ["text", "percent-encoding", "base64"])
def test_what_numbers_and_digests_say_by_chance_is_not_cried_over(many, tmp_path, monkeypatch,
                                                                  reading):
    site = many.settings.private_dir / "published" / "mine" / "site"
    said = {word for path in site.glob("data/*-*.js")
            for name, text in readings("a.js", path.read_bytes()) if name == reading
            for word in proving.telling(words(text)) if word.isascii() and len(word) == 5}
    public = {word for image in many.walk() for word in words(image.prompt_text)}
    chance = " ".join(sorted(said - public - {"title", "model", "bytes"})[:40])
    assert len(chance) > 100 or reading != "text"
    image = many.ids("")[0]
    many.edit(image, notes=f"{chance} zq7notes")
    attempt(many, tmp_path / "out", originals="none", fields=["prompt"])
    leaking("notes", monkeypatch)
    many.edit(image, rating=5)
    many.edit(image, notes=f"{chance} zq7notes then")
    with pytest.raises(publishing.LeakError) as leak:
        attempt(many, tmp_path / "out", originals="none", fields=["prompt"])
    found = {hit.text for hit in leak.value.hits}
    assert found >= {"zq7notes", *proving.telling(words(chance))}


def test_only_a_block_and_nothing_else_is_read_without_its_numbers(many):
    site = many.settings.private_dir / "published" / "mine" / "site"
    for path in site.glob("data/*-*.js"):
        content = path.read_bytes()
        less = without_numbers(content)
        assert len(less) < len(content) or not path.name.startswith(("core", "text"))
        for other in (content + b"//zq7fox", b"zq7fox" + content, content[:-3] + b',"zq7fox");\n',
                      content.replace(b'"kind"', b'"kind":"zq7fox","kind"', 1)):
            assert without_numbers(other) == other


def test_only_long_words_are_looked_for_in_pixels(library, tmp_path):
    assert proving.comes_by_chance("9a4c")
    assert not proving.comes_by_chance(CANARY + "notes")
    sought = Needles({"9a4c": ("notes", "x"), "zq7foxnotes": ("notes", "x")})
    said = proving.said_in([("bytes", "9a4c zq7foxnotes"), ("text", "other")])
    assert [hit.text for hit in proving.find(sought, "a.png", said)] == ["zq7foxnotes"]
    said = proving.said_in([("pixels, bytes", "zq7foxno zq7foxnotes")])
    assert list(said.words) == ["zq7foxnotes"]
    said = proving.said_in([("text", "9a4c zq7foxnotes")])
    assert len(proving.find(sought, "a.js", said)) == 2


@pytest.mark.parametrize(("form", "options"), [
    ("WEBP", {"quality": 80}), ("WEBP", {"lossless": True}), ("JPEG", {"quality": 80}),
    ("JPEG", {"progressive": True}), ("PNG", {}),
])
def test_pixels_that_we_encoded_are_passed_over_and_nothing_else_is(form, options):
    rng = random.Random(5)
    picture = Pillow.frombytes("RGBA", (160, 120), rng.randbytes(4 * 160 * 120))
    exif = Pillow.Exif()
    exif[0x010E] = f"{CANARY}exif"
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    written = io.BytesIO()
    picture.convert("RGB" if form == "JPEG" else "RGBA").save(
        written, form, exif=exif.tobytes(), icc_profile=profile, **options)
    content = written.getvalue() + b"behind the end " + CANARY.encode()

    kept = beside_pixels(content)

    assert len(kept) < len(content) / 4
    assert f"{CANARY}exif".encode() in kept or CANARY.encode() in zlib_texts(kept)
    assert kept.endswith(b"behind the end " + CANARY.encode())
    assert b"acsp" in kept + zlib_texts(kept)
    with Pillow.open(written) as opened:
        opened.load()
    for cut in range(0, 400, 7):  # whatever is broken off is read as it is
        assert beside_pixels(content[:cut]).endswith(content[:cut][-1:])


@pytest.mark.parametrize("form", ["GIF", "AVIF"])
def test_of_a_gif_and_an_avif_what_is_beside_their_pixels_is_read_for_short_words(form):
    rng = random.Random(6)
    picture = Pillow.frombytes("RGBA", (160, 120), rng.randbytes(4 * 160 * 120))
    exif = Pillow.Exif()
    exif[0x010E] = f"{CANARY}exif"
    written = io.BytesIO()
    if form == "GIF":
        picture.convert("P").save(written, form, comment=f"{CANARY}exif".encode(), save_all=True,
                                  append_images=[picture.rotate(180).convert("P")])
    else:
        picture.save(written, form, exif=exif.tobytes(), quality=90)
    content = written.getvalue() + b"behind the end " + CANARY.encode()
    kept = beside_pixels(content)
    assert len(kept) < len(content) / 4
    assert f"{CANARY}exif".encode() in kept
    assert kept.endswith(b"behind the end " + CANARY.encode())
    for cut in range(0, 400, 7):  # whatever is broken off is read as it is
        assert beside_pixels(content[:cut]).endswith(content[:cut][-1:])
    packed = content.index(b"\x08\xff") + 20 if form == "GIF" else len(content) - 400
    assert b"zqfoxes" not in beside_pixels(content[:packed] + b"zqfoxes" + content[packed + 7:])


def zlib_texts(content: bytes) -> bytes:
    """What lies packed in *content*."""
    found = b""
    for at in range(len(content) - 2):
        if content[at] == 0x78 and content[at + 1] in (0x01, 0x5e, 0x9c, 0xda):
            with contextlib.suppress(zlib.error):
                found += zlib.decompressobj().decompress(content[at:])
    return found
