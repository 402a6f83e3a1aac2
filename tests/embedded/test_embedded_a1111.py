"""The infotext of AUTOMATIC1111 and its many descendants."""

import pytest

from imagelib.ingest.embedded import Lora, read_text

HEAD = (
    "a fox\nNegative prompt: blurry\n"
    "Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1, Size: 8x8"
)


@pytest.mark.parametrize(("tail", "tool"), [
    (", Model: m, Version: v1.10.1", "AUTOMATIC1111"),
    ("", "AUTOMATIC1111"),
    (", Version: f2.0.1v1.10.1-previous-659-gc055f2d4", "Forge"),
    (", Version: f0.0.17v1.8.0rc-latest-276-g29be1da7", "Forge"),
    (", Version: neo-2.28", "Forge"),
    (", Version: classic", "Forge"),
    (", Version: f1.0.0v2-v1.10.1RC-latest-2498-g5120e679", "reForge"),
    (", App: SD.Next, Version: 56a8aea", "SD.Next"),
    (", Created Date: 2026-01-04T01:27:21.2717070Z, Civitai resources: []", "Civitai"),
    (", Model: m, Version: ComfyUI", "ComfyUI"),
    (", Model: m.safetensors, Model hash: 45a21ea00a", "ComfyUI"),
    (', Raw prompt: fox, Version: Fooocus v2.5.5', "Fooocus"),
])
def test_the_tool_is_told_by_its_own_parameters(tail, tool):
    assert read_text(HEAD + tail).tool == tool


def test_prompts_keep_their_lines_and_lose_outer_blanks():
    record = read_text(
        "one, \ntwo\n\nNegative prompt: three,\nfour\n\nSteps: 1, Seed: 2, Size: 3x4"
    )

    assert record.prompt == "one, \ntwo"
    assert record.negative_prompt == "three,\nfour"


def test_windows_line_ends_are_line_ends():
    record = read_text(HEAD.replace("\n", "\r\n"))

    assert (record.prompt, record.negative_prompt, record.seed) == ("a fox", "blurry", 1)


def test_a_prompt_may_speak_of_steps_itself():
    record = read_text("how to\nSteps: 3 of them\n" + HEAD)

    assert record.prompt == "how to\nSteps: 3 of them\na fox"


def test_values_hold_commas_in_quotes_and_in_json():
    record = read_text(
        HEAD + ', Hashes: {"vae": "1, 2", "model": "x"}, Hires prompt: "a, b: c\\n d",'
        ' Civitai resources: [{"type":"checkpoint","modelName":"A, B"}], Clip skip: 2'
    )

    assert record.extra["hires_prompt"] == "a, b: c\n d"
    assert record.extra["clip_skip"] == 2
    assert record.model == "A, B"


def test_the_first_of_repeated_keys_wins():
    record = read_text(HEAD + ", Model: base, ADetailer model: face.pt, Steps: 99, Model: other")

    assert (record.steps, record.model) == (20, "base")


def test_the_template_of_dynamic_prompts_is_no_part_of_a_value():
    record = read_text(HEAD + ", Model hash: 9ca13f02\nTemplate:A {red|blue} fox, Steps: 3")

    assert record.extra["model_hash"] == "9ca13f02"
    assert record.extra["template"] == "A {red|blue} fox, Steps: 3"


def test_a_hash_of_digits_stays_text():
    assert read_text(HEAD + ", Model hash: 0012345678").extra["model_hash"] == "0012345678"


def test_keys_are_read_in_any_case_as_artbot_writes_them():
    assert read_text("a fox\nSteps: 2, Seed: 3, model: Deliberate").model == "Deliberate"


def test_loras_come_from_the_prompt_the_hashes_and_the_resources():
    record = read_text(
        HEAD.replace("a fox", "a fox <lora:snow:0.8> <lora:ice:te=0.5:unet=1> <lora:fur>")
        + ', Lora hashes: "snow: aa, old: bb"'
        ', Civitai resources: [{"type":"lora","weight":0.3,"modelName":"Paws"}]'
    )

    assert record.loras == (Lora("snow", 0.8), Lora("ice", 0.5), Lora("fur"), Lora("old"),
                            Lora("Paws", 0.3))


def test_fooocus_tells_the_prompt_the_user_typed():
    record = read_text(
        "a fox, expanded\nNegative prompt: ugly, expanded\nSteps: 30, Seed: 127589946317439009,"
        " Size: 512x512, Raw prompt: a fox, Raw negative prompt: , Scheduler: karras,"
        ' Lora weights: "offset_1.0: 0.1", Version: Fooocus v2.5.5'
    )

    assert (record.prompt, record.negative_prompt) == ("a fox", "")
    assert record.extra["full_prompt"] == "a fox, expanded"
    assert (record.loras, record.scheduler) == ((Lora("offset_1.0", 0.1),), "karras")


def test_civitai_names_its_model_and_its_date_elsewhere():
    record = read_text(
        HEAD + ', Created Date: 2025-02-24T22:37:15.9939366Z, Civitai resources:'
        ' [{"type":"lora","modelName":"x"},{"type":"checkpoint","modelName":"FLUX"}]'
    )

    assert (record.model, record.captured_at) == ("FLUX", "2025-02-24T22:37:15")


def test_a_seed_of_minus_one_is_none():
    assert read_text(HEAD.replace("Seed: 1", "Seed: -1")).seed is None


def test_the_normalised_object_has_the_seed_as_text_and_nothing_empty():
    record = read_text(HEAD.replace("Seed: 1", f"Seed: {2**64 - 1}") + ", Schedule type: Karras")

    assert record.generation() == {
        "tool": "AUTOMATIC1111", "seed": "18446744073709551615", "steps": 20,
        "sampler": "Euler a", "scheduler": "Karras", "cfg_scale": 7.0, "size": "8x8",
        "sources": {"record": "text"},
    }


def test_a_weight_is_absent_from_the_record_only_where_the_file_has_none():
    record = read_text(HEAD.replace("a fox", "<lora:a:0> <lora:b>"))

    assert record.generation()["loras"] == [{"name": "a", "weight": 0.0},
                                            {"name": "b", "weight": None}]
