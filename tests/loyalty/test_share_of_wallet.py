"""Share of requirements and of wallet, every number written out."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.behaviour import count_people
from core.errors import Refusal
from core.loyalty import item_columns, requirements, requirements_users, wallet, wallet_columns, wallet_users
from core.store import Query, Store
from tests.behaviour.world import E, build, ids

SHOP = [
    E("ann", "mug", "purchase", "2025-01-01", "1", 1, 30.0),
    E("ann", "tea", "purchase", "2025-01-02", "2", 1, 10.0),
    E("bob", "mug", "purchase", "2025-01-03", "3", 1, 20.0),
    E("cat", "tea", "purchase", "2025-01-04", "4", 1, 40.0),
    E("cat", "mug", "purchase", "2025-01-05", "5", 1, 30.0),
    E("cat", "mug", "return", "2025-01-06", "5", -1, -30.0),  # no buyer of mugs any longer
    E(None, "tea", "purchase", "2025-01-07", "6", 1, 99.0),
]


@pytest.fixture
def shop(tmp_path: Path) -> Store:
    store = build(tmp_path / "w.duckdb", SHOP, categories={"mug": "kitchen", "tea": "food"})
    with store.atomic() as writer:
        writer.run("ALTER TABLE users ADD COLUMN spends DOUBLE")
        writer.run("INSERT INTO columns VALUES ('users', 'spends', 'attribute')")
        for user, spends in (("ann", 80.0), ("bob", 10.0)):
            writer.run(Query("UPDATE users SET spends = ? WHERE user_id = ?", (spends, user)))
    return store


def test_what_buyers_of_a_category_spend_on_it(shop: Store) -> None:
    assert item_columns(shop) == ("category",)
    found = requirements(shop, "category")
    assert (found.buyers, found.total, found.measure) == (3, 100.0, "value")
    rows = {row["label"]: row for row in found.table.to_dict("records")}
    # kitchen: ann 30 of 40, bob 20 of 20; food: ann 10 of 40, cat 40 of 40
    assert [rows["kitchen"][c] for c in ("buyers", "amount", "share", "sole")] == [2, 50.0, 0.5, 0.5]
    assert rows["kitchen"]["scr"] == pytest.approx(50 / 60)
    assert rows["food"]["scr"] == pytest.approx(50 / 80)
    assert rows["food"]["penetration"] == pytest.approx(2 / 3)
    assert ids(shop, requirements_users(shop, "category", "food")) == {"ann", "cat"}
    assert ids(shop, requirements_users(shop, "category", "food", sole=True)) == {"cat"}
    with pytest.raises(Refusal, match="no column"):
        requirements(shop, "colour")


def test_share_of_wallet_needs_a_column(shop: Store) -> None:
    assert wallet_columns(shop) == ("spends",)
    found = wallet(shop, "spends")
    # ann spends 40 of 80 here; bob 20 of "10", which counts as all; cat's wallet is not known
    assert (found.users, found.unknown, found.over) == (2, 1, 1)
    assert [found.share, found.median] == pytest.approx([50 / 90, 0.75])
    assert found.table["users"].tolist() == [0, 0, 1, 0, 1]
    for band, users in enumerate(found.table["users"]):
        assert count_people(shop, wallet_users(shop, "spends", "total", band)) == users
    beside = wallet(shop, "spends", "elsewhere")  # 40 of 120, 20 of 30
    assert [beside.share, beside.over] == pytest.approx([60 / 150, 0])
    assert beside.table["users"].tolist() == [0, 1, 0, 1, 0]
    for band, users in enumerate(beside.table["users"]):
        assert count_people(shop, wallet_users(shop, "spends", "elsewhere", band)) == users
    with pytest.raises(Refusal, match="no column"):
        wallet(shop, "income")
