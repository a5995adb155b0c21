"""BG/NBD: how often a user buys, and whether they still do (Fader, Hardie and Lee 2005, Marketing Science 24).

While alive a user buys at random at a rate of their own; rates are Gamma(r, alpha) over users. After each purchase they
stop for good with a probability of their own; these are Beta(a, b). Times are in the unit of the question; x counts
repeat purchases (days with an order after the first), t_x is the age at the last of them, T the age now.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.predict.lifetime.maximum import Floats, Top, highest

NAMES = ("r", "alpha", "a", "b")
_STARTS = (
    (0.3, 0.2, 0.8, 2.5), (1.0, 1.0, 1.0, 1.0), (3.0, 1.0, 0.1, 1.0), (0.5, 0.05, 2.0, 8.0), (0.1, 0.02, 0.3, 0.5)
)  # fmt: skip
_NEAR = 1e-6
_LARGE, _NODES = 20.0, 64


@dataclass(frozen=True)
class Rates:
    """The four parameters; alpha in units of time.

    >>> round(Rates(0.243, 4.414, 0.793, 2.426).rate, 4)
    0.0551
    """

    r: float
    alpha: float
    a: float
    b: float

    @property
    def rate(self) -> float:
        """Purchases per unit of time of an alive user, on average."""
        return self.r / self.alpha

    @property
    def stops(self) -> float:
        """The chance to stop after a purchase, on average."""
        return self.a / (self.a + self.b)


class RatesLikelihood:
    """Of rows (x, t_x, T): each kind of row once, with as many users as its weight says.

    What depends on x alone, on t_x alone or on T alone is worked out once for each distinct value, so that a row costs
    one exponential and one logarithm however many terms the formula has.
    """

    def __init__(self, x: npt.NDArray[np.int64], last: Floats, age: Floats) -> None:
        self._given = (x, last, age)
        self.counts, self._x = np.unique(x, return_inverse=True)
        self.lasts, self._last = np.unique(last, return_inverse=True)
        self.ages, self._age = np.unique(age, return_inverse=True)
        self.counts = self.counts.astype(np.float64)

    def __len__(self) -> int:
        return len(self._x)

    def part(self, rows: npt.NDArray[np.intp]) -> RatesLikelihood:
        """The same of some of the rows."""
        x, last, age = self._given
        return RatesLikelihood(x[rows], last[rows], age[rows])

    def odds(self, at: Rates) -> Floats:
        """(n,): logarithm of the odds that the user has stopped; minus infinity where x is 0."""
        with np.errstate(divide="ignore"):
            lone = np.where(self.counts > 0, np.log(at.a) - np.log(np.maximum(at.b + self.counts - 1, 0)), -np.inf)
        gap = np.log(at.alpha + self.ages)[self._age] - np.log(at.alpha + self.lasts)[self._last]
        return np.asarray(lone[self._x] + (at.r + self.counts)[self._x] * gap)

    def rows(self, at: Rates) -> Floats:
        """(n,): the log-likelihood of one user of each row."""
        from scipy.special import betaln, gammaln

        x = self.counts
        shared = gammaln(at.r + x) - gammaln(at.r) + betaln(at.a, at.b + x) - betaln(at.a, at.b)
        shared += at.r * np.log(at.alpha)
        age = np.log(at.alpha + self.ages)[self._age]
        return np.asarray(shared[self._x] - (at.r + x)[self._x] * age + np.logaddexp(0.0, self.odds(at)))

    def mean(self, theta: Floats, weights: Floats) -> tuple[float, Floats]:
        """The log-likelihood per unit of weight, and its slope in the log parameters."""
        from scipy.special import expit, gammaln, psi

        at, x, total = Rates(*np.exp(theta).tolist()), self.counts, float(weights.sum())
        odds = self.odds(at)
        gone = expit(odds)
        gone_of = weights * gone
        by_x = np.bincount(self._x, weights, len(x))
        by_age, gone_by_age = (np.bincount(self._age, w, len(self.ages)) for w in (weights, gone_of))
        gone_by_last = np.bincount(self._last, gone_of, len(self.lasts))
        gone_by_x = np.bincount(self._x, gone_of, len(x))
        log_age, log_last = np.log(at.alpha + self.ages), np.log(at.alpha + self.lasts)
        shape = at.r + x
        both = at.a + at.b
        ends = gammaln(at.b + x) - gammaln(at.b) + gammaln(both) - gammaln(both + x)
        rows_x = gammaln(shape) - gammaln(at.r) + ends + at.r * np.log(at.alpha)
        kept = np.logaddexp(0.0, odds)
        powers = shape[self._x]
        value = by_x @ rows_x + weights @ kept - (weights * powers) @ log_age[self._age]
        d_r = by_x @ (psi(shape) - psi(at.r) + np.log(at.alpha)) - by_age @ log_age
        d_r += gone_by_age @ log_age - gone_by_last @ log_last
        alive_by_age = np.bincount(self._age, (weights - gone_of) * powers, len(self.ages))
        last_by = np.bincount(self._last, gone_of * powers, len(self.lasts))
        d_alpha = total * at.r / at.alpha - alive_by_age @ (1 / (at.alpha + self.ages))
        d_alpha -= last_by @ (1 / (at.alpha + self.lasts))
        d_both = psi(both) - psi(both + x)
        d_a = by_x @ d_both + gone_by_x.sum() / at.a
        bought = x > 0
        d_b = by_x @ (d_both + psi(at.b + x) - psi(at.b)) - gone_by_x[bought] @ (1 / (at.b + x[bought] - 1))
        slope = np.array([d_r * at.r, d_alpha * at.alpha, d_a * at.a, d_b * at.b])
        return float(value / total), slope / total


def fit_rates(likelihood: RatesLikelihood, weights: Floats, *, seed: int = 0) -> Top:
    """The most likely parameters; times should be of the size of 1 (see `core.predict.lifetime.fit`)."""
    return highest(likelihood, weights, _STARTS, seed=seed)


def alive(at: Rates, x: Floats, last: Floats, age: Floats) -> Floats:
    """The chance that a user has not stopped by now; 1 for who bought once, whom the model cannot have seen stop."""
    from scipy.special import expit

    with np.errstate(divide="ignore"):
        lone = np.where(x > 0, np.log(at.a) - np.log(np.maximum(at.b + x - 1, 0)), -np.inf)
    return np.asarray(expit(-(lone + (at.r + x) * (np.log(at.alpha + age) - np.log(at.alpha + last)))))


def purchases_if_alive(at: Rates, x: Floats, age: Floats, ahead: float | Floats) -> Floats:
    """Repeat purchases that a user who is alive now will make in the next `ahead` units.

    Equation 10 of the paper without its last factor, with Euler's transformation of the Gauss function: in the form of
    the paper a user with many purchases overflows, in this one all parameters but one stay small.
    """
    from scipy.special import hyp2f1

    if at.a > _LARGE or at.r > _LARGE:
        return _summed(at, x, age, ahead)
    a = at.a if abs(at.a - 1) > _NEAR else 1 + _NEAR  # the formula has a removable hole at a = 1
    z = ahead / (at.alpha + age + ahead)
    third = a + at.b + x - 1
    return np.asarray(third / (a - 1) * (1 - (1 - z) ** (a - 1) * hyp2f1(a - 1, a + at.b - 1 - at.r, third, z)))


def _summed(at: Rates, x: Floats, age: Floats, ahead: float | Floats) -> Floats:
    """The same by Gauss-Legendre over quantiles of the chance to stop: hyp2f1 overflows for large parameters."""
    from scipy.special import betaincinv

    x, age, ahead = np.broadcast_arrays(x, age, ahead)
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    few, place = np.unique(x, return_inverse=True)
    stops = np.maximum(betaincinv(at.a, at.b + few[:, None], (nodes + 1) / 2), 1e-300)
    total = np.zeros(x.shape)
    shape, further = at.r + x, ahead / (at.alpha + age)
    for node, weight in zip(stops.T, weights / 2, strict=True):
        p = node[place].reshape(x.shape)
        total -= weight * np.expm1(-shape * np.log1p(p * further)) / p
    return total


def purchases(at: Rates, x: Floats, last: Floats, age: Floats, ahead: float | Floats) -> Floats:
    """Purchases to expect of users with this history in the next `ahead` units (equation 10)."""
    return alive(at, x, last, age) * purchases_if_alive(at, x, age, ahead)


def purchases_of_new(at: Rates, ahead: float | Floats) -> Floats:
    """Repeat purchases to expect of anyone in the `ahead` units after their first purchase (equation 9)."""
    return purchases_if_alive(at, np.zeros(()), np.zeros(()), ahead)


def buys_if_alive(at: Rates, x: Floats, age: Floats, ahead: float | Floats) -> Floats:
    """The chance that a user who is alive now buys at all in the next `ahead` units."""
    return np.asarray(-np.expm1((at.r + x) * (np.log(at.alpha + age) - np.log(at.alpha + age + ahead))))
