"""Read labels that only say "made by AI": C2PA, IPTC's source type, China's AIGC label.

None of the eleven real C2PA files that were looked at holds a prompt. Finding C2PA does not mean
AI, cameras sign too: the source type must be IPTC's trainedAlgorithmicMedia or the
generator one that makes nothing else. Signatures are not verified; this is a hint for
the gallery, no proof. (C2PA specification 2.1; IPTC Photo Metadata 2023.1; TC260 GB 45438.)
"""

from __future__ import annotations

import re
from typing import Any

from imagelib.ingest.embedded.containers.exif import decode_text
from imagelib.ingest.embedded.containers.findings import Findings
from imagelib.ingest.embedded.record import EmbeddedMetadata
from imagelib.ingest.embedded.values import as_date, as_dict, as_text, load_json

LABEL = "AI-generated"
_EDITED = "Edited with AI"
# In this very case: a search that ignores it takes ten times as long.
_SOURCE_TYPE = re.compile(rb"digitalsourcetype/((?:compositeWithT|t)rainedAlgorithmicMedia)")
#: What occurs in the names of generator and agents, lower case -> the tool. First match wins.
_GENERATORS = (
    ("dall·e", "ChatGPT / DALL-E 3 (OpenAI)"),
    ("sora", "Sora (OpenAI)"),
    ("chatgpt", "ChatGPT (OpenAI)"),
    ("gpt-", "ChatGPT (OpenAI)"),
    ("openai", "ChatGPT (OpenAI)"),
    ("firefly", "Adobe Firefly"),
    ("microsoft_responsible_ai", "Microsoft Designer / Image Creator"),
    ("image creator", "Microsoft Designer / Image Creator"),
    ("designer", "Microsoft Designer / Image Creator"),
    ("midjourney", "Midjourney"),
)
#: Makers of cameras and editors as well: only together with the source type.
_MIXED_GENERATORS = (
    ("google", "Google Gemini/Imagen"),
    ("photoshop", "Adobe Photoshop"),
    ("black forest", "Black Forest Labs"),
    ("stability", "Stability AI"),
    ("leonardo", "Leonardo"),
    ("ideogram", "Ideogram"),
    ("canva", "Canva"),
    ("amazon", "Amazon Titan"),
)
#: id-ct-TSTInfo (RFC 3161) and the GeneralizedTime that says when it was signed.
_SIGNED = re.compile(
    rb"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01\x04\xa0.{30,300}?\x18\x0f(\d{14})Z", re.DOTALL
)
_DONE = re.compile(rb"dwhen\xc0?[\x60-\x7b].{0,1}?(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)", re.DOTALL)
_GENERATOR_INFO = re.compile(rb"tclaim_generator_info[\x80-\xbf]{1,3}dname")


def read_provenance(findings: Findings) -> EmbeddedMetadata | None:
    """The label of the file, if it has one; a C2PA store is summed up in `raw`."""
    for read in (_read_c2pa, _read_aigc, _read_openai_labs, _read_iptc):
        if found := read(findings):
            return found
    return None


def _read_c2pa(findings: Findings) -> EmbeddedMetadata | None:
    store = findings.c2pa
    if not store:
        return None
    generators = _texts_after(store, b"oclaim_generator") or [
        name for found in _GENERATOR_INFO.finditer(store)
        if (name := _cbor_text(store, found.end()))
    ]
    agents = _texts_after(store, b"msoftwareAgent")
    source = _SOURCE_TYPE.search(store)
    # The manifest of the file itself is the last one; those before are of its ingredients.
    generator = generators[-1] if generators else ""
    tool = _tool_named(" ".join([*reversed(generators), *agents]).lower(), source is not None)
    if source is None and not tool:
        return None
    kind = source[1].decode("ascii") if source else ""
    summary = {"claim_generator": generator, "software_agent": ", ".join(dict.fromkeys(agents)),
               "digital_source_type": kind}
    summary = {name: text[:1000] for name, text in summary.items() if text}
    extra: dict[str, str | int | float] = {
        name.replace("claim", "c2pa"): text for name, text in summary.items()
    }
    return EmbeddedMetadata(
        tool=tool or generator[:80],
        captured_at=_date_of(store),
        label=_EDITED if kind.startswith("composite") else LABEL,
        extra=extra,
        raw={"c2pa": summary},
    )


def _tool_named(names: str, is_ai: bool) -> str:
    table = _GENERATORS + _MIXED_GENERATORS if is_ai else _GENERATORS
    return next((tool for part, tool in table if part in names), "")


def _texts_after(store: bytes, key: bytes) -> list[str]:
    """The texts that follow the CBOR key *key*; of a map its `name`."""
    found: list[str] = []
    at = store.find(key)
    while at >= 0 and len(found) < 50:
        at += len(key)
        start = at
        if store[at : at + 1] >= b"\xa0" and store[at + 1 : at + 6] == b"dname":
            start = at + 6
        if text := _cbor_text(store, start):
            found.append(text)
        at = store.find(key, at)
    return found


def _cbor_text(store: bytes, at: int) -> str:
    """The CBOR text string (RFC 8949, major type 3) at *at*, or an empty one."""
    head = store[at] if at < len(store) else 0
    if 0x60 <= head <= 0x77:
        length, at = head - 0x60, at + 1
    elif head == 0x78 and at + 1 < len(store):
        length, at = store[at + 1], at + 2
    elif head == 0x79:
        length, at = int.from_bytes(store[at + 1 : at + 3], "big"), at + 3
    else:
        return ""
    return decode_text(store[at : at + length])


def _date_of(store: bytes) -> str:
    """When it was made, else when it was signed."""
    if done := _DONE.search(store):
        return as_date(done[1].decode("ascii"))
    if signed := _SIGNED.search(store):
        digits = signed[1].decode("ascii")
        return as_date(
            f"{digits[:4]}-{digits[4:6]}-{digits[6:8]}"
            f"T{digits[8:10]}:{digits[10:12]}:{digits[12:]}"
        )
    return ""


def _read_aigc(findings: Findings) -> EmbeddedMetadata | None:
    """China's mandatory label, and the one that ByteDance wrote before."""
    for document in findings.documents():
        source = as_text(as_dict(document.get("aigc_info")).get("source_info"))
        if source:
            known = re.search("dreamina|jimeng|capcut", source, re.IGNORECASE)
            return EmbeddedMetadata(tool="Dreamina/Jimeng" if known else source[:80], label=LABEL)
        inner = document.get("AIGC", document)
        label: dict[str, Any] = as_dict(load_json(inner) if isinstance(inner, str) else inner)
        if "Label" in label and ("ContentProducer" in label or "ProduceID" in label):
            return EmbeddedMetadata(
                tool="Chinese AIGC label (TC260)", label=LABEL,
                extra={"content_producer": as_text(label.get("ContentProducer"))[:200]},
            )
    return None


def _read_openai_labs(findings: Findings) -> EmbeddedMetadata | None:
    """DALL-E 2 before C2PA."""
    if findings.find("exif:UserComment") == "Made with OpenAI Labs" or findings.find(
        "exif:MakerNote"
    ).startswith("OpenAI--ImageGeneration"):
        return EmbeddedMetadata(tool="DALL-E 2 (OpenAI Labs)", label=LABEL)
    return None


def _read_iptc(findings: Findings) -> EmbeddedMetadata | None:
    credit = findings.find("xmp:Credit", "iptc:Credit")
    google = "made with google ai" in credit.lower()
    kind = findings.find("xmp:DigitalSourceType").rstrip("/").rpartition("/")[2]
    if "trainedalgorithmicmedia" not in kind.lower() and not google:
        return None
    tool = "Google Gemini/Imagen" if google else findings.find("xmp:CreatorTool")[:80]
    if not tool and "xmp:DigImageGUID" in findings.texts:
        tool = "Midjourney"  # nobody else was seen to write the two and no creator
    return EmbeddedMetadata(
        tool=tool,
        captured_at=as_date(findings.find("xmp:CreateDate")),
        label=_EDITED if kind.startswith("composite") else LABEL,
        extra={"digital_source_type": kind} if kind else {},
    )
