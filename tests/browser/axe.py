"""axe-core in a page: what it finds wrong there."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

_CARRIER = importlib.util.find_spec("axe_playwright_python")
#: The script, or None where nobody has installed what carries it.
AXE = Path(_CARRIER.origin).parent / "axe.min.js" if _CARRIER and _CARRIER.origin else None


def faults(page: Any, scheme: str) -> list[str]:
    """What axe finds wrong in the view as it is, in the light or in the dark."""
    page.emulate_media(color_scheme=scheme)
    found = page.evaluate("() => axe.run(document, { resultTypes: ['violations'] })")
    assert len(found["passes"]) > 10, "else nothing was looked at"
    return [f"{rule['id']}: {node['target']} {node.get('failureSummary', '')}"
            for rule in found["violations"] for node in rule["nodes"]]
