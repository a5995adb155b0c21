"""Alike by description: items whose titles and attributes say what the user's past items say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal, Self

import numpy as np
from scipy.sparse import csr_matrix

from core.errors import Refusal
from core.interactions import Array, Interactions, as_bytes, from_bytes
from core.progress import Step, no_step
from core.recommend.base import Model, Valued, valued, view
from core.recommend.described import described
from core.recommend.measured import measured_users
from core.recommend.types import Explanation, check_rows

_HOW = "What the user had to do with the past item, times how alike the two items' titles and attributes are."
_OFTEN = 64  # a word that more than one in so many items has is multiplied as a dense column


class Content(Model):
    """score(u, i) = sum over j of v_uj t_j . t_i, t the items' TF-IDF vectors (core.recommend.described).

    The profile is not divided by its length: that would change no order within a user's list, and a part would no
    longer be what the score falls by when the past item goes. Items that say nothing of themselves have score 0.
    """

    folds: ClassVar[Literal["exactly", "nearly", "no"]] = "exactly"

    def fit(self, x: Interactions, *, seed: int = 0, step: Step = no_step) -> Self:
        """Read titles and attributes. Raises Refusal `no_descriptions` where no item has any."""
        spec = self.spec
        found = described(
            x.item_side,
            x.shape[1],
            read=spec["read"],
            attributes=float(spec["attributes"]),
            least_items=int(spec["least_items"]),
        )
        if not found.said:
            raise Refusal(
                "no_descriptions",
                "No item has a title or an attribute, so nothing says which items are alike.",
                "Load a file of items with titles or categories, or choose a model that learns from behaviour.",
            )
        step.report(1.0, "read what items say of themselves")
        return self._take(x, found.matrix, found.names)

    def load(self, x: Interactions, arrays: Mapping[str, Array]) -> Self:
        """Take back the vectors and the names of what they count."""
        names = tuple(from_bytes(arrays["names"]))
        parts = tuple(np.asarray(arrays[name]) for name in ("data", "indices", "indptr"))
        return self._take(x, csr_matrix(parts, shape=(x.shape[1], len(names))), names)

    def arrays(self) -> dict[str, Array]:
        """data, indices, indptr: float32 CSR (n_items, n_features); names: JSON of the features' names, uint8."""
        t = self._t
        return {"data": t.data, "indices": t.indices, "indptr": t.indptr, "names": as_bytes(list(self._names))}

    def common(self, j: int, i: int) -> list[tuple[str, float]]:
        """What links two items: (word or "column: value", share of their likeness), the strongest first; adds up to 1.

        Empty where nothing links them.
        """
        j, i = (int(row) for row in check_rows([j, i], self.x.shape[1]))
        both = self._t[[j]].astype(np.float64).multiply(self._t[[i]].astype(np.float64)).tocoo()
        whole = float(both.data.sum())
        order = np.lexsort((both.col, -both.data))
        return [(self._names[int(both.col[k])], float(both.data[k]) / whole) for k in order if both.data[k] > 0]

    def _take(self, x: Interactions, t: csr_matrix, names: tuple[str, ...]) -> Self:
        self.x, self._t, self._names = x, t, names
        self._v = Valued(x.matrix, self.spec["values"])
        having = np.bincount(t.indices, minlength=len(names))
        self._often = np.flatnonzero(having > max(16, x.shape[1] / _OFTEN))
        self._seldom = np.flatnonzero(having <= max(16, x.shape[1] / _OFTEN))
        # frequent features as dense columns: they would fill a sparse product, which is slow at that
        self._thick, self._thin = t[:, self._often].toarray(), csr_matrix(t[:, self._seldom])
        return self

    def _score(self, users: Array, items: Array | None) -> Array:
        return self._of(self._v.rows[users], items)

    def _fold(self, histories: csr_matrix, items: Array | None, own: Array, seen: Array | None) -> Array:
        return self._of(valued(histories, self.spec["values"]), items)

    def _of(self, v: csr_matrix, items: Array | None) -> Array:
        thick, thin = (part if items is None else part[items] for part in (self._thick, self._thin))
        scores: Array = np.asarray(v @ self._thick) @ thick.T
        scores += ((v @ self._thin) @ thin.T).toarray()
        return scores

    def explain(self, user: int, item: int) -> Explanation:
        """Items: v_uj t_j . t_i, exact. Users: others play no part in the score; a likeness to them is measured."""
        user, item = (int(check_rows([row], n)[0]) for row, n in zip((user, item), self.x.shape, strict=True))
        columns, values = self._v.history(user)
        if not len(columns):
            return self._unsaid(user, item)
        wanted = self._t[[item]].astype(np.float64).toarray().ravel()
        parts = values * (self._t[columns].astype(np.float64) @ wanted)
        return Explanation(
            user, item, float(parts.sum()), 0.0, view("items", columns, parts, _HOW), measured_users(self, user, item)
        )
