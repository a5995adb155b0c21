"""Lift: how much likelier members are to take something than everybody, with an interval that knows small counts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
LEAST = 5
"""Members who must have taken something before its lift is said: of fewer, chance says more than they do."""
_Z = 1.959963984540054  # of a 95 % interval


@dataclass(frozen=True)
class Lifts:
    """Arrays of one number for each thing: share, share_all, lift, and its 95 % interval low to high."""

    share: Numbers
    share_all: Numbers
    lift: Numbers
    low: Numbers
    high: Numbers


def lifts(takers: Numbers, takers_all: Numbers, members: int, everyone: int) -> Lifts:
    """The lift of each thing: takers / members, divided by takers_all / everyone. Members are part of everyone.

    The interval is that of a risk ratio on the log scale (Katz), with the variance that it has where the one group
    is part of the other: everyone are members and the rest, who are independent. Half a taker is added to either side in the variance only, so that a thing that all or none
    of the rest took does not look certain. A lift is never above everyone / members, nor is its interval.
    A segment of everyone has lift 1, exactly. Needs at least one taker of each thing and one member.
    """
    share, share_all = takers / members, takers_all / everyone
    lift = share / share_all
    rest = everyone - members
    if rest <= 0:
        return Lifts(share, share_all, lift, lift, lift)
    error = np.sqrt(_variance(takers + 0.5, takers_all - takers + 0.5, members + 1.0, rest + 1.0))
    low, high = lift * np.exp(-_Z * error), lift * np.exp(_Z * error)
    return Lifts(share, share_all, lift, low, np.minimum(high, everyone / members))


def _variance(a: Numbers, b: Numbers, n: float, m: float) -> Numbers:
    """Of ln(p / q): p = a / n of members, q = (a + b) / (n + m) of everyone; b of m in the rest, independent of a.

    By the delta method: p moves ln(p / q) by b / ((a + b) p), the rest's own share r = b / m by -m / (a + b).
    """
    of_members = (b / (a + b)) ** 2 * (1 / a - 1 / n)
    of_rest = (b / (a + b)) ** 2 * (1 / b - 1 / m)
    return of_members + of_rest
