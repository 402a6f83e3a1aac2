"""How a cleaner says no."""

from __future__ import annotations

from imagelib.errors import RefusedError


def refused(reason: str) -> RefusedError:
    """The error that says *reason*, a clause about the file, and what can be done."""
    return RefusedError(
        f"This picture cannot be cleaned: {reason}. Publish it encoded anew, or leave it out.")
