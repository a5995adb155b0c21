"""One half step of weighted least squares, solved directly for every row, many rows at a time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from scipy.linalg import solve_triangular
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits

from core.interactions import Array
from core.progress import Step, no_step

_HELD = 500_000  # float32 numbers gathered at a time by each thread: 2 MB, what a core's cache holds
_SHORT = 0.8  # rows with fewer pairs than this share of the factors are solved in their pairs instead


def solve_rows(
    extra: csr_matrix, other: Array, ridge: float | Array, *, threads: int = 1, step: Step = no_step
) -> Array:
    """float32 (n, factors): row r minimises sum over all columns j of c_rj (p_rj - z'y_j)^2 + ridge_r |z|^2 over z.

    p is 1 and c = 1 + `extra` (n, m; CSR, values >= 0) where a pair is stored, else p is 0 and c is 1; y_j are the
    rows of `other` (m, factors). `ridge` is one for all rows, or float64 (n,), above 0. A row without pairs is 0.
    Hu, Koren and Volinsky 2008, equation 4.

    One ridge: with G = Y'Y + ridge I = R R' and the rows w_j = R^-1 y_j, the equations become (I + W'DW) R'z = W'c,
    D = `extra` of the row: near the identity, so that float32 suffices (G is made and split in float64). A row with
    fewer pairs than factors is solved as W'(I + D W W')^-1 c, which is the same.
    A ridge for each row: with Y'Y = Q S Q' and w_j = Q'y_j, every G_r = Q (S + ridge_r I) Q' is split by one rotation
    and a scale t_r = (S + ridge_r)^-1/2 of the row's own: the same equations, in w_j t_r.

    >>> solve_rows(csr_matrix([[1.0]]), np.array([[1.0]]), 2.0)
    array([[0.5]], dtype=float32)
    >>> solve_rows(csr_matrix([[1.0], [1.0]]), np.array([[1.0]]), np.array([2.0, 6.0])).round(4)
    array([[0.5 ],
           [0.25]], dtype=float32)
    """
    # a thread of ours for each core: the numeric libraries would fight over them, and round by how many they get
    with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(threads) as pool:
        y = other.astype(np.float64)
        gram = y.T @ y
        if np.ndim(ridge):
            strengths, turn = np.linalg.eigh(gram)
            # rounding makes directions of no strength a little negative
            scale = np.sqrt(np.clip(strengths, 0.0, None) + np.asarray(ridge, dtype=np.float64)[:, None]) ** -1
            found = _solved(_Rows(extra, _padded(y @ turn), scale.astype(np.float32)), pool, step)
            return np.ascontiguousarray((found * scale) @ turn.T, dtype=np.float32)
        split = np.linalg.cholesky(gram + ridge * np.eye(y.shape[1]))
        found = _solved(_Rows(extra, _padded(solve_triangular(split, y.T, lower=True).T)), pool, step)
        return np.ascontiguousarray(solve_triangular(split.T, found.T, lower=False).T, dtype=np.float32)


def _solved(rows: _Rows, pool: ThreadPoolExecutor, step: Step) -> Array:
    chunks = rows.chunks()
    for done, _ in enumerate(pool.map(rows.solve, chunks), start=1):
        step.report(done / len(chunks))
    return rows.found


def _padded(white: Array) -> Array:
    """float32, and a last row of zeros for places past a row's end."""
    found = np.zeros((len(white) + 1, white.shape[1]), dtype=np.float32)
    found[:-1] = white
    return found


class _Rows:
    """The rows of one half step by length, in chunks of about equal length that are solved together."""

    def __init__(self, extra: csr_matrix, white: Array, scale: Array | None = None) -> None:
        self._extra, self._white, self._scale = extra, white, scale
        self.found = np.zeros((extra.shape[0], white.shape[1]), dtype=np.float32)
        lengths = np.diff(extra.indptr)
        self._order = np.argsort(lengths, kind="stable")
        self._lengths = lengths[self._order]

    def chunks(self) -> list[tuple[int, int]]:
        """Begin and end in the order of length; rows without pairs left out. The longest first: they last longest."""
        begin, n, factors = int(np.searchsorted(self._lengths, 1)), len(self._lengths), self._white.shape[1]
        made = []
        while begin < n:
            shortest = int(self._lengths[begin])
            end = int(np.searchsorted(self._lengths, shortest + max(1, shortest // 16), side="right"))
            end = min(end, begin + max(1, _HELD // (int(self._lengths[end - 1]) * factors)))
            made.append((begin, end))
            begin = end
        return made[::-1]

    def solve(self, chunk: tuple[int, int]) -> None:
        """Put R'z (or Q'z / t_r) of the chunk's rows into `found`."""
        rows, lengths = self._order[slice(*chunk)], self._lengths[slice(*chunk)]
        longest, factors = int(lengths[-1]), self._white.shape[1]
        scale = None if self._scale is None else self._scale[rows]
        if longest < _SHORT * factors:
            w, extra, confidence = self._gathered(rows, lengths, 0, longest)
            if scale is not None:
                w *= scale[:, None, :]
            within = w @ w.transpose(0, 2, 1)
            within *= extra[:, :, None]
            _add_identity(within)
            shares = np.linalg.solve(within, confidence[:, :, None])
            self.found[rows] = (shares.transpose(0, 2, 1) @ w)[:, 0]
            return
        left = np.zeros((len(rows), factors, factors), dtype=np.float32)
        right = np.zeros((len(rows), 1, factors), dtype=np.float32)
        if scale is None:
            _add_identity(left)
        for begin in range(0, longest, max(1, 4 * _HELD // factors)):  # only very long rows take more than one turn
            w, extra, confidence = self._gathered(rows, lengths, begin, min(longest, begin + 4 * _HELD // factors))
            right += confidence[:, None, :] @ w
            left += (w * extra[:, :, None]).transpose(0, 2, 1) @ w
        if scale is not None:
            right *= scale[:, None, :]
            left *= scale[:, None, :] * scale[:, :, None]
            _add_identity(left)
        self.found[rows] = np.linalg.solve(left, right.transpose(0, 2, 1))[:, :, 0]

    def _gathered(self, rows: Array, lengths: Array, begin: int, end: int) -> tuple[Array, Array, Array]:
        """Of pairs begin..end-1: w (rows, pairs, factors), extra and confidence (rows, pairs); 0 past a row's end."""
        x, place = self._extra, np.arange(begin, end)
        at = x.indptr[rows].astype(np.int64)[:, None] + place
        past = place >= lengths[:, None]
        at[past] = 0
        columns, extra = x.indices.take(at), x.data.take(at)
        columns[past], extra[past] = len(self._white) - 1, 0
        confidence = 1 + extra
        confidence[past] = 0
        return self._white.take(columns, axis=0), extra, confidence


def _add_identity(stack: Array) -> None:
    """Add 1 along the diagonal of each matrix of a contiguous stack."""
    stack.reshape(len(stack), -1)[:, :: stack.shape[2] + 1] += 1
