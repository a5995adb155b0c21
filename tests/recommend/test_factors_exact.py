"""The exact half step against a loop over rows, in float64."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix, random_array

from core.interactions import Array
from core.progress import Cancelled, Step
from core.recommend import exact
from core.recommend.exact import solve_rows
from tests.examples import examples


def one_by_one(extra: csr_matrix, other: Array, ridge: float) -> Array:
    """Equation 4 of Hu, Koren and Volinsky 2008 as it stands, over every column of the matrix."""
    dense, y = extra.toarray().astype(np.float64), other.astype(np.float64)
    stored = np.zeros(dense.shape)
    stored[np.repeat(np.arange(len(dense)), np.diff(extra.indptr)), extra.indices] = 1
    rows = []
    for more, p in zip(dense, stored, strict=True):
        c = np.diag(1 + more)
        rows.append(np.linalg.solve(y.T @ c @ y + ridge * np.eye(y.shape[1]), y.T @ c @ p))
    return np.array(rows)


def world(n: int, m: int, density: float, seed: int) -> csr_matrix:
    rng = np.random.default_rng(seed)
    found = csr_matrix(random_array((n, m), density=density, rng=rng, dtype=np.float32))
    found.data = found.data * np.float32(8) + np.float32(0.01)
    found.sort_indices()
    return found


@settings(max_examples=examples(30))
@given(
    st.integers(1, 30), st.integers(1, 60), st.integers(1, 20), st.floats(0, 1), st.floats(0.1, 50), st.integers(0, 99)
)
def test_every_row_is_solved(n: int, m: int, factors: int, density: float, ridge: float, seed: int) -> None:
    extra = world(n, m, density, seed)
    other = np.random.default_rng(seed).standard_normal((m, factors)).astype(np.float32)
    found = solve_rows(extra, other, ridge, threads=2)
    wanted = one_by_one(extra, other, ridge)
    assert found.dtype == np.float32
    assert found.flags.c_contiguous
    np.testing.assert_allclose(found, wanted, rtol=0, atol=2e-4 * max(1.0, np.abs(wanted).max()))


def test_long_rows_are_added_up_in_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    extra = world(9, 200, 0.7, 1)
    other = np.random.default_rng(1).standard_normal((200, 6)).astype(np.float32)
    whole = solve_rows(extra, other, 1.0)
    monkeypatch.setattr(exact, "_HELD", 20)  # rows of 140 pairs now take a dozen turns, each row alone
    np.testing.assert_allclose(solve_rows(extra, other, 1.0), whole, atol=1e-5)
    np.testing.assert_allclose(whole, one_by_one(extra, other, 1.0), atol=1e-5)


def test_a_row_without_pairs_is_zero_and_a_pair_of_no_extra_weight_still_counts() -> None:
    extra = csr_matrix((np.zeros(1, np.float32), [0], [0, 0, 1]), shape=(2, 1))
    np.testing.assert_allclose(solve_rows(extra, np.array([[1.0]], np.float32), 1.0), [[0.0], [0.5]])


def test_it_stops_when_asked() -> None:
    class Impatient(Step):
        def cancelled(self) -> bool:
            return True

    with pytest.raises(Cancelled):
        solve_rows(world(5, 5, 0.5, 0), np.ones((5, 2), np.float32), 1.0, step=Impatient())
