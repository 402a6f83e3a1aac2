"""Files that are whole or absent: atomic writes, digests, names that every system takes.

Nothing here knows of a library. The rule behind it all: write beside the
target, flush to the disk, then let the last step be one that cannot be half
done (a rename or a link).
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import hashlib
import os
import secrets
import shutil
import sys
import unicodedata
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from imagelib.errors import DiskFullError

#: Names that Windows keeps for devices, with any extension.
_DEVICES = frozenset(
    ["con", "prn", "aux", "nul"]
    + [f"{port}{n}" for port in ("com", "lpt") for n in "0123456789¹²³"]
)
_FORBIDDEN = frozenset('<>:"/\\|?*')
_BLOCK = 1 << 20
#: More files than this are flushed sooner by flushing all that the system has.
_MANY = 64
#: How a file looks without being read: size in bytes, mtime in ns, inode.
Stat = tuple[int, int, str]
#: Linux: "let this file have the bytes of that one", from linux/fs.h.
_FICLONE = 0x40049409


@contextmanager
def replacing(target: Path, *, sync: bool = True) -> Iterator[IO[bytes]]:
    """Open a stream that takes *target*'s place only if the block succeeds.

    Raises:
        DiskFullError: no space is left; *target* is as it was.
    """
    make_folder(target.parent)
    # Beside the target, so that the last step is a rename within one file
    # system. Not `tempfile`: its mode 0600 would make a published site unreadable.
    partial = target.with_name(f".{secrets.token_hex(6)}.partial")
    try:
        with disk_full(), partial.open("wb") as stream:
            yield stream
            if sync:
                stream.flush()
                os.fsync(stream.fileno())
        partial.replace(target)
        if sync:
            sync_folder(target.parent)
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def disk_full() -> Iterator[None]:
    """Turn "no space left" into an error that says so."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFullError(
                "The disk is full; nothing was changed. Free some space and try again."
            ) from error
        raise


def flush(paths: Collection[Path]) -> None:
    """Make files that were written survive a power cut; one that has gone since is passed over."""
    if len(paths) > _MANY and hasattr(os, "sync"):
        os.sync()
        return
    with disk_full():
        for path in paths:
            with contextlib.suppress(OSError), path.open("rb") as stream:
                os.fsync(stream.fileno())
        for folder in {path.parent for path in paths}:
            sync_folder(folder)


def sync_folder(folder: Path) -> None:
    """Make the names in *folder* survive a power cut, where the system can."""
    if sys.platform == "win32":
        return  # Windows has no flush for folders; NTFS journals their entries
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def make_folder(folder: Path, mode: int = 0o777) -> None:
    """Make *folder*, and those above it that are not there; their names survive a power cut."""
    absent = [folder]
    while not absent[-1].exists() and absent[-1].parent != absent[-1]:
        absent.append(absent[-1].parent)
    for path in reversed(absent[:-1]):
        path.mkdir(mode, exist_ok=True)
        sync_folder(path.parent)


def digest(path: Path) -> str:
    """SHA-256 hex of the bytes of *path*."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def copy_synced(source: IO[bytes], target: Path) -> str:
    """Copy *source* into the new file *target*, flushed; return the digest of what was read."""
    make_folder(target.parent)
    checksum = hashlib.sha256()
    with disk_full(), target.open("xb") as stream:
        while block := source.read(_BLOCK):
            checksum.update(block)
            stream.write(block)
        stream.flush()
        os.fsync(stream.fileno())
    return checksum.hexdigest()


def link_or_copy(source: Path, target: Path) -> None:
    """Give the bytes of *source* the new name *target*; *source* is to be unlinked next.

    By a hard link, as a step of a move; where the file system has none, or *target* lies on
    another one, by a copy, which is flushed and whole before it has its name. The caller syncs
    the folder, once for many files.

    Raises:
        FileExistsError: *target* is there already; it is left alone.
    """
    make_folder(target.parent)
    try:
        os.link(source, target, follow_symlinks=False)
    except FileExistsError:
        raise
    except (OSError, NotImplementedError):
        _copy_beside(source, target)


def _copy_beside(source: Path, target: Path) -> None:
    """For file systems without links, and across two of them."""
    partial = target.with_name(f".{secrets.token_hex(6)}.partial")
    try:
        with source.open("rb") as stream:
            copy_synced(stream, partial)
        shutil.copystat(source, partial)
        if os.path.lexists(target):
            raise FileExistsError(errno.EEXIST, "there already", str(target))
        partial.rename(target)
    finally:
        partial.unlink(missing_ok=True)


def clone(source: Path, target: Path) -> None:
    """Give the bytes of *source* to the new file *target*, which shares nothing with it after.

    What is written into one of them later never shows in the other. By a reflink, which
    takes no room, where the file system has them; else by a copy. Flushed, whole before it
    has its name, with the mtime of *source*. A link is followed.

    Raises:
        FileExistsError: *target* is there already; it is left alone.
        DiskFullError: no space is left; *target* is not there.
    """
    make_folder(target.parent)
    partial = target.with_name(f".{secrets.token_hex(6)}.partial")
    try:
        copy_apart(source, partial, sync=True)
        if os.path.lexists(target):
            raise FileExistsError(errno.EEXIST, "there already", str(target))
        partial.rename(target)
    finally:
        partial.unlink(missing_ok=True)
    sync_folder(target.parent)


def copy_apart(source: Path, fresh: Path, *, sync: bool) -> None:
    """As `clone`, but under the name *fresh* from the first byte on, and flushed only if *sync*.

    For names that nobody looks at yet: what fails leaves a part of it there.
    """
    before = source.stat()
    if not _clonefile(source, fresh):
        with disk_full(), source.open("rb") as stream, fresh.open("xb") as copy:
            if not _share_blocks(stream, copy):
                shutil.copyfileobj(stream, copy, _BLOCK)
    if sync:
        with disk_full(), fresh.open("rb") as copy:
            os.fsync(copy.fileno())
    os.utime(fresh, ns=(before.st_atime_ns, before.st_mtime_ns))


def _share_blocks(source: IO[bytes], target: IO[bytes]) -> bool:
    """Make *target* a reflink of *source*, on Linux; whether the file system can."""
    if sys.platform != "linux":
        return False
    import fcntl

    try:
        fcntl.ioctl(target.fileno(), _FICLONE, source.fileno())
    except OSError:  # no reflinks here, or another file system: whatever it is, a copy will do
        return False
    return True


def _clonefile(source: Path, fresh: Path) -> bool:
    """Make *fresh* a clone of *source*, on macOS; whether the file system can."""
    if sys.platform != "darwin":
        return False
    try:
        call = ctypes.CDLL(None).clonefile
    except (OSError, AttributeError):  # before macOS 10.12
        return False
    return bool(call(os.fsencode(source.resolve()), os.fsencode(fresh), 0) == 0)


def move(source: Path, target: Path) -> None:
    """Move *source* to the new name *target*, also between file systems; the caller syncs."""
    link_or_copy(source, target)
    source.unlink()


def portable_name(name: str, fallback: str = "image") -> str:
    """Reduce *name* to one path segment that Linux, macOS and Windows all take.

    Folders, controls, direction marks and forbidden characters go, device names
    get an underscore, and at most 120 bytes stay, the extension among them.
    """
    name = unicodedata.normalize("NFC", name).replace("\\", "/").rsplit("/", 1)[-1]
    name = "".join("_" if c in _FORBIDDEN else c for c in name if _is_visible(c))
    name = name.strip().lstrip("-.~$ ").rstrip(". ")
    stem, dot, extension = name.rpartition(".")
    if not dot:
        stem, extension = name, ""
    extension = extension[:16]
    if not stem:
        stem = fallback
    if stem.split(".")[0].strip().casefold() in _DEVICES:
        stem = f"_{stem}"
    room = 120 - len(extension.encode()) - 1
    stem = stem.encode()[:room].decode(errors="ignore").rstrip(". ")
    return f"{stem}.{extension}" if extension else stem


def _is_visible(character: str) -> bool:
    # Cc controls, Cf direction marks and joiners, Cs surrogates, Co/Cn unassigned, Zl/Zp breaks
    return unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def is_plain_file(path: Path) -> bool:
    """Whether *path* is a regular file itself, and not a link to one.

    Not if that cannot be looked at.
    """
    with contextlib.suppress(OSError):
        return path.is_file() and not path.is_symlink()
    return False


def can_be_listed(folder: Path) -> bool:
    """Whether *folder* is one, or leads to one, whose names can be read."""
    with contextlib.suppress(OSError), os.scandir(folder):
        return True
    return False


def mtime_ns(stat: os.stat_result) -> int:
    """When the file was changed, in nanoseconds since 1970, as SQLite can keep it.

    Its whole numbers end in 2262; a file may be later than that.
    """
    return max(-2**63, min(stat.st_mtime_ns, 2**63 - 1))


def to_stat(stat: os.stat_result) -> Stat:
    """How a file stats, in values that SQLite can keep."""
    return stat.st_size, mtime_ns(stat), str(stat.st_ino)


def stat_of(path: Path) -> Stat | None:
    """How the file looks now, or None if it is gone."""
    try:
        return to_stat(path.stat())
    except OSError:
        return None


def on_network(path: Path) -> str | None:
    """The type of the network file system that *path* lies on, or None.

    Known on Linux only, from the kernel's list of mounts.
    """
    mounts = Path("/proc/self/mounts")
    if not mounts.exists():
        return None
    best = ("", "")
    real = str(path.resolve())
    for line in mounts.read_text(encoding="utf-8", errors="replace").splitlines():
        fields = line.split(" ")
        point = fields[1].replace("\\040", " ")
        inside = real == point or real.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(best[0]):
            best = (point, fields[2])
    kind = best[1]
    remote = ("nfs", "cifs", "smb", "9p", "afs", "fuse.sshfs", "fuse.rclone", "davfs")
    return kind if kind.startswith(remote) else None
