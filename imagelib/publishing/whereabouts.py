"""In which publications an image is, asked of the ledgers."""

from __future__ import annotations

from pathlib import Path

from imagelib.config import Settings
from imagelib.publishing.ledger import ask
from imagelib.publishing.records import own_id


def whereabouts(settings: Settings, image_id: str) -> list[tuple[str, str]]:
    """(publication, place) of each place where the image is, as of when that was last complete."""
    found = []
    for path in sorted((settings.private_dir / "published").glob("*/ledger.db")):
        # Places may have been filled under either kind of id.
        ids = [image_id, *(own_id(image_id, secret) for secret in _secrets(path.parent))]
        found += [(path.parent.name, row[0]) for row in ask(
            path, "SELECT p.place FROM places p WHERE EXISTS (SELECT 1 FROM images i WHERE"
            " i.place = p.id AND i.id IN (?, ?)) ORDER BY p.place", ids[0], ids[-1])]
    return found


def held_by(settings: Settings, place: str) -> list[str]:
    """The publications that have files in *place*, as their ledgers call it."""
    return [path.parent.name for path in sorted(
        (settings.private_dir / "published").glob("*/ledger.db")) if ask(
            path, "SELECT 1 FROM places p WHERE p.place = ? AND EXISTS (SELECT 1 FROM files f"
            " WHERE f.place = p.id)", place)]


def _secrets(folder: Path) -> list[bytes]:
    return [bytes.fromhex(row[0]) for row in ask(
        folder / "sources.db", "SELECT value FROM meta WHERE key = 'secret'")]
