"""Whom would each model have chosen for an item, and how many of them took it: against simple yardsticks.

Judged at a past moment, by what happened after it. See docs/evaluation.md.
"""

from __future__ import annotations

import argparse
from typing import Any

from core.commands import Answer
from core.commands.models_given import add_matrix_arguments, add_param_argument, matrix_of, models_of
from core.evaluate import Audience, AudienceSpec, Measured, WayScore, audience, audience_to_json
from core.progress import Step
from core.recommend import NAMES, USUAL
from core.store import close_workspace, open_workspace

NAME = "audience"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's own arguments."""
    parser.add_argument(
        "--models",
        default=",".join(USUAL),
        metavar="A,B,...",
        help=f"of {', '.join(NAMES)}; or all (default: {', '.join(USUAL)})",
    )
    parser.add_argument("--size", type=int, default=500, metavar="N", help="users chosen for each item (default 500)")
    parser.add_argument("--item", action="append", default=[], metavar="I", help="judge this item; as often as needed")
    parser.add_argument("--by", metavar="COLUMN", help="judge categories, by this column of the items")
    parser.add_argument("--category", action="append", default=[], metavar="C", help="with --by: judge this category")
    parser.add_argument(
        "--event", metavar="E", help="what counts as taking it (default: purchase, where there are any)"
    )
    add_param_argument(parser)
    add_matrix_arguments(parser)


def run(args: argparse.Namespace, step: Step) -> Answer:
    """Do the task; raises Refusal for anything a person can put right."""
    question = AudienceSpec(
        models=models_of(args.models, args.param),
        matrix=matrix_of(args),
        size=args.size,
        of="category" if args.by else "item",
        column=args.by,
        targets=tuple(args.item),
        categories=tuple(args.category),
        event=args.event,
        seed=args.seed,
    )
    store = open_workspace(args.workspace, create=False)
    try:
        found = audience(store, question, step=step)
    finally:
        close_workspace(store)
    return Answer(_result(found), _text(found))


def _result(found: Audience) -> dict[str, Any]:
    told: dict[str, Any] = audience_to_json(found)
    return told


def _text(found: Audience) -> str:
    facts = found.facts
    lines = [
        f"{len(found.targets):,} {'categories' if found.spec.of == 'category' else 'items'} judged, "
        f"{found.spec.size:,} users chosen for each from {facts['users']:,}; took it: event '{found.event}' from "
        f"{str(facts['cut'])[:16]} to {str(facts['until'])[:16]} (UTC). Means; 95 % intervals over what is judged.",
        "",
        f"{'chosen by':<24}{'lift':>8}{'95 % interval':>18}{'precision':>11}{'recall':>9}",
    ]
    lines += [_line(way) for way in found.ways]
    return "\n".join([*lines, "", found.verdict, *(f"Note: {note}" for note in found.notes)])


def _line(way: WayScore) -> str:
    if way.lift is None or way.precision is None or way.recall is None:
        return f"{way.way:<24} {(way.problem or {}).get('message', 'no result')}"
    lift = f"{way.lift.value:>8.2f}{_interval(way.lift):>18}"
    return f"{way.way:<24}{lift}{way.precision.value:>11.2%}{way.recall.value:>9.1%}"


def _interval(value: Measured) -> str:
    return f"{value.low:.2f} to {value.high:.2f}"
