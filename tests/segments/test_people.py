"""Six people whose every answer is known by eye."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import pytest

from core.segments import (
    All,
    BadRule,
    Between,
    Compare,
    Did,
    Earlier,
    EventStep,
    Filter,
    Last,
    Not,
    Order,
    Prop,
    Rule,
    Span,
    Test,
    Top,
    compile_rule,
    count,
    describe,
    read_schema,
    sample,
)  # fmt: skip
from core.segments import Any as AnyOf
from core.store import Store
from tests.segments.people import AS_OF, BUYERS, EVERYONE, PEOPLE, bought
from tests.segments.world import World, event, ids, put

MARCH_1 = (date(2024, 3, 1), date(2024, 3, 2))
WEB = (Filter("event", "channel", Test("is", ("web",))),)
TOYS = (Filter("item", "category", Test("is", ("toys",))),)
ANSWERS: list[tuple[Rule, set[str], str]] = [
    (All(), EVERYONE, "all users"),
    (bought(), BUYERS, "at least 1 order, ever"),
    (bought(n=2), {"ann"}, "at least 2 orders, ever"),
    (Did("purchase", "events", Compare("exactly", 2)), {"ann", "ben"}, "exactly 2 purchases, ever"),
    (bought("at_most", 0), EVERYONE - BUYERS, "at most 0 orders, ever"),
    (bought("at_most", 1), EVERYONE - {"ann"}, "at most 1 order, ever"),
    (Not(bought()), EVERYONE - BUYERS, "no purchase, ever"),
    (bought(window=Last(30)), {"ann", "ben", "007"}, "at least 1 order in the last 30 days"),
    (bought(window=Last(29)), {"ann", "ben"}, "at least 1 order in the last 29 days"),
    (bought(window=Earlier(30)), {"cat"}, "at least 1 order more than 30 days ago"),
    (Not(bought(window=Last(30))), {"cat", "dan", "eve"}, "no purchase in the last 30 days"),
    (bought(window=Last(1, "months")), {"ann", "ben", "007"}, "at least 1 order in the last month"),
    (
        bought(window=Between(date(2024, 3, 1), date(2024, 3, 25))),
        {"ann", "007"},
        "at least 1 order from 1 Mar 2024 to 24 Mar 2024",
    ),
    (bought(window=Between(None, date(2024, 3, 1))), {"cat"}, "at least 1 order up to 29 Feb 2024"),
    (bought(where=TOYS), {"ann", "cat", "007"}, "at least 1 order where item category is “toys”, ever"),
    (Did("purchase", "items", Compare("at_least", 1)), BUYERS - {"ben"}, "at least 1 distinct item in purchases, ever"),
    (Did("purchase", "value", Compare("at_least", 10)), {"ann"}, "net value at least 10, ever"),
    (Did("purchase", "value", Compare("at_most", 0)), {"ben", "dan", "eve"}, "net value at most 0, ever"),
    (Did("purchase", "value", Compare("exactly", 30.5)), {"ann"}, "net value exactly 30.5, ever"),
    (Did("purchase", "order_value", Compare("more_than", 15)), {"ann"}, "net value per order more than 15, ever"),
    (Did("purchase", "quantity", Compare("exactly", 0)), {"ben", "dan", "eve"}, "units exactly 0, ever"),
    (Did("view", "dwell", Compare("at_least", 5)), {"ann", "cat"}, "seconds of dwell of views at least 5, ever"),
    (
        Did("view", "mean_dwell", Compare("less_than", 100)),
        {"ann", "cat"},
        "seconds of dwell on average of views less than 100, ever",
    ),
    (Did("view", where=WEB), {"dan"}, "at least 1 view where channel is “web”, ever"),
    (Not(Did("*", window=Last(7))), {"ann", "eve", "007"}, "no event of any kind in the last 7 days"),
    (Prop("country", Test("is", ("France", "Spain"))), {"ann", "ben"}, "country is “France” or “Spain”"),
    (Prop("country", Test("is_not", ("France",))), {"ben", "eve"}, "country is not “France”"),
    (Not(Prop("country", Test("is", ("France",)))), EVERYONE - {"ann"}, "not: country is “France”"),
    (Prop("country", Test("missing", (True,))), {"cat", "dan", "007"}, "country is missing"),
    (Prop("country", Test("contains", ("îL",))), {"eve"}, "country contains “îL”"),
    (Prop("country", Test("starts", ("s",))), {"ben"}, "country starts with “s”"),
    (Prop("country", Test("contains", ("%",))), set(), "country contains “%”"),
    (Prop("age", Test("between", (18, 30))), {"ann", "eve"}, "age between 18 and 30"),
    (Prop("age", Test("more_than", (41,))), {"ben"}, "age more than 41"),
    (Prop("tags", Test("any_of", ("vip", "old"))), {"ann", "eve"}, "tags has any of “vip”, “old”"),
    (Prop("tags", Test("all_of", ("vip", "new"))), {"ann"}, "tags has all of “vip”, “new”"),
    (Prop("tags", Test("none_of", ("vip",))), {"ben", "eve"}, "tags has none of “vip”"),
    (Prop("vip", Test("is", (False,))), {"cat"}, "vip is false"),
    (Prop("joined", Test("last_days", (30,))), {"ann"}, "joined in the last 30 days"),
    (Prop("joined", Test("during", MARCH_1)), {"ann"}, "joined from 1 Mar 2024 to 1 Mar 2024"),
    (Prop("user_id", Test("is", ("007",))), {"007"}, "user_id is “007”"),
    (
        Order(EventStep("view"), EventStep("purchase"), Span(2, "hours")),
        {"ann"},
        "view, then purchase within 2 hours, ever",
    ),
    (
        Order(EventStep("view"), EventStep("purchase"), Span(1, "hours")),
        set(),
        "view, then purchase within 1 hour, ever",
    ),
    (Order(EventStep("purchase"), EventStep("view")), {"cat"}, "purchase, then view, ever"),
    (
        Order(EventStep("purchase"), EventStep("view"), same_item=True),
        {"cat"},
        "purchase, then view of the same item, ever",
    ),
    (Top("value", 0.25), {"ann"}, "the top 25 % by net value, ever"),
    (Top("orders", 0.5), {"ann"}, "the top 50 % by orders, ever"),
    (
        All((bought(n=2), Not(bought(window=Last(5))))),
        {"ann"},
        "at least 2 orders, ever, and no purchase in the last 5 days",
    ),
    (
        AnyOf((All((bought(), Prop("age", Test("at_least", (40,))))), Prop("vip", Test("is", (False,))))),
        {"ben", "cat"},
        "(at least 1 order, ever, and age at least 40) or vip is false",
    ),
    (Not(AnyOf((bought(), Did("view")))), {"eve"}, "not (at least 1 order, ever, or at least 1 view, ever)"),
]  # fmt: skip


@pytest.fixture(scope="module")
def people(shared: Store) -> Store:
    put(shared, PEOPLE)
    return shared


@pytest.mark.parametrize(("rule", "expected", "words"), ANSWERS, ids=[words for *_, words in ANSWERS])
def test_members_and_words(people: Store, rule: Rule, expected: set[str], words: str) -> None:
    assert ids(people, compile_rule(rule, read_schema(people), AS_OF)) == expected
    assert describe(rule) == words
    assert count(people, rule, AS_OF) == len(expected)


def test_data_without_times_can_be_asked_ever_and_nothing_else(shared: Store) -> None:
    put(shared, World(events=(event("a", "purchase", order_id="1"), event("a", "purchase"), event("b", "purchase"))))
    assert shared.as_of() is None
    assert count(shared, bought(n=2)) == 1, "an order with an id, and one without id or day"
    with pytest.raises(BadRule, match=r"all\[0\]\.window: a window of time needs event times"):
        count(shared, All((bought(window=Last(30)),)))
    put(shared, PEOPLE)


def test_sample_facts(people: Store) -> None:
    found = {m.user_id: m for m in sample(people, All(), as_of=AS_OF)}
    assert set(found) == EVERYONE
    assert (found["ann"].orders, float(found["ann"].net_value or 0)) == (2, 30.5)
    assert found["ann"].last_order == datetime(2024, 3, 20, 13)
    assert found["ben"].orders == 1, "returned, and still ordered"
    assert found["ben"].net_value == Decimal(0)
    assert (found["dan"].orders, found["dan"].last_seen) == (0, datetime(2024, 3, 30)), "an impression is not a visit"
    assert (found["eve"].net_value, found["eve"].last_seen) == (None, None)
    assert [m.user_id for m in sample(people, All(), 3, AS_OF)] == [m.user_id for m in sample(people, All(), 6, AS_OF)][
        :3
    ]
