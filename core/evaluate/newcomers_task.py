"""The part of a check of newcomers that computes. Runs in a worker."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc
from scipy.sparse import csr_matrix

from core.errors import Refusal
from core.evaluate import bootstrap, metrics, verdict
from core.evaluate.newcomers_items import judge_items
from core.evaluate.newcomers_types import EVENTS, Newcomers, NewcomersSpec, UserRoad, UserScore, newcomers_to_json
from core.evaluate.newcomers_words import verdict_of
from core.evaluate.split import mixed
from core.evaluate.types import METRICS
from core.interactions import Array, Interactions, from_bytes
from core.progress import Step, no_step
from core.recommend import Recommender, Spec, best_of, make
from core.recommend import spec as model_spec

_NDCG, _HIT = METRICS.index("ndcg"), METRICS.index("hit_rate")
_BLOCK = 2_000_000  # scores held at a time


@dataclass(frozen=True, eq=False)
class Met:
    """Users met as if new: their rows, what they are left with (CSR, weights) and what they went on to take (ones).

    `seen` is row-aligned with `histories.data`, None without times.
    """

    rows: Array
    histories: csr_matrix
    relevant: csr_matrix
    seen: Array | None


@dataclass(frozen=True, eq=False)
class _Tried:
    events: int
    label: str
    road: UserRoad
    spec: Spec
    each: Array | None = None
    problem: Mapping[str, str] | None = None


def newcomers_task(
    params: dict[str, Any], arrays: Mapping[str, Array], folder: Path, step: Step = no_step
) -> dict[str, Any]:
    """`newcomers_to_json` of the answer to the NewcomersSpec `params`; `arrays` as `prepare_newcomers` makes them."""
    spec = NewcomersSpec.from_json(params)
    x = Interactions.from_arrays(arrays)
    rows = np.asarray(arrays["judged_rows"])
    indptr, indices = np.asarray(arrays["relevant_indptr"]), np.asarray(arrays["relevant_indices"])
    held = csr_matrix((np.ones(len(indices), dtype=np.float32), indices, indptr), shape=(len(rows), x.shape[1]))
    told = from_bytes(arrays["told"])
    order = None if told["split"] == "random" else x.first_seen
    met = {n: leave_with(x, rows, held, n, order, spec.seed) for n in EVENTS}
    tried = _all_roads(spec, without(x, rows), met, step.part(0.0, 0.7))
    users = scored(tried, len(rows), spec.seed, step.part(0.7, 0.8))
    items, problem, counts = judge_items(x, spec.hide, spec.seed, step.part(0.8, 1.0))
    facts = {**told["facts"], **counts, "users_kind": int(described(x, rows).sum())}
    text = verdict_of(users, items, problem, spec)
    answer = Newcomers(spec, told["split"], tuple(told["notes"]), tuple(users), items, problem, text, facts)
    return newcomers_to_json(answer)


def without(x: Interactions, rows: Array) -> Interactions:
    """`x` in its shape, with these rows emptied."""
    lengths = np.diff(x.matrix.indptr)
    gone = np.zeros(x.shape[0], dtype=bool)
    gone[rows] = True
    kept = ~np.repeat(gone, lengths)
    indptr = np.concatenate([[0], np.cumsum(np.where(gone, 0, lengths))]).astype(x.matrix.indptr.dtype)
    matrix = csr_matrix((x.matrix.data[kept], x.matrix.indices[kept], indptr), shape=x.shape)
    matrix.has_sorted_indices = True
    return replace(x, matrix=matrix, first_seen=None if x.first_seen is None else x.first_seen[kept])


def leave_with(x: Interactions, rows: Array, held: csr_matrix, n: int, order: Array | None, seed: int) -> Met:
    """The users `rows` with the first `n` of their items in `x` (by `order`, ties by column; None = drawn by the seed).

    Right is all the rest, in `x` or in `held` (their items that `x` does not have).
    """
    part = x.matrix[rows]
    lengths = np.diff(part.indptr)
    owner = np.repeat(np.arange(len(rows)), lengths)
    places = np.repeat(x.matrix.indptr[:-1][rows] - part.indptr[:-1], lengths) + np.arange(part.nnz)
    key = mixed(seed, x.users.numbers[rows][owner], x.items.numbers[part.indices]) if order is None else order[places]
    sequence = np.lexsort((part.indices, key, owner))
    turn = np.empty(part.nnz, dtype=np.int64)
    turn[sequence] = np.arange(part.nnz) - part.indptr[:-1][owner]
    first = turn < n
    indptr = np.concatenate([[0], np.cumsum(np.bincount(owner[first], minlength=len(rows)))])
    histories = csr_matrix((part.data[first], part.indices[first], indptr), shape=part.shape)
    rest = csr_matrix((np.ones((~first).sum(), np.float32), (owner[~first], part.indices[~first])), shape=part.shape)
    relevant = csr_matrix(rest + held)
    relevant.data[:] = 1
    relevant.sort_indices()
    return Met(rows, histories, relevant, None if x.first_seen is None else x.first_seen[places][first])


def described(x: Interactions, rows: Array) -> Array:
    """Bool (len(rows),): users of whom any attribute is known."""
    side = x.user_side
    if side is None or not side.num_columns:
        return np.zeros(len(rows), dtype=bool)
    known = [pc.is_valid(column).to_numpy(zero_copy_only=False) for column in side.itercolumns()]
    return np.asarray(np.any(known, axis=0)[rows])


def _all_roads(spec: NewcomersSpec, rest: Interactions, met: Mapping[int, Met], step: Step) -> list[_Tried]:
    """Popularity first, for each number of events."""
    found: dict[int, list[_Tried]] = {n: [] for n in met}
    everyone: list[tuple[str, UserRoad]] = [("popular", "popular")]
    if described(rest, met[0].rows).any():
        everyone.append(("demographic", "kind"))
    names = verdict.labels(spec.models)
    ways = [(name, road, model_spec(name)) for name, road in everyone]
    ways += [(label, "folded", model) for label, model in zip(names, spec.models, strict=True)]
    for place, (label, road, model) in enumerate(ways):
        mine = step.part(place / len(ways), (place + 1) / len(ways))
        for one in _road(label, road, model, rest, met, spec, mine):
            found[one.events].append(one)
    return [one for n in sorted(found) for one in found[n]]


def _road(
    label: str, road: UserRoad, model: Spec, rest: Interactions, met: Mapping[int, Met], spec: NewcomersSpec, step: Step
) -> list[_Tried]:
    """One road for each number of events; what it cannot do is told, and the others go on."""
    asked = [n for n in met if n or road != "folded"]
    try:
        step.report(0.0, f"{label}: fitting")
        fitted = make(model).fit(rest, seed=spec.seed, step=step.part(0.0, 0.7))
        if road == "folded" and fitted.scores_everyone:
            asked = list(met)  # a blend that has an answer for those without any item
        return [_Tried(n, label, road, model, _listed(fitted, road, met[n], spec.k)) for n in asked]
    except Refusal as refusal:
        return [_Tried(n, label, road, model, problem=refusal.as_json()) for n in asked]


def _listed(model: Recommender, road: UserRoad, met: Met, k: int) -> Array:
    """float64 (users, 2): NDCG and hit rate of each user's list."""
    n, width = met.histories.shape
    items = np.full((n, k), -1, dtype=np.int32)
    size = max(1, _BLOCK // max(1, width))
    for begin in range(0, n, size):
        part = slice(begin, min(n, begin + size))
        histories = met.histories[part]
        if road == "folded":
            seen = None if met.seen is None else met.seen[met.histories.indptr[begin] : met.histories.indptr[part.stop]]
            scores = model.fold(histories, seen=seen)
        else:
            scores = model.score(met.rows[part])
        items[part] = best_of(scores, histories, k)[0]
    return metrics.per_user(items, met.relevant)[:, [_NDCG, _HIT]]


def scored(tried: Sequence[_Tried], users: int, seed: int, step: Step = no_step) -> list[UserScore]:
    """Means with intervals, and how far each is from popularity, all on the same draws of users."""
    done = [one for one in tried if one.each is not None]
    values = np.concatenate([np.asarray(one.each) for one in done], axis=1)
    drawn = bootstrap.resampled_means(values, bootstrap.enough(len(done)), seed=seed, step=step)
    intervals = bootstrap.measured(values, drawn)
    yardstick = {one.events: 2 * place for place, one in enumerate(done) if one.road == "popular"}
    against = {
        place: bootstrap.paired(values, drawn, 2 * place, yardstick[one.events])
        for place, one in enumerate(done)
        if one.road != "popular"
    }
    corrected = dict(zip(against, bootstrap.holm([p for _, p in against.values()]), strict=True))
    found = []
    for one in tried:
        plain = (one.events, one.label, one.road, one.spec)
        if one.each is None:
            found.append(UserScore(*plain, None, None, problem=one.problem))
            continue
        place = next(n for n, other in enumerate(done) if other is one)
        ahead, p = against.get(place, (None, None))
        ndcg, hit_rate = intervals[2 * place], intervals[2 * place + 1]
        found.append(UserScore(*plain, ndcg, hit_rate, ahead, p, corrected.get(place)))
    return found
