"""What RFM settings, ABC classes and stages of loyalty mean, a second time: plain Python and pandas, no SQL."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from math import ceil
from typing import Any

import pandas as pd

from core.segments import Abc, Ever, Loyalty, LoyaltySettings, Rfm, RfmSettings, Top
from tests.segments import oracle
from tests.segments.world import World

_DAY = timedelta(days=1)


def members(rule: Rfm | Abc | Loyalty, world: World, as_of: datetime) -> set[str]:
    """The ids of the users for whom the rule holds."""
    match rule:
        case Rfm():
            scores = rfm_scores(world, as_of, rule.settings)
            return {u for u, (r, f, _) in scores.items() if f"{r}{f}" in rule.cells()}
        case Abc():
            return {u for u, part in classes(amounts(rule, world, as_of), rule.cuts).items() if part in rule.classes}
        case Loyalty():
            limits = thresholds(order_days(world, as_of), rule.settings, as_of)
            return {u for u, part in stages(world, as_of, limits).items() if part in rule.stages}


# ---- RFM


def rfm_scores(world: World, as_of: datetime, settings: RfmSettings) -> dict[str, tuple[int, int, int | None]]:
    """Recency's score, the second score of the cell, money's."""
    bought: dict[str, list[Any]] = defaultdict(list)
    for e in oracle.counted(world, as_of, "purchase", Ever(), ()):
        bought[e["user"]].append(e)
    bought = {u: es for u, es in bought.items() if any(e["at"] for e in es)}
    days = {u: ceil((as_of - max(e["at"] for e in es if e["at"])) / _DAY) for u, es in bought.items()}
    orders = {u: oracle.orders(es) for u, es in bought.items()}
    money = {u: v for u, v in oracle.buyers_money(world, as_of, bought).items() if v is not None}
    n = settings.scores
    if settings.recency:
        r = {u: n - sum(d > cut for cut in settings.recency) for u, d in days.items()}
    else:
        r = quantiles({u: -d for u, d in days.items()}, n)
    f = by_cuts(orders, settings.frequency) if settings.frequency else quantiles(orders, n)
    m = by_cuts(money, settings.money) if settings.money else quantiles(money, n)
    if settings.monetary == "none":
        m = {}
    second = f
    if settings.monetary == "with_frequency":
        second = {u: int(Fraction(f[u] + m[u], 2) + Fraction(1, 2)) if u in m else f[u] for u in f}
    return {u: (r[u], second[u], m.get(u)) for u in bought}


def by_cuts(values: dict[str, Any], cuts: tuple[float, ...]) -> dict[str, int]:
    return {u: 1 + sum(v > Fraction(str(cut)) for cut in cuts) for u, v in values.items()}


def quantiles(values: dict[str, Any], n: int) -> dict[str, int]:
    """Scores 1 to n by the value boundary nearest to each quantile, the lower of two; the middle of none."""
    ordered = sorted(values.values())
    ends = [k for k in range(1, len(ordered)) if ordered[k - 1] != ordered[k]]
    if not ends:
        return dict.fromkeys(values, {3: 2, 4: 3, 5: 3}[n])
    cuts = [min(ends, key=lambda k: (abs(Fraction(k) - Fraction(q * len(ordered), n)), k)) for q in range(1, n)]
    return {u: 1 + sum(ordered.index(v) >= cut for cut in cuts) for u, v in values.items()}


# ---- ABC


def amounts(rule: Abc, world: World, as_of: datetime) -> dict[str, Fraction]:
    """What each user brings, as `top` measures it."""
    top = Top(rule.measure, 1.0, rule.event, rule.window, rule.where)
    everyone = oracle.members(top, world, as_of)  # the top 100 %: all who have the measure
    found = {u: oracle.amount(top, world, u, as_of) for u in everyone}
    return {u: v for u, v in found.items() if v is not None}


def classes(values: dict[str, Any], cuts: tuple[float, float]) -> dict[str, str]:
    """A, B or C of each user, by what those strictly above bring together."""
    total = sum((v for v in values.values() if v > 0), Fraction())
    first, second = (Fraction(Decimal(str(cut))) * total for cut in cuts)
    found = {}
    for user, value in values.items():
        above = sum((v for v in values.values() if v > value), Fraction())
        found[user] = "C" if value <= 0 or above >= second else "B" if above >= first else "A"
    return found


# ---- loyalty


def order_days(world: World, as_of: datetime) -> pd.DataFrame:
    """One row an order: user, at (its first line), day; dated orders before as_of."""
    first: dict[tuple[Any, ...], datetime] = {}
    for e in oracle.counted(world, as_of, "purchase", Ever(), ()):
        if e["at"] is not None:
            key = (e["user"], e.get("order_id") or e["at"].date())
            first[key] = min(first.get(key, e["at"]), e["at"])
    rows = [(user, at) for (user, _), at in first.items()]
    return orders_frame(pd.DataFrame(rows, columns=["user", "at"]).astype({"at": "datetime64[us]"}))


def orders_frame(orders: pd.DataFrame) -> pd.DataFrame:
    """Orders (user, at) in order, with their day."""
    return orders.assign(day=orders["at"].dt.normalize()).sort_values(["user", "at"], ignore_index=True)


def thresholds(orders: pd.DataFrame, settings: LoyaltySettings, as_of: datetime) -> LoyaltySettings:
    """The four numbers, by hand where set, else learned as docs/segments.md says."""
    end = pd.Timestamp(as_of).normalize()
    days = orders.groupby(["user", "day"]).size().rename("n").reset_index()
    days["next"] = days.groupby("user")["day"].shift(-1)
    days["upto"] = days.groupby("user")["n"].cumsum()
    length = (days["next"].fillna(end) - days["day"]).dt.days
    ended = days["next"].notna()
    enough = int(ended.sum()) >= 30
    share, by_day = 1.0, {}
    for day in sorted(set(length[ended])):
        there = int((length >= day).sum())
        share *= 1 - int((ended & (length == day)).sum()) / there
        if there >= 30:
            by_day[day] = 1 - share
    most = max(by_day.values(), default=0)
    learned = {
        q: min(d for d, s in by_day.items() if s >= q * most - 1e-9) if enough else usual
        for q, usual in ((0.8, 90), (0.95, 180))
    }
    slipping, lost = settings.slipping_after, settings.lost_after
    slipping = slipping or (learned[0.8] if lost is None else min(learned[0.8], lost - 1))
    lost = lost or max(learned[0.95], slipping + 1)
    loyal = settings.loyal_orders
    for n in range(2, 11) if enough and loyal is None else ():
        nth = orders[orders.groupby("user").cumcount() == n - 1].merge(days, on=["user", "day"])
        old = nth[(end - nth["day"]).dt.days > slipping]
        came = int(((old["next"] - old["day"]).dt.days <= slipping).sum())
        if len(old) >= 30 and came * 10 >= 8 * len(old):
            loyal = n
            break
    return LoyaltySettings(slipping, lost, loyal or 3, settings.new_within or slipping)


def stages(world: World, as_of: datetime, limits: LoyaltySettings) -> dict[str, str]:
    return staged(order_days(world, as_of), limits, as_of)


def staged(orders: pd.DataFrame, limits: LoyaltySettings, as_of: datetime) -> dict[str, str]:
    """The stage of each buyer."""
    found = {}
    for user, own in orders.groupby("user"):
        days = sorted(set(own["day"]))
        since, age = (ceil((as_of - at) / _DAY) for at in (own["at"].max(), own["at"].min()))
        pause = (days[-1] - days[-2]).days if len(days) > 1 else 0
        checks = {
            "lost": since > (limits.lost_after or 0),
            "slipping": since > (limits.slipping_after or 0),
            "returned": pause >= (limits.lost_after or 0),
            "loyal": len(own) >= (limits.loyal_orders or 0),
            "new": age <= (limits.new_within or 0),
            "active": True,
        }
        found[str(user)] = next(stage for stage, holds in checks.items() if holds)
    return found
