"""Finding users and items: what people type is a value, never a pattern."""

from __future__ import annotations

import pytest

from core.behaviour import count_people
from core.errors import Refusal
from core.explain import Found, draw_user, find_items, find_users, item_portrait, item_users, user_portrait
from core.interactions import build as build_matrix
from core.store import Query, Store
from tests.explain.conftest import Maker
from tests.explain.test_user import EVENTS, ITEMS, ROLES, USERS
from tests.explain.world import did

HOSTILE = [
    "'; DROP TABLE users; --",
    "%",
    "_",
    "50%_off\\",
    "=SUM(A1)",
    "**bold** [x](http://y)",
    'a"b',
    "ann",
    "\u202eevil",
]


@pytest.fixture
def hostile(make: Maker) -> Store:
    events = [did(name, "view", name, "2025-01-01") for name in HOSTILE]
    items = {name: {"title": f"{name}\n" + "long " * 100} for name in HOSTILE}
    return make(events, items=items, roles={("items", "title"): "title"})


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_ids_are_values(hostile: Store, name: str) -> None:
    assert find_users(hostile, name)[0].id == name
    found = find_items(hostile, name)[0]
    assert found.id == name
    assert "\n" not in found.label
    assert "\u202e" not in found.label
    assert user_portrait(hostile, name).items == 1
    assert "\n" not in item_portrait(hostile, build_matrix(hostile), name).label
    assert count_people(hostile, item_users(hostile, name, None)) == 1
    assert count_people(hostile, item_users(hostile, name, name)) == 0


def test_signs_of_patterns_stand_for_themselves(hostile: Store) -> None:
    assert {f.id for f in find_users(hostile, "%")} == {"%", "50%_off\\"}
    assert {f.id for f in find_users(hostile, "_")} == {"_", "50%_off\\"}
    assert find_users(hostile, "no such \ud800 user\0") == []


def test_order_of_what_is_found(make: Maker) -> None:
    counts = {"12": 1, "123": 2, "1299": 3, "912": 9, "AB": 1, "ab": 1, "7": 1}
    store = make([did(u, "view", "x", "2025-01-01") for u, n in counts.items() for _ in range(n)])
    assert [(f.id, f.events) for f in find_users(store, " 12 ")] == [("12", 1), ("1299", 3), ("123", 2), ("912", 9)]
    assert [f.id for f in find_users(store, "ab")] == ["ab", "AB"]
    assert [f.id for f in find_users(store, "Ab")] == ["AB", "ab"]
    assert [f.id for f in find_users(store, "", limit=2)] == ["912", "1299"]
    assert find_users(store, "12", limit=0) == []


def test_items_by_id_or_title(make: Maker) -> None:
    store = make(EVENTS, users=USERS, items={**ITEMS, "new": {"title": "LAMP, new"}}, roles=ROLES)
    assert find_items(store, "LAMP") == [
        Found("lamp", "A lamp", 8),  # the id itself
        Found("new", "LAMP, new", 0),  # the title begins with it
    ]
    assert [f.id for f in find_items(store, "a la")] == ["lamp"]
    assert [f.label for f in find_items(store, "")][:2] == ["A lamp", "bulb"]
    assert find_users(store, "zoe") == [Found("zoe", "zoe", 0)]


def test_a_user_drawn_at_random(make: Maker) -> None:
    events = [did(f"u{n:02}", "view", "x", "2025-01-01") for n in range(40)]
    store = make([*events, did("shown", "impression", "x", "2025-01-01")], users={"silent": {"country": "DE"}})
    drawn = [draw_user(store, None, seed=seed) for seed in range(60)]
    assert drawn == [draw_user(store, None, seed=seed) for seed in range(60)]
    assert len(set(drawn)) > 20
    assert not set(drawn) & {"silent", "shown", None}
    some = Query("SELECT user_no FROM users WHERE user_id IN (?, ?, ?)", ("u03", "u05", "silent"))
    assert {draw_user(store, some, seed=seed) for seed in range(20)} == {"u03", "u05"}
    assert draw_user(store, Query("SELECT user_no FROM users WHERE user_id = ?", ("silent",)), seed=1) is None


def test_the_users_of_an_item(make: Maker) -> None:
    store = make(EVENTS, users=USERS, items=ITEMS, roles=ROLES)

    def who(item: str, event: str | None) -> set[str]:
        rows = store.rows(
            Query("SELECT user_id FROM users JOIN (") + item_users(store, item, event) + ") USING (user_no)"
        )
        return {row["user_id"] for row in rows}

    assert who("lamp", "purchase") == {"ann", "bob"}
    assert who("bulb", "purchase") == {"eve"}  # ann's went back
    assert who("bulb", "return") == {"ann"}
    assert who("lamp", "impression") == {"ann"}
    assert who("lamp", None) == {"ann", "bob", "dan"}
    assert who("lamp", "'; DROP") == set()
    with pytest.raises(Refusal) as refused:
        item_users(store, "no such item", None)
    assert refused.value.code == "unknown_item"


def test_without_text_buyers_come_before_robots(make: Maker) -> None:
    robot = [did("robot", "view", f"i{n}", "2025-01-01") for n in range(50)]
    buyers = [
        did(u, "purchase", "mug", "2025-01-01", order_id=f"{u}{n}") for u, n in (("ann", 1), ("bob", 1), ("bob", 2))
    ]
    assert [f.id for f in find_users(make(robot + buyers), "")] == ["bob", "ann", "robot"]
