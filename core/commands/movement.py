"""How users moved from one moment to a later one: between RFM segments, stages, classes, segments, or a group's parts.

Everyone is in one row: where they were, and where they are.
"""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import Any

from core.commands import Answer
from core.commands.tables import day, percent, shown, table
from core.commands.times import moment
from core.commands.worth_arguments import (
    LOYALTY,
    abc_spec,
    add_worth_arguments,
    given,
    loyalty_settings,
    rfm_settings,
)
from core.commands.written import check_place, written
from core.errors import Refusal
from core.progress import Step
from core.segments import (
    NOT_SEEN,
    ByAbc,
    ByGroup,
    ByLoyalty,
    ByRfm,
    BySegments,
    Movement,
    Split,
    get_group,
    get_segment,
    movement,
    movement_csv,
)
from core.store import Store, close_workspace, open_workspace

NAME = "movement"
_NONE = "in none"
_MOVES = 15
_TAKEN_BY = {
    "cuts": ("rfm", "abc"),
    **dict.fromkeys(("grid", "scores", "monetary"), ("rfm",)),
    **dict.fromkeys(("measure", "event"), ("abc",)),
    **dict.fromkeys(LOYALTY, ("loyalty",)),
    "thresholds": ("rfm", "loyalty"),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's own arguments."""
    parser.add_argument(
        "--by", nargs="+", required=True, metavar="WHAT", help="rfm, loyalty, abc, segments NAME [NAME...], group NAME"
    )
    parser.add_argument("--from", dest="start", required=True, metavar="TIME", help="the earlier moment (UTC)")
    parser.add_argument("--to", dest="end", metavar="TIME", help="the later one (default: just after the last event)")
    parser.add_argument("--out", metavar="CSV", help="everyone: user_id, was, now")
    parser.add_argument(
        "--thresholds", choices=("end", "each"),
        help="cuts learned from the data: those of the end at both moments (default), or each moment's own",
    )  # fmt: skip
    add_worth_arguments(parser, "--by rfm", "--by loyalty", "--by abc")


def run(args: argparse.Namespace, step: Step) -> Answer:
    """Do the task; raises Refusal for anything a person can put right."""
    _check(args)
    check_place(args.out)
    start, end = moment(args.start), moment(args.end)
    assert start is not None
    store = open_workspace(args.workspace, create=False)
    try:
        found = movement(store, _split(store, args), start, end, fixed=args.thresholds != "each", step=step)
        result: dict[str, Any] = {
            "from": shown(found.start),
            "to": shown(found.end),
            "by": " ".join(args.by),
            "thresholds": args.thresholds or "end",
            "parts": list(found.parts),
            "bands": [asdict(band) for band in found.bands],
            "users": sum(band.users for band in found.bands),
        }
        lines = _lines(found)
        if args.out:
            rows, said = written(args.out, lambda out: movement_csv(store, found, out, step=step))
            result |= {"out": args.out, "rows": rows}
            lines += ["", said]
    finally:
        close_workspace(store)
    return Answer(result, "\n".join(lines))


def _check(args: argparse.Namespace) -> None:
    kind, *names = args.by
    if kind not in ("rfm", "loyalty", "abc", "segments", "group"):
        hint = "rfm, loyalty, abc, segments NAME [NAME...], or group NAME."
        raise Refusal("bad_split", f"Users cannot be parted by {kind!r}.", hint)
    wanted = {"segments": len(names) >= 1, "group": len(names) == 1}.get(kind, not names)
    if not wanted:
        hint = {"segments": "--by segments NAME NAME", "group": "--by group NAME"}.get(kind, f"--by {kind}")
        raise Refusal("bad_split", f"--by {' '.join(args.by)} is not understood.", f"Write {hint}.")
    idle = given(args, (name for name, kinds in _TAKEN_BY.items() if kind not in kinds))
    if idle:
        raise Refusal(
            "option_not_used", f"{idle[0]} says nothing to --by {kind}.", "See python -m core movement --help."
        )


def _split(store: Store, args: argparse.Namespace) -> Split:
    kind, *names = args.by
    match kind:
        case "rfm":
            return ByRfm(*rfm_settings(args))
        case "loyalty":
            return ByLoyalty(loyalty_settings(args))
        case "abc":
            return ByAbc(abc_spec(args))
        case "group":
            return ByGroup(get_group(store, names[0]).name)
        case _:
            return BySegments(tuple(get_segment(store, name).name for name in names))


def _lines(found: Movement) -> list[str]:
    """Each part at both moments, then the largest moves."""
    known = sum(band.users for band in found.bands)
    seen = sum(band.users for band in found.bands if band.was != NOT_SEEN)
    lines = [
        f"{known:,} known users, {day(found.start)} to {day(found.end)}; {seen:,} of them were seen by the start.", ""
    ]  # fmt: skip
    rows = []
    for part in (*found.parts, None):
        was = sum(band.users for band in found.bands if band.was == part)
        now = sum(band.users for band in found.bands if band.now == part)
        stayed = sum(band.users for band in found.bands if band.was == band.now == part)
        new = sum(band.users for band in found.bands if band.now == part and band.was == NOT_SEEN)
        rows.append(
            (
                part or _NONE, f"{was:,}", f"{stayed:,}", percent(stayed / was if was else None), f"{was - stayed:,}",
                f"{now - stayed - new:,}", f"{new:,}", f"{now:,}",
            )
        )  # fmt: skip
    head = ("part", "was", "stayed", "of was", "left it", "came to it", "first seen since", "now")
    moves = sorted((b for b in found.bands if b.was not in (b.now, NOT_SEEN)), key=lambda band: -band.users)
    told = [f"{band.users:>9,}  {band.was or _NONE} -> {band.now or _NONE}" for band in moves[:_MOVES]]
    lines += table(head, rows)
    if isinstance(found.split, ByGroup):
        lines += ["", "Note: a group has the same members at every moment; only users first seen since are new in it."]
    lines += ["", "Largest moves of those seen by the start:", *told] if told else ["", "Nobody moved."]
    lines += [f"{'':>11}and {len(moves) - _MOVES:,} more (--json has all)"] if len(moves) > _MOVES else []
    return lines
