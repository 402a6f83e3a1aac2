"""What our SQL calls and SQLite has not: every connection that answers a search has it."""

from __future__ import annotations

import json
import sqlite3

from imagelib.library.values.image import bits_apart
from imagelib.library.values.text import file_names, fold, lora_names, name_key


def add_functions(connection: sqlite3.Connection) -> None:
    """Give *connection* our functions."""
    connection.create_function("fold", 1, fold, deterministic=True)
    connection.create_function("file_names", 3, file_names, deterministic=True)
    connection.create_function("name_key", 3, name_key, deterministic=True)
    connection.create_function("shuffled", 2, shuffled, deterministic=True)
    connection.create_function("lora_names", 1, _lora_names, deterministic=True)
    connection.create_function("bits_apart", 2, bits_apart, deterministic=True)


def _lora_names(generation: str) -> str:
    try:
        made = json.loads(generation)
    except (ValueError, RecursionError):  # another program wrote it
        return ""
    return lora_names(made) if isinstance(made, dict) else ""


def shuffled(pk: int, seed: int) -> int:
    """A number of 32 bits for *pk* that looks like chance; the page mixes in the same way."""
    mixed = (pk + seed * 0x9E3779B1) & 0xFFFFFFFF
    mixed = ((mixed ^ mixed >> 16) * 0x85EBCA6B) & 0xFFFFFFFF
    mixed = ((mixed ^ mixed >> 13) * 0xC2B2AE35) & 0xFFFFFFFF
    return mixed ^ mixed >> 16
