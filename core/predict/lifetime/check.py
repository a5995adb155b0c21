"""Whether the future can be told: the models learn from the earlier part of the data, and are held against the rest."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, Literal

import numpy as np
import pandas as pd

from core.behaviour import share_interval
from core.predict.lifetime.bgnbd import purchases_of_new
from core.predict.lifetime.maximum import Floats
from core.predict.lifetime.orders import Buyers, Ints, OrderDays, bought_between, day_of, last_whole_day, order_days
from core.predict.lifetime.spec import ValueSpec
from core.predict.lifetime.totals import Total
from core.predict.lifetime.value import FutureValue, value_of
from core.progress import Step, no_step
from core.store import Store

Verdict = Literal["yes", "with care", "no", "cannot say"]

MOST_PAST = 7
"""Users with so many repeat purchases, or more, are one group."""

_SHORTEST, _FEWEST = 60, 30
_POINTS = 80
_CLOSE, _FAR, _WORSE = 0.15, 0.30, 0.02


@dataclass(frozen=True, eq=False)
class ValueCheck:
    """What was foretold for a hold-out period, and what came. All of users who had bought by `cut`.

    Attributes:
        cut: the last day that was learned from. until: the last day of the hold-out. after: the hold-out follows the
            as_of of the question; otherwise it is the last third of the time before it.
        users: buyers by the cut. predicted: purchases (days with an order) in the hold-out; actual: those that came.
        revenue_predicted, revenue_actual: their net worth; None without values.
        by_past: one row per number of repeat purchases by the cut (0 to 6, 7 = 7 or more): past, users, predicted,
            actual (purchases per user).
        tracking: repeat purchases since the beginning, day by day in steps: day (date), expected, actual (running
            totals), held (bool, after the cut).
        chances: users in up to ten groups by the foretold chance to buy: group (1 = least), users, alive (mean chance
            to be a customer still), predicted (mean chance to buy), actual (share who bought), low, high (95 %).
        ways: way ("model", "recency", "frequency"), correlation (Spearman, with purchases that came), captured (share
            of them that the first tenth of users by this way made).
        verdict, words: whether to trust it, and why, in a sentence. problem: why nothing can be held against it.
        who, groups: the users behind (core.predict only).
    """

    cut: date | None = None
    until: date | None = None
    after: bool = False
    users: int = 0
    predicted: Total | None = None
    actual: int = 0
    revenue_predicted: float | None = None
    revenue_actual: float | None = None
    by_past: pd.DataFrame = field(default_factory=pd.DataFrame)
    tracking: pd.DataFrame = field(default_factory=pd.DataFrame)
    chances: pd.DataFrame = field(default_factory=pd.DataFrame)
    ways: pd.DataFrame = field(default_factory=pd.DataFrame)
    verdict: Verdict = "cannot say"
    words: str = ""
    problem: str | None = None
    who: Buyers | None = None
    groups: Ints | None = None

    @property
    def days(self) -> int:
        """Days held out."""
        return (self.until - self.cut).days if self.until and self.cut else 0


def value_check(store: Store, spec: ValueSpec, as_of: datetime | None = None, *, step: Step = no_step) -> ValueCheck:
    """Hold the models against what came after `as_of`, as far as the data and the horizon reach.

    Where the data end with it, or within two weeks, the models learn from the first two thirds of the time instead.
    """
    days = order_days(store, step=step)
    if isinstance(days, str):
        return ValueCheck(problem=days)
    last = last_whole_day(store, days, as_of)
    return check_of(days, last, spec, step=step)


def check_of(days: OrderDays, last: int, spec: ValueSpec, *, step: Step = no_step) -> ValueCheck:
    """The answer for days with orders that are at hand; `last` is the last day before as_of."""
    first = int(days.days.min())
    after = days.last - last >= 14
    cut, until = (last, min(days.last, last + round(spec.days))) if after else (last - (last - first + 1) // 3, last)
    dates: dict[str, Any] = {"cut": day_of(cut), "until": day_of(until), "after": after}
    if until - first + 1 < _SHORTEST:
        return ValueCheck(
            problem=f"The orders cover {until - first + 1:,} days. To learn from a part and test on the rest takes "
            f"{_SHORTEST} days or more.",
            **dates,
        )
    asked = replace(spec, unit="day", horizon=until - cut, margin=1.0, discount=0.0)
    told = value_of(days.until(cut), asked, step=step)
    who = told.who
    if told.problem or who is None or told.expected is None:
        return ValueCheck(problem=f"With what was known on {day_of(cut)}: {told.problem}", **dates)
    table = told.table.sort_values("user_no", ignore_index=True)
    came, worth = bought_between(days, who, cut, until)
    chances, groups = _chances(table, came)
    ways = _ways(table, came)
    verdict, words = _judge(told.expected.expected, came, ways)
    return ValueCheck(
        users=len(who),
        predicted=told.expected,
        actual=int(came.sum()),
        revenue_predicted=told.revenue.expected if told.revenue else None,
        revenue_actual=float(worth.sum()) if told.revenue else None,
        by_past=_by_past(who, table, came),
        tracking=_tracking(days, who, told, cut, until),
        chances=chances,
        ways=ways,
        verdict=verdict,
        words=words,
        who=who,
        groups=groups,
        **dates,
    )


def _by_past(who: Buyers, table: pd.DataFrame, came: Ints) -> pd.DataFrame:
    frame = pd.DataFrame({"past": np.minimum(who.x, MOST_PAST), "predicted": table["expected"], "actual": came})
    found = frame.groupby("past").agg(
        users=("actual", "size"), predicted=("predicted", "mean"), actual=("actual", "mean")
    )
    return found.reset_index()


def _tracking(days: OrderDays, who: Buyers, told: FutureValue, cut: int, until: int) -> pd.DataFrame:
    assert told.fitted is not None
    start = int(who.first.min())
    step = 7 * max(1, -(-(until - start) // (7 * _POINTS)))
    ends = np.unique(np.append(np.arange(until, start, -step), cut))  # weeks that end with the hold-out, and the cut
    cohorts, many = np.unique(who.first, return_counts=True)
    ahead = np.maximum(ends[:, None] - cohorts[None, :], 0).astype(np.float64)
    expected = purchases_of_new(told.fitted.rates, ahead) @ many.astype(np.float64)
    place = np.minimum(np.searchsorted(who.users, days.users), len(who) - 1)
    again = (who.users[place] == days.users) & (days.days > who.first[place])
    came = np.searchsorted(np.sort(days.days[again]), ends, side="right")
    return pd.DataFrame(
        {"day": [day_of(end) for end in ends], "expected": expected, "actual": came, "held": ends > cut}
    )


def _chances(table: pd.DataFrame, came: Ints) -> tuple[pd.DataFrame, Ints]:
    """Groups of equal size, as far as equal chances allow: users with the same chance are in the same one."""
    chance = table["active"].to_numpy()
    cuts = np.unique(np.quantile(chance, np.arange(1, 10) / 10))
    groups = np.searchsorted(cuts, chance, side="left")
    _, groups = np.unique(groups, return_inverse=True)
    frame = pd.DataFrame({"group": groups + 1, "alive": table["alive"], "predicted": chance, "actual": came > 0})
    found = frame.groupby("group").agg(
        users=("actual", "size"), alive=("alive", "mean"), predicted=("predicted", "mean"), actual=("actual", "mean")
    )
    bought = frame.groupby("group")["actual"].sum()
    low, high = share_interval(bought.to_numpy(), found["users"].to_numpy())
    return found.assign(low=low, high=high).reset_index(), groups.astype(np.int64) + 1


def _ways(table: pd.DataFrame, came: Ints) -> pd.DataFrame:
    scores = {"model": table["expected"], "recency": -table["since"], "frequency": table["orders"]}
    ranks = pd.Series(came).rank().to_numpy()
    rows = []
    for way, score in scores.items():
        mine = score.rank().to_numpy()
        settled = mine.std() > 0 and ranks.std() > 0
        correlation = float(np.corrcoef(mine, ranks)[0, 1]) if settled else float("nan")
        rows.append((way, correlation, _captured(score.to_numpy(dtype=np.float64), came)))
    return pd.DataFrame(rows, columns=["way", "correlation", "captured"])


def _captured(score: Floats, came: Ints) -> float:
    """Share of all purchases by the tenth of users with the highest scores; of equal users all have the same part."""
    if not came.sum():
        return float("nan")
    _, place = np.unique(-score, return_inverse=True)
    users, bought = np.bincount(place), np.bincount(place, came)
    before = np.cumsum(users) - users
    part = np.clip((len(score) / 10 - before) / users, 0, 1)
    return float(part @ bought / came.sum())


def _judge(predicted: float, came: Ints, ways: pd.DataFrame) -> tuple[Verdict, str]:
    actual = int(came.sum())
    if actual < _FEWEST:
        return "cannot say", f"Only {actual:,} purchases came in the hold-out period: too few to judge by."
    off = predicted / actual - 1
    size = "as many as came" if abs(off) < 0.005 else f"{100 * abs(off):.0f} % too {'many' if off > 0 else 'few'}"
    captured = ways.set_index("way")["captured"]
    plain = captured.drop("model")
    ranked = f"its best tenth of users made {100 * captured['model']:.0f} % of them"
    best, name = float(plain.max()), {"recency": "latest order", "frequency": "most orders"}[str(plain.idxmax())]
    beside = f"the tenth with the {name} {100 * best:.0f} %"
    told = f"it foretold {predicted:,.0f} purchases and {actual:,} came ({size}); {ranked}, {beside}"
    if abs(off) > _FAR:
        return "no", f"No: {told}. Do not plan with these totals."
    if captured["model"] < best - _WORSE:
        return "with care", f"With care: {told}. To choose users, that plain rule does better."
    if abs(off) > _CLOSE:
        return "with care", f"With care: {told}. Use the order of users rather than the totals."
    return "yes", f"Yes, as far as the past tells: {told}."
