"""What counts as letting more through, and what does not."""

from __future__ import annotations

from typing import Any

import pytest

from imagelib.publishing.policy import Policy
from imagelib.publishing.widening import widened


def policy(**values: Any) -> Policy:
    return Policy.of("mine", values)


WIDER = {
    "a field": ({"fields": ["title"]}, {"fields": ["title", "notes"]}),
    "days for months": ({"fields": ["date:month"]}, {"fields": ["date"]}),
    "names for numbers": ({"fields": ["names:number"]}, {"fields": ["names"]}),
    "a further tag": ({"fields": ["tags"], "tags": {"only": ["fox"]}},
                      {"fields": ["tags"], "tags": {"only": ["fox", "owl"]}}),
    "all tags for some": ({"fields": ["tags"], "tags": {"only": ["fox"]}}, {"fields": ["tags"]}),
    "a tag that was left out": ({"fields": ["tags"], "tags": {"without": ["fox", "owl"]}},
                                {"fields": ["tags"], "tags": {"without": ["owl"]}}),
    "more generation data": ({"fields": ["generation"], "generation": {"only": ["seed"]}},
                             {"fields": ["generation"]}),
    "larger pictures": ({"originals": {"size": 800}}, {"originals": {"size": 801}}),
    "whole pictures": ({"originals": {"size": 16384}}, {"originals": "cleaned"}),
    "files as they are": ({"originals": "cleaned"}, {"originals": "as they are"}),
    "pictures at all": ({"originals": "none"}, {"originals": {"size": 900}}),
    "no watermark": ({"originals": {"watermark": "PROOF"}}, {}),
    "ids of the library": ({"ids": "own"}, {}),
    "a saved search": ({}, {"saved_searches": ["Foxes"]}),
}


@pytest.mark.parametrize("name", WIDER)
def test_letting_more_through_is_told_and_its_reverse_is_not(name):
    before, now = (policy(**values) for values in WIDER[name])
    assert widened(before, now)
    assert widened(before, before) == [] == widened(now, now)
    assert widened(now, before) == []


def test_how_a_gallery_looks_lets_nothing_through():
    assert widened(policy(title="One", intro="Some"), policy(
        title="Two", query="rating:>=4", licence="CC0", feed=True, base_url="https://a.example/")
    ) == []
