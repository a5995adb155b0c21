"""Non-negative least squares for many rows at a time: exact, by active sets."""

from __future__ import annotations

from typing import Any

import numpy as np

from core.interactions import Array
from core.progress import Step, no_step

_HELD = 2_000_000  # float64 numbers of equations at a time: 16 MB
_TRIES = 3  # exchanges of whole sets that may bring nothing before one variable at a time is exchanged
_TINY = 1e-10  # of the largest right side: a gradient that small is 0
MOST_TURNS = 500


def solve_nonnegative(left: Array, right: Array, *, guess: Array | None = None, step: Step = no_step) -> Array:
    """float64 (n, k): row r minimises z'Az / 2 - b_r'z over z >= 0; A is `left` (k, k), positive definite, b `right`.

    Block principal pivoting (Kim and Park 2011, Fast Nonnegative Matrix Factorization, section 3): guess which entries
    are above 0 (`guess`, bool (n, k)), solve those, exchange what came out wrong, until nothing is. It ends: after
    three exchanges in vain only the last wrong entry is exchanged, which no set survives twice.

    >>> solve_nonnegative(np.array([[2.0, 1.0], [1.0, 2.0]]), np.array([[1.0, 0.0], [1.0, 1.0]])).round(3)
    array([[0.5  , 0.   ],
           [0.333, 0.333]])
    """
    n, k = right.shape
    found = np.zeros((n, k))
    free = right > 0 if guess is None else guess
    size = max(1, _HELD // max(1, k * k))
    for begin in range(0, n, size):
        part = slice(begin, begin + size)
        found[part] = _pivoted(left, right[part], free[part].copy())
        step.report(min(1.0, (begin + size) / n))
    return found


def free_part(left: Array, right: Array) -> Array:
    """Which entries of the solution are above 0: int64, rising. For one row: `right` is (k,)."""
    return np.flatnonzero(solve_nonnegative(left, right[None, :])[0] > 0)


def _pivoted(left: Array, right: Array, free: Array) -> Array:
    """`solve_nonnegative` of rows that fit together; `free` is used up."""
    n, k = right.shape
    found = np.zeros((n, k))
    room = _TINY * np.abs(right).max(axis=1, initial=0.0, keepdims=True)
    least = np.full(n, k + 1)
    tries = np.full(n, _TRIES)
    open_ = np.arange(n)
    for _ in range(MOST_TURNS):
        z = _within(left, right[open_], free[open_])
        found[open_] = z
        pull = z @ left - right[open_]
        wrong = np.where(free[open_], z < 0, pull < -room[open_])
        count = wrong.sum(axis=1)
        still = count > 0
        open_, wrong, count = open_[still], wrong[still], count[still]
        if not len(open_):
            break
        better = count < least[open_]
        least[open_] = np.minimum(least[open_], count)
        tries[open_] = np.where(better, _TRIES, tries[open_] - 1)
        single = tries[open_] < 0
        last = k - 1 - np.argmax(wrong[:, ::-1], axis=1)
        wrong[single] &= np.arange(k) == last[single, None]
        free[open_] ^= wrong
    return np.clip(found, 0.0, None)


def _within(left: Array, right: Array, free: Array) -> Array:
    """The rows' equations in the entries that are free, the others 0."""
    both: Any = free[:, :, None] & free[:, None, :]
    equations = np.where(both, left, 0.0)
    place = np.arange(left.shape[0])
    equations[:, place, place] = np.where(free, np.diag(left), 1.0)
    found: Array = np.linalg.solve(equations, np.where(free, right, 0.0)[:, :, None])[:, :, 0]
    return found
