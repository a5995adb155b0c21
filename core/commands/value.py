"""What users will buy and be worth: BG/NBD and Gamma-Gamma, with intervals, held against a hold-out period.

A purchase is a day (UTC) on which a user bought; ages run to the last whole day before --as-of.
"""

from __future__ import annotations

import argparse
import math
from dataclasses import asdict
from pathlib import Path
from typing import Any

from core.behaviour import UNITS
from core.commands import Answer
from core.commands.tables import number, percent, table
from core.commands.times import moment
from core.commands.written import check_place, written
from core.errors import Refusal
from core.predict import (
    DRAWS,
    FutureValue,
    Parameter,
    Total,
    ValueCheck,
    ValueSpec,
    future_value,
    value_bands,
    value_check,
    write_values,
)
from core.progress import Step
from core.store import close_workspace, open_workspace

NAME = "value"
_TOTALS = {
    "expected": "purchases (days with an order)",
    "active": "users who buy at all",
    "revenue": "their net worth",
    "value": "value (margin, discount)",
    "alive": "users who are customers still",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's own arguments."""
    parser.add_argument("--as-of", metavar="TIME", help="learn from what came before (UTC; default: all the data)")
    parser.add_argument("--unit", choices=UNITS, default="week", help="unit of time (default: week)")
    parser.add_argument("--horizon", type=int, default=13, metavar="N", help="units ahead (default: 13)")
    parser.add_argument("--margin", type=float, default=1.0, metavar="SHARE", help="profit of revenue (default: 1)")
    parser.add_argument("--discount", type=float, default=0.0, metavar="SHARE", help="by the year (default: 0)")
    parser.add_argument("--out", metavar="CSV", help="every buyer with what to expect of them")
    drawn = parser.add_mutually_exclusive_group()
    drawn.add_argument(
        "--bootstrap", type=int, default=DRAWS, metavar="N", help=f"resamplings of the users (default: {DRAWS})"
    )
    drawn.add_argument("--no-bootstrap", action="store_true", help="no intervals, quicker")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of all that is drawn (default: 0)")


def run(args: argparse.Namespace, step: Step) -> Answer:
    """Do the task; raises Refusal for anything a person can put right."""
    check_place(args.out)
    draws = 0 if args.no_bootstrap else args.bootstrap
    spec = ValueSpec(args.unit, args.horizon, args.margin, args.discount, draws, args.seed)
    as_of = moment(args.as_of)
    store = open_workspace(args.workspace, create=False)
    try:
        found = future_value(store, spec, as_of, step=step.part(0.0, 0.6))
        if found.problem:
            raise Refusal("no_value", found.problem, "See python -m core value --help.")
        check = value_check(store, spec, as_of, step=step.part(0.6, 1.0))
        result, lines = _result(found, check), _lines(found, check)
        if args.out:
            rows, said = written(args.out, lambda out: write_values(store, found, Path(out)))
            result |= {"out": args.out, "rows": rows}
            lines += ["", said]
    finally:
        close_workspace(store)
    return Answer(result, "\n".join(lines))


def _result(found: FutureValue, check: ValueCheck) -> dict[str, Any]:
    spec = found.spec
    return {
        "last_day": str(found.last_day),
        "end": str(found.end),
        "unit": spec.unit,
        "horizon": spec.horizon,
        "margin": spec.margin,
        "discount": spec.discount,
        "bootstrap": spec.draws,
        "users": found.users,
        "repeaters": found.repeaters,
        "purchases": found.purchases,
        "parameters": {p.name: p.value for p in found.rates},
        "intervals": {p.name: [p.low, p.high] for p in (*found.rates, *found.spend)},
        "loglik": found.loglik,
        "converged": found.converged,
        "gamma_gamma": _gamma_gamma(found),
        "expected": {
            "purchases": _total(found.expected),
            "active": _total(found.active),
            "alive": _total(found.alive),
            "revenue": _total(found.revenue),
            "value": _total(found.value),
        },
        "bands": [asdict(band) for band in value_bands(found)],
        "calibration": _records(check, "by_past"),
        "holdout": _holdout(check),
        "notes": list(found.notes),
    }


def _gamma_gamma(found: FutureValue) -> dict[str, Any]:
    if not found.spend:
        return {"problem": found.spend_problem}
    return {p.name: p.value for p in found.spend} | {
        "loglik": found.spend_loglik,
        "users": found.spend_users,
        "mean": found.mean_order,
        "correlation": found.correlation,
        "left_out": found.left_out,
        "problem": None,
    }


def _holdout(check: ValueCheck) -> dict[str, Any]:
    if check.problem:
        return {"problem": check.problem}
    told = check.predicted
    return {
        "from": str(check.cut),
        "until": str(check.until),
        "days": check.days,
        "after_as_of": check.after,
        "users": check.users,
        "actual": check.actual,
        "predicted": told.expected if told else None,
        "low": told.low if told else None,
        "high": told.high if told else None,
        "revenue_actual": check.revenue_actual,
        "revenue_predicted": check.revenue_predicted,
        "tracking": _records(check, "tracking"),
        "chances": _records(check, "chances"),
        "ways": _records(check, "ways"),
        "verdict": check.verdict,
        "words": check.words,
        "problem": None,
    }


def _records(check: ValueCheck, name: str) -> list[dict[str, Any]]:
    """Rows of a table of the check; what is not known is null."""
    rows = getattr(check, name).to_dict("records")
    return [{k: None if isinstance(v, float) and math.isnan(v) else v for k, v in row.items()} for row in rows]


def _total(total: Total | None) -> dict[str, float | None] | None:
    return None if total is None else asdict(total)


def _lines(found: FutureValue, check: ValueCheck) -> list[str]:
    lines = [
        f"{found.users:,} buyers up to {found.last_day}, {found.repeaters:,} of them on two days or more. "
        f"{found.spec.words[0].upper()}{found.spec.words[1:]}, to {found.end}:",
        "",
    ]
    totals = [(words, getattr(found, name)) for name, words in _TOTALS.items()]
    rows = [(words, _rounded(t.expected), _rounded(t.low), _rounded(t.high)) for words, t in totals if t is not None]
    lines += table(("expected", "", "low", "high"), rows)
    lines += ["", *table(("parameter", "", "low", "high"), [_shown(p) for p in (*found.rates, *found.spend)])]
    lines += [f"log-likelihood {found.loglik:,.1f} (BG/NBD, in {found.spec.unit}s)"]
    lines += [f"No values: {found.spend_problem}"] if found.spend_problem else []
    bands = [
        (band.name, f"{band.users:,}", number(band.low), number(band.high), number(band.total), percent(band.share))
        for band in value_bands(found)
    ]
    what = "value" if found.value else "purchases"
    lines += ["", *table((f"users by {what}", "users", "least", "most", "together", "of all"), bands)]
    lines += ["", *_told(check)]
    return [*lines, *(f"Note: {note}" for note in found.notes)]


def _told(check: ValueCheck) -> list[str]:
    if check.problem:
        return [f"No hold-out: {check.problem}"]
    rows = [
        (f"{row['past']}{'+' if row['past'] == check.by_past['past'].max() else ''}", f"{row['users']:,}",
         f"{row['predicted']:.2f}", f"{row['actual']:.2f}")
        for row in check.by_past.to_dict("records")
    ]  # fmt: skip
    return [
        f"Learned up to {check.cut}, held against the {check.days:,} days to {check.until}. {check.words}",
        *table(("repeat purchases before", "users", "foretold, each", "came, each"), rows),
    ]


def _rounded(value: float | None) -> str:
    return "-" if value is None else f"{value:,.0f}"


def _shown(parameter: Parameter) -> tuple[str, str, str, str]:
    value, low, high = ("-" if v is None else f"{v:,.4g}" for v in (parameter.value, parameter.low, parameter.high))
    return parameter.name, value, low, high
