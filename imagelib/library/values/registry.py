"""The fields that a user may write into a record: one table for all that treats them alike.

Columns and triggers, searches, blocks of the index, exports, sidecars, old JSON, merging and
the options of commands are made of it; `Image`, `ImageDraft` and `ImagePatch` spell the
fields out for the checker of types. `templates/static/engine/registry.js` is the twin for
the page. `tests/test_every_field.py` holds that every field is everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

#: How a field is kept, written and shown. Words are looked for in each `text`, and text blocks
#: hold it; what is `json` comes from generators.
Kind = Literal["text", "line", "rating", "date", "tags", "json"]
#: What an image gets of its lookalikes when they become one: nothing, what it lacks, all lines,
#: the highest, all members.
Merge = Literal["keep", "first", "lines", "highest", "all"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field: `name` in tables and in the API, `label` for people."""

    name: str
    label: str
    kind: Kind
    #: What an image has that nobody has given a value.
    default: Any = ""
    #: The field in a search, as in `notes:word`, and other names for it there.
    search: str = ""
    aliases: tuple[str, ...] = ()
    #: The option of `imagelib edit` that sets it, and what its help says.
    option: str = ""
    help: str = ""
    #: Whether `imagelib add` has that option, too.
    adding: bool = False
    #: What it is called in the old JSON, the surest name first.
    legacy: tuple[str, ...] = ()
    merge: Merge = "keep"
    #: The local name of the XMP property that sidecars have it in.
    xmp: str = ""
    #: Whether an image is called by its first line, if it has no weightier name.
    naming: bool = False
    #: Whether its page offers to copy it.
    copied: bool = False
    #: The version of the database that brought its column.
    since: int = 1


#: In the order of tables and commands.
FIELDS = (
    Field(name="title", label="Title", kind="text", search="title", option="title",
          help="What the image is called.", adding=True, legacy=("title", "caption"),
          merge="first", xmp="title", naming=True, since=3),
    Field(name="prompt_text", label="Prompt", kind="text", search="prompt", option="prompt",
          help="The prompt.", xmp="description", naming=True, copied=True,
          legacy=("prompt_text", "prompt", "prompts", "positive", "positive_prompt", "text")),
    Field(name="negative_prompt", label="Negative prompt", kind="text", search="negative",
          aliases=("neg",), option="negative", help="The negative prompt.", copied=True,
          legacy=("negative_prompt", "negative", "negative_prompt_text")),
    Field(name="ai_model", label="Model", kind="line", search="model", option="model",
          help="The model.", legacy=("ai_model", "model", "model_name", "checkpoint")),
    Field(name="notes", label="Notes", kind="text", search="notes", aliases=("note",),
          option="notes", help="Notes of your own.", merge="lines",
          legacy=("notes", "note", "description", "comment", "comments")),
    Field(name="rating", label="Rating", kind="rating", default=0, search="rating",
          aliases=("stars",), option="rating", help="0 (unrated) to 5.", adding=True,
          merge="highest", xmp="Rating", legacy=("rating", "stars", "score")),
    Field(name="tags", label="Tags", kind="tags", default=(), search="tag", aliases=("tags",),
          merge="all", xmp="subject", legacy=("tags", "keywords", "labels")),
    Field(name="captured_at", label="Date", kind="date", search="date", option="date",
          help="YYYY-MM-DD or YYYY-MM-DDTHH:MM:SS.", xmp="CreateDate",
          legacy=("captured_at", "captured", "date", "created", "created_at", "datetime",
                  "timestamp")),
    Field(name="generation", label="Generation data (JSON)", kind="json", default={},
          legacy=("generation",)),
    Field(name="prompt_meta", label="Raw data (JSON)", kind="json", default=None,
          legacy=("prompt_meta", "raw")),
)

#: What words are looked for in, as pages show it.
TEXTS = tuple(field for field in FIELDS if field.kind == "text")
#: The same in the order in which a folded text has them: a later field comes behind.
FOLDED = tuple(sorted(TEXTS, key=lambda field: field.since))
#: What an image is called by, the weightiest first.
NAMING = tuple(field for field in FIELDS if field.naming)
