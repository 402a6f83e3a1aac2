"""What free hosts take, as far as a place tells which one it is. As of November 2026."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath

_MB, _GB = 1_000_000, 1_000_000_000
#: What a place says -> host, bytes in all, bytes of a file, files.
_HOSTS: dict[str, tuple[str, float, float, float]] = {
    "github": ("GitHub Pages", _GB, 100 * _MB, float("inf")),
    "gitlab": ("GitLab Pages", _GB, float("inf"), 200_000),
    # A ZIP file, or a folder, is what one drops there.
    ".zip": ("Cloudflare Pages (free)", float("inf"), 25 * (1 << 20), 20_000),
}


def exceeded(place: str, files: Mapping[str, tuple[str, int]]) -> list[str]:
    """What of *files* (path -> digest, size) is more than the host of *place* takes, in words."""
    found = []
    for mark, (host, most, most_of_one, count) in _HOSTS.items():
        if mark not in place.lower():
            continue
        size = sum(size for _, size in files.values())
        if size > most:
            found.append(f"{host} takes {most / _GB:.0f} GB, and this is {size / _GB:.1f} GB."
                         " Smaller pictures (`originals`) take less.")
        if len(files) > count:
            found.append(f"{host} takes {count:,} files, and these are {len(files):,}. An image"
                         " makes three or four.")
        if large := [path for path, (_, size) in files.items() if size > most_of_one]:
            found.append(f"{host} takes files of at most {most_of_one / _MB:.0f} MB; larger is"
                         f" {PurePosixPath(large[0]).name} ({len(large):,} in all).")
    return found
