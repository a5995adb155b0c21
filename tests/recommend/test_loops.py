"""The compiled loops against their NumPy twins and a dumb count; and when they are used."""

from __future__ import annotations

import pickle
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from core.evaluate.ranking import rank_all
from core.recommend import best_and_below, make, spec
from core.recommend import topk as numpys
from core.recommend.loops import GROUP, LOWEST
from tests.examples import examples
from tests.recommend.test_alike import market
from tests.recommend.test_topk import FEW, dumb

compiled = sys.modules["core.recommend.compiled"]
ODD = np.array([*FEW, LOWEST])


def dumb_below(scores: np.ndarray, begins: np.ndarray, right: np.ndarray) -> list[float]:
    """A pair at a time, in Python: NaN is the lowest number, above -inf alone."""
    clean = np.where(np.isnan(scores), LOWEST, scores).tolist()
    return [
        sum((one < row[own]) + (one <= row[own]) for own in right[begins[r] : begins[r + 1]] for one in row) / 2
        for r, row in enumerate(clean)
    ]


@settings(max_examples=examples(150))
@given(st.integers(0, 5), st.integers(1, 300), st.integers(1, 40), st.integers(0, 2**32 - 1), st.booleans())
@example(1, GROUP - 1, 1, 0, True)
@example(1, GROUP, 2, 0, True)
@example(3, GROUP * 33 + 5, 3, 1, True)
def test_like_numpy_and_like_a_dumb_sort(rows: int, columns: int, k: int, seed: int, ties: bool) -> None:
    rng = np.random.default_rng(seed)
    scores = rng.choice(ODD, (rows, columns)) if ties else rng.standard_normal((rows, columns))
    scores = np.ascontiguousarray(scores, dtype=np.float32)
    begins = np.concatenate([[0], np.cumsum(rng.integers(0, 4, rows))])
    right = rng.integers(0, columns, begins[-1])
    before = scores.copy()
    items, values, won = best_and_below(scores, k, begins, right)
    for mine, theirs in zip((items, values), numpys(scores, k), strict=True):
        np.testing.assert_array_equal(mine, theirs)
        assert mine.dtype == theirs.dtype
    assert items.tolist() == dumb(scores, k)[0].tolist()
    assert won.tolist() == dumb_below(scores, begins, right)
    np.testing.assert_array_equal(scores, before)
    alone = best_and_below(scores, k, np.empty(0), np.empty(0))
    np.testing.assert_array_equal(alone[0], items)
    assert np.isnan(alone[2]).all()


@pytest.mark.parametrize("name", ["ials", "puresvd", "item-knn", "rp3beta", "ease", "popular"])
def test_lists_and_judgement_are_the_same_compiled(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    x = market()
    model = make(spec(name, {})).fit(x)
    seen = x.matrix.toarray() > 0
    users = np.flatnonzero((~seen).any(axis=1))
    free = (~seen[users]) & (np.random.default_rng(3).random((len(users), x.shape[1])) < 0.2)
    free[np.arange(len(users)), (~seen[users]).argmax(axis=1)] = True
    right = csr_matrix(free.astype(np.float32))
    asked: list[int] = []
    look = compiled.best_and_below

    def counted(scores: np.ndarray, *rest: Any) -> Any:
        asked.append(len(scores))
        return look(scores, *rest)

    monkeypatch.setattr(compiled, "best_and_below", counted)
    monkeypatch.setattr("core.evaluate.ranking.best_and_below", counted)

    def all_of() -> list[np.ndarray]:
        listed, ranked = model.recommend(users, 5), rank_all(model, users, 5, right)
        assert ranked.auc is not None
        plain = rank_all(model, users, 5, right, auc=False)
        assert plain.auc is None
        return [listed.items, listed.scores, ranked.items, ranked.auc, plain.items]

    before = all_of()
    assert not asked
    monkeypatch.setattr(compiled, "WORTH", 0)
    after = all_of()
    assert asked
    for one, other in zip(before, after, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    "trouble",
    [
        ImportError("no numba"),
        RuntimeError("no locator available"),
        OSError("no room"),
        EOFError("Ran out of input"),
        pickle.UnpicklingError("a damaged cache"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_without_them_numpy_does_the_work(trouble: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        def find_spec(self, name: str, *_: object) -> None:
            if name == "core.recommend.loops":
                raise trouble

    monkeypatch.setattr(compiled, "WORTH", 0)
    monkeypatch.delitem(sys.modules, "core.recommend.loops")
    monkeypatch.setattr(sys, "meta_path", [Broken(), *sys.meta_path])
    compiled._loaded.cache_clear()
    try:
        assert not compiled.compiling_pays(10**12)
        assert compiled.chooser(10**12) is numpys
        x = market()
        assert make(spec("ials", {})).fit(x).recommend(np.arange(3), 4).items.shape == (3, 4)
    finally:
        compiled._loaded.cache_clear()


def test_few_scores_are_not_worth_loading_for() -> None:
    assert not compiled.compiling_pays(compiled.WORTH - 1)
    assert compiled.compiling_pays(compiled.WORTH)
