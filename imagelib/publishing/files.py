"""The file of one image as it is published: cleaned, made anew, or as it is."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from imagelib.errors import InvalidError
from imagelib.formats import EXTENSIONS, is_video
from imagelib.library.library import Library
from imagelib.library.originals.fingerprints import fingerprint
from imagelib.library.store.disk import copy_apart, replacing
from imagelib.library.values.image import Image
from imagelib.publishing.cleaning import Rendering, clean_in, render_in
from imagelib.publishing.policy import Pictures, Policy

#: When every published file was changed, in seconds since 1970: 2000-01-01. A true time says when
#: a picture was made.
MOMENT = 946_684_800
#: Another number when the same file becomes other bytes, so that all are made anew.
_METHOD = 3
#: What `originals = "none"` publishes instead: no more than the larger thumbnail shows.
_SMALL = Pictures(size=800, format="webp", quality=80)


@dataclass(frozen=True, slots=True)
class PublishedFile:
    """A file in the scratch library: its name there, and the columns that follow from its bytes."""

    name: str
    digest: str
    size_bytes: int
    width: int
    height: int
    mime_type: str
    phash: str

    def columns(self) -> dict[str, Any]:
        """The columns of its row."""
        values = asdict(self)
        return {"file_name": values.pop("name"), **values}


def recipe_of(policy: Policy) -> str:
    """What of a policy decides how a file becomes what is published, and what that is called."""
    how = policy.originals
    return json.dumps([_METHOD, how.model_dump() if isinstance(how, Pictures) else how,
                       policy.ai_label, policy.ids])


def prepare(library: Library, image: Image, policy: Policy, folder: Path, stem: str
            ) -> PublishedFile:
    """Make the published file of *image* in *folder*, called *stem* and what its type is.

    Raises:
        InvalidError: its bytes are not the recorded ones, or cannot be made clean.
    """
    if is_video(image.mime_type):
        raise InvalidError("it is a video, and what its generator wrote cannot be taken out of one"
                           " yet. Leave it out, or publish a picture of it")
    source = library.originals.path_of(image)
    if fingerprint(source).digest != image.digest:
        raise InvalidError("its bytes are not those that the library has recorded; see: imagelib"
                           " check")
    if policy.originals == "as they are":
        target = folder / f"{stem}{EXTENSIONS[image.mime_type]}"
        target.unlink(missing_ok=True)
        copy_apart(source, target, sync=False)
        os.utime(target, (MOMENT, MOMENT))
        return PublishedFile(target.name, image.digest, image.size_bytes, image.width, image.height,
                             image.mime_type, image.phash)
    label, most = policy.ai_label, library.settings.max_pixels
    if policy.originals == "cleaned":
        made = clean_in(library.sandbox, source, most, label=label)
    else:
        how = policy.originals if isinstance(policy.originals, Pictures) else _SMALL
        made = render_in(library.sandbox, source, most, Rendering(
            how.format, how.quality, how.size, how.watermark), label=label)
    if fingerprint(source).digest != image.digest:
        raise InvalidError("it was written to while it was read. Try again.")
    target = folder / f"{stem}{EXTENSIONS[made.mime_type]}"
    with replacing(target, sync=False) as stream:
        stream.write(made.content)
    os.utime(target, (MOMENT, MOMENT))
    # Pixels that are the same have the same size and looks.
    width, height = made.size if made.is_anew else (image.width, image.height)
    return PublishedFile(target.name, hashlib.sha256(made.content).hexdigest(), len(made.content),
                         width, height, made.mime_type, made.phash or image.phash)
