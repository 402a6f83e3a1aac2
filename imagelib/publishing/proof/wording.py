"""What a text says: words that tell something, and runs of words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import chain

from imagelib.library.values.text import fold

#: Letters and digits in a row; the second form is for writing without blanks.
_WORD = re.compile(r"[^\W_]+")
_DENSE = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff"
                    r"\uac00-\ud7af]+")
#: Letters of a word that tells something, with a digit in it and without; digits alone.
_SHORTEST, _SHORTEST_MIXED, _SHORTEST_NUMBER = 5, 4, 9
#: The same where letters are looked for in bytes of all kinds, and where these are pixels: of a
#: word of six letters every hundredth picture of a megabyte has one, if there are many such words.
_SHORTEST_BYTES, _SHORTEST_MIXED_BYTES = 6, 8
_SHORTEST_PIXELS, _SHORTEST_MIXED_PIXELS = 8, 10
#: Letters of a piece of dense writing, and words in a run.
_DENSE_PIECE, RUN = 4, 5
#: Looks like a word and is none: an escaped character, digits in their order, a date and its hour.
_NO_WORD = re.compile(r"(?:u[0-9a-f]{4})+|0?1?23456789|\d{1,2}t\d{2}")


def words(text: str) -> list[str]:
    """All words of *text*, folded as searches fold them."""
    return _WORD.findall(fold(text))


def words_by_line(text: str) -> list[str]:
    """The same, quicker for the readings of pages, which are alike but for a few lines."""
    return list(chain.from_iterable(map(_words_of_line, text.split("\n"))))


@lru_cache(1 << 12)
def _words_of_line(line: str) -> tuple[str, ...]:
    return tuple(words(line))


def telling(found: Iterable[str]) -> Iterator[str]:
    """Those of the words *found* that are long enough to be known again."""
    return chain.from_iterable(map(_told_by, found))


@lru_cache(1 << 16)
def _told_by(word: str) -> tuple[str, ...]:
    """What of *word* is long enough to be known again."""
    if len(word) < _DENSE_PIECE:  # most are; no other kind may be as short
        return ()
    if (word[0] == "u" or word[0].isdigit()) and _NO_WORD.fullmatch(word):
        return ()
    if word.isdigit():
        return (word,) if len(word) >= _SHORTEST_NUMBER else ()
    if not word.isascii() and _DENSE.search(word):
        return tuple(dense[at:at + _DENSE_PIECE] for dense in _DENSE.findall(word)
                     for at in range(len(dense) - _DENSE_PIECE + 1))
    is_told = len(word) >= _SHORTEST or (
        len(word) >= _SHORTEST_MIXED and any(map(str.isdigit, word)))
    return (word,) if is_told else ()


def comes_by_chance(word: str, *, in_pixels: bool = False) -> bool:
    """Whether bytes, or the many bytes of pixels, say it now and then when they are read as
    letters: the shorter, the more often."""
    plain, mixed = (_SHORTEST_PIXELS, _SHORTEST_MIXED_PIXELS) if in_pixels else (
        _SHORTEST_BYTES, _SHORTEST_MIXED_BYTES)
    return len(word) < (mixed if any(map(str.isdigit, word)) else plain)


def runs(found: list[str]) -> Iterator[str]:
    """Each `RUN` words that follow one another, with a blank between them."""
    return map(" ".join, zip(*(found[at:] for at in range(RUN)), strict=False))
