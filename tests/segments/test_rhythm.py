"""Rules on when users act: people dated by hand, with the members of each rule written out."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from core.segments import (
    BadRule,
    Beside,
    Between,
    Earlier,
    EventStep,
    Filter,
    InSegment,
    Last,
    Moment,
    Not,
    Regularly,
    Resumed,
    Rule,
    Segment,
    Span,
    Stopped,
    Test,
    compile_rule,
    describe,
    read_schema,
    rule_from_json,
    rule_to_json,
)
from core.store import Store
from tests.examples import examples
from tests.prepared import new_store
from tests.segments import oracle
from tests.segments.oracle_rhythm import earlier, holds
from tests.segments.strategies import rhythms, worlds
from tests.segments.world import World, event, ids, prepare, put

AS_OF = datetime(2024, 3, 31)
DAYS = Span
# new      one order, exactly 30 days before as_of
# loyal    an order in each of the last four weeks, always at the very start of the week
# gone     three orders until February, none since
# gap      bought on 1 Jan, and again exactly 80 days later
# twin     two orders at one moment, 100 days after the first
# undated  orders without a time
# late     bought at as_of itself, and looked before
# eve      known from the users file only
PEOPLE = World(
    users={"eve": {"country": "France"}},
    items={"toy": {"category": "toys"}, "book": {"category": "books"}},
    events=(
        event("new", "purchase", "2024-03-01", item="toy", order_id="N"),
        *(event("loyal", "purchase", f"2024-03-{day:02}", item="toy", channel="web") for day in (24, 17, 10, 3)),
        event("gone", "purchase", "2024-01-10T08:00", item="book"),
        event("gone", "purchase", "2024-01-20T08:00", item="toy"),
        event("gone", "purchase", "2024-02-10T08:00", item="toy"),
        event("gone", "view", "2024-03-29", item="toy"),
        event("gap", "purchase", "2024-01-01T00:00", item="toy"),
        event("gap", "purchase", "2024-03-21T00:00", item="book"),
        event("twin", "purchase", "2023-12-11T12:00", item="toy"),
        event("twin", "purchase", "2024-03-20T12:00", item="toy", order_id="T1"),
        event("twin", "purchase", "2024-03-20T12:00", item="toy", order_id="T2"),
        event("undated", "purchase", item="toy"),
        event("undated", "purchase", item="book"),
        event("late", "purchase", "2024-03-31", item="toy"),
        event("late", "view", "2024-03-30T23:59:59", item="toy"),
        event(None, "purchase", "2024-03-02", item="toy"),
    ),
)
EVERYONE = {"new", "loyal", "gone", "gap", "twin", "undated", "late", "eve"}
BOOKS = (Filter("item", "category", Test("is", ("books",))),)
ANSWERS: list[tuple[Rule, set[str]]] = [
    (Moment("first", "purchase"), {"new", "loyal", "gone", "gap", "twin"}),
    (Moment("first", "purchase", Last(30)), {"new", "loyal"}),  # exactly 30 days ago is in
    (Moment("first", "purchase", Last(29)), {"loyal"}),
    (Moment("first", "purchase", Earlier(30)), {"gone", "gap", "twin"}),
    (Moment("last", "purchase", Last(30)), {"new", "loyal", "gap", "twin"}),
    (Moment("last", "purchase", Earlier(29)), {"new", "gone"}),
    (Moment("last", "purchase", Between(date(2024, 2, 10), date(2024, 2, 11))), {"gone"}),
    (Moment("first", "purchase", Between(date(2024, 1, 10), date(2024, 3, 1))), {"gone"}),
    (Moment("first", "purchase", Between(None, date(2024, 1, 1))), {"twin"}),
    (Moment("last", "purchase", Between(date(2024, 3, 24), None)), {"loyal"}),  # at as_of is not seen
    (Moment("first", "purchase", Last(30), BOOKS), {"gap"}),
    (Moment("last", "view"), {"gone", "late"}),
    (Not(Moment("first", "purchase")), {"undated", "late", "eve"}),
    (Regularly("purchase", 4, 4), {"loyal"}),
    (Regularly("purchase", 1, 4), {"loyal", "gap", "twin"}),  # 28 days: `new` is 30 back
    (Regularly("purchase", 1, 1, "days"), set()),
    (Regularly("view", 1, 1, "days"), {"late"}),
    (Regularly("purchase", 1, 7, "days"), {"loyal"}),  # the first moment of week 1 is in it
    (Regularly("purchase", 1, 6, "days"), set()),
    (Regularly("purchase", 2, 3, "months"), {"gone", "gap"}),  # from 31 Dec, 31 Jan, 29 Feb
    (Regularly("purchase", 2, 70), {"loyal", "gone", "gap", "twin"}),  # more periods than bits
    (Regularly("purchase", 3, 70), {"loyal", "gone"}),
    (Regularly("purchase", 4, 4, "weeks", (Filter("event", "channel", Test("is", ("web",))),)), {"loyal"}),
    (Not(Regularly("purchase", 1, 70)), {"undated", "late", "eve"}),
    (Stopped("purchase", DAYS(30)), {"gone"}),
    (Stopped("purchase", DAYS(29)), {"new", "gone"}),  # an order as old as the quiet is still in it
    (Stopped("purchase", DAYS(30), DAYS(20)), {"gone"}),
    (Stopped("purchase", DAYS(30), DAYS(19)), set()),  # 10 Feb, 8:00 is more than 49 days back
    (Stopped("purchase", DAYS(30), None, 3), {"gone"}),
    (Stopped("purchase", DAYS(30), None, 4), set()),
    (Stopped("purchase", DAYS(7)), {"new", "gone", "gap", "twin"}),
    (Stopped("purchase", DAYS(7), None, 2), {"gone", "gap", "twin"}),
    (Stopped("purchase", DAYS(1), None, 1, BOOKS), {"gone", "gap"}),
    (Not(Stopped("purchase", DAYS(7))), {"loyal", "undated", "late", "eve"}),
    (Resumed("purchase", DAYS(80), DAYS(10)), {"gap"}),  # exactly 80 days, exactly 10 days ago
    (Resumed("purchase", DAYS(80), DAYS(11)), {"gap", "twin"}),  # with a second order at the same moment
    (Resumed("purchase", DAYS(81), DAYS(30)), {"twin"}),
    (Resumed("purchase", DAYS(80), DAYS(9)), set()),
    (Resumed("purchase", DAYS(7), DAYS(7)), {"loyal"}),
    (Resumed("purchase", DAYS(1), DAYS(365), BOOKS), set()),
    (Resumed("purchase", Span(1, "minutes"), DAYS(365)), {"loyal", "gone", "gap", "twin"}),
    (Not(Resumed("purchase", DAYS(81), DAYS(30))), EVERYONE - {"twin"}),
]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with new_store(tmp_path_factory.mktemp("rhythm") / "w.duckdb") as store:
        prepare(store)
        put(store, PEOPLE)
        yield store


def answer(store: Store, rule: Rule, as_of: datetime | None = AS_OF) -> set[str]:
    return ids(store, compile_rule(rule, read_schema(store), as_of))


@pytest.mark.parametrize(("rule", "members"), ANSWERS, ids=[f"{n}: {describe(r)}" for n, (r, _) in enumerate(ANSWERS)])
def test_members_are_those_written_out(shop: Store, rule: Rule, members: set[str]) -> None:
    assert answer(shop, rule) == members
    assert oracle.members(rule, PEOPLE, AS_OF) == members
    assert answer(shop, Not(rule)) == EVERYONE - members
    assert answer(shop, Not(Not(rule))) == members
    assert rule_from_json(rule_to_json(rule)) == rule


@settings(max_examples=examples(12), suppress_health_check=[HealthCheck.too_slow])
@given(world=worlds, asked=st.lists(rhythms, min_size=8, max_size=8), clock=st.sampled_from((0, 5, 23)))
def test_sql_agrees_with_plain_python_at_the_ends_of_months(
    shared: Store, world: World, asked: list[Rule], clock: int
) -> None:
    put(shared, world)
    schema = read_schema(shared)
    for as_of in (datetime(2024, 2, 29, clock), datetime(2024, 3, 31, clock), datetime(2024, 2, 1)):
        for rule in asked:
            assert ids(shared, compile_rule(rule, schema, as_of)) == oracle.members(rule, world, as_of), (rule, as_of)


@settings(max_examples=examples(15), suppress_health_check=[HealthCheck.too_slow])
@given(as_of=st.datetimes(datetime(2023, 1, 1), datetime(2025, 12, 31)), k=st.integers(1, 14))
@example(as_of=datetime(2024, 3, 31, 12, 0, 0, 1), k=1)
@example(as_of=datetime(2024, 2, 29), k=12)
def test_every_border_of_a_month_belongs_to_the_later_period(shared: Store, as_of: datetime, k: int) -> None:
    border = earlier(as_of, k, "months")
    put(shared, World(events=(event("on", "view", border), event("off", "view", border - timedelta(microseconds=1)))))
    for n in (k, k + 1):
        rule = Regularly("view", 1, n, "months")
        wanted = {
            u for u, t in (("on", border), ("off", border - timedelta(microseconds=1))) if holds(rule, [t], as_of)
        }
        assert answer(shared, rule, as_of) == wanted == ({"on"} if n == k else {"on", "off"})


def test_a_moment_has_no_window_beside_another_event(shop: Store) -> None:
    rule = rule_from_json({"all": [{"not": rule_to_json(Moment("last", "view"))}]})
    assert answer(shop, rule) == EVERYONE - {"gone", "late"}
    beside = Not(Moment("first", "purchase", Beside("before", EventStep("view"))))
    with pytest.raises(BadRule) as refused:
        answer(shop, beside)
    assert refused.value.path == "not.window"


@pytest.mark.parametrize(
    ("rule", "path"),
    [
        (Moment("first", "purchase"), "moment"),
        (Regularly("purchase", 1, 2), "regularly"),
        (Stopped("purchase", DAYS(1)), "stopped"),
        (Resumed("purchase", DAYS(1), DAYS(1)), "resumed"),
    ],
)
def test_without_times_they_are_refused_and_unknown_words_too(tmp_path: Path, rule: Rule, path: str) -> None:
    with new_store(tmp_path / "w.duckdb") as store:
        prepare(store)
        put(store, World(events=(event("ann", "purchase"), event("ann", "view"))))
        with pytest.raises(BadRule, match="event times") as refused:
            answer(store, Not(rule), None)
        assert refused.value.path == f"not.{path}"
        with pytest.raises(BadRule, match="no event 'nope'"):
            answer(store, type(rule)(**{**rule.__dict__, "event": "nope"}), AS_OF)


HOSTILE = ("x'; DROP TABLE events; --", '"', "?", "') OR 1=1 --", "$1", "\\", "*/", "%")


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_values_stay_in_their_parameter(store: Store, text: str) -> None:
    put(
        store,
        World(
            events=(
                event("ann", text, "2024-03-30", item=text, channel=text),
                event("ann", text, "2024-01-30", item=text, channel=text),
                event("bob", text, "2024-03-30", channel="other"),
            )
        ),
    )
    where = (Filter("event", "channel", Test("is", (text,))), Filter("item", "item_id", Test("is", (text,))))
    for rule in (
        Moment("first", text, where=where),
        Regularly(text, 2, 10, "weeks", where),
        Resumed(text, DAYS(30), DAYS(2), where),
        Stopped(text, Span(1, "hours"), None, 2, where),
    ):
        query = compile_rule(rule, read_schema(store), AS_OF)
        assert text in query.params
        assert text in ("?", '"', "\\", "*/", "%") or text not in query.sql
        assert ids(store, query) == {"ann"}


def test_a_saved_segment_brings_its_own_end(shop: Store) -> None:
    saved = (Segment("early", Stopped("purchase", DAYS(7)), datetime(2024, 2, 1)),)
    found = ids(shop, compile_rule(InSegment("early"), read_schema(shop, saved=saved), AS_OF))
    assert (
        found == oracle.members(Stopped("purchase", DAYS(7)), PEOPLE, datetime(2024, 2, 1)) == {"gone", "gap", "twin"}
    )
