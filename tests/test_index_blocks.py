"""The data files of the site: what they hold, how they are written, what an edit touches."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from corpus_library import corpus, image_of, pickers, picks_of
from hypothesis import given
from hypothesis import strategies as st
from node_runner import ask_node, needs_node

from imagelib.generator.index.blocks import (
    CORE_ROWS,
    FILE_ROWS,
    FORMAT,
    KINDS,
    TEXT_ROWS,
    block_path,
    core_block,
    file_block,
    id_block,
    make_block,
    manifest,
    name_block,
    phash_block,
    text_block,
)
from imagelib.generator.index.numbers import DIGITS, LAST_DIGITS
from imagelib.generator.marks import Marks

LIBRARY = [image_of(record) for record in corpus()["library"]]
HOSTILE = [
    "</script><script>alert(1)</script>", "<!--", "]]>", '"});alert(1)//', "\u2028\u2029", "\0",
    "__proto__", "constructor", "\ud800", "&amp;", "${x}", "`", "\\", "\\u003c", "'\"", "😀 é 東",
]


def value_of(content: bytes):
    """What another program reads: the call is cut away, the rest is JSON."""
    assert content.startswith(b"ImagelibData(")
    assert content.endswith(b");\n")
    assert content.isascii()
    assert b"<" not in content

    def refuse(name):
        raise AssertionError(f"{name} is no JSON")

    return json.loads(content[13:-3], parse_constant=refuse)


def pks(value, size):
    starts, lengths = value["runs"][::2], value["runs"][1::2]
    return [value["number"] * size + start + n
            for start, length in zip(starts, lengths, strict=True) for n in range(length)]


def pick(value, distinct, index):
    numbers = read(value[index]) or [0] * value["rows"]
    return [value[distinct][number] for number in numbers]


def read(text):
    """Numbers as another program would read them."""
    numbers, number = [], 0
    for character in text:
        digit = DIGITS.index(character)
        if digit < LAST_DIGITS:
            numbers.append(number * LAST_DIGITS + digit)
            number = 0
        else:
            number = number * (len(DIGITS) - LAST_DIGITS) + digit - LAST_DIGITS + 1
    assert not number
    return numbers


def read_deltas(text):
    total, found = 0, []
    for twice in read(text):
        total += -(twice + 1) // 2 if twice % 2 else twice // 2
        found.append(total)
    return found


def texts_of(column):
    """The texts of a column, as another program would put them together from their pieces."""
    tokens = iter(read(column["tokens"]))
    lengths = read(column["lengths"])
    assert len(lengths) == column["count"]
    texts = ["".join(column["pieces"][next(tokens)] for _ in range(length)) for length in lengths]
    assert next(tokens, None) is None
    return texts


def test_a_core_block_says_what_filters_need():
    block, content = core_block(0, LIBRARY)
    value = value_of(content)

    assert (block.kind, block.number, block.rows) == ("core", 0, len(LIBRARY))
    assert block.newest == max(image.captured_at for image in LIBRARY)
    assert pks(value, CORE_ROWS) == [image.pk for image in LIBRARY]
    assert value["rating"] == "".join(str(image.rating) for image in LIBRARY)
    assert pick(value, "models", "model") == [image.ai_model for image in LIBRARY]
    assert pick(value, "sizes", "size") == [[image.width, image.height] for image in LIBRARY]
    tags = iter(read(value["tag_sets"]))
    value["tag_sets"] = [[next(tags) for _ in range(size)] for size in read(value["tag_set_sizes"])]
    sets = pick(value, "tag_sets", "tag_set")
    assert [tuple(value["tags"][tag] for tag in tags) for tags in sets] == [
        image.tags for image in LIBRARY]
    assert value["missing"] == [24]
    assert value["altered"] == [26]
    first = LIBRARY.index(next(image for image in LIBRARY if image.captured_at[:4] == "2026"))
    assert read_deltas(value["captured"])[first] == 1772706600  # 2026-03-05T10:30:00


def test_a_text_block_says_what_words_are_looked_for_in():
    image = replace(LIBRARY[0], generation={"seed": 5, "steps": 20, "loras": [{"name": "x"}]})
    images = [image, replace(image, pk=9, id="b" * 36), *LIBRARY[9:]]
    value = value_of(text_block(0, images)[1])

    assert pks(value, TEXT_ROWS) == [image.pk for image in images]
    for name in ("prompts", "negatives", "notes", "titles"):
        value[name] = texts_of(value[name])
    assert value["prompts"].count(image.prompt_text) == 1, "a repeat is written once"
    for distinct, index, name in (
        ("prompts", "prompt", "prompt_text"),
        ("negatives", "negative", "negative_prompt"),
        ("notes", "note", "notes"),
        ("titles", "title", "title"),
    ):
        assert pick(value, distinct, index) == [getattr(image, name) for image in images]
    assert pick(value, "settings", "setting")[0] == ["steps", "20", "loras", '[{"name": "x"}]']
    assert value["seeds"][:3] == ["5", "5", ""]


def test_an_id_block_says_where_an_id_can_be_and_a_phash_block_how_it_looks():
    images = [replace(LIBRARY[0], phash=""),
              replace(LIBRARY[0], pk=9, id="b" * 36, phash="0123456789abcdef")]

    value = value_of(id_block(0, images)[1])
    assert pks(value, CORE_ROWS) == [LIBRARY[0].pk, 9]
    assert value["ids"] == LIBRARY[0].id[:4] + "bbbb"
    assert value_of(phash_block(0, images)[1])["phashes"] == "0" * 16 + "0123456789abcdef"


def test_a_name_block_says_each_folder_once_and_no_name_that_nobody_gave():
    plain = LIBRARY[0]
    images = [replace(plain, pk=pk, original_name=original, file_name=name)
              for pk, original, name in [
                  (1, "a.png", "a.png"), (2, "b.png", "trip/b.png"), (3, "c.png", "trip/c.png"),
                  (4, "d.png", f"{plain.id}.png"), (5, "e.png", "trip/f.png"), (6, "", "g.png")]]

    value = value_of(name_block(0, images)[1])

    assert value["originals"] == ["a.png", "b.png", "c.png", "d.png", "e.png", ""]
    assert [value["paths"][n] for n in read(value["path"])] == [
        "/", "trip/", "trip/", "", "trip/f.png", "g.png"]


def test_a_file_block_says_where_the_pictures_are():
    images = [
        replace(LIBRARY[0], file_name=f"{LIBRARY[0].id}.webp", original_name="fox.webp"),
        replace(LIBRARY[1], file_name="2025/a b #1.png"),
        replace(LIBRARY[2], file_name=f"{LIBRARY[2].id}/x.png"),
    ]
    value = value_of(file_block(0, images, Marks(bare={2}, animated={1: 0, 3: 64.9}))[1])

    assert value["ids"] == [image.id for image in images]
    assert value["digests"] == [image.digest for image in images]
    assert value["names"] == ["/.webp", "2025/a b #1.png", f"{LIBRARY[2].id}/x.png"]
    assert value["originals"] == ["fox.webp", "", ""]
    assert value["bytes"] == [image.size_bytes for image in images]
    assert (value["bare"], value["animated"], value["seconds"]) == ([2], [1, 3], [0, 64])
    assert "displayed" not in value, "of what no image is, nothing is said"


def test_rows_with_gaps_keep_their_numbers():
    first = 2 * CORE_ROWS
    wanted = [first, first + 1, first + 12, first + CORE_ROWS - 1]
    images = [replace(LIBRARY[0], pk=pk) for pk in wanted]

    assert pks(value_of(core_block(2, images)[1]), CORE_ROWS) == wanted
    for make, size in ((text_block, TEXT_ROWS), (file_block, FILE_ROWS)):
        value = value_of(make(first // size, images[:3])[1])
        assert pks(value, size) == wanted[:3]


def test_the_same_images_give_the_same_bytes():
    again = [replace(image) for image in LIBRARY]

    for make in (core_block, text_block, file_block):
        assert make(0, LIBRARY) == make(0, again)


def test_the_name_of_a_block_follows_its_bytes():
    before, _ = core_block(0, LIBRARY)
    after, _ = core_block(0, [replace(LIBRARY[0], rating=1), *LIBRARY[1:]])

    assert before.hash != after.hash
    assert block_path(before) == f"data/core-0-{before.hash}.js"


@pytest.mark.parametrize(
    ("edit", "touched"),
    [
        ({"rating": 1}, ["core-0"]),
        ({"tags": ("new",)}, ["core-0"]),
        ({"captured_at": "2020-01-01T00:00:00"}, ["core-0"]),
        ({"prompt_text": "new"}, ["text-1"]),
        ({"notes": "new", "ai_model": "new"}, ["core-0", "text-1"]),
        ({"generation": {"seed": "1"}}, ["text-1"]),
        ({"updated_at": "2027-01-01T00:00:00.000Z", "version": 9}, []),
    ],
    ids=str,
)
def test_an_edit_touches_only_its_own_core_and_text_block(edit, touched):
    images = [replace(LIBRARY[pk % len(LIBRARY)], pk=pk) for pk in range(1, CORE_ROWS, 7)]
    chosen = TEXT_ROWS + 7 - (TEXT_ROWS - 1) % 7
    edited = [replace(image, **edit) if image.pk == chosen else image
              for image in images]

    def paths(rows):
        found = {}
        for kind, size in KINDS.items():
            for number in sorted({image.pk // size for image in rows}):
                block, content = make_block(
                    kind, number, [i for i in rows if i.pk // size == number])
                found[f"{block.kind}-{number}"] = (block, content)
        return found

    before, after = paths(images), paths(edited)
    assert sorted(name for name in before if before[name] != after[name]) == touched


def test_the_manifest_lists_the_blocks_by_number():
    blocks = [core_block(n, [replace(LIBRARY[0], pk=n * CORE_ROWS)])[0] for n in (3, 0, 1)]
    value = value_of(manifest([*blocks, text_block(0, LIBRARY)[0]], seq=17, total=45))

    assert (value["seq"], value["total"], value["format"]) == (17, 45, FORMAT)
    assert [entry[0] for entry in value["core"]] == [0, 1, 3]
    assert value["text"][0][1:3] == [len(LIBRARY), "9999-12-31T23:59:59"]
    assert value["file"] == []
    assert manifest(blocks, seq=1, total=3) == manifest(reversed(blocks), seq=1, total=3)


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_hostile_texts_stay_values(text):
    image = replace(
        LIBRARY[0], prompt_text=text, negative_prompt=text, notes=text, ai_model=text,
        tags=(text,), file_name=text, original_name=text, mime_type=text,
        generation={text: text, "seed": text})

    core = value_of(core_block(0, [image])[1])
    assert (core["models"], core["tags"]) == ([text], [text])
    words = value_of(text_block(0, [image])[1])
    assert [texts_of(words[name]) for name in ("prompts", "negatives", "notes")] == [[text]] * 3
    assert (words["settings"], words["seeds"]) == ([[text, text]], [text])
    files = value_of(file_block(0, [image])[1])
    assert (files["names"], files["originals"]) == ([text], [text])


@given(st.lists(st.text(max_size=20), min_size=1, max_size=5))
def test_any_text_comes_back(texts):
    images = [replace(LIBRARY[0], pk=pk, prompt_text=text) for pk, text in enumerate(texts)]

    value = value_of(text_block(0, images)[1])
    value["prompts"] = texts_of(value["prompts"])
    assert pick(value, "prompts", "prompt") == texts


@pytest.mark.parametrize("date", ["", "soon", "2026", "12026-01-01", "2026-01-01T00:00:00+02:00"])
def test_a_date_that_another_program_wrote_breaks_nothing(date):
    image = replace(LIBRARY[0], captured_at=date, created_at=date)

    assert value_of(core_block(0, [image])[1])["rows"] == 1


def test_a_clock_that_went_back_keeps_the_order_of_creation():
    times = ["10:00:00.500Z", "10:00:00.100Z", "10:00:01.000Z"]
    images = [replace(LIBRARY[0], pk=pk, created_at=f"2026-01-01T{time}")
              for pk, time in enumerate(times)]

    value = value_of(core_block(0, images)[1])
    assert value["created_unit"] == 1
    assert read_deltas(value["created"]) == [1767261600500, 1767261600100, 1767261601000]


@needs_node
def test_the_page_finds_the_corpus_in_blocks():
    blocks = [value_of(make(0, LIBRARY)[1]) for make in (
        core_block, text_block, name_block, phash_block)]
    cases = corpus()["cases"]

    picks = value_of(manifest([], seq=1, total=1, picks=picks_of(pickers())))["picks"]

    answers = ask_node({"blocks": blocks, "ids": {image.id: image.pk for image in LIBRARY},
                        "picks": [[who, read_deltas(pks)] for who, pks in picks],
                        "queries": [case["q"] for case in cases]})

    for case, answer in zip(cases, answers, strict=True):
        assert sorted(answer["ids"]) == case["ids"], case["q"]


@needs_node
@pytest.mark.parametrize("sort", ["date", "-date", "rating", "-rating", "created", "-created"])
def test_the_page_orders_as_the_database_does(sort):
    images = [replace(LIBRARY[pk % len(LIBRARY)], pk=pk, id=str(pk).rjust(36),
                      created_at=f"2026-01-01T10:00:{pk // 50:02}.{pk * 7 % 1000:03}Z")
              for pk in range(1, 2500)]
    column = {"date": "captured_at", "rating": "rating", "created": "created_at"}[sort.strip("-")]
    order = sorted(images, key=lambda i: (getattr(i, column), i.pk), reverse=sort[0] == "-")
    blocks = [value_of(core_block(n, [i for i in images if i.pk // CORE_ROWS == n])[1])
              for n in (1, 0)]

    [answer] = ask_node({"blocks": blocks, "ids": {}, "queries": [f"sort:{sort}"]})

    assert answer["ids"] == [image.pk for image in order]
