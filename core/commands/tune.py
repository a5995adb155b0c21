"""The best settings of models: many are tried on the part of the data that is for choosing, and told.

The search starts at the defaults (or what --param says) and never looks at the part of the data that `compare` reports
on. --save keeps the study, with what is done when it is cut short by Ctrl-C; --resume goes on with one.
"""

from __future__ import annotations

import argparse
from typing import Any

from core.commands import Answer
from core.commands.models_given import add_matrix_arguments, add_param_argument, matrix_of, models_of
from core.commands.written import check_place, written
from core.errors import Refusal
from core.evaluate import (
    METRICS,
    SAMPLERS,
    TUNE_SPLITS,
    Study,
    Trial,
    TuneSpec,
    get_study,
    go_on,
    param_importance,
    pareto_front,
    save_study,
    tune,
    write_trials,
)
from core.progress import Step
from core.recommend import NAMES, info
from core.store import Store, close_workspace, open_workspace

NAME = "tune"
_TRIALS = 30


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's own arguments."""
    parser.add_argument("--model", metavar="A[,B,...]", help=f"of {', '.join(NAMES)}: several share one study")
    parser.add_argument("--trials", type=int, metavar="N", help=f"how many settings to try (default {_TRIALS})")
    parser.add_argument("--minutes", type=float, metavar="T", help="try settings for so long")
    parser.add_argument(
        "--sampler",
        choices=SAMPLERS,
        default="tpe",
        help="learn from the trials before, draw, or go through all (default: %(default)s)",
    )
    parser.add_argument("--metric", choices=METRICS, default="ndcg", help="what to make high (default: %(default)s)")
    parser.add_argument(
        "--split",
        choices=TUNE_SPLITS,
        default="leave-last-out",
        help="how the part to choose by is held out (default: %(default)s)",
    )
    parser.add_argument("--k", type=int, default=10, metavar="N", help="length of the lists (default 10)")
    parser.add_argument(
        "--most-users", type=int, default=5_000, metavar="N", help="judge by at most so many users; 0: all (5,000)"
    )
    parser.add_argument(
        "--walk",
        default="",
        metavar="M.P,...",
        help="walk these settings alone: item-knn.shrink (default: all that are usually tuned)",
    )
    parser.add_argument("--steps", type=int, default=4, metavar="N", help="values of each number in a grid (default 4)")
    parser.add_argument("--no-prune", action="store_true", help="judge each by all users, also the hopeless")
    parser.add_argument("--save", action="store_true", help="keep the study in the workspace")
    parser.add_argument(
        "--resume", metavar="ID", help="go on with a kept study, for so many more --trials or --minutes"
    )
    parser.add_argument("--out", metavar="FILE", help="write the trials as CSV")
    add_param_argument(parser)
    add_matrix_arguments(parser)


def run(args: argparse.Namespace, step: Step) -> Answer:
    """Do the task; raises Refusal for anything a person can put right."""
    check_place(args.out)
    store = open_workspace(args.workspace, create=False)
    try:
        question = _resumed(store, args) if args.resume else _question(args)
        study, answer = tune(store, question, study_id=args.resume, step=step)
        study_id = None
        if args.save or args.resume:
            with store.atomic(data=False) as writer:
                study_id = save_study(writer, answer, args.resume)
    finally:
        close_workspace(store)
    result, text = _result(study, study_id), _text(study, study_id)
    if args.out:
        rows, said = written(args.out, lambda path: write_trials(study, path))
        result, text = {**result, "out": args.out, "rows": rows}, f"{text}\n{said}"
    return Answer(result, text)


def _question(args: argparse.Namespace) -> TuneSpec:
    if not args.model:
        raise Refusal("bad_tuning", "No model is named.", f"Give --model, of {', '.join(NAMES)}.")
    trials = _TRIALS if args.trials is None and args.minutes is None and args.sampler != "grid" else args.trials
    return TuneSpec(
        models=models_of(args.model, args.param),
        matrix=matrix_of(args),
        split=args.split,
        k=args.k,
        metric=args.metric,
        sampler=args.sampler,
        trials=trials,
        minutes=args.minutes,
        prune=not args.no_prune,
        seed=args.seed,
        most_users=args.most_users or None,
        walk=tuple(name.strip() for name in args.walk.split(",") if name.strip()),
        steps=args.steps,
    )


def _resumed(store: Store, args: argparse.Namespace) -> TuneSpec:
    stored = get_study(store, args.resume)
    if args.model and {m.model for m in stored.study.spec.models} != set(args.model.split(",")):
        raise Refusal("other_study", "This study is of other models.", "Leave --model out: the study says it.")
    trials = _TRIALS if args.trials is None and args.minutes is None else args.trials
    return go_on(stored, trials, args.minutes)


def _result(study: Study, study_id: str | None) -> dict[str, Any]:
    fronts = {
        "seconds": [t.number for t in pareto_front(study, "seconds")],
        "coverage": [t.number for t in pareto_front(study, "coverage")],
    }
    return {
        "study": study_id,
        "best": None if study.best is None else _trial(study.best),
        "best_by_model": {model: _trial(trial) for model, trial in study.best_by_model.items()},
        "trials": [_trial(t) for t in study.trials],
        "importance": {model: dict(shares) for model, shares in param_importance(study).items()},
        "front": fronts,
        "ended": study.ended,
        "metric": study.spec.metric,
        "sampler": study.spec.sampler,
        "split": study.split,
        "k": study.spec.k,
        "seed": study.spec.seed,
        "notes": list(study.notes),
        **dict(study.facts),
        "matrix": study.spec.matrix.as_json(),
    }


def _trial(trial: Trial) -> dict[str, Any]:
    names = ("value", "low", "high", "users", "coverage", "seconds_fit", "seconds_score", "start", "same_as", "why")
    told = {name: getattr(trial, name) for name in names}
    return {
        "trial": trial.number,
        "model": trial.spec.model,
        "state": trial.state,
        **told,
        "params": dict(trial.spec.params),
    }


def _text(study: Study, study_id: str | None) -> str:
    counts = {state: sum(t.state == state for t in study.trials) for state in ("complete", "pruned", "failed")}
    lines = [
        f"{len(study.trials):,} settings tried ({counts['pruned']:,} given up early, {counts['failed']:,} failed), "
        f"judged by {study.facts['users']:,} user{'' if study.facts['users'] == 1 else 's'}; split {study.split}; "
        f"lists of {study.spec.k}.",
        "",
    ]
    for model, best in study.best_by_model.items():
        start = study.start_of(model)
        before = f" (its start: {start.value:.4f})" if start and start.value is not None else ""
        lines.append(
            f"{info(model).plain} ({model}): {study.spec.metric} {best.value:.4f}{before}, trial {best.number}"
        )
        lines.append("  " + ", ".join(f"{name}={value}" for name, value in best.spec.params))
        shares = param_importance(study, model).get(model, {})
        if shares:
            lines.append("  what mattered: " + ", ".join(f"{name} {share:.0%}" for name, share in shares.items()))
    failed = [t for t in study.trials if t.state == "failed"]
    lines += [f"Trial {t.number} failed: {(t.why or {}).get('message', '')}" for t in failed[:3]]
    if study.ended == "stopped":
        lines.append("Cut short; what was done until then counts.")
    lines += [f"Note: {note}" for note in study.notes]
    if study_id:
        lines.append(f"Kept as study {study_id}: --resume {study_id} goes on with it.")
    return "\n".join(lines)
