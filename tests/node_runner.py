"""Run the page's scripts in node, where it is installed."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

JS = Path(__file__).parent / "js"
NODE = shutil.which("node")
needs_node = pytest.mark.skipif(NODE is None, reason="node is not installed")


def ask_node(question: dict[str, Any]) -> Any:
    """What `tests/js/answer.mjs` says."""
    return ask_script("answer.mjs", question)


def ask_script(name: str, question: dict[str, Any]) -> Any:
    """What the script *name* of `tests/js/` says."""
    assert NODE is not None
    done = subprocess.run(
        [NODE, str(JS / name)],
        input=json.dumps(question), capture_output=True, text=True, timeout=120, check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
