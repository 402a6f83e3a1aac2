"""Imports run one way: no module imports itself by way of others, and few rooms know each other."""

from __future__ import annotations

import runpy
from pathlib import Path

ROOMS = runpy.run_path(str(Path(__file__).parents[1] / "docs" / "rooms.py"))


def test_no_module_imports_itself_by_way_of_others():
    found = ROOMS["imports"]()
    assert len(found) > 100
    assert ROOMS["circle"](found) == []
    assert ROOMS["circle"]({"a": {"b"}, "b": {"c"}, "c": {"a"}}), "it would be seen"


def test_the_rooms_of_the_library_know_few_others():
    between = ROOMS["arrows"](ROOMS["imports"]())
    assert {"values", "store"} <= set().union(*between.values())
    assert sum(map(len, between.values())) <= 25
