"""RFM scores by eye, by property, and where there is nothing to score."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import Refusal
from core.segments import CELLS, DEFAULT_GRID, BadRule, Grid, Rfm, count, rfm
from core.store import Query, Store
from tests.examples import examples
from tests.segments import oracle
from tests.segments.retail import NAMES
from tests.segments.strategies import AS_OF, worlds
from tests.segments.world import World, event, put

END = datetime(2024, 3, 31)


def ten_buyers() -> World:
    """Buyer n of 0..9 made n // 2 + 1 orders, the last 10 * (n // 2) days before the end, at 10 a piece."""
    events = []
    for n in range(10):
        for order in range(n // 2 + 1):
            at = END - timedelta(days=10 * (n // 2) + order, hours=1)
            events.append(event(f"u{n}", "purchase", at, order_id=f"{n}-{order}", value=10))
    return World(users={"quiet": {}}, events=tuple(events))


def test_five_even_groups_by_eye(store: Store) -> None:
    put(store, ten_buyers())
    found = rfm(store, END)
    assert (found.buyers, found.users) == (10, 11)
    assert [(b.score, b.lowest, b.highest, b.users) for b in found.recency] == [
        (5, 1, 1, 2), (4, 11, 11, 2), (3, 21, 21, 2), (2, 31, 31, 2), (1, 41, 41, 2),
    ]  # fmt: skip
    assert [(b.score, b.lowest, b.users) for b in found.frequency] == [
        (5, 5, 2),
        (4, 4, 2),
        (3, 3, 2),
        (2, 2, 2),
        (1, 1, 2),
    ]
    assert [(b.score, b.lowest) for b in found.monetary] == [(5, 50), (4, 40), (3, 30), (2, 20), (1, 10)]
    assert {c.cells[0]: c.users for c in found.cells if c.users} == {"51": 2, "42": 2, "33": 2, "24": 2, "15": 2}
    assert {s.name: s.users for s in found.segments if s.users} == {
        "New customers": 2, "Potential loyalists": 2, "Need attention": 2, "At risk": 2, "Can't lose them": 2,
    }  # fmt: skip
    late = found.segment("Can't lose them")
    assert (late.recency, late.frequency, late.monetary, late.revenue) == (41, 5, 50, 100)
    assert late.revenue_share == pytest.approx(100 / 300)
    assert count(store, Rfm(("Can't lose them", "51")), END) == 4


def test_equal_customers_get_equal_scores(store: Store) -> None:
    """Seven of ten bought once: the cuts fall beside them, never among them."""
    events = [event(f"u{n}", "purchase", END - timedelta(days=1), order_id=f"a{n}") for n in range(10)]
    events += [event(f"u{n}", "purchase", END - timedelta(days=1), order_id=f"b{n}") for n in range(7, 10)]
    put(store, World(events=tuple(events)))
    found = rfm(store, END)
    assert [(b.score, b.lowest, b.users) for b in found.frequency] == [(5, 2, 3), (1, 1, 7)]
    assert [(b.score, b.users) for b in found.recency] == [(3, 10)], "all alike: the middle score"
    assert found.monetary == (), "no values: no monetary scores"
    assert found.segment("About to sleep").monetary is None


@settings(max_examples=examples(30), suppress_health_check=[HealthCheck.too_slow])
@given(world=worlds, seed=st.randoms())
def test_rfm_agrees_with_plain_python_in_any_order(shared: Store, world: World, seed: object) -> None:
    put(shared, world)
    found = rfm(shared, AS_OF)
    scores = oracle.rfm_scores(world, AS_OF)
    cells = [f"{r}{f}" for r, f, _ in scores.values()]
    assert {c.cells[0]: c.users for c in found.cells if c.users} == {c: cells.count(c) for c in cells}
    money = [m for *_, m in scores.values() if m is not None]
    assert {b.score: b.users for b in found.monetary} == {m: money.count(m) for m in money}
    events = list(world.events)
    seed.shuffle(events)  # type: ignore[attr-defined]
    put(shared, World(world.users, world.items, tuple(events)))
    assert rfm(shared, AS_OF) == found


def test_why_there_is_no_rfm(store: Store) -> None:
    put(store, World(events=(event("a", "view", "2024-01-01"),)))
    assert "no purchases" in (rfm(store).problem or "")
    put(store, World(events=(event("a", "purchase"), event("a", "purchase"), event(None, "purchase"))))
    found = rfm(store)
    assert "have no times" in (found.problem or "")
    assert (found.buyers, found.undated, found.as_of) == (0, 1, None)
    with pytest.raises(BadRule, match="RFM needs event times"):
        count(store, Rfm(("Champions",)))
    put(store, World(events=(event("a", "purchase", "2024-01-01"), event("b", "purchase"))))
    assert (rfm(store).buyers, rfm(store).undated) == (1, 1)
    assert (
        "no purchases" in (rfm(store, datetime(2023, 1, 1)).problem or "")
        or rfm(store, datetime(2023, 1, 1)).buyers == 0
    )


def test_default_grid_is_the_one_of_the_field() -> None:
    assert {cell: DEFAULT_GRID.name(int(cell[0]), int(cell[1])) for cell in CELLS} == NAMES
    assert sorted(c for name in DEFAULT_GRID.distinct() for c in DEFAULT_GRID.cells(name)) == sorted(CELLS)


def test_own_grid(store: Store) -> None:
    put(store, ten_buyers())
    grid = Grid.of({"Recent": ["[4-5][1-5]"], "The rest; DROP TABLE users": ["[1-3][1-5]"]})
    found = rfm(store, END, grid)
    assert [(s.name, s.users) for s in found.segments] == [("Recent", 4), ("The rest; DROP TABLE users", 6)]
    assert count(store, found.segments[1].rule(grid), END) == 6
    assert store.rows(Query("SELECT count(*) AS n FROM users")) == [{"n": 11}]
    with pytest.raises(BadRule, match="cannot be the name"):
        Grid(("55",) * 25)
    with pytest.raises(BadRule, match="25 names"):
        Grid(("a",) * 24)
    with pytest.raises(Refusal, match="no segment 'Champions'"):
        found.segment("Champions")
