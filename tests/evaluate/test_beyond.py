"""Beyond accuracy: each figure by hand, by a second road (scikit-learn, brute force), and at its limits."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest
from scipy.sparse import csr_matrix, random_array
from sklearn.metrics import roc_auc_score
from sklearn.metrics.pairwise import cosine_similarity

from core.evaluate.beyond import (
    Backdrop,
    calibration,
    category_diversity,
    diversity,
    each_user,
    gini,
    serendipity,
    shares_of,
    whole,
)
from core.evaluate.metrics import novelty
from core.evaluate.ranking import _auc, _counted, one_right, rank_all, rank_sampled
from core.evaluate.types import BEYOND
from core.interactions import Array, Interactions
from core.recommend import make, spec, unit_columns


def made(users: int = 60, items: int = 40, seed: int = 3) -> Interactions:
    """Every user has a pair, every item too."""
    rng = np.random.default_rng(seed)
    dense = rng.random((users, items)) < np.linspace(0.5, 0.05, items)
    dense[np.arange(users), np.arange(users) % items] = True
    return Interactions.of(dense.astype(np.float32))


def right_of(x: Interactions, seed: int = 0, most: int = 3) -> csr_matrix:
    """One to three items of each user that they have not taken."""
    rng = np.random.default_rng(seed)
    dense = x.matrix.toarray() > 0
    found = np.zeros(dense.shape, dtype=np.float32)
    for u in range(len(dense)):
        found[u, rng.choice(np.flatnonzero(~dense[u]), rng.integers(1, most + 1), replace=False)] = 1
    return csr_matrix(found)


def test_auc_is_scikit_learns_over_every_unseen_item() -> None:
    x = made()
    relevant = right_of(x)
    for name in ("popular", "item-knn", "puresvd"):
        model = make(spec(name)).fit(x, seed=0)
        rows = np.arange(x.shape[0])
        found = rank_all(model, rows, 5, relevant)
        scores, seen = model.score(rows).astype(np.float32), x.matrix.toarray() > 0
        expected = [
            roc_auc_score(relevant.toarray()[u][~seen[u]], np.nan_to_num(scores[u][~seen[u]], nan=-1e30)) for u in rows
        ]
        assert found.auc is not None
        np.testing.assert_allclose(found.auc, expected, rtol=1e-12)
        np.testing.assert_array_equal(found.items, model.recommend(rows, 5).items)


def test_auc_at_its_limits_and_where_a_model_cannot_say() -> None:
    """First of all: 1; last of all: 0; all equal: 0.5; cannot say anything: 0.5; a right item unscored: below."""
    scores = np.array(
        [
            [9, 1, 2, 3],
            [0, 1, 2, 3],
            [5, 5, 5, 5],
            [np.nan] * 4,
            [np.nan, 1, np.nan, 0],
            [1, -np.inf, -np.inf, -np.inf],
        ],
        dtype=np.float32,
    )
    relevant = csr_matrix(np.eye(1, 4, dtype=np.float32).repeat(6, axis=0))
    found, _ = _auc(scores, relevant, np.array([0, 0, 0, 0, 0, 3]))
    np.testing.assert_array_equal(found, [1, 0, 0.5, 0.5, 0.5 / 3, np.nan])


def test_a_count_of_flags_is_a_count() -> None:
    rng = np.random.default_rng(0)
    for width in (1, 7, 8, 63, 64, 65, 200):
        flags = rng.random((5, width)) < 0.4
        np.testing.assert_array_equal(_counted(flags), flags.sum(axis=1))


def test_diversity_is_one_minus_scikit_learns_cosine() -> None:
    x = made()
    lists = np.array([np.random.default_rng(u).permutation(40)[:6] for u in range(20)])
    lists[3, 2:] = -1
    lists[4, 1:] = -1
    once = (x.matrix.toarray() > 0).astype(float)
    likeness = cosine_similarity(once.T)
    expected = [
        1 - np.mean([likeness[a, b] for a, b in combinations(row[row >= 0], 2)]) if (row >= 0).sum() > 1 else np.nan
        for row in lists
    ]
    np.testing.assert_allclose(diversity(lists, unit_columns(x.matrix)), expected, rtol=1e-5)


def test_diversity_at_its_limits() -> None:
    """Items 0 and 1 have the same takers, item 2 others."""
    units = unit_columns(csr_matrix(np.array([[1, 1, 0], [2, 5, 0], [0, 0, 1]], dtype=np.float32)))
    np.testing.assert_allclose(diversity(np.array([[0, 1], [0, 2], [0, -1]]), units), [0, 1, np.nan], atol=1e-6)


def categories() -> csr_matrix:
    """Items 0, 1 in a; 2 in b; 3 half in a, half in b; 4 in none."""
    return shares_of(5, np.array([0, 1, 2, 3, 3]), np.array([0, 0, 1, 0, 1]), 2)


def test_diversity_of_categories_by_hand() -> None:
    """(a, a): 0; (a, b): 1; (a, half): 0.5; item 4 plays no part; (a, b, half): (1 + 0.5 + 0.5) / 3."""
    lists = np.array([[0, 1, 4], [0, 2, -1], [0, 3, 4], [0, 4, -1], [1, 2, 3]])
    np.testing.assert_allclose(category_diversity(lists, categories()), [0, 1, 0.5, np.nan, 2 / 3])


def test_calibration_by_hand_and_by_stecks_formula() -> None:
    """History: items 0 and 2, half a, half b. Lists: all a; half and half; no category; and a history without one."""
    matrix = np.zeros((4, 5), dtype=np.float32)
    matrix[:3, [0, 2]] = [3, 1]
    matrix[3, 4] = 1
    back = Backdrop(Interactions.of(matrix), categories())
    found = calibration(np.array([[0, 1], [1, 2], [4, -1], [0, 1]]), np.arange(4), back)
    all_a = 0.5 * math.log(0.5 / (0.99 * 1 + 0.005)) + 0.5 * math.log(0.5 / 0.005)
    np.testing.assert_allclose(found, [all_a, 0, np.nan, np.nan], atol=1e-12)


def test_serendipity_is_what_popularity_would_not_have_listed() -> None:
    """Against the popularity model's own lists, right item by right item."""
    x = made()
    relevant = right_of(x, most=8)
    rows = np.arange(x.shape[0])
    mine = make(spec("puresvd")).fit(x, seed=0).recommend(rows, 5).items
    theirs = make(spec("popular", {"count": "users"})).fit(x).recommend(rows, 5).items
    right = relevant.toarray() > 0
    expected = [sum(right[u, i] and i not in theirs[u] for i in mine[u] if i >= 0) / 5 for u in rows]
    found = serendipity(mine, rows, relevant, Backdrop(x))
    np.testing.assert_allclose(found, expected)
    assert found.max() > 0
    assert serendipity(theirs, rows, relevant, Backdrop(x)).max() == 0
    assert np.isnan(serendipity(np.full((1, 5), -1), rows[:1], relevant[:1], Backdrop(x)))[0]


@pytest.mark.parametrize(("listed", "expected"), [([1, 1, 1, 1], 0), ([0, 0, 0, 8], 0.75), ([0, 0], 0), ([1, 3], 0.25)])
def test_gini_by_hand(listed: list[int], expected: float) -> None:
    """Also as half the mean difference of every two, over the mean."""
    found = gini(np.array(listed))
    assert found == pytest.approx(expected)
    if sum(listed):
        apart = np.abs(np.subtract.outer(listed, listed)).mean() / 2 / np.mean(listed)
        assert found == pytest.approx(apart)


def test_popularity_novelty_and_bias_by_hand() -> None:
    """Of 4 users 4, 2 and 1 took items 0, 1 and 2."""
    x = Interactions.of(np.array([[1, 1, 1], [1, 1, 0], [1, 0, 0], [1, 0, 0]]))
    lists, rows = np.array([[0, 1], [2, -1]]), np.array([2, 3])
    found = dict(zip(BEYOND, each_user(lists, rows, csr_matrix((2, 3)), None, Backdrop(x)).T, strict=True))
    np.testing.assert_allclose(found["popularity"], [0.75, 0.25])
    np.testing.assert_allclose(found["novelty"], [0.5, 2.0])
    assert novelty(lists, np.array([4, 2, 1]), 4) == pytest.approx((0 + 1 + 2) / 3), "of the lists: each place alike"
    assert np.isnan(found["auc"]).all()
    assert np.isnan(found["calibration"]).all()
    assert whole(lists, rows, Backdrop(x))["popularity_bias"] == pytest.approx((0.75 + 0.25) / 2 / 1.0)
    assert "popularity_bias" not in whole(np.full((2, 2), -1), rows, Backdrop(x))


def test_blocks_of_lists_play_no_part(monkeypatch: pytest.MonkeyPatch) -> None:
    x = made()
    lists = make(spec("item-knn")).fit(x).recommend(np.arange(60), 5).items
    one = diversity(lists, unit_columns(x.matrix))
    monkeypatch.setattr("core.evaluate.beyond._PAIRS", 50)
    monkeypatch.setattr("core.recommend.likeness._CELLS", 100)
    np.testing.assert_allclose(diversity(lists, unit_columns(x.matrix)), one, rtol=1e-6)


def test_sampled_lists_hold_the_right_item_and_drawn_unseen_ones() -> None:
    """300 items: 100 candidates a user; with lists of 100 they are all there, the right one among them, none seen."""
    dense = random_array((30, 300), density=0.1, rng=np.random.default_rng(0)).toarray() > 0
    dense[:, 0] = True
    x = Interactions(**Interactions.of(dense).__dict__)
    held = right_of(x)
    rows = np.arange(30)
    one = one_right(held, x.users.numbers, x.items.numbers, 0)
    assert (np.diff(one.indptr) == 1).all()
    assert (one.toarray() <= held.toarray()).all()
    found = rank_sampled(make(spec("popular")).fit(x), rows, 100, one, held, 0).items
    other = rank_sampled(make(spec("puresvd")).fit(x), rows, 100, one, held, 0).items
    for u in rows:
        drawn = set(found[u].tolist())
        assert len(drawn) == 100 == len(drawn | set(other[u].tolist())), "every model faces the same"
        assert -1 not in drawn
        assert not drawn & set(np.flatnonzero(dense[u]).tolist())
        assert drawn & set(held[[u]].indices.tolist()) == set(one[[u]].indices.tolist())
    assert (rank_sampled(make(spec("popular")).fit(x), rows, 100, one, held, 1).items != found).any()


def test_fewer_items_than_are_drawn_leave_places_empty() -> None:
    x = made(users=10, items=12)
    held = right_of(x, most=1)
    found: Array = rank_sampled(make(spec("popular")).fit(x), np.arange(10), 12, held, held, 0).items
    np.testing.assert_array_equal((found >= 0).sum(axis=1), 12 - np.diff(x.matrix.indptr))
