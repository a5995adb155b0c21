"""User-kNN and item-kNN: cosines by hand, the cut against a dumb sort, the kernel's choices repeatable."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.metrics.pairwise import cosine_similarity
from threadpoolctl import threadpool_limits

from core.errors import Refusal
from core.interactions import Array, Interactions
from core.recommend import make, spec
from core.recommend import nearest as module
from core.recommend.nearest import nearest

# Anna took a, b; Ben a, b, c; Carl c; Dora d alone.
FOUR = Interactions.of(np.array([[1.0, 1, 0, 0], [1, 1, 1, 0], [0, 0, 1, 0], [0, 0, 0, 1]]))


def weighted(users: int = 60, items: int = 45) -> Array:
    """Weights that are all different, so that no two similarities are equal."""
    rng = np.random.default_rng(8)
    return np.where(rng.random((users, items)) < 0.3, rng.random((users, items)) + 0.1, 0).astype(np.float32)


def test_people_like_you_by_hand() -> None:
    model = make(spec("user-knn", {"values": "once", "shrink": 0.0})).fit(FOUR)
    alike = 2 / (2**0.5 * 3**0.5)  # Anna and Ben: two shared, of two and of three
    np.testing.assert_allclose(model.score(np.array([0]))[0], [alike, alike, alike, 0], rtol=1e-6)
    told = model.explain(0, 2)
    assert told.users.rows.tolist() == [1]
    assert told.users.values == pytest.approx([alike])
    assert told.items.rows.tolist() == [0, 1]
    assert told.items.values == pytest.approx([alike / 2, alike / 2])
    assert model.recommend(np.array([0]), 1).items.tolist() == [[2]]
    assert model.explain(3, 0).score == 0
    assert not len(model.explain(3, 0).users.rows)


def test_goes_together_by_hand() -> None:
    model = make(spec("item-knn", {"values": "once", "shrink": 0.0})).fit(FOUR)
    with_c = 1 / (2**0.5 * 2**0.5)  # a and c: Ben alone took both, each was taken by two
    np.testing.assert_allclose(model.score(np.array([0]))[0], [1, 1, 2 * with_c, 0], rtol=1e-6)
    told = model.explain(0, 2)
    assert told.items.rows.tolist() == [0, 1]
    assert told.items.values == pytest.approx([with_c, with_c])
    assert told.users.rows.tolist() == [1]
    assert told.users.values == pytest.approx([2 * with_c])


@pytest.mark.parametrize("k", [1, 5, 17, 59, 200])
def test_the_nearest_are_the_nearest(k: int) -> None:
    weights = weighted()
    alike = cosine_similarity(weights)
    np.fill_diagonal(alike, 0)
    kept = nearest(csr_matrix(weights), k).toarray()
    for row in range(len(weights)):
        best = [w for w in np.argsort(-alike[row])[:k] if alike[row, w] > 0]
        assert set(np.flatnonzero(kept[row])) == set(best)
        np.testing.assert_allclose(kept[row, best], alike[row, best], rtol=1e-6)


def test_each_item_listens_to_its_own_nearest() -> None:
    """The cut is made per item recommended, not per item of the history (measured: see docs)."""
    weights = weighted()
    model = make(spec("item-knn", {"neighbours": 5, "values": "sum", "shrink": 0.0})).fit(Interactions.of(weights))
    alike = cosine_similarity(weights.T)
    np.fill_diagonal(alike, 0)
    wanted = np.zeros_like(alike)
    for item in range(weights.shape[1]):
        best = np.argsort(-alike[item])[:5]
        wanted[best, item] = alike[best, item]
    np.testing.assert_allclose(model.score(np.arange(60)), weights @ wanted, rtol=1e-5, atol=1e-6)


def test_similar_users_are_cut_too() -> None:
    weights = weighted()
    model = make(spec("user-knn", {"neighbours": 7, "values": "sum", "shrink": 0.0})).fit(Interactions.of(weights))
    alike = cosine_similarity(weights)
    np.fill_diagonal(alike, 0)
    alike[alike < np.sort(alike, axis=1)[:, [-7]]] = 0
    np.testing.assert_allclose(model.score(np.arange(60)), alike @ weights, rtol=1e-5, atol=1e-6)
    told = model.explain(4, 3)
    assert set(told.users.rows) == set(np.flatnonzero((alike[4] > 0) & (weights[:, 3] > 0)))


def test_caution_by_hand() -> None:
    """Shrink 2: Anna and Ben, two shared, of two and of three: 2 / sqrt((2 + 2) (3 + 2))."""
    people = make(spec("user-knn", {"values": "once", "shrink": 2.0})).fit(FOUR)
    assert people.score(np.array([0]), np.array([2]))[0] == pytest.approx(2 / 20**0.5)
    assert people.explain(0, 2).users.values == pytest.approx([2 / 20**0.5])
    things = make(spec("item-knn", {"values": "once", "shrink": 2.0})).fit(FOUR)
    assert things.score(np.array([2]), np.array([0]))[0] == pytest.approx(1 / 4)  # one shared, of two and of two
    assert things.explain(2, 0).items.values == pytest.approx([1 / 4])


def test_caution_prefers_who_shares_more() -> None:
    """Anna took 16 items, Eve one of them, Ben two of them and four others.

    The cosine says Eve: 1 / sqrt(16) against 2 / sqrt(16 x 6). With a shrink of 20 it is Ben: 1 / sqrt(36 x 21) is
    0.036, 2 / sqrt(36 x 26) is 0.065.
    """
    anna, eve, ben = np.zeros((3, 20), dtype=np.float32)
    anna[:16], eve[0], ben[[1, 2, 16, 17, 18, 19]] = 1, 1, 1
    people = csr_matrix(np.vstack([anna, eve, ben]))
    assert nearest(people, 1)[[0]].indices.tolist() == [1]
    careful = nearest(people, 1, 20.0)[[0]]
    assert careful.indices.tolist() == [2]
    assert careful.data == pytest.approx([2 / (36 * 26) ** 0.5])


def test_twins_do_not_crowd_out_and_never_name_themselves() -> None:
    """Many rows alike: more ties at 1 than places. Each row still gets k others, never itself."""
    weights = np.vstack([np.tile([1.0, 1, 0], (30, 1)), np.tile([0, 1, 1.0], (2, 1))])
    kept = nearest(csr_matrix(weights), 10)
    assert np.diff(kept.indptr).tolist() == [10] * 32
    assert not kept.diagonal().any()
    assert np.allclose(kept[:30].data, 1)


def test_ties_do_not_depend_on_threads() -> None:
    rng = np.random.default_rng(3)
    things = csr_matrix(rng.random((800, 60)) < 0.06, dtype=np.float32)  # cosines of few values: ties everywhere
    with threadpool_limits(1):
        one = nearest(things, 9)
    with threadpool_limits(2):
        two = [nearest(things, 9) for _ in range(3)]
    for again in two:
        assert one.indices.tobytes() == again.indices.tobytes()
        assert one.data.tobytes() == again.data.tobytes()


def test_nobody_near() -> None:
    assert nearest(csr_matrix(np.eye(4)), 3).nnz == 0
    assert nearest(csr_matrix((5, 3)), 3).nnz == 0
    assert nearest(csr_matrix(np.ones((1, 3))), 3).shape == (1, 1)


def test_more_than_memory_holds_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "memory", lambda: 60 * 24 * 40)
    with pytest.raises(Refusal) as refused:
        make(spec("user-knn", {"neighbours": 20})).fit(Interactions.of(weighted()))
    assert refused.value.code == "too_many_neighbours"
    assert "at most 11 neighbours" in refused.value.hint
    make(spec("user-knn", {"neighbours": 11})).fit(Interactions.of(weighted()))
