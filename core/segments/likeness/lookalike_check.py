"""The held-out check: a fifth of the seed is hidden among all others, five times; how many of them come back."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from core.interactions import Array
from core.segments.likeness.lookalike_score import FOLDS, Folds, in_order
from core.segments.likeness.types import HeldOut

_LENGTHS = 30
_Z95 = 1.959963984540054


@dataclass(frozen=True)
class Checked:
    """The check, and how well the way parts hidden members from others: 0.5 = not at all, 1 = wholly."""

    held: HeldOut
    auc: float


def held_out(way: str, scores: Array, folds: Folds, size: int) -> Checked:
    """What came back of each fold in a list of `size` users out of it and all users outside the seed, pooled.

    Args:
        scores: float64 (n, FOLDS + 1): column f is used where fold f is hidden.
        size: list length, at most the candidates.
    """
    places, below = [], []
    for column in range(FOLDS):
        order = in_order(scores[:, column], folds.judged(column))
        hidden = folds.fold[order] == column
        at = np.flatnonzero(hidden)
        places.append(at)
        outside = np.sort(scores[folds.fold < 0, column])
        mine = scores[folds.fold == column, column]
        low, high = np.searchsorted(outside, mine, "left"), np.searchsorted(outside, mine, "right")
        below.append((low + high) / (2 * len(outside)))
    place = np.sort(np.concatenate(places))
    among = int((folds.fold < 0).sum()) + len(place) / FOLDS
    found = int(np.searchsorted(place, size))
    low_share, high_share = wilson(found, len(place))
    curve = tuple(
        (int(n), float(np.searchsorted(place, n) / len(place))) for n in lengths(size, math.floor(among))
    )  # fmt: skip
    held = HeldOut(
        way, size, len(place), found, found / len(place), low_share, high_share, min(size / among, 1.0), curve
    )
    return Checked(held, float(np.concatenate(below).mean()))


def lengths(size: int, most: int) -> Array:
    """About 30 lengths of lists, `size` among them, from a thirtieth to ten times of it (or as many as there are).

    >>> lengths(30, 100)[[0, -1]].tolist(), 30 in lengths(30, 100)
    ([1, 100], True)
    """
    last = min(max(10 * size, 10), most)
    grid = np.geomspace(max(size / 30, 1), last, _LENGTHS - 1).round().astype(np.int64)
    return np.unique(np.append(grid, min(size, most)))


def wilson(found: int, hidden: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson 1927); of 0 of 0 it is 0 to 1.

    >>> tuple(round(limit, 4) for limit in wilson(56, 70))
    (0.6918, 0.877)
    """
    if not hidden:
        return 0.0, 1.0
    share, more = found / hidden, _Z95**2 / hidden
    middle = (share + more / 2) / (1 + more)
    reach = _Z95 / (1 + more) * math.sqrt(share * (1 - share) / hidden + more / (4 * hidden))
    return max(middle - reach, 0.0), min(middle + reach, 1.0)
