"""How users come from one step to the next, where they are lost, and what those who go on do more often.

Steps: view,cart,purchase; with filters view[channel=email],purchase[item.brand=A|B]. The same event may stand twice.
"""

from __future__ import annotations

import argparse
import math
from typing import Any

import pandas as pd

from core.behaviour import EVERYTHING, Window
from core.commands import Answer
from core.commands.tables import percent, shown, table
from core.commands.times import moment
from core.commands.written import check_place, written
from core.errors import Refusal
from core.funnel import (
    By,
    FunnelBreakdown,
    FunnelSpec,
    MoreOften,
    StepFunnel,
    Trait,
    funnel_breakdown,
    more_often,
    read_span,
    read_steps,
    step_funnel,
    trait_words,
)
from core.progress import Step
from core.segments import list_segments, read_schema
from core.store import Store, close_workspace, open_workspace, write_records

NAME = "funnel"
_TOLD = 10
_STEP = (
    "step", "users", "share_of_first", "first_low", "first_high", "share_of_previous", "low", "high", "p25_seconds",
    "median_seconds", "p75_seconds", "lost",
)  # fmt: skip
_ODDS = (
    "step", "kind", "name", "value", "with_on", "with_off", "share_on", "share_off", "odds_ratio", "low", "high",
    "p_holm", "dated",
)  # fmt: skip


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's own arguments."""
    parser.add_argument("--steps", required=True, help="events in order, comma between; event[column=value] filters")
    parser.add_argument(
        "--order", choices=("ordered", "strict", "any"), default="ordered",
        help="others may come between (the default), the very next event must be the next step, or any order",
    )  # fmt: skip
    parser.add_argument("--within", metavar="TIME", help='from first step to last at most, as "7 days" (no limit)')
    parser.add_argument("--same", choices=("item", "category", "visit"), help="what all steps must share")
    parser.add_argument("--per", choices=("users", "visits"), default="users", help="count users, or each visit")
    parser.add_argument("--by", metavar="WHAT", help="a column of events or users, 'category', or a saved segment")
    parser.add_argument("--since", metavar="TIME", help="leave out what came before (UTC)")
    parser.add_argument("--until", metavar="TIME", help="and from this moment on")
    parser.add_argument("--out", metavar="FILE", help="write the table of steps (with --by, of values) as CSV")


def run(args: argparse.Namespace, step: Step) -> Answer:
    """Ask; raises Refusal for anything a person can put right."""
    check_place(args.out)
    since, until = moment(args.since), moment(args.until)
    window = EVERYTHING if since is None and until is None else Window(since, until)
    store = open_workspace(args.workspace, create=False)
    try:
        steps = read_steps(args.steps, read_schema(store))
        within = None if args.within is None else read_span(args.within)
        spec = FunnelSpec(steps, args.order, within, args.same, None, args.per)
        by = None if args.by is None else _by(store, args.by)
        found = step_funnel(store, spec, window, step=step)
        if found.problem:
            raise Refusal("no_funnel", found.problem)
        parted = None if by is None else funnel_breakdown(store, spec, by, window, step=step)
        places = range(len(steps) - 1) if found.window.end is not None else ()
        odds = [more_often(store, spec, place, window, progress=step) for place in places]
        result = _result(args, found, parted, odds)
        lines = _lines(found, parted, odds, args.by)
        if args.out:
            rows = result["breakdown"] if parted is not None else result["steps"]
            many, said = written(args.out, lambda out: write_records(rows, out))
            result |= {"out": args.out, "rows": many}
            lines += ["", said]
    finally:
        close_workspace(store)
    return Answer(result, "\n".join(lines))


def _by(store: Store, name: str) -> By:
    schema = read_schema(store)
    if name == "category":
        return By("category")
    if name in schema.event:
        return By("event", name)
    if name in schema.user:
        return By("user", name)
    held = {saved.segment.name.casefold(): saved.segment.name for saved in list_segments(store)}
    if name.casefold() in held:
        return By("segment", held[name.casefold()])
    known = ", ".join(["category", *schema.event, *schema.user, *held.values()])
    raise Refusal("bad_breakdown", f"Users cannot be parted by {name!r}.", f"Known here: {known}.")


def _result(
    args: argparse.Namespace, found: StepFunnel, parted: FunnelBreakdown | None, odds: list[MoreOften]
) -> dict[str, Any]:
    times = zip(("p25", "median", "p75"), found.convert, strict=True)
    name = found.table["step"]
    more = [{"step": name.iloc[each.step]} | row for each in odds for row in _records(each.table)]
    return {
        "from": shown(found.window.start),
        "until": shown(found.window.end),
        "order": args.order,
        "within": args.within,
        "same": found.spec.held,
        "per": args.per,
        "steps": [{key: _plain(row[key]) for key in _STEP} for row in _records(found.table)],
        "overall": {"share": found.overall, "low": found.low, "high": found.high}
        | {f"{quartile}_seconds": _plain(value) for quartile, value in times},
        "users": int(found.people[0]),
        "converted": int(found.people[1]),
        "by": args.by,
        "breakdown": [] if parted is None else [_cells(row, found) for row in _records(parted.table)],
        "more_often": [{key: _plain(row[key]) for key in _ODDS} for row in more],
    }


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(key): value for key, value in row.items()} for row in table.to_dict("records")]


def _cells(row: dict[str, Any], found: StepFunnel) -> dict[str, Any]:
    """A row of the breakdown; each step's count under its number and name."""
    names = {f"s{place}": f"{place + 1} {name}" for place, name in enumerate(found.table["step"])}
    return {names.get(key, key): _plain(value) for key, value in row.items()}


def _plain(value: Any) -> Any:
    """As JSON has it: NaN is null."""
    value = value.item() if hasattr(value, "item") else value
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _lines(found: StepFunnel, parted: FunnelBreakdown | None, odds: list[MoreOften], by: str | None) -> list[str]:
    unit = found.spec.per
    rows = [
        (
            row["step"], f"{row['users']:,}", percent(row["share_of_first"]), percent(_plain(row["share_of_previous"])),
            _between(row["low"], row["high"]), _time(row["median_seconds"]), f"{row['lost']:,}",
        )
        for row in _records(found.table)
    ]  # fmt: skip
    head = ("step", unit, "of first", "of step before", "95 % interval", "median time", "lost after")
    lines = table(head, rows)
    lines += ["", f"From first to last: {found.overall:.1%} ({_between(found.low, found.high)})."]
    if parted is not None:
        values = [
            (
                row["value"], f"{row['users']:,}", percent(_plain(row["share"])), _between(row["low"], row["high"]),
                percent(_plain(row["difference"])), _chance(row["p_holm"]),
            )
            for row in _records(parted.table)
        ]  # fmt: skip
        lines += ["", *table((str(by), unit, "to the end", "95 % interval", "against the rest", "p (Holm)"), values)]
    for each in odds:
        lines += _more_lines(each, found)
    return lines


def _more_lines(those: MoreOften, found: StepFunnel) -> list[str]:
    rows = _records(those.table)
    sure = [row for row in rows if row["p_holm"] < 0.05 and row["dated"]][:_TOLD]
    if not sure:
        return []
    said = [
        (
            trait_words(Trait(row["kind"], row["name"], row["value"])), percent(row["share_on"]),
            percent(row["share_off"]), f"{row['odds_ratio']:.2f}", f"{row['low']:.2f} to {row['high']:.2f}",
        )
        for row in sure
    ]  # fmt: skip
    name = found.table["step"].iloc[those.step]
    title = f"Went on after {name} ({those.went_on:,}), against those who did not ({those.dropped:,}):"
    return ["", title, *table(("by that moment", "went on", "did not", "odds ratio", "95 % interval"), said)]


def _between(low: float, high: float) -> str:
    return "-" if math.isnan(low) else f"{low * 100:.1f} to {high * 100:.1f} %"


def _chance(p: float) -> str:
    return "-" if math.isnan(p) else "< 0.001" if p < 0.001 else f"{p:.3f}"


def _time(seconds: float) -> str:
    if math.isnan(seconds):
        return "-"
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.0f} s"
