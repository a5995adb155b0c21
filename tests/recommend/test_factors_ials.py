"""iALS against a readable twin, its own gradient, implicit, and the two identities that explanations rest on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from threadpoolctl import threadpool_limits

from core.interactions import Array, Interactions
from core.progress import Cancelled, Step
from core.recommend import ials, make, spec
from core.recommend.ials import Ials
from tests.examples import examples
from tests.recommend.test_factors_exact import one_by_one, world


def fitted(x: Interactions, seed: int = 0, **params: Any) -> Ials:
    model = make(spec("ials", {"frequency": 0.0, **params})).fit(x, seed=seed)
    assert isinstance(model, Ials)
    return model


def twin(x: Interactions, seed: int, factors: int, alpha: float, ridge: float, epochs: int) -> tuple[Array, Array]:
    """Alternating least squares with nothing clever: float64, every row solved by itself, values once."""
    rng = np.random.default_rng(seed)
    users, items = (0.01 * rng.random((n, factors), dtype=np.float32).astype(np.float64) for n in x.shape)
    extra = x.matrix.astype(np.float64)
    extra.data[:] = alpha
    for _ in range(epochs):
        items = one_by_one(extra.T.tocsr(), users, ridge)
        users = one_by_one(extra, items, ridge)
    return users, items


def loss(x: Interactions, users: Array, items: Array, alpha: float, ridge: float) -> float:
    """Equation 3 of the paper, dense, values once."""
    p = x.matrix.toarray() > 0
    error = (1 + alpha * p) * (p - users.astype(np.float64) @ items.T.astype(np.float64)) ** 2
    return float(error.sum() + ridge * ((users.astype(np.float64) ** 2).sum() + (items.astype(np.float64) ** 2).sum()))


X = Interactions.of(world(40, 25, 0.2, 3))
ONCE: dict[str, Any] = {"factors": 5, "alpha": 4.0, "ridge": 0.5, "values": "once"}


def test_the_scores_are_those_of_the_twin_once_both_have_settled() -> None:
    model = fitted(X, epochs=150, **ONCE)
    users, items = twin(X, 0, 5, 4.0, 0.5, 150)
    some = np.diff(X.matrix.indptr) > 0
    np.testing.assert_allclose(model.score(np.flatnonzero(some)), (users @ items.T)[some], atol=2e-3)


def test_the_last_round_is_exact() -> None:
    found = fitted(X, epochs=4, factors=8, values="log", alpha=3.0, ridge=2.0).arrays()
    extra = X.matrix.astype(np.float64)
    extra.data = 3.0 * np.log2(1 + extra.data)
    items = one_by_one(extra.T.tocsr(), found["users_before"], 2.0)
    np.testing.assert_allclose(found["items"], items, atol=1e-5)
    np.testing.assert_allclose(found["users"], one_by_one(extra, found["items"], 2.0), atol=1e-5)


def test_the_gradient_is_zero_once_it_has_settled() -> None:
    found = fitted(X, epochs=200, **ONCE).arrays()
    users, items = found["users"].astype(np.float64), found["items"].astype(np.float64)
    p = (X.matrix.toarray() > 0).astype(np.float64)
    pull = (1 + 4.0 * p) * (p - users @ items.T)
    for gradient in (pull @ items - 0.5 * users, pull.T @ users - 0.5 * items):
        assert np.abs(gradient).max() < 5e-3 * np.abs(pull).sum(axis=1).max()
    assert np.abs(pull @ items - 0.5 * users).max() < 1e-4, "the users were solved last, exactly"


def test_it_fits_as_well_as_implicit_from_the_same_confidences() -> None:
    from implicit.cpu.als import AlternatingLeastSquares

    x = Interactions.of(world(300, 120, 0.08, 5))
    confidences = x.matrix.copy()
    confidences.data[:] = 1 + 4.0  # implicit takes c where a pair is stored, not c - 1
    with threadpool_limits(1, user_api="blas"):
        other = AlternatingLeastSquares(8, regularization=0.5, iterations=30, num_threads=2, random_state=0)
        other.fit(confidences, show_progress=False)
    found = fitted(x, factors=8, alpha=4.0, ridge=0.5, epochs=30, values="once").arrays()
    theirs = loss(x, other.user_factors, other.item_factors, 4.0, 0.5)
    assert loss(x, found["users"], found["items"], 4.0, 0.5) < 1.01 * theirs


def test_a_checkerboard_is_continued() -> None:
    """Even users take even items, odd users odd ones; each lacks one, which must come first."""
    board = (np.add.outer(np.arange(12), np.arange(10)) % 2 == 0).astype(np.float32)
    missing = [(u, (u % 2) + 2 * (u // 2 % 5)) for u in range(12)]
    for u, i in missing:
        assert board[u, i]
        board[u, i] = 0
    model = fitted(Interactions.of(board), factors=4, ridge=0.5, alpha=5.0)
    assert model.recommend(np.arange(12), 1).items[:, 0].tolist() == [i for _, i in missing]


@settings(max_examples=examples(25))
@given(
    st.integers(1, 12),
    st.integers(1, 12),
    st.floats(0.1, 1),
    st.integers(0, 99),
    st.sampled_from(["once", "log", "sum"]),
    st.floats(0.1, 20),
    st.floats(0.1, 20),
)
def test_both_views_sum_to_the_score(
    n: int, m: int, density: float, seed: int, values: str, alpha: float, ridge: float
) -> None:
    x = Interactions.of(world(n, m, density, seed))
    model = fitted(x, seed=seed, factors=4, epochs=3, values=values, alpha=alpha, ridge=ridge)
    scores = model.score(np.arange(n))
    for u in range(n):
        for i in range(m):
            told = model.explain(u, i)
            if not x.matrix[[u]].nnz:
                assert np.isnan(told.score)
                assert np.isnan(scores[u, i])
                continue
            for shown in (told.items, told.users):
                assert shown.exact
                size = np.abs(shown.values).sum()
                assert abs(told.base + shown.values.sum() - told.score) <= 1e-10 * size
            assert abs(told.score - scores[u, i]) < 1e-3 * max(1.0, float(np.abs(scores[u]).max()))
            assert set(told.items.rows) <= set(x.matrix[[u]].indices)
            assert set(told.users.rows) <= set(x.matrix.tocsc()[:, [i]].indices)


def test_the_parts_are_what_the_paper_says() -> None:
    """Section 5: s_ij = y_i' W_u y_j, dense and in float64; the own item is part of the history like any other."""
    model = fitted(X, epochs=3, **ONCE)
    u, found = 7, model.arrays()
    history = X.matrix[[u]].indices
    y, old = found["items"].astype(np.float64), found["users_before"].astype(np.float64)
    inverse = np.linalg.inv(y.T @ y + 4.0 * y[history].T @ y[history] + 0.5 * np.eye(5))
    z = 5.0 * inverse @ y[history].sum(axis=0)
    for i in (int(history[0]), next(i for i in range(25) if i not in history)):
        takers = X.matrix.tocsc()[:, [i]].indices
        back = np.linalg.inv(old.T @ old + 4.0 * old[takers].T @ old[takers] + 0.5 * np.eye(5))
        target = 5.0 * back @ old[takers].sum(axis=0)
        told = model.explain(u, i)
        np.testing.assert_allclose(told.items.values, 5.0 * y[history] @ inverse @ target, rtol=1e-9)
        np.testing.assert_allclose(told.users.values, 5.0 * old[takers] @ back @ z, rtol=1e-9)
        np.testing.assert_array_equal(told.users.rows, takers)


def test_the_same_seed_gives_the_same_bytes_on_one_thread_or_two() -> None:
    x = Interactions.of(world(1000, 600, 0.05, 8))
    assert x.matrix.nnz > ials._SMALL, "else it never takes two threads"
    first, again = fitted(x, seed=4).arrays(), fitted(x, seed=4).arrays()
    with threadpool_limits(1):
        alone = fitted(x, seed=4).arrays()
    for name in first:
        assert first[name].tobytes() == again[name].tobytes() == alone[name].tobytes()
    assert first["items"].tobytes() != fitted(x, seed=5).arrays()["items"].tobytes()


def test_it_fits_on_read_only_memory_and_comes_back_from_files(tmp_path: Path) -> None:
    """As in a worker: the matrix comes by memory map, the model goes to files and is read by memory map."""
    for name, array in X.to_arrays().items():
        np.save(tmp_path / f"{name}.npy", array)
    mapped = {path.stem: np.load(path, mmap_mode="r") for path in tmp_path.glob("x_*.npy")}
    for values in ("once", "log", "sum"):
        model = fitted(Interactions.from_arrays(mapped), factors=6, values=values)
        model.save(tmp_path)
        files = {name: np.load(tmp_path / f"{name}.npy", mmap_mode="r") for name in model.arrays()}
        back = make(spec("ials", {"factors": 6, "values": values})).load(X, files)
        np.testing.assert_array_equal(back.score(np.arange(40)), model.score(np.arange(40)))
        assert back.explain(3, 4).score == model.explain(3, 4).score


@pytest.mark.parametrize("board", [[[1]], [[1, 2, 3]], [[1], [2]], [[1, 0], [0, 0], [1, 0]]])
def test_tiny_matrices(board: list[list[float]]) -> None:
    """1 x 1, one user, one item, a user without events and an item nobody took; always fewer users than factors."""
    x = Interactions.of(np.array(board, dtype=np.float32))
    model = fitted(x)
    scores = model.score(np.arange(x.shape[0]))
    empty = np.diff(x.matrix.indptr) == 0
    assert np.isnan(scores[empty]).all()
    assert np.isfinite(scores[~empty]).all()
    assert (scores[x.matrix.toarray() > 0] > 0).all()
    assert (model.recommend(np.flatnonzero(empty), 2).items == -1).all()
    for u in np.flatnonzero(empty):
        assert np.isnan(model.explain(int(u), 0).score)
        assert not model.explain(int(u), 0).items.exact


def test_an_item_nobody_took_scores_nothing_and_says_so() -> None:
    told = fitted(Interactions.of(np.array([[1, 0, 1], [1, 0, 0]], dtype=np.float32))).explain(0, 1)
    assert told.score == 0
    assert not len(told.users.rows)
    assert not len(told.items.rows)


def test_fitting_again_forgets_the_first_matrix() -> None:
    model = fitted(X, epochs=2)
    model.explain(0, 0)
    other = Interactions.of(world(40, 25, 0.3, 9))
    fresh = fitted(other, epochs=2)
    assert model.fit(other).explain(1, 2).score == fresh.explain(1, 2).score


class Watched(Step):
    def __init__(self, stop_at: float) -> None:
        self.shares: list[float] = []
        self.stop_at = stop_at

    def cancelled(self) -> bool:
        return bool(self.shares) and self.shares[-1] >= self.stop_at

    def _tell(self, share: float, note: str) -> None:
        self.shares.append(share)


def test_it_says_how_far_it_is_and_stops_when_asked() -> None:
    whole = Watched(2.0)
    make(spec("ials", {"epochs": 6})).fit(X, step=whole)
    assert whole.shares == sorted(whole.shares)
    assert whole.shares[0] == 0
    assert whole.shares[-1] == pytest.approx(1)
    assert len(whole.shares) >= 6
    for stop_at in (0.0, 0.5, 0.95):
        with pytest.raises(Cancelled):
            make(spec("ials", {"epochs": 6})).fit(X, step=Watched(stop_at))
