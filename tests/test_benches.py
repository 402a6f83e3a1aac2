"""The scripts that measure still run and print JSON; what they measure is for people."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).parents[1] / "bench"
#: The smallest run of each.
SMALL = {
    "api.py": ["--rows", "200", "--seconds", "0.1"],
    "build.py": ["--count", "2", "--rounds", "1"],
    "ingest.py": ["--counts", "20"],
    "publish.py": ["--count", "3"],
    "records.py": ["--count", "20"],
    "scan.py": ["--count", "200"],
    "scale.py": ["--count", "30"],
}
#: They drive a browser for a minute, or need FastAPI: only what they import is tried.
IMPORTED = {"corpus", "editor", "search", "search_peers"}
ELSEWHERE = {"api_reference.py"}


def test_each_script_is_tried():
    assert {path.name for path in BENCH.glob("*.py")} == {
        *SMALL, *ELSEWHERE, *(f"{name}.py" for name in IMPORTED)}


@pytest.mark.parametrize("name", SMALL)
def test_a_script_measures_and_prints_json(name, tmp_path):
    done = subprocess.run([sys.executable, str(BENCH / name), *SMALL[name]], cwd=tmp_path,
                          capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr[-2000:]
    assert json.loads(done.stdout)


def test_the_others_find_what_they_import():
    pytest.importorskip("playwright")
    code = f"import sys; sys.path[:0] = [{str(BENCH)!r}]\nimport {', '.join(sorted(IMPORTED))}"
    subprocess.run([sys.executable, "-c", code], check=True)
