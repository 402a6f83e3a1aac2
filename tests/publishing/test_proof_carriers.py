"""What a cleaner takes out is read by the proof where a cleaner does not take it out."""

from __future__ import annotations

from itertools import chain

import pytest
import test_cleaning_avif
import test_cleaning_gif
import test_cleaning_jpeg
import test_cleaning_png
import test_cleaning_webp
from canaries import WORD

from imagelib.publishing.proof.beside_pixels import below_pixels, beside_pixels
from imagelib.publishing.proof.readings import of_pixels, readings

#: A picture with the word in it, by its type, the kind of picture and the place of the word.
PICTURES = {("png", "", place): picture for place, picture in test_cleaning_png.CARRIERS.items()}
PICTURES |= {
    (suffix, kind, place): carry(picture)
    for suffix, module in (("jpg", test_cleaning_jpeg), ("webp", test_cleaning_webp),
                           ("gif", test_cleaning_gif), ("avif", test_cleaning_avif))
    for kind, picture in module.KINDS.items() for place, carry in module.CARRIERS.items()}


def test_there_are_carriers_of_each_type():
    assert len({place for suffix, _, place in PICTURES}) > 100
    assert {suffix for suffix, *_ in PICTURES} == {"png", "jpg", "webp", "gif", "avif"}


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "gif", "avif"])
def test_the_proof_reads_each_place_in_which_a_picture_may_say_something(suffix):
    unread = []
    for (kind, *where), picture in PICTURES.items():
        if kind == suffix:
            found = chain(readings(f"images/a.{suffix}", beside_pixels(picture)),
                          of_pixels(picture, below_pixels(picture)))
            if not any(WORD.decode() in text.lower() for _, text in found):
                unread.append(where)
    assert unread == []


@pytest.mark.parametrize("base", ["PLAIN", "INDEXED"])
@pytest.mark.parametrize("parts", [1, 2, 5])
def test_what_is_packed_below_the_last_row_is_read_in_however_many_parts(base, parts):
    png = test_cleaning_png
    (whole,) = (data for kind, data in png.chunks(getattr(png, base)) if kind == b"IDAT")
    for packed, is_silent in ((png.more_rows(whole), False), (whole, True)):
        size = -(-len(packed) // parts)
        some = [(b"IDAT", packed[at:at + size]) for at in range(0, len(packed), size)]
        head, *others = (one for one in png.chunks(getattr(png, base)) if one[0] != b"IDAT")
        picture = png.png([head, *others[:-1], *some, others[-1]])
        assert below_pixels(picture) == (b"" if is_silent else bytes(1) + WORD * 20)
