"""Why a user is matched to an item: the past items and the similar users behind the score.

Without --item it explains the user's top recommendation. The model is fitted on all the data; nothing is stored.
"""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import Any

from core.commands import Answer
from core.commands.models_given import add_matrix_arguments, add_param_argument, matrix_of, models_of
from core.explain import LabelledView, Why, why
from core.progress import Step
from core.recommend import NAMES, FitSpec, fit, info
from core.store import close_workspace, open_workspace

NAME = "explain"
_SHOWN = 10


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's own arguments."""
    parser.add_argument("--model", required=True, metavar="M", help=f"one of {', '.join(NAMES)}")
    parser.add_argument("--user", required=True, metavar="U", help="the user's id, as in the file")
    parser.add_argument("--item", metavar="I", help="the item's id, as in the file")
    parser.add_argument("--most", type=int, metavar="N", help="list the N largest parts of each view (default: all)")
    add_param_argument(parser)
    add_matrix_arguments(parser)


def run(args: argparse.Namespace, step: Step) -> Answer:
    """Do the task; raises Refusal for anything a person can put right."""
    (model,) = models_of(args.model, args.param)[:1]
    question = FitSpec(model, matrix_of(args), args.seed)
    store = open_workspace(args.workspace, create=False)
    try:
        fitted = fit(store, question, step=step)
        found = why(store, fitted, args.user, args.item, most=args.most)
    finally:
        close_workspace(store)
    return Answer(_result(found), _text(found))


def _result(found: Why) -> dict[str, Any]:
    return {
        "user": found.user,
        "item": found.item,
        "label": found.label,
        "model": found.model.model,
        "params": dict(found.model.params),
        "score": found.score,
        "base": found.base,
        "seen": found.seen,
        "rank": found.rank,
        "views": {"items": _view(found.items), "users": _view(found.users)},
        "why": found.sentence,
        "spoke": [{"model": part.model.model, "share": part.share} for part in found.spoke],
    }


def _view(view: LabelledView) -> dict[str, Any]:
    told = asdict(view)
    return {
        **{k: told[k] for k in ("exact", "fidelity", "how", "others", "others_value")},
        "parts": list(told["parts"]),
    }


def _text(found: Why) -> str:
    lines = [
        f"{found.user}: {found.label} ({found.item}), by {info(found.model.model).plain} ({found.model.model}).",
        found.sentence,
        *([found.spoke_words] if found.spoke_words else []),
        f"Score {found.score:.6g}, base {found.base:.6g}. Scores of different models cannot be compared.",
    ]
    for view, title in ((found.items, "Past items"), (found.users, "Similar users")):
        said = (
            "exact: base and parts add up to the score" if view.exact else f"measured: {view.fidelity:.0%} of the score"
        )
        lines += ["", f"{title} ({said}). {view.how}"]
        lines += [
            f"{part.value:>14.6g}  {part.label}{f': {part.note}' if part.note else ''}" for part in view.parts[:_SHOWN]
        ]
        more = len(view.parts) + view.others - min(_SHOWN, len(view.parts))
        lines += [f"  and {more:,} more (--json lists them)"] if more else []
    return "\n".join(lines)
