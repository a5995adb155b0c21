"""Queries of rules: refusals with their path, hostile values as parameters, the text itself, saved segments."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from core.segments import (
    All,
    BadRule,
    Compare,
    Did,
    Earlier,
    EventStep,
    Filter,
    InSegment,
    Last,
    Not,
    Order,
    Prop,
    Rule,
    Sample,
    Segment,
    Test,
    Top,
    compile_rule,
    count,
    read_schema,
)  # fmt: skip
from core.store import Query, Store
from tests.prepared import new_store
from tests.segments.people import AS_OF, BUYERS, EVERYONE, PEOPLE, bought
from tests.segments.world import ids, put


@pytest.fixture(scope="module")
def people(shared: Store) -> Store:
    put(shared, PEOPLE)
    return shared


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (Did("purchse"), "did: the data have no event 'purchse'"),
        (All((Prop("contry", Test("is", ("x",))),)), "all[0].prop: users have no column 'contry'"),
        (Prop("age", Test("contains", ("3",))), "test.contains: column 'age' holds numbers"),
        (Prop("country", Test("is", (5,))), "test.is: column 'country' holds texts, not 5"),
        (Did("view", where=(Filter("event", "user_no", Test("is", (1,))),)), "where[0].event: events have no column"),
        (Did("view", where=(Filter("item", "brand", Test("is", ("x",))),)), "where[0].item: items have no column"),
        (Not(InSegment("Nobody")), "not.segment: there is no saved segment 'Nobody'"),
        (Order(EventStep("view"), EventStep("buy")), "then.event: the data have no event 'buy'"),
    ],
)
def test_what_the_workspace_lacks_is_refused_with_its_path(people: Store, rule: Rule, said: str) -> None:
    with pytest.raises(BadRule) as caught:
        count(people, rule)
    assert said in caught.value.message


def test_a_word_of_the_vocabulary_that_does_not_occur_counts_nobody(people: Store) -> None:
    assert count(people, Did("comment"), AS_OF) == 0
    assert count(people, Not(Did("comment")), AS_OF) == len(EVERYONE)


HOSTILE = "'; DROP TABLE users; -- ? \" \\ %"


def test_hostile_values_are_parameters(people: Store) -> None:
    rule = All(
        (
            Prop("country", Test("contains", (HOSTILE,))),
            Did("view", where=(Filter("event", "channel", Test("is", (HOSTILE, "?"))),)),
            Sample(0.5, HOSTILE),
        )
    )
    query = compile_rule(rule, read_schema(people), AS_OF)
    assert "DROP" not in query.sql
    assert query.params.count(HOSTILE) == 3
    assert ids(people, query) == set()
    assert len(people.rows(Query("SELECT 1 FROM users"))) == len(EVERYONE)


def test_hostile_column_names_are_quoted(tmp_path: Path) -> None:
    name = 'a" IS NULL OR "x?'
    with new_store(tmp_path / "h.duckdb") as store:
        with store.atomic() as writer:
            writer.run('ALTER TABLE users ADD COLUMN "a"" IS NULL OR ""x?" VARCHAR')
            writer.run("INSERT INTO users VALUES (1, 'u', 'yes'), (2, 'v', 'no')")
        assert count(store, Prop(name, Test("is", ("yes",)))) == 1


def test_sql_text_of_a_rule() -> None:
    """The text a person reads on the page, and the order of its parameters."""
    from core.segments import Schema

    schema = Schema({"country": "text"}, {}, {}, ("purchase",), True)
    rule = All((Prop("country", Test("is", ("France",))), Not(bought(n=2, window=Last(30)))))
    query = compile_rule(rule, schema, AS_OF)
    assert query.sql == (
        'SELECT u.user_no FROM users u WHERE (coalesce(u."country" IN (?), false) AND NOT u.user_no IN '
        "(SELECT m.user_no FROM (SELECT o.user_no, count(*) AS amount FROM (SELECT DISTINCT e.user_no, e.order_id, "
        "CASE WHEN e.order_id IS NULL THEN coalesce(e.at_utc::DATE, DATE '0001-01-01') END AS day "
        "FROM events e WHERE e.user_no IS NOT NULL AND e.event = ? AND e.at_utc >= ? AND e.at_utc < ?) o "
        "GROUP BY o.user_no) m WHERE m.amount >= ?))"
    )
    assert query.params[:4] == ("France", "purchase", datetime(2024, 3, 1), AS_OF)
    assert float(str(query.params[4])) == 2


def test_saved_segments_inside_rules(people: Store) -> None:
    saved = (
        Segment("Repeat", bought(n=2)),
        Segment("Then", bought(), datetime(2023, 2, 1)),
        Segment("Loop", InSegment("LOOP")),
    )
    schema = read_schema(people, saved=saved)
    assert ids(people, compile_rule(Not(InSegment("repeat")), schema, AS_OF)) == EVERYONE - {"ann"}
    assert ids(people, compile_rule(InSegment("Then"), schema, AS_OF)) == {"cat"}, "a pinned segment keeps its own end"
    with pytest.raises(BadRule, match="refers to itself"):
        compile_rule(InSegment("Loop"), schema, AS_OF)


@pytest.mark.parametrize("number", [0.1, 1e-7, 1e-20, 123456.789, 1e15, -1e15, 3])
def test_numbers_of_every_size_can_be_bound(people: Store, number: float) -> None:
    for measure in ("orders", "value", "quantity", "mean_quantity", "order_value"):
        for op in ("at_least", "less_than"):
            rule = Did("purchase", measure, Compare(op, number))
            assert 0 <= count(people, rule, AS_OF) <= len(EVERYONE)


@pytest.mark.parametrize("share", [1e-15, 0.123456789012345, 1 / 3, 0.999999999999, 1])
def test_shares_of_every_size_can_be_bound(people: Store, share: float) -> None:
    assert 1 <= count(people, Top("value", share), AS_OF) <= len(BUYERS)
    assert 0 <= count(people, Sample(share), AS_OF) <= len(EVERYONE)


def test_windows_longer_than_history_begin_with_it(people: Store) -> None:
    for unit in ("hours", "days", "weeks", "months"):
        window = Last(100_000, unit)
        assert count(people, bought(window=window), AS_OF) == len(BUYERS)
        assert count(people, bought(window=Earlier(100_000, unit)), AS_OF) == 0
    assert count(people, Prop("joined", Test("last_days", (100_000,))), AS_OF) == 1
