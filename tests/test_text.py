"""Folding: what it forgets, and that the page forgets the same."""

from __future__ import annotations

import sys
import unicodedata

import pytest
from corpus_library import image_of
from hypothesis import given
from hypothesis import strategies as st
from node_runner import ask_node, needs_node

from imagelib.library.values.image import Image
from imagelib.library.values.text import fold, fold_words, folded_row, searchable

#: Every character that Python knows, but halves of surrogate pairs.
ASSIGNED = [
    chr(code)
    for code in range(sys.maxunicode + 1)
    if not 0xD800 <= code <= 0xDFFF and unicodedata.category(chr(code)) not in ("Cn", "Co")
]


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        pytest.param("Café", "cafe", id="accents"),
        pytest.param("cafe\u0301", "cafe", id="accents apart"),
        pytest.param("STRASSE straße ẞ", "strasse strasse ss", id="sharp s"),
        pytest.param("ΟΔΥΣΣΕΥΣ ὀδυσσεύς", "οδυσσευσ οδυσσευσ", id="final sigma"),
        pytest.param("ﬁne ＦＵＬＬ ①", "fine full 1", id="compatibility forms"),
        pytest.param("İstanbul", "istanbul", id="dotted capital i"),
        pytest.param("ﾊﾝｶｸ が", "ハンカク か", id="kana"),
        pytest.param("Ærø", "ærø", id="letters of their own stay"),
        pytest.param("a\tb  c", "a\tb  c", id="blanks stay"),
    ],
)
def test_folds(text, folded):
    assert fold(text) == folded


def test_folding_a_character_twice_is_folding_it_once():
    assert [c for c in ASSIGNED if fold(fold(c)) != fold(c)] == []


@given(st.text())
def test_folding_a_text_twice_is_folding_it_once(text):
    assert fold(fold(text)) == fold(text)
    assert fold_words(fold_words(text)) == fold_words(text)


@needs_node
def test_the_page_folds_every_character_as_python_does():
    texts = ASSIGNED + [f"a{c}Σ {c}" for c in ASSIGNED[:3000]]

    folded = ask_node({"fold": texts})

    different = [
        (text, ours, theirs)
        for text, ours, theirs in zip(texts, map(fold, texts), folded, strict=True)
        if ours != theirs
    ]
    assert different == []


def test_no_word_reaches_over_two_fields():
    image = image_of({
        "n": 1, "id": "x", "captured_at": "2026-01-01T00:00:00", "prompt_text": "red\x1f\nfox",
        "notes": "Two  Lines\nhere", "title": "A title", "ai_model": "Flux",
        "tags": ["b", "Ä"],
    })

    assert searchable(image) == "red fox\x1f\x1ftwo lines here\x1fa title\x1fflux\x1fb\x1fa\x1f"


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, ""), (12, "12"), ("Twelve", "Twelve"), (1.5, "1.5"), (True, "true"), (["é"], '["é"]')],
)
def test_any_value_of_a_generator_has_a_text(value, text):
    image: Image = image_of({
        "n": 1, "id": "x", "captured_at": "", "generation": {"seed": value, "tool": value},
    })

    assert folded_row(image)[2:] == (fold(text), "", text)
