"""How sure a mean over users is, and how sure the difference of two means over the same users.

The bootstrap of Efron (1979): draw as many users as there are, with replacement, many times; the middle 95 % of the
means is the interval (percentile method). Every model is measured on the same draws, so differences are paired.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from core.evaluate.types import Measured
from core.interactions import Array
from core.progress import Step, no_step

DRAWS = 2000
"""Resamples at least; see `enough`."""

LEVEL = 0.95
_GROUP, _BLOCK = 8192, 512  # users and resamples counted at a time: 32 MB


def enough(pairs: int) -> int:
    """Resamples that leave Holm's correction over `pairs` comparisons room to find anything: with B of them no p is
    below 2 / (B + 1), and the smallest is multiplied by the number of pairs.

    >>> enough(15), enough(100)
    (2000, 8000)
    """
    return max(DRAWS, 80 * pairs)


def resampled_means(values: Array, draws: int = DRAWS, *, seed: int = 0, step: Step = no_step) -> Array:
    """float64 (draws, columns): the mean of each column over each resample of the rows; every column on the same draws.

    Args:
        values: (n, columns), n at least 1, all finite.

    The answer depends on the rows but not on their order. Rows that are 0 throughout (users whom no model served well:
    often most of them) are never drawn one by one, and the others in groups that fit the processor's cache: how many of
    a resample fall into each group is multinomial, which is the same law.
    """
    values = np.asarray(values, dtype=np.float64)
    said = values[values.any(axis=1)]
    said = said[np.lexsort(said.T[::-1])]
    groups = [said[begin : begin + _GROUP] for begin in range(0, len(said), _GROUP)]
    sizes = np.array([len(values) - len(said), *map(len, groups)])
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(len(values), sizes / len(values), size=draws)
    sums = np.zeros((draws, values.shape[1]))
    counts = np.empty((_BLOCK, _GROUP))
    for number, group in enumerate(groups, start=1):
        n = len(group)
        for begin in range(0, draws, _BLOCK):
            block = drawn[begin : begin + _BLOCK, number]
            for row, many in enumerate(block):
                counts[row, :n] = np.bincount(rng.integers(n, size=many), minlength=n)
            sums[begin : begin + len(block)] += counts[: len(block), :n] @ group
        step.report(number / len(groups), "how sure the figures are")
    return sums / len(values)


def measured(values: Array, means: Array) -> list[Measured]:
    """For each column its mean with the 95 % interval, from `resampled_means` of the same values."""
    low, high = _interval(means)
    return [Measured(float(v), float(a), float(b)) for v, a, b in zip(np.mean(values, axis=0), low, high, strict=True)]


def paired(values: Array, means: Array, a: int, b: int) -> tuple[Measured, float]:
    """Mean of column a - column b over the same users, and its two-sided p.

    p = 2 (1 + the fewer of the resamples on one side of 0) / (B + 1), at most 1 (Davison and Hinkley 1997, 4.2: the
    observed data count as one resample, so that p is never 0). It is at least 2^(1 - m) for m users whom the two models
    serve differently: below that no test of signs can come, however alike the few users are.
    """
    each = np.asarray(values[:, a] - values[:, b], dtype=np.float64)
    differ = int(np.count_nonzero(each))
    drawn = means[:, a] - means[:, b]
    # sums in another order may differ in the last digit, which must not decide on which side of 0 a draw is
    drawn = np.where(np.abs(drawn) < 1e-12, 0.0, drawn)
    fewer = min(int((drawn <= 0).sum()), int((drawn >= 0).sum()))
    p = max(min(1.0, 2 * (1 + fewer) / (len(drawn) + 1)), 2.0 ** min(0, 1 - differ))
    low, high = _interval(drawn[:, None])
    return Measured(float(each.mean()), float(low[0]), float(high[0])), p


def holm(p: Sequence[float]) -> list[float]:
    """Each p after Holm's correction (1979), in the order given: the smallest times m, the next times m - 1, and so on,
    never less than the one before it, at most 1.

    >>> [round(v, 3) for v in holm([0.01, 0.04, 0.03, 0.005])]
    [0.03, 0.06, 0.06, 0.02]
    """
    corrected = [0.0] * len(p)
    least = 0.0
    for done, place in enumerate(sorted(range(len(p)), key=lambda i: p[i])):
        least = max(least, min(1.0, p[place] * (len(p) - done)))
        corrected[place] = least
    return corrected


def _interval(means: Array) -> tuple[Array, Array]:
    low, high = np.quantile(means, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    return low, high
