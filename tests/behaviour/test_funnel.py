"""The funnel, in order and in any order."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from core.behaviour import EVERYTHING, NO_TIMES, Window, funnel, funnel_users
from core.errors import Refusal
from core.store import Store
from tests.behaviour.conftest import Maker
from tests.behaviour.world import E, ids

STEPS = ("view", "cart", "purchase")


def users(store: Store, **options: Any) -> list[int]:
    return funnel(store, **options).table["users"].tolist()


def test_in_order(shop: Store) -> None:
    found = funnel(shop)
    assert (found.steps, found.order) == (STEPS, "ordered")
    table = found.table.set_index("step")
    assert table["users"].to_dict() == {"view": 4, "cart": 2, "purchase": 2}  # cat's cart came before the view
    assert table["did"].to_dict() == {"view": 4, "cart": 3, "purchase": 3}
    assert table["lost"].to_dict() == {"view": 0, "cart": 2, "purchase": 0}
    assert table["share_of_first"].tolist() == [1.0, 0.5, 0.5]
    assert table["share_of_previous"].fillna(-1).tolist() == [-1, 0.5, 1.0]


def test_in_any_order(shop: Store) -> None:
    assert users(shop, order="any") == [4, 3, 2]


def test_the_first_way_is_not_the_only_one(make: Maker) -> None:
    # The first cart lies before the first view; the second after it. The first purchase lies before that cart.
    ways = [("cart", 1), ("view", 2), ("purchase", 3), ("cart", 4), ("purchase", 5)]
    store = make([E("ann", "x", event, f"2025-01-0{day}") for event, day in ways])
    assert users(store) == [1, 1, 1]
    assert users(store, window=Window(None, datetime(2025, 1, 5))) == [1, 1, 0]


def test_who_came_and_who_was_lost(shop: Store) -> None:
    def who(step: int, **options: Any) -> set[str]:
        return ids(shop, funnel_users(shop, STEPS, step, **options))

    assert [who(i) for i in range(3)] == [{"ann", "bob", "cat", "eve"}, {"ann", "eve"}, {"ann", "eve"}]
    assert who(1, lost=True) == {"bob", "cat"}
    assert who(1, order="any") == {"ann", "cat", "eve"}
    assert who(2, order="any", lost=True) == {"cat"}
    assert who(0, window=Window(datetime(2025, 3, 12))) == {"eve"}
    for step in (-1, 3):
        with pytest.raises(Refusal, match="has no step"):
            funnel_users(shop, STEPS, step)
    with pytest.raises(Refusal, match="has no step"):
        funnel_users(shop, STEPS, 0, lost=True)


def test_steps_that_make_no_funnel(shop: Store, make: Maker) -> None:
    for steps in ((), ("view",), ("view", "view")):
        with pytest.raises(Refusal) as refused:
            funnel(shop, steps)
        assert refused.value.code == "bad_steps"
    ratings = make([E("ann", "x", "rating", "2025-01-01")])
    assert funnel(ratings).problem == (
        "A funnel needs two of the event types view, cart, purchase; these data hold: rating."
    )


def test_only_steps_that_the_data_hold(make: Maker) -> None:
    store = make([E("ann", "x", "view", "2025-01-01"), E("ann", "x", "purchase", "2025-01-02")])
    assert funnel(store).steps == ("view", "purchase")
    assert users(store, steps=("cart", "purchase")) == [0, 0]
    assert funnel(store, ("cart", "purchase")).problem == "No known user has the event “cart” in this period."


def test_without_times_only_in_any_order(make: Maker) -> None:
    store = make([E("ann", "x", "view", None), E("ann", "x", "purchase", None), E("bob", "x", "view", None)])
    assert funnel(store).problem == NO_TIMES + " Without times, look at the steps in any order."
    assert users(store, order="any") == [2, 1]


def test_untimed_events_are_no_steps_in_order(make: Maker) -> None:
    store = make(
        [E("ann", "x", "view", None), E("ann", "x", "purchase", "2025-01-01"), E("bob", "x", "view", "2025-01-01")]
    )
    assert users(store, window=EVERYTHING) == [1, 0]
    assert users(store, window=EVERYTHING, order="any") == [2, 1]
