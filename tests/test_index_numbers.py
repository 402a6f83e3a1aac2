"""Numbers as text: short, and only one way to write each."""

from __future__ import annotations

import json
import re
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from imagelib.generator.index.numbers import DIGITS, LAST_DIGITS, written, written_deltas
from imagelib.generator.index.pieces import text_column


def test_small_numbers_take_one_character_and_larger_ones_more():
    lengths = [len(written([number])) for number in (0, 63, 64, 1855, 1856, 52031, 52032)]

    assert lengths == [1, 1, 2, 2, 3, 3, 4]
    assert len(DIGITS) == 92
    assert not set('"<\\') & set(DIGITS)


@given(st.sets(st.integers(0, 2**53 - 1), max_size=20))
def test_every_number_has_a_text_of_its_own(numbers):
    texts = {written([number]) for number in numbers}

    assert len(texts) == len(numbers)
    for text in texts:
        assert text[-1] in DIGITS[:LAST_DIGITS]
        assert not set(text[:-1]) & set(DIGITS[:LAST_DIGITS]), "a number ends with its last digit"


def test_steps_go_up_and_down():
    assert written_deltas([5, 5, 3]) == written([10, 0, 3])


def test_the_numbers_of_the_format_are_written_as_its_page_says():
    page = (Path(__file__).parents[1] / "docs" / "engine.md").read_text(encoding="utf-8")
    rows = re.findall(r'^\| ([\d ]+) \| `"(.+)"` \|$', page, re.MULTILINE)
    assert len(rows) == 8
    for numbers, text in rows:
        assert written(map(int, numbers.split())) == text
    numbers, text = re.search(r'`([\d ]+)` is `"(.+?)"`', page).groups()
    assert written_deltas(map(int, numbers.split())) == text


def test_the_texts_of_the_format_are_written_as_its_page_says():
    page = (Path(__file__).parents[1] / "docs" / "engine.md").read_text(encoding="utf-8")
    texts = re.search(r"The texts (.*):\n", page)[1].replace("`", "")
    assert text_column(json.loads(f"[{texts}]")) == json.loads(
        re.search(r'^{"pieces".*}$', page, re.MULTILINE)[0])
