"""The command that publishes: what becomes public is said first, and asked."""

from __future__ import annotations

import shlex
import sys
from typing import TYPE_CHECKING

import click

from imagelib.cli.output import Context, as_json, dry_run, plural, print_json, progress, say, yes
from imagelib.errors import InvalidError

if TYPE_CHECKING:
    from imagelib.config import Settings
    from imagelib.library.library import Library
    from imagelib.publishing.difference import Difference
    from imagelib.publishing.policy import Policy
    from imagelib.publishing.publication import Publication

pass_context = click.make_pass_decorator(Context)
#: Of new texts of one field, how many are shown.
_SHOWN = 3
_SHOWN_HITS = 10


@click.command()
@click.argument("name", required=False)
@click.option("--to", "place", metavar="PLACE",
              help="A folder, a file that ends with .zip, or rclone:..., rsync:..., git:...")
@click.option("-q", "--query", help="Which images, instead of the policy's own query.")
@click.option("--title", help="What the gallery is called, instead of the policy's own title.")
@click.option("--intro", metavar="TEXT", help="What it says first, instead of the policy's own.")
@click.option("--author", metavar="NAME", help="Who made it, instead of the policy's own author.")
@click.option("--list", "listed", is_flag=True, help="Say what is published where, and stop.")
@click.option("--explain", is_flag=True, help="Say what the policy makes public, and stop.")
@click.option("--write-policy", "fresh", metavar="NAME",
              help="Write all of that into a new file publish/NAME.toml to be edited, and stop.")
@click.option("--widen", is_flag=True, help="Yes, more becomes public than before.")
@click.option("--max-removals", type=click.IntRange(0), metavar="N",
              help="How many files may be taken away. [default: 256, or a tenth]")
@click.option("--at-once", is_flag=True,
              help="Take away, too, what newer files replaced and an open page may still ask for.")
@click.option("--takedown", metavar="QUERY",
              help="Tag the images that QUERY finds 'private', and take them away at once.")
@click.option("--unpublish", is_flag=True, help="Take all of it away.")
@click.option("--verify", metavar="URL", help="Ask there whether visitors get what was sent, and"
              " nothing that was taken away; then stop.")
@dry_run
@yes
@as_json
@pass_context
def publish(context: Context, name: str | None, place: str | None, query: str | None,
            title: str | None, intro: str | None, author: str | None, listed: bool, explain: bool,
            fresh: str | None, widen: bool, max_removals: int | None, at_once: bool,
            takedown: str | None, unpublish: bool, verify: str | None, dry_run: bool, yes: bool,
            as_json: bool) -> int:
    """Put a chosen, cleaned part of the library where others see it.

    NAME is a file publish/NAME.toml of the library, or one of: portfolio (pictures and titles),
    settings (with prompts), proof (numbers and a watermark).

    Nothing is sent before everything that is withheld was looked for in what would be sent. Exit
    codes besides the usual ones: 3 nothing to do, 4 something withheld was found, or --verify
    found something wrong.
    """
    from imagelib.publishing import policy as policies

    if listed or name is None:
        with context.reading() as library:
            _list(library.settings, as_json)
        if not listed:
            say("Name one of them, or a preset: " + ", ".join(policies.PRESETS))
        return 0 if listed else 2
    with context.library() as library:
        policy = policies.load(library.settings, name).changed(
            "the command line", query=query, title=title, intro=intro, author=author, to=place)
        if fresh is not None:
            path = policies.write(library.settings, fresh, policy)
            say(f"Wrote {path}. Edit it, then: imagelib publish {fresh}")
            return 0
        if explain:
            say("\n".join(policies.explained(policy)), err=False)
            return 0
        if not (where := policy.to):
            raise click.UsageError("Say where it is to go: --to FOLDER, or --to NAME.zip")
        if verify is not None:
            return _verify(library.settings, policy, where, verify, as_json=as_json)
        if unpublish:
            return _unpublish(library, policy, where, dry_run=dry_run, yes=yes, as_json=as_json)
        from imagelib.publishing.publication import LeakError, publication

        taken = [] if takedown is None else _taken(library, takedown)
        try:
            with (progress("publishing") as bar,
                  publication(library, policy, where, without=taken,
                              takes_down=at_once or bool(taken),
                              progress=lambda stage, done, total: bar(done, total)) as found):
                return _agree(found, library, taken, dry_run=dry_run, yes=yes, widen=widen,
                              max_removals=max_removals, as_json=as_json)
        except LeakError as leak:
            for hit in leak.hits[:_SHOWN_HITS]:
                say(str(hit))
            raise


def _taken(library: Library, query: str) -> list[str]:
    """The ids of what is to be taken down."""
    from imagelib.library.query.query import Query

    if not query.strip():
        raise InvalidError("Say which images: --takedown QUERY. All of them go with"
                               " --unpublish.")
    if warnings := Query.parse(query).warnings:
        raise InvalidError(f"{'; '.join(warnings)}. Nothing was taken down.")
    if not (found := library.ids(query)):
        raise InvalidError(f"{query!r} finds no image. Nothing was taken down.")
    return found


def _verify(settings: Settings, policy: Policy, place: str, url: str, *, as_json: bool) -> int:
    from imagelib.publishing.publication import visited

    with progress("asking") as bar:
        found = visited(settings, policy, place, url,
                        lambda stage, done, total: bar(done, total))
    for fault in found.faults:
        say(fault)
    say(f"{plural(found.asked, 'answer')} looked at, "
        + (f"{plural(len(found.faults), 'fault')}." if found.faults else "all as it should be:"
           " what was sent is there, and what was taken away is gone."))
    if found.wrong:
        say("Publish again: what is not there as it was sent is sent anew, and what is still there"
            " is taken away.")
    if as_json:
        print_json({"asked": found.asked, "faults": found.faults})
    return 4 if found.faults else 0


def _unpublish(library: Library, policy: Policy, place: str, *, dry_run: bool, yes: bool,
               as_json: bool) -> int:
    from imagelib.publishing.publication import ending

    with progress("removing") as bar, ending(
            library, policy, place, lambda stage, done, total: bar(done, total)) as found:
        say(f"{plural(len(found.paths), 'file')} would be taken away from {found.place}."
            if dry_run else f"{plural(len(found.paths), 'file')} are in {found.place}.")
        if not dry_run:
            asks = sys.stdin.isatty() and sys.stderr.isatty()
            if not yes and not (asks and click.confirm("Take all of them away?", err=True)):
                raise InvalidError("Nothing was taken away. If that is meant, say --yes.")
            found.clear()
            say("Done. What others have copied or cached nobody can take back.")
        if as_json:
            print_json({"place": found.place, "removed": found.paths, "dry_run": dry_run})
    return 0


def _agree(found: Publication, library: Library, taken: list[str], *, dry_run: bool, yes: bool,
           widen: bool, max_removals: int | None, as_json: bool) -> int:
    difference = found.difference
    for line in _told(found):
        say(line)
    done = 3 if not difference else 0
    if difference and not dry_run:
        _require(difference, found.policy, yes=yes, widen=widen, max_removals=max_removals,
                 unless="Nothing was taken down. If that is meant, say --yes." if taken else
                 "Nothing was sent. If all of that may become public, say --yes.")
        if taken:
            from imagelib.publishing.policy import PRIVATE_TAG

            library.edit(*taken, add_tags=[PRIVATE_TAG])
        found.send()
        say(f"Done: {plural(len(found.sent), 'file')} written, {len(difference.remove):,} removed"
            f" in {difference.place}.")
        for other, place in sorted(_elsewhere(library.settings, taken)):
            say(f"Still public: {other} -> {place}. Take it away there, too: imagelib publish"
                f" {other} --to {shlex.quote(place)}")
    if as_json:
        print_json(difference.to_json() | {
            "sent": found.sent, "taken_down": taken, "limits": found.limits,
            "refused": found.derivation.refused, "private": found.derivation.private,
            "dry_run": dry_run,
            "proof": {"files": len(found.proof.files), "words": found.proof.words,
                      "runs": found.proof.runs, "untestable": found.proof.untestable}})
    return done


def _elsewhere(settings: Settings, taken: list[str]) -> set[tuple[str, str]]:
    """In which publications, and places of these, some of the images *taken* down are still."""
    from imagelib.publishing.whereabouts import whereabouts

    return {one for image in taken for one in whereabouts(settings, image)}


def _require(difference: Difference, policy: Policy, *, yes: bool, widen: bool,
             max_removals: int | None, unless: str) -> None:
    """Ask whoever sits there; without a terminal each yes has to be on the command line."""
    from imagelib.publishing.difference import lacking

    asks = sys.stdin.isatty() and sys.stderr.isatty()
    options = {"widen": "--widen", "removals": f"--max-removals {len(difference.remove)}"}
    for one in lacking(difference, policy, widen=widen, removals=max_removals):
        if not (asks and click.confirm(f"{one.reason}. Is that meant?", err=True)):
            raise InvalidError(f"{one.reason}. If that is meant, say {options[one.to]}. Nothing"
                                   " was sent.")
    if not yes and not (asks and click.confirm("Go on?", err=True)):
        raise InvalidError(unless)


def _told(found: Publication) -> list[str]:
    from imagelib.publishing.policy import PRIVATE_TAG

    difference, proof = found.difference, found.proof
    lines = [f"{found.policy.name} -> {difference.place}",
             f"  + {plural(len(difference.added), 'image')}   - {len(difference.removed):,}"
             f"   ~ {len(difference.changed):,}      {plural(len(difference.put), 'file')} up"
             f" ({difference.size / 1e6:,.1f} MB), {len(difference.remove):,} removed"]
    if found.derivation.private:
        lines.append(f"  {plural(found.derivation.private, 'image')} more would be in it, but for"
                     f" the tag {PRIVATE_TAG}")
    for noun, texts in difference.news:
        some = ", ".join(repr(text[:40]) for text in texts[:_SHOWN])
        more = ", …" if len(texts) > _SHOWN else ""
        lines.append(f"  public for the first time: {plural(len(texts), noun)}"
                     f" ({some}{more})")
    if found.templates:
        lines.append(f"  with {plural(len(found.templates), 'template')} of your own, whose words"
                     f" are public: {', '.join(found.templates[:_SHOWN])}"
                     + (", …" if len(found.templates) > _SHOWN else ""))
    if found.policy.query and not found.derivation.images:
        lines.append(f"  {found.policy.query!r} finds no image that may be public")
    lines += [f"  beyond its limits: {limit}" for limit in found.limits]
    lines += [f"  not published: {file}: {reason}" for file, reason in found.derivation.refused]
    lines.append(f"  proof: {plural(len(proof.files), 'file')}, {proof.words:,} withheld words and"
                 f" {proof.runs:,} phrases: none found"
                 + (f"; {proof.untestable:,} values are too short or too common"
                    " to be told by their words"
                    if proof.untestable else ""))
    if not difference:
        lines.append("Everything is there already.")
    return lines


def _list(settings: Settings, as_json: bool) -> None:
    import time

    from imagelib.publishing import ledger, policy

    found, over, ended = [], {}, []
    for name in sorted({*policy.names(settings), *policy.PRESETS}):
        for place, at in ledger.places(settings, name):
            found.append({"name": name, "place": place, "at": at})
        ended += [{"name": name, "place": place} for place in ledger.emptied(settings, name)]
    for name in policy.names(settings):
        over[name] = policy.load(settings, name).is_over
    if as_json:
        print_json({"publications": policy.names(settings), "places": found, "ended": ended,
                    "over": [name for name, is_over in over.items() if is_over]})
        return
    for name in policy.names(settings):
        say(name + (": its last day has passed; take it away with --unpublish, or change"
                    " `expires`" if over[name] else ""), err=False)
    for one in found:
        moment = time.strftime("%Y-%m-%d %H:%M", time.localtime(float(str(one["at"]))))
        say(f"{one['name']} -> {one['place']}  "
            + (f"last complete {moment}" if one["at"] else "nothing whole is there"), err=False)
    for gone in ended:
        say(f"{gone['name']} -> {gone['place']}  not published now", err=False)
    if not policy.names(settings) and not found and not ended:
        say("Nothing is published yet.")
