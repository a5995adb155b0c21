"""How alike two things (users, or items) are: every measure as a sum over what they share, by a pair's denominator.

    s(a, b) = sum over shared j of n_aj n_bj / D(a, b)

cosine      n = v,  D = sqrt((|a|^2 + shrink) (|b|^2 + shrink))
asymmetric  n = v,  D = (|a|^2 + shrink)^asymmetry (|b|^2 + shrink)^(1 - asymmetry)          Aiolli 2013
jaccard     n = 1,  D = |a or b| + shrink
product     n = v,  D = 1: for models that bring weights of their own
tversky     n = 1,  D = |a and b| + own_only |a without b| + other_only |b without a| + shrink      Tversky 1977

v is the matrix as the model values and weights it; a is the own side, whose neighbours are sought. The cosine runs
over everything, a missing value being 0. The measures of sets see only what is there, not how much. Because the
numerator is a sum, a likeness can be shared out over what the two have in common, exactly.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, cast

import numpy as np
from scipy.sparse import csr_matrix

from core.interactions import Array
from core.recommend.types import Spec

Measure = Literal["cosine", "asymmetric", "jaccard", "tversky", "product"]


@dataclass(frozen=True)
class Likeness:
    """A measure with its parameters: see the module."""

    measure: Measure = "cosine"
    shrink: float = 0.0
    asymmetry: float = 0.5
    own_only: float = 0.5
    other_only: float = 0.5

    @classmethod
    def of(cls, spec: Spec) -> Likeness:
        """As a model's parameters say."""
        return cls(
            cast(Measure, spec["similarity"]),
            float(spec["shrink"]),
            float(spec["asymmetry"]),
            float(spec["own_only"]),
            float(spec["other_only"]),
        )

    @property
    def sets(self) -> bool:
        """Whether only presence counts: then D depends on the pair, and not on each side alone."""
        return self.measure in ("jaccard", "tversky")

    def numbers(self, v: csr_matrix) -> csr_matrix:
        """What the module calls n: `v` itself, or 1 where it has an entry (of the same type)."""
        if not self.sets:
            return v
        return csr_matrix((np.ones_like(v.data), v.indices, v.indptr), shape=v.shape)

    def sizes(self, v: csr_matrix, *, of: Literal["rows", "columns"]) -> Array:
        """float64: of each row (column) the squared length, or for sets the number of entries."""
        n = v.shape[0 if of == "rows" else 1]
        squares = None if self.sets else v.data.astype(np.float64) ** 2
        where = np.repeat(np.arange(n), np.diff(v.indptr)) if of == "rows" else v.indices
        return np.bincount(where, weights=squares, minlength=n).astype(np.float64)

    def scales(self, sizes: Array) -> tuple[Array, Array]:
        """Where D is a product of both sides: 1 / the own side's factor, 1 / the other's; 1 for what is empty."""
        if self.measure == "cosine":
            scale = 1 / np.sqrt(np.where(sizes == 0, 1.0, sizes + self.shrink))
            return scale, scale
        if self.measure == "product":
            return np.ones_like(sizes), np.ones_like(sizes)
        whole = np.where(sizes == 0, 1.0, sizes + self.shrink)
        return whole**-self.asymmetry, whole ** (self.asymmetry - 1)

    def divided(self, shared: Array, own: Any, other: Array) -> Array:
        """`shared` (the sums of n_aj n_bj) by D; own and other are sizes. 0 where nothing is shared."""
        if self.sets:
            a, b = (1.0, 1.0) if self.measure == "jaccard" else (self.own_only, self.other_only)
            # in an order that keeps whole numbers whole: equal shares must come out equal
            below = shared + a * (own - shared) + b * (other - shared) + self.shrink
            found: Array = shared / np.where(shared == 0, 1, below)
            return found
        left, right = self.scales(np.asarray(own, dtype=np.float64))[0], self.scales(other)[1]
        return np.asarray(shared * left * right)


@dataclass(frozen=True)
class Weighting:
    """Rare things count more: weights on the matrix, learnt from all of it and laid on any history.

    The things compared are the documents, what they are described by are the terms (of user-kNN: users and items; of
    item-kNN: items and users). df = documents that have the term, N = number of documents, L = sum of a document.

    tf-idf  v (ln((1 + N) / (1 + df)) + 1)           Salton and Buckley 1988, smoothed so that no weight is 0
    bm25    v (k1 + 1) / (v + k1 (1 - b + b L / mean L)) ln(1 + (N - df + 0.5) / (df + 0.5)), k1 = 1.2, b = 0.75
                                                     Robertson and Zaragoza 2009, with the idf of Lucene, never below 0

    The weighted matrix is what likeness is computed from, and what is summed: as in the framework of Ferrari Dacrema
    et al. 2019 ("Are We Really Making Much Progress?"). (implicit weights only the likeness, and sums what it is
    handed.) So the reasons stay exact: one matrix, one formula.

    Attributes:
        kind: none, tf-idf or bm25.
        documents: which side of the matrix the things compared are.
        idf: float64 (n_items,), of each item as a term (documents = users).
        lengths: float64 (n_items,), L / mean L of each item as a document (documents = items).
        n: number of documents. mean: mean L.
    """

    kind: str
    documents: Literal["users", "items"]
    idf: Array
    lengths: Array
    n: int
    mean: float

    @classmethod
    def learn(cls, kind: str, documents: Literal["users", "items"], v: csr_matrix) -> Weighting:
        """From the valued matrix (n_users, n_items)."""
        n = int(v.shape[0 if documents == "users" else 1])
        if kind == "none":  # nothing asks for them, and counting ten million entries twice takes a third of a second
            ones = np.ones(v.shape[1])
            return cls(kind, documents, ones, ones, n, 1.0)
        sums = np.bincount(v.indices, weights=v.data, minlength=v.shape[1])
        mean = max(float(sums.sum()) / max(n, 1), 1e-300)
        taken = np.bincount(v.indices, minlength=v.shape[1])
        return cls(kind, documents, _idf(kind, taken, n), sums / mean, n, mean)

    def weigh(self, v: csr_matrix) -> csr_matrix:
        """float32: histories (any number, n_items), valued, with their weights. A copy unless kind is none."""
        if self.kind == "none":
            return v
        counts = np.diff(v.indptr)
        rows = np.repeat(np.arange(v.shape[0]), counts)
        data = v.data.astype(np.float64)
        if self.documents == "users":
            idf = self.idf[v.indices]
            lengths = np.bincount(rows, weights=data, minlength=v.shape[0])[rows] / self.mean
        else:
            idf = _idf(self.kind, counts, self.n)[rows]
            lengths = self.lengths[v.indices]
        if self.kind == "bm25":
            data = data * (_K1 + 1) / (data + _K1 * (1 - _B + _B * lengths))
        return csr_matrix(((data * idf).astype(np.float32), v.indices, v.indptr), shape=v.shape)


_K1, _B = 1.2, 0.75


def _idf(kind: str, df: Array, n: int) -> Array:
    if kind == "bm25":
        return np.asarray(np.log1p((np.maximum(n - df, 0) + 0.5) / (df + 0.5)))
    return np.asarray(np.log((1 + n) / (1 + df)) + 1)
