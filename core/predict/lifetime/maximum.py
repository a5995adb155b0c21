"""Maximum likelihood over positive parameters: many starts, then refits of resampled users from where the first ended.

Parameters are sought as logarithms, so that none can become negative and all are of one size. What is maximised is the
mean log-likelihood of a user, so that tolerances mean the same for a hundred users and for a million.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

Floats = npt.NDArray[np.float64]

FLAT = 1e-5
"""The largest slope, per user and per unit of log parameter, at which the top counts as reached."""

_ENOUGH = 1e-3
_MANY = 4_000
_ROUGHLY = 1e-9
_FARTHEST = 9.2  # of a log parameter from 0: 1 to 10,000 and 0.0001


class Likelihood(Protocol):
    """Of rows of users who are alike; `theta` are log parameters."""

    def __len__(self) -> int: ...

    def part(self, rows: npt.NDArray[np.intp]) -> Likelihood:
        """The same of some of the rows."""
        ...

    def mean(self, theta: Floats, weights: Floats) -> tuple[float, Floats]:
        """The log-likelihood per unit of weight, and its slope in `theta`."""
        ...


@dataclass(frozen=True, eq=False)
class Top:
    """Where the likelihood is highest.

    Attributes:
        theta: log parameters. mean: log-likelihood per user there. slope: the largest, in absolute value.
        reached: whether it is a top indeed (slope at most FLAT), no parameter at the edge of what is looked at.
        edge: numbers of the parameters at the edge. starts: how many starting points were tried.
        inverse: (k, k), inverse of the negative Hessian of the mean; the identity where it has none.
    """

    theta: Floats
    mean: float
    slope: float
    reached: bool
    edge: tuple[int, ...]
    starts: int
    inverse: Floats


def highest(likelihood: Likelihood, weights: Floats, starts: Sequence[Sequence[float]], *, seed: int = 0) -> Top:
    """The best of what is found from all `starts` (parameters, not logarithms).

    Where rows are very many, the starts run on a share of them drawn with `seed`, and the best goes on with all.
    """
    few, their = likelihood, weights
    if len(likelihood) > _MANY:
        rows = np.sort(np.random.default_rng(seed).choice(len(likelihood), _MANY, replace=False))
        few, their = likelihood.part(rows), weights[rows]
    roughly = _ROUGHLY if few is not likelihood else 1e-13
    with threadpool_limits(1):  # four numbers are no work for threads, which would wait for each other
        found = [_climb(few, their, np.log(np.asarray(start, dtype=np.float64)), roughly) for start in starts]
    best = max(found, key=lambda theta: few.mean(theta, their)[0])
    with threadpool_limits(1):
        theta = _climb(likelihood, weights, best)
    inverse = _inverse(likelihood, weights, theta)
    rough = Top(theta, 0.0, 0.0, False, (), 0, inverse)
    theta, _ = _steps(likelihood, weights, rough, 1e-14)
    mean, slope = likelihood.mean(theta, weights)
    steep = float(np.abs(slope).max())
    edge = tuple(np.flatnonzero(np.abs(theta) > _FARTHEST - 0.01).tolist())
    return Top(theta, mean, steep, steep <= FLAT and not edge, edge, len(starts), inverse)


def again(likelihood: Likelihood, weights: Floats, top: Top) -> Floats:
    """The top for other weights near those of `top`: Newton's steps with its Hessian, or a climb where they fail.

    It need be no nearer to the top than a thousandth of a unit of log-likelihood of all users: far less than the
    resampling itself moves it. So a ridge, on which every point serves as well, is not walked to its end.
    """
    enough = _ENOUGH / max(float(weights.sum()), 1.0)
    theta, near = _steps(likelihood, weights, top, enough)
    return theta if near else _climb(likelihood, weights, theta, enough)


def _steps(likelihood: Likelihood, weights: Floats, top: Top, enough: float) -> tuple[Floats, bool]:
    theta = top.theta
    mean, slope = likelihood.mean(theta, weights)
    for _ in range(12):
        by = top.inverse @ slope
        if slope @ by / 2 < enough:  # what a step can still gain
            return theta, True
        by *= min(1.0, 1.0 / float(np.abs(by).max()))
        there = np.clip(theta + by, -_FARTHEST, _FARTHEST)
        new, new_slope = likelihood.mean(there, weights)
        if not np.isfinite(new) or new < mean - enough:
            return theta, False
        theta, mean, slope = there, new, new_slope
    return theta, False


def _climb(likelihood: Likelihood, weights: Floats, theta: Floats, enough: float = 1e-13) -> Floats:
    from scipy.optimize import minimize

    def down(at: Floats) -> tuple[float, Floats]:
        mean, slope = likelihood.mean(at, weights)
        return -mean, -slope

    bounds = [(-_FARTHEST, _FARTHEST)] * len(theta)
    start = np.clip(theta, -8, 8)
    options: Any = {"maxiter": 500, "ftol": enough / 10, "gtol": FLAT / 10}
    done: Any = minimize(down, start, jac=True, method="L-BFGS-B", bounds=bounds, options=options)
    return np.asarray(done.x, dtype=np.float64)


def _inverse(likelihood: Likelihood, weights: Floats, theta: Floats) -> Floats:
    size, width = len(theta), 1e-4
    hessian = np.empty((size, size))
    for k in range(size):
        ahead, behind = theta.copy(), theta.copy()
        ahead[k] += width
        behind[k] -= width
        hessian[k] = (likelihood.mean(ahead, weights)[1] - likelihood.mean(behind, weights)[1]) / (2 * width)
    hessian = -(hessian + hessian.T) / 2
    values = np.linalg.eigvalsh(hessian)
    settled = values.min() > 1e-10 * max(float(values.max()), 1e-300)
    return np.asarray(np.linalg.inv(hessian) if settled else np.eye(size), dtype=np.float64)
