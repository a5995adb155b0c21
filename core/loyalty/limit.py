"""The product limit of Kaplan and Meier, on whole days."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.behaviour import Z95
from core.loyalty.orders import Bools, Ints


@dataclass(frozen=True, eq=False)
class Limit:
    """How soon pauses end.

    Attributes:
        table: one row for each day on which a pause ended: day (int), at_risk, ended (int), again (share over by the
            end of that day, float), low, high (95 %, Greenwood's variance on the scale of log(-log)).
        longest: the longest pause seen, ended or not; beyond it nothing is known.
    """

    table: pd.DataFrame
    longest: int

    def within(self, days: int) -> tuple[float, float, float] | None:
        """Share over within `days`, with its interval; None where nothing lasted so long and some pause goes on."""
        rows = self.table[self.table["day"] <= days]
        whole = len(self.table) > 0 and self.table["again"].iloc[-1] >= 1
        if days > self.longest and not whole:
            return None
        if rows.empty:
            return 0.0, 0.0, 0.0
        last = rows.iloc[-1]
        return float(last["again"]), float(last["low"]), float(last["high"])

    def after(self, share: float) -> int | None:
        """Days after which `share` of the pauses are over; None where that share was never reached."""
        reached = self.table["day"][self.table["again"] >= share - 1e-12]
        return None if reached.empty else int(reached.iloc[0])


def product_limit(days: Ints, ended: Bools) -> Limit:
    """The product limit of pauses of `days` whole days, of which some `ended` and the others still go on.

    A pause that goes on counts as at risk on the last day it has reached, as is usual. Source: Kaplan and Meier 1958;
    interval as in R's survival package, conf.type = "log-log".
    """
    if not len(days):
        return Limit(_table(*(np.zeros(0, dtype=np.int64),) * 3), 0)
    span = int(days.max()) + 1
    over, reached = np.bincount(days[ended], minlength=span), np.bincount(days, minlength=span)
    at_risk = len(days) - np.concatenate(([0], np.cumsum(reached)[:-1]))
    there = np.flatnonzero(over)
    return Limit(_table(there, at_risk[there], over[there]), span - 1)


def _table(day: Ints, at_risk: Ints, ended: Ints) -> pd.DataFrame:
    left = np.cumprod(1 - ended / at_risk)
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = np.cumsum(ended / (at_risk * (at_risk - ended).astype(np.float64)))
        half = Z95 * np.sqrt(spread) / np.abs(np.log(left))
        high, low = left ** np.exp(-half), left ** np.exp(half)
    certain = left <= 0
    return pd.DataFrame(
        {
            "day": day,
            "at_risk": at_risk,
            "ended": ended,
            "again": 1 - left,
            "low": np.where(certain, 1.0, 1 - high),
            "high": np.where(certain, 1.0, 1 - low),
        }
    )
