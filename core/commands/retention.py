"""Who comes back: cohorts of users by day, week or month, and how many return so many periods later.

With --days, --off or --now it is about how long events are kept instead, which has a command of its own now: keep.
"""

from __future__ import annotations

import argparse
from math import isnan
from pathlib import Path
from typing import Any, get_args

from core.behaviour import UNITS, Window
from core.commands import Answer, keep
from core.commands.retention_words import mean_lines, survival_lines
from core.commands.tables import day, percent, shown, table
from core.commands.times import moment
from core.commands.written import check_place, written
from core.errors import Refusal
from core.progress import Step
from core.retention import (
    ALL,
    Clock,
    Ends,
    Kind,
    Retain,
    Retention,
    Survive,
    named_way,
    read_brackets,
    retention,
    survival,
)
from core.segments import ANY_EVENT
from core.store import Store, close_workspace, open_workspace, write_records

NAME = "retention"
_COLUMNS = 13
_ROWS = 40


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's own arguments."""
    parser.add_argument("--unit", choices=UNITS, help="length of a cohort and of a period after it (default: month)")
    parser.add_argument(
        "--kind", choices=get_args(Kind), help="n-day (default): back in period N; unbounded: in N or later; bracket"
    )
    parser.add_argument("--brackets", metavar="RANGES", help="of kind bracket: such as 0,1-3,4-7,8-14,15-30")
    parser.add_argument(
        "--cohort", metavar="FIRST", help="first-event (default), first-purchase, or another kind of event: its first"
    )
    parser.add_argument("--by", metavar="COLUMN", help="channel, an attribute, the first item's category, a segment")
    parser.add_argument("--event", metavar="E", help="what counts as coming back (default: any but impressions)")
    parser.add_argument("--clock", choices=get_args(Clock), help="calendar periods (default), or from each own start")
    parser.add_argument("--periods", type=int, metavar="N", help="periods looked at after the start")
    parser.add_argument("--since", metavar="TIME", help="users who started from then on (UTC)")
    parser.add_argument("--until", metavar="TIME", help="as of then (default: the end of the data)")
    parser.add_argument("--survival", choices=get_args(Ends), help="days until users lapse, or buy again, instead")
    parser.add_argument("--silence", type=int, metavar="DAYS", help="of --survival lapse (default: learned)")
    parser.add_argument("--out", metavar="FILE", help="the whole table as CSV")
    keep.add_arguments(parser.add_argument_group("how long events are kept (see keep)"))  # type: ignore[arg-type]


def run(args: argparse.Namespace, step: Step) -> Answer:
    """Do the task; raises Refusal for anything a person can put right."""
    if args.days is not None or args.off or args.now or args.even_all:
        return keep.run(args, step)
    check_place(args.out)
    window = Window(moment(args.since), moment(args.until))
    store = open_workspace(args.workspace, create=False)
    try:
        if args.survival:
            return _survival(store, args, window, step)
        return _cohorts(store, args, window, step)
    finally:
        close_workspace(store)


def _cohorts(store: Store, args: argparse.Namespace, window: Window, step: Step) -> Answer:
    if args.silence is not None:
        raise Refusal("option_not_used", "--silence says nothing without --survival lapse.")
    if args.brackets and args.kind not in (None, "bracket"):
        raise Refusal("option_not_used", f"--brackets says nothing to --kind {args.kind}.", "Write --kind bracket.")
    question = Retain(
        unit=args.unit or "month",
        kind=args.kind or ("bracket" if args.brackets else "n-day"),
        start=_event(args.cohort),
        back=args.event or ANY_EVENT,
        by=args.by and named_way(store, args.by),
        clock=args.clock or "calendar",
        brackets=read_brackets(args.brackets) if args.brackets else (),
        periods=args.periods,
    )
    found = retention(store, question, window, step=step)
    if found.problem:
        raise Refusal("no_retention", found.problem, "Choose another period, or another --cohort.")
    result = {
        "unit": question.unit,
        "kind": question.kind,
        "clock": question.clock,
        "cohort": args.cohort or "first-event",
        "event": args.event,
        "by": question.by,
        "until": shown(found.known_until),
        "cohorts": _cohort_records(found),
        "mean": _mean_records(found),
    }
    lines = _lines(found)
    return _with_file(Answer(result, "\n".join(lines)), args, found.cells.to_dict("records"))


def _event(cohort: str | None) -> str:
    word = (cohort or "first-event").removeprefix("first-")
    return ANY_EVENT if word == "event" else word


def _cohort_records(found: Retention) -> list[dict[str, Any]]:
    parted = len(found.parts) > 1
    cells: dict[tuple[str, Any], list[dict[str, Any]]] = {}
    for row in found.cells.to_dict("records"):
        cells.setdefault((row["part"], row["cohort"]), []).append(
            {
                "n": _n(row["label"]),
                "users": int(row["users"]),
                "retained": int(row["returned"]),
                **_shares(row),
                "complete": bool(row["complete"]),
            }
        )
    return [
        {
            **({"part": row["part"]} if parted else {}),
            "cohort": row["start"].isoformat(),
            "size": int(row["size"]),
            "complete": bool(row["complete"]),
            "cells": cells.get((row["part"], row["start"]), []),
        }
        for row in found.cohorts.to_dict("records")
        if not parted or row["part"] != ALL
    ]


def _mean_records(found: Retention) -> list[dict[str, Any]]:
    parted = len(found.parts) > 1
    return [
        {
            **({"part": row["part"]} if parted else {}),
            "n": _n(row["label"]),
            **_shares(row),
            "cohorts": int(row["cohorts"]),
            "users": int(row["users"]),
        }
        for row in found.mean.to_dict("records")
        if not parted or row["part"] != ALL
    ]


def _n(label: str) -> int | str:
    return int(label) if label.isdecimal() else label


def _shares(row: dict[Any, Any]) -> dict[str, float | None]:
    return {name: _known(row[name]) for name in ("share", "low", "high")}


def _known(value: Any) -> Any:
    return None if isinstance(value, float) and isnan(value) else value


def _lines(found: Retention) -> list[str]:
    """The cohort table as text, or with parts the means of each."""
    if len(found.parts) > 1:
        return mean_lines(found)
    labels = [f"{low}" if low == high else f"{low}-{high}" for low, high in found.question.slots][:_COLUMNS]
    cells = {(row["cohort"], row["label"]): row for row in found.cells.to_dict("records")}
    rows = []
    for cohort in found.cohorts.to_dict("records")[:_ROWS]:
        told = [cells.get((cohort["start"], label)) for label in labels]
        rows.append(
            (
                cohort["start"].isoformat(), f"{cohort['size']:,}",
                *("" if c is None else percent(c["share"]) + ("" if c["complete"] else "*") for c in told),
            )
        )  # fmt: skip
    mean = {row["label"]: row for row in found.mean.to_dict("records")}
    rows.append(
        (
            "all",
            f"{found.cohorts['size'].sum():,}",
            *(percent(mean[label]["share"]) if label in mean else "" for label in labels),
        )
    )
    cut = len(found.cohorts) - _ROWS
    return [
        *table(("started", "users", *labels), rows),
        *([f"and {cut:,} later cohorts (--json and --out have all)"] if cut > 0 else []),
        f"* not over by {day(found.known_until)}: so far. Left out of the row all, which sums cohorts, not shares.",
    ]


def _survival(store: Store, args: argparse.Namespace, window: Window, step: Step) -> Answer:
    idle = [n for n in ("unit", "kind", "brackets", "event", "clock", "periods") if getattr(args, n) is not None]
    if idle:
        raise Refusal("option_not_used", f"--{idle[0]} says nothing to --survival.", "Leave it out.")
    asked = Survive(args.survival, args.silence, _event(args.cohort), args.by)
    found = survival(store, asked, window, step=step)
    if found.problem:
        raise Refusal("no_survival", found.problem, "Choose another period or --silence.")
    curves = [
        {**row, **{name: _known(row[name]) for name in ("low", "high")}} for row in found.curves.to_dict("records")
    ]
    result = {
        "survival": found.question.ends,
        "silence": found.question.silence,
        "learned": found.learned,
        "by": found.question.by,
        "unseen": found.unseen,
        "parts": [
            {name: _known(value) for name, value in row.items()}
            for row in found.medians.astype(object).to_dict("records")
        ],
        "tests": [{"a": t.a, "b": t.b, "statistic": t.statistic, "p": t.p} for t in found.tests],
        "curves": [row for row in curves if row["events"] or row["censored"] or row["day"] == 0],
    }
    return _with_file(Answer(result, "\n".join(survival_lines(found))), args, curves)


def _with_file(answer: Answer, args: argparse.Namespace, records: list[Any]) -> Answer:
    if not args.out:
        return answer
    plain = [{name: _known(value) for name, value in row.items()} for row in records]
    rows, said = written(args.out, lambda out: write_records(plain, Path(out)))
    return Answer(answer.result | {"out": args.out, "rows": rows}, f"{answer.text}\n{said}")
