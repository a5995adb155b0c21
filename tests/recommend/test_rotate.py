"""Tastes turned so that they can be read: the scores stay what they are."""

from __future__ import annotations

import numpy as np
import pytest

from core.errors import Refusal
from core.interactions import Interactions
from core.recommend import make, spec
from core.recommend.rotate import FACTOR_MODELS, readable, varimax
from tests.recommend.contract.matrices import shop, tiny, with_history


@pytest.mark.parametrize("name", FACTOR_MODELS)
def test_the_scores_stay_what_they_are(name: str) -> None:
    for x in (shop(), *tiny().values()):
        model = make(spec(name, {"factors": 6})).fit(x)
        found = readable(model)
        users = with_history(x)
        scores = model.score(users)
        turned = found.users[users] @ found.items.T + found.bias
        np.testing.assert_allclose(turned, scores, rtol=1e-4, atol=1e-5 * max(1e-3, np.abs(scores).max()))
        assert found.users.shape[1] == found.items.shape[1] == len(found.weights)
        assert (np.diff(found.weights) <= 0).all()
        assert not len(found.weights) or found.weights.sum() == pytest.approx(1)


@pytest.mark.parametrize("name", ["ials", "bpr", "puresvd"])
def test_weights_are_shares_of_the_squares_of_the_scores(name: str) -> None:
    x = shop()
    found = readable(make(spec(name, {"factors": 5})).fit(x))
    scores = found.users @ found.items.T
    alone = np.array([(np.outer(u, y) ** 2).sum() for u, y in zip(found.users.T, found.items.T, strict=True)])
    np.testing.assert_allclose(alone / (scores**2).sum(), found.weights, rtol=1e-5)
    np.testing.assert_allclose(found.users.T @ found.users, np.eye(len(found.weights)), atol=1e-5)


def test_weights_of_themes_are_shares_of_the_scores() -> None:
    found = readable(make(spec("nmf", {"factors": 4})).fit(shop()))
    whole = (found.users @ found.items.T).sum()
    for k, weight in enumerate(found.weights):
        assert np.outer(found.users[:, k], found.items[:, k]).sum() / whole == pytest.approx(weight)
    assert found.ends == 1
    assert min(found.users.min(), found.items.min()) >= 0


def test_varimax_finds_the_simple_axes_again() -> None:
    """Loadings that hang on one column each, turned away by a random rotation."""
    rng = np.random.default_rng(0)
    simple = np.kron(np.eye(3), np.ones((7, 1))) * rng.uniform(0.5, 2, (21, 1))
    away = np.linalg.qr(rng.standard_normal((3, 3)))[0]
    turn = varimax(simple @ away)
    np.testing.assert_allclose(turn @ turn.T, np.eye(3), atol=1e-12)
    back = np.abs(simple @ away @ turn)
    assert (np.sort(back, axis=1)[:, :2] < 1e-4).all()


def test_any_axes_give_the_same_tastes() -> None:
    """Factors are defined only up to a change of axes: what is told must not depend on it."""
    x = shop()
    model = make(spec("ials", {"factors": 4})).fit(x)
    learnt = model.arrays()  # type: ignore[attr-defined]
    change = np.random.default_rng(1).standard_normal((4, 4))
    other = learnt | {"users": learnt["users"] @ change, "items": learnt["items"] @ np.linalg.inv(change).T}
    one, two = readable(model), readable(make(model.spec).load(x, other))
    np.testing.assert_allclose(one.weights, two.weights, rtol=1e-3)
    np.testing.assert_allclose(one.items, two.items, atol=2e-3 * np.abs(one.items).max())


def test_other_models_are_refused() -> None:
    with pytest.raises(Refusal) as refused:
        readable(make(spec("popular")).fit(Interactions.of(np.eye(3))))
    assert refused.value.code == "no_tastes"
    assert "ials" in refused.value.hint
