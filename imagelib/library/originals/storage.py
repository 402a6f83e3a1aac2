"""What a library consists of. `Library` adds what a user does with it."""

from __future__ import annotations

from typing import Self

from imagelib.config import Settings
from imagelib.library.originals.originals import Originals
from imagelib.library.store.database import Database
from imagelib.library.store.rows import require, select
from imagelib.library.values.image import Image
from imagelib.sandbox import Sandbox


class Storage:
    """Settings, database and files of one library, and its images by their ids."""

    def __init__(self, settings: Settings, *, read_only: bool = False) -> None:
        self.settings = settings
        self.root = settings.root
        self.database = Database(settings.database, settings.private_dir / "write.lock",
                                 read_only=read_only)
        self.sandbox = Sandbox(settings.workers, seconds=settings.decode_seconds,
                               memory=settings.decode_memory)
        self.originals = Originals(settings, self.database, self.sandbox)

    def close(self) -> None:
        """End the workers and close the database."""
        self.sandbox.close()
        self.database.close()
        self.originals.intents.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def get(self, image_id: str) -> Image:
        """The image with this id.

        Raises:
            NotFoundError: there is none; it may be in the trash.
        """
        found = select(self.database.reader, "WHERE i.id = ?", [clean_id(image_id)])
        return require(found, image_id)


def clean_id(image_id: str) -> str:
    """An id as the tables have it."""
    return image_id.strip().lower()
