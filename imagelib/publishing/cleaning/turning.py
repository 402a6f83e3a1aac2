"""The orientation of a picture, the one entry of Exif that its looks depend on."""

from __future__ import annotations

import struct

_ORIENTATION, _SHORT, _LONG = 0x0112, 3, 4


def orientation_of(exif: bytes) -> int:
    """How the picture is to be turned, by its *exif*: 1 to 8.

    TIFF 6.0, section 2, with or without the prefix `Exif\\0\\0`; where it is damaged, 1.
    """
    exif = exif.removeprefix(b"Exif\0\0")
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(exif[:4])
    if order is not None and len(exif) >= 8:
        (at,) = struct.unpack_from(order + "I", exif, 4)
        count = struct.unpack_from(order + "H", exif, at)[0] if at + 2 <= len(exif) else 0
        for entry in range(at + 2, min(at + 2 + 12 * count, len(exif) - 11), 12):
            tag, kind = struct.unpack_from(order + "HH", exif, entry)
            if tag == _ORIENTATION and kind in (_SHORT, _LONG):
                return _legal(struct.unpack_from(order + "HI"[kind - _SHORT], exif, entry + 8)[0])
    return 1


def _legal(value: int) -> int:
    return value if 1 <= value <= 8 else 1


def turning_exif(orientation: int) -> bytes:
    """A TIFF that says *orientation* alone, 26 bytes; none if there is nothing to say."""
    if orientation == 1:
        return b""
    return struct.pack(">4sIHHHIHHI", b"MM\0*", 8, 1, _ORIENTATION, _SHORT, 1, orientation, 0, 0)
