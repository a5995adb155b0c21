"""EASE: each item's score as a linear function of the whole history, solved jointly and in closed form."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import ClassVar, Literal, Self

import numpy as np
from scipy.sparse import _sparsetools, csr_matrix

from core.errors import Refusal
from core.interactions import Array, Interactions
from core.progress import Step, no_step
from core.recommend.base import Model, Valued, memory, threads, valued, view
from core.recommend.square import inverted
from core.recommend.types import Explanation, check_rows

_SHARE = 0.6  # of the memory, for two squares of float32: this one, and room to score and to save
_PIECE = 1_000_000  # cells of the Gram matrix made at a time by each thread: 20 MB on the way
_STRIPES = 8  # the upper triangle is made in so many: more would cost more copies of V, fewer more work
_WELL = 1e-4  # float32 serves where the inverse is off by less, as a share; else float64, where the memory allows
_PROBES = 16
_TOLERANCE = 1e-13
_ROUNDS = 60
_EXACT = 1e-6
_NOTHING = 1e-12

_ITEMS = "How much this item speaks for the other, freed of what the rest of the history says, times how much of it."
_USERS = "How alike the two users are once everyone else is accounted for, times how much that user took the item."


class Ease(Model):
    """score(u, i) = v_u B_i with B = I - P diag(1 / P_ii), P = (V'V + ridge I)^-1 (Steck 2019, equation 8)."""

    folds: ClassVar[Literal["exactly", "nearly", "no"]] = "exactly"

    def fit(self, x: Interactions, *, seed: int = 0, step: Step = no_step) -> Self:
        """Invert; nothing is drawn. Raises Refusal `too_many_items`, and `ill_posed` where the ridge is far too low."""
        check_room(x.shape[1])
        self._take(x)
        self._p = _inverse(self._v.rows, float(self.spec["ridge"]), step)
        return self

    def load(self, x: Interactions, arrays: Mapping[str, Array]) -> Self:
        """Take back P."""
        self._take(x)
        self._p = np.asarray(arrays["p"])
        return self

    def arrays(self) -> dict[str, Array]:
        """p: float32 (float64 where float32 would not do) (n_items, n_items), symmetric."""
        return {"p": self._p}

    def _take(self, x: Interactions) -> None:
        self.x, self._v = x, Valued(x.matrix, self.spec["values"])

    def _score(self, users: Array, items: Array | None) -> Array:
        return self._of(self._v.rows[users], items)

    def _fold(self, histories: csr_matrix, items: Array | None, own: Array, seen: Array | None) -> Array:
        return self._of(valued(histories, self.spec["values"]), items)

    def _of(self, mine: csr_matrix, items: Array | None) -> Array:
        """Scores of histories (valued): the links between items are held fixed, so whose they are plays no part."""
        diagonal = self._p.diagonal()
        if items is None:
            scores = np.asarray(mine @ self._p)
        else:  # P is symmetric, and rows lie together
            scores = np.asarray(mine @ np.ascontiguousarray(self._p[items].T))
            diagonal, mine = diagonal[items], mine[:, items]
        scores /= -diagonal
        own = mine.tocoo()
        scores[own.row, own.col] += own.data  # B_ii = 0: an item does not speak for itself
        return scores

    def explain(self, user: int, item: int) -> Explanation:
        """By items v_uj B_ji, by users -K_uw v_wi / P_ii with K = (VV' + ridge I)^-1; in float64.

        From VP = KV follows v_u P_i = sum over w of K_uw v_wi, over the users w who took i. Where u did, B_ii = 0
        leaves v_ui over, and it is u's own: the part of u is v_ui (1 - K_uu / P_ii). So both views are always exact,
        as far as the equations can be solved: checked, and measured where not.
        """
        user, item = int(check_rows([user], self.x.shape[0])[0]), int(check_rows([item], self.x.shape[1])[0])
        v, ridge = self._v, float(self.spec["ridge"])
        mine, amounts = v.history(user)
        if not len(mine):
            return self._unsaid(user, item)
        p, q = self._solved(user, item)
        others = mine != item
        by_item = -amounts * p[mine] / p[item] * others
        takers, weights = v.takers(item)
        itself = takers == user
        alike = (itself - v.exact[takers] @ q) / ridge
        by_user = -alike * weights / p[item] + weights * itself
        score = float(by_item.sum())
        gap = abs(float(by_user.sum()) - score)
        # a score of nothing (no link at all) is told apart from rounding by the size of the history
        exact = gap <= max(_EXACT * abs(score), _NOTHING * float(amounts.sum()))
        fidelity = 1.0 if exact else max(0.0, 1 - gap / abs(score)) if score else 0.0
        return Explanation(
            user,
            item,
            score,
            0.0,
            view("items", mine, by_item, _ITEMS),
            view("users", takers, by_user, _USERS, exact=exact, fidelity=fidelity),
        )

    def _solved(self, user: int, item: int) -> tuple[Array, Array]:
        """P e_i and P v_u in float64 (n_items,), from an inverse in float32.

        Conjugate gradients on (V'V + ridge I) with the inverse as preconditioner: some three rounds give what
        float64 can give.
        """
        v, ridge = self._v.exact, float(self.spec["ridge"])
        mine, amounts = self._v.history(user)
        right = np.zeros((v.shape[1], 2))
        right[item, 0], right[mine, 1] = 1.0, amounts
        start = np.stack([self._p[item], amounts.astype(self._p.dtype) @ self._p[mine]], axis=1).astype(np.float64)
        norms = np.linalg.norm(right, axis=0)
        x, step, before = start, np.zeros_like(right), np.zeros_like(right)
        rest = right - _gram(v, ridge, x)
        falling = np.zeros(2)
        for _ in range(_ROUNDS):
            size = np.linalg.norm(rest, axis=0)
            if np.all(size <= _TOLERANCE * norms):
                break
            scale = np.where(size == 0, 1.0, size)
            z = self._near(rest / scale) * scale
            # Polak and Ribiere's form forgives that the preconditioner is rounded
            turn = _over(np.sum(z * (rest - before), axis=0), falling)
            step = z + turn * step
            falling = np.sum(z * rest, axis=0)
            moved = _gram(v, ridge, step)
            length = _over(falling, np.sum(step * moved, axis=0))
            x, before = x + length * step, rest
            rest = rest - length * moved
        return x[:, 0], x[:, 1]

    def _near(self, columns: Array) -> Array:
        """P times two columns, roughly: in the precision of P. Twice a vector is quicker than once two columns."""
        narrow = np.ascontiguousarray(columns.T, dtype=self._p.dtype)
        return np.stack([self._p @ narrow[0], self._p @ narrow[1]], axis=1).astype(np.float64)


def check_room(n_items: int) -> None:
    """Raise Refusal `too_many_items` where the square of items would not fit into memory twice."""
    room = int((_SHARE * memory() / 8) ** 0.5)
    if n_items > room:
        raise Refusal(
            "too_many_items",
            f"This model compares all items at once: {n_items:,} items do not fit into the memory of this machine.",
            f'Up to {room:,} items fit: raise "least users per item", or choose Goes together or Hidden tastes.',
        )


def _inverse(v: csr_matrix, ridge: float, step: Step) -> Array:
    """C-ordered (n, n): (V'V + ridge I)^-1, in place; float32, or float64 where float32 would not do."""
    n = v.shape[1]
    made = _attempt(v, ridge, np.float32, step.part(0.0, 0.9))
    if made is None and n * n * 12 <= _SHARE * memory():
        made = _attempt(v, ridge, np.float64, step.part(0.0, 0.9))
    if made is None:
        raise Refusal(
            "ill_posed",
            f"With a caution of {ridge:g} this model's equations cannot be solved: some weights are far too large.",
            "Raise Caution (ridge), or let repeated behaviour count less.",
        )
    step.report(1.0, "solved")
    return made


def _attempt(v: csr_matrix, ridge: float, kind: type, step: Step) -> Array | None:
    """The inverse in one precision; None where that is too little for it."""
    gram = dense_gram(v, ridge, kind, step.part(0.0, 0.2))
    inverse = inverted(gram, step.part(0.2, 1.0))
    if inverse is None:
        return None
    enough = kind is np.float64 or _off(v, ridge, inverse) < _WELL
    return inverse if enough or v.shape[1] ** 2 * 12 > _SHARE * memory() else None


def _off(v: csr_matrix, ridge: float, inverse: Array) -> float:
    """How far columns of a rounded inverse are from the true ones, as a share of their size (1-norms): the worst of
    some columns, from the most taken item to the least; what one step of refinement, in float64, would change.
    """
    n = len(inverse)
    probes = np.unique(np.argsort(inverse.diagonal(), kind="stable")[np.linspace(0, n - 1, _PROBES).astype(np.int64)])
    columns = inverse[probes].T.astype(np.float64)
    rest = -_gram(_wide(v), ridge, columns)
    rest[probes, np.arange(len(probes))] += 1
    change = inverse @ rest.astype(inverse.dtype)
    return float(np.nan_to_num(np.abs(change).sum(axis=0) / np.abs(columns).sum(axis=0), nan=np.inf).max())


def dense_gram(v: csr_matrix, ridge: float, kind: type, step: Step = no_step) -> Array:
    """V'V + ridge I for V >= 0, C-ordered (n, n); only its upper triangle is filled.

    Products are added up in float64 and rounded to `kind` at the end. The parts are made by threads, each cell by one
    of them in one fixed order: how many there are changes nothing.
    """
    n = v.shape[1]
    gram: Array = np.zeros((n, n), dtype=kind)
    turned, workers = v.T.tocsr(), threads()  # in the precision of v: the parts are widened one by one
    with ThreadPoolExecutor(workers) as pool:
        for stripe in range(_STRIPES):
            first, last = n * stripe // _STRIPES, n * (stripe + 1) // _STRIPES
            right = _wide(v[:, first:] if first else v)  # what lies left of it belongs to the lower triangle
            rows = max(1, _PIECE // max(1, n - first))
            begins = range(first, last, rows)

            def fill(begin: int, end: int, right: csr_matrix = right, first: int = first) -> None:
                gram[begin:end, first:] = _product(_wide(turned[begin:end]), right)

            ends = [min(last, begin + rows) for begin in begins]
            for end, _ in zip(ends, pool.map(fill, begins, ends), strict=True):
                step.report(end / n, "counting what goes together")
            del right
    gram[np.arange(n), np.arange(n)] += kind(ridge)
    return gram


def _product(left: csr_matrix, right: csr_matrix) -> Array:
    """The product, float64, as a whole array: as scipy makes it, but without its first pass, which counts how many
    cells will not be 0 and takes half as long again. All of them may be here, and most are.
    """
    rows, columns = left.shape[0], right.shape[1]
    cells = rows * columns
    begins = np.empty(rows + 1, dtype=left.indices.dtype)
    places, values = np.empty(cells, dtype=left.indices.dtype), np.empty(cells)
    _sparsetools.csr_matmat(
        rows, columns, left.indptr, left.indices, left.data, right.indptr, right.indices, right.data,
        begins, places, values,
    )  # fmt: skip
    whole = np.zeros((rows, columns))
    _sparsetools.csr_todense(rows, columns, begins, places, values, whole)  # type: ignore[arg-type]  # stubs of another routine
    return whole


def _wide(v: csr_matrix) -> csr_matrix:
    """The same in float64; the places are shared, not copied."""
    return csr_matrix((v.data.astype(np.float64), v.indices, v.indptr), shape=v.shape, copy=False)


def _gram(v: csr_matrix, ridge: float, columns: Array) -> Array:
    """(V'V + ridge I) times columns (n, any), in float64."""
    product: Array = v.T @ (v @ columns) + ridge * columns
    return product


def _over(above: Array, below: Array) -> Array:
    """The quotient, and 0 where below is 0."""
    return np.divide(above, below, out=np.zeros_like(above), where=below != 0)
