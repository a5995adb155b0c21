"""Scores of many users in one pass over blocks, on all cores: whoever needs more of them than the k best."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from threadpoolctl import threadpool_limits

from core.interactions import Array
from core.progress import Step, no_step
from core.recommend.base import _BLOCK, _LEAST, _MOST, _hide, threads
from core.recommend.types import Recommender, check_rows

Work = Callable[[slice, Array], None]


def in_blocks(
    model: Recommender, users: Array, work: Work, *, step: Step = no_step, note: str = "making lists", most: int = _MOST
) -> None:
    """Call `work(part, scores)` for each block of `users`: a slice of them and their scores.

    `scores` is float32 (users of the block, n_items), C-ordered, the block's own to change: NaN where the model cannot
    say, -inf what the user has taken (hidden from lists). Blocks run beside each other on as many threads as the
    numeric libraries may use, so `work` must write to its own part alone; it may raise.
    """
    n_items = model.x.shape[1]
    users = check_rows(users, model.x.shape[0])
    if not len(users) or not n_items:
        return
    workers = threads()
    size = min(max(_BLOCK // n_items, _LEAST), most, -(-len(users) // workers))
    begins = range(0, len(users), size)

    def block(begin: int) -> None:
        part = slice(begin, min(begin + size, len(users)))
        scores = np.ascontiguousarray(model.score(users[part]), dtype=np.float32)
        _hide(scores, model.x.matrix, users[part], None)
        work(part, scores)

    if len(begins) == 1:
        block(0)
        return
    # one thread of the numeric libraries in each of ours: they would fight over the cores otherwise
    with threadpool_limits(1), ThreadPoolExecutor(workers) as pool:
        for done, _ in enumerate(pool.map(block, begins), start=1):
            step.report(done / len(begins), note)
