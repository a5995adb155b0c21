"""ABC: who is in which class at every edge, the curve against pandas, and where there is nothing to share out."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest

from core.segments import Abc, BadRule, Beside, Between, EventStep, Filter, Segment, Test, abc, count, describe, members
from core.store import Store
from tests.segments.oracle_worth import classes
from tests.segments.world import World, event, ids, put

AT = "2024-01-01"


def spent(**values: float | None) -> World:
    """Each user bought once for so much; `quiet` is known from the users file only."""
    return World({"quiet": {}}, {}, tuple(event(u, "purchase", AT, item="a", value=v) for u, v in values.items()))


def in_class(store: Store, name: str, **more: object) -> set[str]:
    return ids(store, members(store, Segment("x", Abc((name,), **more))))  # type: ignore[arg-type]


def test_classes_at_their_edges(store: Store) -> None:
    put(store, spent(ann=80, ben=10, cat=5, dan=5, eve=0, fay=-3, gus=None))
    assert in_class(store, "A") == {"ann"}, "80 of 100 end the first 80 %"
    assert in_class(store, "B") == {"ben", "cat", "dan"}, "90 stand above the equal two, who stay together"
    assert in_class(store, "C") == {"eve", "fay"}, "zero and less; gus has no value, quiet no purchase"
    assert in_class(store, "A", cuts=(0.8001, 0.95)) == {"ann", "ben"}
    assert in_class(store, "C", cuts=(0.8, 0.9)) == {"cat", "dan", "eve", "fay"}
    assert count(store, Abc(("A", "C"))) == 3
    found = abc(store, Abc(("A",)))
    assert (found.users, found.measured, found.without, found.total, found.negative) == (8, 6, 2, 100, -3)
    assert [(c.name, c.users, c.total, c.total_share, c.lowest, c.highest) for c in found.classes] == [
        ("A", 1, 80, 0.8, 80, 80), ("B", 3, 20, 0.2, 5, 10), ("C", 2, 0, 0, -3, 0),
    ]  # fmt: skip
    assert list(found.curve) == [(0, 0), (1 / 6, 0.8), (2 / 6, 0.9), (4 / 6, 1), (1, 1)]
    assert found.top_fifth == pytest.approx(0.82), "ann, and a fifth of ben"
    assert describe(found.rule("B")) == "class B by net value, ever"
    assert count(store, found.rule("B")) == 3


def test_equal_users_are_all_a(store: Store) -> None:
    put(store, spent(**{f"u{n}": 7 for n in range(10)}))
    found = abc(store, Abc(("A",)))
    assert [c.users for c in found.classes] == [10, 0, 0]
    assert found.top_fifth == pytest.approx(0.2)


@pytest.mark.parametrize("seed", [1, 2])
def test_curve_and_classes_agree_with_pandas_in_any_order(store: Store, seed: int) -> None:
    draw = np.random.default_rng(seed)
    values: Any = pd.Series(np.round(draw.pareto(1.2, 900) * 10 - 3, 2), index=[f"u{n}" for n in range(900)])
    rows = spent(**values.to_dict())
    put(store, rows)
    found = abc(store, Abc(("A",)))
    best = values.sort_values(ascending=False)
    total, upto = values[values > 0].sum(), best.clip(lower=0).cumsum()
    expected: Any = pd.Series(classes({u: round(v * 100) for u, v in values.items()}, (0.8, 0.95)))
    for part in found.classes:
        assert in_class(store, part.name) == set(expected[expected == part.name].index)
        assert part.total == pytest.approx(values[expected == part.name].clip(lower=0).sum())
    assert found.top_fifth == pytest.approx(upto.iloc[179] / total)
    assert 100 < len(found.curve) <= 200
    for x, y in found.curve[1:]:
        assert y == pytest.approx(upto.iloc[round(x * 900) - 1] / total)
    put(store, World(rows.users, rows.items, tuple(reversed(rows.events))))
    assert abc(store, Abc(("A",))) == found


def test_where_there_is_nothing(store: Store) -> None:
    put(store, spent(ann=0, ben=-1))
    found = abc(store, Abc(("A",)))
    assert "more than zero" in (found.problem or "")
    assert ([c.users for c in found.classes], found.curve, found.top_fifth) == ([0, 0, 2], (), None)
    early = Abc(("A",), window=Between(None, date(2000, 1, 1)))
    assert "nothing to share out" in (abc(store, early).problem or "")
    assert abc(store, early).without == 3
    put(store, World(events=(event("a", "view"), event("a", "view"), event("b", "view"))))
    found = abc(store, Abc(("A",), "events", event="view"))
    assert (found.as_of, found.total, [c.users for c in found.classes]) == (None, 3, [2, 0, 0])


def test_what_is_refused(store: Store) -> None:
    put(store, spent(ann=1))
    with pytest.raises(BadRule, match=r"window: classes cannot be cut beside"):
        count(store, Abc(("A",), window=Beside("after", EventStep("purchase"))))
    with pytest.raises(BadRule, match="no event 'wish'"):
        count(store, Abc(("A",), "events", event="wish"))
    with pytest.raises(BadRule, match="no total"):
        Abc(("A",), "order_value")


def test_hostile_values_stay_parameters(store: Store) -> None:
    put(store, spent(ann=1))
    where = (Filter("item", "item_id", Test("is", ("a' OR 1=1 --",))),)
    assert count(store, Abc(("A", "B", "C"), where=where)) == 0
    assert count(store, Abc(("A",), where=(Filter("item", "item_id", Test("is", ("a",))),)), datetime(2024, 2, 1)) == 1
