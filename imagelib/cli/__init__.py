"""The command line: arguments in, calls, exit codes out; only this package prints.

Exit codes: 0 ok, 1 failure, 2 usage, 3 nothing found, 4 check found problems,
5 locked by another program, 130 Ctrl-C.
"""

from __future__ import annotations

import io
import os
import sys
import traceback
from pathlib import Path

import click

from imagelib import __version__
from imagelib.cli import albums, images, maintenance, picks, publish, reports, site
from imagelib.cli.output import Context, say
from imagelib.errors import ImagelibError


class _Commands(click.Group):
    """Lists commands in the order in which a person meets them."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(self.commands)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("-L", "--library", type=click.Path(path_type=Path), metavar="DIR",
              help="The library's folder. [default: IMAGELIB_LIBRARY, else the nearest upwards]")
@click.option("--debug", is_flag=True, help="Show where in the program an error came from.")
@click.version_option(__version__, "-V", "--version", message="imagelib %(version)s")
@click.pass_context
def cli(ctx: click.Context, library: Path | None, debug: bool) -> None:
    """A personal library of AI-generated images: a static gallery with a local editor."""
    ctx.obj = Context(library, debug)


for _command in (
    site.init, site.demo, images.add, images.migrate, images.list_images, images.show,
    images.edit, images.replace_texts, images.rm, images.trash, images.tags, albums.album,
    images.history, images.undo, images.redo,
    site.build, site.watch, site.serve, publish.publish, picks.picks, maintenance.check,
    maintenance.duplicates, maintenance.reread, maintenance.export,
    maintenance.backup, maintenance.restore, maintenance.recover, maintenance.doctor,
    reports.report_metadata,
):
    cli.add_command(_command)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and leave the process with its exit code."""
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: list[str]) -> int:
    """Run one command and return its exit code."""
    for stream in (sys.stdout, sys.stderr):
        # What a console or a pipe of another encoding does not have is no reason to stop.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    debug = "--debug" in arguments
    try:
        result = cli.main(arguments, prog_name="imagelib", standalone_mode=False)
        return result if isinstance(result, int) else 0
    except click.exceptions.Exit as leave:
        return leave.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        say("Stopped. What was done before stays.")
        return 130
    except BrokenPipeError:  # somebody's `head` has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (ImagelibError, OSError) as error:
        if debug:
            traceback.print_exc()
        say(f"Error: {error}")
        return error.exit_code if isinstance(error, ImagelibError) else 1
