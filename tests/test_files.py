"""Files that are whole or absent, and that nobody else writes into."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from pathlib import Path

import pytest

from imagelib.library.store.disk import clone, digest

NAMES = ["fox.png", "a name: of? \"all\" *kinds*.webp", "-n", "é.bin"]


def made(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    os.utime(path, ns=(1_500_000_000_123_456_789, 1_400_000_000_987_654_321))
    return path


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size", [0, 1, 4096, 3 * 2**20 + 7])
def test_a_clone_has_bytes_and_date_and_shares_nothing(tmp_path, name, size):
    content = os.urandom(size)
    source = made(tmp_path / "from" / name, content)
    target = tmp_path / "to" / "deep" / name

    clone(source, target)

    assert target.read_bytes() == content
    assert target.stat().st_mtime_ns == source.stat().st_mtime_ns
    assert not target.samefile(source)
    assert target.stat().st_nlink == source.stat().st_nlink == 1
    with source.open("r+b") as stream:
        stream.write(b"written in place")
    assert target.read_bytes() == content
    assert [path.name for path in target.parent.iterdir()] == [name]


def test_whoever_writes_over_the_clone_leaves_the_source_alone(tmp_path):
    source = made(tmp_path / "a", b"the picture")
    clone(source, tmp_path / "b")
    with (tmp_path / "b").open("r+b") as stream:
        stream.truncate(3)
    (tmp_path / "b").chmod(0o600)

    assert source.read_bytes() == b"the picture"
    assert source.stat().st_mode & 0o777 != 0o600


def test_a_clone_is_of_the_file_behind_a_link(tmp_path):
    source = made(tmp_path / "real", b"the picture")
    (tmp_path / "link").symlink_to(source)
    clone(tmp_path / "link", tmp_path / "copy")

    assert not (tmp_path / "copy").is_symlink()
    assert (tmp_path / "copy").read_bytes() == b"the picture"


@pytest.mark.parametrize("taken", ["file", "dangling link", "folder"])
def test_a_name_that_is_taken_is_left_alone(tmp_path, taken):
    source, target = made(tmp_path / "a", b"new"), tmp_path / "b"
    if taken == "file":
        target.write_bytes(b"old")
    elif taken == "folder":
        target.mkdir()
    else:
        target.symlink_to(tmp_path / "nowhere")
    with pytest.raises(FileExistsError):
        clone(source, target)

    assert taken != "file" or target.read_bytes() == b"old"
    assert {path.name for path in tmp_path.iterdir()} == {"a", "b"}


def test_a_source_that_is_not_there_leaves_nothing(tmp_path):
    with pytest.raises(FileNotFoundError):
        clone(tmp_path / "absent", tmp_path / "to" / "b")

    assert list((tmp_path / "to").iterdir()) == []


def test_between_file_systems_it_is_a_copy(tmp_path):
    others = [folder for folder in map(Path, ("/dev/shm", "/var/tmp", Path.home(), Path.cwd()))
              if os.access(folder, os.W_OK) and folder.stat().st_dev != tmp_path.stat().st_dev]
    if not others:
        pytest.skip("there is no second file system")
    other = others[0]
    source = made(tmp_path / "a", os.urandom(100_000))
    target = other / f"imagelib-clone-{os.getpid()}"
    try:
        clone(source, target)
        assert digest(target) == digest(source)
        assert target.stat().st_mtime_ns == source.stat().st_mtime_ns
    finally:
        target.unlink(missing_ok=True)


@pytest.mark.skipif(sys.platform != "linux", reason="asks the kernel of Linux")
def test_a_reflink_is_asked_for_first(tmp_path):
    made(tmp_path / "a", b"the picture")
    script = ("from pathlib import Path; from imagelib.library.store.disk import clone;"
              f"clone(Path({str(tmp_path / 'a')!r}), Path({str(tmp_path / 'b')!r}))")
    traced = subprocess.run(["strace", "-f", "-e", "trace=ioctl", sys.executable, "-c", script],
                            capture_output=True, text=True, check=True)

    assert "FICLONE" in traced.stderr


@pytest.mark.skipif(sys.platform != "darwin", reason="asks the kernel of macOS")
def test_macos_has_the_call_that_clones():
    assert ctypes.CDLL(None).clonefile
