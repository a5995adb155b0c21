"""A table of users or items for models: what each did and is up to a moment, every column defined.

With --select the features that tell most of a target are named: another feature, or buys:30 (buys in the next 30 days).
"""

from __future__ import annotations

import argparse
import re
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from core.commands import Answer
from core.commands.times import moment
from core.errors import Refusal
from core.features import (
    FeatureChoice,
    FeatureSpec,
    FeatureTable,
    Target,
    features,
    features_manifest,
    select,
    target,
    write_features,
)
from core.progress import Step
from core.store import close_workspace, open_workspace

NAME = "features"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's own arguments."""
    parser.add_argument("--table", choices=("users", "items"), required=True, help="what the rows are")
    parser.add_argument("--as-of", metavar="TIME", help="see the data up to this date or time (UTC), not included")
    parser.add_argument("--windows", metavar="DAYS", default="7,30,90,365", help="default: 7,30,90,365")
    parser.add_argument("--families", metavar="NAMES", default="", help="parted by commas; default: all")
    parser.add_argument("--top", type=int, default=8, help="categories, channels, devices with a column (default: 8)")
    parser.add_argument("--missing", choices=("leave", "median", "neighbours"), default="leave", help="default: leave")
    parser.add_argument("--min-events", type=int, default=1, help="leave out rows with fewer (default: 1)")
    parser.add_argument("--output", metavar="FILE", help="write the table to FILE.csv or FILE.parquet")
    parser.add_argument("--definitions", action="store_true", help="say what each column means")
    parser.add_argument("--select", type=int, metavar="K", help="name the K features that tell most of --target")
    parser.add_argument("--target", metavar="WHAT", help="a feature, buys:DAYS, or EVENT:DAYS")
    parser.add_argument(
        "--attributes", action="store_true", help="let attributes foretell --target, though they may be of later"
    )


def run(args: argparse.Namespace, step: Step) -> Answer:
    """Do the task; raises Refusal for anything a person can put right."""
    if (args.select is None) != (args.target is None):
        raise Refusal(
            "option_not_used", "--select and --target go together.", "For instance --select 10 --target buys:30"
        )
    output = Path(args.output).expanduser() if args.output else None
    if output and output.suffix.lower() not in (".csv", ".parquet"):
        raise Refusal("no_such_format", f"{output.name} is neither CSV nor Parquet.", "Name FILE.csv or FILE.parquet.")
    spec = FeatureSpec(
        table=args.table,
        as_of=moment(args.as_of),
        windows=_numbers(args.windows),
        families=tuple(name.strip() for name in args.families.split(",") if name.strip()),
        top=args.top,
        missing=args.missing,
        min_events=args.min_events,
    )
    store = open_workspace(args.workspace, create=False)
    try:
        goal: str | Target | None = args.target
        if args.target and (later := re.fullmatch(r"([^:]+):(\d{1,9})", args.target)):
            event = "purchase" if later[1] == "buys" else later[1]
            spec, goal = target(store, spec, int(later[2]), event, step=step)
        table = features(store, replace(spec), step=step.part(0.0, 0.7))
        result = features_manifest(store, table)
        lines = _table_lines(table)
        if args.definitions:
            lines += ["", *_definition_lines(table)]
        else:
            result["columns"] = [column["name"] for column in result["columns"]]
        if goal is not None:
            choice = select(table, goal, k=args.select, attributes=args.attributes, step=step.part(0.7, 0.95))
            result["selection"] = _choice_json(choice, goal)
            lines += ["", *_choice_lines(choice)]
        if output:
            sidecar = write_features(store, table, output, step=step.part(0.95, 1.0))
            result |= {"output": str(output), "definitions": str(sidecar)}
            lines += ["", f"Written to {output}; what each column means is in {sidecar.name}."]
    finally:
        close_workspace(store)
    return Answer(result, "\n".join(lines))


def _table_lines(table: FeatureTable) -> list[str]:
    spec, rows = table.spec, table.rows()
    at = "all time (no event has a time)" if spec.as_of is None else f"{spec.as_of:%Y-%m-%d %H:%M} UTC"
    counts: dict[str, int] = {}
    for column in table.columns:
        counts[column.family] = counts.get(column.family, 0) + 1
    found = [f"{rows.num_rows:,} {spec.table}, {len(table.columns):,} features, as of {at}."]
    found += [f"  {family:<12} {n:>4,}" for family, n in counts.items()]
    return found + [f"Note: {note}" for note in table.notes]


def _definition_lines(table: FeatureTable) -> list[str]:
    return [
        f"{c.name} ({c.family}{', ' + c.unit if c.unit else ''}): {c.definition}"
        + (f" Missing: {c.missing_meaning}" if c.missing_meaning else "")
        for c in table.columns
    ]


def _choice_json(choice: FeatureChoice, goal: str | Target) -> dict[str, Any]:
    found = asdict(choice)
    found["left_out"] = dict(choice.left_out)
    return found | ({"rate": goal.rate} if isinstance(goal, Target) else {})


def _choice_lines(choice: FeatureChoice) -> list[str]:
    head = f"{'feature':<34}{'bits':>8}{'shared':>8}{'stable':>8}"
    rows = [f"{c.name:<34}{c.bits:>8.3f}{c.shared:>8.3f}{c.stability:>8.0%}" for c in choice.chosen]
    return [f"Target: {choice.target}", choice.statement, head, *rows, *(f"Warning: {w}" for w in choice.warnings)]


def _numbers(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split(",") if part.strip())
    except ValueError:
        raise Refusal("bad_spec", f"{text!r} is not a list of days.", "Write 7,30,90,365.") from None
