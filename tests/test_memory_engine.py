"""Answers from memory are those of SQLite, whatever was asked and whatever has changed."""

from __future__ import annotations

import json
import random
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from helpers import draw, fill, wait_for

from imagelib.library.library import Library
from imagelib.library.query.engines import SqlEngine
from imagelib.library.query.listing import Filter
from imagelib.library.query.memory.bitsets import bitmap, set_bits
from imagelib.library.query.memory.engine import MemoryEngine
from imagelib.library.query.memory.starting import StartingEngine
from imagelib.library.query.query import Query
from imagelib.library.store.folding import fold_pending

CASES = [case["q"] for case in json.loads(
    (Path(__file__).parent / "corpus" / "query.json").read_text(encoding="utf-8"))["cases"]]
SORTS = ["captured_at", "-captured_at", "rating", "-rating", "created_at", "-created_at",
         "name", "-name", "size", "-size", "random-7", "-random-8"]


def random_filter(rng: random.Random) -> Filter:
    texts = ["", "prompt", "words 3", "tag:t1", "-tag:t1 rating:>=2", "tag:t1 or tag:t2",
             "model:model-1", "date:2026-03..2026-05", "date:2026-02-05 or date:..2026-01",
             "is:unrated", "-(tag:t2 or prompt)", "seed:5", "zzz", "1"]
    return Filter(
        Query.parse(rng.choice(texts)),
        tags=tuple(rng.sample(["t1", "t2", "none"], rng.choice([0, 0, 1, 2]))),
        rating_min=rng.choice([None, None, 0, 2]), rating_max=rng.choice([None, None, 3, 5]),
        date_from=rng.choice(["", "", "2026-03-05", "2026-04"[:7] + "-01"]),
        date_to=rng.choice(["", "", "2026-06-11", "2026-06-11T10:00:00"]),
        model=rng.choice(["", "", "MODEL-2", "nothing"]),
        sort=rng.choice(SORTS))


def write(library: Library, sql: str, rows: list[tuple[object, ...]]) -> None:
    """What another program does."""
    with closing(sqlite3.connect(library.settings.database)) as connection, connection:
        connection.executemany(sql, rows)


def in_memory(library: Library) -> MemoryEngine:
    """Let the library answer from memory."""
    memory = MemoryEngine(library.database)
    library.engine = memory
    return memory


def both(library: Library, memory: MemoryEngine, wanted: Filter, **options):
    """The same page from memory and from SQLite."""
    library.engine = SqlEngine(library.database)
    from_sqlite = library.page(wanted, **options)
    library.engine = memory
    return library.page(wanted, **options), from_sqlite


@pytest.mark.parametrize("learned", [False, True])
@pytest.mark.parametrize("seed", [1, 2])
def test_pages_from_memory_are_those_of_sqlite_after_every_change(library, tmp_path, seed,
                                                                  learned):
    rng = random.Random(seed)
    ids = fill(library, 200)
    library.edit(*ids[::3], add_tags=["t1"])
    memory = in_memory(library)
    if learned:
        memory.learn()
    for number in range(40):
        kind = rng.randrange(6)
        some = rng.sample(library.ids(""), 3)
        if kind == 0:
            library.edit(*some, rating=rng.randrange(6), add_tags=["t2"])
        elif kind == 1:
            library.edit(some[0], captured_at=f"2026-0{rng.randrange(1, 9)}-05", ai_model="New")
        elif kind == 2:
            library.delete(some[0])
        elif kind == 3:
            library.undo()
        elif kind == 4:
            library.add(draw(tmp_path / f"{number}.png"), tags=["t1"])
        else:
            connection = sqlite3.connect(library.settings.database)
            with connection:
                connection.execute("UPDATE images SET rating = 1, prompt_text = 'words 3' WHERE"
                                   " id = ?", (some[0],))
            connection.close()
        for _ in range(4):
            wanted = random_filter(rng)
            options = {"page": rng.choice([1, 1, 2, 9]), "page_size": rng.choice([1, 7, 60])}
            from_memory, sqlite = both(library, memory, wanted, **options)
            assert from_memory == sqlite, wanted
            while from_memory.next:
                from_memory, sqlite = both(library, memory, wanted, page_size=23,
                                           cursor=from_memory.next)
                assert from_memory == sqlite, wanted
        assert memory.tag_counts() == SqlEngine(library.database).tag_counts()


@pytest.mark.parametrize("learned", [False, True])
def test_the_whole_corpus_of_queries_agrees(library, learned):
    fill(library, 60)
    library.edit(*library.ids("")[::2], add_tags=["animal/fox", "red"], notes="Löwe")
    write(library, "UPDATE images SET phash = ? WHERE pk = ?",
          [(f"{(1 << n % 9) - 1:016x}", n) for n in range(1, 60)])
    memory = in_memory(library)
    if learned:
        memory.learn()
    likes = [f"like:{image_id}" for image_id in library.ids("sort:date")[::9]]
    for text in [*CASES, *likes, f"-{likes[0]} prompt", f"{likes[0]} {likes[1]} sort:-rating"]:
        from_memory, sqlite = both(library, memory, Filter(Query.parse(text)), page_size=100)
        assert from_memory == sqlite, text
        assert [image.id for image in sqlite.items] == library.ids(text), text


def test_many_changes_at_once_are_read_anew(library, monkeypatch):
    monkeypatch.setattr("imagelib.library.query.memory.engine._MANY", 10)
    fill(library, 50)
    in_memory(library)
    assert library.count("rating:5") == 8
    library.edit(*library.ids(""), rating=5)
    assert library.count("rating:5") == 50
    library.delete(*library.ids("")[:20])
    assert library.count("") == 30


def test_words_that_were_learned_are_those_of_the_texts_after_edits_by_anybody(library):
    ids = fill(library, 50)
    library.edit(*ids[:3], prompt_text="A Füchslein, foxes; outfoxed")
    memory = in_memory(library)
    memory.learn()
    assert memory._words.find("fox") is not None, "else nothing is tried here"
    assert library.count("fox") == 3
    assert library.count("fuchs") == 3

    library.edit(ids[0], prompt_text="a wolf")
    library.edit(ids[9], prompt_text="a fox")
    library.delete(ids[1])
    connection = sqlite3.connect(library.settings.database)
    with connection:
        connection.execute("UPDATE images SET notes = 'FOXGLOVE' WHERE id = ?", (ids[20],))
    connection.close()

    assert set(library.ids("fox")) == {ids[2], ids[9], ids[20]}
    assert library.count("fox") == 3
    assert library.count("wolf") == 1
    assert library.count("-fox") == 46


def test_common_and_rare_words_are_found_with_all_their_images(library):
    fill(library, 250)
    texts = {row[0]: f"common{row[0] % 2} w{row[0] % 7} rare{row[0]} twin{row[0] // 8}"
             for row in library.database.read("SELECT pk FROM images")}
    write(library, "UPDATE images SET prompt_text = ? WHERE pk = ?",
          [(text, pk) for pk, text in texts.items()])
    memory = in_memory(library)
    fold_pending(library.database)
    memory.learn()
    known = memory._words._known
    assert 0 < len(known.common) < len(known.starts), "both kinds are tried here"
    for word in ["common1", "common", "rare1", "rare25", "rare250", "are", "twin3", "twin", "w6",
                 *(f"rare{n}" for n in (7, 8, 63, 64, 65, 249)), "nothing"]:
        assert memory._words.find(word) is not None, "else SQLite would be asked"
        from_memory, from_sqlite = both(library, memory, Filter(Query.parse(word)), page_size=250)
        assert from_memory == from_sqlite


@pytest.mark.parametrize("count", [0, 1, 2, 59, 60, 61, 62, 500])
def test_a_bitmap_gives_its_numbers_back(count):
    numbers = random.Random(count).sample(range(10_000), count)
    bits = bitmap(numbers)
    assert bits == sum(1 << number for number in numbers)
    assert sorted(set_bits(bits, count)) == sorted(numbers)


@pytest.mark.parametrize("dates", [
    "date:2026", "date:2026-03", "date:2026-03..", "date:..2026-03", "date:2026-03-05",
    "date:2026-03-05..", "date:..2026-03-05", "date:2026-03-05..2026-03-20",
    "date:2026-02-10..2026-04-10", "date:2026-04..2026-02", "date:2001", "date:2001..2001-05",
    "date:..2001-05", "date:2001-05-01..", "date:1990", "date:..1990", "date:2040..",
])
def test_dates_that_no_form_would_take_lie_where_sqlite_puts_them(library, dates):
    fill(library, 60)
    memory = in_memory(library)
    write(library, "UPDATE images SET captured_at = ? WHERE pk = ?", [
        ("", 1), ("2001", 2), ("2001-05", 3), ("2026-0", 4), ("2026-03", 5), ("2026", 6),
        ("2026-03-05", 7), ("2026-03-05T23:59:59", 8), ("2026-03-06T00:00:00", 9), ("soon", 10)])
    for wanted in (dates, f"-({dates})"):
        from_memory, from_sqlite = both(library, memory, Filter(Query.parse(wanted)), page_size=60)
        assert from_memory == from_sqlite
    write(library, "UPDATE images SET captured_at = ? WHERE pk = ?", [("2026-03-07", 1)])
    from_memory, from_sqlite = both(library, memory, Filter(Query.parse(dates)), page_size=60)
    assert from_memory == from_sqlite


def test_what_another_program_wrote_between_two_questions_is_folded_for_the_second(library):
    ids = fill(library, 5)
    memory = in_memory(library)
    memory.learn()
    assert library.count("zebra") == 0
    connection = sqlite3.connect(library.settings.database)
    with connection:
        connection.execute("UPDATE images SET prompt_text = 'ZÉBRA' WHERE id = ?", (ids[0],))
    connection.close()
    assert library.count("zebra") == 1


def test_so_many_changes_that_the_words_are_learned_anew(library, monkeypatch):
    monkeypatch.setattr("imagelib.library.query.memory.word_index._MANY", 10)
    fill(library, 50)
    memory = in_memory(library)
    memory.learn()
    words = memory._words
    library.edit(*library.ids("")[:20], notes="heron")
    assert library.count("heron") == 20
    assert words.find("heron") is None, "forgotten: SQLite was asked"
    memory.learn()
    assert words.find("heron").bit_count() == library.count("heron") == 20


def test_learning_can_be_broken_off(library):
    fill(library, 5)
    memory = in_memory(library)
    memory.learn(lambda: False)
    assert memory._words.find("prompt") is None
    assert library.count("prompt") == 5


def steps(library: Library, query: str, **options) -> int:
    """How many steps SQLite takes for one page."""
    counted = []
    library.database.reader.set_progress_handler(lambda: counted.append(1), 1)
    assert len(library.page(query, page_size=20, **options).items) == 20
    library.database.reader.set_progress_handler(None, 0)
    return len(counted)


@pytest.mark.parametrize(("query", "page"), [
    ("", 1), ("", 3), ("prompt", 1), ("prompt words", 3), ("rating:>=2", 1), ("sort:rating", 2),
])
def test_a_page_of_a_large_library_is_no_more_work_for_sqlite_than_one_of_a_small(
        tmp_path, query, page):
    taken = []
    for count in (150, 1500):
        with Library.create(tmp_path / f"{count}") as library:
            fill(library, count)
            memory = in_memory(library)
            memory.learn()
            assert library.count() == count
            taken.append(steps(library, query, page=page))

    assert taken[0] == taken[1] > 0


def test_nobody_waits_for_the_memory_to_be_filled(library, monkeypatch):
    monkeypatch.setattr("imagelib.library.query.memory.starting._FEW", 10)
    fill(library, 40)
    starting, sql = StartingEngine(library.database), SqlEngine(library.database)
    asked = [Filter(Query.parse(text)) for text in ("", "prompt", "tag:t1", "rating:>=2")]

    def answers(engine):
        return [engine.tag_counts(), *([engine.count(one), engine.positions(one, 2, 5, None)]
                                       for one in asked)]

    with starting.memory._lock:  # who fills it has come no further
        assert answers(starting) == answers(sql)
        assert not starting.memory.is_filled
    assert wait_for(lambda: starting.memory.is_filled)
    monkeypatch.setattr(starting, "_sql", None)
    assert answers(starting) == answers(sql)


def test_a_few_images_are_in_memory_at_once(library):
    fill(library, 5)
    starting = StartingEngine(library.database)

    assert starting.count(Filter()) == 5
    assert starting.memory.is_filled


def test_a_library_that_is_closed_meanwhile_is_filled_another_time(library, monkeypatch):
    monkeypatch.setattr("imagelib.library.query.memory.starting._FEW", 1)
    fill(library, 5)
    starting = StartingEngine(library.database)

    def closed():
        raise sqlite3.ProgrammingError("closed")

    monkeypatch.setattr(starting.memory, "fill", closed)
    assert starting.count(Filter()) == 5
    assert wait_for(lambda: starting._filling is None)
    monkeypatch.undo()
    starting.memory.fill()
    assert starting.count(Filter()) == 5
