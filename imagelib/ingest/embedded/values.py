"""Read single values that generators wrote, refusing what would do harm later.

Every function takes anything at all, raises nothing, and is linear in its input:
the JSON comes from strangers, nests 100,000 deep, holds integers of 5,000 digits,
`NaN` (ComfyUI writes it) and halves of surrogate pairs.
"""

from __future__ import annotations

import contextlib
import json
import math
import re
from collections.abc import Callable, Mapping
from typing import Any

from imagelib.ingest.embedded.record import Lora
from imagelib.library.values.dates import parse_wall_clock

MAX_DEPTH = 100
#: Commas and opening brackets: each costs up to 230 bytes of Python objects once parsed.
MAX_NODES = 250_000
_LONGEST_INTEGER = 40
_WEIGHTS = (".safetensors", ".ckpt", ".gguf", ".sft", ".pt", ".pth")
_SIZE = re.compile(r"(?<!\d)(\d{1,6})\s*[x×,]\s*(\d{1,6})(?!\d)", re.ASCII)
_INTEGER = re.compile(r"-?\d{1,20}", re.ASCII)
_NUMBER = re.compile(r"[+-]?\d{1,20}(?:\.\d{1,20})?(?:[eE][+-]?\d{1,3})?", re.ASCII)
_HEXADECIMAL = re.compile(r"0[xX][0-9a-fA-F]{1,16}", re.ASCII)
#: What savers write where they know nothing.
_PLACEHOLDERS = frozenset({"unknown", "none", "null", "n/a", "nan"})
_DECIMAL_COMMA = re.compile(r"[+-]?\d{1,4},\d{1,2}", re.ASCII)
_NOT_BRACKETS = re.compile(r"[^\[\]{}]+")
_ONE_KIND = str.maketrans("{}", "[]")


def load_json(text: str, max_nodes: int = MAX_NODES) -> Any:
    """Parse *text*, or return None where it is no JSON or not harmless.

    Infinities and NaN become None, and integers that Python refuses to read stay text.
    """
    text = text.strip("\0 \t\r\n\ufeff")
    if text[:1] not in ("{", "[", '"') or count_nodes(text) > max_nodes or _too_deep(text):
        return None
    value = _parse(text)
    if value is None or "\\u" not in text:
        return value
    return _without_surrogates(value) if re.search(r"\\u[dD][89a-fA-F]", text) else value


def _parse(text: str) -> Any:
    # Python refuses more than 4300 digits; looking at every number before costs a tenth.
    parsers: tuple[Callable[[str], Any] | None, ...] = (None, _integer)
    for parse_int in parsers:
        try:
            return json.loads(text, strict=False, parse_int=parse_int, parse_float=_finite,
                              parse_constant=_nothing)
        except json.JSONDecodeError:
            return None
        except ValueError:
            continue
    return None


def count_nodes(text: str) -> int:
    """Never less than how many values the JSON *text* holds."""
    return text.count(",") + text.count("[") + text.count("{")


def _too_deep(text: str) -> bool:
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return False
    # What stands outside of strings is every second piece once the escapes are gone.
    pieces = text.replace("\\\\", "").replace('\\"', "").split('"')[::2]
    brackets = _NOT_BRACKETS.sub("", "".join(pieces)).translate(_ONE_KIND)
    for _ in range(MAX_DEPTH):
        if not brackets:
            return False
        brackets = brackets.replace("[]", "")  # takes exactly the innermost level away
    return bool(brackets)


def _integer(digits: str) -> int | str:
    return int(digits) if len(digits) <= _LONGEST_INTEGER else digits


def _finite(digits: str) -> float | None:
    number = float(digits)
    return number if math.isfinite(number) else None


def _nothing(_name: str) -> None:
    """NaN and Infinity are no JSON, and SQLite refuses them."""


def _without_surrogates(value: Any) -> Any:
    """*value* with lone halves of surrogate pairs replaced; its depth is bounded already."""
    if isinstance(value, str):
        return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    if isinstance(value, list):
        return [_without_surrogates(item) for item in value]
    if isinstance(value, dict):
        return {_without_surrogates(k): _without_surrogates(v) for k, v in value.items()}
    return value


def as_dict(value: Any) -> dict[str, Any]:
    """*value* if it is a JSON object, else an empty one."""
    return value if isinstance(value, dict) else {}


def as_list(value: Any) -> list[Any]:
    """*value* if it is a JSON array, else an empty one."""
    return value if isinstance(value, list) else []


def as_text(value: Any) -> str:
    """Text, or a number as text; anything else is empty."""
    if isinstance(value, str):
        return value
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)
    return ""


def as_float(value: Any) -> float | None:
    """A finite number, or None; text is read too, with a decimal comma where it has one."""
    if isinstance(value, str):
        value = value.strip()
        if "," in value and _DECIMAL_COMMA.fullmatch(value):
            value = value.replace(",", ".")
        value = float(value) if _NUMBER.fullmatch(value) else None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def as_int(value: Any) -> int | None:
    """An integer of at most 64 bits, or None; never by way of a float, which loses digits."""
    if isinstance(value, str):
        value = value.strip()
        value = int(value) if _INTEGER.fullmatch(value) else as_float(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if -(2**63) <= value < 2**64 else None


def as_seed(value: Any) -> int | None:
    """A seed, also in hexadecimal; -1 means "draw one" in every tool and is no seed."""
    if isinstance(value, str) and _HEXADECIMAL.fullmatch(value.strip()):
        return int(value, 16)
    seed = as_int(value)
    return None if seed == -1 else seed


def as_steps(value: Any) -> int | None:
    """A count of steps: a positive integer below a million."""
    steps = as_int(value)
    return steps if steps is not None and 0 < steps < 1_000_000 else None


def as_size(width: Any, height: Any = None) -> tuple[int, int] | None:
    """Width and height in pixels, from two numbers or from one text such as `512x768`."""
    if height is None and isinstance(width, str):
        found = _SIZE.search(width)
        width, height = found.groups() if found else (None, None)
    wide, high = as_int(width), as_int(height)
    if wide is None or high is None or not (0 < wide < 1_000_000 and 0 < high < 1_000_000):
        return None
    return wide, high


def base_name(value: Any) -> str:
    """The name of a model without its folders and without the extension of a weights file."""
    text = as_text(value)
    name = text.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1].strip()
    lower = name.lower()
    if lower.endswith(_WEIGHTS):
        return name[: lower.rindex(".")]
    return "" if is_placeholder(text) or is_placeholder(name) else name


def is_placeholder(text: str) -> bool:
    """Whether *text* is no more than a word for "there is none"."""
    return text.strip().lower() in _PLACEHOLDERS


def is_weights_file(value: Any) -> bool:
    """Whether *value* names a file of model weights."""
    return isinstance(value, str) and value.lower().endswith(_WEIGHTS)


def as_lora(name: Any, weight: Any = None) -> tuple[Lora, ...]:
    """One LoRA as a tuple of one, or of none where there is no name."""
    base = base_name(name)
    return (Lora(base, as_float(weight)),) if base else ()


def as_date(value: Any) -> str:
    """A date and time as wall clock, or empty where *value* is none."""
    if text := as_text(value)[:64]:
        with contextlib.suppress(ValueError):
            return parse_wall_clock(text)
    return ""


def pick(source: Mapping[str, Any], *names: str) -> Any:
    """The first value of *names* in *source* that is neither absent nor null nor empty."""
    for name in names:
        value = source.get(name)
        if value is not None and value != "":
            return value
    return None


def extras(source: dict[str, Any], **names: str) -> dict[str, str | int | float]:
    """Those values of *source* that are worth showing, under our names (ours=theirs)."""
    found: dict[str, str | int | float] = {}
    for ours, theirs in names.items():
        value = source.get(theirs)
        if isinstance(value, (str, int, float)) and not isinstance(value, bool) and value != "":
            found[ours] = value[:1000] if isinstance(value, str) else value
    return found
