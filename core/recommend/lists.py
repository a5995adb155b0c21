"""Lists from scores that did not come by `recommend`: of histories that were folded in."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_matrix

from core.interactions import Array
from core.recommend.topk import topk


def best_of(scores: Array, histories: csr_matrix, k: int) -> tuple[Array, Array]:
    """Columns int32 (n, k) and scores float32 (n, k) of each row's best, best first, without what the histories hold.

    Where a row runs out the column is -1 and the score NaN; equal scores: the smaller column first.

    >>> best_of(np.array([[3.0, 2.0, 1.0]]), csr_matrix([[1.0, 0, 0]]), 2)[0]
    array([[1, 2]], dtype=int32)
    """
    free = np.array(scores, dtype=np.float32, order="C")
    free[np.repeat(np.arange(histories.shape[0]), np.diff(histories.indptr)), histories.indices] = -np.inf
    return topk(free, k)
