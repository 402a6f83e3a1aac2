"""Places on other machines, reached by programs that people have for that: rclone, rsync, git.

They are looked for on PATH and run without a shell. Their own settings hold addresses and
passwords; imagelib keeps none.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence, Set
from itertools import groupby
from pathlib import Path
from typing import Any

from imagelib.errors import ImagelibError, InvalidError
from imagelib.publishing.files import MOMENT
from imagelib.publishing.ledger import Placed
from imagelib.publishing.targets.target import Told

#: What has another name when it has another content may be kept for ever; all else is asked anew.
_LASTING = ("thumbs/", "static/", "data/")
#: Which repository a command is about (of `git rev-parse --local-env-vars`): hooks have them set.
_OF_GIT = frozenset(f"GIT_{name}" for name in (
    "ALTERNATE_OBJECT_DIRECTORIES", "COMMON_DIR", "DIR", "GRAFT_FILE", "IMPLICIT_WORK_TREE",
    "INDEX_FILE", "NO_REPLACE_OBJECTS", "OBJECT_DIRECTORY", "PREFIX", "REPLACE_REF_BASE",
    "SHALLOW_FILE", "WORK_TREE"))
#: Names and mail of the environment go before those of any setting.
_NOBODY = {f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in (
    ("NAME", "imagelib"), ("EMAIL", "imagelib@localhost"), ("DATE", f"{MOMENT} +0000"))}
_FOR_EVER, _ANEW = "public, max-age=31536000, immutable", "no-cache"


class SendError(ImagelibError):
    """A program that sends files has failed; what it did before stays, and is gone on from."""

    title = "Sending failed"


def cache_of(path: str) -> str:
    """How long a browser may keep the file at *path*: the value of Cache-Control."""
    return _FOR_EVER if path.startswith(_LASTING) and path != "data/manifest.js" else _ANEW


class RcloneTarget:
    """`rclone:REMOTE:PATH`: S3, R2, B2, SFTP, WebDAV and what else rclone knows."""

    def __init__(self, remote: str) -> None:
        self._remote = remote
        self.name = f"rclone:{remote}"
        _require("rclone")

    def check(self, known: Mapping[str, Placed], before: Collection[str]) -> None:
        """A place that is empty, absent or ours."""
        if not known:
            _require_free(self.name, before, _lines("rclone", "lsf", "-R", "--files-only",
                                                    self._remote))

    def missing(self, known: Mapping[str, Placed]) -> list[str]:  # noqa: ARG002
        """None: nothing is asked of it."""
        return []

    def put(self, site: Path, paths: Sequence[str], told: Told,
            doubted: Set[str] = frozenset()) -> None:
        """A known list in each step: nothing is listed or compared there, which hosts bill, but for
        what is *doubted*."""
        for cache, some in _steps(paths):
            _date(site, some)
            for part, how in (
                    ([path for path in some if path in doubted],
                     ("--checksum", "--no-update-modtime")),
                    ([path for path in some if path not in doubted],
                     ("--no-check-dest", "--s3-no-head"))):
                if part:
                    self._copy(site, part, cache, how, told)

    def _copy(self, site: Path, paths: Sequence[str], cache: str, how: Sequence[str], told: Told
              ) -> None:
        with _Listed(paths) as names:
            sent = []
            for path in _copied("--files-from-raw", names, "--no-traverse", *how,
                                "--s3-no-check-bucket", "--header-upload",
                                f"Cache-Control: {cache}", str(site), self._remote):
                sent.append(path)
                told([path])
        told([path for path in paths if path not in set(sent)])

    def remove(self, paths: Sequence[str], told: Told) -> None:
        """Delete by a known list."""
        if paths:
            with _Listed(paths) as names:
                _run("rclone", "delete", "--files-from-raw", names, "--no-traverse", self._remote)
        told(paths)

    def clear(self, paths: Sequence[str], told: Told) -> None:
        """Delete *paths*; what somebody else has put there stays."""
        self.remove(paths, told)

    def finish(self, site: Path) -> None:
        """Nothing is left to do."""


class RsyncTarget:
    """`rsync:HOST:PATH`: a web server that is reached by SSH, or a folder."""

    def __init__(self, place: str) -> None:
        self._place = place.rstrip("/") + "/"
        self.name = f"rsync:{place}"
        _require("rsync")

    def check(self, known: Mapping[str, Placed], before: Collection[str]) -> None:
        """A place that is empty, absent or ours."""
        if not known:
            # Permissions, size, date and time stand before the name.
            _require_free(self.name, before, [
                line.split(maxsplit=4)[-1]
                for line in _lines("rsync", "-r", "--list-only", self._place)
                if not line.startswith("d")])

    def missing(self, known: Mapping[str, Placed]) -> list[str]:  # noqa: ARG002
        """None: nothing is asked of it."""
        return []

    def put(self, site: Path, paths: Sequence[str], told: Told,
            doubted: Set[str] = frozenset()) -> None:  # noqa: ARG002
        """A call for each step, as rsync itself would send the front before what it refers to; all
        is compared there."""
        for _, some in _steps(paths):
            _date(site, some)
            with _Listed(some) as names:
                _run("rsync", "-rt", "--mkpath", f"--files-from={names}", "--checksum",
                     "--chmod=D755,F644", "--delay-updates", f"{site}/", self._place)
            told(some)

    def remove(self, paths: Sequence[str], told: Told) -> None:
        """What is listed and not in an empty folder is removed there."""
        if paths:
            with _Listed(paths) as names, tempfile.TemporaryDirectory() as nothing:
                for path in paths:  # rsync wants the folders at least
                    (Path(nothing) / path).parent.mkdir(parents=True, exist_ok=True)
                _run("rsync", "-r", f"--files-from={names}", "--delete-missing-args",
                     f"{nothing}/", self._place)
        told(paths)

    def clear(self, paths: Sequence[str], told: Told) -> None:
        """Delete *paths*; what somebody else has put there stays."""
        self.remove(paths, told)

    def finish(self, site: Path) -> None:
        """Nothing is left to do."""


class GitTarget:
    """`git:URL#BRANCH`: one commit without a history, as a history keeps what was taken down."""

    def __init__(self, place: str) -> None:
        self._url, _, branch = place.partition("#")
        self._branch = branch or "gh-pages"
        self.name = f"git:{self._url}#{self._branch}"
        _require("git")

    def check(self, known: Mapping[str, Placed], before: Collection[str]) -> None:  # noqa: ARG002
        """A branch that is absent or ours."""
        listed = subprocess.run(["git", "ls-remote", "--heads", self._url, self._branch],
                                capture_output=True, text=True, check=False)
        if listed.returncode:
            raise InvalidError(f"{self._url} cannot be reached: {listed.stderr.strip()}")
        if listed.stdout.strip() and not known:
            raise InvalidError(f"{self._url} has a branch {self._branch} that imagelib did not"
                               " make. Choose another one.")

    def missing(self, known: Mapping[str, Placed]) -> list[str]:  # noqa: ARG002
        """None: nothing is asked of it."""
        return []

    def put(self, site: Path, paths: Sequence[str], told: Told,
            doubted: Set[str] = frozenset()) -> None:
        """Nothing yet: `finish` sends all at once."""

    def remove(self, paths: Sequence[str], told: Told) -> None:
        """Nothing yet: `finish` sends all at once."""

    def clear(self, paths: Sequence[str], told: Told) -> None:
        """Delete the branch."""
        _run("git", "push", "-q", self._url, "--delete", f"refs/heads/{self._branch}")
        told(paths)

    def finish(self, site: Path) -> None:
        """Commit the whole site, and push it over what is there.

        By the commands that know neither hooks nor templates, which put names into messages.
        """
        with tempfile.TemporaryDirectory() as folder:
            git = ("git", f"--git-dir={folder}", f"--work-tree={site}", "-c", "core.excludesFile=",
                   "-c", "core.attributesFile=", "-c", "core.autocrlf=false")
            _run("git", "init", "-q", "--bare", "--template=", folder)
            _run(*git, "add", "--all", "--force", ".", cwd=site)
            tree = _run(*git, "write-tree", cwd=site)
            commit = _run(*git, "commit-tree", "--no-gpg-sign", "-m", "Publish", tree, cwd=site)
            _run(*git, "push", "-q", "--no-signed", "--no-follow-tags", "--force", self._url,
                 f"{commit}:refs/heads/{self._branch}", cwd=site)


def _steps(paths: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """Parts of *paths* in their order, each for one call; none refers to a later one."""

    def step(path: str) -> tuple[str, str]:
        first = path.split("/")[0] if "/" in path else ""
        return cache_of(path), path if path in ("data/manifest.js", "index.html") else first

    for (cache, _), some in groupby(paths, step):
        yield cache, list(some)


def _date(site: Path, paths: Sequence[str]) -> None:
    """Give the files one date: hosts publish it, and a true one says when a picture was made."""
    for path in paths:
        os.utime(site / path, (MOMENT, MOMENT))


class _Listed:
    """A file with a path in each line, inside of the block."""

    def __init__(self, paths: Sequence[str]) -> None:
        self._paths = paths

    def __enter__(self) -> str:
        handle, self._name = tempfile.mkstemp(prefix="imagelib-")
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.writelines(f"{path}\n" for path in self._paths)
        return self._name

    def __exit__(self, *_: object) -> None:
        Path(self._name).unlink()


def _require(program: str) -> None:
    if shutil.which(program) is None:
        raise InvalidError(f"{program} is not installed. Install it, or publish into a folder and"
                           " send that yourself.")


def _require_free(name: str, before: Collection[str], there: list[str]) -> None:
    """Whether nothing is *there*, or only what stayed when all that was ours *before* went."""
    if there and (not before or not set(before).isdisjoint(there)):
        raise InvalidError(f"{name} holds files that imagelib did not put there. Choose an empty"
                           " place.")


def _lines(*command: str) -> list[str]:
    """What a program lists; nothing where there is no such place yet."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.splitlines() if done.returncode == 0 else []


def _copied(*arguments: str) -> Iterator[str]:
    """Let rclone copy, and say each file as soon as it is there; whoever stops listening ends it.

    Raises:
        SendError: it failed; what it said before stays.
    """
    said: list[str] = []
    with subprocess.Popen(["rclone", "copy", *arguments, "-v", "--use-json-log", "--stats", "0"],
                          stderr=subprocess.PIPE, text=True) as program:
        try:
            for line in program.stderr or ():
                told = _of_log(line)
                if str(told.get("msg", "")).startswith("Copied") and "object" in told:
                    yield str(told["object"])
                elif told.get("level") not in ("info", "notice", "warning", "debug"):
                    said.append(" ".join(str(told.get("msg", "")).split()))
        finally:
            if program.poll() is None:
                program.terminate()
    if program.returncode:
        raise _failed("rclone", program.returncode, said)


def _of_log(line: str) -> dict[str, Any]:
    """A line of rclone's log; one that is no JSON is what it says."""
    try:
        told = json.loads(line)
    except ValueError:
        told = None
    return told if isinstance(told, dict) else {"msg": line}


def _failed(program: str, status: int, said: Sequence[str]) -> SendError:
    """What is said of it: the last line, and where that only says by what, also those before."""
    first = next((n for n in range(len(said) - 1, 0, -1) if not said[n].startswith("caused by")), 0)
    return SendError(f"{program} ended with {status}: {' '.join(said[first:])}. What was sent"
                     " stays; publish again to go on.")


def _run(*command: str, cwd: Path | None = None) -> str:
    """What a program says; it knows nothing of who starts it, nor of another repository."""
    environment = {name: value for name, value in os.environ.items() if name not in _OF_GIT}
    done = subprocess.run(command, cwd=cwd, env=environment | _NOBODY,
                          capture_output=True, text=True, check=False)
    if done.returncode:
        raise _failed(command[0], done.returncode,
                      (done.stderr or done.stdout).strip().splitlines())
    return done.stdout.strip()
