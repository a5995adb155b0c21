"""Step by step: random walks of three steps over who took what, from a user to items.

    W_ji = (sum over users w of p_jw^alpha p_wi^alpha) / d_i^beta,    score(u, i) = sum over j of p_uj^alpha W_ji

p_uj is the share of j in what u took (v_uj / sum of u), p_jw the share of w in who took j (v_wj / d_j), and d_i the sum
over all users of v_wi: with `once`, how many took i. beta = 0 is P3alpha (Cooper et al. 2014), beta > 0 holds
popularity back (RP3beta, Paudel et al. 2017). As in Paudel's own evaluation and in Ferrari Dacrema et al. 2019, of each
past item j the K strongest W_ji are kept, and a walk does not end where it began (W_jj = 0): an item is no reason for
itself. With alpha = 1 every entry of p^alpha is a probability. The powers are taken of single steps, so both sums stay
sums: over past items, and over users w.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import ClassVar, Literal, Self

import numpy as np
from scipy.sparse import csc_matrix, csr_matrix

from core.interactions import Array, Interactions
from core.progress import Step, no_step
from core.recommend.base import valued, view
from core.recommend.nearest import Seeker, check_room
from core.recommend.sparse_lists import SparseLists
from core.recommend.types import Explanation, check_rows

_ITEMS = "How likely a walk from this past item, over others who took it, ends at the item."
_USERS = "How likely the walk comes by this user, who took the item, on its way there."


class P3Alpha(SparseLists):
    """See the module; beta is 0."""

    folds: ClassVar[Literal["exactly", "nearly", "no"]] = "exactly"

    def fit(self, x: Interactions, *, seed: int = 0, step: Step = no_step) -> Self:
        """Walk from every item; nothing is drawn, so the seed plays no part."""
        self._take(x)
        n = x.shape[1]
        k = min(int(self.spec["neighbours"]), n - 1)
        check_room(n, k)
        step.report(0.05, "walking from every item")
        kept = Seeker.plain(self._onward).seek(self._back, k, np.arange(n), step=step.part(0.05, 0.95))
        self._keep(kept)
        step.report(1.0, "walks found")
        return self

    def load(self, x: Interactions, arrays: Mapping[str, Array]) -> Self:
        """Take back the walks."""
        self._take(x)
        n = len(arrays["indptr"]) - 1
        parts = tuple(np.asarray(arrays[name]) for name in ("data", "indices", "indptr"))
        kept = csr_matrix(parts, shape=(n, n), copy=False)
        kept.has_sorted_indices = True
        self._keep(kept)
        return self

    def arrays(self) -> dict[str, Array]:
        """W as CSR, by past item: data float32, indices and indptr int32."""
        return {"data": self._kept.data, "indices": self._kept.indices, "indptr": self._kept.indptr}

    @property
    def _beta(self) -> float:
        return 0.0

    def _take(self, x: Interactions) -> None:
        self.x = x
        self._forget()
        for name in ("_back", "_onward", "_exact", "_columns", "_started"):
            self.__dict__.pop(name, None)

    def _keep(self, kept: csr_matrix) -> None:
        self._kept = kept
        self._forget()

    @cached_property
    def _exact(self) -> csr_matrix:
        """float64 CSR: p_uj^alpha, the first step and the last."""
        return self._steps(self.x.matrix)

    @cached_property
    def _columns(self) -> csc_matrix:
        """The same by item."""
        return self._exact.tocsc()

    @cached_property
    def _started(self) -> csr_matrix:
        return self._exact.astype(np.float32)

    @cached_property
    def _taken(self) -> Array:
        """float64 (n_items,): d, 1 where nobody took the item."""
        v = valued(self.x.matrix, self.spec["values"])
        taken = np.bincount(v.indices, weights=v.data, minlength=v.shape[1])
        return np.where(taken == 0, 1.0, taken)

    @cached_property
    def _back(self) -> csr_matrix:
        """float64 CSR (n_items, n_users): p_jw^alpha, from an item to those who took it."""
        back = valued(self.x.matrix, self.spec["values"]).T.tocsr().astype(np.float64)
        back.data = (back.data / np.repeat(self._taken, np.diff(back.indptr))) ** float(self.spec["alpha"])
        return back

    @property
    def _onward(self) -> csr_matrix:
        """float64 CSR (n_users, n_items): p_wi^alpha / d_i^beta."""
        on = self._exact.copy()
        on.data *= (self._taken**-self._beta)[on.indices]
        return on

    def _steps(self, histories: csr_matrix) -> csr_matrix:
        v = valued(histories, self.spec["values"]).astype(np.float64)
        counts = np.diff(v.indptr)
        whole = np.bincount(np.repeat(np.arange(v.shape[0]), counts), weights=v.data, minlength=v.shape[0])
        v.data = (v.data / np.repeat(whole, counts)) ** float(self.spec["alpha"])
        return v

    @property
    def _left(self) -> csr_matrix:
        return self._started

    @property
    def _right(self) -> csr_matrix:
        return self._kept

    def _score(self, users: Array, items: Array | None) -> Array:
        return self._ends(self._started[users], items)

    def _fold(self, histories: csr_matrix, items: Array | None, own: Array, seen: Array | None) -> Array:
        """The walks from each item are held fixed; where the history begins them is its own affair."""
        return self._ends(self._steps(histories).astype(np.float32), items)

    def _ends(self, begun: csr_matrix, items: Array | None) -> Array:
        kept = self._kept if items is None else self._kept[:, items]
        return np.asarray((begun @ kept).toarray())

    @cached_property
    def _speaking(self) -> csc_matrix:
        """By item i the past items j from which a kept walk ends there."""
        return self._kept.tocsc()

    def explain(self, user: int, item: int) -> Explanation:
        """By items: p_uj^alpha W_ji. By users: the part of the walks that comes by each. Both exact."""
        user, item = int(check_rows([user], self.x.shape[0])[0]), int(check_rows([item], self.x.shape[1])[0])
        begun, speak = self._exact, self._speaking
        part = slice(begun.indptr[user], begun.indptr[user + 1])
        mine, amounts = begun.indices[part], begun.data[part]
        if not len(mine):
            return self._unsaid(user, item)
        said = np.isin(mine, speak.indices[speak.indptr[item] : speak.indptr[item + 1]], assume_unique=True)
        mine, amounts = mine[said], amounts[said]
        own = slice(self._columns.indptr[item], self._columns.indptr[item + 1])
        takers = self._columns.indices[own]
        last = self._columns.data[own] * self._taken[item] ** -self._beta
        back = self._back[mine][:, takers]
        by_item = amounts * (back @ last)
        by_user = (back.T @ amounts) * last
        return Explanation(
            user,
            item,
            float(by_item.sum()),
            0.0,
            view("items", mine, by_item, _ITEMS),
            view("users", takers, by_user, _USERS),
        )


class Rp3Beta(P3Alpha):
    """See the module."""

    @property
    def _beta(self) -> float:
        return float(self.spec["beta"])
