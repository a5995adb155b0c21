"""Events over time, active users, stickiness: every bucket written out."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from core.behaviour import (
    EVERYTHING,
    NO_TIMES,
    Window,
    active_users,
    active_users_users,
    events_over_time,
    events_over_time_users,
    stickiness,
    stickiness_users,
)
from core.store import Store
from tests.behaviour.conftest import Maker
from tests.behaviour.world import E, ids

START = date(2025, 1, 1)  # a Wednesday


def on(user: str, *days: int, event: str = "view", time: str = "12:00") -> list[E]:
    return [E(user, "x", event, f"{START + timedelta(days=d)} {time}") for d in days]


def test_events_by_day(shop: Store) -> None:
    found = events_over_time(shop, "day")
    assert found.events == ("impression", "view", "cart", "purchase", "return")
    by_event = {event: rows["events"].tolist() for event, rows in found.table.groupby("event", sort=False)}
    assert by_event == {  # 1 to 14 March
        "impression": [0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0],
        "view": [1, 0, 1, 0, 1, 0, 0, 1, 0, 0, 0, 1, 0, 0],
        "cart": [1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0],
        "purchase": [2, 0, 2, 0, 0, 0, 0, 1, 1, 1, 0, 0, 0, 1],
        "return": [0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    }
    views = found.table[found.table["event"] == "view"]
    assert views["start"].tolist() == [date(2025, 3, d) for d in range(1, 15)]
    assert views["complete"].tolist() == [True] * 13 + [False]  # the data end on the 14th at 18:00


def test_events_by_week_and_month(shop: Store) -> None:
    weeks = events_over_time(shop, "week").table.query("event == 'purchase'")
    assert weeks["start"].tolist() == [date(2025, 2, 24), date(2025, 3, 3), date(2025, 3, 10)]
    assert weeks["end"].tolist() == [date(2025, 3, 3), date(2025, 3, 10), date(2025, 3, 17)]
    assert weeks["events"].tolist() == [2, 4, 2]
    assert weeks["complete"].tolist() == [False, True, False]
    months = events_over_time(shop, "month").table.query("event == 'purchase'")
    assert months[["start", "events", "complete"]].to_numpy().tolist() == [[date(2025, 3, 1), 8, False]]


def test_who_stands_behind_a_bar(shop: Store) -> None:
    week = date(2025, 3, 3)
    assert ids(shop, events_over_time_users(shop, EVERYTHING, "week", week)) == {"ann", "bob", "cat", "dan"}
    assert ids(shop, events_over_time_users(shop, EVERYTHING, "week", week, "purchase")) == {"bob"}
    cut = Window(datetime(2025, 3, 4), datetime(2025, 3, 6))
    assert ids(shop, events_over_time_users(shop, cut, "week", week)) == {"ann", "cat"}


def test_a_window_that_cuts_days_marks_them(shop: Store) -> None:
    found = events_over_time(shop, "day", Window(datetime(2025, 3, 3, 10, 30), datetime(2025, 3, 5))).table
    assert found.query("event == 'purchase'")[["events", "complete"]].to_numpy().tolist() == [[2, False], [0, True]]
    assert "view" not in set(found["event"])  # bob's view at 10:00 lies before


def test_days_without_times_of_day_are_complete(make: Maker) -> None:
    store = make([E("ann", "x", "view", "2025-01-06"), E("ann", "x", "view", "2025-01-12")])
    assert events_over_time(store, "day").table["complete"].all()
    assert events_over_time(store, "week").table["complete"].tolist() == [True]  # Monday to Sunday


def test_other_words_come_after_the_vocabulary(make: Maker) -> None:
    store = make([E("ann", "x", e, "2025-01-06") for e in ("subscribe", "purchase", "dream", "view")])
    assert events_over_time(store).events == ("view", "purchase", "dream", "subscribe")


def test_reasons_instead_of_zeros(make: Maker, shop: Store) -> None:
    timeless = make([E("ann", "x", "view", None)])
    assert (
        events_over_time(timeless).problem == active_users(timeless).problem == stickiness(timeless).problem == NO_TIMES
    )
    quiet = Window(datetime(2025, 3, 2), datetime(2025, 3, 3))
    assert active_users(shop, "day", quiet).problem == "No known user did anything in this period."
    ancient = make([E("ann", "x", "view", "1970-01-01"), E("ann", "x", "view", "2025-01-06")])
    problem = events_over_time(ancient, "day").problem
    assert problem == "From 1970-01-01 on there are more than 4,000 days. Choose a later start."
    assert events_over_time(ancient, "week").problem is None


def test_active_new_and_returning(shop: Store) -> None:
    weeks = active_users(shop, "week").table
    assert weeks[["users", "new", "returning", "complete"]].to_numpy().tolist() == [
        [1, 1, 0, False],  # ann
        [3, 2, 1, True],  # bob and cat are new, ann returns; dan only saw an impression
        [2, 1, 1, False],  # eve is new, bob returns
    ]
    week = date(2025, 3, 3)
    assert ids(shop, active_users_users(shop, EVERYTHING, "week", week)) == {"ann", "bob", "cat"}
    assert ids(shop, active_users_users(shop, EVERYTHING, "week", week, "new")) == {"bob", "cat"}
    assert ids(shop, active_users_users(shop, EVERYTHING, "week", week, "returning")) == {"ann"}


def test_new_looks_back_before_the_window(shop: Store) -> None:
    second = active_users(shop, "week", Window(datetime(2025, 3, 3))).table
    assert second["new"].tolist() == [2, 1]


def test_rolling_counts(make: Maker) -> None:
    # ann daily for 30 days, bob on days 0 and 10, cat on day 29 alone; day 29 is the first with 30 days behind it.
    store = make([*on("ann", *range(31)), *on("bob", 0, 10), *on("cat", 29), *on("cat", 29, time="13:00")])
    found = stickiness(store)
    assert found.table["dau"].tolist() == [2, *[1] * 9, 2, *[1] * 18, 2, 1]
    assert found.table["wau"].tolist() == [*[2] * 7, *[1] * 3, *[2] * 7, *[1] * 12, *[2] * 2]
    assert found.table["mau"].tolist() == [*[2] * 29, 3, 3]
    assert found.table["mau_complete"].tolist() == [*[False] * 29, True, False]  # the last day ends at noon
    assert found.table["wau_complete"].tolist() == [*[False] * 6, *[True] * 24, False]
    assert found.table["dau_complete"].tolist() == [*[True] * 30, False]
    # day 29: dau over days 0 to 29 sum to 30 + 2 + 1 = 33, a mean of 1.1, over mau 3
    assert found.latest == pytest.approx(1.1 / 3)
    assert found.latest_day == START + timedelta(days=29)
    assert found.table["stickiness"].notna().sum() == 1


def test_rolling_counts_look_back_before_the_window(make: Maker) -> None:
    store = make([*on("ann", *range(40)), *on("bob", 8)])
    window = Window(datetime(2025, 2, 5), datetime(2025, 2, 8))  # days 35, 36, 37
    assert stickiness(store, window).table["mau"].tolist() == [2, 2, 2]
    assert stickiness(store, window).table["mau_complete"].tolist() == [True] * 3
    window = Window(datetime(2025, 2, 6), datetime(2025, 2, 9))  # bob's day 8 is 30 days before day 38
    assert stickiness(store, window).table["mau"].tolist() == [2, 2, 1]
    assert ids(store, stickiness_users(store, START + timedelta(days=37))) == {"ann", "bob"}
    assert ids(store, stickiness_users(store, START + timedelta(days=38))) == {"ann"}
    assert ids(store, stickiness_users(store, START + timedelta(days=14), 7)) == {"ann", "bob"}


def test_an_old_event_leaves_later_days_as_they_are(make: Maker) -> None:
    days = on("ann", *range(40))
    old, plain = make([E("bob", "x", "view", "1950-01-01"), *days]), make(days)
    window = Window(datetime(2025, 2, 5), datetime(2025, 2, 8))
    assert stickiness(old, window).table.equals(stickiness(plain, window).table)
    assert stickiness(old).problem == "From 1950-01-01 on there are more than 20,000 days. Choose a later start."


def test_once_a_month_and_every_day(make: Maker) -> None:
    daily = make(on("ann", *range(60)))
    assert stickiness(daily).latest == 1.0
    once = make([E(f"u{d}", "x", "view", f"{START + timedelta(days=d)}") for d in range(60)])
    assert stickiness(once).latest == pytest.approx(1 / 30)
    young = make(on("ann", *range(20)))
    assert (stickiness(young).latest, stickiness(young).problem) == (None, None)
