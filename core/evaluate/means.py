"""Means with their intervals where not all users count: figures that cannot be said of all, and parts of the users."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from core.evaluate import bootstrap
from core.evaluate.types import BEYOND, METRICS, Measured, SegmentScore
from core.interactions import Array
from core.progress import Step, no_step


class Figures(Protocol):
    """What one model did for each user (task.Found)."""

    @property
    def label(self) -> str:
        """Unique in the comparison."""

    @property
    def each(self) -> Array | None:
        """float64 (users, len(METRICS)); None where it has a problem."""

    @property
    def beyond(self) -> Array | None:
        """float64 (users, len(BEYOND)), NaN where a figure cannot be said; None where not asked for."""


def mean_of_known(values: Array, seed: int = 0, *, step: Step = no_step) -> list[Measured | None]:
    """For each column of float64 (n, columns) the mean over the rows where it is finite, with its interval.

    The users are drawn whole, so that a resample's mean is a ratio of two sums: of the values, and of how many can be
    said. None where nothing can be said.
    """
    known = np.isfinite(values)
    part = np.flatnonzero(known.any(axis=0) & ~known.all(axis=0))
    columns = np.concatenate([np.where(known, values, 0.0), known[:, part]], axis=1)
    drawn = bootstrap.resampled_means(columns, seed=seed, step=step)
    many = np.ones((len(drawn), values.shape[1]))
    many[:, part] = drawn[:, values.shape[1] :]
    found: list[Measured | None] = []
    for n in range(values.shape[1]):
        if not known[:, n].any():
            found.append(None)
            continue
        said = many[:, n] > 0  # a resample may miss the few of whom it can be said
        ends = [(1 - bootstrap.LEVEL) / 2, (1 + bootstrap.LEVEL) / 2]
        low, high = np.quantile(drawn[said, n] / many[said, n], ends)
        found.append(Measured(float(values[known[:, n], n].mean()), float(low), float(high)))
    return found


def means_beyond(found: Sequence[Figures], seed: int = 0) -> dict[str, dict[str, Measured]]:
    """Label -> those of BEYOND that can be said -> mean over the users of whom it can, all on the same resamples."""
    if not found:
        return {}
    means = mean_of_known(np.concatenate([np.asarray(one.beyond) for one in found], axis=1), seed)
    return {one.label: _named(BEYOND, means[n * len(BEYOND) :]) for n, one in enumerate(found)}


def by_parts(
    found: Sequence[Figures], people: Sequence[Mapping[str, Any]], part: Array, seed: int, step: Step = no_step
) -> tuple[SegmentScore, ...]:
    """Every model's figures for each part of the users: for each of `people` ({by, parts}) the parts, then the models.

    `part`: int (len(people), users), the place of each judged user among the parts.
    """
    done = [one for one in found if one.each is not None]
    if not done or not people:
        return ()
    names = (*METRICS, *BEYOND)
    columns = np.concatenate([_all(one) for one in done], axis=1)
    overall = [float(np.asarray(one.each)[:, METRICS.index("ndcg")].mean()) for one in done]
    scores = []
    for number, told in enumerate(people):
        for place, name in enumerate(told["parts"]):
            mine = part[number] == place
            if not mine.any():
                continue
            means = mean_of_known(columns[mine], seed)
            for n, one in enumerate(done):
                metrics = _named(names, means[n * len(names) :])
                apart = metrics["ndcg"].value - overall[n]
                scores.append(SegmentScore(told["by"], name, one.label, int(mine.sum()), metrics, apart))
        step.report((number + 1) / len(people), "figures by segment")
    return tuple(scores)


def _all(one: Figures) -> Array:
    each = np.asarray(one.each)
    beyond = np.full((len(each), len(BEYOND)), np.nan) if one.beyond is None else one.beyond
    return np.concatenate([each, beyond], axis=1)


def _named(names: Sequence[str], means: Sequence[Measured | None]) -> dict[str, Measured]:
    return {name: mean for name, mean in zip(names, means, strict=False) if mean is not None}
