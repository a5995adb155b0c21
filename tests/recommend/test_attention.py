"""The attention-weighted profile: what recency and smoothing do, and that the shares are shares."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from core.interactions import Array, Interactions
from core.recommend import attention as module
from core.recommend import make, spec
from core.recommend.attention import Attention, _ages
from tests.recommend.contract.matrices import shop, with_history

HOUR = 3_600_000_000


def timed(seed: int = 1) -> Interactions:
    """The shop, each pair with a time; hours are few, so that some pairs of a user share theirs."""
    x = shop()
    return replace(x, first_seen=np.random.default_rng(seed).integers(0, 12, x.matrix.nnz) * HOUR)


def fitted(x: Interactions, **params: float) -> Attention:
    model = make(spec("attention", {"factors": 4, **params})).fit(x)
    assert isinstance(model, Attention)
    return model


def by_hand(model: Attention, user: int, item: int) -> tuple[float, Array]:
    """The score and the shares of attention, from the docstring, pair by pair."""
    x, items = model.x, model.arrays()["items"]
    scaled = items * model.arrays()["scales"]
    begin, end = x.matrix.indptr[user], x.matrix.indptr[user + 1]
    mine = x.matrix.indices[begin:end]
    pulls, voices = [], []
    for place, j in enumerate(mine):
        if j == item:
            continue
        age = 0 if x.first_seen is None else sum(x.first_seen[begin:end] > x.first_seen[begin + place])
        length = np.linalg.norm(scaled[j]) * np.linalg.norm(scaled[item])
        alike = scaled[j] @ scaled[item] / length if length else 0.0
        pulls.append(np.exp(model.spec["focus"] * (alike - 1) - model.spec["recency"] * np.log(1 + age)))
        voices.append(items[j] @ items[item])
    pull = np.array(pulls)
    return float((pull * voices).sum() / pull.sum() ** model.spec["smooth"]), pull / pull.sum()


@pytest.mark.parametrize("smooth", [0.0, 0.4, 1.0])
def test_scores_and_shares_by_hand(smooth: float) -> None:
    model = fitted(timed(), focus=3.0, recency=0.8, smooth=smooth)
    for user in (0, 3, 12, 25):
        scores = model.score(np.array([user]))[0]
        for item in (0, 5, 17, 29):
            score, shares = by_hand(model, user, item)
            told = model.explain(user, item)
            assert told.items.exact
            assert told.score == pytest.approx(score, rel=1e-9, abs=1e-12)
            assert told.items.values.sum() == pytest.approx(score, rel=1e-9, abs=1e-12)
            assert scores[item] == pytest.approx(score, rel=1e-4, abs=1e-5)
            assert model.shares(user, item)[1] == pytest.approx(shares)


def test_weights_sum_to_one_when_smooth_is_one() -> None:
    """Then the score is the mean of the likeness under the shares, and lies between the least and the greatest."""
    x = timed()
    model = fitted(x, focus=5.0, recency=1.0, smooth=1.0)
    vectors = model.arrays()["items"]
    for user in with_history(x)[:10]:
        mine, shares = model.shares(int(user), 11)
        assert shares.sum() == pytest.approx(1)
        assert model.explain(int(user), 11).score == pytest.approx(float(shares @ (vectors[mine] @ vectors[11])))


def test_recency_changes_the_answer() -> None:
    """A user went from the even taste to the odd one: with age in play the list turns to what came last."""
    x = shop()
    weights = x.matrix.toarray()
    user = 0
    weights[user] = 0
    even, odd = np.arange(0, 12, 2), np.arange(1, 9, 2)
    weights[user, even] = weights[user, odd] = 1
    moved = Interactions.of(weights)
    rows, columns = moved.matrix.nonzero()
    moved = replace(moved, first_seen=np.where((rows == user) & (columns % 2 == 1), 10, 1) * HOUR)
    still = fitted(moved, focus=0.0, recency=0.0).recommend(np.array([user]), 5).items[0]
    turned = fitted(moved, focus=0.0, recency=3.0).recommend(np.array([user]), 5).items[0]
    assert (still % 2 == 0).sum() > (turned % 2 == 0).sum()
    assert (turned % 2 == 1).all()
    untimed = fitted(replace(moved, first_seen=None), focus=0.0, recency=3.0).recommend(np.array([user]), 5).items[0]
    assert untimed.tolist() == still.tolist()


def test_age_is_how_many_came_later() -> None:
    x = Interactions.of(np.array([[1.0, 1, 1, 1], [0, 0, 0, 0], [1, 0, 1, 0]]))
    ages = _ages(x.matrix, np.array([5, 9, 5, 1, 2, 3]))
    assert ages is not None
    assert ages.tolist() == [1, 0, 1, 3, 1, 0]


def test_folding_takes_the_times_given() -> None:
    x = timed()
    model = fitted(x, recency=2.0)
    users = with_history(x)
    histories = x.matrix[users]
    own = model.score(users)
    np.testing.assert_allclose(model.fold(histories, seen=x.first_seen), own, rtol=1e-6)
    assert np.abs(model.fold(histories) - own).max() > 0.01 * np.abs(own).max()


def test_no_room_for_the_squares_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = fitted(timed()).score(np.arange(40))
    monkeypatch.setattr(module, "memory", lambda: 0)
    monkeypatch.setattr(module, "_CELLS", 200)
    np.testing.assert_allclose(fitted(timed()).score(np.arange(40)), whole, rtol=1e-4, atol=1e-6)


def test_the_reason_tells_the_shares() -> None:
    told = fitted(timed()).explain(3, 29)
    assert "of the attention" in told.items.how
    assert "first five get" in told.items.how
