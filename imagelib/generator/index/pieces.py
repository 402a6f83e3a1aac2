"""The texts of a block, cut into pieces that repeat.

Prompts are made of the same words over and over. Each distinct piece, a word and what
stands behind it up to the next word, is written once and the texts are numbers of pieces: a third
of the bytes, and the page looks at each piece once instead of at each letter of all texts.
`templates/static/engine/texts.js` is the reader.

A piece is cut from the text as it was written. What is folded (`imagelib.library.values.text`)
is the same whether it is folded whole or piece by piece, and no word goes over the end of a piece.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from itertools import chain, islice
from typing import Any

from imagelib.generator.index.numbers import read, written, written_one
from imagelib.library.values.text import fold

_LETTER = "0-9A-Za-z\x80-\U0010ffff"
_PIECE = re.compile(f"[{_LETTER}]+[^{_LETTER}]*|[^{_LETTER}]+")
#: In what `_Edges` makes of a text: the end of a piece.
_END = re.compile("[sb]-*(?=[wb])")
#: Characters that `_PIECE` takes for what they are once they are folded; more as they are met.
_known = set(map(chr, range(128)))


def text_column(texts: Iterable[str]) -> dict[str, Any]:
    """The distinct *texts* of a block as JSON.

    `pieces` are the distinct pieces, the most frequent ones first; `count` is how many texts
    there are, `lengths` of how many pieces each is made, `tokens` the numbers of all of them.
    """
    cut = [cut_into_pieces(text) for text in texts]
    counts = Counter(chain.from_iterable(cut))
    pieces = sorted(counts, key=lambda piece: (-counts[piece], piece))
    digits = {piece: written_one(number) for number, piece in enumerate(pieces)}
    return {
        "pieces": pieces,
        "count": len(cut),
        "lengths": written(map(len, cut)),
        "tokens": "".join(map(digits.__getitem__, chain.from_iterable(cut))),
    }


def read_texts(column: dict[str, Any]) -> list[str]:
    """The texts that `text_column` wrote."""
    pieces, tokens = column["pieces"], iter(read(column["tokens"]))
    return ["".join(pieces[token] for token in islice(tokens, length))
            for length in read(column["lengths"])]


def cut_into_pieces(text: str) -> list[str]:
    """Cut *text* before each word that does not begin it.

    A word is a run of letters and digits of ASCII and of all characters beyond, after folding:
    `½` is one word, `…` is three full stops.
    """
    if text.isascii() or _known.issuperset(text):
        return _PIECE.findall(text)
    starts = [0, *(found.end() for found in _END.finditer(text.translate(_EDGES)))]
    return [text[start:end] for start, end in zip(starts, [*starts[1:], len(text)], strict=True)]


class _Edges(dict[int, str]):
    """A table for `str.translate`: how a character begins and ends once it is folded.

    `w` does both as a part of a word, `s` as a sign between words; `b` begins as a word and ends
    with a sign, as `1.` in one character does, `e` the other way round. `-` is folded away.
    """

    def __missing__(self, code: int) -> str:
        folded = fold(chr(code))
        edge = "sebw"[2 * _is_letter(folded[0]) + _is_letter(folded[-1])] if folded else "-"
        if edge == "w" and all(map(_is_letter, folded)):
            _known.add(chr(code))
        self[code] = edge
        return edge


def _is_letter(character: str) -> bool:
    # A blank beyond ASCII that folding keeps is made a space afterwards.
    return re.match(f"[{_LETTER}]", character) is not None and not character.isspace()


_EDGES = _Edges()
