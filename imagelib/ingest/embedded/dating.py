"""Read when a picture was taken or made, as its file says it.

The first of these that is a date: Exif DateTimeOriginal, DateTimeDigitized; XMP
exif:DateTimeOriginal, photoshop:DateCreated, xmp:CreateDate; IPTC 2:55 and 2:60; Exif DateTime;
the chunk tIME of PNG.
Dates are wall clock as written, whatever offset stands beside them (Exif 2.31 has that in a tag of
its own), so that reading again elsewhere gives the same.
"""

from __future__ import annotations

from imagelib.ingest.embedded.containers.findings import Findings
from imagelib.ingest.embedded.values import as_date

_KEYS = ("exif:DateTimeOriginal", "exif:DateTimeDigitized", "xmp:DateTimeOriginal",
         "xmp:DateCreated", "xmp:CreateDate", "iptc:DateCreated", "exif:DateTime", "png:tIME")


def read_date(findings: Findings) -> tuple[str, str]:
    """The date and the key at which it stands; two empty texts where there is none."""
    for key in _KEYS:
        # Cameras whose clock was never set write zeros or blanks, which is no date.
        if key in findings.texts and (date := as_date(findings.texts[key])):
            return date, key
    return "", ""
