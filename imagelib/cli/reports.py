"""What a person can attach to a report of a bug."""

from __future__ import annotations

from pathlib import Path

import click

from imagelib.cli.output import print_json, say


@click.command("report-metadata")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
def report_metadata(file: Path) -> None:
    """Print what FILE has inside, with all texts and numbers blanked, for a bug report."""
    from imagelib.ingest.reporting import report_metadata

    print_json(report_metadata(file))
    say("Prompts, names, paths and numbers are blanked. Look it through before you send it.")
