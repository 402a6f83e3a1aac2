"""Where packed pixels end: what lies behind is read by nobody and could be anything.

Nothing in a JPEG or a WebP tells, and to find out means to decode: the shortest stream
that still gives the same pixels is the stream.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from imagelib.errors import BrokenPictureError

#: So many bytes at the end may be rounding of the encoder; each look for them is a decoding.
_ROUNDING = bytes(3)


_searches: ContextVar[bool] = ContextVar("searches", default=True)


@contextmanager
def as_encoded() -> Iterator[None]:
    """Inside of the block nobody looks behind the streams: our own encoder has just ended them."""
    token = _searches.set(False)
    try:
        yield
    finally:
        _searches.reset(token)


def is_searching() -> bool:
    """Whether anything may lie behind the end of a stream."""
    return _searches.get()


def shortest(stream: bytes, is_whole: Callable[[bytes], bool]) -> bytes:
    """*stream* with zeros for what *is_whole* does not need, and no more of them than rounding.

    A stream that ends where it should is given back as it is.
    """

    def does(length: int) -> bool:
        # Decoders take the last symbol from beyond the end, as if zeros stood there.
        return is_whole(stream[:length] + _ROUNDING)

    lacking, whole, step = -1, len(stream) - len(_ROUNDING) - 1, 2
    if whole <= lacking or not does(whole):
        return stream
    # Most encoders leave few bytes, so the end is looked for from behind, in growing steps.
    while whole - step > lacking:
        if not does(whole - step):
            lacking = whole - step
            break
        whole, step = whole - step, step * 2
    while whole - lacking > 1:
        middle = (lacking + whole) // 2
        if does(middle):
            whole = middle
        else:
            lacking = middle
    return stream[:whole] + _ROUNDING


def looks(content: bytes) -> str:
    """A digest of the pixels of the file *content*, empty where they cannot be decoded."""
    # Pillow is not loaded where a picture is only asked for.
    from imagelib.pictures import decode, opened
    from imagelib.publishing.cleaning.verifying import digest_of

    try:
        with opened(content, sys.maxsize) as image:
            decode(image, content)
            return digest_of(image, unseen=True)
    except BrokenPictureError:
        return ""


def indices_in(content: bytes) -> set[int]:
    """The indices into its palette that the pixels of the file *content* have; none if broken."""
    from imagelib.pictures import decode, opened

    try:
        with opened(content, sys.maxsize) as image:
            decode(image, content)
            return {index for index, count in enumerate(image.histogram()) if count}
    except BrokenPictureError:
        return set()
