"""Another program reads in published files structure, colours, orientation and the label."""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from canaries import exif_with, picture, profile, saved
from drawn_formats import MORE
from helpers import a1111
from PIL.PngImagePlugin import PngInfo
from test_publishing_formats import says

from imagelib.errors import InvalidError
from imagelib.library.library import Library
from imagelib.publishing.policy import Policy
from imagelib.publishing.publication import publication

pytestmark = pytest.mark.skipif(
    shutil.which("exiftool") is None,
    reason="exiftool is not installed (Debian: libimage-exiftool-perl)")

CANARY = "zq7fox"
DATA = Path(__file__).parents[1] / "data"
XMP = ('<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-'
       'syntax-ns#"><rdf:Description xmlns:dc="http://purl.org/dc/elements/1.1/"'
       f' dc:format="{CANARY}xmp"/></rdf:RDF></x:xmpmeta>').encode()
#: Group:Tag as exiftool names them, of what may be in a picture.
STRUCTURE = re.compile("|".join((
    r"(System|ExifTool|Composite|SVG|ICC-header|ICC-view|ICC-meas):.*",
    r"File:(FileType|FileTypeExtension|MIMEType|Image(Width|Height)|YCbCrSubSampling|ExifByteOrder"
    r"|EncodingProcess|ColorComponents|BitsPerSample)",
    r"RIFF:(Image(Width|Height)|(Vertical|Horizontal)Scale|VP8Version|WebP_Flags|BackgroundColor"
    r"|Animation\w+|FrameCount|Duration|Alpha\w+)",
    r"PNG(-pHYs|-cICP)?:(Image(Width|Height)|Interlace|Filter|Compression|ColorType|BitDepth"
    r"|Palette|Transparency|BackgroundColor|Animation\w+|Gamma|SRGBRendering|SignificantBits"
    r"|(WhitePoint|Red|Green|Blue)[XY]|Pixel\w+|ProfileName)",
    r"JFIF:([XY]Resolution|ResolutionUnit|JFIFVersion)",
    r"Adobe:(DCTEncodeVersion|ColorTransform|APP14\w+)",
    r"GIF:(Image(Width|Height)|HasColorMap|GIFVersion|ColorResolutionDepth|BitsPerPixel"
    r"|BackgroundColor|Animation\w+|FrameCount|Duration|TransparentColor)",
    r"QuickTime:(TransferCharacteristics|M(inorVersion|ajorBrand|atrixCoefficients)|MediaData\w+"
    r"|Image(SpatialExtent|PixelDepth|Width|Height)|HandlerType|CompatibleBrands|Color\w+"
    r"|Chroma\w+|Rotation|AuxiliaryImage\w+|AV1\w+|VideoFullRangeFlag)", r"Meta:\w+Reference",
    r"ICC_Profile:(Profile\w*|Media(White|Black)Point|ChromaticAdaptation|Luminance|Technology"
    r"|(Red|Green|Blue)(MatrixColumn|TRC)|GrayTRC|Chromaticity\w*|ICC_Profile_Cicp)",
    r"IFD0:Orientation", r"XMP-iptcExt:DigitalSourceType")))


def drawn() -> dict[str, bytes]:
    """A file of each type that says the word wherever its type can."""
    exif, moving = exif_with(f"{CANARY}exif".encode(), 6), [picture(seed=2), picture(seed=3)]
    text = PngInfo()
    text.add_text("parameters", a1111(f"{CANARY}text"))
    text.add_itxt("XML:com.adobe.xmp", XMP.decode())
    whole: dict[str, Any] = {"exif": exif, "icc_profile": profile(), "xmp": XMP}
    return {
        "a.png": saved(picture(), "PNG", pnginfo=text, exif=exif, icc_profile=profile()),
        "b.png": saved(picture("RGBA"), "PNG", pnginfo=text, save_all=True, append_images=moving),
        "c.png": saved(picture("P"), "PNG", pnginfo=text, transparency=3),
        "a.jpg": saved(picture(), "JPEG", comment=f"{CANARY}comment", **whole),
        "b.jpg": saved(picture("CMYK"), "JPEG", comment=f"{CANARY}comment", exif=exif),
        "a.webp": saved(picture("RGBA"), "WEBP", **whole),
        "b.webp": saved(picture(), "WEBP", save_all=True, append_images=moving, **whole),
        "a.avif": saved(picture("RGBA"), "AVIF", **whole),
        "a.gif": saved(picture("P"), "GIF", comment=f"{CANARY}comment"),
        "b.gif": saved(picture(), "GIF", save_all=True, append_images=moving, loop=3,
                       comment=f"{CANARY}comment"),
        **{f"{form}.bin": says(form) for form in MORE},
    }


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("exiftool")
    with Library.create(root / "library") as opened:
        for name, content in drawn().items():
            (root / name).write_bytes(content)
            opened.add(root / name, original_name=f"{CANARY}{name}")
        for path in sorted(DATA.iterdir()):
            with contextlib.suppress(InvalidError):  # no picture, or broken on purpose
                opened.add(path, original_name=f"{CANARY}{path.name}")
        for image in opened.ids(""):
            opened.edit(image, title="Untitled", notes=f"{CANARY}notes", tags=[f"{CANARY}tag"])
    return root / "library"


def read(folder: Path) -> list[dict[str, Any]]:
    done = subprocess.run(["exiftool", "-r", "-a", "-u", "-G1", "-s", "-j", "-ee", str(folder)],
                          capture_output=True, text=True, check=False)
    return json.loads(done.stdout)


@pytest.mark.parametrize("values", [
    {"originals": "cleaned"}, {"originals": {"size": 64, "format": "jpeg"}, "base_url":
     "https://example.org/", "feed": True}, {"originals": {"size": 64, "format": "png"}},
    {"originals": "none", "ai_label": "keep"}])
def test_nothing_else_is_read_by_another_program(library, tmp_path, values):
    with Library.open(library) as opened:
        assert CANARY in str(read(opened.settings.images_dir))
        count = opened.count()
        with publication(opened, Policy.of("mine", {"fields": ["title"]} | values),
                         str(tmp_path / "out")) as found:
            found.send()
    files = read(tmp_path / "out")
    assert sum("/images/" in file["SourceFile"] for file in files) == count > 30
    assert CANARY not in str(files)
    pictures = [file for file in files if file["File:MIMEType"].startswith("image/")]
    assert {f"{tag} of {file['SourceFile']}" for file in pictures for tag in file
            if tag != "SourceFile" and not STRUCTURE.fullmatch(tag)} == set()
    assert {file["IFD0:Orientation"] for file in files if "IFD0:Orientation" in file} <= {
        "Rotate 90 CW"}
