"""Infotexts of other shapes: in one line, in another order, with templates."""

import pytest

from imagelib.ingest.embedded import Lora, read_text

SETTINGS = "Steps: 9, Sampler: DDIM, CFG scale: 4, Seed: 77, Size: 640x512, Model: owl_v2"


@pytest.mark.parametrize("between", [" ", "  ", ". ", "\t"])
def test_an_infotext_whose_line_breaks_became_blanks_is_read(between):
    record = read_text(f"an owl{between}Negative prompt: snow{between}{SETTINGS}")

    assert record.prompt.startswith("an owl")
    assert record.negative_prompt.startswith("snow")
    assert (record.steps, record.sampler, record.seed, record.model) == (9, "DDIM", 77, "owl_v2")


def test_an_attribute_of_xmp_that_made_blanks_of_line_breaks_is_read(draw, found):
    text = f"an owl&#32;Negative prompt: snow\n{SETTINGS}".replace("\n", " ")

    record = found(draw.png(draw.text("XML:com.adobe.xmp", draw.xmp(
        f'xmlns:exif="e" exif:UserComment="{text}"'))))

    assert (record.prompt, record.negative_prompt, record.seed) == ("an owl", "snow", 77)


@pytest.mark.parametrize("first", ["Seed: 77", "Sampler: DDIM", "Size: 640x512", "Model: owl_v2"])
def test_the_settings_may_stand_in_another_order(first):
    parts = [first, *(part for part in SETTINGS.split(", ") if part != first)]

    record = read_text("an owl\nNegative prompt: snow\n" + ", ".join(parts))

    assert (record.prompt, record.negative_prompt) == ("an owl", "snow")
    assert (record.steps, record.seed, record.model, record.size) == (9, 77, "owl_v2", (640, 512))


@pytest.mark.parametrize("prose", [
    "How to bake. Steps: 3, Time: long, and patience",
    "Model: a person who is painted\nSize: large",
    "Seed: pumpkin. Steps: 2, Water: daily",
])
def test_prose_with_such_words_is_no_infotext(prose):
    assert not read_text(prose)


def test_an_infotext_inside_of_json_is_not_that_of_the_picture(draw, found):
    note = {"1": {"class_type": "Note", "inputs": {"note": f"an owl {SETTINGS}"}}}

    assert found(draw.comfy(n99=note["1"])).prompt == "a fox"


@pytest.mark.parametrize("negative", ["", "snow", "snow,\nfog"])
@pytest.mark.parametrize("templates", [
    {"template": "a {grey|brown} owl"},
    {"template": "a {grey|brown} owl,\nat night", "negative_template": "{snow|rain}"},
    {"negative_template": "{snow|rain}"},
])
def test_templates_behind_the_prompts_are_no_part_of_the_negative_prompt(negative, templates):
    lines = "".join(f"{name.replace('_', ' ').capitalize()}: {text}\n"
                    for name, text in templates.items())

    record = read_text(f"an owl\nNegative prompt: {negative}\n{lines}{SETTINGS}, App: SD.Next")

    assert (record.prompt, record.negative_prompt) == ("an owl", negative)
    assert {name: record.extra[name] for name in templates} == templates


def test_a_template_without_a_negative_prompt_is_cut_where_sd_next_names_itself():
    text = f"an owl\nTemplate: a {{grey|brown}} owl\n{SETTINGS}"

    assert read_text(text + ", App: SD.Next").prompt == "an owl"
    assert "Template" in read_text(text).prompt  # a line that its user wrote


def test_settings_without_a_prompt_are_read():
    record = read_text(SETTINGS)

    assert (record.prompt, record.seed, record.model) == ("", 77, "owl_v2")


@pytest.mark.parametrize("word", ["unknown", "None", "NULL", "n/a"])
def test_a_word_for_nothing_is_nothing(word):
    record = read_text(f"{word}\nNegative prompt: {word}\n"
                       f"Steps: 9, Sampler: {word}, Seed: 0, Size: 640x512, Model: {word}")

    assert (record.prompt, record.negative_prompt, record.model, record.sampler) == ("",) * 4
    assert record.seed is None  # made up as the rest
    assert record.steps == 9


def test_a_seed_of_zero_counts_where_the_prompt_is_known():
    assert read_text("an owl\n" + SETTINGS.replace("77", "0")).seed == 0


def test_krita_is_told_by_its_hash_that_is_none_and_its_presets():
    record = read_text(
        "a barn <lora:chalk:0.4>\nNegative prompt: \nSteps: 9, Sampler: Fast - LCM, CFG scale: 1.5,"
        " Seed: 5, Size: 8x8, Model hash: unknown, Model: barnXL.safetensors")

    assert (record.tool, record.model) == ("Krita AI Diffusion", "barnXL")
    assert record.loras == (Lora("chalk", 0.4),)
