"""Users by value: RFM, ABC classes, stages of loyalty."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from core.commands import Answer
from core.commands.tables import day, number, percent, shown, table
from core.commands.times import moment
from core.commands.worth_arguments import abc_spec, loyalty_settings, rfm_settings
from core.commands.written import written
from core.errors import Refusal
from core.progress import Step
from core.segments import abc, abc_csv, amount_words, loyalty, loyalty_csv, rfm, rfm_csv
from core.store import Store

_HINT = "Load purchases with users and times, or choose a later --as-of."


def rfm_scores(store: Store, args: argparse.Namespace, step: Step) -> Answer:
    """RFM of every buyer. Raises Refusal `no_rfm`."""
    as_of = moment(args.as_of)
    grid, settings = rfm_settings(args)
    found = rfm(store, as_of, grid, settings, step=step)
    if found.problem:
        raise Refusal("no_rfm", found.problem, _HINT)
    result = {
        "segments": [asdict(s) for s in found.segments],
        "cells": [{"cell": c.cells[0], "name": c.name, "users": c.users, "share": c.share} for c in found.cells],
        "buyers": found.buyers,
        "users": found.users,
        "undated": found.undated,
        "as_of": shown(found.as_of),
        "scores": {
            "recency_days": [asdict(b) for b in found.recency],
            "orders": [asdict(b) for b in found.frequency],
            "net_value": [asdict(b) for b in found.monetary],
        },
        "settings": asdict(found.settings),
    }
    head = ("segment", "users", "share", "days since", "orders", "net value", "of revenue")
    rows = [
        (
            s.name, f"{s.users:,}", percent(s.share), number(s.recency), number(s.frequency), number(s.monetary),
            percent(s.revenue_share),
        )
        for s in found.segments
    ]  # fmt: skip
    lines = [
        f"{found.buyers:,} buyers of {found.users:,} users, as of {shown(found.as_of)}. Shares of buyers; medians.",
        *table(head, rows),
    ]
    return _with_file(
        Answer(result, "\n".join(lines)), args, lambda out: rfm_csv(store, out, as_of, grid, settings, step=step)
    )


def abc_classes(store: Store, args: argparse.Namespace, step: Step) -> Answer:
    """Classes A, B, C. Raises Refusal `no_abc`, BadRule."""
    as_of, spec = moment(args.as_of), abc_spec(args)
    found = abc(store, spec, as_of, step=step)
    if found.problem:
        raise Refusal("no_abc", found.problem, "Choose another --measure or --event, or a later --as-of.")
    result = {
        "classes": [asdict(one) for one in found.classes],
        "measure": spec.measure,
        "event": spec.event,
        "cuts": list(spec.cuts),
        "measured": found.measured,
        "users": found.users,
        "total": found.total,
        "negative": found.negative,
        "top_fifth": found.top_fifth,
        "curve": [list(point) for point in found.curve],
        "as_of": shown(found.as_of),
    }
    what = amount_words(spec)
    head = ("class", "users", "share", "total", "of total", "lowest", "highest")
    rows = [
        (c.name, f"{c.users:,}", percent(c.share), number(c.total), percent(c.total_share), number(c.lowest),
         number(c.highest))
        for c in found.classes
    ]  # fmt: skip
    first, second = (f"{100 * cut:g} %" for cut in spec.cuts)
    lines = [
        f"{found.measured:,} of {found.users:,} users, by {what}, as of {day(found.as_of)}; "
        f"{number(found.total)} in all. A = the first {first} of it, B = to {second}.",
        *table(head, rows),
        f"The top 20 % of these users bring {percent(found.top_fifth)}.",
    ]
    if found.negative:
        lines.append(f"Users below zero (more returned than bought) are C: {number(found.negative)}, not in the total.")
    return _with_file(Answer(result, "\n".join(lines)), args, lambda out: abc_csv(store, spec, out, as_of, step=step))


def loyalty_stages(store: Store, args: argparse.Namespace, step: Step) -> Answer:
    """Stages of loyalty. Raises Refusal `no_loyalty`, BadRule."""
    as_of, settings = moment(args.as_of), loyalty_settings(args)
    found = loyalty(store, settings, as_of, step=step)
    if found.problem:
        raise Refusal("no_loyalty", found.problem, _HINT)
    result: dict[str, Any] = {
        "stages": [asdict(one) for one in found.stages],
        "thresholds": [asdict(one) for one in found.thresholds],
        "buyers": found.buyers,
        "users": found.users,
        "pauses": [asdict(one) for one in found.pauses],
        "pauses_ended": found.ended,
        "note": found.note,
        "as_of": shown(found.as_of),
    }
    head = ("stage", "users", "share", "days since", "orders", "net value", "of revenue")
    rows = [
        (s.name, f"{s.users:,}", percent(s.share), number(s.recency), number(s.orders), number(s.revenue),
         percent(s.revenue_share))
        for s in found.stages
    ]  # fmt: skip
    units = {"slipping_after": "days", "lost_after": "days", "loyal_orders": "orders", "new_within": "days"}
    lines = [
        f"{found.buyers:,} buyers of {found.users:,} users, as of {day(found.as_of)}. Shares of buyers; days and "
        "orders are medians, net value is the stage's sum.",
        *table(head, rows),
        "",
        *(f"{t.name.replace('_', ' ')}: {t.value:,} {units[t.name]}. {t.words}" for t in found.thresholds),
        *([f"Note: {found.note}"] if found.note else []),
    ]
    answer = Answer(result, "\n".join(lines))
    # the file goes by the thresholds of the answer
    return _with_file(answer, args, lambda out: loyalty_csv(store, out, found.settled, as_of, step=step))


def _with_file(answer: Answer, args: argparse.Namespace, write: Callable[[Path], int]) -> Answer:
    if not args.out:
        return answer
    rows, said = written(args.out, write)
    return Answer(answer.result | {"out": args.out, "rows": rows}, f"{answer.text}\n{said}")
