"""The diversity slider: a model's own best items, told again so that a list does not say the same thing twice.

Maximal marginal relevance (Carbonell and Goldstein 1998): of a user's candidates, the best `pool` items by the model,
take one by one the item with the highest

    (1 - diversity) x relevance - diversity x highest cosine to an item that is already in the list.

Relevance is the model's score brought to 0..1 among the user's candidates, so that the slider means the same for every
model; the cosine is that of the items' columns (who took them). At 0 the lists are the model's own.
"""

from __future__ import annotations

import numpy as np
from scipy.sparse import csc_matrix

from core.errors import Refusal
from core.interactions import Array
from core.progress import Step, no_step
from core.recommend.likeness import cosine_rows, unit_columns
from core.recommend.types import Recommender, RecTable

POOL = 100
"""Candidates of each user, by the model's own order."""

_UNION = 5_000  # different candidates of users done together at most: 100 MB of cosines
_USERS = 2_000


def diverse(
    model: Recommender, users: Array, k: int, diversity: float, *, pool: int = POOL, step: Step = no_step
) -> RecTable:
    """Lists of `k` for these users, `diversity` from 0 (the model's own) to 1; scores are the model's own.

    Equal values: the item that the model puts higher. Raises Refusal `bad_diversity`.
    """
    check_diversity(diversity)
    found = model.recommend(users, max(k, pool), step=step.part(0.0, 0.7))
    return reranked(found, k, diversity, unit_columns(model.x.matrix), step=step.part(0.7, 1.0))


def check_diversity(diversity: float) -> None:
    """Raises Refusal `bad_diversity`."""
    if not 0 <= diversity <= 1:
        raise Refusal("bad_diversity", f"The diversity is {diversity:g}.", "Give a number from 0 to 1.")


def reranked(found: RecTable, k: int, diversity: float, units: csc_matrix, *, step: Step = no_step) -> RecTable:
    """The k that maximal marginal relevance takes of each list of candidates. `units`: likeness.unit_columns."""
    if diversity == 0:
        return RecTable(found.users, found.items[:, :k], found.scores[:, :k])
    items = np.full((len(found.users), k), -1, dtype=np.int32)
    scores = np.full((len(found.users), k), np.nan, dtype=found.scores.dtype)
    begin = 0
    while begin < len(found.users):
        end = _together(found.items, begin)
        part = slice(begin, end)
        items[part], scores[part] = _greedy(found.items[part], found.scores[part], k, diversity, units)
        begin = end
        step.report(begin / len(found.users), "making lists diverse")
    return RecTable(found.users, items, scores)


def _together(items: Array, begin: int) -> int:
    """The end of the longest run of users, by halves, whose different candidates are few enough."""
    end = min(begin + _USERS, len(items))
    while end - begin > 1 and len(np.unique(items[begin:end])) > _UNION:
        end = begin + (end - begin) // 2
    return end


def _greedy(items: Array, scores: Array, k: int, diversity: float, units: csc_matrix) -> tuple[Array, Array]:
    """Of each row the k taken one by one, and their scores; all rows side by side."""
    n, pool = items.shape
    there = items >= 0
    named, places = np.unique(np.where(there, items, items.max(initial=0)), return_inverse=True)
    likeness = np.empty((len(named), len(named)), dtype=np.float32)
    for part, block in cosine_rows(units, named):
        likeness[part] = block
    places = places.reshape(n, pool)
    with np.errstate(invalid="ignore"):
        values = np.where(there, scores, np.nan).astype(np.float64)
        low, high = np.nanmin(values, axis=1, initial=np.inf), np.nanmax(values, axis=1, initial=-np.inf)
        width = np.where(high > low, high - low, 1.0)
        worth = np.where(there, (1 - diversity) * (values - low[:, None]) / width[:, None], -np.inf)
    nearest = np.zeros((n, pool))
    rows, taken = np.arange(n), np.zeros((n, pool), dtype=bool)
    chosen = np.full((n, k), -1, dtype=np.int64)
    for turn in range(min(k, pool)):
        gain = np.where(taken, -np.inf, worth - diversity * nearest)
        best = gain.argmax(axis=1)
        chosen[:, turn] = np.where(np.isfinite(gain[rows, best]), best, -1)
        taken[rows, best] = True
        np.maximum(nearest, likeness[places[rows, best][:, None], places], out=nearest)
    kept = chosen.clip(min=0)
    own = np.where(chosen < 0, -1, np.take_along_axis(items, kept, axis=1))
    return own, np.where(chosen < 0, np.nan, np.take_along_axis(scores, kept, axis=1))
