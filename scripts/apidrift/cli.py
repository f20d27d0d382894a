"""The verbs of scripts/drift.py.

Exit status: 0 nothing as bad as --fail-on was found, 1 something was, 2 the two sides could not be compared, 3 only the
wire axis could be, because no client can be generated of one of them.
"""

from __future__ import annotations

import argparse
import dataclasses
import datetime
import sys
from pathlib import Path

from codegen.overlays import OverlayError

from .adoption import adopt
from .changes import REPORTED, Axis, Level
from .compare import Report, compare_sides
from .policy import Policy, read_policy
from .reports import FORMATS, SUFFIXES, terminal, wants_colour
from .reports.changelog import draft, insert
from .rules import RULES
from .sources.documents import DriftError
from .sources.sides import ROOT, file_sides, revision_side, upstream_sides, worktree_side

POLICY = ROOT / "openapi" / "drift.toml"


def main(arguments: list[str] | None = None) -> int:
    """Run one verb."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except (DriftError, OverlayError) as error:
        print("drift: " + "\n".join(" ".join(line.split()) for line in str(error).splitlines()), file=sys.stderr)
        return 2
    except RecursionError:
        print("drift: a definition is nested too deeply", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="drift.py", description="What changes of API definitions do to users of the SDK."
    )
    verbs = parser.add_subparsers(required=True, metavar="VERB")

    files = verbs.add_parser("files", help="compare two files")
    files.add_argument("old", type=Path)
    files.add_argument("new", type=Path)
    files.add_argument("--policy", type=Path, help="apply overrides and waivers of this file (default: none)")
    files.set_defaults(run=_files)

    revisions = verbs.add_parser("revisions", help="compare the definitions of two git revisions")
    revisions.add_argument("--old", default="HEAD", help="a revision (default: HEAD)")
    revisions.add_argument("--new", default="", help="a revision (default: the working tree)")
    revisions.set_defaults(run=_revisions)

    upstream = verbs.add_parser("upstream", help="compare a downloaded definition with the stored one")
    upstream.add_argument("upstream", type=Path)
    upstream.add_argument("spec", type=Path, help="the stored definition, for instance openapi/itwins.yaml")
    upstream.set_defaults(run=_upstream)

    adopting = verbs.add_parser("adopt", help="replace a stored definition by a downloaded one, regenerate and report")
    adopting.add_argument("upstream", type=Path)
    adopting.add_argument("spec", type=Path)
    adopting.add_argument(
        "--prose", choices=["ours", "upstream"], default="ours", help="whose descriptions to keep (default: ours)"
    )
    adopting.set_defaults(run=_adopt)

    changelog = verbs.add_parser("changelog", help="draft the entry of a changelog")
    changelog.add_argument("--old", default="HEAD", help="a revision (default: HEAD)")
    changelog.add_argument("--new", default="", help="a revision (default: the working tree)")
    changelog.add_argument(
        "--write", type=Path, metavar="FILE", help="put it under Unreleased in this file instead of printing it"
    )
    changelog.set_defaults(run=_changelog)

    listing = verbs.add_parser("rules", help="list every rule: class, code, meaning and effect")
    listing.set_defaults(run=_rules)

    for verb in (files, revisions, upstream):
        verb.add_argument("--format", choices=sorted(FORMATS), default="terminal", help="of what is printed")
        verb.add_argument(
            "--report",
            type=Path,
            action="append",
            default=[],
            metavar="FILE",
            help="also write a report; .md, .json, .html or .txt tell the format",
        )
        axes = [str(axis.value) for axis in Axis]
        verb.add_argument("--axis", choices=[*axes, "both"], default="both", help="what to compare (default: both)")
        verb.add_argument(
            "--fail-on",
            choices=[*(str(level.value) for level in REPORTED), "never"],
            default=Level.BREAKING,
            metavar="CLASS",
            help=f"{', '.join(REPORTED)} or never (default: breaking)",
        )
    return parser


def _files(options: argparse.Namespace) -> int:
    report = compare_sides(*file_sides(options.old, options.new), _axes(options))
    policy = read_policy(_existing(options.policy)) if options.policy else Policy()
    return _finish(_judged(report, policy, all_waivers_used=True), options)


def _revisions(options: argparse.Namespace) -> int:
    report = _between(options.old, options.new, _axes(options))
    # With one axis only, a waiver for the other one has nothing to waive.
    return _finish(_judged(report, read_policy(POLICY), all_waivers_used=options.axis == "both"), options)


def _upstream(options: argparse.Namespace) -> int:
    report = compare_sides(*upstream_sides(options.upstream, options.spec), _axes(options))
    return _finish(_judged(report, read_policy(POLICY), all_waivers_used=False), options)


def _adopt(options: argparse.Namespace) -> int:
    return adopt(options.upstream, options.spec, foreign_words=options.prose == "upstream")


def _changelog(options: argparse.Namespace) -> int:
    report = _judged(_between(options.old, options.new, tuple(Axis)), read_policy(POLICY), all_waivers_used=False)
    entry = draft(report)
    if not entry:
        print("nothing changed, so there is nothing to write")
        return 0
    if options.write is None:
        print(entry, end="")
        return 0
    changelog = options.write.read_text("utf-8") if options.write.is_file() else "# Changelog\n"
    options.write.write_text(insert(changelog, entry), "utf-8")
    print(f"{options.write.name}: the draft is under Unreleased; edit it for people")
    return 0


def _rules(_: argparse.Namespace) -> int:
    for rule in sorted(RULES.values(), key=lambda rule: (rule.level.rank, rule.code)):
        print(f"{rule.level:20} {rule.code}: {rule.meaning} ({rule.effect})")
    return 0


def _between(old: str, new: str, axes: tuple[Axis, ...]) -> Report:
    return compare_sides(revision_side(old), revision_side(new) if new else worktree_side(), axes)


def _axes(options: argparse.Namespace) -> tuple[Axis, ...]:
    return tuple(Axis) if options.axis == "both" else (Axis(options.axis),)


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise DriftError(f"{path}: no such file")
    return path


def _judged(report: Report, policy: Policy, *, all_waivers_used: bool) -> Report:
    today = datetime.datetime.now(datetime.UTC).date()
    changes = policy.apply(list(report.changes), today=today, all_waivers_used=all_waivers_used)
    return dataclasses.replace(report, changes=tuple(changes))


def _finish(report: Report, options: argparse.Namespace) -> int:
    for path in options.report:
        if path.suffix not in SUFFIXES:
            raise DriftError(f"--report {path}: the name must end in one of {', '.join(SUFFIXES)}")
        _write(path, FORMATS[SUFFIXES[path.suffix]](report))
    if options.format == "terminal":
        sys.stdout.write(terminal(report, colour=wants_colour(sys.stdout)))
    else:
        sys.stdout.write(FORMATS[options.format](report))
    if not report.is_whole:
        for note in report.notes:
            print(f"drift: {' '.join(note.split())}; only the wire axis was compared", file=sys.stderr)
        return 3
    verdict = report.verdict() or Level.NONE
    return 0 if options.fail_on == "never" else int(verdict.rank <= Level(options.fail_on).rank)


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, "utf-8", newline="\n")
    except OSError as error:
        raise DriftError(f"{path}: {error.strerror}") from None
