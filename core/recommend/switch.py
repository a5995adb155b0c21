"""Switching blend: one model for users with short histories, another for those with long ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from scipy.sparse import csr_matrix

from core.errors import Refusal
from core.interactions import Array
from core.recommend.blend import Mixed
from core.recommend.parts import read_parts
from core.recommend.types import Explanation, Recommender, Spec, check_rows

_SHORT, _LONG = 0, 1


class Switch(Mixed):
    """score(u, i) is that of the short model where u has fewer than `items` items, else of the long one.

    Each user's list is of one model, so that the two need no common scale: a user's scores stand beside another's only
    where both histories are short, or both are long.
    """

    def __init__(self, spec: Spec) -> None:
        for name in ("short", "long"):
            if len(read_parts(spec[name])) != 1:
                raise Refusal(
                    "bad_parts",
                    f"A switch takes one model for {name} histories: {str(spec[name])[:80]!r} names several.",
                    "Name one model: item-knn.",
                )
        super().__init__(spec)

    @property
    def scores_everyone(self) -> bool:  # type: ignore[override]
        """Whether the short one does: a user without history is its."""
        return self.models[_SHORT].scores_everyone

    def _score(self, users: Array, items: Array | None) -> Array:
        lengths = np.diff(self.x.matrix.indptr)[users]
        return self._by_length(lengths, items, lambda model, rows: model.score(users[rows], items))

    def _fold(self, histories: csr_matrix, items: Array | None, own: Array, seen: Array | None) -> Array:
        self._cannot_fold()

        def ask(model: Recommender, rows: Array) -> Array:
            places = np.repeat(np.isin(np.arange(histories.shape[0]), rows), np.diff(histories.indptr))
            return model.fold(histories[rows], items, own=own[rows], seen=None if seen is None else seen[places])

        return self._by_length(np.diff(histories.indptr), items, ask)

    def _by_length(self, lengths: Array, items: Array | None, ask: Callable[[Recommender, Array], Array]) -> Array:
        width = self.x.shape[1] if items is None else len(items)
        long = lengths >= self.spec["items"]
        asked = [(rows, ask(self.models[which], rows)) for which in (_SHORT, _LONG) if len(rows := _of(long, which))]
        found = np.empty((len(lengths), width), dtype=np.result_type(np.float32, *(s.dtype for _, s in asked)))
        for rows, scores in asked:
            found[rows] = scores
        return found

    def explain(self, user: int, item: int) -> Explanation:
        """The reasons of the model that answers this user."""
        user, item = (int(check_rows([row], n)[0]) for row, n in zip((user, item), self.x.shape, strict=True))
        length = int(self.x.matrix.indptr[user + 1] - self.x.matrix.indptr[user])
        which = _LONG if length >= self.spec["items"] else _SHORT
        told = self.models[which].explain(user, item)
        if not np.isfinite(told.score):
            return told
        return replace(told, spoke=tuple((part, float(n == which)) for n, part in enumerate(self.parts)))


def _of(long: Array, which: int) -> Array:
    return np.flatnonzero(long if which == _LONG else ~long)
