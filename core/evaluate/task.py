"""The part of a comparison that computes: fit each model, make its lists, measure them. Runs in a worker.

Where the split is k-fold the models are fitted once for each fold, and a user's figures are averaged over the folds in
which the user is judged; what is said of lists as a whole is averaged over folds.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from core.errors import Refusal
from core.evaluate import bootstrap, metrics, verdict
from core.evaluate.beyond import Backdrop, each_user, shares_of, whole
from core.evaluate.codec import comparison_to_json
from core.evaluate.means import by_parts, means_beyond
from core.evaluate.ranking import Ranked, one_right, rank_all, rank_sampled
from core.evaluate.split import Portion, by_user
from core.evaluate.types import METRICS, CompareSpec, Comparison, Difference, ModelScore
from core.interactions import Array, Interactions, from_bytes
from core.progress import Step, no_step
from core.recommend import Recommender, Spec, make

_NDCG = METRICS.index("ndcg")


@dataclass(frozen=True, eq=False)
class Found:
    """What one model did: a figure for each user and metric, and of its lists as a whole; or why it did nothing.

    `beyond`: float64 (users, len(BEYOND)), NaN where it cannot be said. `places`: of these users among all judged.
    """

    label: str
    spec: Spec
    each: Array | None = None
    coverage: float | None = None
    novelty: float | None = None
    seconds_fit: float | None = None
    seconds_score: float | None = None
    problem: Mapping[str, str] | None = None
    beyond: Array | None = None
    whole: Mapping[str, float] = field(default_factory=dict)
    places: Array | None = None


def compare_task(
    params: dict[str, Any], arrays: Mapping[str, Array], folder: Path, step: Step = no_step
) -> dict[str, Any]:
    """`comparison_to_json` of the answer to the CompareSpec `params`.

    `arrays` as `prepare_compare` makes them. Leaves in `folder`: users.npy (int32, user_no of those judged) and for
    each model without a problem, n its place among the models, metrics_n.npy (float32, (users, len(METRICS))) and,
    where it was asked for, beyond_n.npy (float32, (users, len(BEYOND)), NaN where a figure cannot be said).
    """
    spec = CompareSpec.from_json(params)
    told = from_bytes(arrays["told"])
    user_nos = np.asarray(arrays["judged_users"])
    names = verdict.labels(spec.models)
    many = told["folds"] or 1
    rounds: list[list[Found]] = [[] for _ in names]
    for fold in range(many):
        part = _round(spec, arrays, told, user_nos, fold)
        for n, (label, model) in enumerate(zip(names, spec.models, strict=True)):
            done = fold * len(names) + n
            mine = step.part(0.9 * done / (many * len(names)), 0.9 * (done + 1) / (many * len(names)))
            rounds[n].append(_tried(label, model, part, spec, mine))
    found = [averaged(each, len(user_nos)) for each in rounds]
    np.save(folder / "users.npy", user_nos.astype(np.int32), allow_pickle=False)
    for n, one in enumerate(found):
        if one.each is not None:
            np.save(folder / f"metrics_{n}.npy", one.each.astype(np.float32), allow_pickle=False)
        if one.beyond is not None:
            np.save(folder / f"beyond_{n}.npy", one.beyond.astype(np.float32), allow_pickle=False)
    scores, differences = summed_up(found, len(user_nos), spec.seed, step.part(0.9, 0.96))
    said = verdict.judge(scores, differences, spec.k)
    apart = by_parts(found, told["people"], np.asarray(arrays["people"]), spec.seed, step.part(0.96, 1.0))
    answer = Comparison(
        *(spec, told["split"], tuple(told["notes"]), tuple(scores), tuple(differences), said, told["facts"], apart)
    )
    return comparison_to_json(answer)


@dataclass(frozen=True, eq=False)
class Round:
    """What models learn from and are judged by, once: the whole comparison, or one of its folds.

    Attributes:
        x: the fit part.
        rows: judged users, rows of `x`; places: where each stands among all judged users.
        relevant: CSR of ones (len(rows), n_items). held: the same before one item was drawn of each user.
        back: what lists are held against; None where nothing beyond accuracy is asked for.
    """

    x: Interactions
    rows: Array
    places: Array
    relevant: csr_matrix
    held: csr_matrix
    back: Backdrop | None


def _round(
    spec: CompareSpec, arrays: Mapping[str, Array], told: Mapping[str, Any], user_nos: Array, fold: int
) -> Round:
    x = Interactions.from_arrays(arrays)
    if told["folds"]:
        least = (spec.matrix.least_user_items, spec.matrix.least_item_users)
        parts = by_user(x, "k-fold", seed=spec.seed, least=least, portion=Portion(folds=spec.folds, fold=fold))
        x, rows, relevant = parts.fit, parts.users, parts.relevant
        drawn = np.isin(x.users.numbers[rows], user_nos)
        rows, relevant = rows[drawn], relevant[drawn]
    else:
        rows = x.users.rows(user_nos)
        indptr, indices = np.asarray(arrays["relevant_indptr"]), np.asarray(arrays["relevant_indices"])
        ones = np.ones(len(indices), dtype=np.float32)
        relevant = csr_matrix((ones, indices, indptr), shape=(len(rows), x.shape[1]))
    held = relevant
    if spec.candidates == "sampled":
        relevant = one_right(relevant, x.users.numbers[rows], x.items.numbers, spec.seed)
    places = np.searchsorted(user_nos, x.users.numbers[rows])
    return Round(x, rows, places, relevant, held, _backdrop(x, arrays, told) if spec.beyond else None)


def _backdrop(x: Interactions, arrays: Mapping[str, Array], told: Mapping[str, Any]) -> Backdrop:
    if not told["categories"]:
        return Backdrop(x)
    columns = x.items.rows(np.asarray(arrays["category_items"]))
    known = columns >= 0
    pairs = np.asarray(arrays["category_codes"])[known]
    return Backdrop(x, shares_of(x.shape[1], columns[known], pairs, told["categories"]))


def averaged(found: Sequence[Found], users: int) -> Found:
    """One model over all folds: each user's figures averaged over those in which the user was judged.

    The first problem stands for all: a model that fails in one fold has no figures.
    """
    first = found[0]
    broken = next((one for one in found if one.each is None or one.places is None), None)
    if broken is not None:
        return Found(first.label, first.spec, problem=broken.problem)
    if len(found) == 1:
        return first
    each, _ = _mean_over(found, [np.asarray(one.each) for one in found], users)
    beyond = None
    if first.beyond is not None:
        beyond, _ = _mean_over(found, [np.asarray(one.beyond) for one in found], users)
    novel = [one.novelty for one in found if one.novelty is not None]
    return Found(
        *(first.label, first.spec, each),
        coverage=float(np.mean([one.coverage for one in found])),
        novelty=float(np.mean(novel)) if novel else None,
        seconds_fit=sum(one.seconds_fit or 0.0 for one in found),
        seconds_score=sum(one.seconds_score or 0.0 for one in found),
        beyond=beyond,
        whole={name: float(np.mean([one.whole[name] for one in found if name in one.whole])) for name in first.whole},
    )


def _mean_over(found: Sequence[Found], values: Sequence[Array], users: int) -> tuple[Array, Array]:
    """float64 (users, columns), NaN where a user has no figure in any fold; and how many folds each has one in."""
    sums, many = np.zeros((users, values[0].shape[1])), np.zeros((users, values[0].shape[1]))
    for one, told in zip(found, values, strict=True):
        sums[one.places] += np.nan_to_num(told)
        many[one.places] += np.isfinite(told)
    return np.divide(sums, many, out=np.full(sums.shape, np.nan), where=many > 0), many


def summed_up(
    found: Sequence[Found], users: int, seed: int, step: Step = no_step
) -> tuple[list[ModelScore], list[Difference]]:
    """Means with intervals, and NDCG's difference of every pair, all on the same draws of users."""
    done = [one for one in found if one.each is not None]
    pairs = list(combinations(range(len(done)), 2))
    means: dict[str, Any] = {}
    differences: list[Difference] = []
    if done:
        values = np.concatenate([np.asarray(one.each) for one in done], axis=1)
        drawn = bootstrap.resampled_means(values, bootstrap.enough(len(pairs)), seed=seed, step=step)
        intervals = bootstrap.measured(values, drawn)
        width = len(METRICS)
        means = {one.label: dict(zip(METRICS, intervals[n * width :], strict=False)) for n, one in enumerate(done)}
        differences = _differences(done, pairs, values, drawn)
    beyond = means_beyond([one for one in done if one.beyond is not None], seed)
    scores = [
        ModelScore(
            label=one.label,
            spec=one.spec,
            metrics=means.get(one.label, {}),
            coverage=one.coverage,
            novelty=one.novelty,
            seconds_fit=one.seconds_fit,
            seconds_score=one.seconds_score,
            users=users,
            problem=one.problem,
            beyond=beyond.get(one.label, {}),
            whole=one.whole,
        )
        for one in found
    ]
    return scores, differences


def _differences(
    done: Sequence[Found], pairs: Sequence[tuple[int, int]], values: Array, drawn: Array
) -> list[Difference]:
    column = [n * len(METRICS) + _NDCG for n in range(len(done))]
    level = values[:, column].mean(axis=0)
    ordered = [(a, b) if level[a] >= level[b] else (b, a) for a, b in pairs]
    found = [bootstrap.paired(values, drawn, column[a], column[b]) for a, b in ordered]
    corrected = bootstrap.holm([p for _, p in found])
    return [
        Difference(done[a].label, done[b].label, "ndcg", by.value, by.low, by.high, p, p_holm)
        for (a, b), (by, p), p_holm in zip(ordered, found, corrected, strict=True)
    ]


def _tried(label: str, model: Spec, part: Round, spec: CompareSpec, step: Step) -> Found:
    """One model, fitted and measured; what it cannot do is told, and the others go on."""
    name = verdict.full_name(model, spec.models)
    x, rows = part.x, part.rows
    try:
        step.report(0.0, f"{name}: fitting")
        begin = time.perf_counter()
        fitted = make(model).fit(x, seed=spec.seed, step=_Named(step.part(0.0, 0.6), f"{name}: "))
        ready = time.perf_counter()
        step.report(0.6, f"{name}: making lists")
        lists = _lists(fitted, part, spec, _Named(step.part(0.6, 1.0), f"{name}: "))
        end = time.perf_counter()
        each = metrics.per_user(lists.items, part.relevant)
        takers = np.bincount(x.matrix.indices, minlength=x.shape[1])
        beyond = None if part.back is None else each_user(lists.items, rows, part.relevant, lists.auc, part.back)
        all_lists = {} if part.back is None else whole(lists.items, rows, part.back)
    except Refusal as refusal:
        return Found(label, model, problem=refusal.as_json())
    except MemoryError:
        return Found(label, model, problem=_too_large(name).as_json())
    return Found(
        *(label, model, each),
        coverage=metrics.coverage(lists.items, x.shape[1]),
        novelty=metrics.novelty(lists.items, takers, x.shape[0]),
        seconds_fit=ready - begin,
        seconds_score=end - ready,
        beyond=beyond,
        whole=all_lists,
        places=part.places,
    )


def _lists(fitted: Recommender, part: Round, spec: CompareSpec, step: Step) -> Ranked:
    if spec.candidates == "sampled":
        return rank_sampled(fitted, part.rows, spec.k, part.relevant, part.held, spec.seed, step=step)
    if spec.beyond:
        return rank_all(fitted, part.rows, spec.k, part.relevant, step=step)
    return Ranked(fitted.recommend(part.rows, spec.k, step=step).items, None)


class _Named(Step):
    """Says whose progress it is."""

    def __init__(self, step: Step, name: str) -> None:
        self._step, self._name = step, name

    def cancelled(self) -> bool:
        return self._step.cancelled()

    def _tell(self, share: float, note: str) -> None:
        self._step.report(share, self._name + (note or "at work"))


def _too_large(name: str) -> Refusal:
    return Refusal(
        "out_of_memory",
        f"{name} needs more memory than the machine could give.",
        "Choose a shorter period or a higher least activity, or compare the other models.",
    )
