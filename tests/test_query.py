"""The search grammar: one corpus and random queries, through Python, SQL and the page."""

from __future__ import annotations

import json
import random
import shutil
import subprocess

import pytest
from corpus_library import Database, corpus, image_of, pickers, picks_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from node_runner import JS, ask_node, needs_node

from imagelib.generator.index.blocks import (
    CORE_ROWS,
    TEXT_ROWS,
    core_block,
    name_block,
    phash_block,
    text_block,
)
from imagelib.library.query.query import Query

CORPUS = corpus()
LIBRARY = [image_of(record) for record in CORPUS["library"]]
PICKERS = pickers()
CORPUS_DATABASE = Database()
CORPUS_DATABASE.fill(LIBRARY, PICKERS)
ALIKE = {image.id: CORPUS_DATABASE.like(image.id) for image in LIBRARY}
CASES = [pytest.param(case, id=ascii(case["q"])) for case in CORPUS["cases"]]

WORDS = ["fox", "Red", "a", "ß", "東京", "café", "(x:1.2)", "scarf", "or", "1.2", '5"', "100%", "_",
         "AND", "NOT", "OR", "fox*", "!a", "seed:1..9", "rating>=4"]
VALUES = {
    "tag": ["animal", "animal/fox", '"two words"', "café", "nsfw/"],
    "model": ["flux", '"Flux.1 dev"', "x"],
    "tool": ["comfyui", "a"],
    "sampler": ["euler"],
    "seed": ["42", "7"],
    "prompt": ["fox", '"red fox"'],
    "negative": ["fox", "blurry"],
    "notes": ["red", "a"],
    "title": ["fox", "a"],
    "rating": ["4", ">=3", "<2", "1..3", "..2", "9", ">5"],
    "date": ["2026", ">2025-06", "..2025-12-31", "2025-02..2026-03", "2025-2-1", "<2026-01-01"],
    "has": ["title", "notes", "tags", "seed", "negative", "prompt", "model", "tool", "rating",
            "picks", "x"],
    "picked": ["anna", '"a n"', "o"],
    "like": [f"{n:08x}-0000-4000-8000-000000000000" for n in (1, 2, 3, 61)],
    "lora": ["a", "fox", "x"],
    "size": ["640x480", "100x200", "1"],
    "width": ["640", ">=200", "..100", "x"],
    "height": ["<200", "100..200"],
    "file": ["fox", "a", "red/fox", '".png"', "4"],
    "is": ["rated", "portrait", "landscape", "square", "untagged", "missing", "ok", "nice"],
    "foo": ["bar"],
    "sort": ["rating"],
}


def found_in_library(query: Query) -> list[int]:
    """The pks of the corpus that Python finds."""
    return [image.pk for image in LIBRARY
            if query.matches(image, PICKERS.get(image.pk, ()), ALIKE)]


@pytest.fixture
def database():
    return CORPUS_DATABASE


@pytest.mark.parametrize("case", CASES)
def test_matches(case):
    query = Query.parse(case["q"])

    assert found_in_library(query) == case["ids"]
    assert list(query.warnings) == case.get("warnings", [])
    assert query.sort == case.get("sort", "")


@pytest.mark.parametrize("case", CASES)
def test_finds_the_same_with_sql(case, database):
    query = Query.parse(case["q"])

    assert database.find(query.to_sql()) == case["ids"]
    if "order" in case:
        assert [pk for pk in database.like(query.like.id) if pk in case["ids"]] == case["order"]


@pytest.mark.parametrize("case", CASES)
def test_its_own_text_is_an_equal_query(case):
    query = Query.parse(case["q"])

    assert Query.parse(str(query)) == query
    assert query.text == case["q"]


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_the_page_passes_its_own_tests():
    done = subprocess.run(
        ["node", "--test", *sorted(map(str, JS.glob("*.test.mjs")))],
        capture_output=True, text=True, timeout=300, check=False)

    assert done.returncode == 0, done.stdout


def test_the_corpus_is_large_enough():
    assert len(CASES) >= 200


# Random queries over random images


def _images(rng: random.Random, count: int):
    def words(most: int) -> str:
        return " ".join(rng.choices([*WORDS, "dog", "\n", "blurry"], k=rng.randint(0, most)))

    return [
        image_of({
            "n": n,
            "id": f"{n:08x}-0000-4000-8000-000000000000",
            "prompt_text": words(6),
            "negative_prompt": words(2),
            "notes": words(2) if n % 3 == 0 else "",
            "title": words(2) if n % 4 == 0 else "",
            "ai_model": rng.choice(["", "Flux.1 dev", "SDXL", "x"]),
            "rating": rng.randint(0, 5),
            "tags": rng.sample(["animal", "animal/fox", "animals", "two words", "café"],
                               rng.randint(0, 3)),
            "captured_at": f"{rng.choice([2024, 2025, 2026])}-{rng.randint(1, 12):02}"
                           f"-{rng.randint(1, 28):02}T10:00:00",
            "generation": rng.choice([{}, {"seed": "42"}, {"tool": "ComfyUI", "seed": 7},
                                      {"tool": None, "sampler": "Euler a"},
                                      {"loras": [{"name": "Fox a"}, {"name": "ax"}]}]),
            "width": rng.choice([640, 100, 200]),
            "height": rng.choice([480, 200, 100]),
            "file_name": rng.choice([f"{n}.png", f"red/fox {n}.png", f"a/{n}/fox.png",
                                     f"{n:08x}-0000-4000-8000-000000000000.png"]),
            "original_name": rng.choice(["", f"{n}.png", "fox.png", "Über.JPG"]),
            "phash": rng.choice(["", f"{0xff00ff << n % 30:016x}", "f" * 16]),
            "file_state": rng.choice(["ok", "ok", "missing", "altered"]),
        })
        for n in range(1, count + 1)
    ]


def _query(rng: random.Random, depth: int = 0) -> str:
    parts = []
    for _ in range(rng.randint(1, 3)):
        choice = rng.random()
        if choice < 0.45:
            part = rng.choice(WORDS)
        elif choice < 0.85 or depth > 3:
            name = rng.choice(list(VALUES))
            part = f"{name}:{rng.choice(VALUES[name])}"
        else:
            part = f"({_query(rng, depth + 1)})"
        parts.append(rng.choice(["", "", "-"]) + part)
        parts.append(rng.choice([" ", " ", " or ", "  ", ") ", '"'] if depth == 0
                                else [" ", " or "]))
    return "".join(parts)


@needs_node
def test_random_queries_find_the_same_in_python_sql_and_the_page():
    rng = random.Random(20)
    images = _images(rng, 60)
    by_image = {image.pk: rng.sample(["Anna", "Bo", "Ann O"], 2) for image in images[::3]}
    queries = [_query(rng) for _ in range(400)]
    database = Database()
    database.fill(images, by_image)
    blocks = [json.loads(make(images[0].pk // size, images)[1][13:-3])
              for make, size in ((core_block, CORE_ROWS), (text_block, TEXT_ROWS),
                                 (phash_block, CORE_ROWS), (name_block, CORE_ROWS))]
    alike = {image.id: database.like(image.id) for image in images}
    queries += [f"like:{image.id}" for image in images]
    orders = [f"sort:{sign}{name}" for sign in ("", "-")
              for name in ("name", "size", "rating", "random", "random-7", "random-999999999")]
    queries += orders

    answers = ask_node({
        "blocks": blocks, "ids": {image.id: image.pk for image in images}, "queries": queries,
        "picks": picks_of(by_image),
    })

    for text, answer in zip(queries, answers, strict=True):
        query = Query.parse(text)
        found = [image.pk for image in images
                 if query.matches(image, by_image.get(image.pk, ()), alike)]
        assert database.find(query.to_sql()) == found, text
        assert sorted(answer["ids"]) == found, text
        if text in orders:
            assert answer["ids"] == database.ordered(query.sort), text
        if query.like and not query.sort and query == Query.parse(str(query.like)):
            assert answer["ids"] == alike.get(query.like.id, []), text
        assert answer["warnings"] == list(query.warnings), text
        assert answer["sort"] == query.sort, text
    by_seed = [tuple(database.ordered(f"random-{seed}")) for seed in range(20)]
    assert len(set(by_seed)) == 20
    assert {places[0] for places in by_seed} != {by_seed[0][0]}, "chance decides who is first"


@settings(deadline=None, max_examples=150,
          suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.one_of(
    st.text(alphabet=st.sampled_from('ab -():"or.<>=tagdate1200\t东é\0\ud800'), max_size=60),
    st.text(max_size=40),
    st.randoms(use_true_random=False).map(_query),
))
def test_no_text_fails_and_all_engines_agree(text, database):
    query = Query.parse(text)

    found = found_in_library(query)
    assert database.find(query.to_sql()) == found
    assert Query.parse(str(query)) == query


# Limits


@pytest.mark.parametrize(
    "text",
    [
        "(" * 100_000,
        "-(" * 50_000 + "a" + ")" * 50_000,
        "(a or " * 3_000 + "b" + ")" * 3_000,
        '"' * 99_999,
        " ".join(f"a{n}" for n in range(30_000)),
        " or ".join(f"rating:{n % 6} date:{2000 + n}" for n in range(3_000)),
        "(a:" + "1" * 100_000 + ")",
    ],
    ids=lambda text: f"{text[:12]}...",
)
def test_a_monstrous_query_is_answered(text, database):
    query = Query.parse(text)

    assert query.warnings
    assert database.find(query.to_sql()) == found_in_library(query)


def test_too_many_conditions_are_said():
    query = Query.parse(" ".join(f"a{n}" for n in range(300)))

    assert query.warnings == ("only the first 200 conditions are used",)
    assert len(query.to_sql()[1]) == 200


def test_deep_groups_flatten():
    assert Query.parse("(((a (b (c)))))") == Query.parse("a b c")
    assert Query.parse("a or (b or (c or a))") == Query.parse("a or b or c")
    assert Query.parse("-(-(a))") == Query.parse("a")


def test_equal_queries_ask_for_the_same():
    assert Query.parse("FOX  tag:Café") == Query.parse('"fox" tag:cafe')
    assert hash(Query.parse("fox")) == hash(Query.parse(" FOX "))
    assert Query.parse("fox") != Query.parse("fox sort:rating")
