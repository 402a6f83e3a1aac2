"""Which room of the library imports which, and whether modules import each other in a circle.

    .venv/bin/python docs/rooms.py
"""

from __future__ import annotations

import ast
import json
from collections import defaultdict
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

PACKAGE = Path(__file__).parent.parent / "imagelib"


def imports() -> dict[str, set[str]]:
    """Each module of imagelib with those that it imports, also inside functions; not those that
    only the checker of types reads."""
    names = {name_of(path): path for path in PACKAGE.rglob("*.py")}
    return {name: {target for target in _targets(ast.parse(path.read_text(encoding="utf-8")))
                   if target in names and target != name} for name, path in names.items()}


def name_of(path: Path) -> str:
    """The dotted name of the module at *path*."""
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def arrows(found: dict[str, set[str]]) -> dict[str, set[str]]:
    """Each room of the library with those that it imports; a module beside them is a room."""
    between: dict[str, set[str]] = defaultdict(set)
    for name, targets in found.items():
        for target in targets:
            if _room(name) and _room(target) and _room(name) != _room(target):
                between[_room(name)].add(_room(target))
    return dict(between)


def circle(found: dict[str, set[str]]) -> list[str]:
    """Modules that import each other in a circle; [] if there are none."""
    try:
        list(TopologicalSorter(found).static_order())
    except CycleError as error:
        return list(error.args[1])
    return []


def _room(name: str) -> str:
    parts = name.split(".")
    return parts[2] if parts[1:2] == ["library"] and len(parts) > 2 else ""


def _targets(node: ast.AST) -> Iterator[str]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        if isinstance(child, ast.ImportFrom) and child.module:
            yield child.module
            yield from (f"{child.module}.{alias.name}" for alias in child.names)
        elif isinstance(child, ast.Import):
            yield from (alias.name for alias in child.names)
        else:
            yield from _targets(child)


def main() -> None:
    """Print them as JSON."""
    found = imports()
    between = arrows(found)
    print(json.dumps({
        "modules": len(found), "circle": circle(found),
        "arrows": sum(map(len, between.values())),
        "rooms": {room: sorted(between[room]) for room in sorted(between)}}, indent=2))


if __name__ == "__main__":
    main()
