"""Save drawn pictures the way that generators do: with the prompt inside, each in its own way."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from imagelib.demo.drawing import Picture

MODELS = ("sd_xl_base_1.0", "flux1-dev", "dreamshaper_8", "juggernautXL_v9", "animagineXL31")
SAMPLERS = ("Euler a", "DPM++ 2M", "UniPC", "DDIM")
NEGATIVE = "lowres, blurry, watermark, text, jpeg artifacts"
_EXIF_IFD, _USER_COMMENT, _DATE = 0x8769, 0x9286, 0x9003
_FIRST_DAY = datetime(2026, 1, 4, 9, 30)  # noqa: DTZ001 - wall-clock time, as EXIF has it


def save(picture: Picture, folder: Path, number: int) -> Path:
    """Write *picture* into *folder* and return the file."""
    way = _WAYS[number % len(_WAYS)]
    path = way(picture, folder / f"{number + 1:04d}")
    moment = _moment(picture)
    os.utime(path, (moment.timestamp(), moment.timestamp()))
    return path


def _moment(picture: Picture) -> datetime:
    return _FIRST_DAY + timedelta(days=picture.number * 5, minutes=picture.number * 37 % 600)


def _prompt(picture: Picture) -> str:
    return f"{picture.subject}, {picture.style}, highly detailed"


def _settings(picture: Picture) -> dict[str, Any]:
    rng = picture.rng
    return {"steps": rng.choice((20, 28, 30, 40)), "sampler": rng.choice(SAMPLERS),
            "cfg": rng.choice((3.5, 5.0, 7.0)), "seed": rng.randrange(2**32),
            "model": rng.choice(MODELS)}


def _a1111_text(picture: Picture) -> str:
    s = _settings(picture)
    width, height = picture.size
    return (f"{_prompt(picture)}\nNegative prompt: {NEGATIVE}\nSteps: {s['steps']}, Sampler:"
            f" {s['sampler']}, Schedule type: Karras, CFG scale: {s['cfg']}, Seed: {s['seed']},"
            f" Size: {width}x{height}, Model: {s['model']}, Version: v1.10.1")


def _as_a1111(picture: Picture, stem: Path) -> Path:
    return _save_png(picture, stem, {"parameters": _a1111_text(picture)})


def _as_comfyui(picture: Picture, stem: Path) -> Path:
    s = _settings(picture)
    width, height = picture.size
    graph = {
        "3": {"class_type": "KSampler", "inputs": {
            "seed": s["seed"], "steps": s["steps"], "cfg": s["cfg"], "sampler_name": "euler",
            "scheduler": "normal", "denoise": 1.0, "model": ["4", 0], "positive": ["6", 0],
            "negative": ["7", 0], "latent_image": ["5", 0]}},
        "4": {"class_type": "CheckpointLoaderSimple",
              "inputs": {"ckpt_name": f"{s['model']}.safetensors"}},
        "5": {"class_type": "EmptyLatentImage",
              "inputs": {"width": width, "height": height, "batch_size": 1}},
        "6": {"class_type": "CLIPTextEncode", "inputs": {"text": _prompt(picture),
                                                         "clip": ["4", 1]}},
        "7": {"class_type": "CLIPTextEncode", "inputs": {"text": NEGATIVE, "clip": ["4", 1]}},
        "8": {"class_type": "VAEDecode", "inputs": {"samples": ["3", 0], "vae": ["4", 2]}},
        "9": {"class_type": "SaveImage", "inputs": {"filename_prefix": "demo", "images": ["8", 0]}},
    }
    return _save_png(picture, stem, {"prompt": json.dumps(graph)})


def _as_jpeg(picture: Picture, stem: Path) -> Path:
    path = stem.with_suffix(".jpg")
    picture.image.save(path, quality=90, exif=_exif(picture))
    return path


def _as_webp(picture: Picture, stem: Path) -> Path:
    path = stem.with_suffix(".webp")
    picture.image.save(path, quality=88, method=2, exif=_exif(picture))
    return path


def _as_plain(picture: Picture, stem: Path) -> Path:
    """A picture that says nothing of itself, as many do after an edit."""
    return _save_png(picture, stem, {})


def _save_png(picture: Picture, stem: Path, texts: dict[str, str]) -> Path:
    info = PngInfo()
    for key, text in texts.items():
        info.add_text(key, text)
    path = stem.with_suffix(".png")
    picture.image.save(path, pnginfo=info, compress_level=4)
    return path


def _exif(picture: Picture) -> Image.Exif:
    exif = Image.Exif()
    comment = b"UNICODE\0" + _a1111_text(picture).encode("utf-16-be")
    exif.get_ifd(_EXIF_IFD)[_USER_COMMENT] = comment
    exif.get_ifd(_EXIF_IFD)[_DATE] = _moment(picture).strftime("%Y:%m:%d %H:%M:%S")
    return exif


_WAYS: tuple[Callable[[Picture, Path], Path], ...] = (
    _as_a1111, _as_comfyui, _as_jpeg, _as_a1111, _as_webp, _as_comfyui, _as_a1111, _as_plain,
)
