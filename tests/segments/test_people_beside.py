"""Windows before and after an event, with every member known by eye."""

from __future__ import annotations

import pytest

from core.segments import (
    All,
    BadRule,
    Beside,
    Compare,
    Did,
    EventStep,
    Filter,
    Moment,
    Not,
    Order,
    Rule,
    Span,
    Test,
    Top,
    compile_rule,
    count,
    describe,
    read_schema,
)  # fmt: skip
from core.store import Store
from tests.segments.people_beside import ALL, BUY, CART, NOON, SHOP, VIEW
from tests.segments.world import World, event, ids, put


def views(op: str, n: float, window: Beside, measure: str = "events") -> Did:
    return Did("view", measure, Compare(op, n), window)  # type: ignore[arg-type]


BESIDE: list[tuple[Rule, set[str], str]] = [
    # strictly before: the view at the moment of the purchase is neither before nor after it
    (views("exactly", 1, Beside("before", BUY, "first")), {"ann"}, "exactly 1 view before their first purchase"),
    (views("exactly", 3, Beside("before", BUY)), {"ann"}, "exactly 3 views before their last purchase"),
    (views("exactly", 1, Beside("after", BUY, "first")), {"ann"}, "exactly 1 view after their first purchase"),
    (views("at_least", 1, Beside("after", BUY)), set(), "at least 1 view after their last purchase"),
    # nobody without a dated purchase before as_of has the window: not cat, dan, eve, fay
    (views("at_most", 0, Beside("after", BUY)), {"ann", "ben"}, "at most 0 views after their last purchase"),
    (views("exactly", 0, Beside("before", BUY)), {"ben"}, "exactly 0 views before their last purchase"),
    (views("less_than", 9, Beside("before", BUY)), {"ann", "ben"}, "less than 9 views before their last purchase"),
    (
        views("at_most", 5, Beside("before", BUY), "rating"),
        {"ben"},
        "sum of ratings of views at most 5 before their last purchase",
    ),
    (
        views("exactly", 4, Beside("before", BUY, "first"), "mean_rating"),
        {"ann"},
        "average rating of views exactly 4 before their first purchase",
    ),
    # within takes in its end: from 1 March to noon of the 5th are 108 hours
    (
        views("at_least", 1, Beside("before", BUY, "first", Span(108, "hours"))),
        {"ann"},
        "at least 1 view within 108 hours before their first purchase",
    ),
    (
        views("at_least", 1, Beside("before", BUY, "first", Span(107, "hours"))),
        set(),
        "at least 1 view within 107 hours before their first purchase",
    ),
    (
        Did("purchase", "value", Compare("at_least", 1), Beside("after", VIEW, "first", Span(1, "weeks"))),
        {"ann"},
        "net value at least 1 within 1 week after their first view",
    ),
    (
        Did("purchase", "value", Compare("exactly", 0), Beside("after", VIEW, "first", Span(5))),
        {"cat", "dan", "eve"},
        "net value exactly 0 within 5 days after their first view",
    ),
    # the return of the toy lies after the purchase, the purchase itself does not
    (
        Did("purchase", "value", Compare("exactly", -10), Beside("after", BUY)),
        {"ben"},
        "net value exactly -10 after their last purchase",
    ),
    (Top("events", 0.5, "view", Beside("before", BUY)), {"ann"}, "the top 50 % by views before their last purchase"),
    (
        Did("view", window=Beside("before", EventStep("purchase", (Filter("item", "category", Test("is", ("x",))),)))),
        set(),
        "at least 1 view before their last purchase where item category is “x”",
    ),
    (Did("purchase", "rating", Compare("at_most", 0)), {"cat", "eve", "fay"}, "sum of ratings at most 0, ever"),
    (Did("view", "rating", Compare("exactly", 6)), {"ann"}, "sum of ratings of views exactly 6, ever"),
    # 14 over two lines; the return does not count against it
    (Did("purchase", "mean_value", Compare("exactly", 7)), {"ben"}, "money per purchase line exactly 7, ever"),
    (
        Did("purchase", "mean_value", Compare("less_than", 7.5)),
        {"ben", "dan"},
        "money per purchase line less than 7.5, ever",
    ),
]


@pytest.mark.parametrize(("rule", "expected", "words"), BESIDE, ids=[words for *_, words in BESIDE])
def test_beside_an_event(shared: Store, rule: Rule, expected: set[str], words: str) -> None:
    put(shared, SHOP)
    schema = read_schema(shared)
    assert ids(shared, compile_rule(rule, schema, NOON)) == expected
    assert ids(shared, compile_rule(Not(rule), schema, NOON)) == ALL - expected
    assert describe(rule) == words


@pytest.mark.parametrize(
    ("rule", "path"),
    [
        (Order(VIEW, BUY, window=Beside("after", CART)), "window"),
        (All((Order(VIEW, BUY, window=Beside("after", CART), absent=True),)), "all[0].window"),
    ],
)
def test_other_conditions_have_no_window_beside_an_event(shared: Store, rule: Rule, path: str) -> None:
    put(shared, SHOP)
    with pytest.raises(BadRule, match="a window after an event is not possible here") as caught:
        compile_rule(rule, read_schema(shared), NOON)
    assert caught.value.path == path
    assert "'did' and 'top'" in caught.value.hint


@pytest.mark.parametrize(
    ("step", "path"),
    [
        (EventStep("buy"), "not.window.after.event"),
        (EventStep("view", (Filter("event", "colour", Test("is", ("x",))),)), "not.window.after.where[0].event"),
        (EventStep("view", (Filter("event", "rating", Test("matches", ("x",))),)), "not.window.after.where[0].test"),
    ],
)
def test_the_event_looked_from_is_checked_like_any_other(shared: Store, step: EventStep, path: str) -> None:
    put(shared, SHOP)
    with pytest.raises(BadRule) as caught:
        compile_rule(Not(Did("view", window=Beside("after", step))), read_schema(shared), NOON)
    assert caught.value.path.startswith(path)


def test_data_without_times_have_no_window_beside_an_event(shared: Store) -> None:
    put(shared, World(events=(event("a", "purchase"), event("a", "view"))))
    with pytest.raises(BadRule, match=r"window: a window before an event needs event times"):
        count(shared, Did("view", window=Beside("before", BUY)))
    with pytest.raises(BadRule, match=r"one event after another needs event times"):
        count(shared, Order(CART, BUY, absent=True))


def test_the_first_of_a_kind_has_no_window_beside_an_event(shared: Store) -> None:
    put(shared, SHOP)
    with pytest.raises(BadRule) as refused:
        compile_rule(Moment("first", "view", Beside("after", BUY)), read_schema(shared), NOON)
    assert refused.value.path == "window"
