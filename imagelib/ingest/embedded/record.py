"""What a reader hands back: one shape for every generator, so that nobody else knows any."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any


@dataclass(frozen=True, slots=True)
class Lora:
    """A small model laid over the main one; `weight` is None where the file has none."""

    name: str
    weight: float | None = None


@dataclass(frozen=True, slots=True)
class EmbeddedMetadata:
    """What a generator wrote into a file. An empty record means: no generator known.

    `model` and the names of `loras` are base names without a folder or the
    extension of a weights file. `size` is what the generator was asked for, in
    pixels; the picture may be larger (upscaled) or a screenshot of something else.
    `label` stands in files that say no more than that they are generated. `raw` is
    strict JSON of at most 8 MiB: enough to run a better reader without the file.
    `sources` says where values were read: `record` for all that it does not name.
    `title`, `caption`, `tags` and `rating` (1 to 5, or 0) are what people wrote into the file;
    those and `captured_at` are there without any generator, too.
    """

    tool: str = ""
    prompt: str = ""
    negative_prompt: str = ""
    model: str = ""
    seed: int | None = None
    steps: int | None = None
    sampler: str = ""
    scheduler: str = ""
    cfg_scale: float | None = None
    size: tuple[int, int] | None = None
    loras: tuple[Lora, ...] = ()
    version: str = ""
    captured_at: str = ""
    label: str = ""
    extra: dict[str, str | int | float] = field(default_factory=dict)
    raw: dict[str, Any] | None = None
    sources: dict[str, str] = field(default_factory=dict)
    title: str = ""
    caption: str = ""
    tags: tuple[str, ...] = ()
    rating: int = 0
    #: Which of `prompt` and `negative_prompt` are longer in `raw` than they are here.
    shortened: tuple[str, ...] = ()
    #: What is in the file and cannot be read.
    unread: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Whether anything of a generator was found, understood or not."""
        return bool(self.tool or self.prompt or self.label or self.raw is not None)

    def read_from(self, key: str) -> EmbeddedMetadata:
        """The same record, read from the text at *key* of the file."""
        return replace(self, sources={"record": key, **self.sources}) if key else self

    def with_written_of(self, other: EmbeddedMetadata) -> EmbeddedMetadata:
        """The same record with what people wrote into the file of *other*, and its date."""
        dated = other.captured_at and not self.captured_at
        source = {"captured_at": other.sources.get("captured_at", "")} if dated else {}
        return replace(
            self, title=other.title, caption=other.caption, tags=other.tags, rating=other.rating,
            captured_at=self.captured_at or other.captured_at, sources=self.sources | source)

    def given(self) -> dict[str, Any]:
        """What people wrote into the file, as fields of an image."""
        return {"title": self.title, "notes": self.caption, "tags": list(self.tags),
                "rating": self.rating}

    def generation(self) -> dict[str, Any]:
        """The normalised JSON object for the column `generation`; what is empty is absent.

        The seed is a decimal string: it has up to 64 bits, and JavaScript would
        lose the last digits of a number.
        """
        values: dict[str, Any] = {
            "tool": self.tool,
            "version": self.version,
            "seed": None if self.seed is None else str(self.seed),
            "steps": self.steps,
            "sampler": self.sampler,
            "scheduler": self.scheduler,
            "cfg_scale": self.cfg_scale,
            "size": f"{self.size[0]}x{self.size[1]}" if self.size else None,
            "loras": [{"name": lora.name, "weight": lora.weight} for lora in self.loras],
            "label": self.label,
            "extra": dict(self.extra),
            "sources": dict(self.sources),
            "shortened": list(self.shortened),
            "unread": list(self.unread),
        }
        return {name: value for name, value in values.items() if value not in (None, "", [], {})}
