"""Other search libraries of the browser, from npm into a temporary folder, beside our own."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from imagelib.library.values.image import Image
from imagelib.library.values.text import fold
from imagelib.resources import bundled

PACKAGES = {"minisearch": "minisearch", "flexsearch": "flexsearch", "ufuzzy": "@leeoniya/ufuzzy",
            "pagefind": "pagefind"}
#: Pagefind writes a file for each image, and needs minutes for more of them.
MOST = {"pagefind": 10_000}
#: Seconds that one library may take.
PATIENCE = 400
#: What a search of prompts should be able to do, by what their documents say.
SEMANTICS = {
    "imagelib": "substring, phrase, NOT, OR, groups, tags, ratings, dates, any order, file://",
    "minisearch": "prefix, fuzzy, AND/OR/NOT by code, fields; no phrase, no substring",
    "flexsearch": "prefix (substring with tokenize=full), AND; no phrase, no NOT",
    "ufuzzy": "substring and fuzzy, AND, NOT, phrase; text only",
    "pagefind": "word stems, phrase, filters; no substring, no ranges",
}


def compare(site: Path, images: Sequence[Image]) -> dict[str, Any]:
    """Give all of them the same texts and words; a library that cannot be had says why."""
    if not shutil.which("node"):
        return {"skipped": "node is not installed"}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "package.json").write_text("{}")
        (folder / "data").symlink_to(site / "data")
        texts = [" ".join((image.prompt_text, image.ai_model, image.notes, *image.tags))
                 for image in images]
        (folder / "texts.json").write_text(json.dumps(texts))
        (folder / "queries.json").write_text(json.dumps(words(texts)))
        npm = subprocess.run(
            ["npm", "install", "--no-save", "--no-audit", "--no-fund", *PACKAGES.values()],
            cwd=folder, capture_output=True, text=True, check=False)
        results = {"imagelib": one("imagelib", folder)}
        for library in PACKAGES:
            if npm.returncode:
                results[library] = {"skipped": f"npm: {npm.stderr.strip()[-200:]}"}
            elif len(images) > MOST.get(library, len(images)):
                results[library] = {"skipped": f"more than {MOST[library]:,} images"}
            else:
                results[library] = one(library, folder)
        return results


def one(library: str, folder: Path) -> dict[str, Any]:
    """Run one of them in its own process."""
    script = Path(__file__).with_name("search_peers.mjs")
    try:
        done = subprocess.run(
            ["node", "--expose-gc", "--max-old-space-size=6000", str(script), library, str(folder),
             str(bundled("templates") / "static")],
            capture_output=True, text=True, timeout=PATIENCE, check=False)
    except subprocess.TimeoutExpired:
        return {"skipped": f"not done in {PATIENCE} s"}
    if done.returncode:
        return {"skipped": done.stderr.strip()[-300:]}
    found = {name: round(value, 3) if isinstance(value, float) else value
             for name, value in json.loads(done.stdout).items()}
    return {**found, "semantics": SEMANTICS[library]}


def words(texts: Sequence[str]) -> list[dict[str, Any]]:
    """Words and beginnings and middles of words, and some of the texts that hold them."""
    rng = random.Random(5)
    folded = [fold(text) for text in texts]
    found = []
    for text in rng.sample(folded, min(40, len(folded))):
        terms = [term for term in text.replace(",", " ").split()
                 if term.isalnum() and len(term) > 3]
        if len(terms) < 2:
            continue
        one, other = rng.sample(terms, 2)
        for query in (one, f"{one} {other}", one[1:], one[:-1]):
            holding = [n for n, text in enumerate(folded)
                       if all(term in text for term in query.split())]
            found.append({"text": query, "some": rng.sample(holding, min(20, len(holding)))})
    return found
