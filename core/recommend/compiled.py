"""Whether compiled loops (`core.recommend.loops`) are worth loading, and the two questions that they answer."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np

from core.interactions import Array
from core.recommend.topk import topk

WORTH = 500_000_000  # scores of one pass: loading takes half a second, and saves that much from a billion on

Best = Callable[[Array, int], tuple[Array, Array]]


def chooser(scores: int) -> Best:
    """What gives the k best of each row, for a pass over so many scores: `topk`, or the same compiled."""
    return best if compiling_pays(scores) else topk


def compiling_pays(scores: int) -> bool:
    """Whether a pass over so many scores is worth loading the compiled loops for, and they can be had."""
    return scores >= WORTH and _loaded()


def best(scores: Array, k: int) -> tuple[Array, Array]:
    """`topk`, compiled."""
    return best_and_below(scores, k, np.empty(0, dtype=np.int32), np.empty(0, dtype=np.int32))[:2]


def best_and_below(scores: Array, k: int, begins: Array, right: Array) -> tuple[Array, Array, Array]:
    """`topk`, and of each row the scores below its right columns, ties half, added up over these: float64 (n,).

    Those of row r are right[begins[r]:begins[r + 1]]; no `begins`: nothing is counted.
    """
    from core.recommend.loops import look

    n = len(scores)
    items, values, won = np.empty((n, k), np.int32), np.empty((n, k), np.float32), np.full(n, np.nan)
    look(scores, items, values, begins.astype(np.int32), right.astype(np.int32), won)
    return items, values, won


@cache
def _loaded() -> bool:
    """Loading compiles, or reads what was compiled before. Where neither can be (no numba for this Python or processor,
    no folder to keep it in, what was kept is damaged), NumPy does the work: slower, with the same answers.
    """
    try:
        import core.recommend.loops  # noqa: F401
    except Exception:  # noqa: BLE001  # a damaged cache raises what pickle raises, which is anything
        return False
    return True
