"""Dates as the library keeps them, and the only place that reads them from text."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

_WALL_CLOCK = re.compile(
    r"(?P<year>\d{4})(?P<sep>[-:])(?P<month>\d\d)(?P=sep)(?P<day>\d\d)"
    r"(?:[T ](?P<hour>\d\d):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,]\d{1,9})?)?"
    r"(?:Z|[+-](?P<zone_hour>\d\d):?(?P<zone_minute>\d\d))?)?",
    re.ASCII,
)


#: A date in a longer number, word or version is none.
_IN_NAME = re.compile(
    r"(?<![0-9A-Za-z.])(?P<year>19[89]\d|20\d\d)(?P<sep>[-_.]?)(?P<month>\d\d)(?P=sep)(?P<day>\d\d)"
    r"(?:(?:[T _-]|-at-| at )(?P<hour>[01]\d|2[0-3])(?P<colon>[-_.:h]?)(?P<minute>[0-5]\d)"
    r"(?P=colon)(?P<second>[0-5]\d))?(?!\d)", re.ASCII)
#: What `sources` of generation data says where a date is that of a file's name.
_BY_NAME = {"captured_at": "file name"}
#: Kiribati is 14 hours ahead of UTC; in minutes.
_WIDEST_ZONE = 14 * 60


def parse_wall_clock(text: str) -> str:
    """Read a date, or a date and time, into `YYYY-MM-DDTHH:MM:SS`.

    ISO 8601 and EXIF's `YYYY:MM:DD` are taken; a bare date is midnight; an
    offset is accepted and its wall-clock part kept, as EXIF has no zone either.

    Raises:
        ValueError: anything else, `13/12/2025` above all: it is not guessed.
    """
    found = _WALL_CLOCK.fullmatch(text.strip())
    if found is None:
        raise ValueError("write the date as YYYY-MM-DD or YYYY-MM-DDTHH:MM:SS")
    year, month, day, hour, minute, second = (
        int(found[name] or 0) for name in ("year", "month", "day", "hour", "minute", "second")
    )
    zone = int(found["zone_hour"] or 0) * 60 + int(found["zone_minute"] or 0)
    if zone > _WIDEST_ZONE or int(found["zone_minute"] or 0) > 59:
        raise ValueError("no place is more than 14 hours from UTC; leave the offset out")
    try:
        moment = datetime(year, month, day, hour, minute, second)  # noqa: DTZ001 - no zone
    except ValueError as error:
        raise ValueError(f"no such date: {error}") from error
    return moment.isoformat(timespec="seconds")


def date_in_name(name: str) -> str:
    """The date, or date and time, in the name of a file, as wall clock; "" if there is none.

    `2024-05-01`, `2024-05-01 12-34-56`, `IMG_20240501_123456` are such. Eight digits alone are
    one only where the name begins with them: generators put seeds and counters into names.
    """
    for found in _IN_NAME.finditer(name):
        if not found["sep"] and not found["hour"] and found.start():
            continue
        time = f"T{found['hour']}:{found['minute']}:{found['second']}" if found["hour"] else ""
        with suppress(ValueError):
            return parse_wall_clock(f"{found['year']}-{found['month']}-{found['day']}{time}")
    return ""


def dated_by_name(generation: dict[str, Any]) -> dict[str, Any]:
    """The generation data of an image, as it was read, with a note that its date is of its name."""
    return generation | {"sources": generation.get("sources", {}) | _BY_NAME}


def is_dated_by_name(generation: dict[str, Any]) -> bool:
    """Whether generation data says so; a person may have written anything into it."""
    sources = generation.get("sources")
    return isinstance(sources, dict) and _BY_NAME.items() <= sources.items()


def wall_clock(timestamp: float) -> str:
    """The local wall-clock time of a file's mtime, in seconds since 1970."""
    try:
        moment = datetime.fromtimestamp(timestamp)  # noqa: DTZ006 - local time is what is meant
    except (OverflowError, OSError, ValueError):  # a damaged mtime
        moment = datetime(1970, 1, 1)  # noqa: DTZ001
    return moment.isoformat(timespec="seconds")


def utc_now() -> str:
    """Now, as `strftime('%Y-%m-%dT%H:%M:%fZ')` of SQLite writes it."""
    now = datetime.now(UTC)
    return f"{now:%Y-%m-%dT%H:%M:%S}.{now.microsecond // 1000:03d}Z"


def to_seconds(moment: str) -> float:
    """What `utc_now` wrote, in seconds since 1970; 0 if another program has written nonsense."""
    try:
        return datetime.fromisoformat(moment).timestamp()
    except (ValueError, OverflowError):
        return 0.0


def last_moment(text: str) -> str:
    """The last second that a date names: its whole day, if no time is given.

    Raises:
        ValueError: it is no date.
    """
    moment = parse_wall_clock(text)
    has_time = len(text.strip()) > len("YYYY-MM-DD")
    return moment if has_time else moment[:10] + "T23:59:59"
