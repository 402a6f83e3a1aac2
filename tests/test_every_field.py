"""Every field of the registry is everywhere: each gets a value, and is looked for in each place."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from helpers import Daemon, draw
from node_runner import ask_node, ask_script, needs_node

from imagelib.cli import run
from imagelib.exporting import records_as, write_sidecars
from imagelib.generator.builder import build
from imagelib.generator.checking import check_site
from imagelib.generator.pages import name_of
from imagelib.generator.reading import read_site
from imagelib.ingest.legacy_fields import map_record
from imagelib.library.library import Library
from imagelib.library.query.engines import SqlEngine
from imagelib.library.query.listing import Filter
from imagelib.library.query.memory.engine import MemoryEngine
from imagelib.library.query.query import Query
from imagelib.library.records.lookalikes import merge
from imagelib.library.values.fields import ImageDraft, ImagePatch
from imagelib.library.values.image import Image
from imagelib.library.values.registry import FIELDS, FOLDED, NAMING, Field

ROOT = Path(__file__).parent.parent


def _each(fields: Iterable[Field]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("field", list(fields), ids=lambda field: field.name)


EVERY_FIELD = _each(FIELDS)
SEARCHED = _each(f for f in FIELDS if f.search)


def value_of(field: Field, turn: str = "one") -> Any:
    """A value that no other field has, and another one for another *turn*."""
    first = turn == "one"
    return {
        "text": f"{field.name}-{turn}", "line": f"{field.name}-{turn}",
        "rating": 4 if first else 2, "tags": [f"tag-{turn}"],
        "date": "2021-03-04T05:06:07" if first else "2022-08-09T10:11:12",
        "json": {"sampler": f"{field.name}-{turn}"},
    }[field.kind]


def of(image: Image | dict[str, Any], field: Field) -> Any:
    """What a record says of *field*."""
    value = image.get(field.name) if isinstance(image, dict) else getattr(image, field.name)
    return list(value or ()) if field.kind == "tags" else value


def shown(field: Field, turn: str = "one") -> str:
    """A part of the value that people see wherever it is shown."""
    value = value_of(field, turn)
    return {"rating": "★" * 4, "tags": f"tag-{turn}", "date": str(value)[:10],
            "json": f"{field.name}-{turn}"}.get(field.kind, str(value))


def searched(field: Field, turn: str = "one") -> str:
    """The search for the value of *field*."""
    value = value_of(field, turn)
    text = value[0] if field.kind == "tags" else str(value)[:10] if field.kind == "date" else value
    return f"{field.search}:{text}"


WHOLE = {field.name: value_of(field) for field in FIELDS}
OTHER = {field.name: value_of(field, "two") for field in FIELDS}


@pytest.fixture
def image(library: Library, tmp_path: Path) -> Image:
    """An image without any value."""
    return library.add(draw(tmp_path / "bare.png")).image


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """A built library of one image that has every field, and one that has none."""
    folder = tmp_path_factory.mktemp("every")
    with Library.create(folder / "library") as library:
        library.add(draw(folder / "bare.png"))
        whole = library.add(draw(folder / "whole.png"), **WHOLE).image
        build(library)
        faults = check_site(library, deep=True)
        exported = {form: b"".join(records_as(form, library.walk())).decode()
                    for form in ("json", "csv")}
    data = folder / "library" / "site" / "data"
    blocks = {kind: json.loads(next(data.glob(f"{kind}-*.js")).read_bytes()[13:-3])
              for kind in ("core", "text")}
    return SimpleNamespace(root=folder / "library", image=whole, blocks=blocks, exported=exported,
                           faults=faults)


@pytest.fixture(scope="module")
def page(site: SimpleNamespace) -> dict[str, Any]:
    """What the scripts of the page make of that image."""
    record = site.image.to_json() | {"url": "u", "thumbnail_url": "t", "display_url": "u"}
    names = [field.name for field in FIELDS if field.kind != "tags"]
    changes = [
        {"batch": "2", "action": "edit", "actor": "", "at": "2026-01-01T00:00:00.000Z",
         "kind": "update", "before": {n: OTHER[n] for n in names},
         "after": {n: WHOLE[n] for n in names}},
        {"batch": "2", "action": "edit", "actor": "", "at": "2026-01-01T00:00:00.000Z",
         "kind": "tags", "before": {"tags": OTHER["tags"]}, "after": {"tags": WHOLE["tags"]}},
        {"batch": "1", "action": "add", "actor": "", "at": "2026-01-01T00:00:00.000Z",
         "kind": "insert", "before": {}, "after": {}},
    ]
    answer: dict[str, Any] = ask_script("fields.mjs", {
        "blocks": list(site.blocks.values()), "pk": site.image.pk, "record": record,
        "other": record | OTHER, "changes": changes})
    return answer


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A daemon, and an image that was uploaded as a form does, each field a part of its own."""
    folder = tmp_path_factory.mktemp("every-api")
    Library.create(folder / "library").close()
    daemon = Daemon(folder / "library")
    parts = {f.name: json.dumps(WHOLE[f.name]) if f.kind in ("json", "tags") else WHOLE[f.name]
             for f in FIELDS}
    answer = daemon.upload(draw(folder / "a.png"), **parts)
    yield SimpleNamespace(daemon=daemon, uploaded=answer)
    daemon.stop()


# -- the library ----------------------------------------------------------------


@EVERY_FIELD
def test_it_is_spelled_out_in_the_models(field):
    image = {f.name: f for f in dataclasses.fields(Image)}
    assert field.name in image, f"Image in values/image.py has no {field.name}"
    if field.kind != "date":
        made = image[field.name]
        default = made.default if made.default is not dataclasses.MISSING else (
            made.default_factory())
        assert default == field.default, f"Image has another default of {field.name}"
    for model in (ImageDraft, ImagePatch):
        assert field.name in model.model_fields, (
            f"{model.__name__} in values/fields.py has no {field.name}")


def test_no_model_has_a_field_that_is_not_in_the_registry():
    names = {field.name for field in FIELDS}
    assert set(ImageDraft.model_fields) == names
    assert set(ImagePatch.model_fields) == names | {"add_tags", "remove_tags"}
    assert len({field.name for field in FIELDS}) == len(FIELDS)


@EVERY_FIELD
def test_an_edit_is_kept_told_by_the_history_and_taken_back(field, library, image):
    before = of(image, field)

    batch = library.edit(image.id, **{field.name: value_of(field)}).batch

    assert of(library.get(image.id), field) == value_of(field), "the edit is not kept"
    [change] = [c for c in library.history(image.id) if c.batch == batch]
    assert field.name in change.after, "the triggers in store/schema.py do not log it"
    library.undo(batch)
    assert of(library.get(image.id), field) == before, "undo does not take it back"


@_each(f for f in FIELDS if f.kind not in ("tags", "json"))
def test_what_another_program_writes_is_history_and_found(field, library, image):
    with closing(sqlite3.connect(library.settings.database)) as other:
        other.execute(f"UPDATE images SET {field.name} = ? WHERE id = ?",
                      (value_of(field), image.id))
        other.commit()

    change = library.history(image.id)[0]
    assert (change.action, change.after) == ("external", {field.name: value_of(field)})
    assert library.count(searched(field)) == 1


@EVERY_FIELD
def test_the_trash_keeps_it(field, library, image):
    library.edit(image.id, **{field.name: value_of(field)})
    library.delete(image.id)

    [trashed] = library.trash()
    assert of(trashed.image, field) == value_of(field), "the trigger images_delete leaves it out"
    library.restore(image.id)
    assert of(library.get(image.id), field) == value_of(field), "restoring loses it"


@_each(f for f in FIELDS if f.kind != "date")  # every image has one
def test_bytes_that_are_added_again_fill_it(field, library, image, tmp_path):
    taken = library.add(tmp_path / "bare.png", **{field.name: value_of(field)})
    assert taken.status == "here"
    assert of(library.get(image.id), field) == value_of(field)


@EVERY_FIELD
def test_lookalikes_leave_it_to_the_one_that_is_kept(field, library, image, tmp_path):
    double = library.add(draw(tmp_path / "double.png"), **{field.name: value_of(field)}).image

    merge(library, image, [double])

    is_taken = of(library.get(image.id), field) == value_of(field)
    assert is_taken == (field.merge != "keep"), "Field.merge and records/lookalikes.py disagree"


@SEARCHED
def test_each_engine_finds_it(field, library, image, tmp_path):
    found = library.add(draw(tmp_path / "found.png"), **{field.name: value_of(field)}).image
    library.add(draw(tmp_path / "not.png"), **{f.name: value_of(f, "two") for f in FIELDS})
    memory, sql = MemoryEngine(library.database), SqlEngine(library.database)
    memory.learn()
    texts = [searched(field), *(f"{alias}:{searched(field).partition(':')[2]}"
                                for alias in field.aliases)]
    if field.kind in ("text", "line", "tags"):
        texts.append(searched(field).partition(":")[2])  # a plain word
    for text in texts:
        query = Query.parse(text)
        assert query.warnings == (), f"query/fields.py does not know {text}"
        assert [image.id for image in library.find(text)] == [found.id], text
        assert query.matches(found), f"Query.matches does not find {text}"
        for name, engine in (("SQL", sql), ("memory", memory)):
            positions, _ = engine.positions(Filter(query), 0, 9, None)
            assert [pk for _, pk in positions] == [found.pk], f"{name} does not find {text}"
    if field.kind in ("text", "line", "rating", "tags"):
        has = "tags" if field.kind == "tags" else field.search
        assert library.count(f"has:{has}") == 2, f"has:{has} is not in query/terms.py"


@_each(FOLDED)
def test_a_word_of_one_text_is_not_found_in_another(field, library, tmp_path):
    library.add(draw(tmp_path / "a.png"), **{f.name: "heron" for f in FOLDED if f != field})
    assert library.count("heron") == 1
    assert library.count(f"{field.search}:heron") == 0


@_each(f for f in FIELDS if f.option)
def test_the_command_line_sets_it(field, library, image, capsys):
    root = str(library.settings.root)
    assert run(["-L", root, "edit", image.id, f"--{field.option}", str(value_of(field))]) == 0
    capsys.readouterr()
    assert run(["-L", root, "show", image.id, "--json"]) == 0
    assert of(json.loads(capsys.readouterr().out), field) == value_of(field)


@_each(f for f in FIELDS if f.adding)
def test_the_command_line_sets_it_when_it_adds(field, library, tmp_path):
    picture = str(draw(tmp_path / "added.png"))
    assert run(["-L", str(library.settings.root), "add", picture,
                f"--{field.option}", str(value_of(field))]) == 0
    assert [of(image, field) for image in library.find()] == [value_of(field)]


def test_each_field_that_people_write_has_an_option():
    assert [f.name for f in FIELDS if not f.option and f.kind not in ("tags", "json")] == []


# -- other programs -------------------------------------------------------------


@EVERY_FIELD
def test_exports_have_it(field, site):
    records = json.loads(site.exported["json"])["images"]
    assert value_of(field) in [of(record, field) for record in records], "not in the JSON"
    if field.kind != "json":
        rows = list(csv.DictReader(io.StringIO(site.exported["csv"])))
        value = "tag-one" if field.kind == "tags" else str(value_of(field))
        assert value in [row.get(field.name) for row in rows], "not in the table of exporting.py"


@EVERY_FIELD
def test_sidecars_give_it_back(field, library, image, tmp_path):
    library.edit(image.id, **{field.name: value_of(field)})
    out = tmp_path / "out"
    write_sidecars(out, library.walk())
    (out / image.file_name).write_bytes((tmp_path / "bare.png").read_bytes())
    xmp = out / f"{image.file_name}.xmp"
    if field.xmp:
        text = value_of(field)[0] if field.kind == "tags" else str(value_of(field))
        assert text in xmp.read_text(), f"the XMP of exporting.py has no {field.xmp}"

    with Library.create(tmp_path / "second") as second:
        copy = second.add(out / image.file_name).image
        assert of(copy, field) == value_of(field), "the JSON sidecar does not give it back"
    if field.xmp and field.kind != "date":
        (out / f"{image.file_name}.json").unlink()
        with Library.create(tmp_path / "third") as third:
            copy = third.add(out / image.file_name).image
            assert of(copy, field) == value_of(field), "ingest/sidecars.py does not read the XMP"


@EVERY_FIELD
def test_the_old_json_has_a_name_for_it(field):
    assert field.legacy, "no old field means it"
    for old in field.legacy:
        mapped = map_record({old: value_of(field)}, {})
        assert mapped.fields.get(field.name) == value_of(field), f"{old} is not read"


# -- the API --------------------------------------------------------------------


@EVERY_FIELD
def test_the_api_takes_and_gives_it(field, served):
    assert served.uploaded.status == 201, served.uploaded.json
    record = served.uploaded.json
    assert of(record, field) == value_of(field), "uploads lose it"
    path = f"/api/images/{record['id']}"
    answer = served.daemon.ask("PATCH", path, json_body={field.name: value_of(field, "two")})
    assert of(answer.json, field) == value_of(field, "two"), "an edit loses it"
    assert of(served.daemon.get(path).json, field) == value_of(field, "two")
    listed = served.daemon.get("/api/images").json["items"][0]
    assert of(listed, field) == value_of(field, "two"), "lists leave it out"
    schemas = served.daemon.get("/api/openapi.json").json["components"]["schemas"]
    for name in ("Image", "ImageDraft", "ImagePatch"):
        assert field.name in schemas[name]["properties"], f"OpenAPI: {name}"


@_each(f for f in FIELDS if f.kind in ("rating", "date", "json"))
def test_a_part_of_a_form_that_is_left_empty_says_nothing(field, served, tmp_path):
    name = f"{field.name}.png"
    answer = served.daemon.upload(draw(tmp_path / name), name=name, **{field.name: ""})
    assert answer.status == 201, answer.json


# -- the site -------------------------------------------------------------------


@EVERY_FIELD
def test_the_page_of_the_image_shows_it(field, site):
    html = (site.root / "site" / "image" / f"{site.image.id}.html").read_text()
    facts = html.partition('<section class="page-facts"')[2]
    assert shown(field) in facts, "templates/image.html leaves it out"
    if field.copied:
        assert f'data-copy="{field.search}"' in facts


@EVERY_FIELD
def test_the_index_gives_it_back(field, site):
    records, _ = read_site(site.root / "site")
    [record] = [r for r in records if r.id == site.image.id]
    if field.name == "prompt_meta":
        assert field.name not in record.fields, "raw data weighs too much for the index"
    else:
        assert of(record.fields, field) == value_of(field), "generator/reading.py loses it"


def test_a_check_finds_in_the_index_what_the_rows_have(site):
    assert site.faults == []


def test_an_image_is_called_by_each_field_that_names_it(site):
    bare = dataclasses.replace(site.image, **dict.fromkeys([f.name for f in NAMING], ""))
    for field in NAMING:
        assert name_of(dataclasses.replace(bare, **{field.name: " my\nname "})) == "my name"
    assert name_of(site.image) == value_of(NAMING[0])
    assert name_of(bare) == "whole.png"


# -- the page -------------------------------------------------------------------


@needs_node
@EVERY_FIELD
def test_the_registry_of_the_page_is_the_same(field, page):
    [twin] = [f for f in page["registry"] if f["name"] == field.name]
    for trait in ("name", "label", "kind", "search", "naming", "copied"):
        assert twin.get(trait, getattr(Field(name="", label="", kind="text"), trait)) == getattr(
            field, trait), f"engine/registry.js has another {trait}"
    assert tuple(twin.get("aliases", ())) == field.aliases
    assert len(page["registry"]) == len(FIELDS)


@needs_node
@EVERY_FIELD
def test_the_page_reads_it_from_the_index_and_lays_edits_over_it(field, page):
    if field.name != "prompt_meta":
        assert of(page["read"], field) == value_of(field), "engine/columns.js does not read it"
        assert of(page["edited"], field) == value_of(field, "two"), "edits are not laid over it"


@needs_node
@EVERY_FIELD
def test_the_viewer_shows_it(field, page):
    if field.name != "prompt_meta":
        assert shown(field) in page["panel"], "viewer/panel.js leaves it out"


@needs_node
@EVERY_FIELD
def test_forms_and_dialogs_have_it(field, page):
    assert field.name in page["conflict"]["names"], "a conflict about it is not seen"
    assert field.label in page["conflict"]["text"]
    # Tags are told one by one.
    assert ("tag tag-two" if field.kind == "tags" else field.label) in page["history"]
    assert of(page["state"], field) == value_of(field, "two"), "a version does not have it"
    assert of(page["form"], field) == value_of(field), "editing/fields.js has no control for it"


@needs_node
def test_many_images_at_once_and_two_side_by_side(page):
    registry = page["registry"]
    assert {f"bulk-{f['name']}" for f in registry if f.get("bulk")} <= set(page["bulk"])
    assert {f["compared"] for f in registry if f.get("compared")} <= set(page["compared"])
    assert page["name"] == value_of(NAMING[0])


@needs_node
@SEARCHED
def test_the_page_finds_it(field, site):
    texts = [searched(field)]
    if field.kind in ("text", "line", "rating", "tags"):
        texts.append(f"has:{'tags' if field.kind == 'tags' else field.search}")
    if field.kind in ("text", "line", "tags"):
        texts.append(searched(field).partition(":")[2])
    answers = ask_node({"blocks": list(site.blocks.values()), "ids": {}, "queries": texts})
    for text, answer in zip(texts, answers, strict=True):
        assert (answer["ids"], answer["warnings"]) == ([site.image.pk], []), text


# -- the documents --------------------------------------------------------------


@EVERY_FIELD
def test_the_documents_name_it(field):
    api, manual = ((ROOT / "docs" / name).read_text() for name in ("api.md", "manual.md"))
    assert f"| `{field.name}` |" in api, "docs/api.md has no row of it"
    if field.option:
        assert f"`--{field.option}`" in manual, "docs/manual.md has no option of it"
