"""Large symmetric squares, of which there is room for one: inverted, and mirrored, in place.

LAPACK's potrf and potri would do the same on OpenBLAS's own threads, and they do it in the same products of panels.
Here those products run on one thread each, as many beside each other as there are cores: that takes no more of the
processor, reports progress, can be cancelled, gives the same bytes whatever the number of threads, and keeps away from
OpenBLAS's threaded factorisation, which is known to crash at some sizes (its issues 352, 2562).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from threadpoolctl import threadpool_limits

from core.interactions import Array
from core.progress import Step, no_step
from core.recommend.base import threads
from core.recommend.inplace import Routines

TILE = 256
_PANEL = 1536  # rows or columns swept at a time
_WIDTH = 768  # of a piece of a panel: at least two pieces for two threads, each wide enough to multiply quickly
_CORNER = 192  # of a piece of a block on the diagonal: the first ones are the tallest


def inverted(square: Array, step: Step = no_step) -> Array | None:
    """The inverse of a symmetric positive definite square, in its place; None where it is not (to rounding) that.

    Only the upper triangle of `square` (n, n; C-ordered, float32 or float64) is read; the result is whole. The square
    is A = LL' (Cholesky), then L^-1, then A^-1 = L^-T L^-1: n^3 operations, in panels, nothing held beside the square.
    """
    if len(square) < 1:
        return square
    # As many as the numeric libraries might use, which are held to one each from here on: so they are loaded, and
    # asked, before.
    do, workers = Routines(square), threads()
    with threadpool_limits(1), ThreadPoolExecutor(workers) as pool:
        work = _Panels(square, do, pool)
        # a third of the operations each
        if not work.split(step.part(0.0, 1 / 3)):
            return None
        work.invert(step.part(1 / 3, 2 / 3))
        work.square_up(step.part(2 / 3, 1.0))
    return mirrored(square)


class _Panels:
    """The lower triangle of a Fortran-ordered square: the upper one of the C-ordered `square`."""

    def __init__(self, square: Array, do: Routines, pool: ThreadPoolExecutor) -> None:
        self._n, self._do, self._pool = len(square), do, pool
        self._blocks = slices(self._n, _PANEL)

    def split(self, step: Step) -> bool:
        """A becomes L; False where A is not positive definite."""
        n, do = self._n, self._do
        for block in self._blocks:
            if not do.cholesky(block):
                return False
            rest = slice(block.stop, n)
            self._all(lambda rows, block=block: do.divide_right(rows, block, by=block, turned=True), pieces(rest))  # type: ignore[misc]

            def lower(columns: slice, block: slice = block) -> None:
                do.take_square(columns, rows=columns, by=block)
                do.take_product(slice(columns.stop, n), columns, by=block)

            self._all(lower, pieces(rest))
            step.report((1 - (1 - block.stop / n) ** 3), "solving for all items at once")
        return True

    def invert(self, step: Step) -> None:
        """L becomes L^-1: from the last block of columns to the first."""
        n, do = self._n, self._do
        for block in reversed(self._blocks):
            below = slice(block.stop, n)
            self._all(lambda columns, below=below: do.multiply_left(below, columns, by=below), pieces(block))  # type: ignore[misc]
            self._all(lambda rows, block=block: do.divide_right(rows, block, by=block, minus=True), pieces(below))  # type: ignore[misc]
            do.invert_triangle(block)
            step.report((1 - block.start / n) ** 3, "solving for all items at once")

    def square_up(self, step: Step) -> None:
        """L^-1 becomes L^-T L^-1: from the first block of rows to the last."""
        n, do = self._n, self._do
        for block in self._blocks:
            below = slice(block.stop, n)

            def row(columns: slice, block: slice = block, below: slice = below) -> None:
                do.multiply_left(block, columns, by=block, turned=True)
                do.add_turned(block, columns, by=below)

            def corner(columns: slice, block: slice = block, below: slice = below) -> None:
                do.add_square(columns, by=below)
                do.add_turned(slice(columns.stop, block.stop), columns, by=below)

            self._all(row, pieces(slice(0, block.start)))
            do.square_triangle(block)
            self._all(corner, pieces(block, _CORNER))
            step.report((block.stop / n) ** 2, "solving for all items at once")

    def _all(self, work: Callable[[slice], None], parts: Iterable[slice]) -> None:
        list(self._pool.map(work, parts))


def pieces(of: slice, width: int | None = None) -> list[slice]:
    """A slice in pieces of `_WIDTH`: by its size alone, so that the number of threads changes nothing."""
    parts = slices(of.stop - of.start, width or _WIDTH)
    return [slice(of.start + part.start, of.start + part.stop) for part in parts]


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
