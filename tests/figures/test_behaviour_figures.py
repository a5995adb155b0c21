"""The overview's figures without a screen: traces, values, axis titles with units, hovers, colours."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from streamlit.elements.lib import streamlit_plotly_theme as theme

from core.behaviour import (
    MEASURES,
    active_users,
    events_over_time,
    funnel,
    stickiness,
    top_categories,
    top_items,
)
from core.figures import (
    COLOURS,
    active_users_figure,
    event_mark,
    event_name,
    events_figure,
    funnel_figure,
    new_and_returning_figure,
    top_figure,
)
from core.store import NAMES, Store
from tests.behaviour.world import CATEGORIES, SHOP, TITLES, E, build


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Store]:
    with build(tmp_path / "shop.duckdb", SHOP, titles=TITLES, categories=CATEGORIES) as store:
        yield store


def test_colours_are_the_place_holders_that_streamlit_fills_in() -> None:
    assert list(COLOURS) == [getattr(theme, f"CATEGORY_{place}") for place in range(8)]


def test_no_two_event_types_look_alike() -> None:
    marks = [event_mark(name) for name in NAMES]
    assert len(set(marks)) == len(NAMES)
    assert {mark.colour for mark in marks} <= set(COLOURS)
    assert event_mark("subscribe") == event_mark("subscribe")
    assert event_mark("subscribe").pattern == "."  # a word of the analyst's own is never taken for one of ours
    assert (event_name("cart"), event_name("subscribe")) == ("Carts", "subscribe")


def test_events(shop: Store) -> None:
    figure = events_figure(events_over_time(shop, "week"))
    assert [bar.name for bar in figure.data] == ["Impressions", "Views", "Carts", "Purchases", "Returns"]
    purchases = figure.data[3]
    assert list(purchases.x) == [date(2025, 2, 24), date(2025, 3, 3), date(2025, 3, 10)]
    assert list(purchases.y) == [2, 4, 2]
    assert list(purchases.marker.opacity) == [0.4, 1.0, 0.4]  # only the middle week is whole
    assert purchases.marker.color == event_mark("purchase").colour
    assert list(purchases.customdata[0]) == [
        "purchase",
        "2025-02-24",
        "24 Feb 2025 to 2 Mar 2025 (only a part of this week is covered)",
    ]
    assert purchases.customdata[1][2] == "3 Mar 2025 to 9 Mar 2025"
    assert "%{y:,} purchases" in purchases.hovertemplate
    assert figure.layout.xaxis.tick0 == "2025-02-24"  # labels stand under Mondays, as the bars do
    assert figure.layout.xaxis.dtick == 7 * 24 * 3600 * 1000
    assert figure.layout.barmode == "stack"
    assert figure.layout.title.text == "Events per week, by type"
    assert figure.layout.xaxis.title.text == "Week beginning on Monday (UTC)"
    assert figure.layout.yaxis.title.text == "Events per week"


def test_active_users(shop: Store) -> None:
    found = stickiness(shop)
    figure = active_users_figure(found)
    solid = {line.name: list(line.y) for line in figure.data if line.line.dash == "solid"}
    dotted = {line.name: list(line.y) for line in figure.data if line.line.dash == "dot"}
    assert list(solid) == ["Monthly (30 days)", "Weekly (7 days)", "Daily (1 day)"]
    assert [line.showlegend for line in figure.data] == [True, False] * 3
    # every value is drawn once or, where the two lines meet, twice
    for name, column in (("Monthly (30 days)", "mau"), ("Weekly (7 days)", "wau"), ("Daily (1 day)", "dau")):
        known = found.table[f"{column}_complete"].tolist()
        for value, whole, drawn, dots in zip(found.table[column], known, solid[name], dotted[name], strict=True):
            assert drawn == value if whole else math.isnan(drawn)
            assert whole or dots == value
    assert list(figure.layout.xaxis.range) == ["2025-03-01", "2025-03-14"]  # no empty days beside the data
    assert figure.layout.yaxis.title.text == "Active users"
    assert figure.layout.xaxis.title.text == "Day (UTC)"
    assert "30 days" in figure.data[0].hovertemplate
    assert ", of which the data cover a part" in figure.data[1].hovertemplate


def test_new_and_returning(shop: Store) -> None:
    figure = new_and_returning_figure(active_users(shop, "month"))
    assert {bar.name: list(bar.y) for bar in figure.data} == {"Returning": [0], "New": [4]}
    assert figure.data[0].customdata[0][2].startswith("March 2025")
    assert figure.layout.yaxis.title.text == "Users per month"


@pytest.mark.parametrize("measure", MEASURES)
def test_leaders(shop: Store, measure: str) -> None:
    found = top_items(shop, measure)  # type: ignore[arg-type]
    figure = top_figure(found)
    (bar,) = figure.data
    assert list(bar.x) == found.table["value"].tolist()[::-1]  # the first row stands on top
    assert list(figure.layout.yaxis.ticktext) == found.table["label"].tolist()[::-1]
    assert [point[0] for point in bar.customdata] == found.table["key"].tolist()[::-1]
    assert figure.layout.xaxis.range[1] > max(bar.x)
    first = found.table.iloc[0]
    assert bar.text[-1] == f"{first['value']:,.{2 if measure == 'revenue' else 0}f} · {first['share'] * 100:.1f} %"


def test_leaders_say_their_unit(shop: Store) -> None:
    assert top_figure(top_items(shop, "revenue")).layout.xaxis.title.text == "Net revenue (in the file's currency)"
    figure = top_figure(top_categories(shop, "users", event="cart"))
    assert figure.layout.title.text == "Top categories by users with carts"
    assert figure.layout.xaxis.title.text == "Users with carts"
    assert figure.data[0].marker.color == event_mark("cart").colour
    assert figure.data[0].customdata[1][2] == " · 66.7 % of all"  # of the three users with carts: ann, cat, eve


def test_losses_are_drawn_to_the_left(tmp_path: Path) -> None:
    with build(tmp_path / "w.duckdb", [E("ann", "x", "return", "2025-01-01", None, -1, -5.0)]) as store:
        figure = top_figure(top_items(store, "revenue"))
        assert list(figure.data[0].x) == [-5.0]
        assert figure.layout.xaxis.range[0] < -5
        assert figure.data[0].customdata[0][2] == ""  # no share of a negative whole


def test_items_of_one_name_stay_two_bars(tmp_path: Path) -> None:
    events = [E("ann", item, "view", "2025-01-01") for item in ("a", "b", "b")]
    with build(tmp_path / "w.duckdb", events, titles={"a": "Mug", "b": "Mug"}) as store:
        figure = top_figure(top_items(store))
        assert list(figure.data[0].x) == [1, 2]
        assert list(figure.data[0].y) == [0, 1]


def test_funnel(shop: Store) -> None:
    figure = funnel_figure(funnel(shop))
    (bar,) = figure.data
    assert list(bar.y) == ["Purchases", "Carts", "Views"]
    assert list(bar.x) == [2, 2, 4]
    assert list(bar.text) == ["2 users · 100.0 % of the step before", "2 users · 50.0 % of the step before", "4 users"]
    assert [point[0] for point in bar.customdata] == [2, 1, 0]
    assert list(bar.marker.color) == [event_mark(step).colour for step in ("purchase", "cart", "view")]
    assert figure.layout.xaxis.title.text == "Users"
    assert figure.layout.title.text == "Views → Carts → Purchases"


def test_hostile_names_are_text(tmp_path: Path) -> None:
    name = '<img src="http://evil.example/x"> %{y} & <b>'
    events = [E("ann", "a", "view", "2025-01-01"), E("ann", "a", "%{x}<b>", "2025-01-02")]
    with build(tmp_path / "w.duckdb", events, titles={"a": name}) as store:
        leaders = top_figure(top_items(store, "users", event="%{x}<b>"))
        for figure in (leaders, events_figure(events_over_time(store))):
            read = [figure.layout.title.text, *(figure.layout.yaxis.ticktext or ())]
            for trace in figure.data:
                read += [trace.name or "", trace.hovertemplate, *(str(point[1:]) for point in trace.customdata)]
            assert "<img" not in "".join(read)
            assert "%{x}<b>" not in "".join(read)
        assert leaders.layout.yaxis.ticktext[0].startswith("&lt;img")


def test_every_hover_carries_a_definition(shop: Store) -> None:
    figures = [
        events_figure(events_over_time(shop)),
        active_users_figure(stickiness(shop)),
        new_and_returning_figure(active_users(shop)),
        top_figure(top_items(shop)),
        funnel_figure(funnel(shop)),
    ]
    for figure in figures:
        assert figure.layout.title.text
        for trace in figure.data:
            assert "<i>" in trace.hovertemplate
            assert "{" not in trace.hovertemplate.split("<i>")[1]
