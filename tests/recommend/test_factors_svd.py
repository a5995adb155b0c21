"""PureSVD against the dense decomposition, and the two identities that explanations rest on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse.linalg import ArpackError
from threadpoolctl import threadpool_limits

from core.interactions import Array, Interactions
from core.recommend import make, spec, svd
from core.recommend.svd import PureSvd
from tests.examples import examples
from tests.recommend.test_factors_exact import world


def fitted(x: Interactions, seed: int = 0, **params: Any) -> PureSvd:
    model = make(spec("puresvd", params)).fit(x, seed=seed)
    assert isinstance(model, PureSvd)
    return model


def dense_scores(x: Interactions, factors: int, values: str) -> Array:
    """X V V', V from the dense decomposition."""
    full = x.matrix.toarray().astype(np.float64)
    worth = {"once": full > 0, "log": np.log2(1 + full), "sum": full}[values].astype(np.float64)
    v = np.linalg.svd(worth)[2][:factors].T
    return worth @ v @ v.T


@pytest.mark.parametrize("values", ["once", "log", "sum"])
@pytest.mark.parametrize("dense", [0, 10**6])
def test_the_scores_are_those_of_the_dense_decomposition(
    values: str, dense: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the road for small matrices and by the road for large ones."""
    monkeypatch.setattr(svd, "_DENSE", dense)
    x = Interactions.of(world(60, 40, 0.3, 2))
    model = fitted(x, factors=7, values=values)
    np.testing.assert_allclose(model.score(np.arange(60)), dense_scores(x, 7, values), atol=1e-5)


def test_where_the_quick_way_fails_the_dense_one_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: Any, **__: Any) -> None:
        raise ArpackError(-9999)

    x = Interactions.of(world(60, 40, 0.3, 2))
    wanted = fitted(x, factors=7).score(np.arange(60))
    monkeypatch.setattr(svd, "_DENSE", 0)
    monkeypatch.setattr(svd, "svds", fails)
    np.testing.assert_allclose(fitted(x, factors=7).score(np.arange(60)), wanted, atol=1e-6)


@pytest.mark.parametrize("dense", [0, 10**6])
def test_a_checkerboard_has_two_tastes_and_is_continued(dense: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two boards and a gap: half of rank 3, whatever is asked for. Users and items fall apart, the gap is filled."""
    monkeypatch.setattr(svd, "_DENSE", dense)
    board = (np.add.outer(np.arange(30), np.arange(20)) % 2 == 0).astype(np.float32)
    board[4, 6] = 0
    model = fitted(Interactions.of(board), factors=10)
    assert model.arrays()["strengths"].shape == (2,)
    assert model.recommend(np.array([4]), 1).items.tolist() == [[6]]
    assert model.score(np.array([4]), np.array([6]))[0, 0] > 0.8
    assert model.score(np.array([5]), np.array([6]))[0, 0] == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("dense", [0, 10**6])
@pytest.mark.parametrize("asked", [20, 30, 200])
def test_half_of_the_rank_by_either_road(dense: int, asked: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """30 kinds of users, however many there are of each: 15 directions, though the matrix is 90 wide."""
    monkeypatch.setattr(svd, "_DENSE", dense)
    draw = np.random.default_rng(2)
    kinds = (draw.random((30, 90)) < 0.3).astype(np.float32)
    assert np.linalg.matrix_rank(kinds) == 30
    x = Interactions.of(kinds[draw.integers(30, size=600)])
    assert fitted(x, factors=asked).arrays()["strengths"].shape == (15,)


@pytest.mark.parametrize("name", ["puresvd", "attention"])
@pytest.mark.parametrize("dense", [0, 10**6])
def test_a_shop_of_fewer_items_than_factors_is_not_sorted_by_rounding_errors(
    name: str, dense: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All directions together give the matrix back, where what a user has not taken is 0 (seen with attention)."""
    monkeypatch.setattr(svd, "_DENSE", dense)
    draw = np.random.default_rng(5)
    likes = np.kron(np.eye(3), np.full((50, 20), 0.5)) + 0.02
    x = Interactions.of((draw.random(likes.shape) < likes).astype(np.float32))
    model = make(spec(name, {"factors": 500})).fit(x, seed=0)
    scores = model.score(np.arange(150)).astype(np.float64)
    unseen = x.matrix.toarray() == 0
    assert np.abs(scores[unseen]).mean() > 0.05 * np.abs(scores[~unseen]).mean()
    listed = model.recommend(np.arange(150), 5).items
    assert (listed // 20 == np.arange(150)[:, None] // 50).mean() > 0.6, "0.33 by chance"


@settings(max_examples=examples(30))
@given(
    st.integers(1, 12),
    st.integers(1, 12),
    st.floats(0.1, 1),
    st.integers(0, 99),
    st.sampled_from(["once", "log", "sum"]),
    st.integers(2, 8),
)
def test_both_views_sum_to_the_score(n: int, m: int, density: float, seed: int, values: str, factors: int) -> None:
    x = Interactions.of(world(n, m, density, seed))
    model = fitted(x, factors=factors, values=values)
    holds(x, model)


def test_both_views_sum_to_the_score_by_the_road_for_large_matrices() -> None:
    x = Interactions.of(world(700, 400, 0.05, 1))
    holds(x, fitted(x, factors=30), users=range(0, 700, 53), items=range(0, 400, 37))


def holds(x: Interactions, model: PureSvd, users: range | None = None, items: range | None = None) -> None:
    scores = model.score(np.arange(x.shape[0]))
    columns = x.matrix.tocsc()
    for u in users or range(x.shape[0]):
        for i in items or range(x.shape[1]):
            told = model.explain(u, i)
            if not x.matrix[[u]].nnz:
                assert np.isnan(told.score)
                assert np.isnan(scores[u, i])
                continue
            for shown in (told.items, told.users):
                assert shown.exact
                assert abs(told.base + shown.values.sum() - told.score) <= 1e-10 * max(
                    1e-3, float(np.abs(shown.values).sum())
                )
            assert told.score == pytest.approx(float(scores[u, i]), rel=1e-5, abs=1e-5)
            assert set(told.items.rows) <= set(x.matrix[[u]].indices)
            assert set(told.users.rows) <= set(columns[:, [i]].indices)


def test_taking_a_cited_item_away_lowers_the_score_by_its_part() -> None:
    """With the tastes held fixed: x_u V V' without one x_uj."""
    x = Interactions.of(world(30, 20, 0.3, 4))
    model = fitted(x, factors=4, values="sum")
    v = model.arrays()["items"]
    told = model.explain(3, 5)
    row = x.matrix[[3]].toarray()[0].astype(np.float64)
    for j, part in zip(told.items.rows, told.items.values, strict=True):
        less = row.copy()
        less[j] = 0
        assert (row - less) @ v @ v[5] == pytest.approx(part, rel=1e-9, abs=1e-12)
        assert told.score - less @ v @ v[5] == pytest.approx(part, rel=1e-7, abs=1e-10)


def test_the_same_matrix_gives_the_same_bytes() -> None:
    x = Interactions.of(world(700, 400, 0.05, 1))
    first, again = fitted(x).arrays(), fitted(x).arrays()
    with threadpool_limits(1):
        alone = fitted(x).arrays()
    for name in first:
        assert first[name].tobytes() == again[name].tobytes() == alone[name].tobytes()
    v = first["items"]
    assert (v[np.abs(v).argmax(axis=0), np.arange(v.shape[1])] > 0).all()
    np.testing.assert_allclose(v.T @ v, np.eye(v.shape[1]), atol=1e-10)
    assert (np.diff(first["strengths"]) <= 0).all()
    np.testing.assert_allclose(fitted(x, seed=3).arrays()["strengths"], first["strengths"], rtol=1e-10)


def test_it_comes_back_from_files(tmp_path: Path) -> None:
    x = Interactions.of(world(30, 20, 0.3, 4))
    model = fitted(x)
    model.save(tmp_path)
    files = {name: np.load(tmp_path / f"{name}.npy", mmap_mode="r") for name in model.arrays()}
    back = make(spec("puresvd")).load(x, files)
    np.testing.assert_array_equal(back.score(np.arange(30)), model.score(np.arange(30)))
    assert back.explain(3, 4).score == model.explain(3, 4).score


@pytest.mark.parametrize("board", [[[1]], [[1, 2, 3]], [[1], [2]], [[1, 0], [0, 0], [1, 0]]])
@pytest.mark.parametrize("dense", [0, 10**6])
def test_tiny_matrices(board: list[list[float]], dense: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """1 x 1, one user, one item, a user without events and an item nobody took; of rank 1 all, so kept in full."""
    monkeypatch.setattr(svd, "_DENSE", dense)
    x = Interactions.of(np.array(board, dtype=np.float32))
    model = fitted(x, values="sum")
    scores = model.score(np.arange(x.shape[0]))
    empty = np.diff(x.matrix.indptr) == 0
    assert np.isnan(scores[empty]).all()
    np.testing.assert_allclose(scores[~empty], x.matrix.toarray()[~empty], atol=1e-6)
    assert (model.recommend(np.flatnonzero(empty), 2).items == -1).all()
    for u in np.flatnonzero(empty):
        assert np.isnan(model.explain(int(u), 0).score)
        assert not model.explain(int(u), 0).users.exact
