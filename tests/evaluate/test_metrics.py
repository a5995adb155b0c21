"""Metrics against a slow literal twin, against cases worked by hand, and against laws."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from core.evaluate import METRICS
from core.evaluate.metrics import coverage, hits, novelty, per_user


def literal(listed: list[int], right: set[int], k: int) -> dict[str, float]:
    """Each formula of DEFINITIONS, written out for one user."""
    at = [rank for rank, item in enumerate(listed, 1) if item in right]
    best = min(k, len(right))
    precision, recall = len(at) / k, len(at) / len(right)
    return {
        "ndcg": sum(1 / math.log2(r + 1) for r in at) / sum(1 / math.log2(r + 1) for r in range(1, best + 1)),
        "recall": recall,
        "precision": precision,
        "f1": 2 * precision * recall / (precision + recall) if at else 0.0,
        "map": sum(len([a for a in at if a <= r]) / r for r in at) / best,
        "mrr": 1 / at[0] if at else 0.0,
        "hit_rate": 1.0 if at else 0.0,
    }


def sets(rows: list[set[int]], n_items: int) -> csr_matrix:
    made = np.zeros((len(rows), n_items), dtype=np.float32)
    for u, right in enumerate(rows):
        made[u, list(right)] = 1
    return csr_matrix(made)


@st.composite
def cases(draw: st.DrawFn) -> tuple[list[list[int]], list[set[int]], int, int]:
    """Lists of k (some cut short), what is right, k, and the number of items."""
    n_items = draw(st.integers(1, 12))
    k = draw(st.integers(1, 8))
    users = draw(st.integers(1, 5))
    every = st.permutations(range(n_items))
    lists = [draw(every)[: draw(st.integers(0, min(k, n_items)))] for _ in range(users)]
    right = [draw(st.sets(st.integers(0, n_items - 1), min_size=1)) for _ in range(users)]
    return lists, right, k, n_items


def padded(lists: list[list[int]], k: int) -> np.ndarray:
    return np.array([row + [-1] * (k - len(row)) for row in lists], dtype=np.int32).reshape(len(lists), k)


@given(cases())
def test_every_metric_is_its_formula(case: tuple[list[list[int]], list[set[int]], int, int]) -> None:
    lists, right, k, n_items = case
    found = per_user(padded(lists, k), sets(right, n_items))
    expected = [[literal(row, r, k)[name] for name in METRICS] for row, r in zip(lists, right, strict=True)]
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    assert (found >= 0).all()
    assert (found <= 1).all()


@given(cases(), st.randoms(use_true_random=False))
def test_the_order_of_users_plays_no_part(
    case: tuple[list[list[int]], list[set[int]], int, int], draws: random.Random
) -> None:
    lists, right, k, n_items = case
    order = list(range(len(lists)))
    draws.shuffle(order)
    items, relevant = padded(lists, k), sets(right, n_items)
    np.testing.assert_array_equal(per_user(items[order], relevant[order]), per_user(items, relevant)[order])


@pytest.mark.parametrize("n_right", [1, 2, 3, 7])
def test_the_best_list_scores_one_to_the_last_digit(n_right: int) -> None:
    """With 7 right items and k = 3, and with 1 right item and k = 3: NDCG, MAP, MRR and hit rate are 1."""
    relevant = sets([set(range(n_right))], 20)
    found = dict(zip(METRICS, per_user(np.array([[0, 1, 2]]), relevant)[0], strict=True))
    assert (found["ndcg"], found["map"], found["mrr"], found["hit_rate"]) == (1.0, 1.0, 1.0, 1.0)
    assert found["precision"] == min(3, n_right) / 3
    assert found["recall"] == min(3, n_right) / n_right


def test_a_case_worked_by_hand() -> None:
    """K = 5, right items at places 2 and 5, 3 relevant.

    DCG = 1/log2(3) + 1/log2(6) = 0.63093 + 0.38685 = 1.01778; ideal = 1 + 0.63093 + 0.5 = 2.13093; NDCG = 0.47762.
    MAP = (1/2 + 2/5) / 3 = 0.3. Precision 2/5, recall 2/3, F1 = 2 x 2 / (5 + 3) = 0.5. MRR = 1/2.
    """
    found = per_user(np.array([[9, 1, 8, 7, 2]]), sets([{1, 2, 3}], 10))[0]
    assert dict(zip(METRICS, found.round(5).tolist(), strict=True)) == {
        "ndcg": 0.47762,
        "recall": 0.66667,
        "precision": 0.4,
        "f1": 0.5,
        "map": 0.3,
        "mrr": 0.5,
        "hit_rate": 1.0,
    }


def test_the_ideal_is_what_can_be_achieved_not_k_items() -> None:
    """One relevant item in first place among ten is 1; a convention that divides by ten right items would say 0.22."""
    found = per_user(np.array([[4, *range(10, 19)]]), sets([{4}], 20))[0]
    assert found[METRICS.index("ndcg")] == 1.0


def test_places_left_empty_count_as_wrong() -> None:
    found = dict(zip(METRICS, per_user(np.array([[0, -1, -1, -1]]), sets([{0, 1}], 3))[0], strict=True))
    assert found["precision"] == 0.25


def test_no_place_is_a_hit_by_wrapping_into_the_next_user() -> None:
    """-1 in user 1's list must not be read as the last item of user 0, whose item 2 is right."""
    assert not hits(np.array([[0], [-1]]), sets([{2}, {1}], 3)).any()


def test_coverage_counts_items_in_any_list() -> None:
    """Items 1, 2 and 5 of eight."""
    assert coverage(np.array([[1, 2], [2, 5], [1, -1]]), 8) == 3 / 8


def test_novelty_of_a_case_worked_by_hand() -> None:
    """Of 8 users, 8, 4 and 1 took items 0, 1, 2: 0, 1 and 3 bits; listed: 0, 1, 1, 2 -> (0 + 1 + 1 + 3) / 4."""
    assert novelty(np.array([[0, 1], [1, 2], [-1, -1]]), np.array([8, 4, 1]), 8) == 1.25
    assert novelty(np.array([[-1]]), np.array([8]), 8) is None


def test_lists_and_relevant_items_must_be_of_the_same_users() -> None:
    with pytest.raises(ValueError, match="one list for each user"):
        per_user(np.array([[0]]), sets([{0}, {0}], 1))
