"""What could be otherwise: parameters of resampled users, and the future of the users played through by chance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.predict.lifetime.bgnbd import Rates
from core.predict.lifetime.fit import RatesFit, SpendFit
from core.predict.lifetime.maximum import Floats
from core.predict.lifetime.orders import Buyers, Ints
from core.predict.lifetime.spend import Spend
from core.progress import Step, no_step

SURE = (2.5, 97.5)
"""Percentiles of a 95 % interval."""

_CELLS = 2_000_000


@dataclass(frozen=True, eq=False)
class Draws:
    """Log parameters of both models, in the search's scale, for each resampling of the users.

    Attributes:
        rates: (draws, 4). spend: (draws, 3), or None where there is no model of values.
    """

    rates: Floats
    spend: Floats | None

    def __len__(self) -> int:
        return len(self.rates)


def bootstrap(found: RatesFit, spend: SpendFit | None, draws: int, seed: int, *, step: Step = no_step) -> Draws:
    """Fit both models to `draws` resamplings of the users, all of a user's orders together."""
    rng = np.random.default_rng(seed)
    n, rows = len(found.row), len(found.likelihood)
    rates, values = np.empty((draws, 4)), np.empty((draws, 3))
    for k in range(draws):
        step.report(k / draws, "Resampling users")
        drawn = np.bincount(rng.integers(0, n, n), minlength=n).astype(np.float64)
        rates[k] = found.resampled(np.bincount(found.row, drawn, rows).astype(np.float64))
        if spend is not None:
            values[k] = spend.resampled(drawn[spend.of])
    return Draws(rates, values if spend is not None else None)


def between(values: Floats) -> tuple[float, float]:
    """The middle 95 % of draws, NaN left out."""
    low, high = np.nanpercentile(values, SURE)
    return float(low), float(high)


@dataclass(frozen=True, eq=False)
class Future:
    """One way the future could go, for each buyer: purchases (whole number) and their worth."""

    purchases: Ints
    worth: Floats


def play(
    rng: np.random.Generator,
    at: Rates,
    spend: Spend | None,
    who: Buyers,
    chance: Floats,
    unit_days: float,
    ahead: float,
) -> Future:
    """Play the next `ahead` units through for buyers who are alive with `chance`, from what the models know of each.

    Given that a user is alive, their rate is Gamma(r + x, alpha + T) and their chance to stop Beta(a, b + x), each
    free of the other; they buy until the horizon or until they stop, whichever comes first.
    """
    n = len(who)
    lives = rng.random(n) < chance
    rate = rng.gamma(at.r + who.x) / (at.alpha + who.age / unit_days)
    stops = np.clip(rng.beta(at.a, at.b + who.x), 1e-12, 1.0)
    possible = rng.poisson(np.minimum(rate * ahead, 1e9))
    many = np.where(lives, np.minimum(possible, rng.geometric(stops)), 0).astype(np.int64)
    if spend is None:
        return Future(many, np.zeros(n))
    nu = rng.gamma(spend.p * who.paid + spend.q) / (spend.v + who.paid * who.value)
    worth = np.where(many > 0, rng.gamma(np.maximum(spend.p * many, 1e-9)) / nu, 0.0)
    return Future(many, worth)


def turns(n: int) -> int:
    """How often to play the future of n buyers for the spread of a total: each buyer's spread is averaged over all."""
    return int(np.clip(_CELLS // max(n, 1), 8, 200))
