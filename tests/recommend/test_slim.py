"""SLIM: against scikit-learn's elastic net item by item, by the conditions of an optimum, and where memory ends."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from core.errors import Refusal
from core.interactions import Array, Interactions
from core.recommend import make, nonneg, spec
from core.recommend import slim as module
from core.recommend.nonneg import nonnegative

PRICES = [(0.001, 0.1), (2.0, 10.0), (20.0, 200.0)]


def weights_of(users: int = 150, items: int = 40, seed: int = 0) -> Array:
    rng = np.random.default_rng(seed)
    taken = rng.random((users, items)) < rng.random(items) * 0.5
    return np.where(taken, rng.integers(1, 5, (users, items)), 0).astype(np.float32)


def links(v: Array, l1: float, l2: float) -> Array:
    model = make(spec("slim", {"l1": l1, "l2": l2, "values": "sum"})).fit(Interactions.of(v))
    found = model.arrays()  # type: ignore[attr-defined]
    size = v.shape[1]
    made: Array = csr_matrix((found["data"], found["indices"], found["indptr"]), shape=(size, size)).toarray()
    return made


@pytest.mark.parametrize("l1, l2", PRICES)
def test_links_are_those_of_scikit_learn(l1: float, l2: float) -> None:
    from sklearn.linear_model import ElasticNet

    v = weights_of()
    found = links(v, l1, l2)
    assert not found.diagonal().any()
    for item in range(0, v.shape[1], 3):
        others, wanted = v.astype(np.float64), v[:, item].astype(np.float64)
        others[:, item] = 0
        net = ElasticNet(
            alpha=(l1 + l2) / len(v),
            l1_ratio=l1 / (l1 + l2),
            positive=True,
            fit_intercept=False,
            tol=1e-12,
            max_iter=100_000,
        )
        np.testing.assert_allclose(found[:, item], net.fit(others, wanted).coef_, atol=1e-6)


@pytest.mark.parametrize("kind, room", [(np.float64, 1e-8), (np.float32, 1e-5)])
@pytest.mark.parametrize("l1, l2", PRICES)
def test_optimum_by_its_conditions(kind: type, room: float, l1: float, l2: float) -> None:
    v = weights_of(300, 120, seed=3).astype(np.float64)
    gram: Array = (v.T @ v).astype(kind)
    s = nonnegative(gram, np.arange(120), l1, l2)
    pull = (gram - gram @ s.T - l2 * s.T).T - l1
    np.fill_diagonal(pull, -1.0)
    size = gram.max()
    assert (s >= 0).all()
    assert not s.diagonal().any()
    assert np.abs(pull[s > 0]).max() <= room * size
    assert pull[s == 0].max() <= room * size


def test_one_at_a_time_gives_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lawson and Hanson's method, which finishes what stalls, from nothing."""
    gram = (weights_of().T.astype(np.float64)) @ weights_of()
    quick = nonnegative(gram, np.arange(40), 2.0, 10.0)
    monkeypatch.setattr(nonneg, "_ROUNDS", 0)
    np.testing.assert_allclose(nonnegative(gram, np.arange(40), 2.0, 10.0), quick, atol=1e-9)


def test_explanations_add_up_by_hand() -> None:
    """Three users, once, l1 = 0.5, l2 = 1: G_10 = 2, G_11 = 3, so S_10 = (2 - 0.5) / (3 + 1)."""
    x = Interactions.of(np.array([[1.0, 1], [1, 1], [0, 1]]))
    model = make(spec("slim", {"l1": 0.5, "l2": 1.0, "values": "once"})).fit(x)
    told = model.explain(2, 0)
    assert told.score == pytest.approx(0.375)
    assert told.base == 0
    assert told.items.rows.tolist() == [1]
    assert told.users.rows.tolist() == [0, 1]
    assert told.users.values == pytest.approx([0.1875, 0.1875])
    assert told.users.exact


def test_no_room_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "memory", lambda: 8 * 1_000_000)
    with pytest.raises(Refusal) as refused:
        make(spec("slim")).fit(Interactions.of(csr_matrix(np.ones((1, 1001)))))
    assert refused.value.code == "too_many_items"
    assert "Up to 1,000 items fit" in refused.value.hint


def test_hopeless_equations_are_refused() -> None:
    v = np.ones((3, 4), dtype=np.float32) * 1e12
    with pytest.raises(Refusal) as refused:
        make(spec("slim", {"l1": 0.001, "l2": 0.1, "values": "sum"})).fit(Interactions.of(v))
    assert refused.value.code == "ill_posed"


def test_a_new_history_is_scored_as_it_would_be_in_the_matrix() -> None:
    v = weights_of()
    for name in ("slim", "ease"):
        model = make(spec(name)).fit(Interactions.of(v[:100]))
        swapped = make(spec(name)).load(Interactions.of(v[50:]), model.arrays())  # type: ignore[attr-defined]
        np.testing.assert_array_equal(model.fold(csr_matrix(v[50:])), swapped.score(np.arange(100)))
