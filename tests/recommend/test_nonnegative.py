"""Non-negative least squares against scipy's, and its conditions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import nnls

from core.recommend import nonnegative
from core.recommend.nonnegative import free_part, solve_nonnegative
from tests.examples import examples


@settings(max_examples=examples(40))
@given(
    st.integers(1, 25), st.integers(1, 20), st.integers(1, 30), st.floats(0.05, 1), st.booleans(), st.integers(0, 99)
)
def test_it_is_the_solution(k: int, n: int, m: int, density: float, signed: bool, seed: int) -> None:
    rng = np.random.default_rng(seed)
    y = (rng.standard_normal((m, k)) if signed else rng.random((m, k))) * (rng.random((m, k)) < density)
    left = y.T @ y + 0.05 * np.eye(k)
    right = (rng.random((n, m)) * (rng.random((n, m)) < 0.4)) @ y
    found = solve_nonnegative(left, right)
    root = np.linalg.cholesky(left)
    wanted = np.array([nnls(root.T, np.linalg.solve(root, row))[0] for row in right])
    np.testing.assert_allclose(found, wanted, atol=1e-7 * max(1.0, np.abs(wanted).max()))
    guessed = solve_nonnegative(left, right, guess=rng.random((n, k)) < 0.5)
    np.testing.assert_allclose(guessed, wanted, atol=1e-7 * max(1.0, np.abs(wanted).max()))
    pull = found @ left - right  # Karush, Kuhn and Tucker: no entry could do better
    assert found.min() >= 0
    assert (pull > -1e-8 * max(1.0, np.abs(right).max())).all()
    assert np.abs(pull * found).max() < 1e-8 * max(1.0, np.abs(right).max() ** 2)


def test_rows_are_cut_into_chunks_that_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    y = rng.random((30, 6))
    left, right = y.T @ y + np.eye(6), rng.standard_normal((50, 6))
    whole = solve_nonnegative(left, right)
    monkeypatch.setattr(nonnegative, "_HELD", 36 * 7)
    np.testing.assert_allclose(solve_nonnegative(left, right), whole, atol=1e-12)


def test_exchanging_one_at_a_time_ends_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whole sets may go round in circles; the fallback alone must find the same."""
    rng = np.random.default_rng(3)
    y = rng.standard_normal((8, 8))
    left, right = y @ y.T + 0.01 * np.eye(8), rng.standard_normal((40, 8))
    whole = solve_nonnegative(left, right)
    monkeypatch.setattr(nonnegative, "_TRIES", -1)
    np.testing.assert_allclose(solve_nonnegative(left, right), whole, atol=1e-8)


def test_nothing_pulls_nothing() -> None:
    assert not solve_nonnegative(np.eye(3), np.zeros((2, 3))).any()
    assert not len(free_part(np.eye(3), np.array([-1.0, 0.0, -2.0])))
    assert solve_nonnegative(np.eye(3), np.empty((0, 3))).shape == (0, 3)
