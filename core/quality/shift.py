"""How far two samples of a column lie apart: stability index, the change that is largest, units, and whole hours."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

SOME, MUCH = 0.1, 0.25
"""The usual bounds of the population stability index: below 0.1 alike, above 0.25 another population."""
UNITS: dict[float, str] = {
    10: "ten times", 60: "60 times, as minutes and seconds are", 100: "100 times, as pence and pounds are",
    1000: "1,000 times, as thousandths are", 3600: "3,600 times, as hours and seconds are",
}  # fmt: skip
_CHANCE = 0.001


@dataclass(frozen=True)
class Apart:
    """A stability index and what chance alone would make of it.

    Attributes:
        psi: population stability index over the parts, half a count added to each so that none is empty.
        noise: what the index of two samples of one population exceeds once in 1,000 times.
        usual: its mean then.
    """

    psi: float
    noise: float
    usual: float

    @property
    def level(self) -> int:
        """0 = alike, or not to be told from chance; 1 = above 0.1; 2 = above 0.25 (both after taking off `usual`)."""
        if self.psi <= self.noise:
            return 0
        return int(self.psi - self.usual >= SOME) + int(self.psi - self.usual >= MUCH)


def apart(before: Floats, now: Floats, people_before: float, people_now: float) -> Apart:
    """The stability index of two rows of counts over the same parts.

    Args:
        before, now: counts (or weights) of each part.
        people_before, people_now: how many independent draws stand behind them: users rather than events, since what
            one user does is alike. For samples of so many draws the index is (1/n + 1/m) times a chi-square number.
    """
    from scipy.special import chdtri

    there = (before + now) > 0
    before, now = before[there], now[there]
    parts = len(before)
    if parts < 2 or not before.sum() or not now.sum():
        return Apart(0.0, 0.0, 0.0)
    old, new = ((one + 0.5) / (one.sum() + 0.5 * parts) for one in (before, now))
    share = 1 / max(people_before, 1) + 1 / max(people_now, 1)
    psi = float(((new - old) * np.log(new / old)).sum())
    return Apart(psi, share * float(chdtri(parts - 1, _CHANCE)), share * (parts - 1))


def standardised(before: Floats, now: Floats) -> tuple[Floats, Floats]:
    """Counts of parts, summed over groups, as if the earlier loads had had the groups in the shares of now.

    Groups are event words: a load of purchases alone has other devices than one of views too, and that is no drift.

    Args:
        before, now: counts [groups, parts]. Groups that one of them lacks are left out of both.

    Returns:
        Counts [parts] of each; those of before add up to what they were in the groups both have.
    """
    both = (before.sum(axis=1) > 0) & (now.sum(axis=1) > 0)
    old, new = before[both], now[both]
    if not both.any():
        return np.zeros(before.shape[1]), np.zeros(before.shape[1])
    share = new.sum(axis=1) / new.sum()
    mixed = (old / old.sum(axis=1, keepdims=True) * share[:, None]).sum(axis=0)
    return mixed * old.sum(), new.sum(axis=0)


def deciles(before: Floats, now: Floats) -> tuple[Floats, Floats]:
    """Counts of two samples of numbers in the tenths of the first; values that fill several tenths make one part."""
    edges = np.unique(np.quantile(before, np.arange(1, 10) / 10))
    # A value that many rows have (a quantity of 1) is a part by itself: [edge, the next number there is).
    often = edges[[(before == edge).mean() >= 0.02 for edge in edges]]
    parts = np.unique(np.concatenate([edges, np.nextafter(often, np.inf)]))
    place = [np.searchsorted(parts, one, side="right") for one in (before, now)]
    old, new = (np.bincount(one, minlength=len(parts) + 1).astype(np.float64) for one in place)
    return old, new


def unit_change(before: Floats, now: Floats) -> float | None:
    """The factor (100, 0.01, ...) by which numbers seem to be in another unit: their medians lie within a fifth of it
    apart, and the whole distribution lies far closer once it is taken off. None where there is none.
    """
    old, new = before[before > 0], now[now > 0]
    if len(old) < 30 or len(new) < 30:
        return None
    ratio = float(np.median(new) / np.median(old))
    for unit in UNITS:
        for factor in (float(unit), 1 / unit):
            if abs(np.log(ratio / factor)) < np.log(1.2):
                was = apart(*deciles(old, new), len(old), len(new)).psi
                if apart(*deciles(old, new / factor), len(old), len(new)).psi < was / 4:
                    return factor
    return None


def hour_shift(before: Floats, now: Floats) -> tuple[int, float, float]:
    """By how many hours [-11, 12] later the day of `now` [24 counts] lies than that of `before`, as far as this brings
    them together; with the share of events in other hours as they are, and after the shift.
    """
    old, new = before / before.sum(), now / now.sum()
    away = {by: float(np.abs(np.roll(old, by) - new).sum()) / 2 for by in range(-11, 13)}
    best = min(away, key=lambda by: (away[by], abs(by)))
    return best, away[0], away[best]
