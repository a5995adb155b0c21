"""Measures of likeness and weightings: by hand, against scikit-learn and by a dumb sort; folding; stopping."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.metrics import jaccard_score

from core.interactions import Array, Interactions
from core.progress import Cancelled, Step
from core.recommend import make, spec
from core.recommend.alike import Likeness, Weighting
from core.recommend.base import Model
from core.recommend.nearest import Seeker, nearest

# Anna took a, b; Ben a, b, c; Carl c; Dora d alone.
FOUR = Interactions.of(np.array([[1.0, 1, 0, 0], [1, 1, 1, 0], [0, 0, 1, 0], [0, 0, 0, 1]]))
EVERY: tuple[dict[str, Any], ...] = (
    {},
    {"similarity": "asymmetric", "asymmetry": 0.2},
    {"similarity": "jaccard", "shrink": 0.0},
    {"similarity": "tversky", "own_only": 0.3, "other_only": 1.2},
    {"weighting": "tf-idf", "values": "log"},
    {"weighting": "bm25", "values": "sum"},
)


def market(users: int = 90, items: int = 120, seed: int = 5) -> Interactions:
    """Weights of one to four: many likenesses are equal."""
    rng = np.random.default_rng(seed)
    popular = 1 / np.arange(1, items + 1) ** 0.7
    taken = rng.random((users, items)) < 0.5 * popular
    return Interactions.of(np.where(taken, rng.integers(1, 5, (users, items)), 0))


def alike(like: Likeness) -> float:
    """Anna's likeness to Ben."""
    return float(nearest(FOUR.matrix, 3, like)[0, 1])


def test_measures_by_hand() -> None:
    """Anna and Ben share two things; only he has one more."""
    assert alike(Likeness("jaccard")) == pytest.approx(2 / 3)
    assert alike(Likeness("jaccard", shrink=2)) == pytest.approx(2 / 5)
    assert alike(Likeness("tversky", own_only=7, other_only=0.5)) == pytest.approx(2 / 2.5)
    assert alike(Likeness("asymmetric", asymmetry=1)) == pytest.approx(2 / 2)  # by Anna's two
    assert alike(Likeness("asymmetric", asymmetry=0)) == pytest.approx(2 / 3)  # by Ben's three
    assert alike(Likeness("asymmetric", asymmetry=0.5)) == pytest.approx(alike(Likeness()))


def test_jaccard_is_that_of_scikit_learn() -> None:
    took = market().matrix.toarray() > 0
    kept = nearest(market().matrix, 89, Likeness("jaccard")).toarray()
    for a, b in ((0, 1), (3, 50), (88, 7), (12, 13)):
        assert kept[a, b] == pytest.approx(jaccard_score(took[a], took[b]))


@pytest.mark.parametrize("like", [Likeness("jaccard"), Likeness("tversky", 3.0, own_only=0.2, other_only=1.5)])
def test_sets_keep_the_nearest_and_of_equal_ones_the_first(like: Likeness) -> None:
    took = (market().matrix.toarray() > 0).astype(np.float64)
    shared, sizes = took @ took.T, took.sum(axis=1)
    a, b = (1.0, 1.0) if like.measure == "jaccard" else (like.own_only, like.other_only)
    below = shared + a * (sizes[:, None] - shared) + b * (sizes[None] - shared) + like.shrink
    wanted = np.where(shared > 0, shared / np.where(below == 0, 1, below), 0)
    np.fill_diagonal(wanted, 0)
    kept = nearest(market().matrix, 6, like).toarray()
    for row, all_ in enumerate(wanted):
        order = sorted(range(len(all_)), key=lambda w: (-np.float32(all_[w]), w))[:6]
        assert np.flatnonzero(kept[row]).tolist() == sorted(w for w in order if all_[w] > 0)
        np.testing.assert_allclose(kept[row][kept[row] > 0], all_[kept[row] > 0], rtol=1e-6)


def test_tf_idf_is_that_of_scikit_learn() -> None:
    v = market().matrix.astype(np.float32)
    wanted = TfidfTransformer(norm=None, smooth_idf=True).fit_transform(v).toarray()
    np.testing.assert_allclose(Weighting.learn("tf-idf", "users", v).weigh(v).toarray(), wanted, rtol=1e-6)
    of_items = TfidfTransformer(norm=None, smooth_idf=True).fit_transform(v.T).toarray().T
    np.testing.assert_allclose(Weighting.learn("tf-idf", "items", v).weigh(v).toarray(), of_items, rtol=1e-6)


def test_bm25_by_hand() -> None:
    """Ben's c: two of four users have it (idf ln 2); he did three things, on average 1.75 were done."""
    length = 1.2 * (0.25 + 0.75 * 3 / 1.75)
    wanted = 2.2 / (1 + length) * np.log(2)
    assert Weighting.learn("bm25", "users", FOUR.matrix).weigh(FOUR.matrix)[1, 2] == pytest.approx(wanted)
    # for items: c has two users of 1.75 on average; Ben, the term, has three of the four
    wanted = 2.2 / (1 + 1.2 * (0.25 + 0.75 * 2 / 1.75)) * np.log(1 + 1.5 / 3.5)
    assert Weighting.learn("bm25", "items", FOUR.matrix).weigh(FOUR.matrix)[1, 2] == pytest.approx(wanted)


@pytest.mark.parametrize("k", [1, 4, 30])
def test_both_kernels_choose_the_same(k: int) -> None:
    """Also among equal ones: so a history that is folded in finds whom the fit found."""
    v = csr_matrix((market(300, 40).matrix > 0).astype(np.float32))
    fitted = nearest(v, k, 2.0)
    sought = Seeker(Likeness(shrink=2.0), v.T.tocsr()).seek(v, k, np.arange(300))
    assert fitted.indices.tobytes() == sought.indices.tobytes()
    assert fitted.data.tobytes() == sought.data.tobytes()


@pytest.mark.parametrize("name", ["user-knn", "item-knn"])
@pytest.mark.parametrize("params", EVERY, ids=str)
def test_every_combination_cut_folded_and_listed(name: str, params: dict[str, Any]) -> None:
    """Few neighbours, many equal scores: folding gives the fit's own, reasons add up, sparse lists are the dense."""
    x = market()
    model = make(spec(name, {"neighbours": 5, **params})).fit(x)
    users = np.flatnonzero(np.diff(x.matrix.indptr))
    scores = model.score(users)
    np.testing.assert_allclose(model.fold(x.matrix[users], own=users), scores, rtol=1e-6, atol=1e-7)
    for user in users[::9]:
        for item in range(0, 120, 11):
            told = model.explain(int(user), item)
            size = 1e-5 * np.abs(told.users.values).sum() + 1e-6
            assert told.score == pytest.approx(model.score(np.array([user]))[0, item], abs=size)
            for of in (told.items, told.users):
                assert of.exact
                assert of.values.sum() == pytest.approx(told.score, rel=1e-9, abs=1e-12)
    same_lists(model, users)


@pytest.mark.parametrize("name", ["p3alpha", "rp3beta"])
def test_walks_fold_and_list_likewise(name: str) -> None:
    x = market()
    model = make(spec(name, {"neighbours": 7, "alpha": 0.8, "values": "log"})).fit(x)
    users = np.flatnonzero(np.diff(x.matrix.indptr))
    np.testing.assert_allclose(model.fold(x.matrix[users], own=users), model.score(users), rtol=1e-6)
    same_lists(model, users)


def same_lists(model: Any, users: Array) -> None:
    for k in (1, 4, 20):
        for exclude in (True, False):
            listed = model.recommend(users, k, exclude_seen=exclude)
            items, values = Model._best(model, users, k, exclude, None)
            np.testing.assert_allclose(listed.scores, values, rtol=1e-5, atol=1e-7)
            assert (listed.items == items).mean() > 0.98  # but for scores equal but for rounding


def test_a_shorter_history_is_compared_afresh() -> None:
    """Counterfactuals: user 4 without one event, against cosines over the matrix where that event is gone."""
    x = market()
    model = make(spec("user-knn", {"neighbours": 200, "values": "sum", "shrink": 0.0})).fit(x)
    less = x.matrix.toarray()
    less[4, np.flatnonzero(less[4])[0]] = 0
    unit = less / np.maximum(np.linalg.norm(less, axis=1, keepdims=True), 1e-12)
    near = unit @ unit[4]
    near[4] = 0
    folded = model.fold(csr_matrix(less[[4]], dtype=np.float32), own=np.array([4]))
    np.testing.assert_allclose(folded[0], near @ x.matrix.toarray(), rtol=1e-5, atol=1e-6)
    near[4] = unit[4] @ (x.matrix.toarray()[4] / np.linalg.norm(x.matrix.toarray()[4]))
    stranger = model.fold(csr_matrix(less[[4]], dtype=np.float32))
    np.testing.assert_allclose(stranger[0], near @ x.matrix.toarray(), rtol=1e-5, atol=1e-6)


class Stopped(Step):
    """Asked to stop at the third look."""

    looks = 0

    def cancelled(self) -> bool:
        self.looks += 1
        return self.looks >= 3


@pytest.mark.parametrize("params", [{"similarity": "jaccard"}, {"similarity": "asymmetric"}], ids=str)
def test_comparing_can_be_stopped(params: dict[str, Any]) -> None:
    with pytest.raises(Cancelled):
        make(spec("user-knn", params)).fit(market(1500, 20), step=Stopped())
