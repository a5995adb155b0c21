"""How well users with none, one or two items are served, and who would take an item that nobody has taken yet.

Users are taken out of the data and met again as if they were new; a part of the items is hidden. Nothing is stored.
"""

from __future__ import annotations

import argparse
from typing import Any

from core.commands import Answer
from core.commands.models_given import add_matrix_arguments, add_param_argument, matrix_of, models_of
from core.evaluate import SPLITS, ItemScore, Measured, Newcomers, NewcomersSpec, UserScore, newcomers
from core.progress import Step
from core.recommend import NAMES
from core.store import close_workspace, open_workspace

NAME = "newcomers"
_ROADS = {"popular": "bestsellers", "kind": "same kind of user", "folded": "folded in"}
_WAYS = {"content": "alike by description", "heavy": "users who do most", "chance": "chance"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's own arguments."""
    parser.add_argument(
        "--models",
        default="item-knn",
        metavar="A,B,...",
        help=f"whom short histories are put into: of {', '.join(NAMES)}; or all (default: %(default)s)",
    )
    parser.add_argument(
        "--split",
        choices=SPLITS,
        default="leave-last-out",
        help="which users are judged, and by what besides (default: %(default)s)",
    )
    parser.add_argument("--k", type=int, default=10, metavar="N", help="length of the lists (default 10)")
    parser.add_argument(
        "--most-users",
        type=int,
        default=2_000,
        metavar="N",
        help="judge at most so many users, and a third of all (default 2000)",
    )
    parser.add_argument(
        "--hide", type=float, default=0.1, metavar="SHARE", help="share of the items to hide (default 0.1)"
    )
    add_param_argument(parser)
    add_matrix_arguments(parser)


def run(args: argparse.Namespace, step: Step) -> Answer:
    """Do the task; raises Refusal for anything a person can put right."""
    question = NewcomersSpec(
        models_of(args.models, args.param),
        matrix_of(args),
        args.split,
        args.k,
        args.seed,
        args.most_users,
        args.hide,
    )
    store = open_workspace(args.workspace, create=False)
    try:
        found = newcomers(store, question, step=step)
    finally:
        close_workspace(store)
    return Answer(_result(found), _text(found))


def _result(found: Newcomers) -> dict[str, Any]:
    return {
        "users": [
            {
                "events": one.events,
                "model": one.label,
                "road": one.road,
                "ndcg": _value(one.ndcg),
                "hit_rate": _value(one.hit_rate),
                "ahead": _value(one.ahead),
                "p": one.p,
                "p_holm": one.p_holm,
                "intervals": {name: _range(getattr(one, name)) for name in ("ndcg", "hit_rate", "ahead")},
                "problem": one.problem,
            }
            for one in found.users
        ],
        "items": [
            {
                "way": one.way,
                "auc": one.auc.value,
                "lift": one.lift.value,
                "ahead": _value(one.ahead),
                "p": one.p,
                "intervals": {name: _range(getattr(one, name)) for name in ("auc", "lift", "ahead")},
            }
            for one in found.items
        ],
        "items_problem": found.items_problem,
        "verdict": found.verdict,
        "notes": list(found.notes),
        "facts": dict(found.facts),
        "split": found.split,
        "k": found.spec.k,
        "seed": found.spec.seed,
        "matrix": found.spec.matrix.as_json(),
    }


def _value(found: Measured | None) -> float | None:
    return None if found is None else found.value


def _range(found: Measured | None) -> list[float] | None:
    return None if found is None else [found.low, found.high]


def _text(found: Newcomers) -> str:
    lines = [
        f"{found.facts['users']:,} users met as if they were new; split {found.split}; lists of {found.spec.k}; means "
        "over users with their 95 % intervals.",
        "",
        f"{'items':<7}{'model':<22}{'road':<20}{'NDCG':>8}{'95 % interval':>20}{'hit rate':>10}{'ahead by':>10}",
        *(_user_line(one) for one in found.users),
    ]
    if found.items:
        facts = found.facts
        lines += ["", f"{facts['items_hidden']:,} items hidden, {facts['items_users']:,} users asked about:"]
        lines += [f"{'by':<22}{'AUC':>8}{'95 % interval':>20}{'lift at 5 %':>13}", *map(_item_line, found.items)]
    return "\n".join([*lines, "", found.verdict, *(f"Note: {note}" for note in found.notes)])


def _user_line(one: UserScore) -> str:
    head = f"{one.events:<7}{one.label:<22}{_ROADS[one.road]:<20}"
    if one.ndcg is None or one.hit_rate is None:
        return f"{head} {(one.problem or {}).get('message', 'no result')}"
    ahead = "-" if one.ahead is None else f"{one.ahead.value:+.4f}"
    between = f"{one.ndcg.low:.4f} to {one.ndcg.high:.4f}"
    return f"{head}{one.ndcg.value:>8.4f}{between:>20}{one.hit_rate.value:>10.4f}{ahead:>10}"


def _item_line(one: ItemScore) -> str:
    between = f"{one.auc.low:.3f} to {one.auc.high:.3f}"
    return f"{_WAYS[one.way]:<22}{one.auc.value:>8.3f}{between:>20}{one.lift.value:>13.2f}"
