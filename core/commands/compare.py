"""Which model finds the right items: several models on the same held-out behaviour.

Popularity is always in the comparison. Metrics, splits and the verdict: docs/evaluation.md.
"""

from __future__ import annotations

import argparse
from typing import Any

from core.commands import Answer
from core.commands.models_given import add_matrix_arguments, add_param_argument, matrix_of, models_of
from core.evaluate import (
    METRICS,
    SPLITS,
    CompareSpec,
    Comparison,
    ModelScore,
    by_words,
    compare,
    segment_rows,
    served_words,
)
from core.progress import Step
from core.recommend import NAMES, USUAL, info
from core.store import close_workspace, open_workspace

NAME = "compare"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's own arguments."""
    parser.add_argument(
        "--models",
        default=",".join(USUAL),
        metavar="A,B,...",
        help=f"of {', '.join(NAMES)}; or all (default: {', '.join(USUAL)})",
    )
    parser.add_argument(
        "--split",
        choices=SPLITS,
        default="leave-last-out",
        help="how the part to judge by is held out (default: %(default)s)",
    )
    parser.add_argument("--k", type=int, default=10, metavar="N", help="length of the lists (default 10)")
    parser.add_argument("--share", type=float, default=0.2, metavar="S", help="split share: how much (default 0.2)")
    parser.add_argument("--folds", type=int, default=5, metavar="N", help="split k-fold: how many (default 5)")
    parser.add_argument(
        "--sampled",
        action="store_true",
        help="one held-out item among 99 drawn: only to compare with published figures",
    )
    parser.add_argument("--beyond", action="store_true", help="AUC, diversity, serendipity, calibration and others too")
    parser.add_argument("--by", action="append", default=[], metavar="COLUMN", help="also by a column of users")
    parser.add_argument("--by-segment", action="append", default=[], metavar="NAME", help="also by a saved segment")
    parser.add_argument("--by-history", action="store_true", help="also by how long users' histories are")
    parser.add_argument("--most-users", type=int, metavar="N", help="judge at most so many users, drawn by the seed")
    add_param_argument(parser)
    add_matrix_arguments(parser)


def run(args: argparse.Namespace, step: Step) -> Answer:
    """Do the task; raises Refusal for anything a person can put right."""
    question = CompareSpec(
        models_of(args.models, args.param),
        matrix_of(args),
        args.split,
        args.k,
        args.seed,
        args.most_users,
        share=args.share,
        folds=args.folds,
        candidates="sampled" if args.sampled else "all",
        beyond=args.beyond,
        segments=(
            *(["history"] if args.by_history else []),
            *(f"column:{name}" for name in args.by),
            *(f"segment:{name}" for name in args.by_segment),
        ),
    )
    store = open_workspace(args.workspace, create=False)
    try:
        found = compare(store, question, step=step)
    finally:
        close_workspace(store)
    return Answer(_result(found), _text(found))


def _result(found: Comparison) -> dict[str, Any]:
    return {
        "models": [_model(m) for m in found.models],
        "split": found.split,
        "k": found.spec.k,
        "seed": found.spec.seed,
        **{name: found.facts[name] for name in found.facts},
        "users_skipped": found.facts["users_skipped"],
        "notes": list(found.notes),
        "differences": [
            {
                "a": d.a,
                "b": d.b,
                "metric": d.metric,
                "difference": d.difference,
                "low": d.low,
                "high": d.high,
                "p": d.p,
                "p_holm": d.p_holm,
            }
            for d in found.differences
        ],
        "winner": found.verdict.winner,
        "tied": list(found.verdict.tied),
        "beats_popularity": list(found.verdict.beats_popularity),
        "verdict": found.verdict.text,
        "matrix": found.spec.matrix.as_json(),
        "candidates": found.spec.candidates,
        "segments": segment_rows(found),
        "served": served_words(found),
    }


def _model(m: ModelScore) -> dict[str, Any]:
    return {
        "model": m.label,
        **{name: m.metrics[name].value if name in m.metrics else None for name in METRICS},
        "coverage": m.coverage,
        "novelty": m.novelty,
        "seconds_fit": m.seconds_fit,
        "seconds_score": m.seconds_score,
        "users": m.users,
        "params": dict(m.spec.params),
        "intervals": {name: [value.low, value.high] for name, value in m.metrics.items()},
        "problem": m.problem,
        "beyond": {name: value.value for name, value in m.beyond.items()} | dict(m.whole),
        "beyond_intervals": {name: [value.low, value.high] for name, value in m.beyond.items()},
    }


def _text(found: Comparison) -> str:
    facts = found.facts
    lines = [
        f"{facts['users']:,} users judged, {facts['users_skipped']:,} skipped (too little behaviour); "
        f"split {found.split}; lists of {found.spec.k}; means over users, NDCG with its 95 % interval.",
        "",
        f"{'model':<12}{'NDCG':>8}{'95 % interval':>20}{'recall':>8}{'prec.':>8}{'MAP':>8}{'MRR':>8}{'hit rate':>10}"
        f"{'coverage':>10}{'novelty':>9}{'fit s':>8}{'score s':>9}",
    ]
    lines += [_line(m) for m in found.models]
    if found.spec.beyond:
        lines += ["", *_beyond(found)]
    if found.segments:
        lines += ["", *_segments(found), "", served_words(found)]
    return "\n".join([*lines, "", found.verdict.text, *(f"Note: {note}" for note in found.notes)])


def _beyond(found: Comparison) -> list[str]:
    heads = {"auc": "AUC", "diversity": "diversity", "category_diversity": "categories", "serendipity": "serendip."}
    heads |= {"popularity": "popularity", "calibration": "calibr.", "gini": "Gini", "popularity_bias": "pop. bias"}
    lines = ["Beyond accuracy:", f"{'model':<12}" + "".join(f"{head:>12}" for head in heads.values())]
    for m in found.models:
        told = {name: value.value for name, value in m.beyond.items()} | dict(m.whole)
        if m.problem is None:
            cells = (f"{told[name]:>12.4f}" if name in told else f"{'-':>12}" for name in heads)
            lines.append(f"{m.label:<12}" + "".join(cells))
    return lines


def _segments(found: Comparison) -> list[str]:
    lines = [f"{'NDCG by segment':<44}{'model':<12}{'users':>8}{'NDCG':>8}{'95 % interval':>20}{'to all':>9}"]
    for one in found.segments:
        ndcg = one.metrics["ndcg"]
        lines.append(
            f"{f'{by_words(one.by)}: {one.part}':<43} {one.model:<12}{one.users:>8,}{ndcg.value:>8.4f}"
            f"{f'{ndcg.low:.4f} to {ndcg.high:.4f}':>20}{one.difference:>+9.4f}"
        )
    return lines


def _line(m: ModelScore) -> str:
    if m.problem or m.coverage is None or m.seconds_fit is None or m.seconds_score is None:
        return f"{m.label:<12} {info(m.spec.model).plain}: {(m.problem or {}).get('message', 'no result')}"
    value = {name: m.metrics[name].value for name in METRICS}
    ndcg = m.metrics["ndcg"]
    return (
        f"{m.label:<12}{ndcg.value:>8.4f}{f'{ndcg.low:.4f} to {ndcg.high:.4f}':>20}{value['recall']:>8.4f}"
        f"{value['precision']:>8.4f}{value['map']:>8.4f}{value['mrr']:>8.4f}{value['hit_rate']:>10.4f}"
        f"{m.coverage:>10.1%}{'-' if m.novelty is None else f'{m.novelty:.2f}':>9}"
        f"{m.seconds_fit:>8.2f}{m.seconds_score:>9.2f}"
    )
