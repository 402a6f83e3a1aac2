"""What counts as letting more through, and what does not."""

from __future__ import annotations

from typing import Any

import pytest

from imagelib.publishing.difference import Difference, consents
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


def test_each_thing_that_nobody_expects_needs_a_consent_of_its_own():
    difference = Difference("/out", widens="4 images are added to the 2 that are there",
                            clears="300 files are taken away")
    asked = consents(difference, policy(originals="as they are"))
    assert [one.to for one in asked] == ["removals", "widen", "widen"]
    assert [one.reason for one in asked[:2]] == [difference.clears, difference.widens]
    assert "with all that is in them" in asked[2].reason


def test_an_edit_that_everybody_expects_needs_no_consent():
    assert consents(Difference("/out", put=["index.html"]), policy(originals="cleaned")) == []
