"""BPR: the kernel is implicit's; what we add is repeatability, folding, reasons and an end when asked."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from core.errors import Refusal
from core.interactions import Interactions
from core.progress import Cancelled
from core.recommend import Spec, make, spec
from core.recommend.bpr import Bpr
from tests.recommend.contract.matrices import with_history
from tests.recommend.test_factors_exact import world
from tests.recommend.test_factors_ials import Watched

LARGE = Interactions.of(world(300, 120, 0.08, 5))


def fitted(x: Interactions, seed: int = 0, **params: Any) -> Bpr:
    model = make(spec("bpr", params)).fit(x, seed=seed)
    assert isinstance(model, Bpr)
    return model


def test_its_tastes_are_those_of_implicit_on_one_thread() -> None:
    from implicit.cpu.bpr import BayesianPersonalizedRanking

    once = LARGE.matrix.copy()
    once.data[:] = 1
    other = BayesianPersonalizedRanking(
        8, learning_rate=0.03, regularization=0.02, iterations=7, num_threads=1, random_state=3
    )
    other.fit(once, show_progress=False)
    found = fitted(LARGE, 3, factors=8, rate=0.03, ridge=0.02, epochs=7).arrays()
    assert found["users"].tobytes() == np.asarray(other.user_factors).tobytes()
    assert found["items"].tobytes() == np.asarray(other.item_factors).tobytes()


def test_what_was_taken_comes_to_stand_before_what_was_not() -> None:
    """The share of pairs in the right order rises with the rounds; by chance it is a half."""
    took = LARGE.matrix.toarray() > 0
    reached = []
    for epochs in (1, 30, 200):
        scores = fitted(LARGE, factors=16, rate=0.05, epochs=epochs).score(np.arange(300))
        shares = [(s[t][:, None] > s[~t][None, :]).mean() for s, t in zip(scores, took, strict=True) if t.any()]
        reached.append(float(np.mean(shares)))
    assert reached[0] < reached[1] < reached[2]
    assert reached[2] > 0.9


def test_folding_comes_near_and_does_not_look_at_weights() -> None:
    board = (np.add.outer(np.arange(60), np.arange(40)) % 3 == 0) & (np.random.default_rng(0).random((60, 40)) < 0.6)
    x = Interactions.of(board.astype(np.float32))
    model = fitted(x, factors=8, rate=0.05)
    users = with_history(x)
    scores, folded = model.score(users), model.fold(x.matrix[users])
    alike = [np.corrcoef(a, b)[0, 1] for a, b in zip(scores, folded, strict=True)]
    assert np.mean(alike) > 0.9
    heavy = x.matrix[users].copy()
    heavy.data *= 7
    assert model.fold(heavy).tobytes() == folded.tobytes()


def test_the_bias_is_the_base_and_the_fidelity_is_what_it_says() -> None:
    model = fitted(LARGE, factors=8, rate=0.05)
    for user, item in ((0, 1), (5, 7), (40, 100)):
        told = model.explain(user, item)
        assert told.base == pytest.approx(float(model.arrays()["items"][item, -1]))
        for view in (told.items, told.users):
            missing = abs(told.score - told.base - view.values.sum())
            assert not view.exact
            assert view.fidelity == pytest.approx(max(0.0, 1 - missing / abs(told.score - told.base)))
        folded = float(model.fold(LARGE.matrix[[user]], np.array([item]))[0, 0])
        assert told.base + told.items.values.sum() == pytest.approx(folded, abs=1e-4)


def test_steps_too_long_are_refused_in_words() -> None:
    wild = Spec("bpr", (("factors", 64), ("rate", 1.0), ("ridge", 0.0), ("epochs", 50)))  # past what the roster allows
    with pytest.raises(Refusal) as refused:
        Bpr(wild).fit(LARGE)
    assert refused.value.code == "diverged"


def test_it_stops_when_asked() -> None:
    for stop_at in (0.0, 0.5):
        with pytest.raises(Cancelled):
            make(spec("bpr")).fit(LARGE, step=Watched(stop_at))
