"""A stored model that is older than the data: as it was learnt, asked about the histories of today.

What it learnt of items holds; what it knew of users is replaced by what they did up to now, put in by folding. Its
columns are found again by the items' raw ids, kept with the model: numbers may change when a load is undone and made
again. Items that came after the fit are not among its columns: see core.recommend.roads.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Literal, Self, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy.sparse import csr_matrix

from core.errors import Refusal
from core.interactions import Array, IdMap, Interactions, MatrixSpec, build, from_bytes
from core.progress import Step, no_step
from core.recommend.arrays import read_arrays
from core.recommend.base import Model, view
from core.recommend.measured import measured_items
from core.recommend.registry import info, make, needs, parts, wide
from core.recommend.stored import ITEM_IDS, StoredModel, get_model
from core.recommend.types import Explanation, Recommender, Spec
from core.store import Store

OF_USERS = frozenset({"user-knn"})
"""Models that are made of the users they were fitted on: without the matrix of then there is nothing to ask."""

_USERS_VIEW = "This model is older than the data: what it learnt of other users then cannot be told apart any more."


class Folded(Model):
    """A Recommender over today's users whose every score is `fold` of the user's history as it is today.

    `x` is today's matrix in the columns that the model knows; users with none of these items are empty rows.
    """

    folds: ClassVar[Literal["exactly", "nearly", "no"]] = "exactly"  # what it says of a history is what it says of it

    def __init__(self, model: Recommender, x: Interactions, stored: StoredModel) -> None:
        super().__init__(model.spec)
        self.model, self.x, self.stored = model, x, stored

    @property
    def scores_everyone(self) -> bool:  # type: ignore[override]  # as the model it is of
        """Whether the model does."""
        return self.model.scores_everyone

    def _score(self, users: Array, items: Array | None) -> Array:
        histories, seen = rows_of(self.x, users)
        return self.model.fold(histories, items, seen=seen)

    def _fold(self, histories: csr_matrix, items: Array | None, own: Array, seen: Array | None) -> Array:
        return self.model.fold(histories, items, seen=seen)

    def explain(self, user: int, item: int) -> Explanation:
        """Past items by measuring: each is taken out of today's history, and the fall of the score looked at."""
        score = float(self.score(np.array([user]), np.array([item]))[0, 0])
        if not np.isfinite(score):
            return self._unsaid(user, item)
        base, items = measured_items(cast(Recommender, self), user, item)
        none = np.empty(0)
        return Explanation(
            user, item, score, base, items, view("users", none, none, _USERS_VIEW, exact=False, fidelity=0.0)
        )

    def arrays(self) -> dict[str, Array]:
        """Those of the model."""
        return self.model.arrays() if isinstance(self.model, Model) else {}

    def fit(self, x: Interactions, *, seed: int = 0, step: Step = no_step) -> Self:
        """It is loaded, never fitted."""
        raise TypeError("a folded model is loaded, not fitted")

    def load(self, x: Interactions, arrays: Mapping[str, Array]) -> Self:
        """It is made by `load_folded`."""
        raise TypeError("a folded model is made by load_folded")


def load_folded(store: Store, model_id: str, *, step: Step = no_step) -> Folded:
    """A stored model, whether or not the data have changed since, answering for the users and histories of today.

    Raises Refusal `unknown_model_id`, `cannot_fold` (the model, or a part of it, takes in nothing new, or is made of
    the users it was fitted on; or it was stored before its items' ids were kept), and what core.interactions.build
    raises.
    """
    stored = get_model(store, model_id)
    _check(stored.fit.model)
    arrays = read_arrays(store, model_id, step=step.part(0.0, 0.4))
    if ITEM_IDS not in arrays:
        raise _cannot("It was stored by a version of Limelight that did not keep the ids of its items.")
    ids = [str(raw) for raw in from_bytes(arrays.pop(ITEM_IDS))]
    x = in_columns(today(store, stored.fit.matrix, stored.fit.model, step=step.part(0.4, 1.0)), ids)
    return Folded(make(stored.fit.model).load(x, arrays), x, stored)


def today(store: Store, matrix: MatrixSpec, model: Spec, step: Step = no_step) -> Interactions:
    """The matrix up to the end of the data, with every user and item however few, as this model asks for it."""
    whole = replace(matrix, until=None, least_user_items=1, least_item_users=1)
    return build(store, whole, needs=needs(model) | {"times"}, wide=wide(model), step=step)


def in_columns(x: Interactions, ids: Sequence[str]) -> Interactions:
    """`x` with the columns `ids` (raw ids) in that order: those that `x` lacks are empty, others are left out."""
    assert x.items.ids is not None
    place = pc.index_in(x.items.ids, value_set=pa.array(ids, pa.string())).fill_null(-1).to_numpy()
    columns = place[x.matrix.indices]
    kept = columns >= 0
    rows = np.repeat(np.arange(x.shape[0]), np.diff(x.matrix.indptr))[kept]
    order = np.lexsort((columns[kept], rows))
    indptr = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=x.shape[0]))])
    data = (x.matrix.data[kept][order], columns[kept][order].astype(np.int32), indptr)
    matrix = csr_matrix(data, shape=(x.shape[0], len(ids)))
    matrix.has_sorted_indices = True
    back = np.full(len(ids), -1, dtype=np.int64)
    back[place[place >= 0]] = np.flatnonzero(place >= 0)
    gone = back < 0
    # numbers below 0 are nobody's: an item that the data do not have any more has no number
    numbers = np.where(gone, -1 - np.arange(len(ids)), x.items.numbers[np.where(gone, 0, back)]).astype(np.int32)
    side = None if x.item_side is None else x.item_side.take(pa.array(back, mask=gone))
    return replace(
        x,
        matrix=matrix,
        items=_Scattered(numbers, pa.array(ids, pa.string()), "item"),
        first_seen=None if x.first_seen is None else x.first_seen[kept][order],
        item_side=side,
    )


def rows_of(x: Interactions, users: Array) -> tuple[csr_matrix, Array | None]:
    """The histories of some rows, and when each pair was first seen (None without times), in their order."""
    histories = x.matrix[users]
    if x.first_seen is None:
        return histories, None
    lengths = np.diff(histories.indptr)
    starts = np.repeat(x.matrix.indptr[:-1][users] - histories.indptr[:-1], lengths)
    return histories, x.first_seen[starts + np.arange(histories.nnz)]


@dataclass(frozen=True, eq=False)
class _Scattered(IdMap):
    """An IdMap whose numbers stand in any order."""

    def rows(self, numbers: Sequence[int] | Array) -> Array:
        """As IdMap.rows."""
        order = np.argsort(self.numbers, kind="stable")
        place = IdMap(self.numbers[order], None, self.what).rows(numbers)
        return np.where(place >= 0, order[place], -1) if len(order) else place


def _check(model: Spec) -> None:
    """Refuses what needs the matrix of then."""
    for one in (model, *(part for part, _ in parts(model))):
        name = info(one.model).plain
        whose = "It" if one is model else f"Its part “{name}”"
        if one.model in OF_USERS:
            raise _cannot(f"{whose} compares users with those it was fitted on, as they were then.")
        if info(one.model).family != "blend" and make(one).folds == "no":
            raise _cannot(f"{whose} cannot take in new behaviour.")


def _cannot(why: str) -> Refusal:
    return Refusal(
        "cannot_fold",
        f"This model cannot answer for data that have changed since it was fitted. {why}",
        "Fit it again on the data as they are now, or choose a model that learns from items, such as item-knn or ease.",
    )
