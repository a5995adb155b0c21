"""Nearest neighbours with baseline (Koren 2010, section 2.2): the weighted average of what the alike say beyond it.

prediction = b_ui + sum sim (r - b) / sum |sim|, over the at most `neighbours` most alike: items that the user rated
(item-knn), or users who rated the item (user-knn). Similarities are worked out for the items (users) asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Literal

import numpy as np
from scipy.sparse import csr_matrix

from core.interactions import Array
from core.progress import Step
from core.recommend.ratings.base import RatingModel
from core.recommend.ratings.biases import solve_biases
from core.recommend.ratings.types import Neighbour, Ratings, RatingWhy

_NOISE = 1e-9  # of the squared width of the scale, for each rating in common: less than any two ratings differ by
_ALIKE = 1e-6  # a likeness below it is what rounding leaves of none
_HELD = 4_000_000  # similarities, or candidates, held at a time: 32 MB


class Neighbours(RatingModel):
    """Seen from one side: `things` are items (users), `judges` the users (items) that two of them have in common."""

    of: Literal["item", "user"] = "item"

    def _fit(self, r: Ratings, seed: int, step: Step) -> None:
        self.biases = solve_biases(r, self.spec["caution_users"], self.spec["caution_items"])
        self._prepare()

    def _load(self, arrays: Mapping[str, Array]) -> None:
        self._prepare()

    def _prepare(self) -> None:
        """The ratings beyond the baseline, and what similarities are made of: things x judges, and turned."""
        r = self.r
        beyond = r.matrix(r.values - self.biases.expected(r.users, r.items))
        self._by_judge = beyond if self.of == "item" else _turned(beyond)
        compared = r.matrix(self._centred())
        compared = _turned(compared) if self.of == "item" else compared
        self._sides = tuple(_like(compared, data) for data in (compared.data, np.ones(compared.nnz), compared.data**2))
        self._backs = tuple(_turned(side) for side in self._sides)

    def _centred(self) -> Array:
        """float64 (n,): the ratings as they are compared."""
        r, way = self.r, self.spec["similarity"]
        if way == "pearson-baseline":
            return np.asarray(r.values - self.biases.expected(r.users, r.items))
        if way == "pearson":
            return r.values - r.mean  # any shift: the means over what two have in common are taken off in `similar`
        judges, n = (r.users, r.shape[0]) if self.of == "item" else (r.items, r.shape[1])
        means = np.bincount(judges, r.values, n) / np.maximum(np.bincount(judges, minlength=n), 1)
        return np.asarray(r.values - means[judges])

    def similar(self, things: Array) -> Array:
        """float64 (len(things), all things): the similarity of each pair, 0 where too few judged both, and of itself.

        Pearson and its kin over those who judged both, times n / (n + shrink), n how many those are.
        """
        x, ones, squares = (side[things] for side in self._sides)
        x_back, ones_back, squares_back = self._backs
        n = (ones @ ones_back).toarray()
        enough = np.flatnonzero(n >= self.spec["least_common"])
        product = _at(x @ x_back, enough)
        left, right = _at(squares @ ones_back, enough), _at(ones @ squares_back, enough)
        common = n.ravel()[enough]
        if self.spec["similarity"] == "pearson":
            mine, its = _at(x @ ones_back, enough), _at(ones @ x_back, enough)
            product = product - mine * its / common
            left, right = left - mine**2 / common, right - its**2 / common
        # what a subtraction leaves of equal ratings is no variance: divided by itself it would speak in full
        least = _NOISE * common * max(self.r.high - self.r.low, 1e-300) ** 2
        size = np.sqrt(np.where(left > least, left, 0) * np.where(right > least, right, 0))
        value = np.divide(product, size, out=np.zeros_like(product), where=size > 0)
        value[np.abs(value) < _ALIKE] = 0
        found = np.zeros(n.shape)
        found.ravel()[enough] = np.clip(value, -1, 1) * common / (common + self.spec["shrink"])
        found[np.arange(len(things)), things] = 0
        return found if self.spec["opposites"] else np.maximum(found, 0)

    def _rest(self, users: Array, items: Array) -> Array:
        things, judges = (items, users) if self.of == "item" else (users, items)
        found = np.zeros(len(things))
        order = np.argsort(things, kind="stable")
        distinct, starts = np.unique(things[order], return_index=True)
        ends = np.append(starts[1:], len(order))
        size = max(1, _HELD // self._sides[0].shape[0])
        for begin in range(0, len(distinct), size):
            part = slice(begin, begin + size)
            likeness = self.similar(distinct[part])
            mine = order[starts[part][0] : ends[part][-1]]
            rows = np.searchsorted(distinct[part], things[mine])
            found[mine] = self._averages(likeness, rows, judges[mine])
        return found

    def _averages(self, likeness: Array, rows: Array, judges: Array) -> Array:
        """The weighted average of each pair: row of `likeness`, judge; 0 where nobody speaks."""
        found = np.zeros(len(rows))
        lengths = np.diff(self._by_judge.indptr)[judges]
        for part in _blocks(lengths):
            pair, near, weight, beyond = self._candidates(likeness, rows[part], judges[part])
            kept = _strongest(pair, near, np.abs(weight), self.spec["neighbours"])
            pair, weight, beyond = pair[kept], weight[kept], beyond[kept]
            n = part.stop - part.start
            above, below = np.bincount(pair, weight * beyond, n), np.bincount(pair, np.abs(weight), n)
            found[part] = np.divide(above, below, out=np.zeros(n), where=below > 0)
        return found

    def _candidates(self, likeness: Array, rows: Array, judges: Array) -> tuple[Array, Array, Array, Array]:
        """Of all pairs one after the other: its place, the thing that was judged too, similarity, beyond baseline."""
        by = self._by_judge
        starts, lengths = by.indptr[judges], np.diff(by.indptr)[judges]
        pair = np.repeat(np.arange(len(rows)), lengths)
        before = np.concatenate([[0], np.cumsum(lengths)[:-1]])
        place = np.arange(len(pair)) + np.repeat(starts - before, lengths)
        near = by.indices[place]
        weight = likeness[rows[pair], near]
        spoke = weight != 0
        return pair[spoke], near[spoke], weight[spoke], by.data[place[spoke]]

    def _parts(self, user: int, item: int) -> tuple[list[Neighbour], list[tuple[str, float]]]:
        thing, judge = (item, user) if self.of == "item" else (user, item)
        one = np.zeros(1, dtype=np.int64)
        pair, near, weight, beyond = self._candidates(self.similar(one + thing), one, one + judge)
        kept = _strongest(pair, near, np.abs(weight), self.spec["neighbours"])
        near, weight, beyond = near[kept], weight[kept], beyond[kept]
        other = np.full(len(near), judge)
        expected = self.biases.expected(*((other, near) if self.of == "item" else (near, other)))
        total = np.abs(weight).sum()
        found = [
            Neighbour(self.of, int(row), float(e + b), float(e), float(w), float(w * b / total))
            for row, w, b, e in zip(near, weight, beyond, expected, strict=True)
        ]
        return found, []

    def _sentence(self, why: RatingWhy) -> str:
        if not why.neighbours:
            return super()._sentence(why)
        above = sum(near.similarity * (near.rating - near.expected) for near in why.neighbours)
        below = sum(abs(near.similarity) for near in why.neighbours)
        n, what = len(why.neighbours), "item" if self.of == "item" else "user"
        return (
            f"{n:,} similar {what}{'' if n == 1 else 's'}: sum of similarity x (rating - expected) over sum of "
            f"|similarity| = {above:.3f} / {below:.3f} = {above / below:+.3f}."
        )


class ItemKnn(Neighbours):
    """What this user gave to similar items."""


class UserKnn(Neighbours):
    """What similar users gave to this item."""

    of = "user"


def _turned(x: csr_matrix) -> csr_matrix:
    made = x.T.tocsr()
    made.sort_indices()
    return made


def _like(x: csr_matrix, data: Array) -> csr_matrix:
    return csr_matrix((np.asarray(data, dtype=np.float64), x.indices, x.indptr), shape=x.shape)


def _at(x: csr_matrix, places: Array) -> Array:
    """The cells at these places of the flattened matrix."""
    return np.asarray(x.toarray().ravel()[places])


def _blocks(lengths: Array) -> list[slice]:
    """Runs of pairs with at most about _HELD candidates together."""
    ends = np.cumsum(lengths)
    if not len(ends):
        return []
    cuts = np.unique(np.searchsorted(ends, np.arange(_HELD, ends[-1] + _HELD, _HELD), side="right"))
    edges = np.unique(np.concatenate([[0], cuts, [len(lengths)]])).tolist()
    return [slice(a, b) for a, b in pairwise(edges)]


def _strongest(pair: Array, near: Array, size: Array, most: int) -> Array:
    """Places of the `most` largest of each pair (equal ones: the smaller number first)."""
    order = np.lexsort((near, -size, pair))
    starts = np.searchsorted(pair[order], pair[order])
    return np.asarray(order[np.arange(len(order)) - starts < most])
