"""What a person should know of how a file was read. Nothing of it decodes a picture."""

from __future__ import annotations

from typing import Any

from imagelib.ingest.embedded.containers.findings import PACKED


def warnings_of(generation: dict[str, Any]) -> list[str]:
    """What was not taken whole, one sentence each, by the `generation` of its image."""
    names, unread = generation.get("shortened"), generation.get("unread")
    return [f"{name} in it cannot be read without the package brotli; install it (pip install"
            " brotli), then: imagelib reread" if str(name).endswith(PACKED) else
            f"{name} in it is damaged and cannot be read; the picture and all else were taken"
            for name in (unread if isinstance(unread, list) else ())] + [
            f"the {str(name).replace('_', ' ')} is too long for its field and was cut;"
            " all of it stays in the file and in prompt_meta"
            for name in (names if isinstance(names, list) else ())]
