"""The portrait of a user, every field of it counted by hand."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from core.errors import Refusal
from core.explain import Did, Taste, user_portrait
from core.store import Store
from tests.explain.conftest import Maker
from tests.explain.world import did

EVENTS = [
    did("ann", "impression", "lamp", "2025-03-03 09:00", channel="email"),  # a Monday
    did("ann", "view", "lamp", "2025-03-03 09:10", channel="web", device="phone"),
    did("ann", "purchase", "lamp", "2025-03-03 09:20", order_id="o1", quantity=2.0, value=20, channel="web"),
    did("ann", "purchase", "bulb", "2025-03-03 09:20", order_id="o1", quantity=1.0, value=5, channel="web"),
    did("ann", "return", "bulb", "2025-03-07 12:00", quantity=-1.0, value=-5),
    did("ann", "purchase", "rug", "2025-03-13 09:30", quantity=1.0, value=40, channel="store"),  # no order number:
    did("ann", "purchase", "rug", "2025-03-13 18:00", value=40, channel="store"),  # one order with the line before
    did("ann", "rating", "lamp", "2025-03-13 20:00", rating=4.0),
    did("ann", "view", "bulb", None),
    did("bob", "view", "lamp", "2025-03-09 10:00", channel="email"),
    did("bob", "purchase", "lamp", "2025-03-10 10:00", order_id="o1", quantity=1.0, value=10),  # bob's own o1
    did("cat", "purchase", "rug", "2025-03-11 10:00", order_id="o2", value=500),
    did("dan", "view", "lamp", "2025-03-11 10:00"),
    did("dan", "view", "misc", "2025-03-11 10:01"),  # no category
    did("eve", "purchase", "bulb", "2025-03-12 10:00", order_id="o3"),  # no price known
    did(None, "purchase", "lamp", "2025-03-15 00:00", order_id="o9", quantity=3.0, value=30),
]
USERS = {
    "ann": {
        "country": "DE", "vip": True, "born": 1990.0, "since": datetime(2021, 8, 24), "likes": ["tea", "art"],
        "email": "ann@mail.example", "agreed": True,
    },
    "bob": {"country": "", "born": None},
    "zoe": {"country": "FR"},
}  # fmt: skip
ITEMS = {
    "lamp": {"title": "A lamp", "kind": "light"},
    "bulb": {"kind": "light", "title": None},
    "rug": {"title": "Rug", "kind": "home"},
}
ROLES = {
    ("users", "email"): "contact",
    ("users", "agreed"): "consent",
    ("items", "title"): "title",
    ("items", "kind"): "category",
}


@pytest.fixture
def shop(make: Maker) -> Store:
    return make(EVENTS, users=USERS, items=ITEMS, roles=ROLES)


def test_every_field(shop: Store) -> None:
    p = user_portrait(shop, "ann")
    assert p.user == "ann"
    assert p.attributes == (
        ("country", "DE"), ("vip", "yes"), ("born", "1990"), ("since", "2021-08-24"), ("likes", "tea, art"),
    )  # fmt: skip
    assert p.events == (("impression", 1), ("view", 2), ("purchase", 4), ("rating", 1), ("return", 1))
    assert (p.items, p.active_days, p.orders) == (3, 3, 2)
    assert (p.first_seen, p.last_seen) == (datetime(2025, 3, 3, 9, 10), datetime(2025, 3, 13, 20))
    assert (p.net_revenue, p.order_value) == (100.0, 50.0)
    assert p.value_rank == pytest.approx(1 / 3)  # of ann, bob and cat only cat spent more; what eve spent is not known
    assert p.days_since_order == pytest.approx(1.25)
    assert p.days_between_orders == pytest.approx(10 + 10 / 60 / 24)
    assert (p.weekday, p.hour) == (0, 9)  # three each on Monday and Thursday: the earlier
    assert p.category_column == "kind"
    # light: lamp viewed, bought, rated; bulb bought, viewed. All users: light 9 of 12. The return is no taste.
    assert p.tastes == (
        Taste("light", 5, 5 / 7, 9 / 12, (5 / 7) / (9 / 12)),
        Taste("home", 2, 2 / 7, 3 / 12, (2 / 7) / (3 / 12)),
    )
    assert p.channels == (
        Taste("web", 3, 3 / 5, 3 / 6, (3 / 5) / (3 / 6)),
        Taste("store", 2, 2 / 5, 2 / 6, (2 / 5) / (2 / 6)),
    )
    assert p.devices == (Taste("phone", 1, 1.0, 1.0, 1.0),)
    assert p.history_total == 9
    assert p.history[0] == Did(datetime(2025, 3, 13, 20), "rating", "lamp", "A lamp", None, None, 4.0, None)
    assert p.history[1] == Did(datetime(2025, 3, 13, 18), "purchase", "rug", "Rug", None, 40.0, None, "store")
    assert p.history[-1] == Did(None, "view", "bulb", "bulb", None, None, None, None)
    assert [h.event for h in p.history].count("return") == 1


def test_before_a_date(shop: Store) -> None:
    p = user_portrait(shop, "ann", until=datetime(2025, 3, 13))
    assert p.events == (("impression", 1), ("view", 2), ("purchase", 2), ("return", 1))
    assert (p.orders, p.net_revenue, p.days_between_orders) == (1, 20.0, None)
    assert p.days_since_order == pytest.approx(9 + (14 * 60 + 40) / 60 / 24)
    assert p.value_rank == pytest.approx(1 / 3)  # bob 10, cat 500
    late = user_portrait(shop, "ann", until=datetime(2031, 1, 1))
    assert late == user_portrait(shop, "ann")  # the data end before


def test_users_of_whom_little_is_known(shop: Store) -> None:
    zoe = user_portrait(shop, "zoe")
    assert (zoe.events, zoe.history, zoe.tastes, zoe.items, zoe.active_days) == ((), (), (), 0, 0)
    assert (zoe.orders, zoe.net_revenue, zoe.value_rank, zoe.weekday, zoe.first_seen) == (0, None, None, None, None)
    assert zoe.attributes == (("country", "FR"),)
    eve = user_portrait(shop, "eve")
    assert (eve.orders, eve.net_revenue, eve.order_value, eve.value_rank) == (1, None, None, None)
    assert user_portrait(shop, "bob").attributes == ()
    assert user_portrait(shop, "dan").tastes == (Taste("light", 1, 1.0, 9 / 12, 12 / 9),)
    with pytest.raises(Refusal) as refused:
        user_portrait(shop, "Ann")
    assert refused.value.code == "unknown_user"


def test_what_is_usual_follows_the_data(shop: Store) -> None:
    assert user_portrait(shop, "ann").value_rank == pytest.approx(1 / 3)
    with shop.atomic() as writer:
        writer.run("UPDATE events SET value = 900 WHERE value = 10")
    assert user_portrait(shop, "ann").value_rank == pytest.approx(2 / 3)


def test_data_without_times_items_or_purchases(make: Maker) -> None:
    store = make([did("u1", "view", "a"), did("u1", "view", "b"), did("u2", "search", None)])
    p = user_portrait(store, "u1")
    assert (p.events, p.items, p.history_total) == ((("view", 2),), 2, 2)
    assert (p.first_seen, p.active_days, p.orders, p.net_revenue, p.weekday, p.hour) == (None,) * 6
    assert (p.category_column, p.tastes, p.channels, p.devices, p.attributes) == (None, (), (), (), ())
    assert user_portrait(store, "u2").history == (Did(None, "search", None, None, None, None, None, None),)
    with pytest.raises(Refusal) as refused:
        user_portrait(store, "u1", until=datetime(2025, 1, 1))
    assert refused.value.code == "no_times"


def test_items_of_several_categories(make: Maker) -> None:
    genres = {"x": {"genres": ["Action", "Comedy"]}, "y": {"genres": ["Comedy"]}, "z": {"genres": []}}
    events = [did("a", "rating", "x", "2025-01-01"), did("a", "rating", "z", "2025-01-01")]
    events += [did("b", "rating", "y", "2025-01-01")]
    store = make(events, items=genres, roles={("items", "genres"): "category"})
    assert user_portrait(store, "a").tastes == (
        Taste("Action", 1, 1.0, 1 / 2, 2.0),
        Taste("Comedy", 1, 1.0, 1.0, 1.0),  # both of all users' events with a genre
    )


def test_a_long_history_is_cut(make: Maker) -> None:
    first = datetime(2025, 1, 1)
    store = make([did("a", "view", "x", str(first + timedelta(hours=n))) for n in range(230)])
    p = user_portrait(store, "a")
    assert (len(p.history), p.history_total) == (200, 230)
    assert p.history[0].at == first + timedelta(hours=229)
