"""Whatever happens to the bytes of a real file, reading it does not raise."""

import json
import logging
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from imagelib.ingest.embedded import read, read_text

DATA = Path(__file__).parents[1] / "data"
SAMPLES = sorted(p for p in DATA.iterdir() if p.suffix not in (".md", ".json"))
QUICK = settings(max_examples=150, deadline=None,
                 suppress_health_check=[HealthCheck.function_scoped_fixture])

#: JSON as strangers write it: right keys, any values.
KEYS = st.sampled_from([
    "prompt", "workflow", "nodes", "links", "class_type", "inputs", "seed", "steps", "positive",
    "model", "sui_image_params", "loras", "lora", "c", "uc", "scale", "v2", "Comment", "Software",
    "Source", "image", "images", "app_version", "positive_prompt", "cfg_scale", "base_model",
    "metadata_scheme", "resolution", "num_inference_steps", "guidance_scale", "sampler_name",
    "aigc_info", "AIGC", "Label", "ContentProducer", "extraMetadata", "v4_prompt", "caption",
    "char_captions", "widgets_values", "id", "type", "link", "1", "2", "on_true", "on_false",
    "select", "input1", "noise", "guider", "base_model_name", "generation_mode",
])
LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(), st.text(max_size=8),
    st.sampled_from([["1", 0], ["2", 0], ["1", 1], "a.safetensors", '{"prompt": 1}', "512x512"]),
)
JSON = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=4)
                    | st.dictionaries(KEYS, inner, max_size=6), max_leaves=30)


@pytest.fixture(autouse=True)
def no_reader_fails(caplog):
    """A reader's failure is caught and logged: here it counts."""
    caplog.set_level(logging.WARNING)
    yield
    assert not caplog.records, caplog.text


def check(record):
    json.dumps(record.raw, allow_nan=False).encode("utf-8")
    json.dumps(record.generation(), allow_nan=False).encode("utf-8")
    record.prompt.encode("utf-8")
    record.negative_prompt.encode("utf-8")


@QUICK
@given(data=st.data())
def test_a_file_cut_anywhere_is_read_without_an_error(data, tmp_path):
    content = data.draw(st.sampled_from(SAMPLES)).read_bytes()
    (path := tmp_path / "cut").write_bytes(content[: data.draw(st.integers(0, len(content)))])

    check(read(path))


@QUICK
@given(data=st.data())
def test_a_file_with_any_bytes_changed_is_read_without_an_error(data, tmp_path):
    content = bytearray(data.draw(st.sampled_from(SAMPLES)).read_bytes())
    # Headers and texts stand at the beginning: most changes should hit them.
    places = st.integers(0, max(0, min(len(content), 3000) - 1))
    for at, value in data.draw(st.lists(st.tuples(places, st.integers(0, 255)), max_size=20)):
        content[at : at + 1] = bytes([value])
    (path := tmp_path / "changed").write_bytes(content)

    check(read(path))


@QUICK
@given(data=st.data())
def test_other_containers_with_any_bytes_changed_are_read_without_an_error(draw, data, tmp_path):
    exif, packet = bytes(4) + draw.comment(b"a fox"), draw.xmp('a:Rating="3"')
    whole = bytearray(data.draw(st.sampled_from([
        draw.tiff({0x010E: "a fox", 700: packet}), draw.tiff({0x010E: "a fox"}, big=True),
        draw.exif({0x010E: "a fox", 0x4746: b"12"}, {0x9286: "x"}),
        draw.jxl((b"Exif", exif), (b"xml ", packet), (b"jumb", b"x")),
        draw.jxl((b"Exif", exif), (b"xml ", packet), packed=True),
        draw.avif(exif=exif, xmp=packet, brand=b"heic")])))
    # All of them but pixels stands at the beginning or at the end.
    for at, value in data.draw(st.lists(st.tuples(st.integers(-400, 400), st.integers(0, 255)),
                                        max_size=12)):
        whole[at % len(whole)] = value
    (path := tmp_path / "changed").write_bytes(whole)

    check(read(path))


@QUICK
@given(JSON)
def test_json_of_any_shape_is_read_without_an_error(value):
    check(read_text(json.dumps(value)))


@QUICK
@given(st.dictionaries(st.sampled_from(["1", "2", "3", "4"]), st.fixed_dictionaries(
    {"class_type": st.sampled_from(["KSampler", "SaveImage", "CLIPTextEncode", "VAELoader"]),
     "inputs": st.dictionaries(KEYS | st.sampled_from(["text", "latent_image", "negative"]),
                               LEAVES, max_size=8)}), max_size=4))
def test_graphs_of_any_links_are_read_without_an_error(graph):
    check(read_text(json.dumps(graph)))


@QUICK
@given(st.lists(st.sampled_from([
    "a fox", "\nNegative prompt: ", "\nSteps: ", "20", ", ", "Sampler: ", "Seed: ", "Size: ", "8x8",
    '"', "\\", "{", "}", "[", "]", ": ", "Model: ", "<lora:", ">", "\nTemplate: ", "9" * 50,
    "\ud800", "Civitai resources: ", '[{"type":"checkpoint"}]', "Lora hashes: ",
    "Version: ", "Fooocus"])))
def test_infotexts_of_any_shape_are_read_without_an_error(parts):
    check(read_text("".join(parts)))
