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

    Everyone are the members and the rest, who are independent of them: lift = 1 / (f + (1 - f) r), f the members'
    share of everyone and r the risk ratio of the rest against the members. The interval is that of r on the log scale
    (Katz, with half a taker added to each count, after Walter), carried over to the lift: so it widens where either
    side has few takers, and never passes everyone / members, above which no lift can be. Where nobody of the rest
    took a thing it reaches up to that. A segment of everyone has lift 1, exactly. Needs a taker of each thing.
    """
    share, share_all = takers / members, takers_all / everyone
    lift = share / share_all
    rest, rest_takers = everyone - members, takers_all - takers
    if rest <= 0:
        return Lifts(share, share_all, lift, lift, lift)
    a, n, b, m = takers + 0.5, members + 0.5, rest_takers + 0.5, rest + 0.5
    ratio = (b / m) / (a / n)
    width = np.exp(_Z * np.sqrt(1 / a - 1 / n + 1 / b - 1 / m))
    part = members / everyone
    low = 1 / (part + (1 - part) * ratio * width)
    high = 1 / (part + (1 - part) * np.where(rest_takers > 0, ratio / width, 0.0))
    return Lifts(share, share_all, lift, np.minimum(low, lift), np.maximum(high, lift))
