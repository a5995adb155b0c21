"""Both models fitted to buyers, in units of the question; what cannot be fitted, or means nothing, said in words."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.predict.lifetime.bgnbd import Rates, RatesLikelihood, buys_if_alive, fit_rates, purchases_if_alive
from core.predict.lifetime.maximum import Floats, Top, again
from core.predict.lifetime.orders import Buyers, Ints
from core.predict.lifetime.spend import Spend, SpendLikelihood, fit_spend

FEWEST, FEWEST_AGAIN = 50, 10
"""Buyers, and buyers who came again, below which nothing is fitted."""

NOBODY_STOPS = 0.001
"""The chance to stop after a purchase below which nobody is seen to stop; then a and b mean nothing apart."""

_BOUGHT_FEW = "Only {n:,} users bought by then; 50 are needed. Choose a later date, or load more."
_AGAIN_FEW = (
    "Only {n:,} of {of:,} buyers bought on a second day by then, so nothing tells how people come back (at least 10 "
    "are needed). Choose a later date, or load more."
)


@dataclass(frozen=True, eq=False)
class RatesFit:
    """BG/NBD of some buyers.

    Attributes:
        rates: parameters, alpha in units. loglik: natural logarithm of the likelihood of all buyers.
        top: how the search ended. notes: what is to be known about the parameters, in sentences.
        likelihood: the rows (of alike buyers, times in `scale` units). weights: buyers of each row.
        row: (buyers,), each buyer's row.
        pairs: distinct (x, T), T in `scale` units. pair: (rows,), each row's pair.
    """

    rates: Rates
    loglik: float
    top: Top
    scale: float
    likelihood: RatesLikelihood
    weights: Floats
    row: Ints
    pairs: Floats
    pair: Ints
    notes: tuple[str, ...] = ()

    def at(self, theta: Floats) -> Rates:
        """The parameters of log parameters in the search's own scale."""
        r, alpha, a, b = np.exp(theta).tolist()
        return Rates(r, alpha * self.scale, a, b)

    def resampled(self, weights: Floats) -> Floats:
        """Log parameters for other weights of the rows."""
        return again(self.likelihood, weights, self.top)


@dataclass(frozen=True, eq=False)
class SpendFit:
    """Gamma-Gamma of the buyers with at least one paid repeat purchase.

    Attributes:
        spend: parameters, v in the currency. loglik: of values in the currency. users: those it rests on.
        correlation: of their number of repeat purchases with their mean worth: the model takes it to be 0.
        of: (buyers,), whether the buyer is one of them.
    """

    spend: Spend
    loglik: float
    top: Top
    scale: float
    likelihood: SpendLikelihood
    users: int
    correlation: float
    of: np.ndarray[tuple[int], np.dtype[np.bool_]]

    def at(self, theta: Floats) -> Spend:
        """The parameters of log parameters in the search's own scale."""
        p, q, v = np.exp(theta).tolist()
        return Spend(p, q, v * self.scale)

    def resampled(self, weights: Floats) -> Floats:
        """Log parameters for other weights of the users."""
        return again(self.likelihood, weights, self.top)


def fit(who: Buyers, unit_days: float, *, seed: int = 0) -> RatesFit | str:
    """The BG/NBD of these buyers, or why there is none, in words."""
    if len(who) < FEWEST:
        return _BOUGHT_FEW.format(n=len(who))
    repeaters = int((who.x > 0).sum())
    if repeaters < FEWEST_AGAIN:
        return _AGAIN_FEW.format(n=repeaters, of=len(who))
    table = np.stack([who.x, who.recency, who.age], axis=1)
    rows, row, many = _alike(table)
    scale = max(float(who.age.mean()), 1.0)
    likelihood = RatesLikelihood(rows[:, 0], rows[:, 1] / scale, rows[:, 2] / scale)
    weights = many.astype(np.float64)
    top = fit_rates(likelihood, weights, seed=seed)
    wrong = _runaway(top)
    if wrong:
        return wrong
    r, alpha, a, b = np.exp(top.theta).tolist()
    units = scale / unit_days
    rates = Rates(r, alpha * units, a, b)
    # The density of times in units is that of times in the search's scale, once for each repeat purchase.
    loglik = top.mean * len(who) - float(who.x.sum()) * float(np.log(units))
    pairs, pair, _ = _alike(rows[:, [0, 2]])
    apart = pairs / np.array([1.0, scale])
    return RatesFit(rates, loglik, top, units, likelihood, weights, row, apart, pair, _notes(rates, top))


def fit_values(who: Buyers, *, valued: bool = True, seed: int = 0) -> SpendFit | str:
    """The Gamma-Gamma of these buyers, or why there is none, in words."""
    if not valued:
        return "No purchase has a value, so only numbers of purchases can be told, not what they are worth."
    of = who.paid > 0
    users = int(of.sum())
    if users < FEWEST_AGAIN:
        return f"Only {users:,} users have a second purchase worth more than zero: too few to learn from."
    x, value = who.paid[of], who.value[of]
    if float(value.std()) < 1e-9 * float(value.mean()):
        return "All purchases are worth the same, so there is nothing to learn about their worth: multiply it yourself."
    scale = float(value.mean())
    likelihood = SpendLikelihood(x, value / scale)
    top = fit_spend(likelihood, np.ones(users), seed=seed)
    p, q, v = np.exp(top.theta).tolist()
    if q <= 1:
        return (
            "A few purchases are so large beside the others that an average order has no settled value (Gamma-Gamma: "
            f"q = {q:.2f}, and 1 or less has no mean). Leave out wholesale orders, or look at purchases only."
        )
    correlation = float(np.corrcoef(x, value)[0, 1]) if x.std() > 0 else 0.0
    loglik = (top.mean - float(np.log(scale))) * users
    return SpendFit(Spend(p, q, v * scale), loglik, top, scale, likelihood, users, correlation, of)


@dataclass(frozen=True, eq=False)
class Ahead:
    """Of each row of buyers alike: the chance to be alive, and, if alive, purchases and the chance to buy at all."""

    alive: Floats
    purchases: Floats
    buys: Floats

    @property
    def expected(self) -> Floats:
        """Purchases."""
        return self.alive * self.purchases

    @property
    def active(self) -> Floats:
        """The chance to buy at all."""
        return self.alive * self.buys


def ahead_of(found: RatesFit, theta: Floats, horizon: float) -> Ahead:
    """What lies ahead of each row in `horizon` units, with log parameters `theta` in the search's scale.

    What an alive buyer will do hangs on x and T alone, and few rows differ in both.
    """
    from scipy.special import expit

    at = Rates(*np.exp(theta).tolist())
    x, age, horizon = found.pairs[:, 0], found.pairs[:, 1], horizon / found.scale
    return Ahead(
        np.asarray(expit(-found.likelihood.odds(at))),
        purchases_if_alive(at, x, age, horizon)[found.pair],
        buys_if_alive(at, x, age, horizon)[found.pair],
    )


def _alike(table: Ints) -> tuple[Ints, Ints, Ints]:
    """Distinct rows of non-negative whole numbers, each given row's place among them, how many are alike.

    Packed into one number each: thirty times as fast as np.unique over rows.
    """
    sizes = table.max(axis=0) + 1
    packed = np.zeros(len(table), dtype=np.int64)
    for column, size in zip(table.T, sizes, strict=True):
        packed = packed * int(size) + column
    keys, place, many = np.unique(packed, return_inverse=True, return_counts=True)
    columns = []
    for size in sizes[::-1]:
        keys, column = np.divmod(keys, int(size))
        columns.append(column)
    return np.stack(columns[::-1], axis=1), place.astype(np.int64), many.astype(np.int64)


def _runaway(top: Top) -> str | None:
    """What parameters at the edge of the search mean, where nothing can be told with them."""
    r, alpha, _, b = top.theta.tolist()
    edge = set(top.edge)
    if 3 in edge and b < 0:
        return "Almost everyone stops at the first repeat purchase (b runs to 0): there is no pattern to carry on from."
    if (0 in edge and r < 0) or (1 in edge and alpha < 0):
        return "Users differ so much in how often they buy (r or alpha runs to 0) that no average means anything here."
    return None


def _notes(rates: Rates, top: Top) -> tuple[str, ...]:
    if rates.stops < NOBODY_STOPS:
        return (
            "Nothing here shows that anybody stops buying (a/(a+b) runs to 0): to the model every pause is chance. "
            "Purchases to expect keep their meaning; the chance to be a customer still is 1 for all, and parts nobody.",
        )
    notes = []
    if 0 in top.edge or 1 in top.edge:
        notes.append("Buyers look alike in how often they buy (r and alpha run away): only r/alpha is settled.")
    if 2 in top.edge or 3 in top.edge:
        notes.append("Buyers look alike in how soon they stop (a and b run away): only a/(a+b) is settled.")
    if not notes and not top.reached:
        notes.append("The search for the most likely parameters did not settle; take the figures as rough.")
    return tuple(notes)
