"""Non-negative least squares with an l1 and an l2 price, for many targets of one square at a time, solved exactly."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_matrix

from core.interactions import Array

_FIRST = 32  # items that a target takes up at most in its first round
_ROUNDS = 100
_CELLS = 2_000_000  # of small squares solved together: 16 MB
_SLACK = {"f": 2e-6, "d": 1e-10}  # of the largest cell of a column: a pull weaker than that is rounding


def nonnegative(gram: Array, targets: Array, l1: float, l2: float) -> Array:
    """float64 (len(targets), n): for each target i the s that minimises, over s >= 0 with s_i = 0,

    1/2 s'Gs - G_i's + l1 sum(s) + l2/2 s's; G = `gram`, float32 or float64 (n, n), symmetric, no cell below 0.

    With l2 > 0 there is one such s: that at which the pull y = G_i - l1 - (G + l2 I) s is 0 where s_j > 0, and not
    above 0 elsewhere. Since no cell is below 0, only items with G_ji > l1 can have a part.

    Active sets, for all targets at once: each round takes up the items that pull most, solves the equations of what
    is taken up (in float64), drops what comes out negative and solves again. A round that does not improve a target is
    undone and tried with fewer items; where one is too many, Lawson and Hanson's method, which always ends, takes over.
    Raises numpy's LinAlgError where G is so large that l2 is lost in rounding.
    """
    place = np.arange(len(targets))
    right = gram[targets].astype(np.float64) - l1  # rows are columns
    right[place, targets] = -np.inf
    slack = _SLACK[gram.dtype.char] * (right.max(axis=1, initial=0.0) + l1)[:, None]
    s, worth, most = np.zeros(right.shape), np.zeros(len(place)), np.full(len(place), _FIRST)
    pull = right.copy()
    open_ = place[(pull > slack).any(axis=1)]
    for _ in range(_ROUNDS):
        if not len(open_):
            return s
        tried = (s[open_] > 0) | _strongest(pull[open_], slack[open_], most[open_])
        found = _solved(gram, right[open_], tried, l2)
        gained = np.einsum("tj,tj->t", np.where(found > 0, right[open_], 0.0), found)
        better = gained > worth[open_] * (1 + 1e-12)
        moved, failed = open_[better], open_[~better]
        s[moved], worth[moved] = found[better], gained[better]
        pull[moved] = right[moved] - np.asarray(csr_matrix(s[moved].astype(gram.dtype)) @ gram)
        pull[s > 0] = -np.inf
        for target in failed[most[failed] == 1]:
            s[target] = _careful(gram, right[target], float(slack[target, 0]), l2, s[target])
            pull[target] = -np.inf
        most[moved], most[failed] = most[moved] * 2, np.maximum(most[failed] // 4, 1)
        open_ = open_[(pull[open_] > slack[open_]).any(axis=1)]
    for target in open_:
        s[target] = _careful(gram, right[target], float(slack[target, 0]), l2, s[target])
    return s


def _strongest(pull: Array, slack: Array, most: Array) -> Array:
    """Of each row the `most` greatest above `slack`, as a mask; more where the last of them are equal."""
    widest = min(int(most.max()), pull.shape[1])
    ranked = -np.sort(-np.partition(pull, -widest, axis=1)[:, -widest:], axis=1)
    edge = ranked[np.arange(len(pull)), np.minimum(most, widest) - 1]
    chosen: Array = (pull >= edge[:, None]) & (pull > slack)
    return chosen


def _solved(gram: Array, right: Array, active: Array, l2: float) -> Array:
    """float64, as `right`: (G_AA + l2 I) s = right_A for the items A of each row of `active` (which changes), 0 else.

    What comes out at 0 or below is dropped, and the row solved again until nothing is.
    """
    s = np.zeros(right.shape)
    again = np.arange(len(right))
    while len(again):
        sizes = active[again].sum(axis=1)
        again = again[np.argsort(sizes, kind="stable")]
        sizes, left, begin = np.sort(sizes), [], 0
        while begin < len(again):
            end = begin + 1
            while end < len(again) and (end + 1 - begin) * int(sizes[end]) ** 2 <= _CELLS:
                end += 1
            rows, width = again[begin:end], max(1, int(sizes[end - 1]))
            items, real = _padded(active[rows], width)
            small = gram[items[:, :, None], items[:, None, :]].astype(np.float64)
            small *= real[:, :, None] & real[:, None, :]
            small[:, np.arange(width), np.arange(width)] += np.where(real, l2, 1.0)
            wanted = np.where(real, np.take_along_axis(right[rows], items, axis=1), 0.0)
            z = np.linalg.solve(small, wanted[:, :, None])[:, :, 0]
            bad = real & (z <= 0)
            which, where = np.nonzero(bad)
            active[rows[which], items[which, where]] = False
            which, where = np.nonzero(real & ~bad)
            s[rows] = 0.0
            s[rows[which], items[which, where]] = z[which, where]
            left.append(rows[bad.any(axis=1)])
            begin = end
        again = np.sort(np.concatenate(left))
    return s


def _padded(active: Array, width: int) -> tuple[Array, Array]:
    """The places that are true in each row, side by side (n, width), and which of these are not mere filling."""
    which, where = np.nonzero(active)
    starts = np.concatenate([[0], np.cumsum(active.sum(axis=1))[:-1]])
    items, real = np.zeros((len(active), width), dtype=np.int64), np.zeros((len(active), width), dtype=bool)
    side = np.arange(len(which)) - starts[which]
    items[which, side], real[which, side] = where, True
    return items, real


def _careful(gram: Array, right: Array, slack: float, l2: float, s: Array) -> Array:
    """One target by Lawson and Hanson (1974, chapter 23), one item at a time, from a solution on fewer items."""
    s, right = s.copy(), right.copy()
    while True:
        taken = np.flatnonzero(s)
        pull = right - s[taken] @ gram[taken].astype(np.float64)
        pull[taken] = -np.inf
        best = int(pull.argmax())
        if not pull[best] > slack:
            return s
        rows = np.sort(np.append(taken, best))
        while True:
            z = np.linalg.solve(gram[np.ix_(rows, rows)].astype(np.float64) + l2 * np.eye(len(rows)), right[rows])
            low = z <= 0
            if not low.any():
                s[rows] = z
                break
            length = s[rows][low] / (s[rows][low] - z[low])
            s[rows] += float(length.min()) * (z - s[rows])
            s[rows[low][length <= length.min()]] = 0.0
            kept = s[rows] > 0
            if best in rows[low] and s[best] <= 0:
                right[best] = -np.inf  # it pulled by rounding alone
            s[rows[~kept]] = 0.0
            rows = rows[kept | ((rows == best) & np.isfinite(right[best]))]
