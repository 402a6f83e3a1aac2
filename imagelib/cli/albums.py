"""The commands about albums: tags whose images somebody has put in order."""

from __future__ import annotations

from dataclasses import asdict

import click

from imagelib.cli.output import (
    Context,
    as_json,
    ids_of_lines,
    line_width,
    one_line,
    plural,
    print_json,
    say,
)

pass_context = click.make_pass_decorator(Context)


@click.group(invoke_without_command=True)
@as_json
@click.pass_context
def album(ctx: click.Context, as_json: bool) -> None:
    """List albums; `album show`, `album set`, `album order`, `album forget`."""
    if ctx.invoked_subcommand:
        return
    from imagelib.library.records.albums import list_albums

    with ctx.obj.reading() as library:
        found = list_albums(library.database)
    if as_json:
        print_json([asdict(one) for one in found])
        return
    for one in found:
        said = " ".join(one.text.split())
        say(f"{one.count:7,}  {one.tag}{f'  {said}' if said else ''}", err=False)


@album.command("show")
@click.argument("tag")
@as_json
@pass_context
def show(context: Context, tag: str, as_json: bool) -> None:
    """Show the text of the album of TAG and its images in order."""
    from imagelib.library.query.listing import ALBUM, Filter
    from imagelib.library.records.albums import get_album

    with context.reading() as library:
        found = get_album(library.database, tag)
        wanted = Filter(tags=(found.tag,), sort=ALBUM)
        if as_json:
            print_json(asdict(found) | {"ids": library.ids(wanted)})
            return
        width = line_width()
        for line in found.text.splitlines():
            say(line, err=False)
        for image in library.find(wanted):
            say(one_line(image, width), err=False)


@album.command("set")
@click.argument("tag")
@click.option("--text", help="What the gallery says of it.")
@click.option("--cover", metavar="ID", help="The image that stands for it; first for the first.")
@pass_context
def set_album(context: Context, tag: str, text: str | None, cover: str | None) -> None:
    """Make an album of TAG, or give it another text or cover."""
    from imagelib.library.records.albums import change_album

    given: dict[str, str | None] = {} if text is None else {"text": text}
    if cover is not None:
        given["cover"] = None if cover == "first" else cover
    with context.library() as library:
        new = change_album(library.database, tag, **given)
    say("Made." if new else "Changed." if given else "It is an album already.")


@album.command("order")
@click.argument("tag")
@click.argument("ids", metavar="ID... | -", nargs=-1, required=True)
@pass_context
def order(context: Context, tag: str, ids: tuple[str, ...]) -> None:
    """Let the images IDS come first in the album of TAG, in this order; - reads ids, one a line."""
    from imagelib.library.records.albums import change_album

    wanted = ids_of_lines() if ids == ("-",) else list(ids)
    with context.library() as library:
        change_album(library.database, tag, ids=wanted)
    say(f"{plural(len(wanted), 'image')} put in order.")


@album.command("forget")
@click.argument("tag")
@pass_context
def forget(context: Context, tag: str) -> None:
    """Forget text, cover and order; the images keep TAG."""
    from imagelib.library.records.albums import forget_album

    with context.library() as library:
        forget_album(library.database, tag)
    say("Forgotten. The tag is still there.")
