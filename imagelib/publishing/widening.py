"""Does a policy let more through than the one before? Told without looking at any image."""

from __future__ import annotations

import math

from imagelib.publishing.policy import COARSE, Chosen, Pictures, Policy


def widened(before: Policy, now: Policy) -> list[str]:
    """What *now* may make public that *before* did not, a line each."""
    found = [f"{word} was not public there before" for word in now.fields
             if not {word, COARSE.get(word, word)}.intersection(before.fields)]
    for word, was, now_is in (("tags", before.tags, now.tags),
                              ("generation", before.generation, now.generation)):
        if before.keeps(word) and now.keeps(word) and (more := _more(was, now_is)):
            found.append(f"more of {word} becomes public: {more}")
    if _sharpness(now) > _sharpness(before):
        found.append("pictures say more than before: " + _told(before) + " so far, now "
                     + _told(now))
    if _mark(before) and _mark(now) != _mark(before):
        found.append(f"{_mark(before)!r} no longer stands over the pictures")
    if before.ids == "own" and now.ids == "same":
        found.append("ids are those of the library now")
    if more := ", ".join(sorted(set(now.saved_searches) - set(before.saved_searches))):
        found.append(f"saved searches were not public there before: {more}")
    return found


def _more(before: Chosen, now: Chosen) -> str:
    """The members that *now* has and *before* had not, in words; "" if there are none."""
    if now.only:
        return ", ".join(repr(member) for member in now.only
                         if member in now and member not in before)
    if before.only:
        return "all but some, where only some were named"
    return ", ".join(repr(member) for member in before.without if member in now)


def _sharpness(policy: Policy) -> float:
    how = policy.originals
    if isinstance(how, Pictures):
        return how.size
    return {"none": 0, "cleaned": 1e9, "as they are": math.inf}[how]


def _told(policy: Policy) -> str:
    how = policy.originals
    return f"{how.size} pixels a side" if isinstance(how, Pictures) else how


def _mark(policy: Policy) -> str:
    return policy.originals.watermark if isinstance(policy.originals, Pictures) else ""
