"""Images that look alike: found by their looks, merged without loss."""

from __future__ import annotations

import random
import sqlite3

import pytest
from helpers import draw, fill
from PIL import Image

from imagelib.library.library import Library
from imagelib.library.records.lookalikes import DISTANCE, find_lookalikes, merge
from imagelib.pictures import difference_hash


def scene(seed: int, size: tuple[int, int] = (256, 192)) -> Image.Image:
    """A picture with large forms, as photographs have them."""
    rng = random.Random(seed)
    return Image.frombytes("RGB", (6, 5), rng.randbytes(90)).resize(size, Image.Resampling.BICUBIC)


def distance(one: Image.Image, other: Image.Image) -> int:
    return (int(difference_hash(one), 16) ^ int(difference_hash(other), 16)).bit_count()


def test_a_scaled_or_recompressed_picture_looks_alike_and_another_does_not(tmp_path):
    one = scene(1)
    one.save(tmp_path / "a.jpg", quality=30)
    with Image.open(tmp_path / "a.jpg") as recompressed:
        assert distance(one, recompressed) <= DISTANCE
    assert distance(one, one.resize((100, 75))) <= DISTANCE
    assert distance(one, one.convert("P", palette=Image.Palette.ADAPTIVE)) <= DISTANCE
    assert min(distance(one, scene(seed)) for seed in range(2, 40)) > DISTANCE


def test_transparency_counts_as_white():
    picture = scene(3)
    mask = Image.new("L", picture.size, 255)
    mask.paste(0, (0, 0, 128, 192))
    clear = picture.convert("RGBA")
    clear.putalpha(mask)
    white = picture.copy()
    white.paste("white", (0, 0, 128, 192))
    assert distance(clear, white) <= DISTANCE


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "I;16", "RGB", "RGBA", "CMYK"])
def test_every_kind_of_picture_has_looks(mode):
    source = scene(4).convert("L") if mode == "I;16" else scene(4)
    picture = (Image.new("I;16", source.size, 3000) if mode == "I;16"
               else source.convert(mode))
    assert len(difference_hash(picture)) == 16


def test_groups_are_found_the_best_first_and_plain_ones_left_out(library, tmp_path):
    for name, picture in {
        "small": scene(1, (128, 96)), "large": scene(1), "other": scene(2),
        "red": Image.new("RGB", (64, 64), "red"), "blue": Image.new("RGB", (64, 64), "blue"),
    }.items():
        picture.save(tmp_path / f"{name}.png")
        library.add(tmp_path / f"{name}.png")

    [group] = find_lookalikes(library)

    assert [image.original_name for image in group] == ["large.png", "small.png"]


def test_merging_keeps_tags_rating_and_notes_and_one_undo_takes_it_back(library, tmp_path):
    scene(1).save(tmp_path / "large.png")
    scene(1, (128, 96)).save(tmp_path / "small.png")
    large = library.add(tmp_path / "large.png", tags=["a"], notes="one", rating=2).image
    small = library.add(tmp_path / "small.png", tags=["b"], notes="two", rating=5).image

    [[keep, *others]] = find_lookalikes(library)
    merge(library, keep, others)

    now = library.get(large.id)
    assert (now.tags, now.rating, now.notes) == (("a", "b"), 5, "one\ntwo")
    assert [trashed.image.id for trashed in library.trash()] == [small.id]
    library.undo()
    assert library.get(small.id).notes == "two"
    assert (library.get(large.id).tags, library.get(large.id).rating) == (("a",), 2)
    library.redo()
    assert library.get(large.id).tags == ("a", "b")


def test_every_pair_within_the_distance_is_found(tmp_path):
    rng = random.Random(5)
    with Library.create(tmp_path / "l") as library:
        ids = fill(library, 300)
        values, previous = {}, 0
        with library.database.write("test", undoable=False) as transaction:
            for number, image_id in enumerate(ids):
                value = rng.getrandbits(64)
                if number % 3 == 1:  # near the one before
                    value = previous
                    for bit in rng.sample(range(64), rng.randrange(8)):
                        value ^= 1 << bit
                previous = value
                values[image_id] = value
                transaction.run("UPDATE images SET phash = ? WHERE id = ?", f"{value:016x}",
                                image_id)
        for near in (0, 2, 4, 7):
            joined = {frozenset(image.id for image in group)
                      for group in find_lookalikes(library, near)}
            expected = {frozenset(pair) for pair in zip(ids[::3], ids[1::3], strict=True)
                        if (values[pair[0]] ^ values[pair[1]]).bit_count() <= near}
            assert joined == expected


def test_what_is_no_hash_is_like_nothing(library, tmp_path):
    for n in range(3):
        library.add(draw(tmp_path / f"{n}.png", seed=n))
    with sqlite3.connect(library.settings.database) as other:
        other.execute("UPDATE images SET phash = 'zz' || pk")
    other.close()
    assert find_lookalikes(library) == []
