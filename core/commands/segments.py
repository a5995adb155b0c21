"""Who the users are: RFM, the members of a rule, saved segments.

Give one of --rfm, --rule, --segment, --list, --rename, --delete. Rules: docs/rules.md.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from core.commands import Answer
from core.commands.times import moment
from core.errors import Refusal
from core.progress import Step
from core.segments import (
    DEFAULT_GRID,
    Grid,
    RfmResult,
    Rule,
    Segment,
    compile_rule,
    delete_segment,
    describe,
    explain_counts,
    get_segment,
    list_segments,
    members_csv,
    read_schema,
    rename_segment,
    rfm,
    rule_from_json,
    rule_to_json,
    save_segment,
    saved_segments,
)
from core.store import Store, close_workspace, open_workspace

NAME = "segments"
_MOST_BYTES = 5_000_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's own arguments."""
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--rfm", action="store_true", help="buyers by recency, frequency and money")
    what.add_argument("--rule", metavar="FILE", help="members of the rule in a JSON file; - reads it from stdin")
    what.add_argument("--segment", metavar="NAME", help="members of a saved segment")
    what.add_argument("--list", action="store_true", help="every saved segment")
    what.add_argument("--rename", nargs=2, metavar=("NAME", "NEW"), help="give a saved segment another name")
    what.add_argument("--delete", metavar="NAME", help="delete a saved segment")
    parser.add_argument(
        "--as-of", metavar="TIME", help="see the data up to this date or time (UTC), which is not included"
    )
    parser.add_argument("--grid", metavar="FILE", help="with --rfm: names of the 25 cells, as JSON {NAME: [CELLS]}")
    parser.add_argument("--out", metavar="CSV", help="write every member to this file")
    parser.add_argument("--save", metavar="NAME", help="keep the rule as a segment (pinned to --as-of, if given)")
    parser.add_argument("--replace", action="store_true", help="with --save: in place of a segment of that name")


def run(args: argparse.Namespace, step: Step) -> Answer:
    """Do the task; raises Refusal for anything a person can put right."""
    _check(args)
    rule = rule_from_json(_read(args.rule)) if args.rule else None
    grid = Grid.of(_grid(_read(args.grid))) if args.grid else DEFAULT_GRID
    store = open_workspace(args.workspace, create=False)
    try:
        as_of = moment(args.as_of)
        if args.rfm:
            return _rfm(rfm(store, as_of, grid, step=step))
        if args.list:
            return _list(store)
        if args.rename:
            saved = rename_segment(store, *args.rename)
            return Answer({"renamed": args.rename[0], "name": saved.segment.name}, f"Renamed to {saved.segment.name}.")
        if args.delete:
            delete_segment(store, args.delete)
            return Answer({"deleted": args.delete}, f"Deleted {args.delete}.")
        if rule is None:
            segment = get_segment(store, args.segment)
            rule, as_of = segment.rule, as_of or segment.as_of
        return _members(store, rule, as_of, args, step)
    finally:
        close_workspace(store)


def _members(store: Store, rule: Rule, as_of: datetime | None, args: argparse.Namespace, step: Step) -> Answer:
    counts = explain_counts(store, rule, as_of)
    query = compile_rule(rule, read_schema(store, saved=saved_segments(store)), as_of or store.as_of())
    result: dict[str, Any] = {
        "users": counts.users,
        "of": counts.of,
        "words": describe(rule),
        "rule": rule_to_json(rule),
        "as_of": _shown(as_of or store.as_of()),
        "conditions": [asdict(node) for node in counts.nodes],
        "sql": query.sql,
        "params": [str(value) if isinstance(value, datetime) else value for value in query.params],
    }
    lines = [f"{counts.users:,} of {counts.of:,} users: {describe(rule)}."]
    if len(counts.nodes) > 1:
        lines += [f"  {node.users:>10,}  {node.path}: {node.words}" for node in counts.nodes[1:]]
    if args.out:
        result["out"], result["rows"] = args.out, _write(store, rule, as_of, Path(args.out), step)
        lines.append(f"{result['rows']:,} {'row' if result['rows'] == 1 else 'rows'} written to {args.out}.")
    if args.save:
        save_segment(store, Segment(args.save, rule, moment(args.as_of)), replace=args.replace)
        result["saved"] = args.save
        lines.append(f"Saved as {args.save}.")
    return Answer(result, "\n".join(lines))


def _write(store: Store, rule: Rule, as_of: datetime | None, out: Path, step: Step) -> int:
    try:
        return members_csv(store, rule, out, as_of, step=step)
    except OSError as error:
        raise Refusal("cannot_write", f"{out} cannot be written: {error.strerror}.", "Name another file.") from None


def _rfm(found: RfmResult) -> Answer:
    if found.problem:
        raise Refusal("no_rfm", found.problem, "Load purchases with users and times, or choose a later --as-of.")
    result = {
        "segments": [asdict(s) for s in found.segments],
        "cells": [{"cell": c.cells[0], "name": c.name, "users": c.users, "share": c.share} for c in found.cells],
        "buyers": found.buyers,
        "users": found.users,
        "undated": found.undated,
        "as_of": _shown(found.as_of),
        "scores": {
            "recency_days": [asdict(b) for b in found.recency],
            "orders": [asdict(b) for b in found.frequency],
            "net_value": [asdict(b) for b in found.monetary],
        },
    }
    lines = [
        f"{found.buyers:,} buyers of {found.users:,} users, as of {_shown(found.as_of)}. Shares of buyers; medians.",
        f"{'segment':<22}{'users':>9}{'share':>8}{'days since':>12}{'orders':>8}{'net value':>12}{'of revenue':>12}",
    ]
    lines += [
        f"{s.name:<22}{s.users:>9,}{s.share:>8.1%}{_number(s.recency):>12}{_number(s.frequency):>8}"
        f"{_number(s.monetary):>12}{'-' if s.revenue_share is None else f'{s.revenue_share:.1%}':>12}"
        for s in found.segments
    ]
    return Answer(result, "\n".join(lines))


def _list(store: Store) -> Answer:
    result = []
    for saved in list_segments(store):
        segment = saved.segment
        users = explain_counts(store, segment.rule, segment.as_of).users
        result.append(
            {
                "name": segment.name,
                "users": users,
                "words": describe(segment.rule),
                "rule": rule_to_json(segment.rule),
                "as_of": _shown(segment.as_of),
                "created_at": _shown(saved.created_at),
                "updated_at": _shown(saved.updated_at),
            }
        )
    text = "\n".join(f"{s['users']:>9,}  {s['name']}: {s['words']}" for s in result) or "No segment has been saved yet."
    return Answer({"segments": result}, text)


def _check(args: argparse.Namespace) -> None:
    """Refuse options that the chosen task would silently leave aside."""
    asked = bool(args.rule or args.segment)
    idle = [f"--{name}" for name in ("out", "save", "replace") if getattr(args, name) and not asked]
    idle += ["--grid"] if args.grid and not args.rfm else []
    idle += ["--as-of"] if args.as_of and not (asked or args.rfm) else []
    if idle:
        raise Refusal("option_not_used", f"{idle[0]} says nothing to this task.", "See python -m core segments --help.")


def _read(source: str) -> str:
    try:
        if source == "-":
            return sys.stdin.read(_MOST_BYTES)
        path = Path(source)
        if path.stat().st_size > _MOST_BYTES:
            raise Refusal(
                "file_too_large", f"{source} is larger than {_MOST_BYTES // 1_000_000} MB.", "Is it the right one?"
            )
        return path.read_text("utf-8-sig")
    except OSError as error:
        raise Refusal("no_such_file", f"{source} cannot be read: {error.strerror}.", "Name a JSON file.") from None
    except UnicodeDecodeError:
        raise Refusal("not_text", f"{source} is not UTF-8 text.", "Save it as UTF-8.") from None


def _grid(text: str) -> dict[str, list[str]]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or not all(isinstance(cells, list) for cells in found.values()):
        raise Refusal(
            "bad_grid", "The grid is not a JSON object of lists.", 'Example: {"Recent": ["[4-5][1-5]"], ...}.'
        )
    return found


def _shown(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:,.2f}".rstrip("0").rstrip(".")
