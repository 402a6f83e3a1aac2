"""A bundle for a bug report says how a file is built, and nothing of what it says."""

from __future__ import annotations

import json
from typing import Any

import pytest
from helpers import a1111, draw

from imagelib.cli import run
from imagelib.ingest.blanking import blank_json, blank_name, blank_text, known_words
from imagelib.ingest.reporting import report_metadata

SECRET = "Zaphod"
#: Wherever a person or a machine may be named; `{}` is the secret.
PLANTED = [
    {"parameters": a1111("portrait of {} in prague", seed=918273)},
    {"parameters": "x\nNegative prompt: {}\nSteps: 1, Sampler: {}, Seed: 918273, Model: {}_v1,"
                   " Lora hashes: \"{}: 918273\", {} style: {}, Version: {}"},
    {"{}": "{} 918273", "Software": "{}", "Author": "{}"},
    {"prompt": {"1": {"class_type": "LoadImage", "_meta": {"title": "{}"}, "inputs": {
        "image": "C:\\Users\\{}\\918273.png", "key for {}": "{}", "seed": 918273,
        "text": ["{}", 918273], "values": ["1", 918273]}}}},
    {"prompt": {"1": {"class_type": "workflow>{}", "inputs": {"a/{}": 1}},
                "{}": {"class_type": "x/{}", "inputs": {}}}},
    {"workflow": {"nodes": [{"id": 7, "type": "Note", "title": "{}", "widgets_values": ["{}"],
                             "properties": {"{}": "{}"}, "inputs": [{"name": "of {}!", "link": 1,
                                                                     "label": "{}"}]}],
                  "links": [[1, 7, 0, 8, 0, "{}"]], "groups": [{"title": "{}"}],
                  "definitions": {"subgraphs": [{"name": "{}", "inputs": [
                      {"id": "a", "name": "{}", "type": "STRING", "linkIds": [1]}]}]}}},
    {"parameters": {"sui_image_params": {"prompt": "{}", "{}": 918273, "model": "/home/{}/m"},
                    "{}": {"{}": [918273.5, "{}"]}}},
    {"Comment": {"Comment": json.dumps({"prompt": "{}", "seed": 918273})}, "Source": "{}"},
    {"XML:com.adobe.xmp": '<x:xmpmeta xmlns:x="adobe:ns:meta/" xmlns:xmp="x" xmp:Label="{}">'
                          "<subject><li>{}</li></subject><title>{}</title></x:xmpmeta>"},
]


def plant(value: Any) -> Any:
    if isinstance(value, dict):
        return {plant(key): plant(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plant(item) for item in value]
    return value.replace("{}", SECRET) if isinstance(value, str) else value


@pytest.mark.parametrize("texts", PLANTED, ids=range(len(PLANTED)))
def test_nothing_that_identifies_remains(tmp_path, capsys, texts):
    written = {key: text if isinstance(text, str) else json.dumps(text)
               for key, text in plant(texts).items()}
    picture = draw(tmp_path / f"{SECRET}.png", texts=written)

    assert run(["report-metadata", str(picture)]) == 0

    said = capsys.readouterr().out
    assert SECRET.lower() not in said.lower()
    assert "918273" not in said
    assert len(json.loads(said)["texts"]) >= len(texts)


def test_the_structure_of_a_graph_remains(tmp_path):
    graph = {"3": {"class_type": "KSampler (Odd)", "inputs": {
        "seed": 42, "positive": ["12:6", 0], "odd_input": "words here", "flag": True}}}
    picture = draw(tmp_path / "a.png", texts={"prompt": json.dumps(graph)})

    [text] = report_metadata(picture)["texts"]

    assert (text["key"], text["json"]) == ("prompt", True)
    assert text["content"] == {"3": {"class_type": "KSampler (Odd)", "inputs": {
        "seed": "00", "positive": ["12:6", 0], "odd_input": "xxxxx xxxx", "flag": True}}}


def test_the_shape_of_an_infotext_remains(tmp_path):
    picture = draw(tmp_path / "a.png", texts={"parameters": (
        "a Fox, (red:1.2)\nNegative prompt: fog\nSteps: 20, Sampler: Euler a, Odd thing: 7")})

    bundle = report_metadata(picture)

    assert bundle["texts"][0]["content"] == (
        "x Xxx, (xxx:0.0)\nNegative prompt: xxx\nSteps: 00, Sampler: Xxxxx x, Xxx xxxxx: 0")
    assert bundle["read"]["tool"] == "AUTOMATIC1111"
    assert {"prompt", "negative_prompt", "steps", "sampler"} == set(bundle["read"]["fields"])
    assert bundle["read"]["sources"] == {"record": "PNG parameters"}
    assert bundle["type"] == "image/png"


@pytest.mark.parametrize(("name", "shown"), [
    ("sui_image_params", "sui_image_params"), ("Negative Prompt", "Negative Prompt"), ("12", "12"),
    ("12:3", "12:3"), ("my_own_key", "xx_xxx_xxx"), ("Ärger", "Xxxxx"), ("20240501", "00000000"),
])
def test_names_are_kept_where_our_readers_know_them(name, shown):
    assert blank_name(name) == shown


def test_words_of_the_readers_are_known_without_a_list():
    assert {"guidance_scale", "novelai", "class_type", "mflux_version"} <= known_words()


def test_blanked_texts_are_bounded():
    assert len(blank_text("words " * 100_000)) < 3000
    assert len(json.dumps(blank_json({"many": [1.5] * 100_000}))) < 10_000


def test_the_raw_metadata_of_an_image_is_printed_as_it_is_kept(library, tmp_path, capsys):
    texts = {"parameters": a1111("a fox"), "Odd": "words"}
    image = library.add(draw(tmp_path / "a.png", texts=texts)).image
    bare = library.add(draw(tmp_path / "b.png")).image
    root = str(library.settings.root)

    assert run(["-L", root, "show", image.id, "--raw"]) == 0
    assert json.loads(capsys.readouterr().out) == texts
    assert run(["-L", root, "show", bare.id, "--raw"]) == 0
    assert json.loads(capsys.readouterr().out) is None
