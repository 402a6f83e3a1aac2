"""Images that look alike, by their perceptual hashes, and making one of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from itertools import pairwise

from imagelib.library.originals.storage import Storage
from imagelib.library.originals.trashing import rearrange
from imagelib.library.records.picks import copy_picks
from imagelib.library.store.database import Transaction
from imagelib.library.store.rows import apply_patch, select
from imagelib.library.values.fields import ImagePatch
from imagelib.library.values.image import Image, read_phash
from imagelib.library.values.outcome import Outcome
from imagelib.library.values.registry import FIELDS, Field

#: Two pictures are alike if their hashes differ in at most so many of 64 bits.
DISTANCE = 4
_BITS = 64


def find_lookalikes(library: Storage, distance: int = DISTANCE) -> list[list[Image]]:
    """Groups of two and more images that look alike, the best of each group first.

    The best is the one with the most pixels, then the highest rating, then the
    earliest. A picture of one colour is like every other and in no group.
    """
    images = select(library.database.reader, "WHERE i.phash <> '' ORDER BY i.pk", raw=False)
    hashes = {image.pk: bits for image in images
              if (bits := read_phash(image.phash)) is not None}
    groups = _Groups(hashes)
    for one, other in _close_pairs(hashes, distance):
        groups.join(one, other)
    by_pk = {image.pk: image for image in images}
    found = [sorted((by_pk[pk] for pk in group), key=_worth) for group in groups.of_several()]
    return sorted(found, key=lambda group: group[0].pk)


def merge(library: Storage, keep: Image, others: Iterable[Image]) -> Outcome:
    """Keep one image with what `Field.merge` takes of all.

    The others go into the trash; one undo brings everything back as it was, but what visitors
    picked of the others stays said of the one that was kept.
    """
    with library.database.exclusive():
        kept = library.get(keep.id)
        doubles = [library.get(image.id) for image in others]
        patch = ImagePatch.of({
            "add_tags" if field.kind == "tags" else field.name: _merged(field, [kept, *doubles])
            for field in FIELDS if field.merge != "keep"})

        def then(transaction: Transaction) -> None:
            apply_patch(transaction, kept.id, patch)
            copy_picks(transaction, [image.pk for image in doubles], kept.pk)

        return rearrange(library, [image.id for image in doubles], [], "merge duplicates",
                         then=then)


def _merged(field: Field, images: Iterable[Image]) -> object:
    """The value that one image gets which stands for *images*."""
    values = [getattr(image, field.name) for image in images]
    if field.merge == "first":
        return next(filter(None, values), field.default)
    if field.merge == "highest":
        return max(values)
    if field.merge == "all":
        return [member for value in values for member in value]
    return "\n".join(dict.fromkeys(filter(None, values)))


def _worth(image: Image) -> tuple[int, int, int]:
    return -image.width * image.height, -image.rating, image.pk


def _close_pairs(hashes: dict[int, int], distance: int) -> Iterable[tuple[int, int]]:
    """Pairs within *distance*: of distance + 1 parts of two close hashes, one is equal."""
    parts = distance + 1
    edges = [_BITS * part // parts for part in range(parts + 1)]
    for low, high in pairwise(edges):
        buckets: dict[int, list[int]] = defaultdict(list)
        for pk, value in hashes.items():
            buckets[value >> low & (1 << high - low) - 1].append(pk)
        for bucket in buckets.values():
            for place, one in enumerate(bucket):
                for other in bucket[place + 1:]:
                    if (hashes[one] ^ hashes[other]).bit_count() <= distance:
                        yield one, other


class _Groups:
    """Union of what belongs together."""

    def __init__(self, members: Iterable[int]) -> None:
        self._parent = {member: member for member in members}

    def join(self, one: int, other: int) -> None:
        self._parent[self._root(one)] = self._root(other)

    def of_several(self) -> list[list[int]]:
        groups: dict[int, list[int]] = defaultdict(list)
        for member in self._parent:
            groups[self._root(member)].append(member)
        return [group for group in groups.values() if len(group) > 1]

    def _root(self, member: int) -> int:
        while self._parent[member] != member:
            self._parent[member] = self._parent[self._parent[member]]
            member = self._parent[member]
        return member
