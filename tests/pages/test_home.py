"""The page Home without a browser: on no data, little data, data without times, and the hand-written shop."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.behaviour import Window, contents, count_people, top_items, users_who
from core.segments import Between, Did, count
from core.store import close_workspace, list_workspaces, open_workspace
from pages._ui import home_figures, home_leaders, people
from pages._ui.home_period import Shown
from tests.behaviour.world import CATEGORIES, SHOP, TITLES, E, build
from tests.pages.drive import opened, words
from tests.prepared import opened_copy


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home folder of the test's own."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("LIMELIGHT_HOME", str(folder))
    yield folder
    for name in list_workspaces():
        close_workspace(open_workspace(name, create=False))


def page(home: Path, events: list[E], **options: Any) -> AppTest:
    build(home / "shop.duckdb", events, **options).close()
    return opened("home", ws="shop")


@pytest.fixture
def shop(home: Path) -> AppTest:
    return page(home, SHOP, titles=TITLES, categories=CATEGORIES, silent=["zoe"])


def figures(at: AppTest) -> list[dict[str, Any]]:
    return [json.loads(chart.proto.spec) for chart in at.main.get("plotly_chart")]


def titles(at: AppTest) -> list[str]:
    return [figure["layout"]["title"]["text"] for figure in figures(at)]


def metrics(at: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in at.main.metric}


def choose(at: AppTest, key: str, value: str) -> AppTest:
    at.segmented_control(key=key).set_value(value).run()
    assert not at.exception, at.exception
    return at


def look(at: AppTest, tab: str) -> AppTest:
    at.session_state["look"] = tab
    at.run()
    assert not at.exception, at.exception
    return at


def test_without_data_it_says_what_to_do() -> None:
    at = opened("home")
    assert "Load your own files" in words(at)
    assert {"Load my files", "Load the sample data"} <= {b.label for b in at.main.button}
    assert not at.main.get("plotly_chart")


def test_the_shop_in_one_look(shop: AppTest) -> None:
    assert metrics(shop) == {"Users": "5", "Items": "3", "Events": "18", "Orders": "5", "Net revenue": "83.00"}
    said = words(shop)
    assert "**1 Mar 2025 to 14 Mar 2025** (14 days)" in said
    assert "6 known users, with or without events" in said
    assert "3 events name no user" in said
    assert titles(shop) == [
        "Events per day, by type",
        "Daily, weekly and monthly active users",
        "Active users per day, new and returning",
    ]
    assert said.count("**Definition.**") == 4
    assert "it takes 30 whole days of data" in said


def test_a_period_of_days_and_its_change(shop: AppTest) -> None:
    choose(shop, "period", "7")
    assert metrics(shop)["Users"] == "2"
    assert "No change is shown. The data begin on 2025-03-01" in words(shop)
    choose(shop, "period", "custom")
    shop.date_input(key="from").set_value(date(2025, 3, 10)).run()
    assert metrics(shop)["Orders"] == "2"
    assert "Changes are against 5 Mar 2025 to 9 Mar 2025" in words(shop)
    orders = next(m for m in shop.main.metric if m.label == "Orders")
    assert orders.delta == "+100.0 %"  # o9 before, bob's second day and o2 now


def test_a_period_that_ends_before_it_begins(shop: AppTest) -> None:
    choose(shop, "period", "custom")
    shop.date_input(key="to").set_value(date(2025, 3, 3)).run()
    shop.date_input(key="from").set_value(date(2025, 3, 5)).run()
    assert not shop.exception
    assert "Choose an earlier start" in words(shop)
    assert not shop.main.metric


def test_units(shop: AppTest) -> None:
    choose(shop, "per", "week")
    assert "Events per week, by type" in titles(shop)
    assert figures(shop)[0]["layout"]["xaxis"]["title"]["text"] == "Week beginning on Monday (UTC)"


def test_leading_items_and_categories(shop: AppTest) -> None:
    look(shop, "Top items")
    assert "Top items by net revenue" in titles(shop)
    choose(shop, "items_by", "users")
    shop.selectbox(key="items_of").set_value("cart").run()
    assert "Top items by users with carts" in titles(shop)
    look(shop, "Top categories")
    assert "Top categories by net revenue" in titles(shop)


def test_the_way_to_a_purchase(shop: AppTest) -> None:
    look(shop, "Funnel")
    assert titles(shop)[-1] == "Views → Carts → Purchases"
    assert figures(shop)[-1]["data"][0]["text"][-1] == "4 users"
    assert "Purchases made without the steps before" in words(shop)
    choose(shop, "steps", "any")
    assert "in whatever order" in words(shop)


def test_one_event(home: Path) -> None:
    at = page(home, [E("ann", "mug", "view", "2025-03-01")])
    assert metrics(at) == {"Users": "1", "Items": "1", "Events": "1"}
    assert "No orders and no net revenue: the data hold no purchases." in words(at)
    for tab in ("Top items", "Top categories", "Funnel"):
        look(at, tab)
    assert "A funnel needs two of the event types" in words(at)


def test_without_times_nothing_is_drawn_over_time(home: Path) -> None:
    at = page(home, [E("ann", "mug", "view", None), E("ann", "mug", "purchase", None, None, 1, 5.0)])
    assert metrics(at) == {"Users": "1", "Items": "1", "Events": "2", "Orders": "1", "Net revenue": "5.00"}
    assert not at.main.segmented_control
    assert words(at).count("These events carry no time") == 2  # in place of events and of active users
    assert titles(at) == []
    look(at, "Funnel")
    assert "look at the steps in any order" in words(at)
    choose(at, "steps", "any")
    assert titles(at) == ["Views → Purchases"]


def test_only_anonymous_events(home: Path) -> None:
    at = page(home, [E(None, "mug", "view", "2025-03-01"), E(None, "mug", "view", "2025-03-09")])
    assert metrics(at) == {"Items": "1", "Events": "2"}
    assert "No users: no event names its user." in words(at)
    assert "No known user did anything in this period." in words(at)


def test_the_next_steps(shop: AppTest) -> None:
    shop.button(key="next_segment").click().run()
    assert not shop.exception
    assert "Who are our users?" in [title.value for title in shop.title]


def test_these_users_open_with_their_choices(shop: AppTest) -> None:
    shop.button(key="see_events").click().run()
    assert not shop.exception
    assert "**5 users** with an event of any type, in all the data" in "\n".join(m.value for m in shop.markdown)
    assert list(shop.dataframe[0].value["user_id"]) == ["bob", "ann", "eve", "cat", "dan"]
    assert shop.selectbox(key="see_events_0").options[1:] == ["Impressions", "Views", "Carts", "Purchases", "Returns"]
    assert shop.selectbox(key="see_events_1").options[:2] == ["The whole period", "14 Mar 2025"]


def test_a_click_on_a_bar_opens_its_users(shop: AppTest) -> None:
    point = {"customdata": ["purchase", "2025-03-03", "3 Mar 2025"]}
    shop.session_state["fig_events_0"] = {
        "selection": {"points": [point], "point_indices": [0], "box": [], "lasso": []}
    }
    shop.run()
    assert not shop.exception
    assert "**1 user** with purchases, 3 Mar 2025" in "\n".join(m.value for m in shop.markdown)


def shown(window: Window) -> Shown:
    return Shown(window, "in March", "", Between(date(2025, 3, 3), date(2025, 3, 12)), "day")


def test_rules_choose_the_same_users_as_the_figures(home: Path) -> None:
    """What "Make it a segment" carries over must mean what the figure showed."""
    with build(home / "shop.duckdb", SHOP, titles=TITLES, categories=CATEGORIES) as store:
        window = Window(datetime(2025, 3, 3), datetime(2025, 3, 12))
        checked = 0
        for kind in contents(store):
            rule = Did(kind.event, window=shown(window).rule_window)
            assert count(store, rule) == count_people(store, users_who(store, window, kind.event))
        for measure in ("events", "users", "buyers", "revenue", "orders"):
            found = top_items(store, measure, 10, window)
            for row in found.table.to_dict("records"):
                behind = home_leaders.behind(store, shown(window), found, None, row["key"])
                if behind.rule is not None:
                    checked += 1
                    assert count(store, behind.rule) == count_people(store, behind.users), (measure, row)
        assert checked >= 5


def test_the_file_of_these_users(home: Path, tmp_path: Path) -> None:
    with build(home / "shop.duckdb", SHOP) as store:
        behind = people.Behind("who bought", users_who(store, Window(), "purchase"))
        people.writer(store, behind)(tmp_path / "out.csv")
        with (tmp_path / "out.csv").open(newline="") as file:
            assert [row["user_id"] for row in csv.DictReader(file)] == ["ann", "bob", "eve"]


def test_file_names_are_plain() -> None:
    assert people.file_name("with “A/B: ../mug”, on 3 Mar 2025") == "users-with-a-b-mug-on-3-mar-2025.csv"


@pytest.mark.slow
def test_the_sample(sample_workspace: Path) -> None:
    opened_copy(sample_workspace, "sample")
    at = opened("home", ws="sample")
    assert len(metrics(at)) == 5
    assert len(figures(at)[0]["data"]) == 12
    for tab in ("Active users", "Top items", "Top categories", "Funnel"):
        look(at, tab)
        assert not at.error
    choose(at, "period", "90")
    assert all(metric.delta for metric in at.main.metric)


def test_periods_are_named_as_people_write_them() -> None:
    assert home_figures.when(date(2025, 3, 3), "week") == "3 Mar 2025 to 9 Mar 2025"
    assert home_figures.when(date(2025, 3, 1), "month") == "March 2025"
