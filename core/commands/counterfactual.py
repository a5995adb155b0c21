"""What would have to be different: without which past items an item would not be in a user's list.

Without --item it asks about the user's top recommendation. The model is fitted on all the data; nothing is stored.
"""

from __future__ import annotations

import argparse
from dataclasses import asdict

from core.commands import Answer
from core.commands.models_given import add_matrix_arguments, add_param_argument, matrix_of, models_of
from core.explain import Counterfactual, counterfactual
from core.progress import Step
from core.recommend import NAMES, FitSpec, fit, info
from core.store import close_workspace, open_workspace

NAME = "counterfactual"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's own arguments."""
    parser.add_argument(
        "--model", default="item-knn", metavar="M", help=f"one of {', '.join(NAMES)} (default item-knn)"
    )
    parser.add_argument("--user", required=True, metavar="U", help="the user's id, as in the file")
    parser.add_argument("--item", metavar="I", help="the item's id, as in the file (default: the first of the list)")
    parser.add_argument("--k", type=int, default=10, metavar="N", help="how long the list is (default 10)")
    add_param_argument(parser)
    add_matrix_arguments(parser)


def run(args: argparse.Namespace, step: Step) -> Answer:
    """Do the task; raises Refusal for anything a person can put right."""
    (model,) = models_of(args.model, args.param)[:1]
    store = open_workspace(args.workspace, create=False)
    try:
        fitted = fit(store, FitSpec(model, matrix_of(args), args.seed), step=step)
        found = counterfactual(store, fitted, args.user, args.item, args.k, step=step)
    finally:
        close_workspace(store)
    told = asdict(found)
    instead = [{"item": item, "label": label} for item, label in found.instead]
    return Answer(
        {**told, "model": found.model.model, "params": dict(found.model.params), "instead": instead}, _text(found)
    )


def _text(found: Counterfactual) -> str:
    lines = [
        f"{found.user}: {found.label} ({found.item}), by {info(found.model.model).plain} ({found.model.model}), "
        f"place {found.rank_before:,}.",
        found.sentence,
    ]
    if found.missing:
        lines += ["", f"Taken away, {len(found.missing):,} of {found.of:,} past items:"]
        lines += [f"  {one.label} ({one.item}){f': {one.note}' if one.note else ''}" for one in found.missing]
    if found.instead:
        lines += ["", "Comes into the list: " + ", ".join(f"{label} ({item})" for item, label in found.instead)]
    return "\n".join(lines)
