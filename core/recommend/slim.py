"""SLIM: each item's score as a sum over the few past items that speak for it, none against it."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import ClassVar, Literal, Self

import numpy as np
from scipy.sparse import csc_matrix, csr_matrix
from threadpoolctl import threadpool_limits

from core.errors import Refusal
from core.interactions import Array, Interactions
from core.progress import Step, no_step
from core.recommend.base import Model, Valued, memory, threads, valued, view
from core.recommend.linear import dense_gram
from core.recommend.nonneg import nonnegative
from core.recommend.square import mirrored
from core.recommend.types import Explanation, check_rows

_SHARE = 0.5  # of the memory, for one square of float32: the rest is the matrix, the links and room to work
_FINE = 8_000  # items up to which the square is kept in float64: 512 MB
_HELD = 1_000_000  # cells of a block of targets: 8 MB, of which some eight are needed on the way
_EXACT = 1e-6
_NOTHING = 1e-12

_ITEMS = "How much this item speaks for the other, beside the rest of the history, times how much of it."
_USERS = "How much having taken this item, this user adds to the links between it and the history."


class Slim(Model):
    """score(u, i) = v_u S_i; S_i minimises 1/2 |v_i - V s|^2 + l1 sum(s) + l2/2 |s|^2 over s >= 0 with s_i = 0.

    Ning and Karypis 2011, equation 4, V the matrix valued. Scikit-learn's ElasticNet(positive=True) minimises the same
    with alpha = (l1 + l2) / n_users and l1_ratio = l1 / (l1 + l2).
    """

    folds: ClassVar[Literal["exactly", "nearly", "no"]] = "exactly"

    def fit(self, x: Interactions, *, seed: int = 0, step: Step = no_step) -> Self:
        """Solve for every item; nothing is drawn.

        Raises Refusal `too_many_items`, and `ill_posed` where the weights are far too large for the caution l2.
        """
        check_room(x.shape[1])
        self.x, self._v = x, Valued(x.matrix, self.spec["values"])
        n, kind = x.shape[1], np.float64 if x.shape[1] <= _FINE else np.float32
        gram = mirrored(dense_gram(self._v.rows, 0.0, kind, step.part(0.0, 0.2)))
        l1, l2 = float(self.spec["l1"]), float(self.spec["l2"])
        size = int(np.clip(_HELD // n, 16, 256))
        begins = range(0, n, size)

        def block(begin: int) -> csr_matrix:
            return csr_matrix(nonnegative(gram, np.arange(begin, min(n, begin + size)), l1, l2))

        found = []
        try:
            with threadpool_limits(1), ThreadPoolExecutor(threads()) as pool:
                for part in pool.map(block, begins):
                    found.append(part)
                    step.report(0.2 + 0.8 * len(found) / len(begins), "finding the links that count")
        except np.linalg.LinAlgError:
            raise _ill_posed(l2) from None
        self._links = _joined(found)
        return self

    def load(self, x: Interactions, arrays: Mapping[str, Array]) -> Self:
        """Take back the links."""
        self.x, self._v = x, Valued(x.matrix, self.spec["values"])
        parts = tuple(np.asarray(arrays[name]) for name in ("data", "indices", "indptr"))
        self._links = csr_matrix(parts, shape=(x.shape[1], x.shape[1]), copy=False)
        self._links.has_sorted_indices = True
        return self

    def arrays(self) -> dict[str, Array]:
        """S (past item, scored item) as CSR: data float32 above 0, indices and indptr int32."""
        return {"data": self._links.data, "indices": self._links.indices, "indptr": self._links.indptr}

    def explain(self, user: int, item: int) -> Explanation:
        """By items v_uj S_ji; by users w, with A the items that speak for i and M = V_A'V_A + l2 I,

        v_wi sum over A of (M^-1 v_uA)_j v_wj (1 - l1 / G_ji): S_i solves M s = G_Ai - l1, and of each G_ji = sum over
        w of v_wj v_wi the price l1 takes the same share from every user (G_ji > l1 for all of A). Both in float64,
        solved anew on A, without base.
        """
        user, item = int(check_rows([user], self.x.shape[0])[0]), int(check_rows([item], self.x.shape[1])[0])
        mine, amounts = self._v.history(user)
        if not len(mine):
            return self._unsaid(user, item)
        links, l1 = self._speaking, float(self.spec["l1"])
        speak = links.indices[links.indptr[item] : links.indptr[item + 1]]
        takers, weights = self._v.takers(item)
        columns = self._v.columns[:, speak]
        theirs = columns.tocsr()[takers]
        together = np.asarray(theirs.T @ weights)
        square = (columns.T @ columns).toarray() + float(self.spec["l2"]) * np.eye(len(speak))
        own = np.zeros(len(speak))
        shared, at, of = np.intersect1d(speak, mine, assume_unique=True, return_indices=True)
        own[at] = amounts[of]
        solved = np.linalg.solve(square, np.stack([together - l1, own], axis=1))
        by_item = own[at] * solved[at, 0]
        by_user = weights * (theirs @ (solved[:, 1] * (1 - l1 / together)))
        score = float(by_item.sum())
        gap = abs(float(by_user.sum()) - score)
        exact = gap <= max(_EXACT * abs(score), _NOTHING * float(amounts.sum()))
        fidelity = 1.0 if exact else max(0.0, 1 - gap / abs(score)) if score else 0.0
        return Explanation(
            user,
            item,
            score,
            0.0,
            view("items", shared, by_item, _ITEMS),
            view("users", takers, by_user, _USERS, exact=exact, fidelity=fidelity),
        )

    def _score(self, users: Array, items: Array | None) -> Array:
        return self._of(self._v.rows[users], items)

    def _fold(self, histories: csr_matrix, items: Array | None, own: Array, seen: Array | None) -> Array:
        return self._of(valued(histories, self.spec["values"]), items)

    def _of(self, mine: csr_matrix, items: Array | None) -> Array:
        """Scores of histories (valued)."""
        return np.asarray((mine @ (self._links if items is None else self._links[:, items])).toarray())

    @cached_property
    def _speaking(self) -> csc_matrix:
        """By item i the items j that speak for it."""
        return self._links.tocsc()


def check_room(n_items: int) -> None:
    """Raise Refusal `too_many_items` where the square of items would not fit into memory."""
    room = int((_SHARE * memory() / 4) ** 0.5)
    if n_items > room:
        raise Refusal(
            "too_many_items",
            f"This model compares all items at once: {n_items:,} items do not fit into the memory of this machine.",
            f'Up to {room:,} items fit: raise "least users per item", or choose Goes together or Hidden tastes.',
        )


def _joined(found: list[csr_matrix]) -> csr_matrix:
    """The blocks, whose rows are scored items, as one float32 CSR whose rows are past items."""
    from scipy.sparse import vstack

    links = vstack(found, format="csr", dtype=np.float32).T.tocsr()
    links.eliminate_zeros()
    links.sort_indices()
    return csr_matrix(
        (links.data, links.indices.astype(np.int32), links.indptr.astype(np.int32)), shape=links.shape, copy=False
    )


def _ill_posed(l2: float) -> Refusal:
    return Refusal(
        "ill_posed",
        f"With a caution of {l2:g} this model's equations cannot be solved: some weights are far too large.",
        "Raise Caution (l2), or let repeated behaviour count less.",
    )
