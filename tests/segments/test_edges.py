"""The edges of each definition, one small world each."""

from __future__ import annotations

from datetime import datetime

from core.segments import (
    All,
    Compare,
    Did,
    EventStep,
    Filter,
    Last,
    Not,
    Order,
    Rfm,
    Rule,
    Span,
    Test,
    Top,
    compile_rule,
    read_schema,
    rfm,
)
from core.store import Store
from tests.segments.world import World, event, ids, put

AS_OF = datetime(2024, 3, 31)


def answer(store: Store, rule: Rule, *events: dict[str, object], as_of: datetime = AS_OF) -> set[str]:
    if events:
        put(store, World(events=tuple(events)))
    return ids(store, compile_rule(rule, read_schema(store), as_of))


def test_undated_events_count_ever_and_in_no_other_window(store: Store) -> None:
    events = (event("dated", "view", "2024-03-30"), event("undated", "view"), event("late", "view", "2024-04-01"))
    assert answer(store, Did("view"), *events) == {"dated", "undated"}
    assert answer(store, Did("view", window=Last(100_000))) == {"dated"}
    assert answer(store, Did("view", compare=Compare("at_most", 0))) == {"late"}


def test_an_impression_is_no_activity(store: Store) -> None:
    events = (event("shown", "impression", "2024-03-30"), event("came", "subscribe", "2024-03-30"))
    assert answer(store, Did("*"), *events) == {"came"}
    assert answer(store, Not(Did("*", window=Last(7)))) == {"shown"}
    assert answer(store, Did("impression")) == {"shown"}


def test_what_wholly_returned_means(store: Store) -> None:
    day = "2024-03-01"
    events = (
        event("kept", "purchase", day, item="x", quantity=2),
        event("kept", "return", day, item="x", quantity=-1),
        event("sent back", "purchase", day, item="x", quantity=2),
        event("sent back", "return", day, item="x", quantity=-2),
        event("no quantity", "purchase", day, item="x"),
        event("no quantity", "return", day, item="x"),
        event("one of two", "purchase", day, item="x"),
        event("one of two", "purchase", day, item="x"),
        event("one of two", "return", day, item="x"),
        event("free", "purchase", day, item="x", quantity=0),
        event("free", "return", day, item="z", quantity=-1),
        event("other item", "purchase", day, item="x", quantity=1),
        event("other item", "return", day, item="y", quantity=-5),
        event("returned later", "purchase", day, item="x", quantity=1),
        event("returned later", "return", "2024-04-02", item="x", quantity=-1),
    )
    kept = {"kept", "one of two", "free", "other item", "returned later"}
    item_x = (Filter("item", "item_id", Test("is", ("x",))),)
    assert answer(store, Did("purchase", "items"), *events) == kept
    assert answer(store, Did("purchase", where=item_x)) == kept
    assert answer(store, Did("purchase", where=item_x), as_of=datetime(2024, 5, 1)) == kept - {"returned later"}
    assert answer(store, Did("purchase")) == kept | {"sent back", "no quantity"}, "an order counts once placed"


def test_totals_of_unknown_values_are_missing_and_of_nothing_zero(store: Store) -> None:
    events = (
        event("paid", "purchase", "2024-03-01", value=5),
        event("unknown", "purchase", "2024-03-01"),
        event("half known", "purchase", "2024-03-01", value=7),
        event("half known", "purchase", "2024-03-02"),
        event("looked", "view", "2024-03-01"),
    )
    assert answer(store, Did("purchase", "value", Compare("at_most", 6)), *events) == {"paid", "looked"}
    assert answer(store, Did("purchase", "value", Compare("at_least", 0))) == {"paid", "half known", "looked"}
    assert answer(store, Did("purchase", "order_value", Compare("at_most", 100))) == {"paid", "half known"}
    assert answer(store, Not(Did("purchase", "value", Compare("at_least", 0)))) == {"unknown"}


def test_orders_by_id_else_by_day(store: Store) -> None:
    events = (
        event("two ids", "purchase", "2024-03-01T10:00", order_id="a"),
        event("two ids", "purchase", "2024-03-01T11:00", order_id="b"),
        event("two lines", "purchase", "2024-03-01T10:00", order_id="a"),
        event("two lines", "purchase", "2024-03-02T10:00", order_id="a"),
        event("two days", "purchase", "2024-03-01T23:59:59"),
        event("two days", "purchase", "2024-03-02T00:00:00"),
        event("one day", "purchase", "2024-03-01T00:00:00"),
        event("one day", "purchase", "2024-03-01T23:59:59"),
        event("id and day", "purchase", "2024-03-01T10:00", order_id="c"),
        event("id and day", "purchase", "2024-03-01T10:00"),
        event("undated", "purchase"),
        event("undated", "purchase"),
    )
    assert answer(store, Did("purchase", compare=Compare("exactly", 2)), *events) == {
        "two ids",
        "two days",
        "id and day",
    }
    assert answer(store, Did("purchase", compare=Compare("exactly", 1))) == {"two lines", "one day", "undated"}


def test_then_is_strictly_later_and_within_is_inclusive(store: Store) -> None:
    events = (
        event("same moment", "cart", "2024-03-01T10:00"),
        event("same moment", "purchase", "2024-03-01T10:00"),
        event("on the hour", "cart", "2024-03-01T10:00"),
        event("on the hour", "purchase", "2024-03-01T11:00"),
        event("second try", "cart", "2024-02-01"),
        event("second try", "cart", "2024-03-01T10:30"),
        event("second try", "purchase", "2024-03-01T11:00"),
        event("other item", "cart", "2024-03-01T10:00", item="x"),
        event("other item", "purchase", "2024-03-01T10:30", item="y"),
        event("the wrong way", "purchase", "2024-03-01T10:00"),
        event("the wrong way", "cart", "2024-03-01T10:30"),
    )
    cart, bought = EventStep("cart"), EventStep("purchase")
    in_time = {"on the hour", "second try", "other item"}
    assert answer(store, Order(cart, bought, Span(1, "hours")), *events) == in_time
    assert answer(store, Order(cart, bought, Span(59, "minutes"))) == {"second try", "other item"}
    assert answer(store, Order(cart, bought, same_item=True)) == set(), "an unknown item is the same as no other"


def test_top_keeps_equals_together(store: Store) -> None:
    def shop(*counts: int) -> tuple[dict[str, object], ...]:
        return tuple(event(f"u{n}", "view", "2024-03-01") for n, count in enumerate(counts) for _ in range(count))

    assert answer(store, Top("events", 0.5, "view"), *shop(5, 3, 3, 1)) == {"u0", "u1", "u2"}, "1 or 3 of 4: the larger"
    assert answer(store, Top("events", 0.25, "view")) == {"u0"}
    assert answer(store, Top("events", 0.01, "view"), *shop(2, 2, 2)) == {"u0", "u1", "u2"}, "never nobody"
    assert answer(store, Top("value", 0.5, "view")) == set(), "nobody has the measure"


def test_rfm_takes_the_lower_of_two_boundaries_equally_near(store: Store) -> None:
    """Ten buyers with 1, 2, 2, 3, 3, 3, 4, 4, 5, 5 orders: values end after 1, 3, 6 and 8 buyers."""
    orders = (1, 2, 2, 3, 3, 3, 4, 4, 5, 5)
    events = (
        event(f"u{u}", "purchase", "2024-03-01", order_id=f"{u}-{n}") for u, k in enumerate(orders) for n in range(k)
    )
    put(store, World(events=tuple(events)))
    # the cuts aim at 2 (1 and 3 are equally near: 1), 4 (3), 6 (6) and 8 (8)
    assert {int(b.lowest): b.score for b in rfm(store, AS_OF).frequency} == {1: 1, 2: 2, 3: 3, 4: 4, 5: 5}


def test_rfm_leaves_out_who_only_returned_and_nets_the_rest(store: Store) -> None:
    events = (
        event("buyer", "purchase", "2024-03-01", order_id="1", value=10),
        event("buyer", "return", "2024-03-02", order_id="2", value=-4),
        event("returner", "return", "2024-03-02", order_id="3", value=-9),
    )
    assert answer(store, Rfm(("33",)), *events) == {"buyer"}
    found = rfm(store, AS_OF)
    assert (found.buyers, found.cells[12].frequency, found.cells[12].revenue) == (1, 1, 6)
    assert answer(store, All((Rfm(("33",)), Did("return")))) == {"buyer"}
