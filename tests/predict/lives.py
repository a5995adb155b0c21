"""Buyers whose lives are played event by event, so that formulas have something to be held against."""

from __future__ import annotations

import numpy as np

from core.predict.lifetime.bgnbd import Rates
from core.predict.lifetime.maximum import Floats
from core.predict.lifetime.orders import OrderDays
from core.predict.lifetime.spend import Spend


def played(rng: np.random.Generator, at: Rates, n: int, until: float) -> tuple[list[list[float]], Floats]:
    """Times of repeat purchases after the first one, up to `until`; and when each buyer stopped (infinite: later)."""
    times: list[list[float]] = []
    stopped = np.full(n, np.inf)
    rates, stops = rng.gamma(at.r, 1 / at.alpha, n), rng.beta(at.a, at.b, n)
    for k in range(n):
        now, line = 0.0, []
        while True:
            now += rng.exponential(1 / rates[k]) if rates[k] > 0 else np.inf
            if now > until:
                break
            line.append(now)
            if rng.random() < stops[k]:
                stopped[k] = now
                break
        times.append(line)
    return times, stopped


def order_days_of(
    rng: np.random.Generator, at: Rates, n: int, days: int, spend: Spend | None = None, *, first: int = 90
) -> OrderDays:
    """Such buyers in a shop of `days` days, who first bought in the first `first` ones (a day each)."""
    starts = np.sort(rng.integers(0, first, n))
    times, _ = played(rng, at, n, float(days))
    users, numbers = [], []
    for k in range(n):
        line = np.unique(np.append(0, np.ceil(times[k]).astype(np.int64))) + starts[k]
        line = line[line < days]
        users += [k] * len(line)
        numbers += line.tolist()
    if spend is None:
        worth = np.full(len(users), 10.0)
    else:
        nu = rng.gamma(spend.q, 1 / spend.v, n)
        worth = rng.gamma(spend.p, size=len(users)) / nu[users]
    none = np.array([], dtype=np.int64)
    return OrderDays(
        np.array(users, dtype=np.int32), np.array(numbers, dtype=np.int64), worth, True, none,
        none.astype(np.float64), days - 1,
    )  # fmt: skip
