"""How alike items are by who took them: the cosine of columns of the matrix, each pair counted once."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.sparse import csc_matrix, csr_matrix

from core.interactions import Array

_CELLS = 20_000_000  # of dense cosines held at a time: 80 MB


def unit_columns(matrix: csr_matrix) -> csc_matrix:
    """float32 CSC: every column a vector of ones for those who took the item, of length 1 (0 where nobody did)."""
    takers = np.bincount(matrix.indices, minlength=matrix.shape[1])
    lengths = 1.0 / np.sqrt(np.maximum(takers, 1))
    data = lengths[matrix.indices].astype(np.float32)
    return csr_matrix((data, matrix.indices, matrix.indptr), shape=matrix.shape).tocsc()


def cosine_rows(columns: csc_matrix, items: Array) -> Iterator[tuple[slice, Array]]:
    """Blocks of the dense cosines float32 (len(items), len(items)) of some items, from the top down.

    `columns` as `unit_columns` makes them. An item is wholly like itself (1); one that nobody took is like no other.
    """
    mine = columns[:, items]
    whole, turned = mine.tocsr(), mine.T.tocsr()
    size = max(1, _CELLS // max(1, len(items)))
    for begin in range(0, len(items), size):
        part = slice(begin, min(begin + size, len(items)))
        block = (turned[part] @ whole).toarray()
        np.minimum(block, 1.0, out=block)
        block[np.arange(block.shape[0]), np.arange(part.start, part.stop)] = 1.0
        yield part, block


def cosines(columns: csc_matrix, first: Array, second: Array) -> Array:
    """float32 (n,): the cosine of each pair of items (`first[p]`, `second[p]`)."""
    items, places = np.unique(np.concatenate([first, second]), return_inverse=True)
    a, b = places[: len(first)], places[len(first) :]
    found = np.empty(len(first), dtype=np.float32)
    order = np.argsort(a, kind="stable")
    for part, block in cosine_rows(columns, items):
        begin, end = np.searchsorted(a[order], [part.start, part.stop])
        here = order[begin:end]
        found[here] = block[a[here] - part.start, b[here]]
    return found
