"""One thing and not another after it, with every member known by eye."""

from __future__ import annotations

from datetime import date

import pytest

from core.segments import (
    Between,
    Last,
    Not,
    Order,
    Span,
    compile_rule,
    describe,
    read_schema,
)  # fmt: skip
from core.store import Store
from tests.segments.people_beside import BUY, CART, NOON
from tests.segments.world import World, event, ids, put

# then late   carts on 1 March, buys on 11 March
# in time     carts on 1 March, buys on 8 March at the same hour: at most 7 days after
# other       carts a toy, buys a book an hour later
# twice       carts on 1 March and buys, carts again on 10 March and does not
# fresh       carts on 28 March
# just out    carts on 24 March at noon: 7 days end at as_of
# no item     carts on 1 March, of what is not known; buys a toy the day after
# same time   carts and buys at one moment
LEFT = World(
    events=(
        event("late", "cart", "2024-03-01", item="toy"),
        event("late", "purchase", "2024-03-11", item="toy"),
        event("in time", "cart", "2024-03-01", item="toy"),
        event("in time", "purchase", "2024-03-08", item="toy"),
        event("other", "cart", "2024-03-01", item="toy"),
        event("other", "purchase", "2024-03-01T01:00", item="book"),
        event("twice", "cart", "2024-03-01", item="toy"),
        event("twice", "purchase", "2024-03-02", item="toy"),
        event("twice", "cart", "2024-03-10", item="toy"),
        event("fresh", "cart", "2024-03-28", item="toy"),
        event("just out", "cart", "2024-03-24T12:00", item="toy"),
        event("no item", "cart", "2024-03-01"),
        event("no item", "purchase", "2024-03-02", item="toy"),
        event("same time", "cart", "2024-03-01", item="toy"),
        event("same time", "purchase", "2024-03-01", item="toy"),
        event("undated", "cart", None, item="toy"),
        event("buyer", "purchase", "2024-03-01", item="toy"),
    ),
)
WEEK = Span(7)
ABSENT: list[tuple[Order, set[str], str]] = [
    (
        Order(CART, BUY, absent=True),
        {"twice", "fresh", "just out", "same time"},
        "cart without purchase after it, ever",
    ),
    (
        Order(CART, BUY, WEEK, absent=True),
        {"late", "twice", "just out", "same time"},
        "cart without purchase within 7 days after it, ever",
    ),
    (
        Order(CART, BUY, WEEK, same_item=True, absent=True),
        {"late", "other", "twice", "just out", "same time"},
        "cart without purchase of the same item within 7 days after it, ever",
    ),
    # the window limits the carts; a purchase before it began is before them, one after it still follows
    (
        Order(CART, BUY, WEEK, Last(7), absent=True),
        {"just out"},
        "cart without purchase within 7 days after it in the last 7 days",
    ),
    (Order(BUY, CART, absent=True), set(LEFT.user_ids()) - {"twice", "fresh", "just out", "undated"}, ""),
]


@pytest.mark.parametrize(("rule", "expected", "words"), ABSENT, ids=[words or "reversed" for *_, words in ABSENT])
def test_one_thing_and_not_another(shared: Store, rule: Order, expected: set[str], words: str) -> None:
    put(shared, LEFT)
    schema = read_schema(shared)
    assert ids(shared, compile_rule(rule, schema, NOON)) == expected
    assert ids(shared, compile_rule(Not(rule), schema, NOON)) == LEFT.user_ids() - expected
    assert not words or describe(rule) == words


def test_a_then_after_the_window_still_follows(shared: Store) -> None:

    put(shared, LEFT)
    early = Between(date(2024, 3, 1), date(2024, 3, 8))  # the purchase of "in time" is on the 8th
    rule = Order(CART, BUY, WEEK, early, absent=True)
    assert ids(shared, compile_rule(rule, read_schema(shared), NOON)) == {"late", "same time"}
    found = ids(shared, compile_rule(Order(CART, BUY, WEEK, early), read_schema(shared), NOON))
    assert found == {"other", "twice", "no item"}, "without `absent` the window limits both"
