"""What users will do: purchases to expect of each, the chance to be a customer still, what they will be worth."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd

from core.predict.lifetime.draws import between, bootstrap
from core.predict.lifetime.fit import NOBODY_STOPS, RatesFit, SpendFit, fit, fit_values
from core.predict.lifetime.maximum import Floats
from core.predict.lifetime.orders import (
    DAYS,
    Buyers,
    OrderDays,
    buyers,
    day_of,
    last_whole_day,
    order_days,
)
from core.predict.lifetime.spec import ValueSpec
from core.predict.lifetime.totals import Total, answers
from core.progress import Step, no_step
from core.store import Store


@dataclass(frozen=True)
class Parameter:
    """A parameter with the 95 % interval of its bootstrap (None without)."""

    name: str
    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, eq=False)
class FutureValue:
    """The future of all who bought before `as_of`.

    Attributes:
        spec: the question. last_day: the last whole day before as_of: ages end with it, the horizon begins after it.
        users: buyers by then. repeaters: those of them who bought on a second day. purchases: days with an order.
        rates, spend: the two models' parameters; () where there are none. loglik, spend_loglik: natural logarithms.
        spend_users: users the model of values rests on. correlation: of their purchases with their mean worth.
        left_out: repeat purchases worth zero or less. returned: value of returns on days without a purchase, <= 0.
        expected: purchases. active: users who buy at all. alive: users who are still customers.
        revenue: net worth of those purchases. value: the same times margin, discounted. None without values.
        table: one row per buyer, most value (or most purchases) first: user_no, orders (days with an order),
            last_order (date), since (days from it to last_day), alive, active (chances, 0 to 1), expected, low, high
            (purchases; the interval is of the parameters alone), order_value, value, value_low, value_high (NaN
            without values).
        notes: what else must be known, in sentences. spend_problem: why there are no values. problem: why nothing.
        fitted, worth, who, drawn: the models behind it, for what is asked of them later (core.predict only).
    """

    spec: ValueSpec
    last_day: date | None = None
    users: int = 0
    repeaters: int = 0
    purchases: int = 0
    rates: tuple[Parameter, ...] = ()
    loglik: float | None = None
    spend: tuple[Parameter, ...] = ()
    spend_loglik: float | None = None
    spend_users: int = 0
    correlation: float | None = None
    left_out: int = 0
    returned: float = 0.0
    expected: Total | None = None
    active: Total | None = None
    alive: Total | None = None
    revenue: Total | None = None
    value: Total | None = None
    table: pd.DataFrame = field(default_factory=pd.DataFrame)
    notes: tuple[str, ...] = ()
    spend_problem: str | None = None
    problem: str | None = None
    fitted: RatesFit | None = None
    worth: SpendFit | None = None
    who: Buyers | None = None

    @property
    def converged(self) -> bool:
        """Whether the search for r, alpha, a, b ended at a top, with none of them at the edge of what is looked at."""
        return self.fitted is not None and self.fitted.top.reached

    @property
    def mean_order(self) -> float | None:
        """Worth of an order to expect of a user of whom nothing is known."""
        return None if self.worth is None else self.worth.spend.mean

    @property
    def end(self) -> date | None:
        """The last day of the horizon."""
        return None if self.last_day is None else self.last_day + timedelta(days=round(self.spec.days))


def future_value(store: Store, spec: ValueSpec, as_of: datetime | None = None, *, step: Step = no_step) -> FutureValue:
    """What to expect of each known user who bought before `as_of` (UTC; None = the end of the data).

    Purchases of one user on one day (UTC) are one. Returns of a day with a purchase are taken off its worth. Raises
    Refusal `window_after_data`, Cancelled.
    """
    days = order_days(store, step=step)
    if isinstance(days, str):
        return FutureValue(spec, problem=days)
    return value_of(days.until(last_whole_day(store, days, as_of)), spec, step=step)


def value_of(days: OrderDays, spec: ValueSpec, *, step: Step = no_step) -> FutureValue:
    """The answer for days with orders that are at hand already."""
    if not len(days.users):
        return FutureValue(spec, problem="Nobody had bought by then. Choose a later date.")
    who, unit = buyers(days), DAYS[spec.unit]
    known: dict[str, Any] = {
        "last_day": day_of(days.last),
        "users": len(who),
        "repeaters": int((who.x > 0).sum()),
        "purchases": len(days.users),
        "left_out": who.left_out,
        "returned": float(days.apart.sum()),
        "who": who,
    }
    step.report(0.1, "Fitting how users buy and stop")
    found = fit(who, unit, seed=spec.seed)
    if isinstance(found, str):
        return FutureValue(spec, problem=found, **known)
    step.report(0.25, "Fitting what orders are worth")
    worth = fit_values(who, valued=days.valued, seed=spec.seed)
    money = None if isinstance(worth, str) else worth
    drawn = bootstrap(found, money, spec.draws, spec.seed, step=step.part(0.3, 0.7)) if spec.draws else None
    step.report(0.75, "Working out each user")
    totals, table = answers(who, found, money, drawn, spec, step.part(0.75, 1.0))
    rates = zip(("r", "alpha", "a", "b"), _values(found.rates), strict=True)
    by_draw = None if drawn is None else np.array([_values(found.at(theta)) for theta in drawn.rates])
    if by_draw is not None and found.rates.stops < NOBODY_STOPS:
        by_draw[:, 2:] = np.nan  # only their ratio is known, and that it is next to nothing
    known |= {"rates": _parameters(list(rates), by_draw), "loglik": found.loglik, "fitted": found}
    if money is not None:
        listed = list(zip(("p", "q", "v"), _values(money.spend), strict=True))
        of_spend = None
        if drawn is not None and drawn.spend is not None:
            of_spend = np.array([_values(money.at(theta)) for theta in drawn.spend])
        known |= {
            "spend": _parameters(listed, of_spend),
            "spend_loglik": money.loglik,
            "spend_users": money.users,
            "correlation": money.correlation,
            "worth": money,
        }
    else:
        known["spend_problem"] = worth
    return FutureValue(spec, table=table, notes=(*found.notes, *_notes(days, money)), **(known | totals))


def _values(parameters: object) -> list[float]:
    return [float(value) for value in vars(parameters).values()]


def _parameters(values: list[tuple[str, float]], drawn: Floats | None) -> tuple[Parameter, ...]:
    if drawn is None:
        return tuple(Parameter(name, value) for name, value in values)
    settled = [not np.isnan(drawn[:, k]).any() for k in range(len(values))]
    return tuple(
        Parameter(name, value, *(between(drawn[:, k]) if settled[k] else (None, None)))
        for k, (name, value) in enumerate(values)
    )


def _notes(days: OrderDays, money: SpendFit | None) -> list[str]:
    notes = []
    if money is not None and abs(money.correlation) > 0.1:
        more = "more" if money.correlation > 0 else "less"
        notes.append(
            f"Who buys more often spends {more} per order here (correlation {money.correlation:+.2f} over "
            f"{money.users:,} users); the model of values takes the two to be independent, so values of frequent "
            f"buyers may be too {'low' if money.correlation > 0 else 'high'}."
        )
    bought = float(days.net.sum())
    if bought > 0 and -float(days.apart.sum()) > 0.02 * bought:
        notes.append(
            f"Returns on days without a purchase ({-float(days.apart.sum()) / bought * 100:.1f} % of what was bought) "
            "are taken off nobody's orders: the real revenue will be lower by about that share."
        )
    return notes
