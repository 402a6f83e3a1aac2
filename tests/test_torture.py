"""A quarter of a minute of everybody at once; `torture.py` runs for longer."""

from __future__ import annotations

import torture


def test_a_library_survives_everybody_at_once(tmp_path):
    outcome = torture.main(["--minutes", "0.25", "--seed", "7", "--keep", str(tmp_path / "arena")])

    assert outcome["violations"] == [], outcome
    assert outcome["kills"].get("daemon")
    assert outcome["acknowledged"]["added"]
