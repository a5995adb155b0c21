"""The smallest set of past items without which an item leaves the list: against all subsets, tried one by one."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from itertools import chain, combinations
from typing import ClassVar, Literal, Self

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from core.errors import Refusal
from core.interactions import Array, Interactions
from core.progress import Step, no_step
from core.recommend import Explanation, ParamValue, Recommender, make, spec, without
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


@pytest.mark.parametrize(
    "name, params",
    [("blend", {"parts": "ease,popular"}), ("switch", {"short": "popular", "items": 4}), ("stack", {})],
)
def test_models_that_answer_everyone_against_all_subsets(name: str, params: dict[str, ParamValue]) -> None:
    """With nothing left they fall back on what everybody does, which may bring the item back: less may throw it out."""
    rng = np.random.default_rng(3)
    x = Interactions.of((rng.random((60, 30)) < 0.17).astype(np.float32))
    model = make(spec(name, params)).fit(x, seed=0)
    back = never = 0
    for user in np.flatnonzero((np.diff(x.matrix.indptr) > 1) & (np.diff(x.matrix.indptr) < 7))[
        : 4 if name == "stack" else 15
    ]:
        history = x.matrix[user].indices
        for item in model.recommend(np.array([user]), 5).items[0, :3]:
            sizes = {len(gone) for gone in subsets(history) if rank(model, int(user), int(item), gone) > 5}
            found = without(model, int(user), int(item), 5)
            assert found.smallest
            assert len(found.columns) == min(sizes, default=0), (user, item)
            if found.columns:
                assert rank(model, int(user), int(item), found.columns) > 5
            back += len(history) not in sizes and bool(sizes)
            never += not sizes
    assert back or name == "stack", "a set does it, though taking all away does not"
    assert never or name == "stack", "and of some items no set does it"


def subsets(history: Array) -> list[tuple[int, ...]]:
    return [s for n in range(1, len(history) + 1) for s in combinations(history.tolist(), n)]


def rank(model: Recommender, user: int, item: int, gone: tuple[int, ...]) -> int:
    """The item's place among all that the user has not had to do with, past items that are gone not among them."""
    row = model.x.matrix[user].toarray()
    taken = np.flatnonzero(row[0])
    row[0, list(gone)] = 0
    scores = np.asarray(model.fold(csr_matrix(row), own=np.array([user])), dtype=np.float32)[0]
    if not np.isfinite(scores[item]):
        return len(scores)
    scores[taken] = -np.inf
    others = np.arange(len(scores))
    return 1 + int(((scores > scores[item]) | ((scores == scores[item]) & (others < item))).sum())


def test_what_was_not_all_tried_is_not_said_to_be_impossible(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bestsellers alone speak, so that no set does it. With few tries that is not proved."""
    rng = np.random.default_rng(0)
    x = Interactions.of((rng.random((40, 25)) < 0.3).astype(np.float32))
    model = make(spec("switch", {"short": "popular", "items": 100})).fit(x, seed=0)
    users = np.flatnonzero((np.diff(x.matrix.indptr) > 5) & (np.diff(x.matrix.indptr) < 10)).tolist()
    stays = [(u, int(model.recommend(np.array([u]), 1).items[0, 0])) for u in users]
    told = [without(model, u, i, 5) for u, i in stays]
    assert len(told) > 5
    assert all(found.smallest and not found.columns for found in told)
    monkeypatch.setattr(sys.modules["core.recommend.without"], "MOST_TRIED", 40)
    assert not any(found.smallest or found.columns for found in (without(model, u, i, 5) for u, i in stays))
