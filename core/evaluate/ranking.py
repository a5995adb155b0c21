"""One pass over a model's scores: the lists of all judged users, and where the right items stand among all others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

from core.evaluate.split import mixed
from core.interactions import Array
from core.progress import Step, no_step
from core.recommend import GROUP, Recommender, best_and_below, compiling_pays, group_heads, in_blocks, near, topk

DRAWN = 99
"""Items drawn beside the held-out one, where candidates are sampled."""

_WORDS = 250  # of eight flags; at most 255

_NONE = np.empty(0, dtype=np.int32)

_LOWEST = np.finfo(np.float32).min  # what a model cannot say stands below all that it can


@dataclass(frozen=True, eq=False)
class Ranked:
    """Lists, and how well each user's right items are ranked.

    Attributes:
        items: int32 (n, k), columns, best first; -1 where a list is shorter.
        auc: float64 (n,), see DEFINITIONS; NaN where a user has nothing that is not right. None where not asked for.
    """

    items: Array
    auc: Array | None


def rank_all(
    model: Recommender, rows: Array, k: int, relevant: csr_matrix, *, auc: bool = True, step: Step = no_step
) -> Ranked:
    """Lists of `k` as `model.recommend(rows, k)` makes them, and the AUC, exact, over all items not taken before.

    Args:
        rows: int (n,), users.
        relevant: CSR of ones (n, n_items): at least one item each, none of them taken in the model's matrix.
    """
    items = np.full((len(rows), k), -1, dtype=np.int32)
    levels = np.full(len(rows), np.nan)
    taken = np.diff(model.x.matrix.indptr)[rows]

    def work(part: slice, scores: Array) -> None:
        heads = None
        if auc:
            levels[part], heads = _auc(scores, relevant[part], taken[part])
        items[part] = topk(scores, k, heads)[0]

    def quick(part: slice, scores: Array) -> None:
        held = relevant[part]
        items[part], _, won = best_and_below(scores, k, held.indptr if auc else _NONE, held.indices)
        levels[part] = _share(won, np.diff(held.indptr), taken[part], scores.shape[1])

    many = len(rows) * model.x.shape[1]
    in_blocks(model, rows, quick if compiling_pays(many) else work, step=step)
    return Ranked(items, levels if auc else None)


def _auc(scores: Array, relevant: csr_matrix, taken: Array) -> tuple[Array, Array]:
    """float64 (n,): the share of (right, other) pairs in which the right item's score is higher, ties half.

    And the scores' `group_heads`, for `topk`: both look at a score while it is near the processor. Each right item is
    compared with every score of its row. Items taken before stand at -inf: they are always counted as lower, and then
    taken off. Right items are compared with each other and themselves as well, which adds just R x R / 2 for R of them.
    What a model cannot say, NaN, counts as the lowest of all.
    """
    n, n_items = scores.shape
    heads = np.empty((n, n_items // GROUP), dtype=np.float32)
    rest = n_items // GROUP * GROUP
    won = np.zeros(n)
    for some in near(n, n_items):
        here, found = scores[some], group_heads(scores[some], heads[some])
        if np.isnan(found.max(initial=0)) or np.isnan(here[:, rest:].max(initial=0)):
            here = np.where(np.isnan(here), _LOWEST, here)
        won[some] = _won(here, relevant.indices, relevant.indptr[some.start : some.stop + 1])
    return _share(won, np.diff(relevant.indptr), taken, n_items), heads


def _share(won: Array, right: Array, taken: Array, n_items: int) -> Array:
    """The AUC of users, of whose items some are right and some taken: see `_auc`."""
    whole = right * (n_items - taken - right).astype(np.float64)
    pairs = won - right * taken - right * right / 2.0
    return np.asarray(np.divide(pairs, whole, out=np.full(len(won), np.nan), where=whole > 0))


def _won(scores: Array, items: Array, begins: Array) -> Array:
    """Of each row the scores below its right items, ties half, added up over these.

    Those of row i are items[begins[i]:begins[i + 1]]. No score is NaN.
    """
    right = np.diff(begins)
    won = np.zeros(len(scores))
    for turn in range(int(right.max(initial=0))):  # the first right item of each user, then the second, ...
        rows = np.flatnonzero(right > turn)
        among = scores if len(rows) == len(scores) else scores[rows]
        mine = scores[rows, items[begins[rows] + turn]][:, None]
        won[rows] += (_counted(among < mine) + _counted(among <= mine)) / 2.0
    return won


def _counted(flags: Array) -> Array:
    """How many of each row are true: flags are bytes, added up eight at a time as the bytes of words.

    A byte holds up to 255, so that as many words are added before their bytes are.
    """
    n, m = flags.shape
    whole = m - m % (8 * _WORDS)
    lanes = np.ascontiguousarray(flags[:, :whole]).view(np.uint64).reshape(n, m // (8 * _WORDS), _WORDS).sum(axis=2)
    found: Array = lanes.view(np.uint8).reshape(n, whole // _WORDS).sum(axis=1, dtype=np.int64)
    return found + np.count_nonzero(flags[:, whole:], axis=1) if whole < m else found


def one_right(relevant: csr_matrix, user_nos: Array, item_nos: Array, seed: int) -> csr_matrix:
    """`relevant` with one of each user's right items, drawn by the seed."""
    rows = np.repeat(np.arange(relevant.shape[0]), np.diff(relevant.indptr))
    chance = mixed(seed, user_nos[rows], item_nos[relevant.indices])
    kept = np.lexsort((chance, rows))[relevant.indptr[:-1]]
    ones = np.ones(len(kept), dtype=np.float32)
    return csr_matrix((ones, relevant.indices[kept], np.arange(len(kept) + 1)), shape=relevant.shape)


def rank_sampled(
    model: Recommender,
    rows: Array,
    k: int,
    relevant: csr_matrix,
    hidden: csr_matrix,
    seed: int,
    *,
    step: Step = no_step,
) -> Ranked:
    """Lists of `k` from 100 candidates: one right item, and 99 drawn by the seed of those neither taken nor held out.

    Only to compare with published figures: see Krichene and Rendle 2020. `relevant` has one item a user (`one_right`),
    `hidden` all that were held out. The draw hangs on seed, user and item alone, so all models face the same.
    """
    items = np.full((len(rows), k), -1, dtype=np.int32)
    x = model.x
    user_nos, item_nos = x.users.numbers[rows], x.items.numbers

    def work(part: slice, scores: Array) -> None:
        chance = mixed(seed + 1, user_nos[part][:, None], item_nos[None, :])
        top = np.iinfo(np.uint64).max
        chance[np.isneginf(scores)] = top  # taken before
        held = hidden[part].tocoo()
        chance[held.row, held.col] = top
        many = min(DRAWN, chance.shape[1])
        drawn = np.argpartition(chance, many - 1, axis=1)[:, :many]
        drawn_ok = np.take_along_axis(chance, drawn, axis=1) < top
        columns = np.concatenate([relevant.indices[part][:, None], drawn], axis=1)
        ok = np.concatenate([np.ones((len(drawn), 1), dtype=bool), drawn_ok], axis=1)
        order = np.argsort(columns, axis=1)  # equal scores: the smaller column first, never the right one
        columns, ok = np.take_along_axis(columns, order, axis=1), np.take_along_axis(ok, order, axis=1)
        values = np.where(ok, np.take_along_axis(scores, columns, axis=1), np.float32(-np.inf)).astype(np.float32)
        places = topk(np.ascontiguousarray(values), min(k, values.shape[1]))[0]
        found = np.where(places < 0, -1, np.take_along_axis(columns, places.clip(min=0), axis=1))
        items[part, : found.shape[1]] = found

    in_blocks(model, rows, work, step=step, most=64)
    return Ranked(items, None)
