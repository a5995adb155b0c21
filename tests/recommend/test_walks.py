"""P3alpha and RP3beta: by hand, and with the cut, against dense matrices."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from core.interactions import Interactions
from core.recommend import make, spec
from tests.recommend.test_alike import FOUR, market


def test_a_walk_by_hand() -> None:
    """From Carl: c; on to Ben (one half) or back to Carl; from Ben to a (one third)."""
    model = make(spec("p3alpha", {"values": "once"})).fit(FOUR)
    assert model.score(np.array([2]))[0] == pytest.approx([1 / 6, 1 / 6, 0, 0])
    told = model.explain(2, 0)
    assert told.items.rows.tolist() == [2]
    assert told.users.rows.tolist() == [1]
    assert told.users.values == pytest.approx([1 / 6])
    held = make(spec("rp3beta", {"values": "once", "beta": 1.0})).fit(FOUR)
    assert held.score(np.array([2]))[0] == pytest.approx([1 / 12, 1 / 12, 0, 0])  # two users took a


def test_without_beta_both_are_one() -> None:
    x = market()
    one, two = make(spec("p3alpha")).fit(x), make(spec("rp3beta", {"beta": 0.0})).fit(x)
    assert one.score(np.arange(90)).tobytes() == two.score(np.arange(90)).tobytes()


@pytest.mark.parametrize("name, beta", [("p3alpha", 0.0), ("rp3beta", 0.6)])
def test_each_past_item_keeps_its_strongest_ends(name: str, beta: float) -> None:
    rng = np.random.default_rng(2)
    weights = market().matrix.toarray()
    x = Interactions.of(weights * (1 + rng.random(weights.shape)))  # no two walks alike
    params: dict[str, Any] = {"neighbours": 6, "alpha": 1.3, "values": "sum"} | ({"beta": beta} if beta else {})
    model = make(spec(name, params)).fit(x)
    v = x.matrix.toarray().astype(np.float64)
    d, n = v.sum(axis=0), v.sum(axis=1, keepdims=True)
    first = (v / np.where(n == 0, 1, n)) ** 1.3
    d = np.where(d == 0, 1, d)
    ways = ((v / d) ** 1.3).T @ first / d**beta
    np.fill_diagonal(ways, 0)
    edge = np.sort(ways, axis=1)[:, [-6]]
    ways[ways < edge * (1 - 1e-12)] = 0
    np.testing.assert_allclose(model.score(np.arange(90))[n[:, 0] > 0], (first @ ways)[n[:, 0] > 0], rtol=1e-5)
    told = model.explain(2, 5)
    assert told.score == pytest.approx((first @ ways)[2, 5])


def test_holding_popularity_back_lists_rarer_items() -> None:
    x: Interactions = market(400, 150)
    popular = np.bincount(x.matrix.indices, minlength=150)
    users = np.flatnonzero(np.diff(x.matrix.indptr))
    mean = [
        popular[make(spec("rp3beta", {"beta": beta})).fit(x).recommend(users, 10).items].mean()
        for beta in (0.0, 0.5, 1.0)
    ]
    assert mean[0] > mean[1] > mean[2]
