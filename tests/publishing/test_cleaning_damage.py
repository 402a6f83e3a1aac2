"""Whatever stands in a file, cleaning it ends with a picture or with a refusal."""

from __future__ import annotations

import random

import pytest
from canaries import exif_with, picture, profile, saved

from imagelib.publishing.cleaning import RefusedError, clean

EXIF = exif_with(b"a fox", 6)
WHOLE = {
    "png": saved(picture("RGBA"), "PNG", exif=EXIF, icc_profile=profile()),
    "indexed png": saved(picture("P"), "PNG", transparency=1),
    "animated png": saved(picture(), "PNG", save_all=True, append_images=[picture(seed=2)]),
    "jpeg": saved(picture(), "JPEG", exif=EXIF, icc_profile=profile()),
    "progressive jpeg": saved(picture(), "JPEG", progressive=True),
    "lossy webp": saved(picture("RGBA"), "WEBP", exif=EXIF, icc_profile=profile()),
    "lossless webp": saved(picture("RGBA"), "WEBP", lossless=True),
    "animated webp": saved(picture(), "WEBP", save_all=True, append_images=[picture(seed=2)]),
    "gif": saved(picture("P"), "GIF", save_all=True, append_images=[picture("P", seed=2)]),
    "avif": saved(picture("RGBA"), "AVIF", exif=EXIF, icc_profile=profile()),
}


@pytest.mark.filterwarnings("ignore")  # what Pillow thinks of such files
@pytest.mark.parametrize("name", WHOLE)
def test_damage_of_any_kind_is_refused_or_harmless(name):
    rng = random.Random(name)
    endings = set()
    for _ in range(250):
        content = bytearray(WHOLE[name])
        for _ in range(rng.choice((1, 1, 3))):
            at = rng.randrange(min(len(content), rng.choice((60, 400, 10**6))))
            change = rng.randrange(4)
            if change == 0:
                content[at] = rng.choice((0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)))
            elif change == 1:
                del content[at:at + rng.randrange(1, 9)]
            elif change == 2:
                content[at:at] = rng.randbytes(rng.randrange(1, 9))
            else:
                content[at:at + 4] = rng.choice((bytes(4), b"\xff" * 4, b"\x7f\xff\xff\xff"))
        try:
            clean(bytes(content))
            endings.add("cleaned")
        except RefusedError:
            endings.add("refused")
    assert "refused" in endings


@pytest.mark.parametrize("name", WHOLE)
def test_a_file_that_is_cut_anywhere_is_refused(name):
    whole = clean(WHOLE[name]).content
    for length in range(0, len(whole) - 1, 1 + len(whole) // 150):
        with pytest.raises(RefusedError):
            clean(whole[:length])
