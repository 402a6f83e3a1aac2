"""What a cleaning hands back."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cleaned:
    """A picture of the same looks, without any other words.

    *labelled* says whether it tells that it was made by AI, *is_anew* whether its pixels
    were encoded anew: *size* is then that of the upright picture in pixels, and *phash* its
    `difference_hash`.
    """

    content: bytes
    mime_type: str
    labelled: bool
    is_anew: bool = False
    size: tuple[int, int] = (0, 0)
    phash: str = ""
