"""Images like one image: that look like it, or have its prompt or its seed; the most alike first.

`templates/static/engine/alike.js` is the twin of this module: the same rule with the same numbers.
"""

from __future__ import annotations

from dataclasses import dataclass

from imagelib.library.query.terms import Row, Sql

#: Of 64 bits; pictures that differ in more do not look alike.
FARTHEST = 14
#: How many images are like one at most, itself included.
MOST = 500
#: So much nearer than pictures that only look alike.
_SAME_PROMPT, _SAME_SEED, _SAME_MODEL, _SAME_TAG = 12, 6, 2, 1

#: The folded prompt is the first part of the folded text. In octets, which have no end at a NUL.
_PROMPT = "substr(CAST(f.text AS BLOB), 1, instr(CAST(f.text AS BLOB), x'1F'))"
#: SQL with one parameter, an id: the pks of the images like it, and the place of each, from 1 on.
#: One pass over the images; tags are only counted of those that are alike.
RANKED = f"""
WITH one AS MATERIALIZED (
    SELECT i.pk, i.phash, i.ai_model, f.seed, {_PROMPT} AS prompt
    FROM images i JOIN folded f ON f.pk = i.pk WHERE i.id = ?),
judged AS MATERIALIZED (
    SELECT i.pk, i.pk = one.pk AS itself, i.ai_model = one.ai_model AS model,
        bits_apart(i.phash, one.phash) AS apart, f.seed = one.seed AND one.seed <> '' AS seed,
        length(one.prompt) > 1 AND
            substr(CAST(f.text AS BLOB), 1, length(one.prompt)) = one.prompt AS prompt
    FROM one, images i JOIN folded f ON f.pk = i.pk),
near AS MATERIALIZED (
    SELECT pk, itself, apart - {_SAME_PROMPT} * prompt - {_SAME_SEED} * seed - {_SAME_MODEL} * model
        - {_SAME_TAG} * (SELECT count(*) FROM image_tags AS its JOIN image_tags AS mine
            ON mine.tag = its.tag AND mine.image = (SELECT pk FROM one)
            WHERE its.image = judged.pk) AS far
    FROM judged WHERE apart <= {FARTHEST} OR prompt OR seed OR itself)
SELECT pk, row_number() OVER (ORDER BY itself DESC, far, pk DESC) AS place
FROM near ORDER BY place LIMIT {MOST}"""


@dataclass(frozen=True, slots=True)
class Like:
    """Among the images that are like the one with this id (a uuid in lower case), or that one."""

    id: str

    def matches(self, row: Row) -> bool:
        return row.image.pk in row.alike.get(self.id, ())

    def sql(self) -> Sql:
        return f"i.pk IN (SELECT pk FROM ({RANKED}))", [self.id]

    def __str__(self) -> str:
        return f"like:{self.id}"
