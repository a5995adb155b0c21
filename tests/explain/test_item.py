"""The portrait of an item, every field of it counted by hand."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pytest

from core.errors import Refusal
from core.explain import Trait, find_items, item_portrait, user_portrait
from core.interactions import MatrixSpec, build
from core.store import Store
from tests.explain.conftest import Maker
from tests.explain.test_user import EVENTS, ITEMS, ROLES, USERS
from tests.explain.world import did


@pytest.fixture
def shop(make: Maker) -> Store:
    return make(EVENTS, users=USERS, items={**ITEMS, "new": {"kind": "home"}}, roles=ROLES)


def test_every_field(shop: Store) -> None:
    p = item_portrait(shop, build(shop), "lamp")
    assert (p.item, p.label, p.attributes) == ("lamp", "A lamp", (("kind", "light"),))
    assert p.users == (("impression", 1), ("view", 3), ("purchase", 2), ("rating", 1))
    assert (p.buyers, p.orders, p.units, p.net_revenue) == (2, 3, 6.0, 60.0)  # the anonymous order with them
    assert p.repeat_share == 0.0
    assert (p.first_seen, p.last_seen) == (datetime(2025, 3, 3, 9, 10), datetime(2025, 3, 15))
    assert (p.buyer_orders, p.usual_orders) == (1.5, 1.0)  # ann 2, bob 1; cat and eve 1
    assert (p.traits, p.goes_with) == ((), ())


def test_what_went_back_is_not_bought(shop: Store) -> None:
    p = item_portrait(shop, build(shop), "bulb")
    assert p.users == (("view", 1), ("purchase", 1), ("return", 1))
    assert (p.buyers, p.orders, p.units, p.net_revenue) == (1, 2, 1.0, 0.0)


def test_items_of_which_little_is_known(shop: Store) -> None:
    p = item_portrait(shop, build(shop), "new")
    assert (p.label, p.attributes, p.users, p.first_seen) == ("new", (("kind", "home"),), (), None)
    assert (p.buyers, p.orders, p.units, p.net_revenue, p.repeat_share) == (0, 0, 0.0, None, None)
    assert (p.buyer_orders, p.usual_orders) == (None, 1.0)
    with pytest.raises(Refusal) as refused:
        item_portrait(shop, build(shop), "Lamp")
    assert refused.value.code == "unknown_item"


def test_repeat_buyers(make: Maker) -> None:
    events = [did("a", "purchase", "x", f"2025-01-0{n}", order_id=f"o{n}", value=5) for n in (1, 2)]
    events += [
        did("b", "purchase", "x", "2025-01-01", order_id="o1"),
        did("b", "purchase", "x", "2025-01-02", order_id="o1"),
    ]
    events += [did("c", "purchase", "x", "2025-01-01"), did("c", "purchase", "x", "2025-01-01 10:00")]  # one day
    events += [did("d", "purchase", "x", f"2025-01-0{n}") for n in (1, 2)] + [
        did("d", "return", "x", "2025-01-05", quantity=-2.0)
    ]
    store = make(events)
    p = item_portrait(store, build(store), "x")
    assert (p.buyers, p.repeat_share) == (3, 1 / 3)  # a; d returned both
    assert p.orders == 6


def test_traits_set_buyers_apart(make: Maker) -> None:
    users = {
        f"u{n:03}": {
            "tier": "gold" if n < 60 else "none",
            "club": n < 12 or n >= 170,
            "likes": ["tea", "art"] if n < 30 else ["art"],
            "mail": "@gmail" if n < 50 else "@web",
            "age": 30.0,
        }
        for n in range(200)
    }
    events = [did(user, "purchase", "other", "2025-01-01") for user in users]
    events += [did(f"u{n:03}", "purchase", "x", "2025-01-02") for n in range(40)]
    events += [did(f"u{n:03}", "purchase", "x", "2025-01-02") for n in range(100, 120)]
    store = make(events, users=users, roles={("users", "mail"): "contact"})
    p = item_portrait(store, build(store), "x")
    assert p.buyers == 60
    # of the 60 buyers 40 are gold and 30 like tea, of all 200 buyers 60 and 30; 12 of 60 in the club are less than 42
    assert p.traits == (
        Trait("likes", "tea", 30, 30 / 60, 30 / 200, (30 / 60) / (30 / 200)),
        Trait("tier", "gold", 40, 40 / 60, 60 / 200, (40 / 60) / (60 / 200)),
    )


def test_data_without_purchases(make: Maker) -> None:
    users = {f"u{n:02}": {"tier": "gold" if n < 20 else "none"} for n in range(40)}
    events = [did(f"u{n:02}", "rating", "x" if n < 20 else "y", rating=4.0) for n in range(40)]
    events += [did(f"u{n:02}", "view", "x") for n in range(40)]
    store = make(events, users=users)
    p = item_portrait(store, build(store), "x")
    assert p.users == (("view", 40), ("rating", 20))
    assert (p.buyers, p.orders, p.units, p.net_revenue, p.repeat_share, p.buyer_orders, p.usual_orders) == (None,) * 7
    assert (p.first_seen, p.last_seen) == (None, None)
    assert p.traits == (Trait("tier", "gold", 20, 1.0, 0.5, 2.0),)  # of those who rated it, the weightiest event


def test_goes_with_against_dense_arithmetic(make: Maker) -> None:
    rng = np.random.default_rng(5)
    likes = rng.random((30, 9)) < 0.4
    events = [
        did(f"u{u:02}", "view", f"i{i}", "2025-01-01")
        for u in range(30)
        for i in range(9)
        if likes[u, i]
        for _ in range(1 + (u + i) % 3)
    ]
    events += [did("u00", "view", "rare", "2025-01-01"), did("u01", "view", "rare", "2025-01-01")]
    store = make(events, items={"i3": {"title": "The\nthird"}}, roles={("items", "title"): "title"})
    x = build(store, MatrixSpec(weights=(("view", 1.0),)))
    dense = np.log2(1 + x.matrix.toarray().astype(float))
    column = x.items.row("i0")
    want = []
    for other in range(x.shape[1]):
        a, b = dense[:, column], dense[:, other]
        n = int(((a > 0) & (b > 0)).sum())
        if other != column and n >= 3:
            cosine = a @ b / np.sqrt((a @ a) * (b @ b))
            lift = (n / 30) / ((a > 0).mean() * (b > 0).mean())
            name = x.items.raw(other)
            want.append((name, "The third" if name == "i3" else name, n, lift, cosine * n / (n + 10)))
    want.sort(key=lambda w: -w[4])
    found = item_portrait(store, x, "i0").goes_with
    assert [(g.item, g.label, g.users) for g in found] == [w[:3] for w in want]
    assert [(g.lift, g.similarity) for g in found] == [pytest.approx(w[3:]) for w in want]
    assert item_portrait(store, x, "rare").goes_with == ()
    assert all(g.item != "rare" for g in found)


def test_columns_with_hostile_names(make: Maker) -> None:
    weird = 'a "b" ? {c} %s; DROP'
    users = {f"u{n:02}": {weird: "=1+1" if n < 20 else "**x**"} for n in range(60)}
    events = [did(user, "purchase", "x" if n < 20 else "y", "2025-01-01") for n, user in enumerate(users)]
    items = {"x": {weird: "'; DROP TABLE items; --", "t ?": "Title ?"}, "y": {weird: "?"}}
    roles = {("items", weird): "category", ("items", "t ?"): "title"}
    store = make(events, users=users, items=items, roles=roles)
    p = item_portrait(store, build(store), "x")
    assert (p.label, p.attributes) == ("Title ?", ((weird, "'; DROP TABLE items; --"),))
    assert p.traits == (Trait(weird, "=1+1", 20, 1.0, 1 / 3, 3.0),)
    user = user_portrait(store, "u00")
    assert user.attributes == ((weird, "=1+1"),)
    assert [t.name for t in user.tastes] == ["'; DROP TABLE items; --"]
    assert [f.id for f in find_items(store, "TITLE ?")] == ["x"]
