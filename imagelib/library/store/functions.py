"""What our SQL calls and SQLite has not: every connection that answers a search has it."""

from __future__ import annotations

import json
import sqlite3

from imagelib.library.values.image import bits_apart
from imagelib.library.values.text import file_names, fold, lora_names


def add_functions(connection: sqlite3.Connection) -> None:
    """Give *connection* our functions."""
    connection.create_function("fold", 1, fold, deterministic=True)
    connection.create_function("file_names", 3, file_names, deterministic=True)
    connection.create_function("lora_names", 1, _lora_names, deterministic=True)
    connection.create_function("bits_apart", 2, bits_apart, deterministic=True)


def _lora_names(generation: str) -> str:
    try:
        made = json.loads(generation)
    except (ValueError, RecursionError):  # another program wrote it
        return ""
    return lora_names(made) if isinstance(made, dict) else ""
