"""Stacked blend: the weights of a blend, learnt from behaviour that the parts did not see.

The last item of a sample of users (by first_seen; one drawn by the seed where no time is known) is hidden and the
parts are fitted on the rest. The weights are those that best pick the hidden item out among `_OTHERS` drawn ones that
the user did not take (McFadden's conditional logit on the parts' scores, brought to one scale as in the blend; no
weight below 0), with a penalty on weights that differ from their mean. Then the parts are fitted again, on everything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Self

import numpy as np
from scipy.sparse import csr_matrix

from core.interactions import NO_TIME, Array, Interactions
from core.progress import Step, no_step
from core.recommend.blend import Blend, says, seed_of, shifts
from core.recommend.registry import make
from core.recommend.types import Spec

_MOST = 2_000  # users whose last item is hidden: weights of a few parts need no more
_LEAST = 20  # users below which weights are not learnt but equal
_OTHERS = 100  # items that the hidden one is to be picked out of
_WORTH = 5.0  # how many users' evidence a caution of 1 stands against
_FLOOR = 1e-3  # of the same on the weights themselves: where the hidden items are found without fail, they would grow
_AT_A_TIME = 256


class Stack(Blend):
    """A Blend whose weights are learnt; equal where fewer than 20 users have the two items that it takes."""

    def __init__(self, spec: Spec) -> None:
        super().__init__(spec)
        self._learnt = np.full(len(self.parts), 1 / len(self.parts))

    @property
    def weights(self) -> Array:
        """float64 (parts,): each part's share of the say; they sum to 1."""
        return self._learnt

    def fit(self, x: Interactions, *, seed: int = 0, step: Step = no_step) -> Self:
        """Learn the weights, then fit every part on the whole matrix."""
        self.x = x
        users, items, rest = hide_last(x, _MOST, seed)
        if len(users) >= _LEAST and len(self.parts) > 1:
            chosen = picked_from(x, users, items, seed)
            apart = self._apart(rest, users, chosen, seed, step.part(0.0, 0.45))
            self._learnt = learn(apart, float(self.spec["ridge"]))
        self._fit_parts(x, seed, step.part(0.5, 1.0))
        return self

    def load(self, x: Interactions, arrays: Mapping[str, Array]) -> Self:
        """Take back the weights and what the parts learnt."""
        super().load(x, arrays)
        self._learnt = np.asarray(arrays["weights"], dtype=np.float64)
        return self

    def arrays(self) -> dict[str, Array]:
        """weights: float64 (parts,); the arrays of part n as "pn_NAME"."""
        return {"weights": self._learnt, **super().arrays()}

    def _apart(self, rest: Interactions, users: Array, chosen: Array, seed: int, step: Step) -> Array:
        """float64 (users, 1 + _OTHERS, parts): the standardised scores of each user's hidden item and the others."""
        found = np.zeros((*chosen.shape, len(self.parts)))
        for n, part in enumerate(self.parts):
            model = make(part).fit(
                rest, seed=seed_of(seed, n), step=step.part(n / len(self.parts), (n + 1) / len(self.parts))
            )
            for begin in range(0, len(users), _AT_A_TIME):
                block = slice(begin, begin + _AT_A_TIME)
                scores, mean, scale, _ = shifts(model.score(users[block]))
                near = np.take_along_axis(scores, chosen[block], axis=1).astype(np.float64)
                found[block, :, n] = np.nan_to_num((near - mean[:, None]) * scale[:, None])
        return found


def hide_last(x: Interactions, most: int, seed: int) -> tuple[Array, Array, Interactions]:
    """(users, items, rest): at most `most` users with two items or more, rising, the last item of each, and `x`
    without those pairs, in its shape.
    """
    matrix = x.matrix
    lengths = np.diff(matrix.indptr)
    able = np.flatnonzero(lengths >= 2)
    rng = np.random.default_rng([seed, 1])
    users = np.sort(rng.permutation(able)[:most])
    rows = np.repeat(np.arange(len(lengths)), lengths)
    key = rng.random(matrix.nnz) if x.first_seen is None else x.first_seen
    by = [matrix.indices, key, rows]
    if x.first_seen is not None and (key == NO_TIME).any():
        by.insert(1, np.where(key == NO_TIME, rng.random(matrix.nnz), 0))
    order = np.lexsort(by)
    last = order[matrix.indptr[users + 1] - 1]
    kept = np.ones(matrix.nnz, dtype=bool)
    kept[last] = False
    lengths = lengths.copy()
    lengths[users] -= 1
    indptr = np.concatenate([[0], np.cumsum(lengths)]).astype(matrix.indptr.dtype)
    less = csr_matrix((matrix.data[kept], matrix.indices[kept], indptr), shape=matrix.shape)
    less.has_sorted_indices = True
    first = None if x.first_seen is None else x.first_seen[kept]
    return users, matrix.indices[last].astype(np.int64), replace(x, matrix=less, first_seen=first)


def picked_from(x: Interactions, users: Array, items: Array, seed: int) -> Array:
    """int64 (users, 1 + _OTHERS): the hidden item, then drawn ones; those that the user took stand for the hidden one.

    An item in two places counts twice, which is what drawing with replacement means; the hidden one among the others
    adds the same to every choice of weights.
    """
    rng = np.random.default_rng([seed, 2])
    drawn = rng.integers(x.shape[1], size=(len(users), _OTHERS))
    lengths = np.diff(x.matrix.indptr)
    taken = np.repeat(np.arange(len(lengths)), lengths) * x.shape[1] + x.matrix.indices  # rising: rows are sorted
    asked = users[:, None] * x.shape[1] + drawn
    place = np.searchsorted(taken, asked).clip(max=len(taken) - 1)
    drawn = np.where(taken[place] == asked, items[:, None], drawn)
    return np.concatenate([items[:, None], drawn], axis=1)


def learn(apart: Array, ridge: float) -> Array:
    """float64 (parts,), from 0, sum 1: the weights that best pick choice 0 of each user out.

    Args:
        apart: (users, choices, parts), standardised scores.
        ridge: how many times `_WORTH` users' evidence speaks for equal weights.
    """
    from scipy.optimize import minimize

    n, _, parts = apart.shape
    behind = apart - apart[:, :1, :]

    def loss(w: Array) -> tuple[float, Array]:
        margin = behind @ w
        top = margin.max(axis=1, keepdims=True)
        each = np.exp(margin - top)
        whole = each.sum(axis=1, keepdims=True)
        off = w - w.mean()
        value = float((np.log(whole) + top).sum() + _WORTH * (ridge * (off @ off) + _FLOOR * (w @ w)))
        slope = np.einsum("nc,ncp->p", each / whole, behind) + 2 * _WORTH * (ridge * off + _FLOOR * w)
        return value / n, slope / n

    found = minimize(loss, np.full(parts, 1 / parts), jac=True, method="L-BFGS-B", bounds=[(0, None)] * parts)
    return says(np.asarray(found.x, dtype=np.float64), np.ones((parts, 1), dtype=bool))[:, 0]
