"""How well ratings can be predicted: RMSE, MAE and MSE of several models on the same folds; or the formula of one pair.

With --user and --item the first model named is fitted on all ratings, and its prediction for the pair is taken apart.
"""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import Any

from core.commands import Answer
from core.commands.models_given import add_param_argument, given_params
from core.commands.written import check_place, written
from core.errors import Refusal
from core.evaluate import (
    RATING_METRICS,
    RATING_SPLITS,
    RatingsComparison,
    RatingScore,
    RatingsSpec,
    compare_ratings,
    write_ratings,
)
from core.explain import rating_why
from core.progress import Step
from core.recommend import RATING_NAMES, RatingWhy, Spec, build_ratings, make_rating, rating_info, rating_spec
from core.store import close_workspace, open_workspace

NAME = "predict-ratings"
_SHOWN = 10


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's own arguments."""
    parser.add_argument(
        "--models", default="all", metavar="A,B,...", help=f"of {', '.join(RATING_NAMES)}; or all (default: all)"
    )
    parser.add_argument("--folds", type=int, default=5, metavar="N", help="parts, 2 to 20 (default 5)")
    parser.add_argument(
        "--split",
        choices=RATING_SPLITS,
        default="folds",
        help="folds: each part is predicted from the others; time: the latest 1/N from those before (default: folds)",
    )
    parser.add_argument("--user", metavar="U", help="with --item: the formula of this pair, by the first model named")
    parser.add_argument("--item", metavar="I", help="the item's id, as in the file")
    parser.add_argument("--out", metavar="CSV", help="write the table of models to this file")
    add_param_argument(parser)


def run(args: argparse.Namespace, step: Step) -> Answer:
    """Do the task; raises Refusal for anything a person can put right."""
    if (args.user is None) != (args.item is None):
        raise Refusal("bad_arguments", "A formula needs a user and an item.", "Give both --user and --item.")
    check_place(args.out)
    models = _models(args.models, args.param, first=args.user is not None)
    store = open_workspace(args.workspace, create=False)
    try:
        if args.user is not None:
            r = build_ratings(store, step=step.part(0.0, 0.1))
            fitted = make_rating(models[0]).fit(r, seed=args.seed, step=step.part(0.1, 1.0))
            why = rating_why(store, fitted, args.user, args.item)
            return Answer(_formula(why, args, models[0]), _formula_text(why, args, models[0]))
        found = compare_ratings(store, RatingsSpec(models, args.folds, args.seed, args.split), step=step)
    finally:
        close_workspace(store)
    result, text = _result(found), _text(found)
    if args.out:
        rows, said = written(args.out, lambda path: write_ratings(found, path))
        result |= {"out": args.out, "rows": rows}
        text += f"\n{said}"
    return Answer(result, text)


def _models(names: str, params: list[str], *, first: bool) -> tuple[Spec, ...]:
    default = ("kernel",) if first else RATING_NAMES
    every = default if names.strip() == "all" else tuple(n.strip() for n in names.split(",") if n.strip())
    wanted = list(dict.fromkeys(every))
    if not wanted:
        raise Refusal("unknown_model", "No model is named.", f"Models of ratings: {', '.join(RATING_NAMES)}.")
    given = given_params({name: rating_info(name) for name in wanted}, params)
    return tuple(rating_spec(name, given[name]) for name in wanted)


def _result(found: RatingsComparison) -> dict[str, Any]:
    return {
        "models": [_model(m) for m in found.models],
        "folds": found.spec.folds,
        "seed": found.spec.seed,
        "split": found.split,
        **found.facts,
        "notes": list(found.notes),
        "differences": [asdict(d) for d in found.differences],
        "winner": found.verdict.winner,
        "tied": list(found.verdict.tied),
        "beats_baseline": list(found.verdict.beats_popularity),
        "verdict": found.verdict.text,
    }


def _model(m: RatingScore) -> dict[str, Any]:
    return {
        "model": m.label,
        **{name: m.metrics[name].value if name in m.metrics else None for name in RATING_METRICS},
        "seconds": m.seconds,
        "seconds_fit": m.seconds_fit,
        "seconds_predict": m.seconds_predict,
        "rmse_folds": list(m.each),
        "rmse_spread": m.spread,
        "intervals": {name: [value.low, value.high] for name, value in m.metrics.items()},
        "params": dict(m.spec.params),
        "problem": m.problem,
    }


def _text(found: RatingsComparison) -> str:
    facts = found.facts
    how = f"{found.spec.folds} folds" if found.split == "folds" else "the latest held out"
    lines = [
        f"{facts['ratings']:,} ratings from {facts['low']:g} to {facts['high']:g} by {facts['users']:,} users of "
        f"{facts['items']:,} items; {how}; {facts['judged']:,} judged.",
        "",
        f"{'model':<12}{'RMSE':>8}{'95 % interval':>20}{'MAE':>8}{'MSE':>8}{'fit s':>8}{'predict s':>11}",
    ]
    lines += [_line(m) for m in found.models]
    return "\n".join([*lines, "", found.verdict.text, *(f"Note: {note}" for note in found.notes)])


def _line(m: RatingScore) -> str:
    if m.problem or m.seconds_fit is None or m.seconds_predict is None:
        return f"{m.label:<12} {rating_info(m.spec.model).plain}: {(m.problem or {}).get('message', 'no result')}"
    rmse = m.metrics["rmse"]
    return (
        f"{m.label:<12}{rmse.value:>8.4f}{f'{rmse.low:.4f} to {rmse.high:.4f}':>20}{m.metrics['mae'].value:>8.4f}"
        f"{m.metrics['mse'].value:>8.4f}{m.seconds_fit:>8.2f}{m.seconds_predict:>11.2f}"
    )


def _formula(why: RatingWhy, args: argparse.Namespace, model: Spec) -> dict[str, Any]:
    return {
        "user": args.user,
        "item": args.item,
        "model": model.model,
        "params": dict(model.params),
        "prediction": why.prediction,
        "raw": why.raw,
        "clipped": why.clipped,
        "baseline": {"mean": why.mean, "user": why.user_bias, "item": why.item_bias},
        "neighbours": [
            {
                "of": n.of,
                "id": n.id,
                "label": n.label,
                "rating": n.rating,
                "expected": n.expected,
                "similarity": n.similarity,
                "part": n.part,
            }
            for n in why.neighbours
        ],
        "text": why.text,
    }


def _formula_text(why: RatingWhy, args: argparse.Namespace, model: Spec) -> str:
    lines = [f"{rating_info(model.model).plain}: user {args.user}, item {args.item}.", "", why.text]
    if why.neighbours:
        lines += ["", f"{'adds':>8}{'rating':>8}{'expected':>10}{'likeness':>10}"]
        lines += [
            f"{n.part:>+8.3f}{n.rating:>8.2f}{n.expected:>10.2f}{n.similarity:>10.3f}  {n.label}"
            for n in why.neighbours[:_SHOWN]
        ]
        rest = why.neighbours[_SHOWN:]
        if rest:
            lines.append(f"{sum(n.part for n in rest):>+8.3f}  {len(rest):,} more together")
    return "\n".join(lines)
