"""The attention-weighted profile: each candidate asks which past items speak to it, and those weigh most."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import ClassVar, Literal, Self

import numpy as np
from scipy.sparse import csr_matrix

from core.interactions import Array, Interactions
from core.progress import Step, no_step
from core.recommend.base import Model, Valued, memory, valued, view
from core.recommend.measured import measured_users
from core.recommend.types import Explanation, check_rows

_SHARE = 0.25  # of the memory, for the two squares of items that lists are made from
_CELLS = 8_000_000  # of each square made at a time where there is no room for the whole


class Attention(Model):
    """score(u, i) = sum over j of a_uij v_uj e_j.e_i, over the items j of u without i itself.

    a_uij = w_uij / (sum over j of w_uij)^smooth, w_uij = exp(focus (cos(d_j, d_i) - 1)) / (1 + age_uj)^recency: a
    softmax over the history of focus x likeness - recency x ln(1 + age), its denominator tamed as in NAIS (He et al.
    2018, equation 10). age_uj: how many of the user's items were first seen later than j (0 for the last, and for all
    where times are not known). e_i: PureSVD's right singular vectors, so that with focus, recency and smooth 0 the
    score is PureSVD's without what an item says for itself. d_i is e_i times the square roots of the strengths:
    directions that are little more than noise should say little about what is alike.
    """

    folds: ClassVar[Literal["exactly", "nearly", "no"]] = "exactly"

    def fit(self, x: Interactions, *, seed: int = 0, step: Step = no_step) -> Self:
        """Find the item vectors, as PureSVD does: the seed draws the start of its iteration, no more."""
        from core.recommend.registry import make, spec

        asked = spec("puresvd", {"factors": self.spec["factors"], "values": self.spec["values"]})
        found = make(asked).fit(x, seed=seed, step=step).arrays()  # type: ignore[attr-defined]
        return self._keep(x, np.ascontiguousarray(found["items"]), np.sqrt(found["strengths"]))

    def load(self, x: Interactions, arrays: Mapping[str, Array]) -> Self:
        """Take back the item vectors."""
        return self._keep(x, np.asarray(arrays["items"]), np.asarray(arrays["scales"]))

    def arrays(self) -> dict[str, Array]:
        """float64: items (n_items, k), the item vectors; scales (k,), what they are multiplied by to compare them."""
        return {"items": self._items, "scales": self._scales}

    def shares(self, user: int, item: int) -> tuple[Array, Array]:
        """What the candidate attends to: columns of the user's items without itself, rising, and the share of the
        attention that each gets, float64, adding up to 1 (whatever `smooth`).
        """
        user, item = int(check_rows([user], self.x.shape[0])[0]), int(check_rows([item], self.x.shape[1])[0])
        mine, _, pull = self._attended(user, item)
        return mine, pull / pull.sum() if len(pull) else pull

    def explain(self, user: int, item: int) -> Explanation:
        """By items exactly: attention x weight x likeness. By users measured: attention mixes no other users."""
        user, item = int(check_rows([user], self.x.shape[0])[0]), int(check_rows([item], self.x.shape[1])[0])
        if self.x.matrix.indptr[user] == self.x.matrix.indptr[user + 1]:
            return self._unsaid(user, item)
        mine, amounts, pull = self._attended(user, item)
        parts = pull * amounts * (self._items[mine] @ self._items[item]) / _denominator(pull.sum(), self._smooth)
        told = view("items", mine, parts, _words(pull))
        return Explanation(user, item, float(parts.sum()), 0.0, told, measured_users(self, user, item))

    def _keep(self, x: Interactions, items: Array, scales: Array) -> Self:
        self.x, self._v, self._items, self._scales = x, Valued(x.matrix, self.spec["values"]), items, scales
        lengths = np.linalg.norm(items * scales, axis=1, keepdims=True)
        self._unit = items * scales / np.where(lengths == 0, 1.0, lengths)
        self._focus, self._recency, self._smooth = (float(self.spec[n]) for n in ("focus", "recency", "smooth"))
        self._narrow = items.astype(np.float32), self._unit.astype(np.float32)
        self._ages = _ages(x.matrix, x.first_seen) if self._recency else None
        return self

    def _attended(self, user: int, item: int) -> tuple[Array, Array, Array]:
        """Of the user's items without this one: columns, values, and what attention each draws; float64."""
        begin, end = self.x.matrix.indptr[user], self.x.matrix.indptr[user + 1]
        mine, amounts = self._v.history(user)
        pull = np.exp(self._focus * (self._unit[mine] @ self._unit[item] - 1))
        if self._ages is not None:
            pull = pull * self._fresh(self._ages[begin:end])
        kept = mine != item
        return mine[kept], amounts[kept], pull[kept]

    def _fresh(self, ages: Array) -> Array:
        found: Array = (1.0 + ages) ** -self._recency
        return found

    def _score(self, users: Array, items: Array | None) -> Array:
        place = csr_matrix(
            (np.arange(self.x.matrix.nnz), self.x.matrix.indices, self.x.matrix.indptr), shape=self.x.shape
        )[users]
        ages = None if self._ages is None else self._ages[place.data]
        return self._of(self._v.rows[users], ages, items)

    def _fold(self, histories: csr_matrix, items: Array | None, own: Array, seen: Array | None) -> Array:
        ages = _ages(histories, seen) if self._recency else None
        return self._of(valued(histories, self.spec["values"]), ages, items)

    def _of(self, mine: csr_matrix, ages: Array | None, items: Array | None) -> Array:
        """Scores of histories (valued), float32, from two products: what speaks, and how much attention there is."""
        fresh = np.ones(mine.nnz, dtype=np.float32) if ages is None else self._fresh(ages).astype(np.float32)
        looks = csr_matrix((fresh, mine.indices, mine.indptr), shape=mine.shape, copy=False)
        speaks = csr_matrix((fresh * mine.data, mine.indices, mine.indptr), shape=mine.shape, copy=False)
        if items is None and self._squares is not None:
            attention, voices = self._squares
            return self._divided(speaks @ voices, looks @ attention)
        columns = np.arange(mine.shape[1]) if items is None else items
        scores = np.empty((mine.shape[0], len(columns)), dtype=np.float32)
        wide = max(1, _CELLS // mine.shape[1])
        for begin in range(0, len(columns), wide):
            attention, voices = self._between(columns[begin : begin + wide])
            scores[:, begin : begin + wide] = self._divided(speaks @ voices, looks @ attention)
        return scores

    def _divided(self, said: Array, attention: Array) -> Array:
        if not self._smooth:
            return said
        found: Array = said / _denominator(attention, self._smooth)
        return found

    def _between(self, items: Array) -> tuple[Array, Array]:
        """float32 (n_items, len(items)): the attention that each item draws from each of `items`, and that times e.e;
        an item draws none from itself.
        """
        vectors, unit = self._narrow
        attention = unit @ unit[items].T
        attention -= 1
        attention *= self._focus
        np.exp(attention, out=attention)
        attention[items, np.arange(len(items))] = 0
        voices = vectors @ vectors[items].T
        voices *= attention
        return attention, voices

    @cached_property
    def _squares(self) -> tuple[Array, Array] | None:
        """`_between` all items, made once; None where there is no room for that."""
        n = self.x.shape[1]
        return self._between(np.arange(n)) if 8 * n * n <= _SHARE * memory() else None


def _ages(matrix: csr_matrix, seen: Array | None) -> Array | None:
    """int64 (nnz,), in the order of the pairs: how many pairs of the same row were first seen later; None = unknown."""
    if seen is None:
        return None
    rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    seen = np.asarray(seen)
    order = np.lexsort((-seen, rows))
    newer = np.arange(len(order)) - matrix.indptr[rows]  # place from the user's newest, in that order
    first = np.ones(len(order), dtype=bool)
    first[1:] = (rows[1:] != rows[:-1]) | (seen[order][1:] != seen[order][:-1])
    ages = np.empty(len(order), dtype=np.int64)
    ages[order] = newer[np.maximum.accumulate(np.where(first, np.arange(len(order)), 0))]  # one moment, one age
    return ages


def _denominator(attention: Array, smooth: float) -> Array:
    """attention^smooth, 1 where there is none to share."""
    found: Array = np.where(attention > 0, attention, 1) ** np.asarray(attention).dtype.type(smooth)
    return found


def _words(pull: Array) -> str:
    """What a part is, and how the attention is spread."""
    how = "How much of the attention this past item gets, times how much of it, times how alike the two are."
    if not len(pull) or not pull.sum() > 0:
        return how
    shares = np.sort(pull / pull.sum())[::-1]
    most = f"The most attended of {len(shares):,} past items gets {shares[0] * 100:.0f} % of the attention"
    return f"{how} {most}, the first five get {shares[:5].sum() * 100:.0f} %." if len(shares) > 5 else f"{how} {most}."
