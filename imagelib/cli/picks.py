"""The commands about picks: what visitors of a publication said, merged, applied, forgotten."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from imagelib.cli.output import (
    Context,
    as_json,
    dry_run,
    line_width,
    one_line,
    plural,
    print_json,
    say,
    yes,
)

if TYPE_CHECKING:
    from imagelib.library.library import Library
    from imagelib.library.records.picks import Change, Pick
    from imagelib.publishing.pick_files import Arrival

pass_context = click.make_pass_decorator(Context)
#: Of many images, so many are listed before somebody is asked.
_SHOWN = 20


class _Picks(click.Group):
    """Takes what is none of its commands for a file or a link to merge."""

    def resolve_command(self, ctx: click.Context, args: list[str]
                        ) -> tuple[str | None, click.Command | None, list[str]]:
        return super().resolve_command(
            ctx, args if args[0] in self.commands else ["merge", *args])


@click.group(cls=_Picks, invoke_without_command=True,
             subcommand_metavar="[FILE | LINK | - | apply NAME | forget NAME]")
@click.option("--list", "listed", is_flag=True, help="Say who picked how many images. [default]")
@as_json
@click.pass_context
def picks(ctx: click.Context, listed: bool, as_json: bool) -> None:
    """Merge what visitors of a publication have picked; without anything, say who has.

    FILE is what they sent, LINK a link with #picks=, - reads standard input.
    """
    if ctx.invoked_subcommand and not listed:
        return
    from imagelib.library.records.picks import list_visitors
    from imagelib.publishing.derived import published

    with ctx.obj.reading() as library:
        found = list_visitors(library.database)
        names = {key: one.name for key, one in published(library.settings).items()}
    if as_json:
        print_json([asdict(visitor) | {"name": names.get(visitor.publication)}
                    for visitor in found])
        ctx.exit()
    for visitor in found:
        say(f"{visitor.who}  {plural(visitor.picks, 'pick')}, {plural(visitor.hearts, 'heart')}"
            f"  in {names.get(visitor.publication, 'a publication that is gone')}"
            f"  {visitor.at[:10]}", err=False)
    say("Names are what visitors call themselves; nobody has proved them." if found else
        "Nobody has picked anything yet.")
    ctx.exit()


@picks.command("merge", hidden=True)
@click.argument("source", metavar="FILE | LINK | -")
@yes
@as_json
@pass_context
def merge(context: Context, source: str, yes: bool, as_json: bool) -> int:
    """Merge the picks in FILE, or of LINK; what would change is said first.

    The same file again changes nothing, nor does an older one.
    """
    from imagelib.publishing import pick_files

    file = pick_files.read(_read(source))
    with context.library() as library:
        arrival = pick_files.preview(library, file)
        for line in _told(library, arrival):
            say(line)
        merged = yes or (sys.stdin.isatty() and sys.stderr.isatty()
                         and click.confirm("Merge them?", err=True))
        if merged:
            arrival = pick_files.merge(library, file)
    if as_json:
        print_json({"merged": merged, "publication": arrival.publication,
                    "who": arrival.merged.who, "unknown": arrival.unknown,
                    **{kind: len(getattr(arrival.merged, kind))
                       for kind in ("added", "changed", "taken_back", "known")}})
    say(f'Merged. Find them with: imagelib list picked:"{arrival.merged.who}"' if merged else
        "Nothing was kept. To merge them, say --yes.")
    return 0


@picks.command("apply")
@click.argument("name")
@click.option("--tag", default="", help="Give each picked image this tag.")
@click.option("--stars", is_flag=True, help="Make the stars that an image got its rating.")
@click.option("--hearts", is_flag=True, help="Only images with a heart.")
@dry_run
@yes
@as_json
@pass_context
def apply(context: Context, name: str, tag: str, stars: bool, hearts: bool, dry_run: bool,
          yes: bool, as_json: bool) -> int:
    """Make tags or ratings of what NAME has picked, as one edit; `imagelib undo` takes it back."""
    from imagelib.library.records import picks as records

    with context.library() as library:
        changes, failures = records.changes_of(library.database, name, tag=tag, stars=stars,
                                               hearts=hearts)
        for line in _changes(changes):
            say(line)
        for failure in failures:
            say(f"{failure.subject}: {failure.reason}")
        done: tuple[str, ...] = ()
        if changes and not dry_run:
            if not yes:
                click.confirm(f"Change {plural(len(changes), 'image')}?", abort=True, err=True)
            done = records.apply(library.database, name, tag=tag, stars=stars,
                                 hearts=hearts).changed
    if as_json:
        print_json({"changes": [{"id": change.image.id} | change.fields for change in changes],
                    "changed": done, "failures": [one._asdict() for one in failures]})
    if not changes:
        say("There is nothing to change.")
    elif dry_run:
        say(f"{plural(len(changes), 'image')} would be changed.")
    else:
        say(f"{plural(len(done), 'image')} changed. To take it back: imagelib undo")
    return 0 if changes else 3


@picks.command("forget")
@click.argument("name")
@yes
@pass_context
def forget(context: Context, name: str, yes: bool) -> int:
    """Drop all that NAME has picked; tags and ratings that were made of it stay."""
    from imagelib.library.records import picks as records

    with context.library() as library:
        found = records.visitors_named(library.database, name)
        if not yes:
            click.confirm(f"Forget {plural(sum(one.picks for one in found), 'pick')} of"
                          f" {found[0].who}?", abort=True, err=True)
        records.forget(library.database, found)
    say(f"Forgotten: {found[0].who}.")
    return 0


def _read(source: str) -> str | bytes:
    """A link, or what a file or standard input holds: of too much, only so much that it is
    refused."""
    from imagelib.errors import InvalidError
    from imagelib.publishing.pick_files import MAX_BYTES

    if "#picks=" in source:
        return source
    if source == "-":
        return sys.stdin.buffer.read(MAX_BYTES + 1)
    path = Path(source).expanduser()
    if not path.is_file():
        raise InvalidError(f"There is no file {source!r}, and it is no link with #picks=.")
    with path.open("rb") as stream:
        return stream.read(MAX_BYTES + 1)


def _told(library: Library, arrival: Arrival) -> list[str]:
    from imagelib.library.store.rows import select_pks

    merged = arrival.merged
    said = f"{arrival.visitor.who!r}"
    if merged.before and merged.before != arrival.visitor.who:
        said += f", here until now as {merged.before!r},"
    lines = [f"Somebody who says to be {said} picked in {arrival.publication}:",
             f"  + {plural(len(merged.added), 'image')}   ~ {len(merged.changed):,} changed"
             f"   - {len(merged.taken_back):,} taken back   {len(merged.known):,} known already"]
    new = [*merged.added, *merged.changed]
    shown = select_pks(library.database.reader, new[:_SHOWN], raw=False)
    width = line_width()
    for pk in new[:_SHOWN]:
        name = one_line(shown[pk], width) if pk in shown else "an image in the trash"
        lines.append(f"  {_mark(arrival.picks[pk])}  {name}")
    if len(new) > _SHOWN:
        lines.append(f"  … and {plural(len(new) - _SHOWN, 'image')} more")
    lines += [f"  no image here: {public}" for public in arrival.unknown[:_SHOWN]]
    if len(arrival.unknown) > _SHOWN:
        lines.append(f"  … and {len(arrival.unknown) - _SHOWN:,} more that are no image here")
    return lines


def _mark(pick: Pick) -> str:
    """A heart, stars, and the comment in one line."""
    note = " ".join(pick.note.split())
    return (("♥" if pick.heart else "·") + "★" * pick.stars + "·" * (5 - pick.stars)
            + (f'  "{note}"' if note else ""))


def _changes(changes: Sequence[Change]) -> list[str]:
    lines = []
    for change in changes[:_SHOWN]:
        made = [f"+ {tag}" for tag in change.fields.get("add_tags", ())]
        if "rating" in change.fields:
            made.append(f"rating {change.image.rating} -> {change.fields['rating']}")
        lines.append(f"{change.image.id}  {', '.join(made)}")
    if len(changes) > _SHOWN:
        lines.append(f"… and {plural(len(changes) - _SHOWN, 'image')} more")
    return lines
