"""Is the score any good? As it stood earlier, against what buyers did after; beside plain recency."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np
import pandas as pd

from core.behaviour import EVERYTHING, NO_TIMES, Z95, Window, resolve, share_interval
from core.loyalty.money import net_by_user
from core.loyalty.orders import Bools, Floats, micros, read_orders, these
from core.loyalty.parts import Measured, Weights, measure, midranks
from core.loyalty.repeat import NO_BUYERS
from core.loyalty.score import BANDS, in_band
from core.store import Query, Store

LONGEST, SHORTEST = 90, 14
"""Days looked ahead: 90, or a quarter of the data where they are short, and 14 at least."""

_FEWEST = 30
_EQUAL = Weights()
Estimate = tuple[float, float, float]
"""A number with the lower and the upper end of its 95 % interval."""


@dataclass(frozen=True, eq=False)
class ScoreCheck:
    """What the score of an earlier moment tells of what came after.

    Attributes:
        at: that moment (UTC). days: how long after it is looked at, to the window's end.
        buyers: with a score then. again: of them, with an order placed after it.
        bands: low, high (int), users, again (int), share, share_low, share_high (float; NaN in empty ones), revenue
            (net after it), per_user (float), per_user_low, per_user_high (95 %, normal); revenue NaN without values.
        auc, auc_recency: of two buyers, one of whom ordered again, how often the score (recency) ranks that one higher.
        gain: auc less auc_recency. rank, rank_recency: Spearman's correlation with net revenue after; None without
            values. Each with its 95 % interval.
        verdict: what that means, in a sentence.
        problem: why nothing can be shown.
    """

    at: datetime | None = None
    days: int = 0
    buyers: int = 0
    again: int = 0
    bands: pd.DataFrame = field(default_factory=pd.DataFrame)
    auc: Estimate | None = None
    auc_recency: Estimate | None = None
    gain: Estimate | None = None
    rank: Estimate | None = None
    rank_recency: Estimate | None = None
    verdict: str = ""
    problem: str | None = None


def score_check(store: Store, weights: Weights = _EQUAL, window: Window = EVERYTHING) -> ScoreCheck:
    """The score as of LONGEST days (or a quarter of the data) before the window's end, against what came after."""
    window = resolve(store, window)
    moment = _moment(store, window)
    if isinstance(moment, str):
        return ScoreCheck(problem=moment)
    assert window.end is not None
    days = (window.end - moment).days
    found = measure(store, moment)
    if found is None or len(found.buyers) < _FEWEST:
        return ScoreCheck(moment, days, problem=f"Fewer than {_FEWEST} buyers were known {days} days before the end.")
    scores, came = found.score(weights), _came(store, found, moment, window.end)
    money = np.nan_to_num(net_by_user(store, Window(moment, window.end), found.buyers))
    values = "value" in found.raw
    if not 0 < came.sum() < len(came):
        return ScoreCheck(moment, days, len(came), int(came.sum()), problem="Everybody or nobody ordered again since.")
    recency = -found.raw["recency"]
    (auc, auc_recency), gain = auc_pair(scores, recency, came)
    return ScoreCheck(
        moment, days, len(came), int(came.sum()), _bands(scores, came, money, values), auc, auc_recency, gain,
        spearman(scores, money) if values else None, spearman(recency, money) if values else None,
        _verdict(auc, gain),
    )  # fmt: skip


def score_check_users(
    store: Store, low: float, high: float, weights: Weights = _EQUAL, window: Window = EVERYTHING,
    *, again: bool | None = None,
) -> Query:  # fmt: skip
    """The buyers whose score was in a band at the earlier moment; with `again`, those who did (not) order after it."""
    window = resolve(store, window)
    moment = _moment(store, window)
    found = None if isinstance(moment, str) else measure(store, moment)
    if found is None or isinstance(moment, str) or window.end is None:
        return these([])
    there = in_band(found.score(weights), low, high)
    if again is not None:
        there &= _came(store, found, moment, window.end) == again
    return these(found.buyers[there])


def auc_pair(one: Floats, other: Floats, came: Bools) -> tuple[tuple[Estimate, Estimate], Estimate]:
    """The areas under two scores' curves for the same outcome, and their difference; DeLong et al. 1988, by ranks.

    Both outcomes must occur. Ties count half.
    """
    areas, inside, outside = [], [], []
    m, n = int(came.sum()), int((~came).sum())
    for scores in (one, other):
        ranks = midranks(scores) * len(scores)
        above = (ranks[came] - midranks(scores[came]) * m) / n  # for each who came: the share of the others below
        below = 1 - (ranks[~came] - midranks(scores[~came]) * n) / m
        areas.append(float(above.mean()))
        inside.append(above)
        outside.append(below)
    spread = np.cov(inside) / m + np.cov(outside) / n if min(m, n) > 1 else np.full((2, 2), np.nan)
    made = [_around(areas[i], spread[i, i], 0, 1) for i in (0, 1)]
    gain = _around(areas[0] - areas[1], spread[0, 0] + spread[1, 1] - 2 * spread[0, 1], -1, 1)
    return (made[0], made[1]), gain


def spearman(x: Floats, y: Floats) -> Estimate:
    """Spearman's rank correlation with its interval (Bonett and Wright 2000); NaN where either does not vary."""
    a, b = midranks(x), midranks(y)
    if a.std() == 0 or b.std() == 0 or len(x) < 5:
        return (np.nan,) * 3
    r = float(np.corrcoef(a, b)[0, 1])
    if abs(r) >= 1 - 1e-12:
        return r, r, r
    half = Z95 * np.sqrt((1 + r * r / 2) / (len(x) - 3))
    return r, float(np.tanh(np.arctanh(r) - half)), float(np.tanh(np.arctanh(r) + half))


def _around(value: float, variance: float, least: float, most: float) -> Estimate:
    half = Z95 * float(np.sqrt(max(variance, 0.0)))
    return value, max(value - half, least), min(value + half, most)


def _moment(store: Store, window: Window) -> datetime | str:
    if window.end is None:
        return NO_TIMES
    held = read_orders(store, Window(None, window.end))
    if not len(held.days.user):
        return NO_BUYERS
    span = held.today - int(held.days.day.min())
    ahead = min(LONGEST, span // 4)
    if ahead < SHORTEST:
        return f"The orders span {span} days; to check the score against what came after takes {4 * SHORTEST}."
    return window.end - timedelta(days=ahead)


def _came(store: Store, found: Measured, moment: datetime, end: datetime) -> Bools:
    """(b,): whether each buyer placed an order at or after the moment."""
    held = read_orders(store, Window(None, end))
    since = held.buyers[np.unique(held.user[held.at >= micros(moment)])]
    return np.isin(found.buyers, since)


def _bands(scores: Floats, came: Bools, money: Floats, values: bool) -> pd.DataFrame:
    rows = []
    for low, high in BANDS:
        there = in_band(scores, low, high)
        n, k, own = int(there.sum()), int(came[there].sum()), money[there]
        bounds = share_interval([k], [n])
        mean = float(own.mean()) if values and n else np.nan
        half = Z95 * float(own.std(ddof=1)) / n**0.5 if values and n > 1 else np.nan
        rows.append(
            {
                "low": low, "high": high, "users": n, "again": k, "share": k / n if n else np.nan,
                "share_low": float(bounds[0][0]), "share_high": float(bounds[1][0]),
                "revenue": float(own.sum()) if values else np.nan, "per_user": mean,
                "per_user_low": mean - half, "per_user_high": mean + half,
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def _verdict(auc: Estimate, gain: Estimate) -> str:
    if auc[1] <= 0.5 <= auc[2]:
        return "No: who ordered again cannot be told from the score better than by chance."
    if auc[2] < 0.5:
        return "It tells the wrong way round: those with lower scores ordered again more often. Change the weights."
    if gain[1] > 0:
        return "Yes, and more than the days since the last order alone."
    if gain[2] < 0:
        return "Yes, but less than the days since the last order alone: to know who orders again, look at those."
    return "Yes, but no more than the days since the last order alone, as far as these data can tell."
