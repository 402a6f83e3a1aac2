"""Commands about images, tags, the trash and history."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from imagelib.cli.output import (
    Context,
    as_json,
    dry_run,
    ids_of,
    line_width,
    one_line,
    plural,
    print_json,
    progress,
    read_query,
    say,
    yes,
)
from imagelib.errors import NotFoundError
from imagelib.library.values.registry import FIELDS, TEXTS, Field

pass_context = click.make_pass_decorator(Context)


def _options_of(fields: Iterable[Field]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A decorator that gives a command an option for each of *fields*."""
    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        for field in reversed(list(fields)):
            kind = click.IntRange(0, 5) if field.kind == "rating" else None
            option = click.option(f"--{field.option}", field.name, help=field.help, type=kind)
            command = option(command)
        return command
    return decorate


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--tag", "tags", multiple=True, help="Give each image this tag; may be repeated.")
@_options_of(field for field in FIELDS if field.adding)
@click.option("--tag-folders", is_flag=True, help="Make tags of the folders' names.")
@click.option("--copy", "mode", flag_value="copy", default="copy",
              help="Copy the files into images/. [default]")
@click.option("--move", "mode", flag_value="move", help="Move them: the originals go.")
@click.option("--in-place", "mode", flag_value="in-place",
              help="Leave files that lie under images/ as they are.")
@dry_run
@as_json
@pass_context
def add(context: Context, /, paths: tuple[Path, ...], tags: tuple[str, ...], tag_folders: bool,
        mode: Any, dry_run: bool, as_json: bool, **given: Any) -> int:
    """Add files or whole folders; what is there already is skipped."""
    from imagelib.ingest.importer import add_paths, count_files

    total = count_files(paths) if sys.stderr.isatty() else 0
    fields = {name: value for name, value in given.items() if value is not None}
    fields |= {"tags": list(tags)} if tags else {}
    with context.library() as library, progress("adding") as bar:
        report = add_paths(library, paths, mode=mode, fields=fields, dry_run=dry_run,
                           tag_folders=tag_folders,
                           progress=lambda report: bar(report.seen, total))
    if as_json:
        print_json({
            "added": [{"path": str(path), "id": image_id or None}
                      for path, image_id in report.added],
            "duplicates": [{"path": str(path), "id": known} for path, known in report.duplicates],
            "restored": [{"path": str(path), "id": image_id or None}
                         for path, image_id in report.restored],
            "unused": [{"path": str(path), "fields": list(names)}
                       for path, names in report.unused],
            "failed": [{"path": str(path), "reason": reason} for path, reason in report.failed],
            "ignored": [str(path) for path in report.ignored],
            "warnings": [{"path": str(path), "warning": text} for path, text in report.warnings],
        })
    for path, reason in [*report.failed, *report.warnings]:
        say(f"{path}: {reason}")
    for path, names in report.unused:
        say(f"{path}: is here already with values of its own; not taken: {', '.join(names)}."
            " To change them: imagelib edit")
    if mode == "move":
        for path, _ in [*report.duplicates, *report.restored]:
            if not dry_run and path.exists():
                say(f"{path}: its picture is in the library; this file was left where it is")
    verb = "would be added" if dry_run else "added"
    say(f"{plural(len(report.added), 'image')} {verb},"
        f" {len(report.duplicates):,} here already, {len(report.failed):,} refused"
        + (f", {len(report.restored):,} brought back out of the trash" if report.restored else "")
        + (f", {plural(len(report.ignored), 'other file')} passed over" if report.ignored else "")
        + ".")
    return 1 if report.failed else 0


@click.command()
@click.argument("source", metavar="FILE.json", type=click.Path(path_type=Path, exists=True))
@click.option("--images", type=click.Path(path_type=Path, exists=True, file_okay=False),
              metavar="DIR", help="Where the pictures lie, if not beside FILE.json.")
@click.option("--map", "pairs", multiple=True, metavar="OLD=NEW",
              help="A further field of the old file and what it is here; may be repeated.")
@dry_run
@as_json
@pass_context
def migrate(context: Context, source: Path, images: Path | None, pairs: tuple[str, ...],
            dry_run: bool, as_json: bool) -> int:
    """Take the old JSON metadata in, once; a second run changes nothing."""
    from imagelib.ingest.legacy import migrate as migrate_json

    if wrong := [pair for pair in pairs if "=" not in pair]:
        raise click.UsageError(f"--map takes OLD=NEW, not {wrong[0]!r}.")
    names = dict(pair.partition("=")[::2] for pair in pairs)
    with context.library() as library, progress("migrating") as bar:
        report = migrate_json(library, source.absolute(), images=images and images.absolute(),
                              names=names, dry_run=dry_run, progress=bar)
    if as_json:
        print_json({"added": report.added, "updated": report.updated,
                    "unchanged": report.unchanged, "missing": report.missing,
                    "failed": report.failed, "problems": report.problems,
                    "mapped": [[old, new, count] for (old, new), count in report.mapped.items()],
                    "unmapped": dict(report.unmapped)})
    for (old, new), count in sorted(report.mapped.items()):
        say(f"  {old} -> {new}  ({count:,})")
    for old, count in sorted(report.unmapped.items()):
        say(f"  {old} -> nothing here ({count:,}); to keep it: --map {old}=notes")
    for old in sorted(names.keys() - {old for old, _ in report.mapped}):
        say(f"Note: no record has a field {old!r}")
    for name, problem in [*report.problems, *report.failed]:
        say(f"{name}: {problem}")
    for name in report.missing:
        say(f"{name}: there is no such file")
    verb = "would be added" if dry_run else "added"
    say(f"{plural(len(report.added), 'image')} {verb}, {len(report.updated):,} completed,"
        f" {len(report.unchanged):,} unchanged, {len(report.missing):,} without a file.")
    return 1 if report.failed or report.missing else 0


@click.command("list")
@click.argument("query", nargs=-1)
@click.option("--limit", type=click.IntRange(0), default=100, show_default=True,
              help="At most so many; 0 for all.")
@as_json
@pass_context
def list_images(context: Context, query: tuple[str, ...], limit: int, as_json: bool) -> int:
    """List images: words, "phrases", tag:x rating:>=4 date:2026-03 and more."""
    text = " ".join(query)
    with context.reading() as library:
        parsed = read_query(text, library)
        total = library.count(parsed)
        images = library.find(parsed, limit or None)
    if as_json:
        print_json({"items": [image.to_json() for image in images], "total": total})
    else:
        width = line_width()
        for image in images:
            say(one_line(image, width), err=False)
        if total > len(images):
            say(f"{len(images):,} of {plural(total, 'image')}; all of them: --limit 0")
    if not total and text:
        say("Nothing found.")
        return 3
    return 0


@click.command()
@click.argument("image_id", metavar="ID")
@click.option("--raw", is_flag=True, help="Print the raw metadata of its file, as JSON.")
@as_json
@pass_context
def show(context: Context, image_id: str, raw: bool, as_json: bool) -> None:
    """Show everything that is known of one image."""
    with context.reading() as library:
        image = library.get(image_id)
        file = library.originals.path_of(image)
    if raw or as_json:
        print_json(image.prompt_meta if raw else image.to_json())
        return
    say(f"file        {file}", err=False)
    for name, value in image.to_json().items():
        if name in ("file_name", "prompt_meta") or value in ("", None, [], {}):
            continue
        text = ", ".join(map(str, value)) if isinstance(value, list) else value
        if isinstance(value, dict):
            text = ", ".join(f"{key} {item}" for key, item in value.items())
        say(f"{name:<15} {text}", err=False)


@click.command()
@click.argument("query")
@_options_of(field for field in FIELDS if field.option)
@click.option("--add-tag", "add_tags", multiple=True, help="May be repeated.")
@click.option("--remove-tag", "remove_tags", multiple=True, help="May be repeated.")
@dry_run
@as_json
@pass_context
def edit(context: Context, /, query: str, dry_run: bool, as_json: bool, **given: Any) -> int:
    """Change all images that QUERY (or an id) finds; undo takes it back.

    With - as QUERY those whose ids stdin says, one a line; what stands behind an id is passed over,
    so that a file may hold lines of `imagelib list`.
    """
    fields: dict[str, Any] = {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in given.items() if value not in (None, ())}
    if not fields:
        raise click.UsageError("Say what to change: --rating, --add-tag, --notes ...")
    with context.library() as library, library.database.exclusive():
        ids = ids_of(query, library)
        known = {tag.name for tag in library.tags()}
        for tag in fields.get("remove_tags", ()):
            if tag.strip() not in known:
                say(f"Note: no image carries the tag {tag!r}")
        if not dry_run and ids:
            library.edit(*ids, **fields)
    return _report(ids, "would be changed" if dry_run else "changed", as_json)


@click.command("replace")
@click.argument("query")
@click.argument("find")
@click.argument("replacement")
@click.option("--in", "places", multiple=True, type=click.Choice([f.search for f in TEXTS]),
              default=["prompt"], show_default=True, help="In which texts; may be repeated.")
@click.option("--match-case", is_flag=True, help="Only where large and small letters agree.")
@click.option("--whole-words", is_flag=True, help="Not inside of longer words.")
@dry_run
@as_json
@pass_context
def replace_texts(context: Context, query: str, find: str, replacement: str,
                  places: tuple[str, ...], match_case: bool, whole_words: bool, dry_run: bool,
                  as_json: bool) -> int:
    """In all images that QUERY (or an id) finds, write REPLACEMENT for FIND; undo takes it back.

    With - as QUERY, in those whose ids stdin says, one a line.
    """
    from imagelib.library.records.replacing import Replacement, find_in, replace_in

    wanted = Replacement.of({
        "find": find, "replace": replacement, "match_case": match_case,
        "whole_words": whole_words, "fields": [f.name for f in TEXTS if f.search in places]})
    with context.library() as library, library.database.exclusive():
        ids = ids_of(query, library)
        found = list(find_in(library.database, ids, wanted))
        failures = () if dry_run else replace_in(library.database, ids, wanted).failures
    refused = {failure.subject for failure in failures}
    changed = list(dict.fromkeys(o.image_id for o in found if o.image_id not in refused))
    for one in found if dry_run and not as_json else ():
        marked = "".join(part if i % 2 == 0 else f"[-{part}-]{{+{replacement}+}}"
                         for i, part in enumerate(one.parts))
        say(f"{one.image_id}  {one.field}: {marked}", err=False)
    for failure in failures:
        say(f"{failure.subject}: {failure.reason}")
    status = _report(changed, "would be changed" if dry_run else "changed", as_json)
    return 1 if failures else status


@click.command()
@click.argument("query")
@yes
@dry_run
@as_json
@pass_context
def rm(context: Context, query: str, yes: bool, dry_run: bool, as_json: bool) -> int:
    """Put all images that QUERY (or an id) finds into the trash.

    With - as QUERY, those whose ids stdin says, one a line.
    """
    with context.library() as library:
        ids = ids_of(query, library)
        if ids and not dry_run:
            if not yes:
                click.confirm(f"Put {plural(len(ids), 'image')} into the trash?", abort=True,
                              err=True)
            with library.database.exclusive():  # only what was shown, and is still found
                still = set(library.ids(query))  # `-` finds all
                ids = [image_id for image_id in ids if image_id in still]
                if ids:
                    library.delete(*ids)
    return _report(ids, "would go into the trash" if dry_run else "put into the trash", as_json)


@click.group(invoke_without_command=True)
@as_json
@click.pass_context
def trash(ctx: click.Context, as_json: bool) -> None:
    """List what was deleted; `trash restore ID`, `trash empty`."""
    if ctx.invoked_subcommand:
        return
    with ctx.obj.reading() as library:
        found = library.trash()
    if as_json:
        print_json({"items": [t.image.to_json() | {"deleted_at": t.deleted_at} for t in found],
                    "total": len(found)})
        return
    for trashed in found:
        say(one_line(trashed.image, line_width()), err=False)
    size = sum(trashed.image.size_bytes for trashed in found)
    say(f"{plural(len(found), 'image')} in the trash, {size / 2**20:.1f} MiB.")


@trash.command("restore")
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@pass_context
def trash_restore(context: Context, ids: tuple[str, ...]) -> None:
    """Bring images back as they were."""
    with context.library() as library:
        library.restore(*ids)
    say(f"{plural(len(ids), 'image')} restored.")


@trash.command("empty")
@click.argument("ids", nargs=-1, metavar="[ID]...")
@yes
@pass_context
def trash_empty(context: Context, ids: tuple[str, ...], yes: bool) -> int:
    """Destroy what is in the trash for good, or only the images with these ids."""
    with context.library() as library:
        found = [one for one in library.trash() if not ids or one.image.id in ids]
        if lost := set(ids) - {one.image.id for one in found}:
            raise NotFoundError(f"Not in the trash: {', '.join(sorted(lost))}. Nothing was"
                                " destroyed; `imagelib trash` lists what is there.")
        size = sum(trashed.image.size_bytes for trashed in found)
        if found and not yes:
            click.confirm(f"Destroy {plural(len(found), 'image')} ({size / 2**20:.1f} MiB) for"
                          " good?", abort=True, err=True)
        purged = library.purge(*(one.image.id for one in found)).changed
    say(f"{plural(len(purged), 'image')} destroyed.")
    return 0


@click.group(invoke_without_command=True)
@as_json
@click.pass_context
def tags(ctx: click.Context, as_json: bool) -> None:
    """List tags, the most used first; `tags rename`, `tags merge`, `tags delete`."""
    if ctx.invoked_subcommand:
        return
    with ctx.obj.reading() as library:
        found = library.tags()
    if as_json:
        print_json([asdict(tag) for tag in found])
        return
    for tag in found:
        say(f"{tag.count:7,}  {tag.name}", err=False)


@tags.command("rename")
@click.argument("old")
@click.argument("new")
@pass_context
def tags_rename(context: Context, old: str, new: str) -> None:
    """Write the tag OLD as NEW on all its images."""
    with context.library() as library:
        say(f"{plural(len(library.rename_tag(old, new).changed), 'image')} changed.")


@tags.command("merge")
@click.argument("sources", nargs=-1, required=True)
@click.argument("target")
@pass_context
def tags_merge(context: Context, sources: tuple[str, ...], target: str) -> None:
    """Make the tags SOURCES one with TARGET."""
    with context.library() as library:
        say(f"{plural(len(library.merge_tags(sources, target).changed), 'image')} changed.")


@tags.command("delete")
@click.argument("name")
@pass_context
def tags_delete(context: Context, name: str) -> None:
    """Take a tag off all its images."""
    with context.library() as library:
        say(f"{plural(len(library.delete_tag(name).changed), 'image')} changed.")


@click.command()
@click.argument("image_id", metavar="ID")
@as_json
@pass_context
def history(context: Context, image_id: str, as_json: bool) -> None:
    """Show what changed an image when, the newest first."""
    from imagelib.library.originals.storage import clean_id
    from imagelib.library.records.history import walk_changes

    with context.reading() as library:
        changes = walk_changes(library.database, clean_id(image_id))
        if as_json:
            print_json([asdict(change) for change in changes])
            return
        for change in changes:
            what = "; ".join(
                f"{name}: (too long to show)" if name in change.shortened
                else f"{name}: {change.before.get(name)!r} -> {change.after.get(name)!r}"
                for name in {**change.before, **change.after}
            )
            say(f"{change.at}  {change.action:<12} {what}  [{change.batch}]", err=False)


@click.command()
@click.argument("batch", required=False)
@pass_context
def undo(context: Context, batch: str | None) -> None:
    """Take the last edit back, or the BATCH that `history` names."""
    with context.library() as library:
        done = library.undo(batch)
    say(f"Undone: {done.action} ({plural(len(done.changed), 'image')}).")


@click.command()
@pass_context
def redo(context: Context) -> None:
    """Do again what the last undo took back."""
    with context.library() as library:
        done = library.redo()
    say(f"Done again: {done.action.removeprefix('undo ')} ({plural(len(done.changed), 'image')}).")


def _report(ids: list[str], what: str, as_json: bool) -> int:
    if as_json:
        print_json({"changed": len(ids), "ids": ids})
    say(f"{plural(len(ids), 'image')} {what}." if ids else "Nothing found.")
    return 0 if ids else 3
