"""Compiled loops over scores: each is looked at once, where NumPy needs six passes.

Imported only where there are so many scores that it pays (`core.recommend.compiled`): loading takes half a second, the
first compiling on a machine two more. The NumPy twins are `topk` and `core.evaluate.ranking._won`; both give the same.
"""

from __future__ import annotations

import numba
import numpy as np

from core.interactions import Array

GROUP = 16  # as in topk, for the same reason
_STRIP = 32  # heads that are looked at together: one vector operation or two
LOWEST = np.finfo(np.float32).min
_NEVER = np.float32(-np.inf)


@numba.njit(nogil=True, cache=True)
def _put(value: float, column: int, held: int, values: Array, columns: Array) -> int:
    """Put in its place among the `held` best so far, best first, equal ones by column; how many are held then."""
    place = min(held, len(values) - 1)
    while place > 0 and (values[place - 1] < value or (values[place - 1] == value and columns[place - 1] > column)):
        values[place], columns[place] = values[place - 1], columns[place - 1]
        place -= 1
    values[place], columns[place] = value, column
    return min(held + 1, len(values))


@numba.njit(nogil=True, cache=True)
def _heads(row: Array, heads: Array) -> None:
    """The greatest of each group: columns g, g + groups, g + 2 groups, ...; NaN never, -inf where there is no other."""
    groups = len(heads)
    heads[:] = _NEVER
    for turn in range(GROUP):
        part = row[turn * groups : (turn + 1) * groups]
        for g in range(groups):
            heads[g] = part[g] if part[g] > heads[g] else heads[g]


@numba.njit(nogil=True, cache=True)
def _edge(heads: Array, values: Array, columns: Array) -> np.float32:
    """The k-th greatest head, k = len(values); -inf where there are fewer."""
    held, worst = 0, _NEVER
    for begin in range(0, len(heads), _STRIP):
        strip = heads[begin : begin + _STRIP]
        some = np.int32(0)
        for g in range(len(strip)):
            some += strip[g] > worst
        for g in range(len(strip) if some else 0):
            if strip[g] > worst:
                held = _put(strip[g], begin + g, held, values, columns)
                worst = values[-1] if held == len(values) else _NEVER
    return worst


@numba.njit(nogil=True, cache=True)
def _choose(row: Array, heads: Array, edge: np.float32, values: Array, columns: Array) -> int:
    """The best of the groups that reach the edge, and of the columns in no group; how many there are."""
    groups, held = len(heads), 0
    for begin in range(0, groups, _STRIP):
        strip = heads[begin : begin + _STRIP]
        some = np.int32(0)
        for g in range(len(strip)):
            some += strip[g] >= edge
        for g in range(len(strip) if some else 0):
            if strip[g] >= edge:
                for column in range(begin + g, GROUP * groups, groups):
                    held = _offer(row[column], column, held, values, columns)
    for column in range(GROUP * groups, len(row)):
        held = _offer(row[column], column, held, values, columns)
    return held


@numba.njit(nogil=True, cache=True)
def _offer(value: float, column: int, held: int, values: Array, columns: Array) -> int:
    """`_put` where it is better than the worst that is held."""
    last = len(values) - 1
    if held <= last:
        return _put(value, column, held, values, columns) if value > _NEVER else held
    if value > values[last] or (value == values[last] and column < columns[last]):
        return _put(value, column, held, values, columns)
    return held


@numba.njit(nogil=True, cache=True)
def _below(row: Array, own: float) -> float:
    """How many of a row's scores are lower than `own`, ties half. NaN is the lowest of all, above -inf alone."""
    lower, upto = np.int32(0), np.int32(0)
    if own > LOWEST:
        for j in range(len(row)):  # so said that NaN counts as lower
            lower += not row[j] >= own
            upto += not row[j] > own
    else:
        mine = LOWEST if np.isnan(own) else own
        for j in range(len(row)):
            value = LOWEST if np.isnan(row[j]) else row[j]
            lower += value < mine
            upto += value <= mine
    return (lower + upto) / 2.0


@numba.njit("(f4[:,::1], i4[:,::1], f4[:,::1], i4[::1], i4[::1], f8[::1])", nogil=True, cache=True)
def look(scores: Array, items: Array, values: Array, begins: Array, right: Array, won: Array) -> None:
    """The k best of each row into `items` and `values`, and how the right ones stand into `won`.

    Args:
        scores: float32 (n, m).
        items, values: int32 and float32 (n, k), written to: as `topk` gives them.
        begins, right: int32 (n + 1,) and (all,): the right columns of row r are right[begins[r]:begins[r + 1]]. No row
            for no such question.
        won: float64 (n,), written to where `begins` has rows: of each row the scores below its right ones, ties half,
            added up over these.
    """
    groups = scores.shape[1] // GROUP
    heads = np.empty(groups, np.float32)
    for r in range(len(scores)):
        row = scores[r]
        _heads(row, heads)
        edge = _edge(heads, values[r], items[r])
        held = _choose(row, heads, edge, values[r], items[r])
        items[r, held:] = -1
        values[r, held:] = np.nan
        if len(begins):
            won[r] = 0.0
            for place in range(begins[r], begins[r + 1]):
                won[r] += _below(row, row[right[place]])
