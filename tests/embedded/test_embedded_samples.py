"""Real files of real programs: each field as it was read from the raw bytes by eye."""

import json
import shutil
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from imagelib.ingest.embedded import EmbeddedMetadata, read

DATA = Path(__file__).parents[1] / "data"
EXPECTED = json.loads((DATA / "expected.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", EXPECTED)
def test_a_real_file_gives_exactly_what_it_holds(name):
    found = asdict(read(DATA / name))
    expected = EXPECTED[name]
    fields = ("tool", "prompt", "negative_prompt", "model", "seed", "steps", "sampler",
              "scheduler", "cfg_scale", "version")
    empty = asdict(EmbeddedMetadata())

    for field in fields:
        assert found[field] == expected.get(field, empty[field]), field
    assert found["size"] == (tuple(expected["size"]) if "size" in expected else None)


@pytest.mark.parametrize("name", [name for name, fields in EXPECTED.items() if not fields])
def test_a_file_without_a_generator_gives_an_empty_record(name):
    found = read(DATA / name)

    assert not found
    # A camera's date is that of the picture all the same.
    assert replace(found, captured_at="", sources={}) == EmbeddedMetadata()
    assert found.generation() == ({"sources": found.sources} if found.captured_at else {})


@pytest.mark.parametrize("name", [name for name, fields in EXPECTED.items() if fields])
def test_what_is_kept_raw_is_strict_json(name):
    raw = read(DATA / name).raw

    assert raw
    json.dumps(raw, allow_nan=False).encode("ascii")


def test_every_sample_is_described():
    files = {path.name for path in DATA.iterdir()} - {"README.md", "expected.json"}
    readme = (DATA / "README.md").read_text(encoding="utf-8")

    assert files == set(EXPECTED)
    assert all(f"`{name}`" in readme for name in files)


def test_the_type_is_decided_by_the_bytes_and_not_by_the_name(tmp_path):
    wrong = shutil.copy(DATA / "a1111_cropped.png", tmp_path / "photo.jpg")

    assert read(Path(wrong)).prompt == "photo of a duck"


def test_a_missing_file_is_an_oserror(tmp_path):
    with pytest.raises(FileNotFoundError):
        read(tmp_path / "none.png")
