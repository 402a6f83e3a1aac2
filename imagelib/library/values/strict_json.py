"""JSON from outside: nothing that two readers could understand in two ways, and nothing without
end."""

from __future__ import annotations

import json
import re
from typing import Any

#: The most values in one document: each takes hundreds of bytes, however short it is written.
MAX_VALUES = 500_000

_STRING = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)


def read_strictly(content: bytes | str) -> Any:
    """The value of *content*: UTF-8, no NaN, no number out of range, no name twice.

    Raises:
        ValueError: it is anything else, is nested too deeply, or holds more than `MAX_VALUES`.
    """
    try:
        text = content if isinstance(content, str) else content.decode("utf-8")
        if text.count(",") + text.count("[") + text.count("{") > MAX_VALUES and (
                _count_values(text) > MAX_VALUES):
            raise ValueError(f"it holds more than {MAX_VALUES:,} values")
        return json.loads(text, parse_constant=_refuse, parse_float=_finite,
                          object_pairs_hook=_unique)
    except UnicodeDecodeError as error:
        raise ValueError("it is not UTF-8") from error
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def _count_values(text: str) -> int:
    """Roughly: what begins or parts values, outside of strings."""
    return sum(map(len, re.findall(r'[,\[{]+', _STRING.sub("", text))))


def _refuse(word: str) -> Any:
    raise ValueError(f"{word} is no JSON")


def _finite(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise ValueError(f"{text[:40]} is out of range")
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name stands twice in one object")
    return found
