"""Programs for one's own machine: stable-diffusion.cpp, mflux, Mochi Diffusion, Fooocus-MRE."""

import json

import pytest

from imagelib.ingest.embedded import Lora, read_text

SDCPP = ("a mill\nNegative prompt: people\nSteps: 12, CFG scale: 5.000000, Guidance: 3.500000,"
         " Eta: inf, Seed: 8, Size: 512x640, Model: {model}, RNG: cuda, Sampler: heun karras{more},"
         " Version: stable-diffusion.cpp")


@pytest.mark.parametrize(("model", "more", "name"), [
    ("mill_v3.gguf", "", "mill_v3"),
    ("", ", Unet: sub\\mill-unet.safetensors", "mill-unet"),
    ("", ", TE: t5.safetensors, Diffusion model: mill-dm.gguf", "mill-dm"),
    ("mill_v3.gguf", ", Unet: other.gguf", "mill_v3"),
    ("", "", ""),
])
def test_stable_diffusion_cpp_is_named_and_its_model_is_the_part_that_counts(model, more, name):
    record = read_text(SDCPP.format(model=model, more=more))

    assert (record.tool, record.version) == ("stable-diffusion.cpp", "")
    assert (record.model, record.sampler, record.seed) == (name, "heun karras", 8)


def test_its_json_tail_says_what_the_line_does_not():
    tail = {
        "schema": "sdcpp.image.params/v1", "seed": 8, "models": {"diffusion_model": "mill.gguf"},
        "prompt": {"positive": "a mill\nSteps: 99, Seed: 1, Size: 1x1, SDCPP: {", "negative": ""},
        "loras": [{"name": "wind.safetensors", "multiplier": 0.6}],
        "generator": {"name": "stable-diffusion.cpp", "version": "master-1"},
    }

    record = read_text(SDCPP.format(model="", more="") + ", SDCPP: " + json.dumps(tail))

    assert record.prompt == tail["prompt"]["positive"].strip()
    assert (record.negative_prompt, record.model, record.version) == ("people", "mill", "master-1")
    assert (record.steps, record.seed, record.size) == (12, 8, (512, 640))
    assert record.loras == (Lora("wind", 0.6),)


def test_a_broken_json_tail_costs_nothing_else():
    record = read_text(SDCPP.format(model="m.gguf", more="") + ', SDCPP: {"seed": 9, "prom')

    assert (record.tool, record.prompt, record.seed) == ("stable-diffusion.cpp", "a mill", 8)


MFLUX = {
    "mflux_version": "0.11.0", "model": "someone/Lake-dev", "base_model": "None", "seed": 3,
    "steps": 7, "guidance": 2.5, "height": 64, "width": 96, "quantize": 4, "prompt": "a lake",
    "created_at": "2025-06-07T08:09:10.123", "lora_paths": ["/m/reed.safetensors", "x/fog"],
    "lora_scales": [0.3], "negative_prompt": None,
}


def test_mflux_is_read_from_its_json(draw, found):
    record = found(draw.jpeg((0xE1, b"Exif\0\0" + draw.comment(json.dumps(MFLUX).encode()))))

    assert (record.tool, record.version) == ("mflux", "0.11.0")
    assert (record.model, record.cfg_scale, record.size) == ("Lake-dev", 2.5, (96, 64))
    assert record.loras == (Lora("reed", 0.3), Lora("fog"))
    assert record.captured_at == "2025-06-07T08:09:10"


def test_mflux_without_its_json_still_has_its_prompt(draw, found):
    record = found(draw.png(draw.text("XML:com.adobe.xmp", draw.xmp(
        'xmlns:xmp="x" xmp:CreatorTool="MFLUX 0.15.0"',
        "<dc:description>a lake</dc:description>"))))

    assert (record.tool, record.version, record.prompt) == ("mflux", "0.15.0", "a lake")


@pytest.mark.parametrize("prompt", ["a pier", "a pier; Model: none of it; calm", "pier: a; b"])
def test_mochi_diffusion_is_read_in_one_line(prompt):
    record = read_text(
        f"Include in Image: {prompt}; Exclude from Image: gulls; birds; Model: pier_split-einsum;"
        " Steps: 6; Guidance Scale: 4.5; Seed: 21; Size: 512x256; Scheduler: PNDM;"
        " ML Compute Unit: All; Generator: Mochi Diffusion 4.0")

    assert (record.tool, record.version) == ("Mochi Diffusion", "4.0")
    assert (record.prompt, record.negative_prompt) == (prompt, "gulls; birds")
    assert (record.model, record.steps, record.seed) == ("pier_split-einsum", 6, 21)
    assert (record.cfg_scale, record.sampler, record.size) == (4.5, "PNDM", (512, 256))


def test_mochi_diffusion_is_read_on_lines_with_its_escapes():
    record = read_text(
        "Metadata Version: 2\nInclude in Image: a pier; at dawn\\nSteps: 50, Seed: 1\\\\n\n"
        "Exclude from Image: gulls\nModel: pier\nSteps: 6\nSeed: 21\nGuidance Scale: 3\n"
        "Size: 512x256\nInput Images: a.png\nInput Images: b.png\nGenerator: Mochi Diffusion 6.0")

    assert record.prompt == "a pier; at dawn\nSteps: 50, Seed: 1\\n"
    assert (record.negative_prompt, record.steps, record.seed) == ("gulls", 6, 21)


@pytest.mark.parametrize("names", [("base_model", "sampler"), ("base_model_name", "sampler_name")])
def test_fooocus_mre_is_told_from_other_forks_and_read(names):
    model, sampler = names
    record = read_text(json.dumps({
        "prompt": "a hut", "negative_prompt": "fog", "style": "None", "seed": 11, "width": 832,
        "height": 640, "steps": 30, "cfg": 6.5, "scheduler": "karras", sampler: "dpmpp_2m",
        model: "hutXL.safetensors", "l1": "moss.safetensors", "w1": 0.5, "l2": "None", "w2": 1.0,
        "l3": "bark", "w3": 0.25, "software": "Fooocus-MRE v2.0.78.5",
    }))

    assert (record.tool, record.version) == ("Fooocus-MRE", "Fooocus-MRE v2.0.78.5")
    assert (record.prompt, record.negative_prompt) == ("a hut", "fog")
    assert (record.model, record.sampler, record.scheduler) == ("hutXL", "dpmpp_2m", "karras")
    assert (record.cfg_scale, record.size, record.seed) == (6.5, (832, 640), 11)
    assert record.loras == (Lora("moss", 0.5), Lora("bark", 0.25))


@pytest.mark.parametrize(("seed", "read"), [
    ("0xFF", 255), ("0XfFfFfFfFfFfFfFfF", 2**64 - 1), ("0x", None), ("0x1FFFFFFFFFFFFFFFFF", None)])
def test_a_seed_in_hexadecimal_is_a_seed(draw, found, seed, read):
    sampler = draw.graph()["3"]
    sampler["inputs"]["seed"] = seed

    assert found(draw.comfy(n3=sampler)).seed == read
