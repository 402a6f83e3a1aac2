"""Files that want to crash, hang or exhaust: each limit has a file that goes over it."""

import io
import json
import subprocess
import sys
import time
import zlib

import pytest

from imagelib.ingest.embedded import read, read_text
from imagelib.ingest.embedded.containers.walk import read_containers
from imagelib.ingest.embedded.values import as_float, as_int, load_json

MIB = 1 << 20


def bomb(draw):
    # 200 MiB of one letter in 200 kB.
    engine = zlib.compressobj(9)
    packed = b"".join(engine.compress(b"A" * MIB) for _ in range(200)) + engine.flush()
    return draw.chunk(b"zTXt", b"parameters\0\0" + packed)


HOSTILE = {
    "an inflating bomb": lambda d: d.png(bomb(d)),
    "sixty bombs": lambda d: d.png(*[bomb(d)] * 60),
    "hordes of texts": lambda d: d.png(*[d.text("a", "x" * MIB)] * 200),
    "hordes of tiny texts": lambda d: d.png(*[d.text("a", "x")] * 50_000),
    "millions of empty chunks": lambda d: d.png(d.chunk(b"aaaa", b"") * 1_000_000),
    "JSON of tiny objects": lambda d: d.png(
        *[d.text("prompt", "[" + '{"a":1},' * (900_000) + "{}]")] * 4
    ),
    "JSON, 100,000 deep": lambda d: d.png(
        d.text("prompt", '{"a":' * 100_000 + "1" + "}" * 100_000)
    ),
    "an emoji in 7 MiB": lambda d: d.png(
        *[d.text(f"k{n}", "🦊" + "a" * 7 * MIB) for n in range(8)]
    ),
    "an emoji in JSON of 7 MiB": lambda d: d.png(
        *[d.text(f"k{n}", '["🦊' + "a" * 7 * MIB + '"]') for n in range(8)]
    ),
    "quotes without an end": lambda d: d.png(
        d.text("parameters", d.infotext + ', a: "' + '\\"' * MIB)
    ),
    "brackets without an end": lambda d: d.png(d.text("parameters", d.infotext + ", a: [" * MIB)),
    "seven million blanks": lambda d: d.png(d.text("Description", " " * 7 * MIB)),
    "XMP of eight million elements": lambda d: d.png(
        *[d.itxt("XML:com.adobe.xmp", b"<r>" + b"<a/>" * (MIB - 9) + b"</r>")] * 8
    ),
    "a GIF of endless blocks": lambda d: d.gif(b"")[:-3] + b"\x2c" + bytes(10)
    + (b"\xff" + bytes(255)) * 120_000,
    "a GIF of hordes of XMP": lambda d: d.gif(b"")[:-4] + (
        b"\x21\xff\x0bXMP DataXMP<" + b"\xff" * 4 * MIB + b"\0") * 20,
    "a GIF of hordes of small XMP": lambda d: d.gif(b"")[:-4] + (
        b"\x21\xff\x0bXMP DataXMP\x01<\0") * 400_000,
    "a chain of samplers": lambda d: d.png(d.text("prompt", json.dumps({
        str(n): {"class_type": "KSampler",
                 "inputs": {"seed": n, "steps": 1, "positive": [str(n - 1), 0],
                            "latent_image": [str(n - 1), 0]}} for n in range(9000)}))),
    "samplers around one long chain": lambda d: d.png(d.text("prompt", json.dumps({
        f"s{n}": {"class_type": "KSampler",
                  "inputs": {"seed": n, "steps": 1, "latent_image": ["25000", 0]}}
        for n in range(200)} | {
        str(n): {"class_type": "X", "inputs": {"samples": [str(n - 1) if n else "s199", 0]}}
        for n in range(25_001)}))),
    "a claim of 2 GiB": lambda d: d.png(d.chunk(b"tEXt", b"parameters\0x", length=0x7FFFFFFF)),
}

MEASURE = """
import sys, json
from pathlib import Path
from imagelib.ingest.embedded import read
record = read(Path(sys.argv[1]))
raw = len(json.dumps(record.raw))
# Not ru_maxrss: that of a child begins with that of its parent.
status = Path("/proc/self/status").read_text()
peak = int(status.partition("VmHWM:")[2].split()[0]) // 1024
print(json.dumps([peak, raw]))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_costs_little_time_and_memory(draw, tmp_path, name):
    path = tmp_path / "hostile"
    path.write_bytes(HOSTILE[name](draw))
    # Another process starts small: this one may have grown already.
    answer = subprocess.run([sys.executable, "-c", MEASURE, str(path)], timeout=20, check=True,
                            capture_output=True, text=True)
    peak, raw = json.loads(answer.stdout)

    assert peak < 200, "MB of memory"
    assert raw <= 8 * MIB
    start = time.perf_counter()
    read(path)
    assert time.perf_counter() - start < 60, "it hangs"


def test_bombs_use_up_the_limit_of_the_file(draw):
    data = draw.png(*[bomb(draw)] * 60)

    assert read_containers(io.BytesIO(data)).blobs < 10


def test_what_is_kept_raw_fits_the_library(draw, found):
    large = [draw.text(f"k{n}", json.dumps(["é" * 900_000])) for n in range(4)]

    record = found(draw.png(draw.text("parameters", draw.infotext), *large))

    assert record.raw["parameters"] == draw.infotext
    assert 4 * MIB < len(json.dumps(record.raw)) <= 8 * MIB


def test_a_bomb_does_not_hide_the_text_beside_it(draw, found):
    assert found(draw.png(bomb(draw), draw.text("parameters", draw.infotext))).seed == 42


@pytest.mark.parametrize(("depth", "is_read"), [(100, True), (101, False), (20_000, False)])
def test_json_is_parsed_to_a_depth_of_a_hundred(depth, is_read):
    assert (load_json("[" * depth + "]" * depth) is not None) is is_read


def test_brackets_inside_of_strings_are_not_depth():
    text = json.dumps({"prompt": '["' + "[" * 500, "list": [1] * 200 + [[]] * 200})

    assert load_json(text)["prompt"] == '["' + "[" * 500


def test_strings_cannot_hide_depth():
    assert load_json("[" * 150 + '"' + "]" * 150 + '"' + "]" * 150) is None


def test_json_too_deep_for_parsing_is_kept_as_text(draw, found):
    deep = '{"a":' * 300 + "1" + "}" * 300

    assert found(draw.png(draw.text("prompt", deep))).raw == {"prompt": deep}


def test_an_integer_of_five_thousand_digits_is_no_seed(draw, found):
    digits = "9" * 5000
    record = found(draw.png(draw.text("parameters", '{"prompt":"a","steps":2,"width":8,"height":8,'
                                      f'"seed":{digits}}}')))

    assert (record.prompt, record.seed) == ("a", None)
    assert record.raw["parameters"]["seed"] == digits


@pytest.mark.parametrize("text", ['{"a":1,}', "[1] 2", '{"a":' + "9" * 5000 + ',"b":1', "[1"])
def test_broken_json_is_no_json(text):
    assert load_json(text) is None


def test_numbers_in_an_infotext_may_be_of_any_length(draw, found):
    huge = "9" * 5000
    record = found(draw.png(draw.text("parameters", f"a\nSteps: {huge}, Seed: {huge},"
                                      f" CFG scale: {huge}, Size: {huge}x{huge}, Model: m")))

    assert (record.prompt, record.model, record.seed, record.size) == ("a", "m", None, None)


def test_nan_infinity_and_half_surrogates_leave_strict_json(draw, found):
    graph = '{"1":{"class_type":"X","inputs":{"text":"a\\ud800b","is_changed":[NaN,1e999]}}}'

    record = found(draw.png(draw.text("prompt", graph)))

    assert record.prompt == "a\ufffdb"
    json.dumps(record.raw, allow_nan=False).encode("utf-8")
    assert record.raw["prompt"]["1"]["inputs"]["is_changed"] == [None, None]


def test_a_nul_in_a_prompt_is_dropped(draw, found):
    record = found(draw.png(draw.text("parameters", draw.infotext.replace("fox", "f\0ox"))))

    assert record.prompt == "a fox in the snow"


@pytest.mark.parametrize(
    "declaration",
    [
        '<!DOCTYPE x [<!ENTITY a "trainedAlgorithmicMedia">]>',
        '<!DOCTYPE x SYSTEM "other.dtd">',
    ],
)
def test_xmp_with_a_document_type_is_refused(draw, found, declaration):
    packet = draw.xmp('xmlns:i="i" i:DigitalSourceType="trainedAlgorithmicMedia"')

    assert found(draw.png(draw.itxt("XML:com.adobe.xmp", packet)))
    assert not found(draw.png(draw.itxt("XML:com.adobe.xmp", declaration.encode() + packet)))


def test_markup_in_a_prompt_stays_text(draw, found):
    prompt = "<script>alert(1)</script> {{7*7}} \"quotes\" & 'more'"

    text = draw.infotext.replace("a fox in the snow", prompt)

    assert found(draw.png(draw.text("parameters", text))).prompt == prompt


def test_a_reader_that_fails_costs_its_own_answer_only(draw, found, monkeypatch, caplog):
    from imagelib.ingest.embedded import recognise

    def broken(_findings):
        raise ZeroDivisionError

    monkeypatch.setattr(recognise, "READERS", (broken, *recognise.READERS))

    assert found(draw.png(draw.text("parameters", draw.infotext))).seed == 42
    assert "failed" in caplog.text


@pytest.mark.parametrize("text", ["", "hello", "{}", "[]", "null", "Steps to follow: 3", "{" * 9999,
                                  "Steps: 20 minutes of walking a day", "\ud800", "\0"])
def test_a_sidecar_of_something_else_gives_nothing(text):
    assert not read_text(text)


@pytest.mark.parametrize(("value", "expected"), [
    (2**64 - 1, 2**64 - 1), ("18446744073709551615", 2**64 - 1), (2**64, None), (7.0, 7),
    ("7.0", 7), (7.5, None), (True, None), (float("inf"), None), ("١٢", None), ([], None),
], ids=repr)
def test_integers_have_64_bits_and_never_lose_a_digit(value, expected):
    assert as_int(value) == expected


def test_an_integer_too_large_for_a_float_is_no_number():
    assert as_float(10**400) is None
