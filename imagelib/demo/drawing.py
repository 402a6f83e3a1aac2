"""Draw pictures that are varied enough to look for one: each number gives the same each time."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass

from PIL import Image, ImageChops, ImageDraw, ImageFilter

RGB = tuple[int, int, int]
SIZES = ((768, 512), (512, 768), (640, 640), (896, 512), (512, 640))
STYLES = ("watercolor", "35mm photograph", "art nouveau poster", "pixel art", "oil painting",
          "isometric", "ukiyo-e woodblock print", "cinematic lighting")
#: sky above, sky below, ground, light
PALETTES: tuple[tuple[RGB, RGB, RGB, RGB], ...] = (
    ((24, 34, 84), (238, 128, 92), (34, 28, 58), (255, 214, 140)),
    ((92, 158, 196), (236, 226, 198), (58, 98, 74), (255, 246, 214)),
    ((18, 22, 40), (64, 46, 110), (16, 14, 30), (176, 226, 255)),
    ((250, 196, 158), (252, 236, 214), (164, 74, 66), (255, 255, 240)),
    ((30, 78, 92), (150, 206, 180), (20, 44, 52), (240, 250, 200)),
    ((84, 40, 96), (240, 120, 150), (44, 20, 60), (255, 220, 190)),
)

_PETALS: tuple[RGB, ...] = ((232, 74, 92), (246, 176, 64), (190, 110, 214), (250, 240, 250))


@dataclass(frozen=True, slots=True)
class Scene:
    """Something to draw: what a prompt calls it, its tags, and how."""

    subject: str
    tags: list[str]
    paint: Callable[[Picture], None]


@dataclass(slots=True)
class Picture:
    """A picture in the making, and what was asked for."""

    number: int
    image: Image.Image
    rng: random.Random
    palette: tuple[RGB, RGB, RGB, RGB]
    subject: str = ""
    style: str = ""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.image.size

    @property
    def pen(self) -> ImageDraw.ImageDraw:
        """Draws with transparency."""
        return ImageDraw.Draw(self.image, "RGBA")


def draw(number: int) -> Picture:
    """The picture with this *number*."""
    rng = random.Random(f"imagelib/{number}")
    scene = SCENES[number % len(SCENES)]
    palette = rng.choice(PALETTES)
    size = SIZES[(number * 7) % len(SIZES)]
    picture = Picture(number, _gradient(size, palette[0], palette[1]), rng, palette,
                      scene.subject, rng.choice(STYLES))
    scene.paint(picture)
    picture.image = _with_grain(picture.image, rng)
    return picture


def _gradient(size: tuple[int, int], top: RGB, bottom: RGB) -> Image.Image:
    ramp = Image.linear_gradient("L").resize(size)
    return Image.composite(Image.new("RGB", size, bottom), Image.new("RGB", size, top), ramp)


def _with_grain(image: Image.Image, rng: random.Random) -> Image.Image:
    # One small sheet of noise, enlarged: soft mottling, and cheap.
    noise = Image.frombytes("L", (64, 64), rng.randbytes(64 * 64)).resize(image.size)
    noise = noise.filter(ImageFilter.GaussianBlur(1)).point(lambda value: value // 20)
    return ImageChops.add(image, Image.merge("RGB", (noise, noise, noise)), 1, -6)


def _glow(picture: Picture, x: float, y: float, radius: float) -> None:
    light = picture.palette[3]
    halo = Image.new("RGB", picture.size, 0)
    pen = ImageDraw.Draw(halo)
    for step in range(6, 0, -1):
        r = radius * (1 + step * 0.55)
        pen.ellipse((x - r, y - r, x + r, y + r), fill=tuple(c // (step + 2) for c in light))
    halo = halo.filter(ImageFilter.GaussianBlur(radius / 2))
    picture.image = ImageChops.screen(picture.image, halo)
    picture.pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=light)


def _ridge(picture: Picture, height: float, rough: float, colour: RGB) -> None:
    width, tall = picture.size
    phases = [(picture.rng.uniform(0.5, 5), picture.rng.uniform(0, 7)) for _ in range(4)]
    points = []
    for x in range(0, width + 8, 8):
        y = sum(math.sin(x / width * f * 6.28 + p) / (i + 1) for i, (f, p) in enumerate(phases))
        points.append((x, tall * height + y * tall * rough))
    picture.pen.polygon([(0, tall), *points, (width, tall)], fill=colour)


def _mix(a: RGB, b: RGB, share: float) -> RGB:
    return (round(a[0] + (b[0] - a[0]) * share), round(a[1] + (b[1] - a[1]) * share),
            round(a[2] + (b[2] - a[2]) * share))


def _valley(picture: Picture) -> None:
    width, tall = picture.size
    _glow(picture, width * picture.rng.uniform(0.2, 0.8), tall * 0.32, tall * 0.07)
    for step in range(5):
        shade = _mix(picture.palette[1], picture.palette[2], (step + 1) / 5)
        _ridge(picture, 0.45 + step * 0.12, 0.05 + step * 0.008, shade)


def _city(picture: Picture) -> None:
    width, tall = picture.size
    for layer in range(3):
        x = 0
        shade = _mix(picture.palette[1], (8, 8, 18), 0.4 + layer * 0.3)
        while x < width:
            wide = picture.rng.randrange(30, 90)
            top = round(tall * picture.rng.uniform(0.25, 0.75) + layer * 40)
            picture.pen.rectangle((x, top, x + wide, tall), fill=shade)
            for wy in range(top + 8, tall, 14):
                for wx in range(x + 6, x + wide - 6, 11):
                    if picture.rng.random() < 0.16 + layer * 0.1:
                        picture.pen.rectangle((wx, wy, wx + 4, wy + 6),
                                              fill=(*picture.palette[3], 220))
            x += wide + picture.rng.randrange(0, 8)


def _planet(picture: Picture) -> None:
    width, tall = picture.size
    picture.image = Image.new("RGB", picture.size, (8, 8, 20))
    for _ in range(260):
        x, y = picture.rng.random() * width, picture.rng.random() * tall
        r = picture.rng.choice((0.6, 0.8, 1.2, 1.8))
        picture.pen.ellipse((x - r, y - r, x + r, y + r), fill=(255, 255, 255, 190))
    _glow(picture, width * 0.5, tall * 0.5, min(width, tall) * 0.22)
    r = min(width, tall) * 0.22
    for band in range(9):
        y = tall * 0.5 - r + band * r * 0.22
        reach = max(abs(y - tall * 0.5), abs(y + r * 0.18 - tall * 0.5))
        half = math.sqrt(max(r * r - reach**2, 0))
        shade = _mix(picture.palette[0], picture.palette[1], picture.rng.random())
        picture.pen.rectangle((width * 0.5 - half, y, width * 0.5 + half, y + r * 0.18),
                              fill=(*shade, 150))
    for ring in range(4):
        wide = r * (1.5 + ring * 0.14)
        picture.pen.ellipse((width / 2 - wide, tall / 2 - wide * 0.28, width / 2 + wide,
                             tall / 2 + wide * 0.28), outline=(*picture.palette[3], 130), width=3)


def _fox(picture: Picture) -> None:
    width, tall = picture.size
    _ridge(picture, 0.62, 0.04, _mix(picture.palette[1], (250, 250, 255), 0.6))
    _ridge(picture, 0.74, 0.03, (244, 246, 250))
    unit = min(width, tall) * 0.17
    x, y = width * picture.rng.uniform(0.38, 0.62), tall * 0.56
    coat, dark, white = (206, 98, 40), (70, 36, 26), (250, 242, 232)
    pen = picture.pen
    pen.ellipse((x - unit * 0.9, y, x + unit * 0.9, y + unit * 2.2), fill=coat)
    pen.ellipse((x + unit * 0.5, y + unit * 1.1, x + unit * 2.3, y + unit * 2.1), fill=coat)
    pen.ellipse((x + unit * 1.7, y + unit * 1.2, x + unit * 2.4, y + unit * 1.9), fill=white)
    for side in (-1, 1):
        pen.polygon([(x + side * unit * 0.95, y - unit * 1.4),
                     (x + side * unit * 0.2, y - unit * 0.5),
                     (x + side * unit, y + unit * 0.1)], fill=dark)
    pen.polygon([(x - unit * 1.1, y - unit * 0.4), (x + unit * 1.1, y - unit * 0.4),
                 (x, y + unit * 0.9)], fill=coat)
    pen.polygon([(x - unit * 0.9, y), (x, y + unit * 0.2), (x + unit * 0.9, y),
                 (x, y + unit * 0.9)], fill=white)
    for side in (-1, 1):
        pen.ellipse((x + side * unit * 0.4 - 7, y - 8, x + side * unit * 0.4 + 7, y + 8), fill=dark)
    pen.ellipse((x - 9, y + unit * 0.75, x + 9, y + unit * 0.95), fill=dark)
    if picture.rng.random() < 0.6:  # the red scarf
        pen.rounded_rectangle((x - unit * 0.8, y + unit * 0.8, x + unit * 0.8, y + unit * 1.15),
                              12, fill=(196, 30, 44))
    for _ in range(160):
        sx, sy = picture.rng.random() * width, picture.rng.random() * tall
        pen.ellipse((sx, sy, sx + 4, sy + 4), fill=(255, 255, 255, 170))


def _shapes(picture: Picture) -> None:
    width, tall = picture.size
    colours = [*picture.palette, (230, 60, 50), (244, 190, 60), (40, 90, 160)]
    for _ in range(14):
        x, y = picture.rng.random() * width, picture.rng.random() * tall
        r = picture.rng.uniform(0.05, 0.28) * min(width, tall)
        colour = (*picture.rng.choice(colours), 205)
        kind = picture.rng.randrange(3)
        if kind == 0:
            picture.pen.ellipse((x - r, y - r, x + r, y + r), fill=colour)
        elif kind == 1:
            picture.pen.regular_polygon((x, y, r), picture.rng.randrange(3, 7),
                                        picture.rng.randrange(90), fill=colour)
        else:
            picture.pen.arc((x - r, y - r, x + r, y + r), 20, 290, fill=colour, width=14)


def _waves(picture: Picture) -> None:
    width, tall = picture.size
    _glow(picture, width * 0.7, tall * 0.25, tall * 0.08)
    for step in range(9):
        shade = _mix(picture.palette[0], picture.palette[2], step / 8)
        _ridge(picture, 0.5 + step * 0.06, 0.022, _mix(shade, (20, 70, 110), 0.35))


def _flowers(picture: Picture) -> None:
    width, tall = picture.size
    _ridge(picture, 0.55, 0.03, (74, 118, 66))
    for _ in range(60):
        x = picture.rng.random() * width
        y = tall * picture.rng.uniform(0.5, 0.97)
        r = 5 + 16 * (y / tall - 0.45)
        petal = picture.rng.choice(_PETALS)
        picture.pen.line((x, y, x + 2, y + r * 3), fill=(46, 90, 44), width=3)
        for turn in range(6):
            px, py = x + math.cos(turn * 1.047) * r, y + math.sin(turn * 1.047) * r
            picture.pen.ellipse((px - r * 0.7, py - r * 0.7, px + r * 0.7, py + r * 0.7),
                                fill=petal)
        picture.pen.ellipse((x - r / 2, y - r / 2, x + r / 2, y + r / 2), fill=(250, 220, 110))


def _lighthouse(picture: Picture) -> None:
    _waves(picture)
    width, tall = picture.size
    x, top = width * 0.3, tall * 0.24
    picture.pen.polygon([(x, top), (width, top - tall * 0.2), (width, top + tall * 0.12)],
                        fill=(*picture.palette[3], 70))
    for step in range(6):
        y = top + step * tall * 0.08
        half = 14 + step * 4
        fill = (240, 236, 228) if step % 2 else (190, 50, 46)
        picture.pen.polygon([(x - half, y), (x + half, y), (x + half + 4, y + tall * 0.08),
                             (x - half - 4, y + tall * 0.08)], fill=fill)
    picture.pen.rectangle((x - 16, top - 24, x + 16, top), fill=(250, 226, 140))
    picture.pen.polygon([(x - 22, top - 24), (x, top - 52), (x + 22, top - 24)], fill=(60, 30, 30))
    _ridge(picture, 0.78, 0.05, (34, 34, 42))


SCENES = (
    Scene("a red fox in the snow", ["fox", "animal", "snow", "winter"], _fox),
    Scene("a misty mountain valley", ["landscape", "mountain", "fog"], _valley),
    Scene("a city skyline at blue hour", ["city", "night", "architecture"], _city),
    Scene("a ringed planet among the stars", ["space", "scifi", "night"], _planet),
    Scene("an abstract composition of circles and triangles", ["abstract", "poster"], _shapes),
    Scene("a quiet sea at dawn", ["landscape", "ocean", "water"], _waves),
    Scene("a meadow full of flowers", ["flower", "nature", "spring"], _flowers),
    Scene("a lighthouse on a stormy cliff", ["architecture", "ocean", "storm"], _lighthouse),
)
