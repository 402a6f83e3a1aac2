"""Read NovelAI: a JSON object in a PNG's `Comment`, beside Title, Description, Software, Source.

WebP has the same five as one JSON object in the UserComment, where `Comment` is JSON in a
string once more; so has what stands in the lowest bits of alpha (NovelAI/novelai-image-metadata,
nai_meta.py). Pictures of 2022 have their prompt in Description only.
"""

from __future__ import annotations

from typing import Any

from imagelib.ingest.embedded.containers.findings import Findings
from imagelib.ingest.embedded.record import EmbeddedMetadata
from imagelib.ingest.embedded.values import (
    as_dict,
    as_float,
    as_list,
    as_seed,
    as_size,
    as_steps,
    as_text,
    extras,
    load_json,
)


def read_novelai(findings: Findings) -> EmbeddedMetadata | None:
    """Read the five texts wherever they stand."""
    if findings.find("Software") == "NovelAI" or findings.find("Source").startswith("NovelAI"):
        texts = {name: findings.find(name) for name in ("Description", "Source")}
        comment = as_dict(findings.json("Comment"))
        return _read(comment, texts).read_from("Comment" if comment else "Description")
    for document in findings.documents():
        if document.get("Software") == "NovelAI" or (
            isinstance(document.get("Comment"), str) and "Source" in document
        ):
            found = _read(as_dict(load_json(as_text(document.get("Comment")))), document)
            return found.read_from(findings.where(document))
    software = findings.find("exif:Software")
    if software.startswith("NovelAI"):
        return _read({}, {"Description": findings.find("exif:ImageDescription"),
                          "Source": software}).read_from("exif:ImageDescription")
    return None


def _read(comment: dict[str, Any], texts: dict[str, Any]) -> EmbeddedMetadata:
    positive, negative = _caption(comment, "v4_prompt"), _caption(comment, "v4_negative_prompt")
    prompt = as_text(comment.get("prompt")) or as_text(positive.get("base_caption"))
    unwanted = as_text(comment.get("uc")) or as_text(negative.get("base_caption"))
    extra = extras(comment, cfg_rescale="cfg_rescale", denoising="strength", noise="noise",
                   request_type="request_type")
    for name, caption in (("character", positive), ("character_negative", negative)):
        for number, entry in enumerate(as_list(caption.get("char_captions"))[:12], 1):
            text = as_text(as_dict(entry).get("char_caption"))
            if text:
                extra[f"{name}_{number}"] = text[:4000]
    return EmbeddedMetadata(
        tool="NovelAI",
        prompt=(prompt or as_text(texts.get("Description"))).strip("\0 \r\n\t"),
        negative_prompt=unwanted.strip(),
        model=as_text(texts.get("Source")).strip(),
        seed=as_seed(comment.get("seed")),
        steps=as_steps(comment.get("steps")),
        sampler=as_text(comment.get("sampler")),
        scheduler=as_text(comment.get("noise_schedule")),
        cfg_scale=as_float(comment.get("scale")),
        size=as_size(comment.get("width"), comment.get("height")),
        version=as_text(comment.get("version")),
        extra=extra,
    )


def _caption(comment: dict[str, Any], name: str) -> dict[str, Any]:
    return as_dict(as_dict(comment.get(name)).get("caption"))
