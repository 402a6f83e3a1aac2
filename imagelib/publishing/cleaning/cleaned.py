"""What a cleaning hands back."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cleaned:
    """A picture of the same looks, without any other words.

    *labelled* says whether it tells that it was made by AI, *is_anew* whether its pixels
    were encoded anew. The texts inside of a colour profile (its description, its
    copyright) are kept, as they belong to the profile.
    """

    content: bytes
    mime_type: str
    labelled: bool
    is_anew: bool = False
