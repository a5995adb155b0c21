"""What would have to be missing from a history for an item to leave the user's list: found by search, kept by proof.

The fit is held fixed, and the shortened history is folded in: every answer is the model's own, recomputed. Past items
that are taken away do not stand for election themselves: otherwise each would simply come back as a suggestion.
After Ghazimatin et al. 2020 (PRINCE) and Tran, Ghazimatin and Saha Roy 2021 (ACCENT), whose searches are heuristic;
here small sets are tried exhaustively, and where scores add up over the history a lower bound is derived as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations, islice
from math import comb

import numpy as np
from scipy.sparse import csr_matrix

from core.errors import Refusal
from core.interactions import Array
from core.progress import Step, no_step
from core.recommend.types import Recommender, check_rows

MOST_TRIED = 20_000
"""Shortened histories that are scored at most before a set is called small rather than smallest."""

_CELLS = 4_000_000  # scores held at a time: 16 MB
_LONG = 120  # past items that the search for a first answer weighs singly
_LINEAR = 1e-4


@dataclass(frozen=True)
class Without:
    """A set of past items without which an item would not be in the user's list.

    Attributes:
        columns: the past items, those that matter most first; empty: no set does it, or where not `smallest` none that
            was tried (and `rank_after` is that of an empty history).
        rank_before, rank_after: place of the item among all that the user has not had to do with, from 1; after: None
            where the model can say nothing any more (no history is left).
        score_before, score_after: the model's own; NaN where it says nothing.
        smallest: no smaller set (without columns: no set) does it: all were tried, or it follows from the parts; False:
            the smallest found.
        tried: shortened histories that were scored.
        instead: columns that come into the list of k, best first.
    """

    columns: tuple[int, ...]
    rank_before: int
    rank_after: int | None
    score_before: float
    score_after: float
    smallest: bool
    tried: int
    instead: tuple[int, ...]


def without(model: Recommender, user: int, item: int, k: int = 10, *, step: Step = no_step) -> Without:
    """The smallest set of `user`'s past items without which `item` leaves the list of the k best.

    Raises Refusal `not_in_list` where it does not stand in the list, `cannot_fold` for a model that takes in no
    shortened history, ValueError for k below 1; IndexError as everywhere.
    """
    if k < 1:
        raise ValueError("k must be at least 1")
    user, item = (int(check_rows([row], n)[0]) for row, n in zip((user, item), model.x.shape, strict=True))
    search = _Search(model, user, item, k, step)
    # a model that answers everyone may bring the item back when all is gone, though less than all throws it out: so
    # nothing is said of no set before all sets were tried
    first = search.grown()
    least = search.least()
    for size in range(1, search.n + 1 if first is None else len(first)):
        if size < least:
            continue
        if search.tried + comb(search.n, size) > MOST_TRIED:
            return search.told(first or (), smallest=first is not None and len(first) <= max(least, size))
        found = search.first_out(combinations(range(search.n), size))
        if found is not None:
            return search.told(found, smallest=True)
    return search.told(first or (), smallest=True)


@dataclass(frozen=True)
class _Stand:
    """Where the item stands after a change: its place, its score less that of the k-th best other, and out or in."""

    rank: int
    ahead: float
    out: bool


class _Search:
    def __init__(self, model: Recommender, user: int, item: int, k: int, step: Step) -> None:
        x = model.x.matrix
        begin, end = int(x.indptr[user]), int(x.indptr[user + 1])
        self.model, self.user, self.item, self.k, self.step = model, user, item, k, step
        self.columns, self.weights = x.indices[begin:end].astype(np.int64), x.data[begin:end]
        self.seen = None if model.x.first_seen is None else model.x.first_seen[begin:end]
        self.n, self.tried = len(self.columns), 0
        free = np.ones(x.shape[1], dtype=bool)
        free[self.columns] = False
        self.rivals = np.flatnonzero(free & (np.arange(x.shape[1]) != item))
        self.whole = self._scores(np.ones((1, self.n), dtype=bool))
        self.before = self._stands(self.whole)[0]
        if not free[item] or not np.isfinite(self.whole[0, item]) or self.before.out:
            nearly = model.folds == "nearly" and free[item]
            raise Refusal(
                "not_in_list",
                f"This item is not among the {k:,} that the model would suggest to this user"
                + (" once the history is folded in, which this model does only nearly." if nearly else "."),
                "Choose an item of the user's list, or a longer list.",
            )

    def grown(self) -> tuple[int, ...] | None:
        """A set that does it: the past item whose loss hurts most is taken away, again and again, then what proves
        needless is put back. None where it stays in the list all the way, until nothing is left.
        """
        kept = np.ones(self.n, dtype=bool)
        gone: list[int] = []
        order = list(range(self.n))
        while len(gone) < self.n:
            self.step.check()
            at = [place for place in order if kept[place]]
            at = at if not gone else at[:_LONG]  # later rounds look at those whose loss hurt most alone
            stands = self._stand([_less(kept, place) for place in at])
            ranked = sorted(range(len(at)), key=lambda n: (stands[n].ahead, at[n]))
            if not gone:
                order = [at[n] for n in ranked]
            gone.append(at[ranked[0]])
            kept = _less(kept, gone[-1])
            if stands[ranked[0]].out:
                return self._pruned(gone)
        return None

    def _pruned(self, gone: list[int]) -> tuple[int, ...]:
        """Without those that need not be gone; the last ones found hurt least."""
        for place in gone[::-1]:
            fewer = [other for other in gone if other != place]
            if fewer and self._stand([self._mask(fewer)])[0].out:
                gone = fewer
        return tuple(gone)

    def least(self) -> int:
        """No set of fewer can do it, where scores add up over the history; else 1.

        To leave the list, as many rivals as it takes must pass the item, and each passes by the sum of what the past
        items taken away gave the item more than it: at least so many of the largest such differences.
        """
        if self.n < 2 or self.n * len(self.whole[0]) > _CELLS:
            return 1
        parts = np.nan_to_num(self._scores(np.eye(self.n, dtype=bool)))
        size = np.abs(parts).sum(axis=0)
        if not np.allclose(parts.sum(axis=0), self.whole[0], rtol=0, atol=_LINEAR * max(float(size.max()), 1e-12)):
            return 1
        scores = self.whole[0]
        margin = scores[self.item] - scores[self.rivals]
        gains = -np.sort(-np.maximum(parts[:, [self.item]] - parts[:, self.rivals], 0), axis=0)
        enough = np.cumsum(gains, axis=0) >= margin - _LINEAR * size[self.item]
        needed = np.where(enough.any(axis=0), enough.argmax(axis=0) + 1, self.n + 1)
        needed[margin <= 0] = 0  # ahead already, or about to be
        passing = self.k  # rivals that must stand before it
        return max(1, int(np.partition(needed, passing - 1)[passing - 1])) if len(needed) >= passing else 1

    def first_out(self, sets: Iterable[tuple[int, ...]]) -> tuple[int, ...] | None:
        """Of these sets the one that throws the item out furthest within the first batch that holds any."""
        for some in _batches(sets, max(1, _CELLS // len(self.whole[0]))):
            self.step.check()
            stands = self._stand([self._mask(places) for places in some])
            out = [n for n, stand in enumerate(stands) if stand.out]
            if out:
                return some[min(out, key=lambda n: (stands[n].ahead, some[n]))]
        return None

    def told(self, places: tuple[int, ...], *, smallest: bool) -> Without:
        kept = self._mask(places) if places else np.zeros(self.n, dtype=bool)
        scores = self._scores(kept[None, :])
        after = self._stands(scores)[0]
        instead = [column for column in self._list(scores[0]) if column not in self._list(self.whole[0])]
        return Without(
            tuple(int(self.columns[place]) for place in places),
            self.before.rank,
            after.rank if np.isfinite(scores[0, self.item]) else None,
            float(self.whole[0, self.item]),
            float(scores[0, self.item]),
            smallest,
            self.tried,
            tuple(instead) if places else (),
        )

    def _mask(self, gone: Iterable[int]) -> Array:
        kept = np.ones(self.n, dtype=bool)
        kept[list(gone)] = False
        return kept

    def _stand(self, kept: list[Array]) -> list[_Stand]:
        found: list[_Stand] = []
        rows = max(1, _CELLS // len(self.whole[0]))
        for begin in range(0, len(kept), rows):
            found += self._stands(self._scores(np.stack(kept[begin : begin + rows])))
        return found

    def _scores(self, kept: Array) -> Array:
        """Scores (rows, n_items) of the history with only the places that each row of `kept` says."""
        self.tried += len(kept)
        place = np.nonzero(kept)[1]
        indptr = np.concatenate([[0], np.cumsum(kept.sum(axis=1))])
        shape = (len(kept), self.model.x.shape[1])
        histories = csr_matrix((self.weights[place], self.columns[place], indptr), shape=shape)
        own = np.full(len(kept), self.user, dtype=np.int64)
        seen = None if self.seen is None else self.seen[place]
        return np.asarray(self.model.fold(histories, own=own, seen=seen), dtype=np.float32)

    def _stands(self, scores: Array) -> list[_Stand]:
        mine = scores[:, [self.item]]
        rivals = scores[:, self.rivals]
        before = (rivals > mine) | ((rivals == mine) & (self.rivals < self.item)[None, :])
        silent = ~np.isfinite(mine[:, 0])
        ranks = 1 + before.sum(axis=1)
        if rivals.shape[1] >= self.k:
            edge = np.partition(np.nan_to_num(rivals, nan=-np.inf), -self.k, axis=1)[:, -self.k]
        else:
            edge = np.full(len(scores), -np.inf)
        # relative to the scores' own spread, so that a loss that lowers all scores alike is no gain
        spread = np.maximum(np.nanmax(np.abs(np.where(np.isfinite(scores), scores, 0)), axis=1), 1e-30)
        ahead = np.where(silent, -np.inf, (np.nan_to_num(mine[:, 0]) - edge) / spread)
        out = silent | (ranks > self.k)
        return [_Stand(int(r), float(a), bool(o)) for r, a, o in zip(ranks, ahead, out, strict=True)]

    def _list(self, scores: Array) -> list[int]:
        open_ = np.append(self.rivals, self.item)
        open_ = np.sort(open_[np.isfinite(scores[open_])])
        return [int(column) for column in open_[np.argsort(-scores[open_], kind="stable")][: self.k]]


def _less(kept: Array, place: int) -> Array:
    fewer = kept.copy()
    fewer[place] = False
    return fewer


def _batches(sets: Iterable[tuple[int, ...]], size: int) -> Iterator[list[tuple[int, ...]]]:
    every = iter(sets)
    while some := list(islice(every, size)):
        yield some
