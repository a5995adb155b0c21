"""Funnels of hand-dated people, each case written out; and of random ones, against a search through every way."""

from __future__ import annotations

from dataclasses import fields
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.behaviour import EVERYTHING, Window, count_people, funnel, resolve
from core.errors import Refusal
from core.funnel import (
    FunnelSpec,
    funnel_rule,
    funnel_trend,
    funnel_trend_users,
    read_span,
    read_steps,
    step_funnel,
    step_funnel_users,
    steps_text,
)
from core.segments import BadRule, EventStep, Ever, Span, compile_rule, read_schema
from core.store import Query, Store
from tests.behaviour.world import CATEGORIES, SHOP, E, build, ids
from tests.funnel.oracle import Event, reach

VCP = tuple(map(EventStep, ("view", "cart", "purchase")))


@pytest.fixture
def people(tmp_path: Path) -> Store:
    return build(
        tmp_path / "people.duckdb",
        [
            # early: views once, the cart comes after ten days; a later view gets further within a week
            E("early", "mug", "view", "2025-03-01 10:00"),
            E("early", "mug", "view", "2025-03-10 10:00"),
            E("early", "mug", "cart", "2025-03-11 10:00"),
            E("early", "mug", "purchase", "2025-03-12 10:00", "o1"),
            # edge: exactly seven days from first to last. over: one second more
            E("edge", "mug", "view", "2025-03-01 10:00"),
            E("edge", "tea", "cart", "2025-03-02 10:00"),
            E("edge", "mug", "purchase", "2025-03-08 10:00", "o2"),
            E("over", "mug", "view", "2025-03-01 10:00"),
            E("over", "mug", "cart", "2025-03-02 10:00"),
            E("over", "mug", "purchase", "2025-03-08 10:00:01", "o3"),
            # tied: all at one moment, loaded the wrong way round
            E("tied", "mug", "purchase", "2025-03-03 10:00", "o4"),
            E("tied", "mug", "cart", "2025-03-03 10:00"),
            E("tied", "mug", "view", "2025-03-03 10:00"),
            # between: a search stands between cart and purchase; both views between are harmless when ordered
            E("between", "mug", "view", "2025-03-04 10:00"),
            E("between", "mug", "cart", "2025-03-04 10:01"),
            E("between", None, "search", "2025-03-04 10:02"),
            E("between", "mug", "purchase", "2025-03-04 10:03", "o5"),
            # direct: nothing between, an impression aside, which nobody does
            E("direct", "mug", "view", "2025-03-05 10:00"),
            E("direct", "mug", "impression", "2025-03-05 10:00:30"),
            E("direct", "mug", "cart", "2025-03-05 10:01"),
            E("direct", "mug", "purchase", "2025-03-05 10:02", "o6"),
            # back: cart before view
            E("back", "mug", "cart", "2025-03-06 10:00"),
            E("back", "mug", "view", "2025-03-06 10:31"),
            # twice: two orders, the first of two lines
            E("twice", "mug", "purchase", "2025-03-07 10:00", "o7"),
            E("twice", "tea", "purchase", "2025-03-07 10:00", "o7"),
            E("twice", "tea", "purchase", "2025-03-09 10:00", "o8"),
            E("lines", "mug", "purchase", "2025-03-07 11:00", "o9"),
            E("lines", "tea", "purchase", "2025-03-07 11:00", "o9"),
            E(None, "mug", "view", "2025-03-08 10:00"),
            E(None, "mug", "cart", "2025-03-08 10:01"),
            E("last", "mug", "view", "2025-03-14 10:00"),
        ],
    )


WEEK = Span(7, "days")
AT_ONCE = {"tied", "between", "direct"}
ALL_VIEWERS = {"early", "edge", "over", "tied", "between", "direct", "back", "last"}
CAME = ALL_VIEWERS - {"back", "last"}


@pytest.mark.parametrize(
    ("options", "came"),
    [
        ({}, [ALL_VIEWERS, CAME, CAME]),
        ({"within": WEEK}, [ALL_VIEWERS, CAME, {"early", "edge", *AT_ONCE}]),
        ({"within": Span(2, "minutes")}, [ALL_VIEWERS, {"tied", "between", "direct"}, {"tied", "direct"}]),
        ({"order": "any"}, [ALL_VIEWERS, ALL_VIEWERS - {"last"}, ALL_VIEWERS - {"last", "back"}]),
        ({"order": "any", "within": Span(30, "minutes")}, [ALL_VIEWERS, AT_ONCE, AT_ONCE]),
        ({"order": "strict"}, [ALL_VIEWERS, CAME, CAME - {"between"}]),
        ({"same": "item"}, [ALL_VIEWERS, CAME - {"edge"}, CAME - {"edge"}]),
        ({"order": "strict", "same": "item"}, [ALL_VIEWERS, CAME - {"edge"}, CAME - {"edge", "between"}]),
        ({"same": "visit"}, [ALL_VIEWERS, AT_ONCE, AT_ONCE]),
    ],
)  # fmt: skip
def test_hand_dated_people(people: Store, options: dict[str, Any], came: list[set[str]]) -> None:
    spec = FunnelSpec(VCP, **options)
    found = step_funnel(people, spec).table
    assert found["users"].tolist() == [len(each) for each in came]
    for step, who in enumerate(came):
        assert ids(people, step_funnel_users(people, spec, step)) == who
        if step < 2:
            assert ids(people, step_funnel_users(people, spec, step, come="lost")) == who - came[step + 1]
            assert found["lost"].iloc[step] == len(who - came[step + 1])


def test_an_order_is_one_event_where_a_purchase_follows_a_purchase(people: Store) -> None:
    spec = FunnelSpec((EventStep("purchase"), EventStep("purchase")))
    assert ids(people, step_funnel_users(people, spec, 1)) == {"twice"}
    assert step_funnel(people, spec).convert[1] == 2 * 86_400
    assert ids(people, step_funnel_users(people, FunnelSpec((EventStep("view"),) * 2), 1)) == {"early"}


def test_the_way_taken_and_the_time_on_it(people: Store) -> None:
    found = step_funnel(people, FunnelSpec(VCP, within=WEEK))
    hours = {
        "early": (24, 24),
        "edge": (24, 144),
        "tied": (0, 0),
        "between": (1 / 60, 2 / 60),
        "direct": (1 / 60, 1 / 60),
    }
    assert found.table["median_seconds"].iloc[2] == pytest.approx(np.median([h[1] for h in hours.values()]) * 3600)
    assert found.convert[1] == pytest.approx(np.median([sum(h) for h in hours.values()]) * 3600)
    bars = found.took[found.took["step"] == 0]
    assert bars["users"].sum() == 5
    for row in bars[bars["users"] > 0].to_dict("records"):
        users = step_funnel_users(people, found.spec, 2, took=(0, row["low"], row["high"]))
        assert count_people(people, users) == row["users"]


def test_over_time_with_a_limit_each_period_has_its_own_tries(people: Store) -> None:
    spec = FunnelSpec(VCP, within=Span(2, "days"))
    found = funnel_trend(people, spec, "week").table.set_index("start")
    # 24 Feb to 2 Mar: early, edge, over begin; 3 to 9 Mar: tied, between, direct, back; 10 Mar on: early again, last
    assert found["users"].tolist() == [3, 4, 2]
    assert found["converted"].tolist() == [0, 3, 1]
    assert found["complete"].tolist() == [False, True, False]
    assert ids(people, funnel_trend_users(people, spec, "week", date(2025, 3, 10))) == {"early"}
    assert ids(people, funnel_trend_users(people, spec, "week", date(2025, 3, 10), come="lost")) == {"last"}
    whole = funnel_trend(people, FunnelSpec(VCP), "week").table
    assert whole["users"].tolist() == [3, 4, 1]
    assert whole["converted"].tolist() == [3, 3, 0]


def test_visits_are_counted_each(people: Store) -> None:
    found = step_funnel(people, FunnelSpec(VCP, per="visits"))
    assert found.table["users"].tolist() == [9, 3, 3]  # early viewed in two visits
    assert found.people == (8, 3)


def test_the_default_is_what_home_shows(people: Store, tmp_path: Path) -> None:
    windows = [EVERYTHING, Window(datetime(2025, 3, 2), datetime(2025, 3, 9)), Window(None, datetime(2025, 3, 8))]
    for store in (people, build(tmp_path / "shop.duckdb", SHOP, categories=CATEGORIES)):
        for window in windows:
            for order in ("ordered", "any"):
                home = funnel(store, ("view", "cart", "purchase"), window, order).table
                here = step_funnel(store, FunnelSpec(VCP, order), window).table
                for column in ("users", "share_of_first", "share_of_previous"):
                    np.testing.assert_array_equal(home[column], here[column])


def test_a_rule_is_given_only_where_it_says_the_same(people: Store) -> None:
    schema = read_schema(people)
    for spec, step, come in (
        (FunnelSpec(VCP), 0, "came"),
        (FunnelSpec(VCP, "any"), 2, "came"),
        (FunnelSpec(VCP, "any"), 0, "lost"),
    ):
        rule = funnel_rule(people, spec, step, Ever(), come=come)  # type: ignore[arg-type]
        assert rule is not None
        said = ids(people, compile_rule(rule, schema, people.as_of()))
        assert said == ids(people, step_funnel_users(people, spec, step, come=come))  # type: ignore[arg-type]
    assert funnel_rule(people, FunnelSpec(VCP), 1, Ever()) is None
    assert funnel_rule(people, FunnelSpec(VCP, same="item"), 0, Ever()) is None


def test_without_times(tmp_path: Path) -> None:
    with build(
        tmp_path / "w.duckdb", [E("a", "x", "view", None), E("a", "x", "cart", None), E("b", "x", "view", None)]
    ) as w:
        spec = FunnelSpec(VCP[:2])
        assert "no time" in (step_funnel(w, spec).problem or "")
        found = step_funnel(w, FunnelSpec(VCP[:2], "any"))
        assert found.table["users"].tolist() == [2, 1]
        assert np.isnan(found.convert[1])


def test_what_is_refused(people: Store) -> None:
    schema = read_schema(people)
    with pytest.raises(Refusal, match="from 2 to 10 steps"):
        FunnelSpec(VCP[:1])
    with pytest.raises(Refusal, match="cannot keep the item"):
        FunnelSpec(VCP, per="visits", same="item")
    with pytest.raises(BadRule, match="no event 'crt'"):
        read_steps("view,crt", schema)
    for text in ("view,[x=1]", "view[x", "view[=1]"):
        with pytest.raises(Refusal):
            read_steps(text, schema)
    with pytest.raises(Refusal, match="no length of time"):
        read_span("soon")
    with pytest.raises(Refusal, match="at once"):
        step_funnel(people, FunnelSpec((EventStep("*"), EventStep("view")), "any"))
    with pytest.raises(Refusal, match="no category"):
        step_funnel(people, FunnelSpec(VCP, same="category"))
    with pytest.raises(Refusal, match="no step 4"):
        step_funnel_users(people, FunnelSpec(VCP), 3)
    missing = step_funnel(people, FunnelSpec((EventStep("view"), EventStep("favourite"))))
    assert missing.problem is not None
    assert missing.problem.startswith("These data hold no event favourite; they hold: impression, view")


def test_steps_are_written_as_they_are_read(people: Store) -> None:
    schema = read_schema(people)
    text = 'view[channel=email|"a, b"][item.item_id=mug],cart[quantity=2],*'
    steps = read_steps(text, schema)
    assert [len(step.where) for step in steps] == [2, 1, 0]
    assert steps[0].where[0].test.values == ("email", "a, b")
    assert steps_text(steps) == text


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> tuple[Store, dict[int, list[Event]]]:
    """Users with up to eleven events on a coarse clock, so that moments are often shared."""
    rng = np.random.default_rng(9)
    rows: list[E] = []
    people: dict[int, list[Event]] = {}
    for user in range(45):
        events = []
        for _ in range(int(rng.integers(1, 12))):
            kind = str(rng.choice(["view", "view", "cart", "purchase", "search", "impression"]))
            item = f"i{rng.integers(3)}" if kind != "search" else None
            at = int(rng.integers(0, 40)) * 600
            events.append(Event(user=user, at=at, event=kind, item=item))
        for event in events:
            event["channel"] = ["mail", "web"][int(rng.integers(2))]
            order = f"o{len(rows)}" if event["event"] == "purchase" else None
            moment = datetime.fromtimestamp(1_741_000_000 // 600 * 600 + event["at"]).isoformat(" ")
            rows.append(E(f"u{user}", event["item"], event["event"], moment, order))
        people[user] = events
    store = build(tmp_path_factory.mktemp("crowd") / "w.duckdb", rows, categories={"i0": "a", "i1": "a", "i2": "b"})
    with store.atomic() as writer:
        flat = [event["channel"] for events in people.values() for event in events]
        for channel in ("mail", "web"):
            places = ", ".join(str((1 << 40) + n) for n, each in enumerate(flat) if each == channel)
            writer.run(Query(f"UPDATE events SET channel = ? WHERE event_no IN ({places})", (channel,)))
    numbers = {str(row["item_id"]): int(row["item_no"]) for row in store.rows(Query("SELECT * FROM items"))}
    for events in people.values():
        for event in events:
            event["category"] = {"i0": "a", "i1": "a", "i2": "b"}.get(event["item"])
            event["item"] = numbers.get(event["item"])
    return store, people


STEPS = [
    "view,cart,purchase", "view,view,purchase", "view,cart,view,cart", "view,view[channel=mail],cart", "*,purchase",
    "cart[channel=web],search", "view[channel=mail],view,view[channel=mail]", "impression,view",
]  # fmt: skip


LIMITS = (
    (None, None), (20, None), (60, None), (120, "item"), (None, "category"), (None, "visit"), (60, "visit"),
)  # fmt: skip


@pytest.mark.parametrize("order", ["ordered", "strict", "any"])
def test_against_every_way(crowd: tuple[Store, dict[int, list[Event]]], order: Any) -> None:
    store, people = crowd
    schema, asked = read_schema(store), 0
    for text in STEPS:
        if order == "any" and text in ("view,view[channel=mail],cart", "*,purchase", STEPS[6]):
            continue  # refused: one event could be two of the steps
        steps = read_steps(text, schema)
        plain = [(s.event, {f.column: str(f.test.values[0]) for f in s.where}) for s in steps]
        for within, same in LIMITS:
            spec = FunnelSpec(steps, order, None if within is None else Span(within, "minutes"), same)  # type: ignore[arg-type]
            limit = None if within is None else within * 60
            furthest = {user: reach(events, plain, order, limit, same) for user, events in people.items()}
            for step in range(len(steps)):
                who = {f"u{user}" for user, (most, _) in furthest.items() if most > step}
                said = step_funnel(store, spec)
                assert (said.table["users"].iloc[step] if not said.problem else 0) == len(who), (
                    text,
                    within,
                    same,
                    step,
                )
                assert ids(store, step_funnel_users(store, spec, step)) == who, (text, within, same, step)
                asked += 1
    assert asked > 80


def test_packed_and_plain_sorting_say_the_same(
    crowd: tuple[Store, dict[int, list[Event]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    from core.funnel import rows, ways

    store, _ = crowd
    for options in ({}, {"within": WEEK}, {"same": "item", "within": WEEK}, {"order": "strict", "same": "item"}):
        spec = FunnelSpec(VCP, **options)
        quick = step_funnel(store, spec).table
        monkeypatch.setattr(rows, "PACKED", 0)
        ways.forget(store)
        assert step_funnel(store, spec).table.equals(quick)
        monkeypatch.undo()


@pytest.mark.parametrize("options", [
    {}, {"within": WEEK}, {"within": WEEK, "same": "item"}, {"order": "any", "within": WEEK},
    {"order": "strict", "same": "visit"}, {"within": WEEK, "per": "visits", "same": "visit"},
])  # fmt: skip
def test_rows_in_pieces_give_the_same_ways(
    crowd: tuple[Store, dict[int, list[Event]]], options: dict[str, Any]
) -> None:
    from core.funnel.rows import read_rows
    from core.funnel.walk import Ways, walk

    store, _ = crowd
    spec = FunnelSpec(VCP, **options)
    rows = read_rows(store, spec, read_schema(store), resolve(store, EVERYTHING))
    whole, parts = walk(rows, spec), walk(rows, spec, piece=7)
    assert len(whole.users) > 20
    for field in fields(Ways):
        assert np.array_equal(getattr(parts, field.name), getattr(whole, field.name)), field.name
        assert getattr(parts, field.name).dtype == getattr(whole, field.name).dtype
