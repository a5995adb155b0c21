"""People whose every answer to tests of dates and texts is known by eye."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from core.segments import (
    All,
    BadRule,
    Beside,
    Did,
    EventStep,
    Filter,
    Not,
    Order,
    Prop,
    Rule,
    Span,
    Test,
    Top,
    compile_rule,
    describe,
    read_schema,
)  # fmt: skip
from core.store import Query, Store
from tests.segments.world import World, ids, put

AS_OF = datetime(2023, 12, 30)  # the last day of the data is 29 Dec
# born: zoe 31 Dec, ada 1 Jan, leo 29 Feb, eve 29 Dec at noon, may 28 Dec, jim unknown, kim 30 Dec of this year
BORN = {
    "zoe": datetime(1990, 12, 31), "ada": datetime(1985, 1, 1), "leo": datetime(1996, 2, 29),
    "eve": datetime(1970, 12, 29, 12), "may": datetime(2001, 12, 28), "jim": None, "kim": datetime(2023, 12, 30),
}  # fmt: skip
NAMES = {"zoe": "50% off?", "ada": "a.b", "leo": "aXb", "eve": "O'Hara", "may": "Zürich", "kim": 'x" OR 1=1 --'}
PEOPLE = World({who: {"joined": day, "country": NAMES.get(who)} for who, day in BORN.items()})


def joined(op: str, *values: object) -> Prop:
    return Prop("joined", Test(op, values))  # type: ignore[arg-type]


def matching(pattern: str) -> Prop:
    return Prop("country", Test("matches", (pattern,)))


TESTS: list[tuple[Prop, datetime, set[str], str]] = [
    (joined("anniversary_within", 1), AS_OF, {"eve"}, "joined comes round within 1 day"),
    (joined("anniversary_within", 3), AS_OF, {"eve", "kim", "zoe"}, "joined comes round within 3 days"),
    (joined("anniversary_within", 4), AS_OF, {"eve", "kim", "zoe", "ada"}, "joined comes round within 4 days"),
    (joined("anniversary_within", 62), AS_OF, {"eve", "kim", "zoe", "ada"}, "joined comes round within 62 days"),
    (
        joined("anniversary_within", 63),
        AS_OF,
        {"eve", "kim", "zoe", "ada", "leo"},
        "joined comes round within 63 days",
    ),
    (joined("anniversary_within", 364), AS_OF, set(BORN) - {"jim", "may"}, "joined comes round within 364 days"),
    (joined("anniversary_within", 365), AS_OF, set(BORN) - {"jim", "may"}, "joined comes round within 365 days"),
    (joined("anniversary_within", 366), AS_OF, set(BORN) - {"jim"}, "joined comes round within 366 days"),
    # the last day of the data is 28 Feb: 29 Feb is kept then, but not in a leap year
    (joined("anniversary_within", 1), datetime(2023, 3, 1), {"leo"}, "joined comes round within 1 day"),
    (joined("anniversary_within", 1), datetime(2024, 2, 29), set(), "joined comes round within 1 day"),
    (joined("anniversary_within", 1), datetime(2024, 2, 29, 1), {"leo"}, "joined comes round within 1 day"),
    (joined("anniversary_within", 30), datetime(2023, 3, 2), set(), "joined comes round within 30 days"),
    (joined("next_days", 1), AS_OF, {"kim"}, "joined in the next 1 day"),
    (joined("next_days", 1), datetime(2023, 12, 29), set(), "joined in the next 1 day"),
    (joined("next_days", 2), datetime(2023, 12, 29), {"kim"}, "joined in the next 2 days"),
    (joined("next_days", 100), datetime(2023, 12, 30, 0, 0, 1), set(), "joined in the next 100 days"),
    (joined("next_days", 100_000), datetime(9999, 1, 1), set(), "joined in the next 100000 days"),
    (joined("after", date(2001, 12, 27)), AS_OF, {"may", "kim"}, "joined after 27 Dec 2001"),
    (joined("after", date(2001, 12, 28)), AS_OF, {"kim"}, "joined after 28 Dec 2001"),
    (joined("after", date(1970, 12, 29)), AS_OF, set(BORN) - {"jim", "eve"}, "joined after 29 Dec 1970"),
    (joined("after", date(9999, 12, 31)), AS_OF, set(), "joined after 31 Dec 9999"),
    (joined("in_month", 12), AS_OF, {"zoe", "eve", "may", "kim"}, "joined in December"),
    (joined("in_month", 1, 2), AS_OF, {"ada", "leo"}, "joined in January or February"),
    (matching("a.b"), AS_OF, {"ada", "leo"}, "country matches “a.b”"),
    (matching(r"a\.b"), AS_OF, {"ada"}, "country matches “a\\.b”"),
    (matching("^O'"), AS_OF, {"eve"}, "country matches “^O'”"),
    (matching("zür"), AS_OF, set(), "country matches “zür”"),
    (matching("(?i)ZÜR"), AS_OF, {"may"}, "country matches “(?i)ZÜR”"),
    (matching(r"% off\?$"), AS_OF, {"zoe"}, "country matches “% off\\?$”"),
    (matching('" OR 1=1'), AS_OF, {"kim"}, "country matches “\" OR 1=1”"),
    (matching("'; DROP TABLE users; --"), AS_OF, set(), "country matches “'; DROP TABLE users; --”"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "as_of", "expected", "words"), TESTS, ids=lambda v: str(sorted(v) if isinstance(v, set) else v)[-60:]
)
def test_of_dates_and_texts(shared: Store, rule: Prop, as_of: datetime, expected: set[str], words: str) -> None:
    put(shared, PEOPLE)
    schema = read_schema(shared)
    assert ids(shared, compile_rule(rule, schema, as_of)) == expected
    assert ids(shared, compile_rule(Not(rule), schema, as_of)) == set(BORN) - expected
    assert describe(rule).replace(",", "") == words.replace(",", "")


def test_a_column_of_days_is_tested_like_one_of_times(shared: Store) -> None:
    put(shared, PEOPLE)
    with shared.atomic() as writer:
        writer.run("ALTER TABLE users ADD COLUMN born DATE")
        writer.run("UPDATE users SET born = joined::DATE")
    try:
        schema = read_schema(shared)
        for rule, as_of, expected, _ in TESTS:
            if rule.column == "joined":
                assert ids(shared, compile_rule(Prop("born", rule.test), schema, as_of)) == expected, rule
    finally:
        with shared.atomic() as writer:
            writer.run("ALTER TABLE users DROP COLUMN born")


@pytest.mark.parametrize("pattern", ["a(", "[z-a]", "(?=x)", "a{2000}", "\\", "*", r"\1"])
def test_what_is_no_regular_expression_is_refused_with_its_path(shared: Store, pattern: str) -> None:
    put(shared, PEOPLE)
    for rule, path in (
        (All((matching(pattern),)), "all[0].test.matches"),
        (Did("view", where=(Filter("event", "channel", Test("matches", (pattern,))),)), "where[0].test.matches"),
    ):
        with pytest.raises(BadRule, match="is not a regular expression: ") as caught:
            compile_rule(rule, read_schema(shared), AS_OF)
        assert caught.value.path == path
        assert "Error" not in caught.value.problem


def test_a_nul_is_refused_before_anything_is_asked() -> None:
    for op in ("matches", "contains", "is"):
        with pytest.raises(BadRule, match="cannot be stored"):
            Test(op, ("a\0b",))


HOSTILE = "x'); DROP TABLE users; -- ? \" % .* $1"


def test_hostile_texts_stay_in_their_parameter(shared: Store) -> None:
    put(shared, PEOPLE)
    here = Test("is", (HOSTILE,))
    pattern = Test("matches", (r"x'\); DROP TABLE users; -- \? \" % \.\* \$1",))
    step = EventStep("view", (Filter("event", "channel", here), Filter("item", "category", pattern)))
    rules: tuple[Rule, ...] = (
        Prop("country", pattern),
        Did("view", window=Beside("after", step)),
        Top("events", 0.5, "view", Beside("before", step, "first", Span(1))),
        Order(step, step, absent=True),
    )
    for rule in rules:
        query = compile_rule(rule, read_schema(shared), AS_OF)
        assert "DROP" not in query.sql
        assert any("DROP" in str(value) for value in query.params)
        assert ids(shared, query) == set()
    with shared.atomic() as writer:
        writer.run(Query("UPDATE users SET country = ? WHERE user_id = 'jim'", (HOSTILE,)))
    for test in (here, pattern):
        assert ids(shared, compile_rule(Prop("country", test), read_schema(shared), AS_OF)) == {"jim"}
