"""What users have ever had to do with: against a loop over the events, and as the matrix of everything has it."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from core.interactions import MatrixSpec, build, taken_by, takers_of
from core.store import Query, Store
from tests.behaviour.world import E
from tests.behaviour.world import build as shop_of

PLAIN = MatrixSpec()
NARROW = MatrixSpec(window=5, least_user_items=2)
ONLY = MatrixSpec(weights=(("view", 0.0),))


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Store:
    rng = np.random.default_rng(4)
    kinds = ["view", "purchase", "impression", "cart", "return", "rating"]
    events = []
    for n in range(500):
        kind, at = kinds[rng.choice(6, p=[0.3, 0.3, 0.1, 0.1, 0.1, 0.1])], datetime(2025, 1, 1) + timedelta(hours=n)
        quantity = {"purchase": 1, "return": -1}.get(kind)
        when = None if n % 40 == 0 else at.isoformat()
        events.append(E(f"u{rng.integers(12)}", f"i{rng.integers(15)}", kind, when, f"o{n}", quantity))
    made = shop_of(tmp_path_factory.mktemp("taken") / "shop.duckdb", events)
    with made.atomic() as writer:
        writer.run("UPDATE events SET rating = event_no % 4 WHERE event = 'rating'")
    return made


@pytest.mark.parametrize("spec", [PLAIN, NARROW, ONLY])
def test_both_ways_are_what_the_matrix_of_everything_holds(shop: Store, spec: MatrixSpec) -> None:
    """No window and no least activity: then the pairs are those of the matrix."""
    x = build(shop, MatrixSpec(weights=spec.weights))
    pairs = {(int(x.users.numbers[u]), int(x.items.numbers[i])) for u, i in zip(*x.matrix.nonzero(), strict=True)}
    users, items = (
        [int(r["no"]) for r in shop.rows(Query(f"SELECT {w}_no AS no FROM {w}s"))] for w in ("user", "item")
    )
    assert {(u, int(i)) for u in users for i in taken_by(shop, spec, u)} == pairs
    assert {(int(u), i) for i in items for u in takers_of(shop, spec, i)} == pairs
    assert 0 < len(pairs) < len(users) * len(items), "some were never taken, or wholly returned"


def test_what_is_dated_later_than_the_data_end_is_not_yet(tmp_path: Path) -> None:
    events = [E("ann", "mug", "view", "2025-03-01"), E("ann", "pot", "view", "2125-03-01")]
    with shop_of(tmp_path / "shop.duckdb", events) as store:
        end = store.as_of()
        assert end is not None
        assert end < datetime(2125, 1, 1), "else this test shows nothing"
        known = {r["item_id"]: r["item_no"] for r in store.rows(Query("SELECT item_id, item_no FROM items"))}
        (user,) = store.rows(Query("SELECT user_no FROM users"))
        assert taken_by(store, PLAIN, user["user_no"]).tolist() == [known["mug"]]
