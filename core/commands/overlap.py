"""Which users are in several saved segments at once, in exactly which, and how that compares with chance."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import Any

from core.commands import Answer
from core.commands.tables import day, percent, shown, table
from core.commands.times import moment
from core.commands.written import check_place, written
from core.progress import Step
from core.segments import Overlap, get_segment, overlap, overlap_csv
from core.store import close_workspace, open_workspace

NAME = "overlap"
_ROWS = 40


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's own arguments."""
    parser.add_argument("segments", nargs="+", metavar="NAME", help="saved segments, up to 12")
    parser.add_argument("--as-of", metavar="TIME", help="see the data up to this date or time (UTC), not included")
    parser.add_argument("--out", metavar="CSV", help="everyone in any of them: user_id, and 1 or 0 for each segment")


def run(args: argparse.Namespace, step: Step) -> Answer:
    """Do the task; raises Refusal for anything a person can put right."""
    check_place(args.out)
    as_of = moment(args.as_of)
    store = open_workspace(args.workspace, create=False)
    try:
        asked = [get_segment(store, name) for name in args.segments]
        found = overlap(store, asked, as_of, step=step)
        result: dict[str, Any] = {
            "as_of": shown(found.as_of),
            "known": found.known,
            "segments": [{"name": n, "users": u} for n, u in zip(found.names, found.sizes, strict=True)],
            "intersections": [{"segments": list(one.names), "users": one.users} for one in found.intersections],
            "pairs": [asdict(pair) for pair in found.pairs],
        }
        lines = _lines(found)
        if args.out:
            rows, said = written(args.out, lambda out: overlap_csv(store, asked, out, as_of, step=step))
            result |= {"out": args.out, "rows": rows}
            lines += ["", said]
    finally:
        close_workspace(store)
    return Answer(result, "\n".join(lines))


def _lines(found: Overlap) -> list[str]:
    """Sizes, exclusive intersections, and pairs, each once."""
    sizes = zip(found.names, found.sizes, strict=True)
    lines = [f"{found.known:,} known users, as of {day(found.as_of)}.", ""]
    lines += table(("segment", "users", "of all"), [(n, f"{u:,}", percent(_part(u, found.known))) for n, u in sizes])
    rows = [
        (f"{one.users:,}", percent(_part(one.users, found.known)), " and ".join(one.names) or "in none of them")
        for one in found.intersections
    ]
    lines += ["", "In exactly these segments and in no other of them:"]
    lines += [f"{users:>12}{share:>8}  {names}" for users, share, names in rows[:_ROWS]]
    lines += [f"{'':>22}and {len(rows) - _ROWS:,} more ways (--json has all)"] if len(rows) > _ROWS else []
    back = {(pair.first, pair.second): pair for pair in found.pairs}
    pairs = [
        (
            pair.first, pair.second, f"{pair.users:,}", percent(pair.share),
            percent(back[pair.second, pair.first].share), percent(pair.jaccard),
            "-" if pair.lift is None else f"{pair.lift:.2f}",
        )
        for pair in found.pairs
        if found.names.index(pair.first) < found.names.index(pair.second)
    ]  # fmt: skip
    if pairs:
        head = ("first", "second", "in both", "of first", "of second", "of either", "times chance")
        lines += ["", *table(head, pairs, left=2)]
    return lines


def _part(users: int, of: int) -> float | None:
    return users / of if of else None
