"""Who would take an item that nobody has taken yet: items hidden from the data, and content asked about them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from scipy.sparse import csr_matrix

from core.errors import Refusal
from core.evaluate import bootstrap
from core.evaluate.newcomers_types import TOP, ItemScore
from core.evaluate.split import mixed
from core.evaluate.types import Measured
from core.interactions import Array, Interactions
from core.progress import Step, no_step
from core.recommend import make
from core.recommend import spec as model_spec

LEAST_TAKERS = 5
LEAST_HIDDEN = 5
MOST_HIDDEN = 200
MOST_USERS = 20_000
_BLOCK = 2_000_000  # scores held at a time
_CHANCE = ItemScore("chance", Measured(0.5, 0.5, 0.5), Measured(1.0, 1.0, 1.0))

Found = tuple[tuple[ItemScore, ...], Mapping[str, str] | None, dict[str, int]]


def judge_items(x: Interactions, share: float, seed: int, step: Step = no_step) -> Found:
    """(scores, problem, counts): a drawn share of the items with at least 5 takers is hidden, at most 200 of them."""
    counts = {"items_hidden": 0, "items_users": 0}
    try:
        if x.item_side is None or not x.item_side.num_columns:
            raise _nothing_said()
        hidden = _drawn(x, share, seed)
        rest = hide(x, hidden)
        users = np.flatnonzero(np.diff(rest.matrix.indptr))
        chance = mixed(seed, rest.users.numbers[users], np.zeros(1, dtype=np.int64))
        users = users[np.sort(np.argsort(chance, kind="stable")[:MOST_USERS])]
        took = x.matrix[users][:, hidden].toarray() > 0
        judged = took.any(axis=0) & ~took.all(axis=0)
        hidden, took = hidden[judged], took[:, judged]
        counts = {"items_hidden": len(hidden), "items_users": len(users)}
        if len(hidden) < LEAST_HIDDEN:
            raise _too_few(len(hidden))
        step.report(0.1, "new items: fitting")
        model = make(model_spec("content")).fit(rest, seed=seed, step=step.part(0.1, 0.6))
        scores = np.empty(took.shape, dtype=np.float32)
        size = max(1, _BLOCK // len(hidden))
        for begin in range(0, len(users), size):
            block = slice(begin, begin + size)
            scores[block] = model.score(users[block], hidden)
    except Refusal as refusal:
        return (), refusal.as_json(), counts
    step.report(0.8, "new items: who took them")
    heavy = np.diff(rest.matrix.indptr)[users].astype(np.float32)
    return _compared(np.nan_to_num(scores, nan=-np.inf, neginf=-np.inf), heavy, took, seed), None, counts


def hide(x: Interactions, items: Array) -> Interactions:
    """`x` in its shape, with these columns emptied."""
    gone = np.zeros(x.shape[1], dtype=bool)
    gone[items] = True
    kept = ~gone[x.matrix.indices]
    rows = np.repeat(np.arange(x.shape[0]), np.diff(x.matrix.indptr))[kept]
    indptr = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=x.shape[0]))]).astype(x.matrix.indptr.dtype)
    matrix = csr_matrix((x.matrix.data[kept], x.matrix.indices[kept], indptr), shape=x.shape)
    matrix.has_sorted_indices = True
    return replace(x, matrix=matrix, first_seen=None if x.first_seen is None else x.first_seen[kept])


def auc(scores: Array, took: Array) -> float:
    """The chance that a taker's score is above another's, ties counting half; both kinds must occur.

    >>> auc(np.array([3.0, 1.0, 2.0, 1.0]), np.array([True, True, False, False]))
    0.625
    """
    _, place, many = np.unique(scores, return_inverse=True, return_counts=True)
    middle = np.cumsum(many) - (many - 1) / 2  # ranks from 1, of equal ones their mean
    takers = int(took.sum())
    others = len(took) - takers
    return float((middle[place][took].sum() - takers * (takers + 1) / 2) / (takers * others))


def lift(scores: Array, took: Array, share: float = TOP) -> float:
    """Share of takers among the first `share` of the users by score, over that among all; equal scores at the edge
    count as if drawn among.

    >>> lift(np.array([3.0, 2.0, 1.0, 0.0]), np.array([True, False, False, True]), 0.25)
    2.0
    """
    first = max(1, round(share * len(scores)))
    edge = np.partition(scores, len(scores) - first)[len(scores) - first]
    above, level = scores > edge, scores == edge
    hits = took[above].sum() + took[level].sum() * (first - above.sum()) / level.sum()
    return float(hits / first / took.mean())


def _compared(scores: Array, heavy: Array, took: Array, seed: int) -> tuple[ItemScore, ...]:
    """Content, heavy users and chance, on the same draws of items."""
    each = [
        (auc(scores[:, n], took[:, n]), lift(scores[:, n], took[:, n]), auc(heavy, took[:, n]), lift(heavy, took[:, n]))
        for n in range(took.shape[1])
    ]
    values = np.array(each)
    drawn = bootstrap.resampled_means(values, seed=seed)
    found = bootstrap.measured(values, drawn)
    ahead, p = bootstrap.paired(values, drawn, 0, 2)
    return ItemScore("content", found[0], found[1], ahead, p), ItemScore("heavy", found[2], found[3]), _CHANCE


def _drawn(x: Interactions, share: float, seed: int) -> Array:
    """Columns to hide, rising."""
    takers = np.bincount(x.matrix.indices, minlength=x.shape[1])
    able = np.flatnonzero(takers >= LEAST_TAKERS)
    many = min(MOST_HIDDEN, round(share * len(able)))
    if many < LEAST_HIDDEN:
        raise _too_few(many)
    chance = mixed(seed, x.items.numbers[able], np.zeros(1, dtype=np.int64))
    return np.asarray(np.sort(able[np.argsort(chance, kind="stable")[:many]]))


def _nothing_said() -> Refusal:
    return Refusal(
        "no_item_attributes",
        "Nothing is said of the items beside their ids, so nobody can be found for a new one.",
        "Load a file of items with titles or attributes (category, brand, price).",
    )


def _too_few(found: int) -> Refusal:
    return Refusal(
        "too_few_items",
        f"{found:,} items with at least {LEAST_TAKERS} users could be hidden: too few to tell anything.",
        f"It takes {LEAST_HIDDEN}: hide a larger share, or load more data.",
    )
