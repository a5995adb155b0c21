"""Each buyer's figures, and what they add up to, with what could be otherwise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.predict.lifetime.draws import Draws, between, play, turns
from core.predict.lifetime.fit import RatesFit, SpendFit, ahead_of
from core.predict.lifetime.maximum import Floats
from core.predict.lifetime.orders import DAYS, YEAR, Buyers
from core.predict.lifetime.spec import ValueSpec
from core.predict.lifetime.spend import order_value
from core.progress import Step

_SLICES = 12


@dataclass(frozen=True)
class Total:
    """A sum over all buyers: what is expected, and a 95 % interval of what it will turn out to be.

    The interval holds both what is not known of the parameters (users resampled) and what chance does to each user; it
    takes the model to be right. None without resampling.
    """

    expected: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, eq=False)
class Varied:
    """What the draws of the parameters say: 95 % intervals of totals, and of each buyer a spread.

    `purchases`, `worth`: standard deviation of the logarithm of a buyer's purchases, and of their value (NaN without).
    """

    totals: dict[str, tuple[float, float]]
    purchases: Floats
    worth: Floats


def answers(
    who: Buyers, found: RatesFit, money: SpendFit | None, drawn: Draws | None, spec: ValueSpec, step: Step
) -> tuple[dict[str, Total | None], pd.DataFrame]:
    """Totals by name, and the table of FutureValue."""
    ahead = ahead_of(found, found.top.theta, spec.horizon)
    chance, expected, active = ahead.alive[found.row], ahead.expected[found.row], ahead.active[found.row]
    each = None if money is None else order_value(money.spend, who.paid, who.value)
    kept = expected if not spec.discount else _kept(found, spec)[found.row]
    value = np.full(len(who), np.nan) if each is None else kept * each * spec.margin
    sums = {"expected": expected, "active": active, "alive": chance}
    if each is not None:
        sums |= {"revenue": expected * each, "value": value}
    share = float(value.sum() / sums["revenue"].sum()) if each is not None else 0.0
    varied = None if drawn is None else _varied(who, found, money, drawn, spec, share, step)
    totals: dict[str, Total | None] = dict.fromkeys(("revenue", "value"))
    for name, values in sums.items():
        totals[name] = Total(float(values.sum()), *(varied.totals[name] if varied else (None, None)))
    none = np.full(len(who), np.nan)
    spread, worth = (varied.purchases, varied.worth) if varied else (none, none)
    table = pd.DataFrame(
        {
            "user_no": who.users,
            "orders": who.x + 1,
            "last_order": (who.first + who.recency).astype("datetime64[D]").astype("datetime64[s]"),
            "since": who.age - who.recency,
            "alive": chance,
            "active": active,
            "expected": expected,
            "low": expected * np.exp(-1.96 * spread),
            "high": expected * np.exp(1.96 * spread),
            "order_value": none if each is None else each,
            "value": value,
            "value_low": value * np.exp(-1.96 * worth),
            "value_high": value * np.exp(1.96 * worth),
        }
    )
    by = ["value", "expected", "user_no"] if each is not None else ["expected", "user_no"]
    return totals, table.sort_values(by, ascending=[*[False] * (len(by) - 1), True], ignore_index=True)


def _kept(found: RatesFit, spec: ValueSpec) -> Floats:
    """Purchases, each counted as a share of one for how far ahead it lies (in the middle of its slice of time)."""
    slices = min(spec.horizon, _SLICES)
    before, total = np.zeros(len(found.likelihood)), np.zeros(len(found.likelihood))
    for k in range(1, slices + 1):
        by_then = ahead_of(found, found.top.theta, spec.horizon * k / slices).expected
        years = spec.days * (k - 0.5) / slices / YEAR
        total += (by_then - before) * (1 + spec.discount) ** -years
        before = by_then
    return total


def _varied(
    who: Buyers, found: RatesFit, money: SpendFit | None, drawn: Draws, spec: ValueSpec, share: float, step: Step
) -> Varied:
    """Totals of each draw of the parameters, moved by a draw of chance; and how far each buyer's figures move."""
    n = len(drawn)
    sums = np.full((n, 4), np.nan)
    moved = np.zeros((2, len(found.likelihood)))  # of rows: sums of the logarithm, and of its square
    worth = np.zeros((2, len(who) if money else 0))
    counted = 0
    for k in range(n):
        step.report(k / n * 0.7, "Working out the intervals")
        ahead = ahead_of(found, drawn.rates[k], spec.horizon)
        expected = ahead.expected
        sums[k, :3] = [part @ found.weights for part in (expected, ahead.active, ahead.alive)]
        logs = np.log(np.maximum(expected, 1e-300))
        moved += logs, logs**2
        if money is None or drawn.spend is None:
            continue
        at = money.at(drawn.spend[k])
        if at.q > 1:  # else the mean is infinite, and so is every total
            each = order_value(at, who.paid, who.value)
            sums[k, 3] = expected[found.row] @ each
            both = logs[found.row] + np.log(each)
            worth[0] += both
            worth[1] += both**2
            counted += 1
    sums += np.random.default_rng(spec.seed + 1).standard_normal(sums.shape) * _by_chance(
        who, found, money, spec, step.part(0.7, 1.0)
    )
    totals = {name: between(np.maximum(sums[:, k], 0)) for k, name in enumerate(("expected", "active", "alive"))}
    spread = np.full(len(who), np.nan)
    if money is not None and counted > 1:
        low, high = between(np.maximum(sums[:, 3], 0))
        totals |= {"revenue": (low, high), "value": (low * share, high * share)}
        spread = _deviation(worth, counted)
    return Varied(totals, _deviation(moved, n)[found.row], spread)


def _deviation(sums: Floats, n: int) -> Floats:
    return np.asarray(np.sqrt(np.maximum(sums[1] - sums[0] ** 2 / n, 0) / (n - 1)))


def _by_chance(who: Buyers, found: RatesFit, money: SpendFit | None, spec: ValueSpec, step: Step) -> Floats:
    """Standard deviations that chance alone gives the totals: purchases, users who buy, alive users, revenue."""
    rng, rounds = np.random.default_rng(spec.seed + 2), turns(len(who))
    chance = ahead_of(found, found.top.theta, spec.horizon).alive[found.row]
    played = np.zeros((2, 3, len(who)))
    for k in range(rounds):
        step.report(k / rounds, "Playing the future through")
        future = play(rng, found.rates, money.spend if money else None, who, chance, DAYS[spec.unit], spec.horizon)
        for place, values in enumerate((future.purchases, future.purchases > 0, future.worth)):
            played[0, place] += values
            played[1, place] += np.square(values, dtype=np.float64)
    purchases, active, worth = ((played[1] - played[0] ** 2 / rounds) / (rounds - 1)).sum(axis=1)
    return np.asarray(np.sqrt([purchases, active, (chance * (1 - chance)).sum(), worth]))
