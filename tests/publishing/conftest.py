"""The library that most tests of publishing begin with."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers import a1111, draw
from published import CANARY

from imagelib.library.library import Library


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    """Eight images that say the canary in every value; two of them are private."""
    with Library.create(tmp_path / f"library-{CANARY}") as opened:
        for n in range(8):
            source = draw(tmp_path / f"{CANARY}-name-{n}{'.png' if n % 2 else '.webp'}", (90, 60),
                          seed=n, **({"texts": {"parameters": a1111(f"{CANARY}prompt {n}")}}
                                     if n % 2 else {}))
            image = opened.add(source, original_name=source.name).image
            opened.edit(image.id, title=f"Picture {n}", notes=f"{CANARY}notes {n}", rating=n % 6,
                        prompt_text=f"{CANARY}prompt of {n}", negative_prompt=f"{CANARY}negative",
                        ai_model=f"{CANARY}model", captured_at=f"2024-0{n + 1}-17T13:14:15",
                        tags=["shown", f"{CANARY}tag"] + ["private"] * (n == 3)
                        + ["private/client"] * (n == 4),
                        generation={"seed": "123456789012", "extra": {"path": f"/{CANARY}/path"}})
        yield opened
