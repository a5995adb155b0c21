"""Of each thing the K most alike, exactly, on all cores, and such that it can be stopped."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from scipy.sparse import csc_matrix, csr_matrix
from threadpoolctl import threadpool_limits

from core.errors import Refusal
from core.interactions import Array
from core.progress import Step, no_step
from core.recommend.alike import Likeness
from core.recommend.base import memory, threads
from core.recommend.topk import topk

_TRIPLE = 24  # bytes: row, column and similarity as the kernel returns them
_SHARE = 0.3  # of the memory: sorting the triples takes about as much again
_AT_ONCE = 6e9  # multiplications (some twenty seconds) up to which one compiled call does all, which cannot be stopped
_CELLS = 4_000_000  # of a block of dense similarities
_ROWS = 256  # of a block


def nearest(
    v: csr_matrix | csc_matrix,
    k: int,
    like: Likeness | float = 0.0,
    *,
    columns: csr_matrix | None = None,
    step: Step = no_step,
) -> csr_matrix:
    """float32 CSR (n, n): how alike each row of `v` is to the k most similar other rows; the rest is empty.

    `v` may be CSC too. `like` is the measure (a number: the cosine with that much shrink). `columns` is `v` transposed,
    as CSR, where the caller has it. Similarities of 0, and each row's own, are never kept. The values are summed in one
    fixed order, whatever the number of threads. Among equal ones at the edge the smaller row is kept by measures of
    sets; by cosines the choice is the kernel's, always the same.

    Raises Refusal `too_many_neighbours` where the lists would not fit into memory.
    """
    like = like if isinstance(like, Likeness) else Likeness(shrink=like)
    n = v.shape[0]
    k = min(k, n - 1)
    check_room(n, k)
    if k < 1 or not v.nnz:
        return _nobody(n, n)
    columns = v.T.tocsr() if columns is None else columns
    sizes = like.sizes(columns, of="columns")
    own = np.arange(n)
    if like.measure == "cosine" and _products(columns) < _AT_ONCE:
        step.check()
        return _all_pairs(_scaled(columns, like.scales(sizes)[0]), k)
    return Seeker(like, columns).seek(v.tocsr(), k, own, step=step)


def check_room(n: int, k: int) -> None:
    """Raises Refusal `too_many_neighbours` where n lists of k neighbours would not fit."""
    if n * (k + 1) * _TRIPLE > _SHARE * memory():
        most = int(_SHARE * memory() / (n * _TRIPLE)) - 1
        raise Refusal(
            "too_many_neighbours",
            f"{n:,} lists of {k:,} neighbours do not fit into the memory of this machine.",
            f"Keep at most {most:,} neighbours, or raise the least activity so that fewer users and items remain.",
        )


class Seeker:
    """Finds the things most like any given ones: also like a history that the fit has not seen.

    Args:
        like: the measure.
        columns: float32 or float64 CSR (features, n things): the things compared with, transposed.
    """

    def __init__(self, like: Likeness, columns: csr_matrix) -> None:
        self._like, self._n = like, columns.shape[1]
        self._sizes = like.sizes(columns, of="columns")
        if like.sets:  # counts are whole numbers: exact in float32 up to 16 million
            self._columns = like.numbers(columns.astype(np.float32))
        else:
            self._columns = _scaled(columns, like.scales(self._sizes)[1])

    @classmethod
    def plain(cls, columns: csr_matrix) -> Seeker:
        """Goes by the product rows x columns as it is."""
        return cls(Likeness("product"), columns)

    def seek(self, rows: csr_matrix, k: int, own: Array, *, step: Step = no_step) -> csr_matrix:
        """float32 CSR (len(rows), n): the k things most like each row, without the thing `own` (-1: none is)."""
        m = rows.shape[0]
        k = min(k, self._n)
        if not m or not rows.nnz or not self._n:
            return _nobody(m, self._n)
        sizes = self._like.sizes(rows, of="rows")
        if self._like.sets:
            size = max(1, min(_ROWS, _CELLS // self._n))
            given = self._like.numbers(rows.astype(np.float32))
            work: Callable[[int], tuple[Array, Array]] = lambda at: self._of_sets(given, sizes, k, own, at, size)  # noqa: E731
        else:
            size = _ROWS
            scale = self._like.scales(sizes)[0]
            given = rows.astype(np.float64)
            given.data *= np.repeat(scale, np.diff(given.indptr))
            given.indices, given.indptr = (
                np.array(given.indices),
                np.array(given.indptr),
            )  # the kernel must be let write
            kept = threading.local()
            work = lambda at: self._of_lengths(given, k, own, at, size, kept)  # noqa: E731
        found, values = np.full((m, k), -1, dtype=np.int32), np.zeros((m, k), dtype=np.float32)
        begins = range(0, m, size)

        def block(at: int) -> None:
            if not step.cancelled():
                found[at : at + size], values[at : at + size] = work(at)

        if len(begins) == 1:
            block(0)
        else:
            with threadpool_limits(1), ThreadPoolExecutor(threads()) as pool:
                for done, _ in enumerate(pool.map(block, begins), start=1):
                    step.report(done / len(begins), "comparing all pairs")
        step.check()
        said = values > 0
        at = np.repeat(np.arange(m), said.sum(axis=1))
        return _square(at, found[said], values[said], (m, self._n))

    def _of_sets(self, rows: csr_matrix, sizes: Array, k: int, own: Array, at: int, size: int) -> tuple[Array, Array]:
        shared = rows[at : at + size] @ self._columns
        here = np.repeat(np.arange(shared.shape[0]), np.diff(shared.indptr))
        alike = self._like.divided(shared.data.astype(np.float64), sizes[at + here], self._sizes[shared.indices])
        alike[shared.indices == own[at + here]] = 0
        shared.data = alike.astype(np.float32)
        columns, values = topk(shared.toarray(), k)
        return columns, np.nan_to_num(values)

    def _of_lengths(self, rows: csr_matrix, k: int, own: Array, at: int, size: int, kept: Any) -> tuple[Array, Array]:
        if not hasattr(kept, "scorer"):
            kept.scorer = kernel(self._columns)
        end = min(at + size, rows.shape[0])
        columns, values = kernel_rows(kept.scorer, rows, range(at, end), k + 1, remove=False)
        columns[columns == own[at:end, None]] = -1
        values[columns < 0] = 0
        order = np.lexsort((columns, -values), axis=1)[:, :k]
        return np.take_along_axis(columns, order, axis=1), np.take_along_axis(values, order, axis=1)


def kernel(right: csr_matrix) -> Any:
    """The sparse sums of implicit for rows times `right`, for one thread: it holds one row's sums at a time.

    It wants its arrays writable, and makes room for as many sums as the matrix has rows, whatever its columns: a
    wider matrix would be written out of bounds, so that rows without entries are added.
    """
    from implicit._nearest_neighbours import NearestNeighboursScorer

    n, m = right.shape
    room = np.full(max(m - n, 0), right.indptr[-1], dtype=np.int32)
    data, indices = (part if part.flags.writeable else np.array(part) for part in (right.data, right.indices))
    indptr = np.concatenate([right.indptr, room])
    return NearestNeighboursScorer(csr_matrix((data, indices, indptr), shape=(n + len(room), m)))


def kernel_rows(scorer: Any, rows: csr_matrix, which: range, k: int, *, remove: bool) -> tuple[Array, Array]:
    """Of some rows times implicit's matrix the k greatest sums: columns int32 (-1: no more), values float64 (0).

    One call a row into compiled code, which runs outside the interpreter's lock and never holds the product. A loop in
    Python all the same: the compiled class has no call for many rows (implicit's own lists are such a loop too), and a
    sparse product of whole blocks would hold and sort out every sum that is then thrown away.
    `remove`: the row's own columns get the sum 0.
    """
    indptr, indices, data = rows.indptr, rows.indices, rows.data
    columns, values = np.full((len(which), k), -1, dtype=np.int32), np.zeros((len(which), k))
    for place, row in enumerate(which):
        found, sums = scorer.recommend(indptr[row : row + 2], indices, data, K=k, remove_own_likes=remove)
        columns[place, : len(found)], values[place, : len(sums)] = found, sums
    return columns, values


def _all_pairs(columns: csr_matrix, k: int) -> csr_matrix:
    """The same as `Seeker.seek` for all things among themselves, in one compiled call: not to be stopped."""
    from implicit._nearest_neighbours import all_pairs_knn

    n = columns.shape[1]
    # the kernel returns each column itself too: hence k + 1
    found = all_pairs_knn(columns, k + 1, num_threads=threads(), show_progress=False)
    said = (found.data > 0) & (found.row != found.col)
    rows, others, values = found.row[said], found.col[said], found.data[said]
    over = np.bincount(rows, minlength=n) > k  # its own likeness is not among its k + 1 greatest: one is too many
    if over.any():
        order = np.lexsort((others, -values, rows))
        rows, others, values = rows[order], others[order], values[order]
        kept = np.arange(len(rows)) - np.searchsorted(rows, rows) < k
        rows, others, values = rows[kept], others[kept], values[kept]
    return _square(rows, others, values.astype(np.float32), (n, n))


def _scaled(columns: csr_matrix, scale: Array) -> csr_matrix:
    """float64 copy (features, n), each column times its scale."""
    made = columns.astype(np.float64)
    made.indices = np.array(made.indices)  # the kernel wants to be allowed to write
    made.indptr = np.array(made.indptr)
    made.data *= scale[made.indices]
    return made


def _products(columns: csr_matrix) -> float:
    """Multiplications that all pairs take."""
    return float((np.diff(columns.indptr).astype(np.float64) ** 2).sum())


def _square(rows: Array, columns: Array, values: Array, shape: tuple[int, int]) -> csr_matrix:
    made = csr_matrix((values, (rows, columns)), shape=shape)
    made.sort_indices()
    return made


def _nobody(m: int, n: int) -> csr_matrix:
    none = np.empty(0, dtype=np.int32)
    return csr_matrix((np.empty(0, dtype=np.float32), none, np.zeros(m + 1, dtype=np.int32)), shape=(m, n))
