"""Gamma-Gamma: what an order of a user is worth on average (Fader and Hardie 2013, after Colombo and Jiang 1999).

A user's orders are Gamma(p, nu) about a mean of their own, and nu is Gamma(q, v) over users. So the mean of few orders
is drawn towards that of all users, and the mean of many stays what it is. Assumes that the worth of orders does not
depend on how often somebody buys.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.predict.lifetime.maximum import Floats, Top, highest

NAMES = ("p", "q", "v")
_STARTS = ((6.0, 4.0, 3.0), (1.0, 3.0, 2.0), (2.0, 1.5, 0.5), (20.0, 10.0, 9.0))


@dataclass(frozen=True)
class Spend:
    """The three parameters; v in the currency of the file."""

    p: float
    q: float
    v: float

    @property
    def mean(self) -> float:
        """Of all users, infinite where q is 1 or less."""
        return self.p * self.v / (self.q - 1) if self.q > 1 else float("inf")


class SpendLikelihood:
    """Of users with x orders of a mean value above zero."""

    def __init__(self, x: npt.NDArray[np.int64], value: Floats) -> None:
        self._given = (x, value)
        self.counts, self._x = np.unique(x, return_inverse=True)
        self.counts = self.counts.astype(np.float64)
        self.total, self.value = x * value, value
        self._log = np.log(self.total)

    def __len__(self) -> int:
        return len(self._x)

    def part(self, rows: npt.NDArray[np.intp]) -> SpendLikelihood:
        """The same of some of the rows."""
        x, value = self._given
        return SpendLikelihood(x[rows], value[rows])

    def mean(self, theta: Floats, weights: Floats) -> tuple[float, Floats]:
        """The log-likelihood per unit of weight, and its slope in the log parameters."""
        from scipy.special import gammaln, psi

        p, q, v = np.exp(theta).tolist()
        x, total = self.counts, float(weights.sum())
        by_x = np.bincount(self._x, weights, len(x))
        spent = np.log(self.total + v)
        log_by_x = np.bincount(self._x, weights * self._log, len(x))
        spent_by_x = np.bincount(self._x, weights * spent, len(x))
        share_by_x = np.bincount(self._x, weights / (self.total + v), len(x))
        shape = p * x + q
        value = by_x @ (gammaln(shape) - gammaln(p * x) - gammaln(q) + q * np.log(v)) + (p * x) @ log_by_x
        value -= shape @ spent_by_x + weights @ np.log(self.value)
        d_p = by_x @ (x * (psi(shape) - psi(p * x))) + x @ (log_by_x - spent_by_x)
        d_q = by_x @ (psi(shape) - psi(q) + np.log(v)) - spent_by_x.sum()
        d_v = q / v * total - shape @ share_by_x
        return float(value / total), np.array([d_p * p, d_q * q, d_v * v]) / total


def fit_spend(likelihood: SpendLikelihood, weights: Floats, *, seed: int = 0) -> Top:
    """The most likely parameters; values should be of the size of 1 (see `core.predict.lifetime.fit`)."""
    return highest(likelihood, weights, _STARTS, seed=seed)


def order_value(at: Spend, x: Floats | npt.NDArray[np.int64], value: Floats) -> Floats:
    """The worth to expect of a user's next order, given `x` of mean `value`; that of all users where x is 0."""
    return np.asarray(at.p * (at.v + x * np.where(x > 0, value, 0.0)) / (at.p * x + at.q - 1))
