"""The smallest set of past items without which an item leaves the list: against all subsets, tried one by one."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain, combinations
from typing import ClassVar, Literal, Self

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from core.errors import Refusal
from core.interactions import Array, Interactions
from core.progress import Step, no_step
from core.recommend import Explanation, spec, without
from core.recommend.base import Model


class Linear(Model):
    """score = x_u S, or its root: the same lists, but nothing that adds up."""

    folds: ClassVar[Literal["exactly", "nearly", "no"]] = "exactly"

    def __init__(self, links: Array, *, root: bool = False) -> None:
        super().__init__(spec("item-knn"))
        self._links, self._root = links, root

    def fit(self, x: Interactions, *, seed: int = 0, step: Step = no_step) -> Self:
        self.x = x
        return self

    def explain(self, user: int, item: int) -> Explanation:
        return self._unsaid(user, item)

    def arrays(self) -> dict[str, Array]:
        return {}

    def load(self, x: Interactions, arrays: Mapping[str, Array]) -> Self:
        return self.fit(x)

    def _of(self, x: csr_matrix, items: Array | None) -> Array:
        scores = np.asarray(x @ self._links, dtype=np.float32)
        scores = np.sqrt(scores) if self._root else scores
        return scores if items is None else scores[:, items]

    def _score(self, users: Array, items: Array | None) -> Array:
        return self._of(self.x.matrix[users], items)

    def _fold(self, histories: csr_matrix, items: Array | None, own: Array, seen: Array | None) -> Array:
        return self._of(histories, items)


def world(seed: int, *, root: bool = False) -> Linear:
    """One user with 7 past items of 16, and links that all differ."""
    rng = np.random.default_rng(seed)
    history = np.zeros((2, 16), dtype=np.float32)
    history[0, rng.choice(16, 7, replace=False)] = rng.integers(1, 4, 7)
    history[1] = 1
    return Linear(rng.random((16, 16)) ** 2, root=root).fit(Interactions.of(history))


def out_without(model: Linear, gone: tuple[int, ...], item: int, k: int) -> bool:
    """By plain arithmetic on the dense history."""
    mine = model.x.matrix[[0]].toarray()[0].astype(np.float64)
    free = np.flatnonzero(mine == 0)
    mine[list(gone)] = 0
    if not mine.any():
        return True
    scores = mine @ model._links
    return bool((scores[free] > scores[item]).sum() >= k)


@pytest.mark.parametrize("root", [False, True])
@pytest.mark.parametrize("k", [1, 3])
def test_no_smaller_set_does_it_and_this_one_does(k: int, root: bool) -> None:
    sizes = set()
    for seed in range(40):
        model = world(seed, root=root)
        columns = np.flatnonzero(model.x.matrix[[0]].toarray()[0]).tolist()
        for item in model.recommend(np.array([0]), k).items[0]:
            found = without(model, 0, int(item), k)
            every = chain.from_iterable(combinations(columns, n) for n in range(1, 8))
            least = next(len(gone) for gone in every if out_without(model, gone, int(item), k))
            assert found.smallest
            assert len(found.columns) == least
            assert out_without(model, found.columns, int(item), k)
            assert found.rank_before <= k
            assert found.rank_after is None or found.rank_after > k
            sizes.add(least)
    assert len(sizes) > 2  # the cases differ


def test_what_comes_in_is_what_the_shortened_list_has_more() -> None:
    model = world(3)
    item = int(model.recommend(np.array([0]), 3).items[0, 2])
    found = without(model, 0, item, 3)
    mine = model.x.matrix[[0]].toarray()[0].astype(np.float64)
    free = np.flatnonzero(mine == 0)
    before = free[np.argsort(-(mine @ model._links)[free])][:3]
    mine[list(found.columns)] = 0
    after = free[np.argsort(-(mine @ model._links)[free])][:3]
    assert set(found.instead) == set(after.tolist()) - set(before.tolist())
    assert found.score_after == pytest.approx((mine @ model._links)[item], rel=1e-5)


def test_an_item_that_is_not_in_the_list_is_refused() -> None:
    model = world(1)
    last = int(model.recommend(np.array([0]), 9).items[0, 8])
    with pytest.raises(Refusal) as refused:
        without(model, 0, last, 3)
    assert refused.value.code == "not_in_list"
    seen = int(model.x.matrix.indices[0])
    with pytest.raises(Refusal):
        without(model, 0, seen, 3)


def test_long_histories_end_with_the_smallest_found() -> None:
    rng = np.random.default_rng(0)
    history = np.zeros((1, 600), dtype=np.float32)
    history[0, :400] = 1
    links = rng.random((600, 600)) * 0.01
    links[:400, 599] = 1.0  # all of the history speaks for it: hundreds must go
    model = Linear(links).fit(Interactions.of(history))
    found = without(model, 0, 599, 1)
    assert 300 < len(found.columns) <= 400
    kept = np.ones(400, dtype=bool)
    kept[list(found.columns)] = False
    assert (links[:400][kept].sum(axis=0)[400:] >= links[:400, 599][kept].sum()).any() or not kept.any()
