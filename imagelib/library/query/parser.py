"""From the text of a search to its conditions. Every text is one: what is no operator is a word.

The way: `_tokens` cuts the text, `_pair` finds the parentheses that group, all
others are glued back onto the words that they stand in, and `_Builder` puts the
tree together without recursion. `templates/static/engine/query.js` is the twin.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from imagelib.library.query.fields import (
    BadValueError,
    condition,
    field_named,
    foreign,
    foreign_value,
    sort_column,
    unknown_field,
)
from imagelib.library.query.terms import UUID, All, Id, Node, Word, all_of, any_of, negated
from imagelib.library.values.text import fold_words

#: Longer than any prompt that is pasted; all work on a text grows with its length.
MAX_LENGTH = 20_000
#: More conditions than anybody types; SQLite takes an expression of this depth.
MAX_TERMS = 200
#: SQLite's parser has room for about thirty levels; people need two.
MAX_DEPTH = 10

_BLANK = re.compile(r"\s")
_BREAK = re.compile(r"[\s()]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_FIELD = re.compile(r"([A-Za-z_]+):")
#: `(red hat:1.3)`: a weight, as it is pasted out of a prompt.
_WEIGHT = re.compile(
    r"\(([^()\"]+):\s{0,9}(?:\d{1,9}(?:\.\d{0,9})?|\.\d{1,9})\)[^\s()\"]*", re.ASCII
)
_LAST_NAME = re.compile(r"(?<![A-Za-z_])[A-Za-z_]+$")
#: What closes a curly quotation, by what opens it.
_CURLY = {"“": "”“", "„": "“”"}


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a text was understood as."""

    root: Node
    sort: str
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Token:
    """A piece of the text.

    `kind` is one of `(`, `)`, `or`, `word`, `quote` (in quotes, `value` is what
    they hold, `field` the name before them), `weight`, and `paren` (one that
    groups nothing). A sign before it is within `start`, but not within `value`.
    """

    kind: str
    start: int
    end: int
    value: str
    negated: bool = False
    field: str = ""


def parse(source: str) -> Parsed:
    """Understand *source*."""
    # Half a character is none, and SQLite takes no text with one.
    text = _SURROGATE.sub("\ufffd", source[:MAX_LENGTH])
    builder = _Builder(text)
    if len(source) > MAX_LENGTH:
        builder.warn(f"only the first {MAX_LENGTH:,} characters are read")
    builder.add_all(_glued(text, _pair(_tokens(text))))
    return Parsed(builder.groups[0].finish(), builder.sort, tuple(builder.warnings))


def _tokens(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    position = level = 0
    while position < len(text):
        if _BLANK.match(text, position):
            position += 1
            continue
        token = _token_at(text, position, level > 0)
        level = max(0, level + {"(": 1, ")": -1}.get(token.kind, 0))
        tokens.append(token)
        position = token.end
    return tokens


def _token_at(text: str, start: int, in_group: bool) -> _Token:
    signed = text[start] == "-" and not _only_minus(text[start + 1:start + 2])
    at = start + signed
    if text[at] == "(":
        if (weight := _WEIGHT.match(text, at)) and not _ends_with_field(weight[1]):
            return _Token("weight", start, weight.end(), weight[0], signed)
        return _Token("(", start, at + 1, "(", signed)
    if text[at] == ")":
        return _Token(")", start, at + 1, ")")
    if closed := _quotation(text, at):
        return _Token("quote", start, *closed, signed)
    if (name := _FIELD.match(text, at)) and (closed := _quotation(text, name.end())):
        return _Token("quote", start, *closed, signed, name[1])
    end = _word_end(text, at, in_group)
    value = text[at:end]
    kind = "or" if value in ("or", "OR") and not signed else "word"
    return _Token(kind, start, end, value, signed)


def _only_minus(following: str) -> bool:
    """Whether a minus before this is no sign: at the end, in `- a`, `--ar 16:9`, `-)`."""
    return following in ("", "-", ")") or _BLANK.match(following) is not None


def _ends_with_field(words: str) -> bool:
    name = _LAST_NAME.search(words)
    return name is not None and field_named(name[0]) is not None


def _quotation(text: str, at: int) -> tuple[int, str] | None:
    """The end of a quotation that opens at *at*, and what it holds; `""` within is a quote."""
    opening = text[at:at + 1]
    if closing := _CURLY.get(opening):
        ends = [end for mark in closing if (end := text.find(mark, at + 1)) > 0]
        return (min(ends) + 1, text[at + 1:min(ends)]) if ends else None
    if opening != '"':
        return None
    end = text.find('"', at + 1)
    while end > 0 and text[end + 1:end + 2] == '"':
        end = text.find('"', end + 2)
    return (end + 1, text[at + 1:end].replace('""', '"')) if end > 0 else None


def _word_end(text: str, start: int, in_group: bool) -> int:
    """A word ends at a blank, or at a `)` that closes a group and nothing within the word."""
    inner = 0
    for found in _BREAK.finditer(text, start):
        if found[0] == "(":
            inner += 1
        elif found[0] == ")":
            if inner == 0 and in_group:
                return found.start()
            inner = max(0, inner - 1)
        else:
            return found.start()
    return len(text)


def _pair(tokens: list[_Token]) -> list[_Token]:
    """Keep the parentheses that pair up around something; the others become `paren`.

    Of `((a))` one pair is enough: the outer one is left out.
    """
    partner: dict[int, int] = {}
    opened: list[int] = []
    for index, token in enumerate(tokens):
        if token.kind == "(":
            opened.append(index)
        elif token.kind == ")" and opened:
            start = opened.pop()
            if index > start + 1:
                partner[start], partner[index] = index, start
    redundant: set[int] = set()
    for start, end in partner.items():
        if start < end and not tokens[start].negated and partner.get(start + 1) == end - 1:
            redundant.update((start, end))
    return [
        replace(token, kind="paren") if token.kind in "()" and index not in partner else token
        for index, token in enumerate(tokens)
        if index not in redundant
    ]


def _glued(text: str, tokens: list[_Token]) -> list[_Token]:
    """Put the parentheses that group nothing back onto the words that they touch."""
    gluing = ("paren", "word", "or", "weight")
    result: list[_Token] = []
    for token in tokens:
        last = result[-1] if result else token
        if (
            last.end == token.start
            and "paren" in (last.kind, token.kind)
            and last.kind in gluing
            and token.kind in gluing
        ):
            value = text[last.start + last.negated:token.end]
            result[-1] = replace(last, kind=token.kind, end=token.end, value=value)
            if token.kind != "paren":
                result[-1] = replace(result[-1], kind="word")
        else:
            result.append(token)
    return [replace(token, kind="word") if token.kind == "paren" else token for token in result]


class _Group:
    """A group while it is read: the alternatives that are complete, and the one that is not."""

    def __init__(self, negated: bool = False) -> None:
        self.negated = negated
        self.alternatives: list[Node] = []
        self.parts: list[Node] = []

    def next_alternative(self) -> None:
        if self.parts:
            self.alternatives.append(all_of(self.parts))
            self.parts = []

    def finish(self) -> Node:
        self.next_alternative()
        node = any_of(self.alternatives) if self.alternatives else All()
        return negated(node) if self.negated and self.alternatives else node


class _Builder:
    """Puts the tree together, token by token."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.groups = [_Group()]
        self.sort = ""
        self.warnings: dict[str, None] = {}
        self._terms = 0

    def warn(self, text: str) -> None:
        self.warnings[text] = None

    def say(self, hint: str) -> None:
        """Warn, if there is anything to say."""
        if hint:
            self.warn(hint)

    def add_all(self, tokens: list[_Token]) -> None:
        too_deep = 0
        for index, token in enumerate(tokens):
            if token.kind == "(":
                if len(self.groups) > MAX_DEPTH:
                    too_deep += 1
                    self.warn(f"parentheses nested more than {MAX_DEPTH} deep are left out")
                else:
                    self.groups.append(_Group(token.negated))
            elif token.kind == ")" and too_deep:
                too_deep -= 1
            elif token.kind == ")":
                node = self.groups.pop().finish()
                if node != All():
                    self.groups[-1].parts.append(node)
            elif token.kind == "or" and _joins(tokens, index):
                self.groups[-1].next_alternative()
            else:
                self._add_term(token)

    def _add_term(self, token: _Token) -> None:
        node = self._term(token)
        if node is None:
            return
        self._terms += 1
        if self._terms > MAX_TERMS:
            self.warn(f"only the first {MAX_TERMS} conditions are used")
            return
        self.groups[-1].parts.append(negated(node) if token.negated else node)

    def _term(self, token: _Token) -> Node | None:
        field, value = token.field, token.value
        if token.kind == "word":
            if UUID.fullmatch(value):
                return Id(value.lower())
            if name := _FIELD.match(value):
                field, value = name[1], value[name.end():]
        if field:
            return self._field(token, field, value)
        if token.kind in ("word", "or"):
            self.say(foreign(value))
        return _literal(value)

    def _field(self, token: _Token, name: str, value: str) -> Node | None:
        literal = self.text[token.start + token.negated:token.end]
        field = field_named(name)
        if field is None:
            if value and not value.startswith("//"):  # nobody means a field by http://
                self.warn(unknown_field(name))
            return _literal(literal)
        try:
            if field != "sort":
                node = condition(field, value)
                if token.kind == "word":
                    self.say(foreign_value(field, value))
                return node
            if token.negated:
                raise BadValueError("sort cannot be negated; write sort:-date for the newest first")
            self.sort = sort_column(value)
        except BadValueError as error:
            self.warn(f"{error}; searched as text")
            return _literal(literal)
        return None


def _literal(text: str) -> Node | None:
    """Text to be found as it is; nothing if it is only blanks."""
    word = fold_words(text)
    return Word(word) if word else None


def _joins(tokens: list[_Token], index: int) -> bool:
    """Whether the `or` at *index* stands between two conditions; else it is a word."""
    before = tokens[index - 1].kind if index else "("
    after = tokens[index + 1].kind if index + 1 < len(tokens) else ")"
    return before not in ("(", "or") and after != ")"
