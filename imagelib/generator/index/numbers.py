"""Numbers as text: the smaller, the shorter, and quicker for a browser than a list of JSON.

A number ends with one of the first `LAST_DIGITS` of `DIGITS`; the others come before it and count
from one, so that no number can be written in two ways. The reader is
`templates/static/engine/numbers.js`.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from itertools import accumulate

#: What stands for numbers: all of ASCII that JSON and a script element leave as it is.
DIGITS = "".join(chr(code) for code in range(32, 127) if chr(code) not in '"<\\')
#: So many digits end a number; the others come before.
LAST_DIGITS = 64


def written(numbers: Iterable[int]) -> str:
    """*numbers*, none of them negative, one behind the other."""
    return "".join(map(written_one, numbers))


def written_deltas(numbers: Iterable[int]) -> str:
    """What each of *numbers* adds to the one before: twice that; twice its size less one if it
    takes away."""
    deltas = []
    before = 0
    for number in numbers:
        delta = number - before
        deltas.append(2 * delta if delta >= 0 else -2 * delta - 1)
        before = number
    return written(deltas)


def read(text: str) -> list[int]:
    """The numbers that `written` wrote.

    Raises:
        ValueError: there is a character that it does not write.
    """
    numbers, rest = [], 0
    for character in text:
        digit = DIGITS.index(character)
        if digit < LAST_DIGITS:
            numbers.append(rest * LAST_DIGITS + digit)
            rest = 0
        else:
            rest = rest * (len(DIGITS) - LAST_DIGITS) + digit - LAST_DIGITS + 1
    return numbers


def read_deltas(text: str) -> list[int]:
    """The numbers that `written_deltas` wrote."""
    return list(accumulate(-(delta + 1) // 2 if delta % 2 else delta // 2 for delta in read(text)))


@lru_cache(maxsize=1 << 16)
def written_one(number: int) -> str:
    """One number."""
    rest, last = divmod(number, LAST_DIGITS)
    digits = DIGITS[last]
    while rest:
        rest, digit = divmod(rest - 1, len(DIGITS) - LAST_DIGITS)
        digits = DIGITS[LAST_DIGITS + digit] + digits
    return digits
