"""Commands that keep a library well: check, export, backup, restore, doctor."""

from __future__ import annotations

import platform
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from imagelib.cli.output import (
    Context,
    age_of,
    as_json,
    dry_run,
    line_width,
    one_line,
    plural,
    print_json,
    progress,
    read_query,
    say,
    yes,
)

if TYPE_CHECKING:
    from imagelib.config import Settings
    from imagelib.library.originals.drift import Drift
    from imagelib.library.values.image import Image

pass_context = click.make_pass_decorator(Context)


@click.command()
@click.option("--fix", is_flag=True, help="Repair what is safe; no picture is ever deleted.")
@click.option("--deep", is_flag=True,
              help="Read every file again and compare its digest, in the trash and the site too.")
@click.option("--accept-missing", is_flag=True,
              help="With --fix: flag files as missing even if they are many.")
@click.option("--locate", "elsewhere", metavar="DIR",
              type=click.Path(path_type=Path, file_okay=False, exists=True),
              help="Look in DIR for missing and altered files, and bring them back.")
@as_json
@pass_context
def check(context: Context, fix: bool, deep: bool, accept_missing: bool,
          elsewhere: Path | None, as_json: bool) -> int:
    """Compare disk and database: files, texts, trash, site, and what was left behind."""
    if accept_missing and not fix:
        raise click.UsageError("--accept-missing is said to a repair: --fix --accept-missing.")
    from imagelib.generator.checking import check_site, is_published
    from imagelib.library.checks.verifying import mend, verify
    from imagelib.library.originals.drift import Scanner
    from imagelib.library.originals.following import follow_disk
    from imagelib.library.originals.repairing import locate

    with context.library() as library:
        faults = [row[0] for row in library.database.read("PRAGMA integrity_check")
                  if row[0] != "ok"]
        faults += [f"{row[0]}: row {row[1]} refers to nothing in {row[2]}"
                   for row in library.database.read("PRAGMA foreign_key_check")]
        scanner = Scanner(library)
        with progress("checking") as bar:
            drift = scanner.scan(deep=deep, progress=bar)
        if fix or elsewhere:
            follow_disk(library, scanner, drift, accept_missing=accept_missing)
        if elsewhere:
            found_again = locate(library, elsewhere.absolute())
            say(f"{plural(len(found_again.changed), 'file')} brought back.")
        if fix or elsewhere:
            drift = scanner.scan()
        if fix:
            mend(library)
        beside = verify(library, deep=deep)
        artifacts = check_site(library, deep=deep, fix=fix)
        flagged = library.find("is:altered")
    problems = _problems(drift, flagged, faults + beside.rows) | {
        "text": beside.text, "trash": beside.trash, "leftover": beside.leftover,
        "history": beside.history, "site": artifacts}
    if as_json:
        print_json(problems)
    found = sum(len(entries) for entries in problems.values())
    for kind, entries in problems.items():
        for entry in entries:
            say(f"{kind:<11} {entry}", err=False) if not as_json else None
    if drift.refused:
        say(drift.refused)
    kept = sum(is_published(library, image) for image in drift.missing)
    if kept:
        say(f"The site still has {plural(kept, 'missing file')}. To bring back what it has:"
            f" imagelib check --locate {library.settings.published_dir}")
    say("Everything is in order." if not found else f"{plural(found, 'problem')} found."
        + ("" if fix else " Repair what is safe with: imagelib check --fix"))
    return 4 if found else 0


def _problems(drift: Drift, flagged: list[Image],
              faults: list[str]) -> dict[str, list[str]]:
    return {
        "missing": [image.file_name for image in drift.missing],
        "altered": list(dict.fromkeys(image.file_name for image in [*drift.altered, *flagged])),
        "damaged": [f"{image.file_name}: other bytes under an unchanged date"
                    for image in drift.damaged],
        "moved": [f"{image.file_name} -> {name}" for image, name in drift.moved],
        "stray": drift.stray,
        "duplicate": [f"{name} = {image.file_name}" for name, image in drift.duplicate],
        "unreadable": [f"{name}: {reason}" for name, reason in drift.unreadable],
        "database": faults,
    }


@click.command()
@click.argument("query", required=False, default="")
@click.option("--format", "form", type=click.Choice(["json", "csv"]), help="[default: json]")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="A file instead of stdout.")
@click.option("--sidecars", type=click.Path(path_type=Path, file_okay=False), metavar="DIR",
              help="Write a JSON and an XMP file for each image into DIR instead.")
@pass_context
def export(context: Context, query: str, form: str | None, output: Path | None,
           sidecars: Path | None) -> None:
    """Write every record (or those that QUERY finds) as JSON or CSV."""
    if sidecars is not None and (output is not None or form is not None):
        raise click.UsageError("--sidecars writes files of its own, so --output and --format say"
                               " nothing there.")
    from imagelib.exporting import records_as, write_sidecars
    from imagelib.library.store.disk import replacing

    form = form or "json"
    with context.reading() as library:
        parsed = read_query(query, library)
        images = library.walk(parsed if query else "")
        if query and not library.count(parsed):
            say("Note: nothing found")
        if sidecars is not None:
            count = write_sidecars(sidecars.expanduser().absolute(), images)
            say(f"Sidecars of {plural(count, 'image')} are in {sidecars}.")
            return
        if output is None:
            for part in records_as(form, images):
                sys.stdout.buffer.write(part)
            return
        with replacing(output.expanduser().absolute()) as stream:
            for part in records_as(form, images):
                stream.write(part)
    say(f"Written to {output}.")


@click.command()
@click.option("--distance", type=click.IntRange(0, 16), default=4, show_default=True,
              help="How many of 64 bits of their looks may differ.")
@click.option("--merge", is_flag=True,
              help="Keep the best of each group with the tags and rating of all.")
@yes
@as_json
@pass_context
def duplicates(context: Context, distance: int, merge: bool, yes: bool, as_json: bool) -> int:
    """List images that look alike; the best of each group comes first."""
    from imagelib.library.records.lookalikes import find_lookalikes
    from imagelib.library.records.lookalikes import merge as merge_group

    with context.library() if merge else context.reading() as library:
        groups = find_lookalikes(library, distance)
        if as_json:
            print_json([[image.to_json() for image in group] for group in groups])
        for group in groups if not as_json else []:
            for place, image in enumerate(group):
                say(f"{'=' if place else '*'} {image.width}x{image.height} "
                    + one_line(image, line_width()), err=False)
            say("", err=False)
        if merge and groups:
            if not yes:
                click.confirm(f"Merge {plural(len(groups), 'group')}? The others of each group go"
                              " into the trash.", abort=True, err=True)
            for keep, *others in groups:
                merge_group(library, keep, others)
    say(f"{plural(len(groups), 'group')} of images that look alike"
        + (" merged." if merge else "."))
    return 0 if groups else 3


@click.command()
@click.argument("query", required=False, default="")
@dry_run
@as_json
@pass_context
def reread(context: Context, query: str, dry_run: bool, as_json: bool) -> int:
    """Read embedded metadata again, all of it or of what QUERY finds; edits stay."""
    from imagelib.ingest.rereading import reread as reread_images

    with context.library() as library, progress("reading") as bar:
        parsed = read_query(query, library)
        images = library.find(parsed) if query else list(library.walk())
        outcome = reread_images(library, images, dry_run=dry_run,
                                progress=lambda done: bar(done, len(images)))
    if as_json:
        print_json({"changed": outcome.changed, "unchanged": outcome.unchanged,
                    "failed": outcome.failures})
    for name, reason in outcome.failures:
        say(f"{name}: {reason}")
    say(f"{plural(len(outcome.changed), 'image')} {'would be ' if dry_run else ''}changed,"
        f" {outcome.unchanged:,} unchanged.")
    return 1 if outcome.failures else 0


@click.command()
@click.argument("target", required=False, type=click.Path(path_type=Path))
@pass_context
def backup(context: Context, target: Path | None) -> None:
    """Copy the database, whole and checked, to TARGET or .imagelib/backups/."""
    from imagelib.library.store.backup import snapshot

    with context.reading() as library:
        say(f"Backup: {snapshot(library.settings, target and target.expanduser().resolve())}")
    say("The files under images/ are not in it; keep a copy of that folder too.")


@click.command()
@click.argument("source", required=False, type=click.Path(path_type=Path, exists=True))
@click.option("--records", metavar="DIR", type=click.Path(path_type=Path, file_okay=False),
              help="Make the database from record files instead, as builds keep them in records/.")
@click.option("--anyway", is_flag=True,
              help="With --records: also if some of them are damaged, without these.")
@yes
@pass_context
def restore(context: Context, source: Path | None, records: Path | None, anyway: bool,
            yes: bool) -> int:
    """Put a backup of the database in place of the present one, which is kept beside it."""
    from imagelib.config import Settings, require_library
    from imagelib.library.store.backup import is_of_another_library, newest_snapshot, put_back
    from imagelib.recording.restoring import is_ahead

    if (source and records) or (anyway and not records):
        raise click.UsageError("Name a backup, or --records DIR, which --anyway belongs to.")
    settings = Settings.load(require_library(context.root))
    if records:
        return _restore_records(settings, records.expanduser().absolute(), anyway, yes)
    chosen = source.expanduser().absolute() if source else newest_snapshot(settings)
    if is_ahead(settings, chosen):
        say(f"Note: {settings.records_dir} has later edits than {chosen}, but no history. To have"
            f" those: imagelib restore --records {settings.records_dir}")
    if is_of_another_library(settings, chosen):
        say(f"Note: {chosen} is of another library, or of this one before it was recovered. Images"
            " whose files are not here will be missing.")
    if not yes:
        click.confirm(f"Replace {settings.database} by {chosen}?", abort=True, err=True)
    kept = put_back(settings, chosen)
    say(f"Restored from {chosen}." + (f" The former database is {kept}." if kept else ""))
    say("Next: imagelib check")
    return 0


def _restore_records(settings: Settings, folder: Path, anyway: bool, yes: bool) -> int:
    from imagelib.recording.restoring import restore_records

    if not yes:
        click.confirm(f"Make {settings.database} anew from {folder}, without history?", abort=True,
                      err=True)
    with progress("restoring") as bar:
        report = restore_records(settings, folder, anyway=anyway, progress=bar)
    for line in report.damaged:
        say(f"Passed over: {line}")
    say(f"{plural(report.images, 'image')} restored from {folder}, {report.trashed:,} in the trash."
        + (f" The former database is {report.former}." if report.former else ""))
    say("Next: imagelib check")
    return 1 if report.damaged else 0


@click.command()
@click.option("--anyway", is_flag=True,
              help="Also if there are backups or record files that could be restored.")
@yes
@pass_context
def recover(context: Context, anyway: bool, yes: bool) -> int:
    """Make a new database from the site and the files, where no backup is left."""
    from imagelib.config import Settings, require_library
    from imagelib.library.store.backup import snapshots
    from imagelib.recording.files import known_manifest
    from imagelib.recovering import recover as recover_library

    settings = Settings.load(require_library(context.root))
    if (kept := snapshots(settings)) and not anyway:
        say(f"There are {plural(len(kept), 'backup')}, the last one is {kept[-1]}. It knows more"
            " than the site does: imagelib restore. To go without it: imagelib recover --anyway")
        return 1
    if not anyway and known_manifest(settings.records_dir):
        say(f"{settings.records_dir} has all but the history, as of the last build: imagelib"
            f" restore --records {settings.records_dir}. To take together what can be read of the"
            " former database, of it, of the site and of the files: imagelib recover --anyway")
        return 1
    if not yes:
        click.confirm(f"Make a new database for {settings.root} from its site and files?",
                      abort=True, err=True)
    with progress("recovering") as bar:
        report = recover_library(settings, bar)
    for problem in report.problems:
        say(problem)
    for name, reason in report.failed:
        say(f"{name}: {reason}")
    if report.former:
        say(f"The former database is {report.former}.")
    if report.brought_back:
        say(f"{plural(report.brought_back, 'file')} brought back from the site.")
    say(f"{plural(report.from_database, 'image')} as the former database had them,"
        f" {report.from_records:,} as records/ has them, {report.from_site:,} as the site has them,"
        f" {report.from_file:,} from their files alone.")
    say("Next: imagelib check, then imagelib build")
    return 1 if report.failed else 0


@click.command()
@as_json
@pass_context
def doctor(context: Context, as_json: bool) -> int:
    """Say what this installation is and what may be wrong with it."""
    facts = _facts(context)
    warnings = _warnings(facts)
    if as_json:
        print_json(facts | {"warnings": warnings})
    else:
        for name, value in facts.items():
            say(f"{name:<14} {value}", err=False)
        for warning in warnings:
            say(f"! {warning}", err=False)
    well = (facts.get("database", "ok") == "ok" and facts.get("conflict copies", "none") == "none"
            and facts.get("images folder", "there") == "there" and "settings" not in facts)
    return 0 if well else 4


def _facts(context: Context) -> dict[str, Any]:
    import sqlite3
    from importlib.metadata import version

    from imagelib import __version__
    from imagelib.config import is_library
    from imagelib.library.store.disk import on_network
    from imagelib.pictures import supported_formats
    from imagelib.resources import bundled

    root = context.root
    library = _library_facts(root) if is_library(root) else {}
    return {
        "imagelib": __version__,
        "python": platform.python_version(),
        "system": platform.platform(),
        "sqlite": sqlite3.sqlite_version,
        **{name: version(name) for name in
           ("bottle", "jinja2", "pillow", "pydantic", "sqlite-utils", "waitress", "watchdog")},
        "formats": ", ".join(supported_formats()),
        "templates": str(bundled("templates")),
        "library": str(root) if is_library(root) else f"none in {root} or above",
        "file system": on_network(root) or "local",
        **library,
    }


def _library_facts(root: Path) -> dict[str, Any]:
    """How the database of the library is, asked without changing anything."""
    from imagelib.config import Settings
    from imagelib.errors import ImagelibError
    from imagelib.library.store.backup import snapshots
    from imagelib.library.store.health import database_health, stray_copies

    try:
        settings = Settings.load(root)
    except ImagelibError as error:
        return {"settings": str(error)}
    kept = snapshots(settings)
    return {
        "database": database_health(settings),
        "last backup": age_of(kept[-1]) if kept else "none",
        "conflict copies": ", ".join(path.name for path in stray_copies(settings)) or "none",
        "images folder": "there" if settings.images_dir.is_dir() else "not there",
    }


def _warnings(facts: dict[str, Any]) -> list[str]:
    import sqlite3

    warnings = []
    if facts["file system"] != "local":
        warnings.append(f"The library is on a network drive ({facts['file system']}): a slower,"
                        " safer journal is used, and changes are found by polling.")
    if sqlite3.sqlite_version_info < (3, 51, 3):
        warnings.append("This SQLite has the WAL-reset bug (before 3.51.3). imagelib writes one at"
                        " a time, so that it cannot happen; let no other program write to"
                        " library.db while the daemon runs.")
    if facts.get("database", "ok") != "ok":
        warnings.append(f"The database: {facts['database']}. Restore a backup with: imagelib"
                        " restore; without one: imagelib recover")
    if facts.get("last backup") == "none":
        warnings.append("There is no backup of the database yet; one is made every day by whoever"
                        " opens the library to write. Now: imagelib backup")
    elif "days" in facts.get("last backup", ""):
        warnings.append(f"The last backup is of {facts['last backup']}. If there is something new"
                        " since: imagelib backup")
    if facts.get("conflict copies", "none") != "none":
        warnings.append("A synchroniser has made copies of the database beside it"
                        f" ({facts['conflict copies']}): two machines wrote at once. Compare them"
                        " (imagelib export), keep one, and let one machine at a time write.")
    if facts.get("images folder", "there") != "there":
        warnings.append("The images folder is not there: connect its disk.")
    limit = Path("/proc/sys/fs/inotify/max_user_watches")
    if limit.exists() and int(limit.read_text()) < 8192:
        warnings.append("The system allows few inotify watches; raise fs.inotify.max_user_watches"
                        " if folders are polled.")
    return warnings
