"""iALS with a ridge of its own for each row: solved right in every round, taken apart, kept, and never nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits

from core.interactions import Array, Interactions
from core.progress import Cancelled
from core.recommend import make, spec
from core.recommend.exact import solve_rows
from core.recommend.ials import Ials
from tests.examples import examples
from tests.recommend.contract.asserts import check_explained
from tests.recommend.test_factors_exact import one_by_one, world
from tests.recommend.test_factors_ials import Watched, X


def fitted(x: Interactions, seed: int = 0, **params: Any) -> Ials:
    model = make(spec("ials", params)).fit(x, seed=seed)
    assert isinstance(model, Ials)
    return model


def each_its_own(extra: csr_matrix, other: Array, ridges: Array) -> Array:
    """Every row by itself, with its ridge."""
    return np.concatenate([one_by_one(extra[[r]], other, ridge) for r, ridge in enumerate(ridges)])


@settings(max_examples=examples(30))
@given(st.integers(1, 30), st.integers(1, 60), st.integers(1, 20), st.floats(0, 1), st.integers(0, 99))
def test_every_row_is_solved_with_its_own_ridge(n: int, m: int, factors: int, density: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    extra, other = world(n, m, density, seed), rng.standard_normal((m, factors)).astype(np.float32)
    ridges = 10 ** rng.uniform(-1, 2, n)
    found = solve_rows(extra, other, ridges, threads=2)
    wanted = each_its_own(extra, other, ridges)
    assert found.dtype == np.float32
    assert found.flags.c_contiguous
    np.testing.assert_allclose(found, wanted, rtol=0, atol=3e-4 * max(1.0, np.abs(wanted).max()))


def test_equal_ridges_are_one_ridge() -> None:
    extra, other = world(50, 80, 0.2, 1), np.random.default_rng(1).standard_normal((80, 9)).astype(np.float32)
    np.testing.assert_allclose(solve_rows(extra, other, np.full(50, 3.0)), solve_rows(extra, other, 3.0), atol=1e-5)


@pytest.mark.parametrize("frequency", [0.3, 1.0])
def test_every_round_is_alternating_least_squares_with_those_ridges(frequency: float) -> None:
    """Against float64 and nothing clever, round by round from the same start: not only where both have settled."""
    rng = np.random.default_rng(0)
    users, items = (0.01 * rng.random((n, 5), dtype=np.float32).astype(np.float64) for n in X.shape)
    extra = X.matrix.astype(np.float64)
    extra.data[:] = 4.0
    back = extra.T.tocsr()
    ridges = [0.5 * (np.maximum(np.diff(side.indptr), 1) / 20) ** frequency for side in (extra, back)]
    for _ in range(4):
        items = each_its_own(back, users, ridges[1])
        users = each_its_own(extra, items, ridges[0])
    model = fitted(X, factors=5, alpha=4.0, ridge=0.5, frequency=frequency, epochs=4, values="once")
    some = np.diff(X.matrix.indptr) > 0
    np.testing.assert_allclose(model.score(np.flatnonzero(some)), (users @ items.T)[some], atol=2e-3)


@settings(max_examples=examples(20))
@given(st.integers(1, 12), st.integers(1, 12), st.floats(0.1, 1), st.integers(0, 99), st.floats(0, 1))
def test_both_views_are_exact(n: int, m: int, density: float, seed: int, frequency: float) -> None:
    x = Interactions.of(world(n, m, density, seed))
    model = fitted(x, seed=seed, factors=4, epochs=3, frequency=frequency, ridge=5.0)
    for u in np.flatnonzero(np.diff(x.matrix.indptr)):
        for i in range(m):
            told = check_explained(model, int(u), i)
            assert told.items.exact
            assert told.users.exact


@pytest.mark.parametrize("frequency", [0.0, 0.6])
def test_a_history_from_outside_is_scored_as_the_user(frequency: float) -> None:
    model = fitted(X, factors=8, frequency=frequency)
    scores, folded = model.score(np.arange(40)), model.fold(X.matrix)
    np.testing.assert_allclose(folded, scores, rtol=1e-3, atol=1e-3 * np.nanmax(np.abs(scores)))
    less = X.matrix[[5]].copy()
    less.data[0] = 0
    less.eliminate_zeros()
    assert not np.allclose(model.fold(less), folded[5], rtol=1e-3), "what is taken away is missed"


def test_a_small_file_keeps_its_tastes() -> None:
    """The defect: one ridge for all, as large as suits thousands of users, left nothing of a few dozen."""
    rng = np.random.default_rng(2)
    for users, items in ((1, 1), (2, 2), (3, 5), (12, 10), (40, 25)):
        two = (np.arange(users)[:, None] % 2 == np.arange(items)[None, :] % 2) * (rng.random((users, items)) < 0.9)
        two[0, 0] = True
        x = Interactions.of(two.astype(np.float32))
        scores = fitted(x).score(np.arange(users))
        assert np.median(scores[two]) > 0.25, (users, items)
    flat = fitted(Interactions.of(np.eye(6)), frequency=0.0).score(np.arange(6))
    assert np.abs(flat).max() < 1e-6, "and so it was"


def test_models_stored_before_there_was_frequency_are_read_as_they_were() -> None:
    old = fitted(X, frequency=0.0)
    assert set(old.arrays()) == {"users_before", "users", "items"}
    back = make(spec("ials")).load(X, old.arrays())  # a spec without `frequency` takes today's default
    assert spec("ials")["frequency"] != 0
    told, was = back.explain(3, 4), old.explain(3, 4)
    assert told.score == was.score
    assert told.items.values.tobytes() == was.items.values.tobytes()
    assert back.fold(X.matrix[:5]).tobytes() == old.fold(X.matrix[:5]).tobytes()
    new = fitted(X)
    assert make(spec("ials")).load(X, new.arrays()).explain(3, 4).score == new.explain(3, 4).score


def test_the_same_bytes_on_one_thread_or_two_and_it_stops() -> None:
    x = Interactions.of(world(1000, 600, 0.05, 8))
    first = fitted(x, epochs=3).arrays()
    with threadpool_limits(1):
        alone = fitted(x, epochs=3).arrays()
    for name in first:
        assert first[name].tobytes() == alone[name].tobytes()
    with pytest.raises(Cancelled):
        make(spec("ials")).fit(X, step=Watched(0.5))
