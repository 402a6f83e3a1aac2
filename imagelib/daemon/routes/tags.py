"""Routes of tags and saved searches."""

from __future__ import annotations

from dataclasses import asdict

from imagelib.daemon.bodies import DeleteTag, MergeTags, RenameTag, SavedSearch
from imagelib.daemon.call import Answer, Call
from imagelib.errors import InvalidError
from imagelib.library.values.image import Done

#: How long the name of a saved search may be, in characters.
MAX_NAME = 200


def list_tags(call: Call) -> Answer:
    """Every tag with how many images carry it, the most used first."""
    return Answer(json=[asdict(tag) for tag in call.state.library.tags()])


def rename_tag(call: Call) -> Answer:
    """Write a tag another way on all its images."""
    asked = RenameTag.of(call.read_json())
    return _done(call, call.state.library.rename_tag(asked.old, asked.new))


def merge_tags(call: Call) -> Answer:
    """Make several tags one."""
    asked = MergeTags.of(call.read_json())
    return _done(call, call.state.library.merge_tags(asked.sources, asked.target))


def delete_tag(call: Call) -> Answer:
    """Take a tag off all its images."""
    asked = DeleteTag.of(call.read_json())
    return _done(call, call.state.library.delete_tag(asked.name))


def list_searches(call: Call) -> Answer:
    """The saved searches by name."""
    return Answer(json=call.state.library.searches())


def save_search(call: Call) -> Answer:
    """Keep a query under a name."""
    name = call.parameters["name"].strip()
    if not name or len(name) > MAX_NAME:
        raise InvalidError.of("name", f"should have 1 to {MAX_NAME} characters", where="path")
    asked = SavedSearch.of(call.read_json())
    new = call.state.library.save_search(name, asked.query, asked.sort)
    call.state.wake()
    return Answer(status=201 if new else 200,
                  json={"name": name, "query": asked.query, "sort": asked.sort})


def delete_search(call: Call) -> Answer:
    """Forget a saved search."""
    call.state.library.delete_search(call.parameters["name"])
    call.state.wake()
    return Answer(status=204, content=b"")


def _done(call: Call, done: Done) -> Answer:
    call.facts |= {"event": "tags", "images": done.changed}
    call.state.wake()
    return Answer(json=asdict(done))
