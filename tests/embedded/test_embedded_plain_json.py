"""JSON of programs that nobody knows: read by what things are usually called."""

import json

import pytest

from imagelib.ingest.embedded import Lora, read_text

SAID = {"prompt": "a heron", "negative prompt": "fog", "model": "reeds_v2.safetensors", "seed": 12,
        "steps": 8, "sampler name": "heun", "scheduler": "karras", "cfg scale": 3.5, "width": 96,
        "height": 64}


def spell(style):
    return {style(key): value for key, value in SAID.items()}


@pytest.mark.parametrize("style", [
    lambda key: key.replace(" ", "_"),
    lambda key: key.title(),
    lambda key: key.title().replace(" ", ""),
    lambda key: key.upper().replace(" ", "-"),
], ids=["snake", "Title", "Camel", "UPPER"])
@pytest.mark.parametrize("put", [
    lambda said: said,
    lambda said: {"version": 3, "params": said},
    lambda said: {key: said.pop(key) for key in list(said)[:2]} | {"settings": said},
], ids=["flat", "inside", "beside"])
def test_names_are_read_in_every_spelling_and_one_object_deep(style, put):
    record = read_text(json.dumps(put(spell(style))))

    assert (record.prompt, record.negative_prompt, record.model) == ("a heron", "fog", "reeds_v2")
    assert (record.seed, record.steps, record.cfg_scale) == (12, 8, 3.5)
    assert (record.sampler, record.scheduler, record.size) == ("heun", "karras", (96, 64))


@pytest.mark.parametrize("names", [
    ("positive", "checkpoint", "num_inference_steps", "guidance"),
    ("text_prompt", "base_model", "samplingSteps", "guidance_scale"),
    ("positivePrompt", "ckpt_name", "num_steps", "cfg"),
])
def test_other_usual_names_are_read(names):
    prompt, model, steps, cfg = names

    record = read_text(json.dumps({prompt: "a heron", model: {"name": "reeds"}, steps: 8,
                                   cfg: "3,5", "resolution": "96x64"}))

    assert (record.prompt, record.model, record.steps) == ("a heron", "reeds", 8)
    assert (record.cfg_scale, record.size) == (3.5, (96, 64))


@pytest.mark.parametrize("loras", [
    [{"name": "mist.safetensors", "weight": 0.5}, {"model": "x/rain", "scale": None}],
    [{"path": "a/mist.pt", "strength": "0,5"}, "rain"],
    {"mist": 0.5, "rain": None},
])
def test_loras_are_read_in_their_usual_shapes(loras):
    record = read_text(json.dumps(spell(str) | {"loras": loras}))

    assert record.loras == (Lora("mist", 0.5), Lora("rain"))


@pytest.mark.parametrize("other", [
    {"prompt": "choose one", "answers": ["a", "b"]},
    {"prompt": "a heron", "seed": 1},
    {"model": "reeds", "seed": 1, "steps": 8},
    {"prompt": {"seed": 1, "steps": 8}, "model": 3},
    {str(number): {"prompt": None} for number in range(2000)},
])
def test_json_about_other_things_is_none(other):
    assert read_text(json.dumps(other)).seed is None
