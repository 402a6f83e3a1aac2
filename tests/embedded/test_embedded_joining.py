"""Several records of one file: gaps are filled, contradictions never mixed, sources remembered."""

import json

import pytest

from imagelib.ingest.embedded import read_text
from imagelib.ingest.embedded.joining import join, name_sources
from imagelib.ingest.embedded.record import EmbeddedMetadata, Lora

BASE = EmbeddedMetadata(tool="One", prompt="a quay, wet stones", seed=5).read_from("prompt")


def test_another_record_fills_gaps_and_nothing_else():
    more = EmbeddedMetadata(tool="Two", prompt="a quay, wet stones", model="quay", steps=7,
                            sampler="heun", seed=5, version="9").read_from("exif:UserComment")

    joined = join(BASE, [more])

    assert (joined.tool, joined.model, joined.steps, joined.sampler) == ("One", "quay", 7, "heun")
    assert joined.version == ""  # of another program
    assert name_sources(joined.sources) == {
        "record": "PNG prompt", **dict.fromkeys(
            ("model", "steps", "sampler"), "EXIF UserComment")}


@pytest.mark.parametrize("other", [
    EmbeddedMetadata(prompt="a quay, wet stones", seed=6, model="other"),
    EmbeddedMetadata(prompt="a harbour", model="other"),
    EmbeddedMetadata(prompt="a harbour", seed=5, model="other"),
])
def test_records_of_different_pictures_are_not_mixed(other):
    assert join(BASE, [other]) == BASE


@pytest.mark.parametrize("prompt", [
    "", "a quay,  wet\nstones", "a quay, wet stones <lora:rain:0.5>", "a quay, wet stones, best",
])
def test_the_same_prompt_is_told_whatever_a_saver_added(prompt):
    assert join(BASE, [EmbeddedMetadata(prompt=prompt, model="quay")]).model == "quay"


def test_what_another_dialect_reads_in_the_same_text_is_no_second_record():
    other = EmbeddedMetadata(tool="Two", seed=5, model="quay")

    assert join(BASE, [other.read_from("prompt")]) == BASE
    assert join(BASE, [other.read_from("parameters")]).model == "quay"


def test_what_one_record_filled_counts_against_the_next():
    base = EmbeddedMetadata(prompt="a quay")
    others = [EmbeddedMetadata(seed=1), EmbeddedMetadata(seed=2, model="of another seed")]

    assert join(base, others) == EmbeddedMetadata(prompt="a quay", seed=1)


def test_no_negative_prompt_beside_settings_means_that_there_was_none():
    more = EmbeddedMetadata(negative_prompt="people", loras=(Lora("rain"),))

    assert join(BASE, [more]) == BASE
    told = join(EmbeddedMetadata(prompt="a quay"), [more])
    assert (told.negative_prompt, told.loras) == ("people", (Lora("rain"),))


@pytest.mark.parametrize(("sampler", "scheduler"), [("Euler", "karras"), ("ddim", "")])
def test_a_scheduler_comes_only_from_who_names_the_same_sampler(sampler, scheduler):
    base = EmbeddedMetadata(prompt="a quay", sampler=sampler)
    other = EmbeddedMetadata(sampler="euler", scheduler="karras")

    assert join(base, [other]).scheduler == scheduler


def test_a_graph_without_a_model_is_completed_by_the_infotext_beside_it(draw, found):
    graph = draw.graph()
    graph["4"]["inputs"] = {}
    infotext = "a fox\nNegative prompt: blurry\nSteps: 20, Sampler: x, Seed: {}, Model: foxes"

    def record(seed):
        return found(draw.png(draw.text("prompt", json.dumps(graph)),
                              draw.text("parameters", infotext.format(seed))))

    same, other = record(42), record(43)

    assert (same.tool, same.model, other.model) == ("ComfyUI", "foxes", "")
    assert same.generation()["sources"] == {"record": "PNG prompt", "model": "PNG parameters"}
    assert other.generation()["sources"] == {"record": "PNG prompt"}


def test_a_record_without_a_prompt_fills_the_one_that_has_it(draw, found):
    graph = draw.graph()
    graph["6"]["inputs"]["text"] = ""

    record = found(draw.png(
        draw.text("prompt", json.dumps(graph)),
        draw.text("parameters", "a fox\nSteps: 20, Sampler: euler, Seed: 42, Size: 8x8")))

    assert (record.prompt, record.model, record.cfg_scale) == ("a fox", "foxes_v1", 8.0)
    assert record.scheduler == "normal"
    assert record.sources["record"] == "PNG parameters"
    assert record.sources["model"] == "PNG prompt"


@pytest.mark.parametrize(("carry", "place"), [
    (lambda draw, text: draw.png(draw.text("parameters", text)), "PNG parameters"),
    (lambda draw, text: draw.jpeg((0xFE, text.encode())), "comment"),
    (lambda draw, text: draw.jpeg((0xE1, b"Exif\0\0" + draw.comment(text.encode()))),
     "EXIF UserComment"),
    (lambda draw, text: draw.webp((b"XMP ", draw.xmp(
        "", f"<dc:description>{text}</dc:description>"))), "XMP description"),
])
def test_the_record_says_where_it_was_read(draw, found, carry, place):
    assert found(carry(draw, draw.infotext)).sources == {"record": place}


def test_a_node_is_named_beside_the_text_it_stands_in():
    assert name_sources({"record": "prompt", "seed": "node 12", "model": "workflow"}) == {
        "record": "PNG prompt", "seed": "PNG prompt, node 12", "model": "PNG workflow"}


def test_a_text_that_is_no_file_is_called_a_text(draw):
    assert read_text(draw.infotext).sources == {"record": "text"}
