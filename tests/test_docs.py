"""The documents name what there is: commands, routes, settings, public names."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

import imagelib
from imagelib.cli import cli
from imagelib.config import Settings
from imagelib.daemon.routes import ROUTES

ROOT = Path(__file__).parent.parent


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", sorted(cli.commands))
def test_each_command_is_in_the_manual(name):
    assert f"`{name}" in read("docs/manual.md")


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_each_route_is_in_the_api_document(route):
    assert f"`{route.method} {route.path}`" in read("docs/api.md")


@pytest.mark.parametrize("field", [f.name for f in fields(Settings) if f.name != "root"])
def test_each_setting_is_in_the_manual(field):
    assert f"`{field.removeprefix('watch_')}`" in read("docs/manual.md")


def test_the_readme_has_the_two_commands_on_its_first_screen():
    first_screen = "\n".join(read("README.md").splitlines()[:40])
    assert ("python3 -m venv .venv && .venv/bin/pip install -q . && .venv/bin/imagelib demo"
            in first_screen)
    assert ("python3 -m venv .venv && .venv/bin/pip install -q -e '.[test]' && .venv/bin/pytest"
            in first_screen)


@pytest.mark.parametrize("name", ["README.md", *(
    f"docs/{p.name}" for p in (ROOT / "docs").glob("*.md"))])
def test_links_in_documents_lead_somewhere(name):
    for target in re.findall(r"\]\(([^)#:]+)\)", read(name)):
        assert ((ROOT / name).parent / target).exists(), target


def test_public_names_are_sorted_and_there():
    assert imagelib.__all__ == sorted(imagelib.__all__)
    for name in imagelib.__all__:
        assert getattr(imagelib, name) is not None
    with pytest.raises(AttributeError, match="no attribute"):
        imagelib.nothing  # noqa: B018 - the access is the test


def test_every_module_says_what_it_is():
    for path in (ROOT / "imagelib").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert not text or text.startswith('"""'), path


def test_the_tree_in_the_design_names_every_module():
    tree = (ROOT / "docs" / "design.md").read_text(encoding="utf-8").split("```")[1]
    named = set(re.findall(r"[\w/*]+\.py|\w+/", tree))
    missing = []
    for path in sorted((ROOT / "imagelib").rglob("*.py")):
        folders = [f"{folder}/" for folder in path.relative_to(ROOT / "imagelib").parts[:-1]]
        if path.name == "__init__.py" or {"cli/", "demo/", "routes/", "dialects/",
                                          "containers/", "embedded/"} & set(folders):
            missing += [folder for folder in folders if folder not in named]
        elif path.name not in named and path.name != "__main__.py":
            missing.append(str(path))
    assert missing == []


def test_the_tree_in_the_design_names_nothing_that_is_gone():
    tree = (ROOT / "docs" / "design.md").read_text(encoding="utf-8").split("```")[1]
    there = {path.name for path in (ROOT / "imagelib").rglob("*.py")}
    assert set(re.findall(r"\b\w+\.py", tree)) - there == set()


def test_every_class_that_the_glossary_names_is_there():
    text = (ROOT / "docs" / "design.md").read_text(encoding="utf-8")
    table = [line for line in text.splitlines() if line.startswith("| **")]
    named = {name for line in table for name in re.findall(r"`([A-Z][a-z]\w*)`", line)}
    code = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "imagelib").rglob("*.py"))
    assert len(named) > 12
    assert {name for name in named
            if not re.search(rf"^(?:class {name}\b|{name} = )", code, re.MULTILINE)} == set()
