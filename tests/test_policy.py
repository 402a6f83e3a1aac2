"""What a policy makes public: what it names, and nothing that nobody has thought of."""

from __future__ import annotations

import dataclasses

import pytest

from imagelib.config import Settings
from imagelib.errors import InvalidError, NotFoundError
from imagelib.library.values.image import Image
from imagelib.library.values.registry import FIELDS
from imagelib.publishing.policy import (
    BECOMES,
    KEPT,
    PRESETS,
    Policy,
    explained,
    load,
    names,
)
from imagelib.publishing.proof.told import public_values, withheld_values
from imagelib.publishing.records import NO_DATE, Given, public_record

GIVEN = Given(7, "2026-11-27", b"secret")


def image(**more) -> Image:
    """An image that says something in every value."""
    values = {
        "pk": 812, "id": "0264e491-a2a9-408c-aebb-6118ecf50b6e", "file_name": "night/fox 3.png",
        "original_name": "zqoriginal.png", "digest": "ab" * 32, "size_bytes": 5, "width": 3,
        "height": 4, "mime_type": "image/png", "captured_at": "2024-05-17T13:14:15",
        "created_at": "2025-01-02T03:04:05.678Z", "updated_at": "2025-02-03T04:05:06.789Z",
        "prompt_text": "zqprompt", "negative_prompt": "zqnegative",
        "prompt_meta": {"node": {"key": "zqmeta"}}, "ai_model": "zqmodel", "notes": "zqnotes",
        "title": "zqtitle", "rating": 4, "tags": ("zqtag", "fox"), "version": 9,
        "generation": {"sampler": "zqsampler", "extra": {"path": "zqextra"}},
        "phash": "0123456789abcdef"}
    return Image(**(values | more))


def policy(**values) -> Policy:
    return Policy.of("mine", values)


def test_every_value_of_an_image_is_classified():
    """A column that comes later is withheld until somebody has said what becomes of it."""
    assert {one.name for one in dataclasses.fields(Image)} == BECOMES.keys()
    assert {field.name for field in FIELDS} <= BECOMES.keys()


def test_a_policy_that_keeps_nothing_publishes_nothing():
    record = public_record(image(), policy(), GIVEN)
    assert "zq" not in repr(record)
    assert record["captured_at"] == NO_DATE
    assert record["rating"] == 0
    assert record["created_at"] == record["updated_at"] == "2026-11-27T00:00:00.000Z"
    assert record["title"] == "Mine 7"  # else it would be called by its file


@pytest.mark.parametrize("word", KEPT)
def test_a_word_publishes_its_own_value_and_no_other(word):
    record = public_record(image(), policy(fields=[word]), GIVEN)
    told = repr({key: value for key, value in record.items() if key != "id"})
    own = {"prompt": ["zqprompt"], "negative": ["zqnegative"], "model": ["zqmodel"],
           "notes": ["zqnotes"], "title": ["zqtitle"], "tags": ["zqtag"], "names": ["zqoriginal"],
           "generation": ["zqsampler"], "date": ["2024-05-17T00:00:00"],
           "date:month": ["2024-05-01T00:00:00"], "rating": ["'rating': 4"],
           "names:number": ["'title': '007'"]}[word]
    assert all(text in told for text in own)
    assert told.count("zq") == sum(text.startswith("zq") for text in own)
    assert "13:14" not in told


@pytest.mark.parametrize("word", KEPT)
def test_what_the_proof_takes_for_public_is_what_is_published(word):
    """Two that were written apart: neither lets through what the other withholds."""
    one = policy(fields=[word], tags={"only": ["fox"]}, generation={"only": ["sampler"]})
    told = repr({key: value for key, value in public_record(image(), one, GIVEN).items()
                 if key != "id"})
    for _, text in public_values(image(), one):
        assert text in told or text == "sampler"
    for _, text in withheld_values(image(), one, is_published=True):
        assert text not in told


def test_raw_metadata_is_never_published_whatever_is_asked_for():
    everything = [word for word in KEPT if ":" not in word]
    assert "zqmeta" not in repr(public_record(image(), policy(fields=everything), GIVEN))
    with pytest.raises(InvalidError, match="prompt_meta"):
        policy(fields=["prompt_meta"])


def test_of_tags_and_generation_data_only_the_chosen_are_published():
    one = policy(fields=["tags", "generation"], tags={"without": ["zqtag"]},
                 generation={"only": ["extra"]})
    record = public_record(image(), one, GIVEN)
    assert record["tags"] == ["fox"]
    assert record["generation"] == {"extra": {"path": "zqextra"}}
    kept = public_record(image(), policy(fields=["generation"]), GIVEN)["generation"]
    assert kept == {"sampler": "zqsampler"}  # unknown members may hold paths


def test_where_values_were_read_is_published_only_where_it_is_asked_for():
    read = image(generation={"tool": "zqtool", "sources": {"record": "PNG zqkey"}})

    by_default = public_record(read, policy(fields=["generation"]), GIVEN)["generation"]
    asked = policy(fields=["generation"], generation={"only": ["sources"]})

    assert by_default == {"tool": "zqtool"}
    assert public_record(read, asked, GIVEN)["generation"] == {"sources": {"record": "PNG zqkey"}}


def test_ids_of_a_publication_of_its_own_are_its_own_and_stay():
    one, other = policy(ids="own"), Given(7, "2026-11-27", b"another")
    first = public_record(image(), one, GIVEN)["id"]
    assert first == public_record(image(), one, GIVEN)["id"]
    assert len({first, image().id, public_record(image(), one, other)["id"]}) == 3


@pytest.mark.parametrize(("values", "told"), [
    ({"titel": "x"}, "titel: there is no such setting"),
    ({"fields": ["prompts"]}, "'prompts'"),
    ({"query": "rating>=4"}, "otherwise than it is meant"),
    ({"originals": {"size": 9}}, "originals"),
    ({"originals": "everything"}, "originals"),
    ({"base_url": "ftp://x"}, "base_url"),
    ({"tags": {"only": [""]}}, "empty"),
    ({"ids": 3, "robots": 4}, "robots"),
])
def test_a_policy_that_is_not_understood_publishes_nothing_and_says_why(values, told):
    with pytest.raises(InvalidError, match=told):
        policy(**values)


@pytest.mark.parametrize("name", ["", "../x", "Mine", "a b", "x" * 65, ".hidden"])
def test_a_publication_has_a_name_that_every_place_takes(name):
    with pytest.raises(InvalidError, match="cannot be called"):
        Policy.of(name, {})


def test_policies_stand_in_files_or_in_the_settings_but_not_in_both(tmp_path):
    (tmp_path / "publish").mkdir()
    (tmp_path / "publish" / "one.toml").write_text('title = "First"')
    (tmp_path / "imagelib.toml").write_text('[publish.two]\ntitle = "Second"\n')
    settings = Settings.load(tmp_path)
    assert names(settings) == ["one", "two"]
    assert load(settings, "one").heading == "First"
    assert load(settings, "two").heading == "Second"
    with pytest.raises(NotFoundError, match=r"publish/three\.toml"):
        load(settings, "three")
    (tmp_path / "publish" / "two.toml").write_text("")
    with pytest.raises(InvalidError, match="Take one of them away"):
        load(settings, "two")
    (tmp_path / "publish" / "bad.toml").write_text("title = ")
    with pytest.raises(InvalidError, match="Mend the file"):
        load(settings, "bad")
    assert load(settings, "one").heading == "First"  # it has nothing to do with that


@pytest.mark.parametrize("name", PRESETS)
def test_presets_need_no_file_and_say_what_they_make_public(tmp_path, name):
    said = "\n".join(explained(load(Settings(tmp_path), name)))
    assert "private" in said
    assert ("prompt" in said.split("Withheld")[0]) is (name == "settings")
