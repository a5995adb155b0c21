"""NMF against scikit-learn's, and what its exact end promises."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from core.interactions import Array, Interactions
from core.progress import Cancelled
from core.recommend import make, spec
from core.recommend.nmf import Nmf
from tests.recommend.test_factors_exact import world
from tests.recommend.test_factors_ials import Watched, X


def fitted(x: Interactions, seed: int = 0, **params: Any) -> Nmf:
    model = make(spec("nmf", params)).fit(x, seed=seed)
    assert isinstance(model, Nmf)
    return model


def loss(v: Array, users: Array, items: Array, ridge: float) -> float:
    """Half the squares of what is missing, and of the themes."""
    users, items = users.astype(np.float64), items.astype(np.float64)
    return 0.5 * float(((v - users @ items.T) ** 2).sum() + ridge * ((users**2).sum() + (items**2).sum()))


@pytest.mark.parametrize("ridge", [0.001, 2.0])
def test_it_fits_as_well_as_scikit_learn(ridge: float) -> None:
    from sklearn.decomposition import NMF

    x = Interactions.of(world(200, 120, 0.1, 5))
    v = (x.matrix.toarray() > 0).astype(np.float64)
    theirs = []
    for seed in range(3):  # neither finds the best there is: the best of three starts each
        other = NMF(6, init="random", random_state=seed, alpha_W=ridge / 120, alpha_H=ridge / 200, max_iter=400)
        users = other.fit_transform(v)
        theirs.append(loss(v, users, other.components_.T, ridge))
    ours = []
    for seed in range(3):
        found = fitted(x, seed, factors=6, ridge=ridge, epochs=200, values="once").arrays()
        assert min(side.min() for side in found.values()) >= 0
        ours.append(loss(v, found["users"], found["items"], ridge))
    assert min(ours) < 1.01 * min(theirs)


def test_each_round_brings_it_nearer() -> None:
    v = (X.matrix.toarray() > 0).astype(np.float64)
    losses = []
    for epochs in (1, 2, 4, 10, 40):
        found = fitted(X, factors=4, ridge=0.5, epochs=epochs, values="once").arrays()
        losses.append(loss(v, found["users"], found["items"], 0.5))
    assert all(later <= before * (1 + 1e-6) for before, later in pairwise(losses))


def test_a_history_from_outside_is_scored_as_the_user() -> None:
    model = fitted(X, factors=8)
    scores = model.score(np.arange(40))
    np.testing.assert_allclose(model.fold(X.matrix), scores, rtol=1e-3, atol=1e-4)


def test_themes_only_add() -> None:
    """No past item, and no user, takes anything away from a score of a user with one theme."""
    blocks = np.kron(np.eye(3), np.ones((6, 4)))
    model = fitted(Interactions.of(blocks), factors=3, epochs=100)
    scores = model.score(np.arange(18))
    assert (scores[blocks == 0] < 0.05).all()
    assert (scores[blocks > 0] > 0.8).all()
    told = model.explain(0, 1)
    assert (told.items.values > 0).all()
    assert told.items.rows.tolist() == [0, 1, 2, 3]


def test_the_same_seed_gives_the_same_bytes_and_it_stops() -> None:
    one, two, other = (fitted(X, seed).arrays() for seed in (4, 4, 5))
    assert all(one[name].tobytes() == two[name].tobytes() for name in one)
    assert one["items"].tobytes() != other["items"].tobytes()
    with pytest.raises(Cancelled):
        make(spec("nmf")).fit(X, step=Watched(0.5))
