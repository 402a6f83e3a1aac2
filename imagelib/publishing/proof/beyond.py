"""What no word tells: images, dates, ratings and sizes of pictures beyond what a policy lets out.

Like all of the proof it asks the policy itself, and not who made the site by it.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator, Set
from typing import Any

from imagelib.budget import stated_size
from imagelib.errors import BrokenPictureError
from imagelib.library.library import Library
from imagelib.library.query.listing import Filter
from imagelib.library.query.query import Query
from imagelib.library.values.text import fold
from imagelib.publishing.policy import PRIVATE_TAG, Pictures, Policy
from imagelib.publishing.records import NO_DATE

#: No picture has a longer side where no originals are published.
_SMALL = 800
_MIDNIGHT = "T00:00:00"
_MOMENT = re.compile(rb"<(?:updated|published|lastmod)>([-\d]+T(?!00:00:00)[\d:.]+)")


def strangers(library: Library, policy: Policy, published: Set[int]) -> dict[int, str]:
    """Those of the images whose pks are *published* that must not be, with the reason."""
    where, values = Filter(Query.parse(policy.query)).to_sql()
    asked_for = {row[0] for row in library.database.read(
        f"SELECT i.pk FROM images AS i {where}", *values)}
    private: set[int] = set()
    for number, name in library.database.read("SELECT id, name FROM tags"):
        if fold(name).partition("/")[0].strip() == PRIVATE_TAG:
            private.update(row[0] for row in library.database.read(
                "SELECT image FROM image_tags WHERE tag = ?", number))
    again = "; if it was edited just now, publish again"
    unfound = f"an image that {policy.query!r} does not find{again}"
    withheld = f"an image that wears the tag {PRIVATE_TAG!r}{again}"
    return dict.fromkeys(published - asked_for, unfound) | dict.fromkeys(
        published & private, withheld)


def numbers_beyond(rows: Iterable[dict[str, Any]], policy: Policy) -> Iterator[str]:
    """The dates and ratings in *rows* of the index that are withheld, or too exact."""
    end = {"date": _MIDNIGHT, "date:month": f"-01{_MIDNIGHT}"}
    ends = tuple(end[word] for word in policy.fields if word in end) or (NO_DATE,)
    for row in rows:
        if not row.get("captured_at", ends[0]).endswith(ends):
            yield f"the date {row['captured_at']}"
        if not row.get("created_at", _MIDNIGHT).removesuffix(".000Z").endswith(_MIDNIGHT):
            yield f"the moment {row['created_at']}"
        if row.get("rating") and "rating" not in policy.fields:
            yield f"the rating {row['rating']}"


def moments_beyond(content: bytes) -> Iterator[str]:
    """The times of day that a feed or a sitemap says: when somebody published, or edited."""
    for found in _MOMENT.finditer(content):
        yield f"the moment {found[1].decode()}"


def longest(policy: Policy) -> int:
    """How long a side of a picture may be, in pixels; 0 where they are the originals."""
    how = policy.originals
    return how.size if isinstance(how, Pictures) else _SMALL if how == "none" else 0


def size_beyond(content: bytes, most: int) -> Iterator[str]:
    """The size of the picture *content*, if that is a PNG or a WebP with a side over *most*."""
    try:
        size = stated_size(io.BytesIO(content)) if most else None
    except BrokenPictureError:  # others say so
        return
    if size and max(size) > most:
        yield f"{size[0]:,} by {size[1]:,} pixels, where no side is longer than {most:,}"
