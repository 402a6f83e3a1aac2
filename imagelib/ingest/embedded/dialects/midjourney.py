"""Read Midjourney: a description of prompt, `--flags` and `Job ID: <uuid>`.

It stands in the PNG text Description (raw UTF-8), in Exif ImageDescription or in XMP
dc:description; files since 2025 may have only a label, see `provenance`.
"""

from __future__ import annotations

import contextlib
import re
from email.utils import parsedate

from imagelib.ingest.embedded.containers.findings import Findings
from imagelib.ingest.embedded.record import EmbeddedMetadata
from imagelib.ingest.embedded.values import as_date, as_seed

_JOB = re.compile(r"Job ID:\s*([0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})")
_FLAGS = re.compile(r"(?:^|\s)--[a-z]")
_FLAG = re.compile(r"--([a-z]+)\s+([^\s]+)")


def read_midjourney(findings: Findings) -> EmbeddedMetadata | None:
    """Read the first description that ends with the id of a job."""
    for key in ("Description", "xmp:description", "exif:ImageDescription", "iptc:Caption",
                "exif:UserComment", "comment", "text"):
        text = findings.find(key)
        if job := _JOB.search(text):
            return _read(text[: job.start()], job[1], findings).read_from(key)
    return None


def _read(text: str, job: str, findings: Findings) -> EmbeddedMetadata:
    begin = _FLAGS.search(text)
    prompt, parameters = (text[: begin.start()], text[begin.start() :]) if begin else (text, "")
    flags = dict(_FLAG.findall(parameters[:10_000]))
    version = flags.get("v") or flags.get("version") or ""
    if "niji" in flags:
        version = f"niji {flags['niji']}"
    extra: dict[str, str | int | float] = {"job_id": job}
    if parameters.strip():
        extra["parameters"] = parameters.strip()[:4000]
    if author := findings.find("Author", "xmp:creator", "exif:Artist"):
        extra["author"] = author[:200]
    return EmbeddedMetadata(
        tool="Midjourney",
        prompt=prompt.strip(),
        seed=as_seed(flags.get("seed")),
        version=version,
        captured_at=_date(findings.find("Creation Time")),
        extra=extra,
    )


def _date(text: str) -> str:
    """The wall clock of an RFC 2822 date, as Midjourney writes its Creation Time."""
    with contextlib.suppress(ValueError, TypeError, IndexError):
        moment = parsedate(text[:64])
        if moment:
            return as_date("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}".format(*moment[:6]))
    return as_date(text)
