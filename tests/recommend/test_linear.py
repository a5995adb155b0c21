"""EASE: against the inverse in float64, where float32 would fail, and where memory would."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits

from core.errors import Refusal
from core.interactions import Array, Interactions
from core.recommend import linear as module
from core.recommend import make, spec, square
from core.recommend.linear import check_room


def weights_of(users: int, items: int, top: int = 9, seed: int = 2) -> NDArray[np.float32]:
    rng = np.random.default_rng(seed)
    taken = rng.random((users, items)) < 0.2
    return np.where(taken, rng.integers(1, top, (users, items)), 0).astype(np.float32)


def in_float64(v: Array, ridge: float) -> tuple[Array, Array]:
    p = np.linalg.inv(v.T.astype(np.float64) @ v + ridge * np.eye(v.shape[1]))
    b = p / -np.diag(p)
    np.fill_diagonal(b, 0)
    return p, b


def test_two_items_by_hand() -> None:
    """Two users took both, one the first alone; ridge 1: V'V + I = [[4, 2], [2, 3]], B_12 = 2 / 4, B_21 = 2 / 3."""
    x = Interactions.of(np.array([[1.0, 1], [1, 1], [1, 0]]))
    model = make(spec("ease", {"ridge": 1.0, "values": "once"})).fit(x)
    assert model.score(np.array([2]))[0] == pytest.approx([0, 0.5])
    assert model.score(np.array([0]))[0] == pytest.approx([2 / 3, 0.5])
    told = model.explain(2, 1)
    assert told.score == pytest.approx(0.5, rel=1e-12)
    assert told.items.rows.tolist() == [0]
    assert told.users.rows.tolist() == [0, 1]
    assert told.users.values == pytest.approx([0.25, 0.25])


@pytest.mark.parametrize("ridge, kind", [(1.0, np.float64), (30.0, np.float32), (20_000.0, np.float32)])
def test_more_items_than_a_block(ridge: float, kind: type, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pieces, stripes, panels and tiles smaller than the square; float32 where that is well enough."""
    monkeypatch.setattr(module, "_PIECE", 5_000)
    for name, size in (("_PANEL", 64), ("_WIDTH", 50), ("TILE", 70)):
        monkeypatch.setattr(square, name, size)
    v = weights_of(300, 600)
    model = make(spec("ease", {"ridge": ridge, "values": "sum"})).fit(Interactions.of(v))
    p, b = in_float64(v, ridge)
    learnt = model.arrays()["p"]  # type: ignore[attr-defined]
    assert learnt.dtype == kind
    assert learnt.flags.c_contiguous
    assert (learnt == learnt.T).all()
    np.testing.assert_allclose(learnt, p, atol=2e-4 * p.max())
    np.testing.assert_allclose(model.score(np.arange(300)), v @ b, atol=1e-3 * np.abs(v @ b).max())


def test_explanations_are_as_good_as_float64() -> None:
    """Refined from the float32 inverse: 1e-9 of the inverse in float64, for items seen and not, both views."""
    v = weights_of(200, 500)
    model = make(spec("ease", {"ridge": 5.0, "values": "sum"})).fit(Interactions.of(v))
    p, b = in_float64(v, 5.0)
    k = np.linalg.inv(v.astype(np.float64) @ v.T + 5.0 * np.eye(200))
    for user, item in [(0, 3), (17, 300), (150, 499), (5, int(np.flatnonzero(v[5])[0]))]:
        told = model.explain(user, item)
        size = np.abs(told.items.values).sum()
        assert told.items.exact
        assert told.users.exact
        assert told.score == pytest.approx(v[user] @ b[:, item], abs=1e-9 * size)
        np.testing.assert_allclose(told.items.values, (v[user] * b[:, item])[told.items.rows], atol=1e-9 * size)
        users = -k[user] * v[:, item] / p[item, item]
        users[user] += v[user, item]
        np.testing.assert_allclose(told.users.values, users[told.users.rows], atol=1e-9 * size)
        assert abs(told.users.values.sum() - told.score) <= 1e-9 * abs(told.score)


def test_own_part_of_an_item_already_taken() -> None:
    """The user is among the users who took it: the part is v_ui (1 - K_uu / P_ii), and the sum is still the score."""
    v = weights_of(30, 12)
    model = make(spec("ease", {"ridge": 3.0, "values": "sum"})).fit(Interactions.of(v))
    p, _ = in_float64(v, 3.0)
    k = np.linalg.inv(v.astype(np.float64) @ v.T + 3.0 * np.eye(30))
    user, item = (int(place[0]) for place in np.nonzero(v))
    told = model.explain(user, item)
    own = told.users.values[told.users.rows == user]
    assert own == pytest.approx([v[user, item] * (1 - k[user, user] / p[item, item])])
    assert item not in told.items.rows
    assert told.users.values.sum() == pytest.approx(told.score, rel=1e-9)


def test_float32_that_would_not_do_is_not_used() -> None:
    """Weights in the thousands at the least ridge: a condition number of a hundred million."""
    v = weights_of(30, 60, top=4_000)
    model = make(spec("ease", {"ridge": 1.0, "values": "sum"})).fit(Interactions.of(v))
    p, b = in_float64(v, 1.0)
    assert np.linalg.cond(p) > 1e7
    learnt = model.arrays()["p"]  # type: ignore[attr-defined]
    assert learnt.dtype == np.float64
    np.testing.assert_allclose(learnt, p, atol=1e-8 * p.max())
    for user, item in ((0, 1), (3, 7), (12, 40)):
        told = model.explain(user, item)
        size = np.abs(told.items.values).sum()
        assert told.score == pytest.approx(v[user] @ b[:, item], rel=1e-6, abs=1e-7 * size)
        assert model.score(np.array([user]))[0, item] == pytest.approx(told.score, rel=1e-6, abs=1e-7 * size)
        adds_up = told.users.values.sum() == pytest.approx(told.score, rel=1e-6)
        assert told.users.exact == adds_up
        assert adds_up or size > 1e6 * abs(told.score)  # only where next to nothing is left of great parts


def test_hopeless_equations_are_refused() -> None:
    v = np.ones((3, 4), dtype=np.float32) * 1e9
    with pytest.raises(Refusal) as refused:
        make(spec("ease", {"ridge": 1.0, "values": "sum"})).fit(Interactions.of(v))
    assert refused.value.code == "ill_posed"
    assert "Caution" in refused.value.hint


def test_too_many_items_says_how_many_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "memory", lambda: 8 * 1_000_000)
    check_room(774)
    with pytest.raises(Refusal) as refused:
        make(spec("ease")).fit(Interactions.of(csr_matrix(np.ones((1, 1000)))))
    assert refused.value.code == "too_many_items"
    assert "1,000 items" in refused.value.message
    assert "Up to 774 items fit" in refused.value.hint
    assert "least users per item" in refused.value.hint


def test_an_item_without_links_scores_nothing_exactly() -> None:
    x = Interactions.of(np.array([[1.0, 1, 0], [1, 1, 0], [0, 0, 1]]))
    told = make(spec("ease")).fit(x).explain(0, 2)
    assert told.score == pytest.approx(0, abs=1e-12)
    assert told.items.exact
    assert told.users.exact


def test_inverse_has_the_same_bytes_on_one_thread_or_two(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(square, "_PANEL", 30)
    v = weights_of(90, 100).astype(np.float64)
    made = []
    for allowed in (1, 2):
        with threadpool_limits(allowed):
            made.append(square.inverted((v.T @ v + np.eye(100)).astype(np.float32)))
    assert made[0] is not None
    assert made[1] is not None
    assert made[0].tobytes() == made[1].tobytes()
    np.testing.assert_allclose(made[0], np.linalg.inv(v.T @ v + np.eye(100)), atol=1e-4)


def test_what_is_not_positive_definite_has_no_inverse(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(square, "_PANEL", 2)
    assert square.inverted(np.diag([1.0, 2.0, 3.0, -1.0])) is None


def test_off_tells_how_wrong_an_inverse_is() -> None:
    v = csr_matrix(weights_of(90, 100))
    right = np.linalg.inv((v.T @ v).toarray().astype(np.float64) + 10 * np.eye(100))
    assert module._off(v, 10.0, right) < 1e-12
    assert module._off(v, 10.0, right * 1.001) == pytest.approx(1e-3, rel=0.01)
