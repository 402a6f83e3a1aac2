"""Which inputs of a ComfyUI node have an effect: a switch lets one of several through."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from imagelib.ingest.embedded.dialects.comfy_names import Names
from imagelib.ingest.embedded.values import as_int

_NUMBERED = re.compile(r"(.*?[^\d_]|)_?0*(\d{1,3})")
_CHOOSER = Names(r"(?:select|index|choice|choose|switch|which|input|number)(?:ed|ion)?"
                 r"(?:_?(?:index|input|number))?")
_OF_TWO = Names(r".*(?:true|false|tt|ff).*")
_IF_NOT = (("true", "false"), ("tt", "ff"))


def let_through(
    kind: str, inputs: dict[str, Any], literal: Callable[[Any], Any]
) -> dict[str, Any]:
    """The inputs of a node of the class *kind* that have an effect; most nodes have all.

    A switch is known by its inputs: a pair of which one is for true and one for false, or a
    row of numbered ones and a number that chooses. One without a chooser takes the first
    that is there. *literal* tells the value of an input that may be linked.
    """
    names = {name.lower(): name for name in inputs if _OF_TWO[name]}
    for yes, no in _IF_NOT if len(names) > 1 else ():
        for lower, name in names.items():
            other = names.get(lower.replace(yes, no)) if yes in lower else None
            if other is not None and other != name:
                rest = {k: v for k, v in inputs.items() if k not in (name, other)}
                return {"value": inputs[name if _holds(rest, literal) else other]}
    return _by_number(kind, inputs, literal)


def _holds(rest: dict[str, Any], literal: Callable[[Any], Any]) -> bool:
    for value in rest.values():
        choice = literal(value)
        if isinstance(choice, (bool, int, float)):
            return bool(choice)
        if isinstance(choice, str) and choice.lower() in ("true", "false"):
            return choice.lower() == "true"
    return True


def _by_number(
    kind: str, inputs: dict[str, Any], literal: Callable[[Any], Any]
) -> dict[str, Any]:
    numbered: dict[str, tuple[str, int]] = {}
    for name, value in inputs.items():
        if (name[-1:].isdigit() and isinstance(value, (list, str))
                and (found := _NUMBERED.fullmatch(name[-80:]))):
            numbered[name] = (found[1], int(found[2]))
    if not numbered:
        return inputs
    chosen = None
    for name, value in inputs.items():
        if name not in numbered and _CHOOSER[name] and not isinstance(value, bool):
            chosen = as_int(literal(value))
            if chosen is not None:
                break
    if chosen is None:
        stems = {stem.lower() for stem, _ in numbered.values()}
        if len(numbered) < len(inputs) or not ("switch" in kind.lower() or stems == {"any"}):
            return inputs
        chosen = min(number for _, number in numbered.values())
    kept = {stem: inputs[name] for name, (stem, number) in numbered.items() if number == chosen}
    if not kept:
        return inputs
    if len(kept) == 1:
        kept = {"value": next(iter(kept.values()))}
    return {name: v for name, v in inputs.items() if name not in numbered} | kept
