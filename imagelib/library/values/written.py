"""How text and tags from outside are written in a record.

Whole records are checked in `imagelib.library.values.fields`, whose pydantic is a third of what a
command that reads or builds would import.
"""

from __future__ import annotations

import unicodedata
from typing import Any

MAX_TAG = 100
MAX_TAGS = 200


def clean_text(value: Any) -> str:
    """Return *value* as the text that is kept of it: no NUL, and lines that end with one sign.

    Raises:
        ValueError: it is no text, or holds what is no character.
    """
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ValueError("should be text")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError("holds half of a surrogate pair, which is no character") from None
    # NUL would cut the text short in other SQLite programs.
    return value.replace("\0", "").replace("\r\n", "\n")


def clean_tag(value: Any) -> str:
    """Return the one way to write a tag: trimmed, inner blanks folded, lower case.

    Raises:
        ValueError: it is empty, too long, or holds a comma or a control character.
    """
    text = " ".join(clean_text(value).split())
    text = unicodedata.normalize("NFC", text.lower())
    if not text:
        raise ValueError("a tag cannot be empty")
    if len(text) > MAX_TAG:
        raise ValueError(f"a tag has at most {MAX_TAG} characters")
    if "," in text:
        raise ValueError("a tag cannot hold a comma; that is what separates tags")
    if any(unicodedata.category(c) == "Cc" for c in text):
        raise ValueError("a tag cannot hold control characters")
    return text
