"""The overview of hand-dated people; each number can be counted in tests/behaviour/world.py."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import pytest

from core.behaviour import (
    EVERYTHING,
    Metric,
    Window,
    contents,
    events_after_end,
    last_days,
    overview,
    overview_users,
    trend,
)
from core.errors import Refusal
from core.store import Store
from tests.behaviour.conftest import Maker
from tests.behaviour.world import SHOP, E, ids


def test_everything(shop: Store) -> None:
    o = overview(shop)
    assert o.window == Window(None, datetime(2025, 3, 14, 18, 0, 0, 1))
    assert (o.first, o.last) == (datetime(2025, 3, 1, 9), datetime(2025, 3, 14, 18))
    assert o.known_users == 6  # zoe too
    assert o.users == Metric(5)
    assert o.items == Metric(3)
    assert o.events == Metric(18)
    assert o.anonymous == Metric(3)
    assert o.orders == Metric(5)  # o1, bob's two days, o9, o2
    assert o.buyers == Metric(3)  # ann, bob, eve
    assert o.revenue == Metric(Decimal("83.0"))  # 14.5 - 10 + 45 + 33.5
    assert o.compared is None
    assert o.not_compared == "All the data are shown, so there is no period before."
    assert o.notes == (
        "3 events name no user: they count in events and revenue, not among users.",
        "1 purchase has neither a user nor an order number: it counts in revenue, not in orders.",
        "1 purchase carries no value: it counts in orders, not in revenue.",
    )


def test_a_week_against_the_week_before(shop: Store) -> None:
    window = last_days(shop, 7)
    o = overview(shop, window)
    assert window == Window(datetime(2025, 3, 7, 18, 0, 0, 1), datetime(2025, 3, 14, 18, 0, 0, 1))
    assert o.users == Metric(2)  # bob, eve
    assert o.compared is None  # it would begin on 28 February
    assert o.not_compared == (
        "The data begin on 2025-03-01, too late for a whole period of the same length before this one."
    )


def test_a_shorter_week_is_compared(shop: Store) -> None:
    o = overview(shop, Window(datetime(2025, 3, 8), datetime(2025, 3, 15)))
    assert o.window.end == datetime(2025, 3, 14, 18, 0, 0, 1)  # cut where the data end
    assert o.compared == Window(datetime(2025, 3, 1, 5, 59, 59, 999999), datetime(2025, 3, 8))
    assert o.users == Metric(2, 4)
    assert o.events == Metric(7, 11)
    assert o.anonymous == Metric(3, 0)
    assert o.orders == Metric(3, 2)
    assert o.buyers == Metric(2, 2)
    assert o.revenue == Metric(Decimal("53.5"), Decimal("29.5"))
    assert o.users.change == -0.5
    assert o.anonymous.change is None  # nothing to divide by


def test_the_window_is_half_open(shop: Store) -> None:
    at_nine = overview(shop, Window(datetime(2025, 3, 1, 9), datetime(2025, 3, 1, 9, 5)))
    assert at_nine.events.value == 1


def test_who_stands_behind_each_number(shop: Store) -> None:
    assert ids(shop, overview_users(shop, EVERYTHING, "users")) == {"ann", "bob", "cat", "dan", "eve"}
    assert ids(shop, overview_users(shop, EVERYTHING, "orders")) == {"ann", "bob", "eve"}
    assert ids(shop, overview_users(shop, EVERYTHING, "buyers")) == {"ann", "bob", "eve"}
    week = Window(datetime(2025, 3, 4), datetime(2025, 3, 11))
    assert ids(shop, overview_users(shop, week, "revenue")) == {"ann", "bob"}
    assert ids(shop, overview_users(shop, week, "buyers")) == {"bob"}


def test_order_numbers_that_each_user_counts_anew(make: Maker) -> None:
    store = make([E(u, "x", "purchase", "2025-01-01", o) for u in ("ann", "bob") for o in ("1", "2", "2")])
    assert overview(store).orders.value == 4


def test_without_times(make: Maker) -> None:
    store = make([E("ann", "x", "purchase", None, None, 1, 5.0), E("ann", "y", "purchase", None, None, 1, 2.5)])
    o = overview(store)
    assert (o.window, o.first, o.last) == (EVERYTHING, None, None)
    assert (o.users.value, o.orders.value, o.revenue.value) == (1, 1, Decimal("7.5"))
    assert o.not_compared is not None
    assert o.not_compared.startswith("These events carry no time")
    assert last_days(store, 30) == EVERYTHING
    assert trend(store).problem == o.not_compared
    with pytest.raises(Refusal, match="no time") as refused:
        overview(store, Window(datetime(2025, 1, 1), datetime(2025, 2, 1)))
    assert refused.value.code == "no_times"


def test_no_zero_where_nothing_can_be_said(make: Maker) -> None:
    ratings = make([E("ann", "x", "rating", "2025-01-01")])
    o = overview(ratings)
    assert o.orders == o.buyers == o.revenue == Metric(None, None, "The data hold no purchases.")
    assert o.orders.change is None
    unpriced = make([E("ann", "x", "purchase", "2025-01-01")])
    assert overview(unpriced).revenue.problem == "The purchases carry neither a value nor a price."
    nameless = make([E(None, "x", "purchase", "2025-01-01", None, 1, 3.0)])
    o = overview(nameless)
    assert o.users.problem == o.buyers.problem == "No event names its user."
    assert o.orders.problem == "The purchases name neither a user nor an order."
    assert o.revenue.value == 3


def test_a_mistyped_year_does_not_count(make: Maker) -> None:
    store = make([*SHOP, E("fay", "mug", "purchase", "2205-03-01", "o7", 1, 1000.0)])
    o = overview(store)
    assert (o.users.value, o.revenue.value) == (5, 83)
    assert "1 event is dated after the day it was loaded; taken for an error, it does not count." in o.notes


def test_events_without_a_time_among_timed_ones_count_in_totals_only(make: Maker) -> None:
    store = make([E("ann", "x", "view", "2025-01-01 10:00"), E("bob", "x", "view", None)])
    assert overview(store).users.value == 2
    assert overview(store, last_days(store, 1)).users.value == 1
    assert trend(store).table["users"].sum() == 1
    assert "1 event has no time: it counts in totals, but in no figure over time." in overview(store).notes


def test_windows_that_cannot_be() -> None:
    with pytest.raises(Refusal) as refused:
        Window(datetime(2025, 2, 1), datetime(2025, 2, 1))
    assert refused.value.code == "empty_window"


def test_a_window_after_the_data(shop: Store) -> None:
    with pytest.raises(Refusal, match="the data end on 2025-03-14") as refused:
        overview(shop, Window(datetime(2025, 4, 1)))
    assert refused.value.code == "window_after_data"


def test_trend(shop: Store) -> None:
    by_week = trend(shop, unit="week").table
    columns = ["users", "events", "orders", "revenue", "complete"]
    assert [str(d) for d in by_week["start"]] == ["2025-02-24", "2025-03-03", "2025-03-10"]
    assert by_week[columns].to_numpy().tolist() == [
        [1, 4, 1, 14.5, False],  # the data begin on the Saturday of this week
        [4, 10, 2, 48.5, True],
        [2, 4, 2, 20.0, False],
    ]
    assert trend(shop).unit == "day"


def test_contents(shop: Store) -> None:
    kinds = {k.event: k for k in contents(shop)}
    assert list(kinds) == ["impression", "view", "cart", "purchase", "return"]
    bought = kinds["purchase"]
    assert (bought.events, bought.timed, bought.known, bought.valued, bought.ordered) == (8, 8, 6, 7, 4)


def test_events_dated_after_the_end_are_counted_apart(make: Maker) -> None:
    late = [E("ann", "mug", "view", "2125-03-01"), E("ann", "mug", "view", "2125-03-02")]
    assert events_after_end(make([*SHOP, *late])) == 2
    assert events_after_end(make(SHOP)) == 0
    assert events_after_end(make([E("ann", "mug", "view", None)])) == 0
