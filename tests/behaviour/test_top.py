"""Top items and categories of the shop in tests/behaviour/world.py."""

from __future__ import annotations

from datetime import datetime

import pytest

from core.behaviour import EVERYTHING, MEASURES, Measure, Top, Window, top_categories, top_items, top_users
from core.errors import Refusal
from core.store import Query, Store
from tests.behaviour.conftest import Maker
from tests.behaviour.world import SHOP, E, ids


def values(top: Top) -> dict[str, float]:
    return dict(zip(top.table["label"], top.table["value"], strict=True))


# pot has no title, so its id stands for it
ITEMS: dict[Measure, dict[str, float]] = {
    "events": {"A mug": 6, "Green tea": 5, "pot": 6},
    "users": {"A mug": 2, "Green tea": 2, "pot": 2},
    "orders": {"A mug": 2, "Green tea": 2, "pot": 3},  # the anonymous pot has no order
    "buyers": {"A mug": 1, "Green tea": 1, "pot": 2},  # ann's mugs went back
    "units": {"A mug": 1, "Green tea": 4, "pot": 4},
    "revenue": {"A mug": 5, "Green tea": 18, "pot": 60},
}
TOTALS = {"events": 17, "users": 4, "orders": 5, "buyers": 3, "units": 9, "revenue": 83}


@pytest.mark.parametrize("measure", MEASURES)
def test_items(shop: Store, measure: Measure) -> None:
    top = top_items(shop, measure)
    assert values(top) == ITEMS[measure]
    assert top.table["value"].is_monotonic_decreasing
    assert (top.total, top.groups) == (TOTALS[measure], 3)
    assert top.table["share"].tolist() == pytest.approx([v / TOTALS[measure] for v in top.table["value"]])


CATEGORIES: dict[Measure, dict[str, float]] = {
    "events": {"kitchen": 12, "(no category)": 5},
    "users": {"kitchen": 3, "(no category)": 2},  # ann, bob, eve; ann, cat
    "orders": {"kitchen": 4, "(no category)": 2},  # o1, bob twice, o2; o1, o9
    "buyers": {"kitchen": 2, "(no category)": 1},  # bob, eve; ann
    "units": {"kitchen": 5, "(no category)": 4},
    "revenue": {"kitchen": 65, "(no category)": 18},
}


@pytest.mark.parametrize("measure", MEASURES)
def test_categories(shop: Store, measure: Measure) -> None:
    top = top_categories(shop, measure)
    assert values(top) == CATEGORIES[measure]
    assert (top.column, top.groups) == ("category", 2)


def test_the_best_few_and_one_event_type(shop: Store) -> None:
    top = top_items(shop, "events", 1, event="purchase")
    assert values(top) == {"pot": 4}
    assert (top.total, top.groups) == (8, 3)
    assert values(top_items(shop, "users", event="cart")) == {"A mug": 1, "Green tea": 1, "pot": 1}


def test_windows(shop: Store) -> None:
    first_days = Window(datetime(2025, 3, 1), datetime(2025, 3, 2))
    assert values(top_items(shop, "buyers", window=first_days)) == {"A mug": 1, "Green tea": 1}  # not yet returned
    returned = Window(datetime(2025, 3, 4), datetime(2025, 3, 5))
    assert values(top_items(shop, "revenue", window=returned)) == {"A mug": -10}
    assert top_items(shop, "revenue", window=returned).table["share"].isna().all()
    assert top_items(shop, "buyers", window=returned).problem == (
        "Nobody bought an item in this period without returning it."
    )


def test_a_return_after_the_window_of_the_purchase(make: Maker) -> None:
    buys = E("ann", "x", "purchase", "2025-01-01", "1", 3, 3.0)
    back = E("ann", "x", "return", "2025-01-10", "1", -2, -2.0)
    again = E("ann", "x", "return", "2025-01-11", "1", -1, -1.0)
    store = make([buys, back, E("bob", "x", "view", "2025-01-20")])
    assert values(top_items(store, "buyers")) == {"x": 1}  # one of three was kept
    store = make([buys, back, again, E("bob", "x", "view", "2025-01-20")])
    assert top_items(store, "buyers").problem is not None
    # two come back in a window in which one is bought: four bought, two back, so two are kept
    store = make([buys, back, E("ann", "x", "purchase", "2025-01-11", "2", 1, 1.0)])
    assert values(top_items(store, "buyers", window=Window(datetime(2025, 1, 10)))) == {"x": 1}


WHO: dict[Measure, set[str]] = {
    "events": {"ann", "bob"},
    "users": {"ann", "bob"},
    "orders": {"ann", "bob"},
    "buyers": {"bob"},
    "units": {"ann", "bob"},
    "revenue": {"ann", "bob"},
}


@pytest.mark.parametrize("measure", MEASURES)
def test_who_stands_behind_an_item(shop: Store, measure: Measure) -> None:
    table = top_items(shop, measure).table
    key = int(table.loc[table["label"] == "A mug", "key"].iloc[0])
    assert ids(shop, top_users(shop, measure, EVERYTHING, key)) == WHO[measure]


def test_who_stands_behind_a_category(shop: Store) -> None:
    def behind(measure: Measure, key: str | None) -> set[str]:
        return ids(shop, top_users(shop, measure, EVERYTHING, key, column="category"))

    assert behind("buyers", "kitchen") == {"bob", "eve"}
    assert behind("users", "kitchen") == {"ann", "bob", "eve"}
    assert behind("users", None) == {"ann", "cat"}
    assert behind("orders", None) == {"ann"}
    assert ids(shop, top_users(shop, "users", EVERYTHING, "kitchen", "cart", "category")) == {"ann", "eve"}


def test_items_of_several_categories_count_in_each(make: Maker) -> None:
    store = make(
        [
            E("ann", "m1", "rating", "2025-01-01"),
            E("ann", "m2", "rating", "2025-01-01"),
            E("bob", "m2", "rating", "2025-01-02"),
            E("bob", "m3", "rating", "2025-01-02"),
        ],
        categories={"m1": ["comedy"], "m2": ["comedy", "crime"]},
    )
    assert values(top_categories(store)) == {"comedy": 3, "crime": 2, "(no category)": 1}
    assert values(top_categories(store, "users")) == {"comedy": 2, "crime": 2, "(no category)": 1}
    assert top_categories(store).total == 4
    assert ids(store, top_users(store, "users", EVERYTHING, "comedy", column="category")) == {"ann", "bob"}
    assert ids(store, top_users(store, "users", EVERYTHING, None, column="category")) == {"bob"}


def test_no_categories_and_unknown_columns(make: Maker, shop: Store) -> None:
    top = top_categories(make(SHOP))
    assert top.problem == "No categories are known. Load an items file with a category column to see this."
    with pytest.raises(Refusal, match="'colour'") as refused:
        top_categories(shop, column="colour")
    assert refused.value.code == "no_such_column"
    assert "category" in refused.value.hint


def test_hostile_names_of_columns_and_values(shop: Store) -> None:
    name = 'x" FROM items; DROP TABLE events; --'
    quoted = name.replace('"', '""')
    with shop.atomic() as w:
        w.run(f'ALTER TABLE items ADD COLUMN "{quoted}" VARCHAR')
        w.run(Query("INSERT INTO columns VALUES ('items', ?, 'category')", (name,)))
        w.run(Query(f'UPDATE items SET "{quoted}" = ?', ("'); DROP TABLE users; --",)))
    top = top_categories(shop, "users", column=name)
    assert values(top) == {"'); DROP TABLE users; --": 4}
    assert len(ids(shop, top_users(shop, "users", EVERYTHING, top.table["key"].iloc[0], column=name))) == 4


def test_ties_are_in_the_same_order_whatever_the_order_of_rows(make: Maker) -> None:
    events = [E("ann", item, "view", "2025-01-01") for item in "abcdef"]
    assert top_items(make(events), n=3).table["label"].tolist() == ["a", "b", "c"]
