"""The change in odds from one exposure to the next for the same people: a conditional logistic slope, in closed form.

Of a run of N exposures with R responses, only where among the N the responses fell says anything about tiring; how
responsive the person is has no part in it (Andersen 1970; Breslow and Day 1980, chapter 7). With odds that change by
the same factor q at each exposure, all the ways in which R of 1..N can respond add up to q^(R(R+1)/2) times a Gaussian
binomial coefficient, so that runs of every length cost a handful of terms, and runs alike are counted together.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.behaviour import Z95

Floats = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]
_STEPS, _FARTHEST = 60, 8.0


@dataclass(frozen=True)
class Slope:
    """The logarithm of the factor by which the odds change at each further exposure.

    Attributes:
        slope, low, high: with its 95 % interval; None where no run tells (all respond always or never).
        runs: how many runs tell: those with some responses and some without.
    """

    slope: float | None
    low: float | None
    high: float | None
    runs: int


def conditional_slope(lengths: Whole, responses: Whole, places: Whole) -> Slope:
    """From runs of exposures.

    Args:
        lengths: (runs,) N of each run.
        responses: (runs,) R.
        places: (runs,) the sum of the places (1..N) of its responses.
    """
    tells = (responses > 0) & (responses < lengths)
    n, r, s = lengths[tells], responses[tells], places[tells]
    if not len(n):
        return Slope(None, None, None, 0)
    pairs, many = np.unique(np.stack([n, r], axis=1), axis=0, return_counts=True)
    high = pairs[:, 0] - pairs[:, 1]
    # for each kind of run the factors (1 - q^(N-R+i)) / (1 - q^i), i = 1..R
    kind = np.repeat(np.arange(len(pairs)), pairs[:, 1])
    i = np.concatenate([np.arange(1, k + 1) for k in pairs[:, 1]])
    up, down, weight = (high[kind] + i).astype(float), i.astype(float), many[kind].astype(float)
    fixed = float(s.sum()) - float((many * pairs[:, 1] * (pairs[:, 1] + 1) / 2).sum())

    def score(b: float) -> tuple[float, float]:
        first = _g(up, b) - _g(down, b)
        second = _dg(up, b) - _dg(down, b)
        return fixed - float((weight * first).sum()), -float((weight * second).sum())

    low, high_b = -_FARTHEST, _FARTHEST
    if score(low)[0] <= 0 or score(high_b)[0] >= 0:  # every response at the first, or every one at the last place
        return Slope(None, None, None, len(n))
    b = 0.0
    for _ in range(_STEPS):
        value, bend = score(b)
        low, high_b = (b, high_b) if value > 0 else (low, b)
        b = b - value / bend if bend < 0 and low < b - value / bend < high_b else (low + high_b) / 2
        if high_b - low < 1e-10 or abs(value) < 1e-9:
            break
    half = Z95 / np.sqrt(-score(b)[1])
    return Slope(float(b), float(b - half), float(b + half), len(n))


def _g(a: Floats, b: float) -> Floats:
    """The derivative by b of log((1 - e^(ab)) / b): a / (1 - e^(-ab)) - 1/b, which is a/2 at b = 0."""
    x = a * b
    small = np.abs(x) < 1e-3
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        exact = a / -np.expm1(-x) - (1 / b if b else 0.0)
    return np.where(small, a / 2 + a * x / 12, exact)


def _dg(a: Floats, b: float) -> Floats:
    """The derivative of `_g` by b."""
    x = a * b
    small = np.abs(x) < 1e-2
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        exact = (1 / b**2 if b else 0.0) - a**2 / (4 * np.sinh(x / 2) ** 2)
    return np.where(small, a**2 / 12 - a**2 * x**2 / 240, exact)
