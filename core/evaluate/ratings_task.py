"""Models of ratings on the same folds: fit, predict what was held out, measure. Runs in a worker."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import Refusal
from core.evaluate import bootstrap, verdict
from core.evaluate.ratings_types import RATING_METRICS, RatingsComparison, RatingScore, RatingsSpec, ratings_to_json
from core.evaluate.ratings_words import judge_ratings, rating_full_name, split_notes
from core.evaluate.types import Difference, Measured
from core.interactions import Array
from core.progress import Step, no_step
from core.recommend import Ratings, RatingsSize, Spec, make_rating


@dataclass(frozen=True, eq=False)
class _Found:
    """What one model predicted (NaN where nothing was asked), and how long it took; or why not."""

    label: str
    spec: Spec
    predicted: Array | None = None
    seconds_fit: float | None = None
    seconds_predict: float | None = None
    problem: Mapping[str, str] | None = None


def ratings_task(
    params: dict[str, Any], arrays: Mapping[str, Array], folder: Path, step: Step = no_step
) -> dict[str, Any]:
    """`ratings_to_json` of the answer to the RatingsSpec `params`; `arrays` are those of `Ratings.to_arrays`."""
    return ratings_to_json(measure_ratings(RatingsSpec.from_json(params), Ratings.from_arrays(arrays), step))


def measure_ratings(spec: RatingsSpec, r: Ratings, step: Step = no_step) -> RatingsComparison:
    """Fit and judge every model on the same parts. Raises Refusal `too_few_ratings`."""
    of, split = dealt(r, spec)
    names = verdict.labels(spec.models)
    found = []
    for n, (label, model) in enumerate(zip(names, spec.models, strict=True)):
        mine = step.part(0.95 * n / len(names), 0.95 * (n + 1) / len(names))
        found.append(_tried(label, model, r, of, spec.seed, mine))
    judged, size = of >= 0, RatingsSize.of(r)
    scores, differences = _summed_up(found, r, of, spec.seed, step.part(0.95, 1.0))
    facts = {
        "ratings": len(r),
        "users": r.shape[0],
        "items": r.shape[1],
        "judged": int(judged.sum()),
        **_unknown(r, of),
        "low": r.low,
        "high": r.high,
        "mean": r.mean,
        "version": r.version,
        "by_users": size.by_users,
        "by_items": size.by_items,
    }
    said = judge_ratings(scores, differences, int(judged.sum()))
    if r.low == r.high:
        said = replace(
            said, winner=None, beats_popularity=(), text=f"Every rating is {r.low:g}: there is nothing to predict."
        )
    notes = split_notes(spec, split, facts)
    return RatingsComparison(spec, split, notes, tuple(scores), tuple(differences), said, facts)


def dealt(r: Ratings, spec: RatingsSpec) -> tuple[Array, Any]:
    """int64 (n,): the fold in which each rating is held out, -1 = in none; and the split that was used.

    Raises Refusal `too_few_ratings`: a fold would be empty, or nothing be left to learn from.
    """
    if len(r) < spec.folds:
        raise Refusal(
            "too_few_ratings",
            f"{len(r):,} {'rating' if len(r) == 1 else 'ratings'} cannot be dealt into {spec.folds} parts.",
            "Load more ratings, or ask for fewer folds.",
        )
    if spec.split == "time" and r.times is not None:
        order = np.lexsort((r.items, r.users, r.times))
        of = np.full(len(r), -1, dtype=np.int64)
        of[order[len(r) - max(1, len(r) // spec.folds) :]] = 0
        return of, "time"
    return np.random.default_rng(spec.seed).permutation(len(r)) % spec.folds, "folds"


def _tried(label: str, model: Spec, r: Ratings, of: Array, seed: int, step: Step) -> _Found:
    name = rating_full_name(model)
    predicted = np.full(len(r), np.nan)
    fitting = predicting = 0.0
    folds = int(of.max()) + 1
    try:
        for fold in range(folds):
            out = of == fold
            part = r.only(~out)
            mine = step.part(fold / folds, (fold + 1) / folds)
            mine.report(0.0, f"{name}: part {fold + 1} of {folds}")
            begin = time.perf_counter()
            fitted = make_rating(model).fit(part, seed=seed, step=mine.part(0.0, 0.8))
            ready = time.perf_counter()
            predicted[out] = fitted.predict(r.users[out], r.items[out])
            fitting, predicting = fitting + ready - begin, predicting + time.perf_counter() - ready
    except Refusal as refusal:
        return _Found(label, model, problem=refusal.as_json())
    except MemoryError:
        told = Refusal(
            "out_of_memory", f"{name} needs more memory than the machine could give.", "Compare the other models."
        )
        return _Found(label, model, problem=told.as_json())
    return _Found(label, model, predicted, fitting, predicting)


def _summed_up(
    found: Sequence[_Found], r: Ratings, of: Array, seed: int, step: Step
) -> tuple[list[RatingScore], list[Difference]]:
    """Errors with intervals, and the difference of every pair, all on the same draws of users."""
    done = [one for one in found if one.predicted is not None]
    judged = np.flatnonzero(of >= 0)
    users = r.users[judged]
    errors = [np.asarray(one.predicted)[judged] - r.values[judged] for one in done]
    columns = [np.ones(len(judged)), *(e**2 for e in errors), *(np.abs(e) for e in errors)]
    sums = np.column_stack([np.bincount(users, c, r.shape[0]) for c in columns])
    sums = sums[sums[:, 0] > 0]
    pairs = list(combinations(range(len(done)), 2))
    drawn = bootstrap.resampled_means(sums, bootstrap.enough(len(pairs)), seed=seed, step=step)
    m = len(done)
    means, draws = sums[:, 1:].sum(axis=0) / sums[:, 0].sum(), drawn[:, 1:] / drawn[:, :1]
    rmse, rmse_drawn = np.sqrt(means[:m]), np.sqrt(draws[:, :m])
    values = {"rmse": (rmse, rmse_drawn), "mae": (means[m:], draws[:, m:]), "mse": (means[:m], draws[:, :m])}
    told: dict[str, tuple[dict[str, Measured], tuple[float, ...]]] = {}
    for n, one in enumerate(done):
        metrics = {name: _measured(values[name][0][n], values[name][1][:, n]) for name in RATING_METRICS}
        folds = of[judged]
        counts = np.bincount(folds)
        told[one.label] = metrics, tuple(float(v) for v in np.sqrt(np.bincount(folds, errors[n] ** 2) / counts))
    scores = [_score(one, *told.get(one.label, ({}, ()))) for one in found]
    return scores, _differences(done, pairs, rmse, rmse_drawn, sums)


def _score(one: _Found, metrics: Mapping[str, Measured], each: tuple[float, ...]) -> RatingScore:
    spread = float(np.std(each, ddof=1)) if len(each) > 1 else None
    return RatingScore(one.label, one.spec, metrics, each, spread, one.seconds_fit, one.seconds_predict, one.problem)


def _measured(value: float, draws: Array) -> Measured:
    tail = (1 - bootstrap.LEVEL) / 2
    low, high = np.quantile(draws, [tail, 1 - tail])
    return Measured(float(value), float(low), float(high))


def _differences(
    done: Sequence[_Found], pairs: Sequence[tuple[int, int]], rmse: Array, drawn: Array, sums: Array
) -> list[Difference]:
    """As `bootstrap.paired`, for a ratio of sums: users are drawn, and both models measured on the same draw."""
    found = []
    for a, b in ((a, b) if rmse[a] <= rmse[b] else (b, a) for a, b in pairs):
        apart = drawn[:, a] - drawn[:, b]
        apart = np.where(np.abs(apart) < 1e-12, 0.0, apart)
        fewer = min(int((apart <= 0).sum()), int((apart >= 0).sum()))
        differ = int(np.count_nonzero(np.abs(sums[:, 1 + a] - sums[:, 1 + b]) > 1e-12))
        p = max(min(1.0, 2 * (1 + fewer) / (len(apart) + 1)), 2.0 ** min(0, 1 - differ))
        found.append((a, b, _measured(rmse[a] - rmse[b], apart), p))
    corrected = bootstrap.holm([p for *_, p in found])
    return [
        Difference(done[a].label, done[b].label, "rmse", by.value, by.low, by.high, p, p_holm)
        for (a, b, by, p), p_holm in zip(found, corrected, strict=True)
    ]


def _unknown(r: Ratings, of: Array) -> dict[str, int]:
    """Held-out ratings whose user (item) has no rating outside their fold."""
    folds = int(of.max()) + 1
    users = items = 0
    for fold in range(folds):
        out = of == fold
        rest = r.only(~out)
        users += int((rest.per_user[r.users[out]] == 0).sum())
        items += int((rest.per_item[r.items[out]] == 0).sum())
    return {"unknown_users": users, "unknown_items": items}
