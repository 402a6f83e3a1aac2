"""Texts cut into pieces: they come back, and the page finds in them what it would find whole."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from node_runner import ask_node, needs_node

from imagelib.generator.text_columns import cut_into_pieces, text_column
from imagelib.library.values.text import fold, fold_words

ODD = [
    "", "Red FOX, (Masterpiece:1.2)", " two  blanks ", "tab\there", "ZÜRICH ẞ",
    "Éva 東京 Tokyo ÉVA",
    "\u212a is no K", "\rAß", "ﬁne ﬁre", "A" * 70_000, "ŁÓDŹ", "\0\x7f", "Ωμέγα ΣΑΣ", "\ud800 half",
    "𝐀 😀 Éva 😀É", "İstanbul", "\xa0É\xa0x", "Å A\u030a", "a,\u0301b", "wait…what", "½ cup",
    "⒈first ⑴one", "a\x85b\u2028c", "ﷺ one", "¨umlaut", "</script>", "__proto__", "\\ \" <",
    *(chr(code) for code in range(0xA0, 0x250)),
]


@pytest.mark.parametrize(("text", "pieces"), [
    ("", []),
    ("red fox", ["red ", "fox"]),
    ("(masterpiece:1.2), Fox", ["(", "masterpiece:", "1.", "2), ", "Fox"]),
    (" \n a", [" \n ", "a"]),
    ("Éva 東京", ["Éva ", "東京"]),
    ("wait…what", ["wait…", "what"]),
    ("a,\u0301b", ["a,\u0301", "b"]),
    ("⒈first", ["⒈", "first"]),
    ("a\x85b", ["a\x85", "b"]),
])
def test_a_piece_is_a_word_and_what_stands_behind_it(text, pieces):
    assert cut_into_pieces(text) == pieces
    assert cut_into_pieces(text) == pieces, "the same when its characters are known"


@given(st.text())
def test_folding_piece_by_piece_is_folding_whole(text):
    pieces = cut_into_pieces(text)

    assert "".join(pieces) == text
    assert "".join(map(fold, pieces)) == fold(text)


def test_frequent_pieces_have_short_numbers():
    column = text_column([f"fox {word}" for word in range(70)])

    assert column["pieces"][0] == "fox "
    assert len(column["tokens"]) == 70 + 63 + 2 * 7
    assert column["lengths"] == '#' * 70
    assert column["count"] == 70


@needs_node
def test_the_page_reads_any_text_and_finds_what_stands_in_it():
    rng = random.Random(7)
    parts = ["red", "Red", "fox", "scarf", "é", "東京", "😀", "1", "2", " ", " ", ", ", "(", ")",
             ":", ".", "\n", "  ", "…", "½", "⒈", "\u0301", "\x85", "ß", "-", "_"]
    texts = ODD + ["".join(rng.choices(parts, k=rng.randrange(30))) for _ in range(600)]
    folded = [fold_words(text) for text in texts]
    letters = set()
    while len(letters) < 1500:
        text = rng.choice(folded)[:300]
        start = rng.randrange(len(text) + 1)
        letters.add(fold_words(text[start:start + rng.randrange(1, 12)]))
    wanted = sorted(letters - {""})

    read = ask_node({"column": text_column(texts), "letters": wanted})
    assert read["texts"] == texts
    assert read["folded"] == folded
    assert read["prompts"][0] == read["prompts"][1], "stacks know a prompt however it is cut"
    numbers = read["prompts"][0]
    assert len(set(zip(folded, numbers, strict=True))) == len(set(folded)) == len(set(numbers))
    assert read["early"] == read["found"], "with and without lists of words"
    for word, found in zip(wanted, read["found"], strict=True):
        assert found == [number for number, text in enumerate(folded) if word in text], word
