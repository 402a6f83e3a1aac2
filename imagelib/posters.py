"""The first frame of a video, as a picture; with colours, decoders and pictures it imports Pillow.

PyAV decodes it, a package besides (the extra `video`). It is told what the file is, so that none
of FFmpeg's many other formats is tried, and starts no threads.
"""

from __future__ import annotations

import importlib
from pathlib import Path

from PIL import Image

from imagelib.errors import BrokenPictureError, MissingExtraError
from imagelib.formats import EXTRAS, NO_PREVIEW
from imagelib.videos import VideoFacts
from imagelib.worker import require_room

#: MIME type -> FFmpeg's name of what the file is.
_CONTAINERS = {"video/mp4": "mp4", "video/quicktime": "mov", "video/webm": "matroska"}
#: Bytes a pixel at the peak: the frames that others are made from, and copies; and what FFmpeg's
#: libraries take before they decode anything (measured).
_HELD, _LIBRARIES = 24, 96 * 2**20
#: So many packets at most are read for one frame.
_MOST_PACKETS = 500


def poster(path: Path, mime_type: str, facts: VideoFacts) -> Image.Image:
    """The first frame of the video at *path* as it is stored, not turned.

    Raises:
        MissingExtraError: the package is not installed.
        BrokenPictureError: no frame can be decoded.
    """
    try:
        av = importlib.import_module("av")
    except ImportError as error:
        raise MissingExtraError(
            f"{NO_PREVIEW}; install it where imagelib is (pip install {EXTRAS[mime_type][2]}),"
            " then: imagelib build --full") from error
    require_room(facts.width * facts.height * _HELD + _LIBRARIES)
    try:
        with av.open(str(path), format=_CONTAINERS[mime_type]) as container:
            stream = container.streams.video[0]
            if stream.codec_context is None:
                raise BrokenPictureError("no frame of it can be decoded: its codec is not known")
            stream.codec_context.thread_count = 1
            stream.thread_type = "NONE"
            for count, packet in enumerate(container.demux(stream)):
                for frame in packet.decode():
                    made: Image.Image = frame.to_image()
                    return made
                if count > _MOST_PACKETS:
                    break
    except (av.FFmpegError, IndexError, ValueError) as error:
        raise BrokenPictureError(f"no frame of it can be decoded: {error}") from error
    raise BrokenPictureError("no frame of it can be decoded")
