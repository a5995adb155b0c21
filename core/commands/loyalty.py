"""Who orders again, stages by month, a loyalty score with its parts, and who is slipping.

Orders are counted, never their lines. The score's parts and its check against what came after are part of the answer.
"""

from __future__ import annotations

import argparse
import math
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from core.behaviour import EVERYTHING, Window
from core.commands import Answer
from core.commands.loyalty_words import said
from core.commands.tables import shown
from core.commands.times import moment
from core.commands.written import check_place, written
from core.errors import Refusal
from core.loyalty import (
    PARTS,
    UNUSUAL,
    WITHIN,
    PauseLengths,
    Repeat,
    Score,
    ScoreCheck,
    Slipping,
    Stages,
    Weights,
    pauses,
    repeat,
    score,
    score_check,
    score_csv,
    slipping,
    slipping_check,
    slipping_csv,
    stages,
)
from core.progress import Step
from core.store import Store, close_workspace, open_workspace

NAME = "loyalty"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's own arguments."""
    parser.add_argument("--as-of", metavar="TIME", help="end of the data looked at (default: after the last event)")
    parser.add_argument("--out", metavar="CSV", help="all buyers with score and parts; with --slipping those who slip")
    parser.add_argument("--slipping", action="store_true", help="--out has those who are slipping, most at stake first")
    parser.add_argument(
        "--unusual", type=float, default=UNUSUAL, metavar="SHARE",
        help=f"slipping: at most this share of a buyer's own pauses is so long (default {UNUSUAL})",
    )  # fmt: skip
    parser.add_argument(
        "--weights", metavar="PART=N,...", help=f"of the score's parts (default: all equal): {', '.join(PARTS)}"
    )


def run(args: argparse.Namespace, step: Step) -> Answer:
    """Do the task; raises Refusal for anything a person can put right."""
    weights, end = _weights(args.weights), moment(args.as_of)
    if args.slipping and not args.out:
        raise Refusal("option_not_used", "--slipping says what --out holds, and no --out is given.", "Add --out CSV.")
    check_place(args.out)
    store = open_workspace(args.workspace, create=False)
    try:
        window = EVERYTHING if end is None else Window(None, _cut(store, end))
        found = (
            repeat(store, window, step=step.part(0, 0.2)), pauses(store, window), stages(store, window=window),
            score(store, weights, window), score_check(store, weights, window), slipping(store, args.unusual, window),
        )  # fmt: skip
        if found[0].problem:
            raise Refusal("no_loyalty", found[0].problem, "Load purchases with users, or choose a later --as-of.")
        became = slipping_check(store, args.unusual, window)
        result = {"as_of": shown(window.end or store.as_of()), **_repeat(found[0]), **_pauses(found[1]),
                  **_stages(found[2]), **_score(found[3], found[4], weights), **_slipping(found[5])}  # fmt: skip
        result["slipping"]["check"] = None if became is None else asdict(became)
        lines = said(*found, became)
        if args.out:
            rows, words = written(args.out, lambda out: _file(store, args, weights, window, out))
            result |= {"out": args.out, "rows": rows}
            lines += ["", words]
    finally:
        close_workspace(store)
    return Answer(result, "\n".join(lines))


def _file(store: Store, args: argparse.Namespace, weights: Weights, window: Window, out: Path) -> int:
    if args.slipping:
        return slipping_csv(store, out, args.unusual, window)
    return score_csv(store, out, weights, window)


def _cut(store: Store, end: datetime) -> datetime | None:
    last = store.as_of()
    if last is None:
        raise Refusal("no_times", "These events carry no time, so --as-of means nothing.", "Leave it out.")
    return min(end, last)


def _weights(text: str | None) -> Weights:
    """As `recency=2,value=1`; parts that are not named weigh nothing. Raises Refusal `bad_weights`."""
    if text is None:
        return Weights()
    given = dict.fromkeys(PARTS, 0.0)
    for piece in text.split(","):
        part, _, number = piece.partition("=")
        try:
            if part.strip() not in given:
                raise ValueError
            given[part.strip()] = float(number)
        except ValueError:
            hint = f"Write recency=2,value=1; parts: {', '.join(PARTS)}."
            raise Refusal("bad_weights", f"{piece!r} is not the weight of a part.", hint) from None
    return Weights(**given)


def _repeat(found: Repeat) -> dict[str, Any]:
    return {
        "repeat": {
            "buyers": found.buyers, "repeat": found.repeat, "rate": found.rate, "low": found.low, "high": found.high,
            "orders": found.orders, "by_orders": found.table.to_dict("records"), "fair": _records(found.fair),
        }
    }  # fmt: skip


def _pauses(found: PauseLengths) -> dict[str, Any]:
    told: dict[str, Any] = {"median": found.median, "q1": found.q1, "q3": found.q3, "ended": found.ended,
                            "going_on": found.going_on, "problem": found.problem}  # fmt: skip
    if found.problem is None:
        for days in WITHIN:
            known = found.again.within(days)
            told[f"within_{days}"] = None if known is None else dict(zip(("share", "low", "high"), known, strict=True))
        told |= {"by_number": _records(found.numbers), "histogram": _records(found.bars)}
    return {"pauses": told}


def _stages(found: Stages) -> dict[str, Any]:
    return {
        "stages": _records(found.sizes),
        "transitions": {
            "matrix": _records(found.matrix), "moves": _records(found.moves), "outlook": _records(found.outlook),
            "points": [shown(point) for point in found.points], "whole": list(found.whole),
            "thresholds": asdict(found.settings), "arrivals": found.arrivals, "problem": found.problem,
        },
    }  # fmt: skip


def _score(found: Score, check: ScoreCheck, weights: Weights) -> dict[str, Any]:
    return {
        "score": {
            "parts": found.shares, "weights": asdict(weights), "missing": found.missing, "breadth": found.breadth,
            "advocacy": list(found.advocacy), "buyers": found.buyers, "mean": found.mean, "median": found.median,
            "bands": _records(found.bands), "problem": found.problem,
            "check": {
                "at": shown(check.at), "days": check.days, "buyers": check.buyers, "again": check.again,
                "bands": _records(check.bands), "auc": check.auc, "auc_recency": check.auc_recency,
                "gain": check.gain, "rank": check.rank, "rank_recency": check.rank_recency,
                "verdict": check.verdict, "problem": check.problem,
            },
        }
    }  # fmt: skip


def _slipping(found: Slipping) -> dict[str, Any]:
    return {
        "slipping": {
            "users": found.users, "judged": found.judged, "unusual": found.unusual, "stake_per_30_days": found.stake,
            "shop": None if found.shop is None else asdict(found.shop), "listed": _records(found.listed),
            "problem": found.problem,
        }
    }  # fmt: skip


def _records(table: Any) -> list[dict[str, Any]]:
    """Rows as plain values; what is not known is None, since JSON has no NaN."""
    return [
        {str(key): None if isinstance(value, float) and math.isnan(value) else value for key, value in row.items()}
        for row in table.to_dict("records")
    ]  # fmt: skip
