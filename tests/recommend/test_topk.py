"""topk against a dumb sort: ties, NaN, -inf, and rows just around the borders of its groups."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.interactions import Array
from core.recommend.topk import GROUP, group_heads, topk
from tests.examples import examples

FEW = [-np.inf, np.nan, -2.5, -0.0, 0.0, 1.0, 1.0000001, 3.0]


def dumb(scores: Array, k: int) -> tuple[Array, Array]:
    """Python's own sort, a row at a time."""
    items = np.full((len(scores), k), -1)
    values = np.full((len(scores), k), np.nan)
    for row, given_row in enumerate(scores.tolist()):
        said = [(-value, column) for column, value in enumerate(given_row) if np.isfinite(value)]
        for place, (value, column) in enumerate(sorted(said)[:k]):
            items[row, place], values[row, place] = column, -value
    return items, values


@settings(max_examples=examples(80))
@given(st.integers(0, 4), st.integers(1, 300), st.integers(1, 12), st.integers(0, 2**32 - 1), st.booleans())
def test_like_a_dumb_sort(rows: int, columns: int, k: int, seed: int, ties: bool) -> None:
    rng = np.random.default_rng(seed)
    scores = rng.choice(FEW, (rows, columns)) if ties else rng.standard_normal((rows, columns))
    scores = np.ascontiguousarray(scores, dtype=np.float32)
    before = scores.copy()
    items, values = topk(scores, k)
    wanted_items, wanted_values = dumb(scores, k)
    assert items.tolist() == wanted_items.tolist()
    np.testing.assert_array_equal(values, wanted_values.astype(np.float32))
    np.testing.assert_array_equal(scores, before)
    assert items.dtype == np.int32
    assert values.dtype == np.float32


@pytest.mark.parametrize("columns", [31, 32, 33, 64, 65, 95, 96, 97, 128, 161])
@pytest.mark.parametrize("k", [1, 2, 31, 40])
def test_group_borders(columns: int, k: int) -> None:
    """The best in the last column, in the first, on both sides of a border, and all alike."""
    rows = np.zeros((5, columns), dtype=np.float32)
    rows[0, -1], rows[1, 0], rows[2, min(31, columns - 1)] = 1, 1, 1
    rows[3, min(32, columns - 1)] = 1
    items, _ = topk(rows, k)
    assert items.tolist() == dumb(rows, k)[0].tolist()


def test_nothing_to_take() -> None:
    items, values = topk(np.full((2, 200), -np.inf, dtype=np.float32), 3)
    assert items.tolist() == [[-1] * 3] * 2
    assert np.isnan(values).all()


def test_negative_scores_are_scores() -> None:
    items, values = topk(np.array([[-3.0, -1.0, -2.0]], dtype=np.float32), 2)
    assert items.tolist() == [[1, 2]]
    assert values.tolist() == [[-1.0, -2.0]]


@pytest.mark.parametrize("columns", [100, 300, 333])
def test_heads_found_elsewhere_give_the_same(columns: int) -> None:
    rng = np.random.default_rng(columns)
    scores = rng.standard_normal((40, columns)).astype(np.float32)
    scores[::3][rng.random((14, columns)) < 0.2] = np.nan
    scores[1], scores[2] = np.nan, -np.inf
    heads = group_heads(scores)
    inside = scores[:, : columns // GROUP * GROUP].reshape(40, GROUP, -1)
    np.testing.assert_array_equal(heads, inside.max(axis=1))
    before = heads.copy()
    for mine, whole in zip(topk(scores, 4, heads), topk(scores, 4), strict=True):
        np.testing.assert_array_equal(mine, whole)
    np.testing.assert_array_equal(heads, before)
