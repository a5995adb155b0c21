"""What a daily series should look like: its level, its week, its spread, and limits that a clean day seldom leaves.

The model is count = level x weekday, spread as a negative binomial (a Poisson where the days are no more uneven than
chance). Everything is estimated so that a spike, an outage or a holiday does not move it: a running median first, then
a weighted mean of the days that lie within the limits of that first look.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

WINDOW = 29
"""Days of the running median: four weeks and the day itself."""
REACH = 21
"""Days to either side that the fine level looks at; the nearer, the more they count."""
TAIL = 0.0004
"""Chance of a clean day to lie above the upper limit, and the same below the lower. That the limits are themselves
estimated adds to it; measured, about 1 clean day in 1,000 lies outside (tests/quality/test_series.py)."""
GAP_CHANCE = 1e-4
"""A run of empty days is a gap where chance would leave it empty less often than this."""
_CLOSED_SHARE = 2 / 3
_LEAST = 0.05  # events a day: below this the limits would be those of nothing at all


@dataclass(frozen=True)
class Limits:
    """What was expected of each day. All arrays have one entry per day, in order.

    Attributes:
        expected: the mean of a usual day; 0 on closed weekdays.
        low, high: a clean day lies from low to high; on closed weekdays 0 and infinity (they are not judged).
        closed: the weekday never has anything at this time of the series (a shop shut on Saturdays).
        gap: an empty day that chance does not explain.
        spread: overdispersion: variance = mean + spread x mean squared; 0 = Poisson.
    """

    expected: Floats
    low: Floats
    high: Floats
    closed: Bools
    gap: Bools
    spread: float


def limits(count: Floats, weekday: NDArray[np.int64], judged: Bools | None = None) -> Limits:
    """Level, week and limits of daily counts (whole numbers, days without gaps in the calendar, no NaN).

    Args:
        count: events of each day, zero where there are none.
        weekday: 0 to 6 of each day.
        judged: days to learn from; None = all. The others (days only partly covered) get limits too.
    """
    usable = np.ones(len(count), bool) if judged is None else judged.copy()
    closed = closed_weekdays(count, weekday)
    usable &= ~closed
    gap = np.zeros(len(count), bool)
    # Empty days are left out at first, so that an outage of weeks is no new level; those that chance explains return.
    filled = usable & (count > 0)
    if filled.any() and count[usable].mean() >= 3:
        expected, spread = _fit(count, weekday, filled)
        gap = gaps(count, usable, closed, spread)
    elif filled.any():
        gap = gaps(count, usable, closed, 0.0)
        gap = gaps(count, usable, closed, _spread(count, _fit(count, weekday, usable & ~gap)[0], usable & ~gap))
    expected, spread = _fit(count, weekday, usable & ~gap)
    expected[closed] = 0
    low, high = _quantiles(np.maximum(expected, _LEAST), spread)
    low[closed], high[closed] = 0, np.inf
    return Limits(expected, low, high, closed, gap, spread)


def amounts(amount: Floats, weekday: NDArray[np.int64], judged: Bools) -> Limits:
    """The same for sums of money: the spread is that of logarithms, up and down apart, since baskets are uneven.

    Days without money (zero or less) are not judged: whether they are gaps, the counts say.
    """
    from scipy.special import ndtri

    closed = closed_weekdays(amount, weekday)
    usable = judged & (amount > 0) & ~closed
    expected = np.zeros(len(amount))
    low, high = np.zeros(len(amount)), np.full(len(amount), np.inf)
    if usable.sum() >= WINDOW:
        level, week = running_median(np.where(usable, amount, np.nan)), np.ones(7)
        for _ in range(2):
            week = _week(amount, level, weekday, usable)
            level = running_median(np.where(usable, amount / week[weekday], np.nan))
        expected = level * week[weekday]
        away = np.log(amount[usable] / expected[usable])
        down, up = _half_spread(-away), _half_spread(away)
        reach = -float(ndtri(TAIL))
        low, high = expected * np.exp(-reach * down), expected * np.exp(reach * up)
        expected[closed], low[closed], high[closed] = 0, 0, np.inf
    return Limits(expected, low, high, closed, np.zeros(len(amount), bool), 0.0)


def running_median(values: Floats) -> Floats:
    """Median of the `WINDOW` days around each; NaN are left out; where all are NaN, from the nearest days that are not.

    At both ends the window is cut, as in pandas' rolling(29, center=True, min_periods=1).
    """
    half = WINDOW // 2
    padded = np.concatenate([np.full(half, np.nan), values, np.full(half, np.nan)])
    windows = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)
    return _medians(windows)


def closed_weekdays(count: Floats, weekday: NDArray[np.int64]) -> Bools:
    """Days of a weekday that is empty while its neighbours are not, in two thirds of the nine weeks around or more.

    Local, so that a shop may begin to open on Sundays. Weeks that are empty altogether say nothing, and days with fewer
    than 3 events on average can be empty by chance: there no weekday is called closed.
    """
    days = len(count)
    padded = np.concatenate([np.zeros(3), count, np.zeros(3)])
    others = np.lib.stride_tricks.sliding_window_view(padded, 7).sum(axis=1) - count
    closed = np.zeros(days, bool)
    for one in range(7):
        at = np.flatnonzero(weekday == one)
        if not len(at):
            continue
        telling, empty = (others[at] > 0).astype(float), (count[at] == 0) & (others[at] > 0)
        nine = np.ones(9)
        weeks, zeros = (np.convolve(part, nine)[4 : 4 + len(at)] for part in (telling, empty.astype(float)))
        busy = np.convolve(others[at], nine)[4 : 4 + len(at)] >= 3 * 6 * np.maximum(weeks, 1)
        closed[at] = (weeks >= 3) & (zeros >= _CLOSED_SHARE * weeks) & busy
        # The last weeks before a shop begins to open, and the first after it has ceased to: five weeks to one side.
        for start in (0, 4):
            seen, shut = (np.convolve(part, np.ones(5))[start : start + len(at)] for part in (telling, 1.0 * empty))
            closed[at] |= (count[at] == 0) & (seen >= 4) & (shut >= 0.8 * seen) & busy
    return closed


def gaps(count: Floats, usable: Bools, closed: Bools, spread: float) -> Bools:
    """Empty days in runs that chance explains less often than `GAP_CHANCE`, by the 28 open days on each side.

    Closed days neither end a run nor count in it; those inside a gap belong to it. Days before the first event are no
    gap, days after the last are.
    """
    found = np.zeros(len(count), bool)
    open_days = np.flatnonzero(~closed)
    values = count[open_days]
    for start, stop in runs(values == 0):
        if start == 0:
            continue
        sides = [side for side in (values[max(0, start - 28) : start], values[stop : stop + 28]) if len(side) >= 7]
        mean = min((float(side.mean()) for side in sides), default=0.0)
        tested = int(usable[open_days[start:stop]].sum())
        if tested * _log_empty(mean, spread) < np.log(GAP_CHANCE):
            found[open_days[start] : open_days[stop - 1] + 1] = True
    return found


def runs(where: Bools) -> list[tuple[int, int]]:
    """Stretches of True, as (first, one after the last).

    >>> runs(np.array([True, True, False, True]))
    [(0, 2), (3, 4)]
    """
    edges = np.flatnonzero(np.diff(np.concatenate([[0], where.astype(np.int8), [0]])))
    return [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]


def _fit(count: Floats, weekday: NDArray[np.int64], usable: Bools) -> tuple[Floats, float]:
    """Expected counts and spread: a running median and medians of weekdays, then means within those limits."""
    if not usable.any():
        return np.zeros(len(count)), 0.0
    week, level = np.ones(7), np.zeros(len(count))
    for _ in range(3):
        level = _first_level(np.where(usable, count / week[weekday], np.nan))
        week = _week(count, level, weekday, usable)
    expected = level * week[weekday]
    for _ in range(3):
        spread = _spread(count, expected, usable)
        low, high = _quantiles(np.maximum(expected, _LEAST), spread)
        inside = usable & (count >= low) & (count <= high)
        if not inside.any():
            break
        level = _smooth(np.where(inside, count, 0), np.where(inside, week[weekday], 0))
        week = np.array(
            [_ratio(count, level, inside & (weekday == one), usable & (weekday == one)) for one in range(7)]
        )
        expected = level * week[weekday]
    return expected, _spread(count, expected, usable)


def _first_level(values: Floats) -> Floats:
    """The running median; where it is below 5 a mean without the outer fifth: medians of few are coarse."""
    middle = running_median(values)
    if (middle >= 5).all():
        return middle
    half = WINDOW // 2
    padded = np.concatenate([np.full(half, np.nan), values, np.full(half, np.nan)])
    ordered = np.sort(np.lib.stride_tricks.sliding_window_view(padded, WINDOW), axis=1)  # NaN last
    known = np.isfinite(ordered).sum(axis=1)
    cut = (known * 0.1).astype(int)
    place = np.arange(WINDOW)
    kept = (place >= cut[:, None]) & (place < (known - cut)[:, None])
    sums = np.where(kept, ordered, 0).sum(axis=1)
    return np.where((middle >= 5) | (known == 0), middle, sums / np.maximum(kept.sum(axis=1), 1))


def _smooth(count: Floats, share: Floats) -> Floats:
    """Level by a local straight line through counts / share, weighted by nearness and by share (0 = not there)."""
    offset = np.arange(-REACH, REACH + 1)
    near = (1 - (np.abs(offset) / (REACH + 1)) ** 3) ** 3
    # Moments of the weights, by convolution: kernels are turned round, since convolve turns them back.
    s0, s1, s2 = (np.convolve(share, (near * offset**k)[::-1])[REACH : REACH + len(share)] for k in range(3))
    t0, t1 = (np.convolve(count, (near * offset**k)[::-1])[REACH : REACH + len(share)] for k in range(2))
    below = s0 * s2 - s1**2
    line = np.divide(s2 * t0 - s1 * t1, below, out=np.zeros(len(share)), where=below > 1e-9 * np.maximum(s0 * s2, 1e-9))
    mean = np.divide(t0, s0, out=np.full(len(share), np.nan), where=s0 > 1e-9)
    # A line through few days at one end can point anywhere: it is held to within a factor of two of the mean.
    level = np.where(below > 1e-9 * np.maximum(s0 * s2, 1e-9), np.clip(line, mean / 2, mean * 2), mean)
    known = np.flatnonzero(np.isfinite(level))
    return np.interp(np.arange(len(level)), known, level[known])


def _week(count: Floats, level: Floats, weekday: NDArray[np.int64], usable: Bools) -> Floats:
    """Each weekday's median ratio to the level; for thin series the ratio of sums, as medians of few are coarse."""
    factors = np.ones(7)
    for one in range(7):
        at = usable & (weekday == one) & (level > 0)
        if at.sum() >= 3:
            ratio = float(np.median(count[at] / level[at]))
            factors[one] = ratio if np.median(level[at]) >= 5 and ratio > 0 else count[at].sum() / level[at].sum()
    factors = np.clip(factors, 0.01, None)
    return np.asarray(factors / factors.mean(), np.float64)


def _ratio(count: Floats, level: Floats, inside: Bools, usable: Bools) -> float:
    """A weekday's mean ratio to the level over the days within the limits; 1 where there are too few to say."""
    if usable.sum() < 3 or not level[inside].sum():
        return 1.0
    return max(float(count[inside].sum() / level[inside].sum()), 0.01)


def _spread(count: Floats, expected: Floats, usable: Bools) -> float:
    """The overdispersion at which the days, far ones held at 2.5 deviations, are as uneven as a normal's."""
    at = usable & (expected > _LEAST)
    if at.sum() < 14:
        return 0.0
    away, mean = (count[at] - expected[at]) ** 2, expected[at]
    far = 2.5**2
    usual = 0.9746  # mean of min(z squared, 2.5 squared) for a normal z
    # The level was fitted to the same days: what it has taken up is missing from the deviations.
    usual *= 1 - min(0.5, (7 + len(mean) / 24) / len(mean))

    def uneven(spread: float) -> float:
        return float(np.minimum(away / (mean + spread * mean**2), far).mean())

    if uneven(0.0) <= usual:
        return 0.0
    low, high = 0.0, 16.0
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if uneven(middle) > usual else (low, middle)
    return high


def _half_spread(away: Floats) -> float:
    """Deviation of one side: of the positive values (zero is the median), by their median and their outer tenth."""
    side = away[away > 0]
    if len(side) < 10:
        return float(np.abs(away).max()) if len(away) else 0.0
    return max(float(np.median(side)) / 0.6745, float(np.quantile(side, 0.9)) / 1.6449)


def _quantiles(mean: Floats, spread: float) -> tuple[Floats, Floats]:
    from scipy.stats import nbinom, poisson

    law = poisson(mean) if spread * mean.max() < 1e-06 else nbinom(1 / spread, 1 / (1 + spread * mean))
    return np.asarray(law.ppf(TAIL), np.float64), np.asarray(law.isf(TAIL), np.float64)


def _log_empty(mean: float, spread: float) -> float:
    """Logarithm of the chance of an empty day."""
    return -mean if spread * mean < 1e-9 else -float(np.log1p(spread * mean)) / spread


def _medians(windows: Floats) -> Floats:
    known = np.isfinite(windows).sum(axis=1)
    ordered = np.sort(windows, axis=1)  # NaN last
    row, last = np.arange(len(windows)), np.maximum(known, 1)
    middle = (ordered[row, (last - 1) // 2] + ordered[row, last // 2]) / 2
    at = np.flatnonzero(known)
    return np.interp(row, at, middle[at]) if len(at) else np.zeros(len(windows))
