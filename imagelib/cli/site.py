"""Commands about the site: make a library, build, watch, serve."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from imagelib.cli.output import Context, as_json, plural, print_json, progress, say

if TYPE_CHECKING:
    from imagelib.generator.build_run import BuildReport
    from imagelib.library.library import Library

pass_context = click.make_pass_decorator(Context)
_port = click.IntRange(0, 65535)


@click.command()
@click.argument("folder", required=False, type=click.Path(path_type=Path))
@pass_context
def init(context: Context, folder: Path | None) -> None:
    """Make a library in FOLDER, or here."""
    from imagelib.library.library import Library

    target = (folder or context.named or Path.cwd()).expanduser().absolute()
    with Library.create(target) as library:
        count = library.count()
        say(f"A library is in {library.root} ({plural(count, 'image')}).")
    say("Next: imagelib add PICTURES, then imagelib serve")


@click.command()
@click.option("--no-serve", is_flag=True, help="Stop after the build.")
@click.option("--port", type=_port, default=None, help="Port of the editor; 0 for any free one.")
@click.option("--open/--no-open", "open_browser", default=True, help="Open the browser.")
@click.option("--count", type=click.IntRange(1, 2000), default=60, show_default=True,
              help="How many pictures to draw.")
@pass_context
def demo(context: Context, no_serve: bool, port: int | None, open_browser: bool,
         count: int) -> None:
    """Make a sample library with pictures it draws itself, and open it."""
    from imagelib.demo import draw_pictures, sample_folder
    from imagelib.ingest.importer import add_paths
    from imagelib.library.library import Library

    folder = sample_folder(context.named or Path.cwd())
    with Library.create(folder) as library:
        if not library.count():
            with progress("drawing") as bar:
                drawn = draw_pictures(library, count, lambda done: bar(done, count))
            report = add_paths(library, [drawn], mode="move",
                               progress=lambda report: None)
            drawn.rmdir()
            for path, reason in report.failed:
                say(f"{path.name}: {reason}")
            _give_sample_values(library)
        _build(library, full=False)
        say(f"The sample library is {library.root}. Its gallery opens by double-click:"
            f" {library.settings.site_dir / 'index.html'}")
        if not no_serve:
            _serve(library, None, port, (), open_browser, read_only=False, watch=True, reload=False)


def _give_sample_values(library: Library) -> None:
    from imagelib.demo import sample_edits

    for image_id, fields in sample_edits(library.find()):
        library.edit(image_id, **fields)


@click.command()
@click.option("--full", is_flag=True, help="Render everything anew.")
@click.option("--out", type=click.Path(path_type=Path), help="Another folder than site/.")
@as_json
@pass_context
def build(context: Context, full: bool, out: Path | None, as_json: bool) -> int:
    """Bring site/ up to date; only what changed is rendered.

    Exit code 1 says that an image has no sound file, or no thumbnail; the rest is built.
    """
    from imagelib.config import Settings, require_library
    from imagelib.generator.freshness import faulty_images, is_as_scanned, is_current

    settings = Settings.load(require_library(context.root))
    folder = (out or settings.site_dir).absolute()
    report = None
    if full or not is_current(settings, folder):
        with context.library() as library:
            if full or not is_as_scanned(settings):
                _follow_disk(library, folder)
            report = _build(library, full=full, out=out)
    else:
        say("Everything is up to date.")
    faulty = faulty_images(settings, folder)
    if as_json:
        done = (asdict(report) if report else {"written": [], "pruned": []})
        print_json(done | {"site": str(folder), "failures": faulty})
    for name, reason in faulty:
        say(f"{name}: {reason}")
    return 1 if faulty else 0


def _follow_disk(library: Library, site: Path) -> None:
    """Files that were dropped into images/ belong into the site too.

    Of many that no *site* shows yet, the newest are taken in and shown before the others.
    """
    from imagelib.generator.builder import SLICE
    from imagelib.generator.builder import build as build_site
    from imagelib.library.originals.drift import Drift, Scanner
    from imagelib.library.originals.following import follow_disk

    scanner = Scanner(library)
    drift = scanner.scan()
    files = len(drift.stray)
    added, failures = 0, [*drift.unreadable]

    def follow(part: Drift, before: int = 0) -> None:
        nonlocal added
        with progress("taking in") as bar:
            done = follow_disk(library, scanner, part,
                               progress=lambda number, _: bar(before + number, files))
        added += len(done.added)
        failures.extend(done.failures)

    if files >= 2 * SLICE and not (site / "index.html").exists():
        drift.stray.sort(key=lambda name: drift.stats[name][1], reverse=True)  # by mtime
        # Not until all is followed may the next build trust what this scan saw.
        rest = Drift(stray=drift.stray[SLICE:], stats=drift.stats, folders=drift.folders)
        drift.stray, drift.folders = drift.stray[:SLICE], {}
        follow(drift)
        build_site(library, site, coming=len(rest.stray))
        say(f"The newest are in the gallery already: {site / 'index.html'}")
        follow(rest, SLICE)
    else:
        follow(drift)
    if drift.refused:
        say(drift.refused)
    if added:
        say(f"{plural(added, 'new image')} found in {library.originals.folder}.")
    for name, reason in failures:
        say(f"{name}: {reason}")


def _build(library: Library, *, full: bool, out: Path | None = None) -> BuildReport:
    from imagelib.generator.builder import build as build_site

    with progress("building") as bar:
        report = build_site(library, out, full=full,
                            progress=lambda stage, done, total: bar(done, total))
    for name in report.unknown:
        say(f"{report.site / name}: not made by imagelib; left alone.")
    if report.recorded.aside:
        say(f"What records/ had of an earlier database is kept in {report.recorded.aside}.")
    say(f"{plural(report.images, 'image')}: {plural(len(report.written), 'file')} written,"
        f" {plural(report.thumbnails, 'thumbnail')} made, {len(report.pruned):,} removed,"
        f" {report.seconds:.1f} s.")
    if videos := report.without_preview:
        _, reason = videos[0]
        say(f"{plural(len(videos), 'video')} without preview: {reason.partition(': ')[2]}")
    return report


@click.command()
@pass_context
def watch(context: Context) -> None:
    """Rebuild by itself whenever images or edits change, without the editor."""
    from imagelib.daemon.server import watch as watch_library

    with context.library() as library:
        watch_library(library, ready=lambda: say(
            f"Watching {library.originals.folder}. Stop with Ctrl-C."))


@click.command()
@click.option("--host", help="Address to listen on. [default: 127.0.0.1]")
@click.option("--port", type=_port, help="Port; 0 for any that is free. [default: 8765]")
@click.option("--open/--no-open", "open_browser", default=None,
              help="Open the browser. [default: on a terminal]")
@click.option("--read-only", is_flag=True, help="Show the gallery without the editor.")
@click.option("--watch/--no-watch", default=True, help="Follow the images folder.")
@click.option("--allow-host", "allow_hosts", multiple=True, metavar="NAME",
              help="A further name under which the browser reaches this daemon.")
@click.option("--reload", is_flag=True,
              help="Follow templates, scripts and styles while you work on them.")
@click.option("--set-password", is_flag=True, help="Make the setting for a password, and stop.")
@pass_context
def serve(context: Context, host: str | None, port: int | None, open_browser: bool | None,
          read_only: bool, watch: bool, allow_hosts: tuple[str, ...], reload: bool,
          set_password: bool) -> None:
    """Serve the gallery with its editor on this machine."""
    if set_password:
        from imagelib.daemon.guard import hash_password

        password = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
        say("Put this line under [serve] in imagelib.toml:")
        say(f'password_hash = "{hash_password(password)}"', err=False)
        return
    with context.library() as library:
        wanted = sys.stderr.isatty() if open_browser is None else open_browser
        _serve(library, host, port, allow_hosts, wanted, read_only=read_only, watch=watch,
               reload=reload)


def _serve(library: Library, host: str | None, port: int | None, allow_hosts: tuple[str, ...],
           open_browser: bool, *, read_only: bool, watch: bool, reload: bool) -> None:
    from imagelib.daemon.server import serve as serve_library

    def ready(url: str) -> None:
        say(f"Serving {library.root} at {url}  Stop with Ctrl-C.")
        if open_browser:
            import webbrowser

            webbrowser.open(url)

    serve_library(library, host=host, port=port, allow_hosts=allow_hosts, read_only=read_only,
                  watch=watch, reload=reload, ready=ready)
