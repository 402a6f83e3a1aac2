"""Does a published picture say anything? Its parts, bytes and pixels are asked, in a worker."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from itertools import chain
from pathlib import Path

from imagelib.errors import RefusedError
from imagelib.ingest.embedded.containers.walk import read_containers
from imagelib.pictures import decode, opened
from imagelib.publishing.cleaning import clean
from imagelib.publishing.cleaning.label import PACKET, SOURCE_TYPE
from imagelib.publishing.cleaning.lowest_bits import MOST, halves, lowest_bits, samples
from imagelib.publishing.cleaning.profile import clean_profile
from imagelib.publishing.cleaning.stealth import hidden_in
from imagelib.publishing.cleaning.trimming import as_encoded
from imagelib.publishing.proof.readings import of_pixels
from imagelib.publishing.proof.wording import comes_by_chance, telling, words

#: Where our readers find the label.
_LABEL = {"xmp:DigitalSourceType": SOURCE_TYPE}
#: Pixels of each frame that are looked at, however many frames there are.
_LEAST = 1 << 13


def said_by_each(paths: list[str], max_pixels: int, made: str) -> list[tuple[list[str], str]]:
    """What each of several pictures says, as `said_by` has it; one that fails fails for all."""
    return [said_by(path, max_pixels, made) for path in paths]


def said_by(path: str, max_pixels: int, made: str) -> tuple[list[str], str]:
    """What the picture at *path* says, a line each, nothing if it is as it should be; and the words
    that its lowest bits say, of which nobody knows here whether they mean anything.

    One that was *made* by cleaning, "cleaned" or "anew" encoded, must be what cleaning it once more
    gives, byte for byte: then it has no part that nobody foresaw. Where pixels keep their lowest
    bits, these are looked at.

    Raises:
        BrokenPictureError, UnsupportedTypeError: it cannot be decoded.
    """
    content = Path(path).read_bytes()
    with Path(path).open("rb", buffering=0) as stream:
        found = read_containers(stream)
    bits = ""
    said = [f"{key}: {text[:60]}" for key, text in found.texts.items() if _LABEL.get(key) != text]
    if found.c2pa:
        said.append("a C2PA store")
    if made:
        try:
            with as_encoded() if made == "anew" else nullcontext():
                again = clean(content, label=PACKET in content)
            if again.content != content:
                said.append("bytes that no cleaned picture has")
        except RefusedError as error:
            said.append(str(error))
    with opened(content, max_pixels) as image:
        profile = image.info.get("icc_profile")
        if profile and not _is_clean(profile):
            said.append("a colour profile that says more than colours")
        if _keeps_bits(content):
            decode(image, content)
            frames = getattr(image, "n_frames", 1)
            seen: dict[str, None] = {}
            hides = is_erased = False
            for number in range(frames):
                image.seek(number)
                hidden = hidden_in(image)
                hides |= hidden.is_text
                is_erased |= hidden.is_erased
                seen |= dict.fromkeys(_words_in(lowest_bits(image, max(_LEAST, MOST // frames))))
            if is_erased and made == "cleaned":  # encoders of ours leave colours of theirs
                said.append("colours where it is wholly transparent")
            if hides:
                said.append("a text in the lowest bits of its pixels")
            for half in halves(content, max_pixels):
                seen |= dict.fromkeys(_words_in(chain(samples(half), lowest_bits(half))))
            bits = " ".join(seen)
    return said, bits


def _words_in(found: Iterable[bytes]) -> Iterator[str]:
    return (word for data in found for _, text in of_pixels(data)
            for word in telling(words(text)) if not comes_by_chance(word, in_pixels=True))


def _is_clean(profile: bytes) -> bool:
    try:
        cleaned = clean_profile(profile)
    except RefusedError:
        return False
    # In an AVIF zeros stand for what is gone.
    return profile == cleaned.ljust(len(profile), b"\0")


def _keeps_bits(content: bytes) -> bool:
    """Whether the format keeps the lowest bits of transparency, of all colours or of indices."""
    if content[:8] == b"\x89PNG\r\n\x1a\n" or content[4:8] == b"ftyp" or content[:4] == b"GIF8":
        return True
    # WebP has transparency without loss in any case; a picture without either tells so.
    return content[:4] == b"RIFF" and (content[12:16] == b"VP8L" or (
        content[12:16] == b"VP8X" and bool(content[20] & 0x10)))
