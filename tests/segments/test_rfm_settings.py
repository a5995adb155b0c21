"""RFM by thirds, quartiles and own cuts, money with frequency or not at all, and grids of 3x3 and 4x4."""

from __future__ import annotations

from datetime import timedelta
from typing import get_args

import jsonschema  # type: ignore[import-untyped]  # no stubs here
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.segments import (
    DEFAULT_GRID,
    BadRule,
    Grid,
    Rfm,
    RfmSettings,
    Segment,
    count,
    default_grid,
    describe,
    json_schema,
    members,
    rfm,
    rule_from_json,
    rule_to_json,
)
from core.segments.worth import Money
from core.store import Store
from tests.examples import examples
from tests.segments import oracle_worth
from tests.segments.strategies import AS_OF, rfm_settings, worlds
from tests.segments.test_rfm import END, ten_buyers
from tests.segments.world import World, event, ids, put


def at_the_edges() -> World:
    """Last orders 29 days 23 hours, 30 and 30 days and an hour ago; 1, 2 and 3 orders; 10, 10.01 and 20 in money."""
    rows = []
    for user, hours, orders, value in (("in", 30 * 24 - 1, 1, "10"), ("on", 720, 2, "10.01"), ("past", 721, 3, "20")):
        last = END - timedelta(hours=hours)
        more = [event(user, "purchase", last - timedelta(days=n), order_id=f"{user}{n}") for n in range(1, orders)]
        rows += [*more, event(user, "purchase", last, order_id=f"{user}0", value=value)]
    return World(events=tuple(rows))


def test_own_cuts_at_their_edges(store: Store) -> None:
    put(store, at_the_edges())
    cuts = RfmSettings(3, recency=(30, 60), frequency=(1, 2), money=(10, 15))
    found = rfm(store, END, settings=cuts)
    assert [(b.score, b.lowest, b.highest, b.users) for b in found.recency] == [(3, 30, 30, 2), (2, 31, 31, 1)]
    assert [(b.score, b.lowest, b.users) for b in found.frequency] == [(3, 3, 1), (2, 2, 1), (1, 1, 1)]
    assert [(b.score, b.lowest, b.users) for b in found.monetary] == [(3, 20, 1), (2, 10.01, 1), (1, 10, 1)]
    for cell, who in (("31", "in"), ("32", "on"), ("23", "past")):
        assert ids(store, members(store, Segment("x", Rfm((cell,), settings=cuts), END))) == {who}


def test_money_with_frequency_rounds_halves_up(store: Store) -> None:
    put(
        store,
        World(
            events=(
                event("both low", "purchase", "2024-03-01", value=1),
                event("half", "purchase", "2024-03-01", value=50),
                event("no value", "purchase", "2024-03-01"),
            )
        ),
    )
    both = RfmSettings(3, frequency=(1, 2), money=(10, 100), monetary="with_frequency")
    found = rfm(store, END, settings=both)
    assert {c.cells[0]: c.users for c in found.cells if c.users} == {"21": 2, "22": 1}, "1 and 2 make 1.5, so 2"
    assert ids(store, members(store, Segment("x", Rfm(("22",), settings=both), END))) == {"half"}
    assert [(b.score, b.users) for b in found.frequency] == [(1, 3)], "of frequency alone"
    assert rfm(store, END, settings=RfmSettings(3, monetary="none")).monetary == ()


@pytest.mark.parametrize(("scores", "middle"), [(3, 2), (4, 3), (5, 3)])
def test_all_alike_get_the_middle(store: Store, scores: int, middle: int) -> None:
    put(store, World(events=tuple(event(f"u{n}", "purchase", "2024-03-01") for n in range(6))))
    found = rfm(store, END, settings=RfmSettings(scores))
    assert [(c.cells[0], c.users) for c in found.cells if c.users] == [(f"{middle}{middle}", 6)]


@settings(max_examples=examples(30), suppress_health_check=[HealthCheck.too_slow])
@given(world=worlds, asked=rfm_settings, first=st.integers(0, 2))
def test_every_setting_agrees_with_plain_python(shared: Store, world: World, asked: RfmSettings, first: int) -> None:
    put(shared, world)
    found = rfm(shared, AS_OF, settings=asked)
    scores = oracle_worth.rfm_scores(world, AS_OF, asked)
    cells = [f"{r}{second}" for r, second, _ in scores.values()]
    assert {c.cells[0]: c.users for c in found.cells if c.users} == {c: cells.count(c) for c in cells}
    names = [found.grid.name(r, second) for r, second, _ in scores.values()]
    assert {s.name: s.users for s in found.segments if s.users} == {n: names.count(n) for n in names}
    money = [m for *_, m in scores.values() if m is not None]
    assert {b.score: b.users for b in found.monetary} == {m: money.count(m) for m in money}
    for part in found.segments[first::3]:  # each count is a query: the next example asks for others
        assert count(shared, part.rule(found.grid, asked), AS_OF) == part.users


@pytest.mark.parametrize("scores", [3, 4, 5])
def test_usual_grids(scores: int) -> None:
    grid = default_grid(scores)
    assert (grid.size, len(grid.all_cells())) == (scores, scores * scores)
    assert Grid.of(grid.to_json()) == grid
    assert grid.name(scores, scores) == "Champions"
    assert grid.name(1, 1) == "Hibernating"
    assert grid.name(1, scores) == "Can't lose them"
    assert grid.name(scores, 1) == "New customers"
    assert set(grid.names) <= set(DEFAULT_GRID.names)


def test_grid_and_scores_go_together(store: Store) -> None:
    own = Grid.of({"Lately": ["[3-4][1-4]"], "Long ago": ["[1-2][1-4]"]})
    put(store, ten_buyers())
    found = rfm(store, END, own, RfmSettings(4))
    assert sum(s.users for s in found.segments) == 10
    with pytest.raises(BadRule, match=r"has 16 names \(4 by 4\), and the settings have 5 scores") as caught:
        Rfm(("Lately",), own)
    assert 'set "scores" to 4' in caught.value.hint
    with pytest.raises(BadRule, match="16 names"):
        rfm(store, END, own)
    with pytest.raises(BadRule, match="no segment '45'"):
        Rfm(("45",), settings=RfmSettings(4))
    with pytest.raises(BadRule, match="no segment covers cell 14, 24, 34, 41, 42, 43"):
        Grid.of({"A": ["[1-3][1-3]", "44"]})


def test_json_says_no_more_than_it_must() -> None:
    quartiles = Rfm(("Champions", "43"), settings=RfmSettings(4))
    assert rule_to_json(quartiles) == {"rfm": ["Champions", "43"], "settings": {"scores": 4}}
    own = Rfm(("A",), Grid(("A",) * 9), RfmSettings(3, (30, 60), monetary="none"))
    for rule in (quartiles, own, *(Rfm(("33",), settings=RfmSettings(monetary=m)) for m in get_args(Money))):
        assert rule_from_json(rule_to_json(rule)) == rule
        jsonschema.validate(rule_to_json(rule), json_schema())
    with pytest.raises(BadRule, match="grid: has 9 names"):
        rule_from_json({"rfm": ["A"], "grid": {"A": ["[1-3][1-3]"]}})
    assert describe(quartiles) == "RFM Champions, R4 F3 (quartiles)"
    assert describe(own) == "RFM A (own grid, own cuts)"
