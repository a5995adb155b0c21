"""Sections of the command attention: share, concentration, attention against outcome."""

from __future__ import annotations

import argparse
import math
from collections.abc import Mapping
from datetime import date
from typing import Any

import pandas as pd

from core.attention import (
    COUNT_DEFINITIONS,
    COUNT_WORDS,
    COUNTS,
    ITEM,
    MARGIN,
    Concentrated,
    Concentration,
    Outcome,
    OutcomeSpec,
    Share,
    ShareSpec,
    area_named,
    concentration,
    outcome,
    share,
)
from core.behaviour import Unit, Window
from core.commands.tables import number, percent, table
from core.errors import Refusal
from core.progress import Step
from core.store import Store

Section = tuple[str, dict[str, Any], list[str]]
SECTIONS = ("share", "concentration", "outcome")
_SHOWN = 15


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the three sections take."""
    parser.add_argument(
        "--by", metavar="WHAT", help="item (default), category, channel, device, campaign, or a column of your own"
    )
    parser.add_argument("--count", choices=COUNTS, help="what counts as attention (default: views, else all events)")
    parser.add_argument("--top", type=int, metavar="N", help="how many items or areas are named (default 7)")
    parser.add_argument(
        "--against", choices=("category", "all"), help="whose usual rate items are held to (default: their category's)"
    )
    parser.add_argument(
        "--margin", type=float, metavar="PART", help=f"how far off the usual rate counts (default {MARGIN:g}; 0 = any)"
    )


def sections(store: Store, window: Window, unit: Unit | None, args: argparse.Namespace, step: Step) -> list[Section]:
    """Share, concentration and outcome. Raises Refusal `no_such_area`, `bad_top`, `bad_margin`, `no_such_count`."""
    named = getattr(args, "by", None)
    area = area_named(store, named) if named else ITEM
    counts = getattr(args, "count", None)
    if counts is not None and counts not in COUNTS:
        raise Refusal("no_such_count", f"Attention is not counted in {counts!r}.", f"There are: {', '.join(COUNTS)}.")
    top = getattr(args, "top", None)
    margin = getattr(args, "margin", None)
    spec = OutcomeSpec(
        area,
        counts if counts in ("views", "looks", "dwell") else None,
        getattr(args, "against", None) or "category",
        MARGIN if margin is None else margin,
    )
    shares = share(store, ShareSpec(area, counts, 7 if top is None else top), unit, window, step=step.part(0, 0.3))
    spread = concentration(store, area, counts, unit, window, step=step.part(0.3, 0.5))
    against = outcome(store, spec, window, step=step.part(0.5, 1))
    return [_share(shares), _concentration(spread), _outcome(against)]


def _share(found: Share) -> Section:
    counts = found.spec.counts or "views"
    result: dict[str, Any] = {
        "by": found.spec.area.key, "counts": counts, "unit": found.unit, "total": found.total,
        "unnamed": found.unnamed, "areas_in_all": found.groups, "problem": found.problem, "note": found.note,
        "areas": _records(found.areas, ("id", "label", "value", "share")),
        "periods": _records(found.table, ("start", "end", "complete", "label", "value", "share", "low", "high")),
        "changed": [str(start) for start in found.changed or ()],
        "changes": _records(found.changes, ("label", "before", "share", "change", "low", "high")),
    }  # fmt: skip
    if found.problem:
        return "share", result, [found.problem]
    lines = [
        f"Share of attention ({COUNT_WORDS[counts]}) by {found.spec.area.name}: {number(found.total)} in all.",
        *table(
            (found.spec.area.name, COUNT_WORDS[counts].split(",")[0], "share"),
            [(r["label"], number(r["value"]), percent(r["share"])) for r in result["areas"]],
        ),
    ]
    if found.changed:
        lines += ["", f"The {found.unit} from {found.changed[1]} against the one before it (95 % intervals):"]
        lines += table(
            (found.spec.area.name, "before", "share", "change", "from", "to"),
            [
                (r["label"], *(percent(r["before"]), percent(r["share"])),
                 *(f"{100 * r[name]:+.1f} pt" for name in ("change", "low", "high")))
                for r in result["changes"]
                if None not in (r["before"], r["share"], r["low"])
            ],
        )  # fmt: skip
    return "share", result, [*lines, COUNT_DEFINITIONS[counts], *([found.note] if found.note else [])]


def _concentration(found: Concentrated) -> Section:
    result: dict[str, Any] = {
        "by": found.area.key, "counts": found.counts, "unit": found.unit, "problem": found.problem,
        "seen": _measures(found.seen), "known": _measures(found.known) if found.known else None,
        "periods": _records(found.trend, tuple(found.trend.columns)),
    }  # fmt: skip
    if found.problem:
        return "concentration", result, [found.problem]
    rows = [("with any attention", found.seen), *([("all there are", found.known)] if found.known else [])]
    head = ("over", "how many", "Gini", "by chance", "1/HHI", "top 1 %", "top 10 %", "half is in")
    cells = [
        (
            name, f"{one.things:,}", *(_digits(v) for v in (one.gini, one.gini_by_chance)), number(one.as_if),
            percent(one.top1), percent(one.top10), f"{one.half:,}",
        )
        for name, one in rows
    ]  # fmt: skip
    lines = [f"Concentration of attention ({COUNT_WORDS[found.counts]}) by {found.area.name}:", *table(head, cells)]
    if found.seen.few:
        lines.append("Few data: chance alone makes much of this Gini (see 'by chance').")
    return "concentration", result, lines


def _measures(one: Concentration) -> dict[str, Any]:
    return {
        "things": one.things, "total": one.total, "gini": one.gini, "gini_by_chance": one.gini_by_chance,
        "hhi": one.hhi, "as_if_evenly_over": one.as_if, "top1": one.top1, "top10": one.top10, "half": one.half,
        "few": one.few,
    }  # fmt: skip


def _outcome(found: Outcome) -> Section:
    called = found.table
    if found.judged:
        called = called[called["verdict"].isin(("over-watched", "under-watched"))]
    result: dict[str, Any] = {
        "by": found.spec.area.key, "attention": found.spec.attention, "against": found.spec.against,
        "margin": found.spec.margin, "judged": found.judged, "calls": dict(found.calls),
        "expected_wrong": found.expected_wrong,
        "usual": {group or "all": rate for group, rate in found.usual.items()},
        "total": found.total, "revenue": found.revenue, "rows_in_all": len(found.table),
        "rows": _records(called, tuple(found.table.columns[1:])),
        "note": found.note, "problem": found.problem,
    }  # fmt: skip
    if found.problem:
        return "outcome", result, [found.problem]
    name = found.spec.area.name
    if not found.judged:
        head = (name, str(found.spec.attention), "share", "net revenue", "share")
        lines = [f"Attention ({found.spec.attention}) against net revenue, by {found.spec.area.name}:"]
        lines += table(
            head,
            [
                (r["label"], number(r["attention"]), percent(r["attention_share"]), number(r["revenue"]),
                 percent(r["revenue_share"]))
                for r in result["rows"][:_SHOWN]
            ],
        )  # fmt: skip
        return "outcome", result, [*lines, *([found.note] if found.note else [])]
    calls = found.calls
    lines = [
        f"Attention against outcome: {calls['over-watched']:,} over-watched, {calls['under-watched']:,} under-watched, "
        f"{calls['as expected']:,} as expected, {calls['not judged']:,} never looked at by a known user."
        f" Of the calls {percent(found.expected_wrong)} are expected to be wrong."
    ]
    for verdict in ("over-watched", "under-watched"):
        rows = sorted(
            (r for r in result["rows"] if r["verdict"] == verdict), key=lambda r: -abs(float(r["missed"]))
        )[:_SHOWN]  # fmt: skip
        if rows:
            names = (verdict, "viewers", "buyers", "of viewers", "from", "to", "usual", "missed buyers", "in money")
            lines += ["", *table(names, [_row(r) for r in rows])]
    return "outcome", result, [*lines, *([found.note] if found.note else [])]


def _row(r: Mapping[str, Any]) -> tuple[str, ...]:
    rates = (percent(r[name]) for name in ("shrunk", "low", "high", "usual"))
    return (
        str(r["label"]),
        f"{r['viewers']:,}",
        f"{r['buyers']:,}",
        *rates,
        number(r["missed"]),
        number(r["missed_value"]),
    )


def _digits(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _records(frame: pd.DataFrame, columns: tuple[str, ...]) -> list[dict[str, Any]]:
    """Rows with plain values: what is not known as None, dates as text."""
    if frame.empty:
        return []
    return [
        {str(name): _plain(value) for name, value in row.items()} for row in frame[list(columns)].to_dict("records")
    ]


def _plain(value: Any) -> Any:
    if isinstance(value, date):
        return str(value)
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    return value.item() if hasattr(value, "item") else value
