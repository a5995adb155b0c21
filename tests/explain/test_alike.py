"""How alike users are, against dense arithmetic; and laws: symmetric, shares add up, one shared item is little."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import Refusal
from core.explain import alike, similar_users
from core.interactions import Interactions
from core.store import Store
from tests.examples import examples
from tests.explain.conftest import Maker
from tests.explain.world import did


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """No data: items are called by their ids."""
    return Store(Path(tmp_path_factory.mktemp("alike")) / "empty.duckdb")


def weights(seed: int, users: int = 40, items: int = 15) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.integers(1, 30, (users, items)) * (rng.random((users, items)) < 0.3)


def by_hand(x: np.ndarray, a: int, b: int, shrink: float) -> tuple[float, float, int]:
    u, w = np.log2(1 + x[a].astype(float)), np.log2(1 + x[b].astype(float))
    n = int(((u > 0) & (w > 0)).sum())
    cosine = float(u @ w / np.sqrt((u @ u) * (w @ w))) if n else 0.0
    return cosine * n / (n + shrink) if n else 0.0, cosine, n


@pytest.mark.parametrize("shrink", [0.0, 1.0, 10.0])
def test_the_most_alike_of_all(empty: Store, shrink: float) -> None:
    raw = weights(3)
    found = similar_users(empty, Interactions.of(raw), "4", 8, shrink=shrink)
    want = sorted(((str(w), *by_hand(raw, 4, w, shrink)) for w in range(40) if w != 4), key=lambda t: (-t[1], t[0]))[:8]
    assert [(s.user, s.shared) for s in found] == [(w[0], w[3]) for w in want]
    assert [s.similarity for s in found] == pytest.approx([w[1] for w in want])
    assert [s.cosine for s in found] == pytest.approx([w[2] for w in want])


def test_the_shrunken_value_decides(empty: Store) -> None:
    # 1 shares the one item it has: cosine 1/2. 2 shares four of its nine: cosine less, but much more is known.
    x = Interactions.of([[1, 1, 1, 1, 0, 0, 0, 0, 0], [1, 0, 0, 0, 0, 0, 0, 0, 0], [1] * 9, [0] * 8 + [1]])
    found = similar_users(empty, x, "0")
    assert [(s.user, s.shared) for s in found] == [("2", 4), ("1", 1)]
    assert found[0].similarity == pytest.approx((4 / 6) * 4 / 14)
    assert found[1].similarity == pytest.approx(0.5 / 11)
    assert alike(empty, x, "0", "3") is None
    assert alike(empty, x, "0", "2") == found[0]


def test_ties_by_raw_id(empty: Store) -> None:
    x = Interactions.of([[1, 1]] * 12)
    assert [s.user for s in similar_users(empty, x, "5", 4)] == ["0", "1", "10", "11"]


def test_shares_and_weights(empty: Store) -> None:
    x = Interactions.of([[1, 3, 7], [3, 0, 1]])
    (found,) = similar_users(empty, x, "0")
    # log2(1 + w): (1, 2, 3) and (2, 0, 1); products 2 and 3
    assert [(i.item, i.share, i.weight, i.other_weight) for i in found.items] == [("2", 0.6, 7, 1), ("0", 0.4, 1, 3)]
    assert found.cosine == pytest.approx(5 / np.sqrt(14 * 5))


def test_at_most_fifty_items_are_listed(empty: Store) -> None:
    (found,) = similar_users(empty, Interactions.of(np.ones((2, 80))), "0")
    assert (found.shared, len(found.items)) == (80, 50)
    assert found.others_share == pytest.approx(30 / 80)


@settings(max_examples=examples(25))
@given(seed=st.integers(0, 10_000), shrink=st.floats(0.5, 100))
def test_laws(empty: Store, seed: int, shrink: float) -> None:
    x = Interactions.of(weights(seed, 6, 8))
    for a in range(6):
        for found in similar_users(empty, x, str(a), shrink=shrink):
            back = alike(empty, x, found.user, str(a), shrink=shrink)
            assert back is not None
            assert (back.similarity, back.cosine, back.shared) == (found.similarity, found.cosine, found.shared)
            assert 0 < found.similarity < 1
            assert found.similarity <= found.cosine * found.shared / (found.shared + shrink) + 1e-12
            assert found.similarity <= 1 / (1 + shrink) or found.shared > 1
            assert sum(i.share for i in found.items) + found.others_share == pytest.approx(1)


def test_refusals(empty: Store) -> None:
    x = Interactions.of([[1, 1], [1, 0]])
    for call, code in (
        (lambda: similar_users(empty, x, "7"), "unknown_user"),
        (lambda: similar_users(empty, x, "0", shrink=-1), "bad_shrink"),
        (lambda: similar_users(empty, x, "0", shrink=float("nan")), "bad_shrink"),
        (lambda: similar_users(empty, x, "0", 0), "bad_k"),
        (lambda: alike(empty, x, "0", "0"), "same_user"),
        (lambda: alike(empty, x, "0", "7"), "unknown_user"),
    ):
        with pytest.raises(Refusal) as refused:
            call()
        assert refused.value.code == code


def test_items_are_called_by_their_titles(make: Maker) -> None:
    from core.interactions import build

    events = [did(u, "view", i, "2025-01-01") for u in "ab" for i in ("lamp", "bulb")]
    store = make(events, items={"lamp": {"title": "A  lamp\n"}}, roles={("items", "title"): "title"})
    (found,) = similar_users(store, build(store), "a")
    assert [(i.item, i.label) for i in found.items] == [("bulb", "bulb"), ("lamp", "A lamp")]
