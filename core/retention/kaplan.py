"""Kaplan-Meier curves with 95 % intervals, medians, and the log-rank test. Times are whole numbers of days."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.behaviour import Z95

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Curve:
    """A survival curve by day; arrays of equal length, place = day.

    Attributes:
        at_risk: int64, who were seen so long and to whom it had not happened before that day.
        events: int64, to whom it happened on that day. censored: int64, seen no longer than to that day.
        share: S(day), the share to whom it has not happened by the end of that day (Kaplan and Meier 1958).
        low, high: 95 % interval on the scale of log(-log S) with Greenwood's variance; NaN where S is 0.
    """

    at_risk: Ints
    events: Ints
    censored: Ints
    share: Floats
    low: Floats
    high: Floats

    def reached(self, level: float = 0.5, which: str = "share") -> int | None:
        """The first day on which S (or an end of its interval) is at `level` or below; None if never.

        The interval of a median is where the interval's ends cross one half (Brookmeyer and Crowley 1982).
        """
        values: Floats = getattr(self, which)
        below = np.flatnonzero(values <= level + 1e-12)
        return int(below[0]) if len(below) else None


def kaplan_meier(days: npt.ArrayLike, happened: npt.ArrayLike, longest: int | None = None) -> Curve:
    """The curve of users who were seen for `days`, and to whom it then `happened` or who were seen no longer.

    Someone seen no longer than the day on which it happens to another was still at risk on that day.

    >>> curve = kaplan_meier([1, 2, 2, 3], [True, True, False, False])
    >>> curve.share.round(3).tolist(), curve.at_risk.tolist()
    ([1.0, 0.75, 0.5, 0.5], [4, 4, 3, 1])
    """
    time, event = np.asarray(days, dtype=np.int64), np.asarray(happened, dtype=np.bool_)
    length = (int(time.max(initial=0)) if longest is None else longest) + 1
    events = np.bincount(time[event], minlength=length).astype(np.int64)
    censored = np.bincount(time[~event], minlength=length).astype(np.int64)
    gone = np.cumsum(events + censored)
    at_risk = np.append(len(time), len(time) - gone[:-1]).astype(np.int64)
    with np.errstate(divide="ignore", invalid="ignore"):
        hazard = np.where(at_risk > 0, events / at_risk, 0.0)
        share = np.cumprod(1 - hazard)
        spread = np.sqrt(np.cumsum(np.where(at_risk > 0, events / (at_risk * (at_risk - events)), 0.0)))
        half = Z95 * spread / np.log(share)  # below zero
        low, high = share ** np.exp(-half), share ** np.exp(half)
    sure = share >= 1
    low, high = np.where(sure, 1.0, low), np.where(sure, 1.0, high)
    known = share > 0
    return Curve(at_risk, events, censored, share, np.where(known, low, np.nan), np.where(known, high, np.nan))


def log_rank(curves: list[Curve]) -> tuple[float, float]:
    """The log-rank test (Mantel 1966) that all curves are one: chi-square and p, of len(curves) - 1 degrees of freedom.

    Curves may be of different lengths. (0, 1) where it happened to nobody while two parts were at risk.
    """
    from scipy.special import chdtrc

    length = max(len(curve.events) for curve in curves)
    died, risk = (
        np.stack([np.pad(getattr(c, name), (0, length - len(c.events))) for c in curves]).astype(np.float64)
        for name in ("events", "at_risk")
    )
    all_died, all_risk = died.sum(axis=0), risk.sum(axis=0)
    used = (all_died > 0) & (all_risk > 1)
    died, risk, d, n = died[:, used], risk[:, used], all_died[used], all_risk[used]
    part = risk / n
    difference = (died - part * d).sum(axis=1)
    weight = d * (n - d) / (n - 1)
    spread = np.diag((weight * part).sum(axis=1)) - (weight * part) @ part.T
    statistic = float(difference @ np.linalg.pinv(spread) @ difference)
    freedom = int(np.linalg.matrix_rank(spread)) if spread.any() else 0
    return (statistic, float(chdtrc(freedom, statistic))) if freedom else (0.0, 1.0)
