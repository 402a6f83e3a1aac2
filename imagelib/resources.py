"""Find the folders that travel with the package: inside a wheel, beside a checkout."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path


def bundled(name: str) -> Path:
    """Return the directory *name* that was installed with this package.

    Raises:
        FileNotFoundError: the package was installed without it.
    """
    package = Path(str(files("imagelib")))
    if (inside := package / name).is_dir():
        return inside
    checkout = package.parent
    # Never a bare site-packages/<name>: another package may own a folder of that name there.
    if (checkout / "pyproject.toml").is_file() and (beside := checkout / name).is_dir():
        return beside
    raise FileNotFoundError(
        f"imagelib is installed without its {name!r} folder; install it again"
    )
