"""Large symmetric squares, of which there is room for one: inverted, and mirrored, in place.

LAPACK's potrf and potri would do the same on OpenBLAS's own threads. Products of panels on one thread each take as
much of the processor (at 5,000 rows, measured: 2.3 s against 2.1 to 2.5 s), report progress, can be cancelled, and
give the same bytes whatever the number of threads; and they keep away from OpenBLAS's threaded factorisation, which is
known to crash at some sizes (its issues 352, 2562).
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from core.interactions import Array
from core.progress import Step, no_step
from core.recommend.base import threads

TILE = 256
_PANEL = 512  # rows swept at a time: two panels of n columns are held beside the square
_HIGH, _LONG = 512, 4096  # a product on its way: 8 MB for each thread


def inverted(square: Array, step: Step = no_step) -> Array | None:
    """The inverse of a symmetric positive definite square, in its place; None where it is not (to rounding) that.

    Only the upper triangle of `square` (n, n; C-ordered, float32 or float64) is read; the result is whole. By sweeps
    of blocks (Beaton 1964; Goodnight 1979), the inverse of each block on the diagonal in float64:
    A_ij - A_ik A_kk^-1 A_kj off the block k, A_ik A_kk^-1 beside it, -A_kk^-1 on it; after all blocks, -A^-1. That is
    n^3 operations, as many as potrf and potri take, all of them in products of panels.
    """
    n = len(square)
    workers = threads()  # as many as the numeric libraries might use, which are held to one each
    with threadpool_limits(1), ThreadPoolExecutor(workers) as pool:
        for block in slices(n, _PANEL):
            middle = _inverse_of(square[block, block])
            if middle is None:
                return None
            left = np.zeros((block.stop - block.start, n), dtype=square.dtype)
            left[:, : block.start] = square[: block.start, block].T
            left[:, block.stop :] = square[block, block.stop :]
            beside = middle.astype(square.dtype) @ left
            list(pool.map(_lowering(square, beside, left), slices(n, _HIGH)))
            square[: block.start, block] = beside[:, : block.start].T
            square[block, block.stop :] = beside[:, block.stop :]
            square[block, block] = -middle
            step.report(block.stop / n, "solving for all items at once")
        list(pool.map(lambda rows: np.negative(square[rows], out=square[rows]), slices(n, TILE)))
    return mirrored(square)


def mirrored(square: Array) -> Array:
    """Copy the upper triangle onto the lower one, in place, tile by tile: a tile and its mirror fit into the cache."""
    n = len(square)
    lower = np.tril_indices(min(TILE, n), -1)

    def row(begin: int) -> None:
        end = min(n, begin + TILE)
        corner = square[begin:end, begin:end]
        inside = lower if end - begin == TILE else np.tril_indices(end - begin, -1)
        corner[inside] = corner.T[inside]
        for after in range(end, n, TILE):
            square[after : after + TILE, begin:end] = square[begin:end, after : after + TILE].T

    with ThreadPoolExecutor(threads()) as pool:
        list(pool.map(row, range(0, n, TILE)))
    return square


def slices(n: int, size: int) -> list[slice]:
    """0..n in pieces of `size`, the last one shorter."""
    return [slice(begin, min(n, begin + size)) for begin in range(0, n, size)]


def _lowering(square: Array, beside: Array, left: Array) -> Callable[[slice], None]:
    """For some rows: square -= beside' left, on the diagonal and above."""

    def lower(rows: slice) -> None:
        high = np.ascontiguousarray(beside[:, rows].T)
        for begin in range(rows.start, len(square), _LONG):
            square[rows, begin : begin + _LONG] -= high @ left[:, begin : begin + _LONG]

    return lower


def _inverse_of(block: Array) -> Array | None:
    """float64 (b, b), symmetric; from the upper triangle."""
    from scipy.linalg import lapack

    made: Any = np.triu(block).astype(np.float64).T
    factor, info = lapack.dpotrf(made, lower=1, clean=1)
    if info:
        return None
    found, info = lapack.dpotri(factor, lower=1, overwrite_c=1)
    return None if info else np.tril(found) + np.tril(found, -1).T
