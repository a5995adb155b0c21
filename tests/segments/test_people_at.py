"""Rules as of another moment, with every member known by eye."""

from __future__ import annotations

from datetime import datetime

import pytest

from core.segments import (
    Ago,
    All,
    At,
    BadRule,
    Beside,
    Compare,
    Did,
    InSegment,
    Last,
    Not,
    Prop,
    Rfm,
    Rule,
    Segment,
    Test,
    compile_rule,
    count,
    read_schema,
)  # fmt: skip
from core.store import Store
from tests.segments.people_beside import ALL, BUY, NOON, SHOP
from tests.segments.world import World, event, ids, put

MARCH_1, MARCH_6 = datetime(2024, 3, 1), datetime(2024, 3, 6)
BOUGHT, LATELY = Did("purchase"), Did("view", window=Last(7))
AT: list[tuple[Rule, set[str]]] = [
    (At(MARCH_1, Did("view")), set()),
    (At(datetime(2024, 3, 1, 0, 0, 1), Did("view")), {"ann"}),
    (At(MARCH_6, LATELY), {"ann", "dan"}),  # from 28 Feb to 5 March
    (At(Ago(1, "months"), Did("view")), set()),  # 29 Feb at noon
    (At(Ago(25), Did("view")), {"ann", "cat", "dan"}),  # 6 March at noon
    (At(MARCH_6, Not(LATELY)), {"ben", "cat", "eve", "fay"}),
    # looking back from there: 6 March, then 3 days before it
    (At(MARCH_6, At(Ago(3), Did("view"))), {"ann"}),
    (At(Ago(25), At(MARCH_1, Did("view"))), set()),
    # an inner date after the outer one sees no more than the outer
    (At(MARCH_1, At(MARCH_6, Did("view"))), set()),
    (At(datetime(2030, 1, 1), BOUGHT), {"ann", "ben", "dan"}),  # eve buys at as_of
    (All((At(MARCH_6, LATELY), Not(LATELY))), {"ann", "dan"}),
    (At(MARCH_6, Did("view", window=Beside("before", BUY))), {"ann"}),
    (At(MARCH_6, Did("view", "events", Compare("at_least", 2), Beside("before", BUY))), set()),
    # a saved segment at its own end keeps it; another takes the moment it is asked at
    (At(MARCH_1, InSegment("Pinned")), {"ann", "dan"}),
    (At(MARCH_6, InSegment("Live")), {"ann", "dan"}),
    (InSegment("Live"), {"eve"}),
    # RFM of 8 March: ann's and ben's last orders are equally old, ben has two orders
    (At(datetime(2024, 3, 8), Rfm(("35",))), {"ben"}),
    (Rfm(("33", "53", "51")), {"ann"}),
    # earlier than all data: nobody has done anything but what has no time
    (At(Ago(100_000, "months"), Not(Did("*"))), ALL - {"dan"}),
    (At(datetime(1, 1, 1), Prop("joined", Test("anniversary_within", (3,)))), set()),
]


@pytest.mark.parametrize(("rule", "expected"), AT, ids=lambda v: str(sorted(v) if isinstance(v, set) else v)[:60])
def test_as_of_another_moment(shared: Store, rule: Rule, expected: set[str]) -> None:
    put(shared, SHOP)
    saved = (Segment("Pinned", LATELY, MARCH_6), Segment("Live", LATELY))
    schema = read_schema(shared, saved=saved)
    assert ids(shared, compile_rule(rule, schema, NOON)) == expected
    assert ids(shared, compile_rule(Not(rule), schema, NOON)) == ALL - expected


def test_looking_back_needs_times(shared: Store) -> None:
    put(shared, World(events=(event("a", "purchase"),)))
    with pytest.raises(BadRule, match=r"all\[0\]\.as_of: looking back needs event times"):
        count(shared, All((At(Ago(3), Did("purchase")),)))
