"""Read what generators of images embed in their files: prompt, model, seed and the rest.

Pure functions from bytes to one record, with the standard library alone (but for what Brotli has
packed in a JPEG XL, where that package is installed). The content
of a file never makes them raise, and costs bounded memory (200 MB) and time whatever
it claims. Formats and their sources are named in the module of each generator.
"""

from __future__ import annotations

from pathlib import Path

from imagelib.ingest.embedded.containers.findings import MAX_CHUNK, Findings
from imagelib.ingest.embedded.containers.walk import read_containers
from imagelib.ingest.embedded.recognise import identify
from imagelib.ingest.embedded.record import EmbeddedMetadata, Lora

__all__ = ["EmbeddedMetadata", "Lora", "read", "read_text"]


def read(path: Path) -> EmbeddedMetadata:
    """What the picture at *path* says of how it was made; its name does not matter.

    Raises:
        OSError: the file cannot be opened or read.
    """
    with path.open("rb", buffering=0) as stream:
        return identify(read_containers(stream))


def read_text(text: str) -> EmbeddedMetadata:
    """What *text*, pasted or from a sidecar file, says: an infotext or a generator's JSON."""
    findings = Findings()
    if len(text) <= MAX_CHUNK:
        findings.add_text("text", text.encode("utf-8", "replace").decode("utf-8").lstrip("\ufeff"))
    return identify(findings)
