"""The part of a comparison that computes: fit each model, make its lists, measure them. Runs in a worker."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from core.errors import Refusal
from core.evaluate import bootstrap, metrics, verdict
from core.evaluate.codec import comparison_to_json
from core.evaluate.types import METRICS, CompareSpec, Comparison, Difference, ModelScore
from core.interactions import Array, Interactions, from_bytes
from core.progress import Step, no_step
from core.recommend import Spec, make

_NDCG = METRICS.index("ndcg")


@dataclass(frozen=True, eq=False)
class Found:
    """What one model did: a figure for each user and metric, and of its lists as a whole; or why it did nothing."""

    label: str
    spec: Spec
    each: Array | None = None
    coverage: float | None = None
    novelty: float | None = None
    seconds_fit: float | None = None
    seconds_score: float | None = None
    problem: Mapping[str, str] | None = None


def compare_task(
    params: dict[str, Any], arrays: Mapping[str, Array], folder: Path, step: Step = no_step
) -> dict[str, Any]:
    """`comparison_to_json` of the answer to the CompareSpec `params`.

    `arrays` as `prepare_compare` makes them. Leaves in `folder`: users.npy (int32, user_no of those judged) and for
    each model without a problem metrics_LABEL.npy (float32, (users, len(METRICS))).
    """
    spec = CompareSpec.from_json(params)
    x = Interactions.from_arrays(arrays)
    rows = np.asarray(arrays["judged_rows"])
    indptr, indices = np.asarray(arrays["relevant_indptr"]), np.asarray(arrays["relevant_indices"])
    ones = np.ones(len(indices), dtype=np.float32)
    relevant = csr_matrix((ones, indices, indptr), shape=(len(rows), x.shape[1]))
    told = from_bytes(arrays["told"])
    found = []
    names = verdict.labels(spec.models)
    for n, (label, model) in enumerate(zip(names, spec.models, strict=True)):
        mine = step.part(0.9 * n / len(names), 0.9 * (n + 1) / len(names))
        found.append(_tried(label, model, x, rows, relevant, spec, mine))
    np.save(folder / "users.npy", x.users.numbers[rows].astype(np.int32), allow_pickle=False)
    for one in found:
        if one.each is not None:
            np.save(folder / f"metrics_{one.label}.npy", one.each.astype(np.float32), allow_pickle=False)
    scores, differences = summed_up(found, len(rows), spec.seed, step.part(0.9, 1.0))
    said = verdict.judge(scores, differences, spec.k)
    answer = Comparison(
        spec, told["split"], tuple(told["notes"]), tuple(scores), tuple(differences), said, told["facts"]
    )
    return comparison_to_json(answer)


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


def _tried(
    label: str, model: Spec, x: Interactions, rows: Array, relevant: csr_matrix, spec: CompareSpec, step: Step
) -> Found:
    """One model, fitted and measured; what it cannot do is told, and the others go on."""
    name = verdict.full_name(model, spec.models)
    try:
        step.report(0.0, f"{name}: fitting")
        begin = time.perf_counter()
        fitted = make(model).fit(x, seed=spec.seed, step=_Named(step.part(0.0, 0.6), f"{name}: "))
        ready = time.perf_counter()
        step.report(0.6, f"{name}: making lists")
        lists = fitted.recommend(rows, spec.k, step=_Named(step.part(0.6, 1.0), f"{name}: "))
        end = time.perf_counter()
        each = metrics.per_user(lists.items, relevant)
        takers = np.bincount(x.matrix.indices, minlength=x.shape[1])
    except Refusal as refusal:
        return Found(label, model, problem=refusal.as_json())
    except MemoryError:
        return Found(label, model, problem=_too_large(name).as_json())
    return Found(
        label,
        model,
        each,
        metrics.coverage(lists.items, x.shape[1]),
        metrics.novelty(lists.items, takers, x.shape[0]),
        ready - begin,
        end - ready,
    )


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
