"""Saved segments side by side, and one of them over time."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import Literal

from core.commands import Answer
from core.commands.tables import day, number, percent, shown, table
from core.commands.times import moment
from core.progress import Step
from core.segments import (
    ItemLift,
    Profile,
    describe,
    get_segment,
    is_constant,
    profiles,
    read_schema,
    saved_segments,
    sizes,
)
from core.store import Store

_ITEMS = 3  # told of each segment


def profile(store: Store, args: argparse.Namespace, step: Step) -> Answer:
    """Segments side by side. Raises Refusal `no_such_segment`, `bad_number_of_segments`, `same_segment_twice`."""
    asked = [get_segment(store, name) for name in args.profile]
    found = profiles(store, asked, moment(args.as_of), step=step)
    every = [found.everyone, *found.segments]
    head = ("", *(one.name for one in every))
    rows = [(label, *(_figure(one, name) for one in every)) for name, label in _FIGURES.items()]
    lines = [f"As of {day(found.as_of)}. Money in the currency of the files.", *table(head, rows)]
    for one in found.segments:
        lines += _liked(one.name, f"items they {found.took}", one.items)
        lines += _liked(one.name, str(found.category), one.categories)
    result = {
        "as_of": shown(found.as_of),
        "everyone": asdict(found.everyone),
        "segments": [asdict(one) for one in found.segments],
        "took": found.took,
        "category": found.category,
    }
    return Answer(result, "\n".join(lines))


def size(store: Store, args: argparse.Namespace, step: Step) -> Answer:
    """A segment's size over time. Raises Refusal `no_such_segment`, `bad_period`, BadRule."""
    segment = get_segment(store, args.size)
    unit: Literal["days", "weeks", "months"] = args.every or "weeks"
    points = sizes(store, segment, unit, 12 if args.points is None else args.points, moment(args.as_of), step=step)
    schema = read_schema(store, saved=saved_segments(store))
    fixed = is_constant(segment.rule, schema)
    rows = [(day(p.as_of), f"{p.users:,}", f"{p.seen:,}", f"{p.of:,}", percent(p.share)) for p in points]
    lines = [
        f"{segment.name} as of {len(points):,} moments (ends of {unit}, and the last): "
        f"{describe(segment.rule, schema)}.",
        *table(("as of", "members", "seen by then", "users seen by then", "share"), rows),
    ]
    if fixed:
        lines.append("Note: nothing that this segment looks at changes with time.")
    result = {
        "name": segment.name,
        "every": unit,
        "constant": fixed,
        "points": [{**asdict(p), "share": p.share} for p in points],
    }
    return Answer(result, "\n".join(lines))


_FIGURES = {
    "users": "users",
    "share": "of all users",
    "active": "active in the last 30 days",
    "retained": "of those before, still active",
    "buyers": "buyers",
    "repeat_rate": "buyers with 2 orders or more",
    "orders": "orders",
    "orders_each": "orders per buyer, mean",
    "revenue": "net revenue",
    "revenue_share": "of all net revenue",
    "value_each": "net revenue per user",
    "order_value": "net revenue per order",
    "recency": "days since last order, median",
    "last_seen": "days since last seen, median",
}
_SHARES = frozenset({"share", "retained", "repeat_rate", "revenue_share"})


def _figure(of: Profile, name: str) -> str:
    value = getattr(of, name)
    return percent(value) if name in _SHARES else number(value)


def _liked(name: str, what: str, things: tuple[ItemLift, ...]) -> list[str]:
    if not things:
        return []
    told = [
        f"  {one.label}: {percent(one.share)} of them, {percent(one.share_all)} of all; {one.lift:.1f} times as "
        f"likely (95 % {one.low:.1f} to {one.high:.1f})"
        for one in things[:_ITEMS]
    ]
    return ["", f"{name}, {what}:", *told]
