"""The view "By value" of the page Segments without a browser: RFM with settings, ABC classes, stages of loyalty."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.jobs import runner_for
from core.segments import (
    Abc,
    Grid,
    Last,
    Loyalty,
    LoyaltySettings,
    Rfm,
    RfmSettings,
    abc,
    count,
    default_grid,
    get_segment,
    loyalty,
    rfm,
)
from core.store import Store, close_workspace, list_workspaces, open_workspace
from pages._ui.rule_builder_read import read
from tests.pages.drive import FRAME, settled, words
from tests.segments.world import World, event, prepare, put

START = datetime(2024, 1, 1)


def _orders(user: str, *days: int, value: float = 10) -> tuple[dict[str, object], ...]:
    return tuple(event(user, "purchase", START + timedelta(day), item="toy", value=value) for day in days)


# 40 regulars order every 10 days up to day 100; ten bought once at the start; one has given back more than it bought
SHOP = World(
    events=(
        *(order for n in range(40) for order in _orders(f"r{n}", *range(0, 101, 10), value=10 + n)),
        *(order for n in range(10) for order in _orders(f"o{n}", n, value=1)),
        *_orders("back", 50, value=5),
        event("back", "return", START + timedelta(51), item="toy", quantity=-1, value=-9),
        event("looker", "view", START + timedelta(100), item="toy"),
    )
)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home folder of the test's own."""
    folder = tmp_path / "home"
    monkeypatch.setenv("LIMELIGHT_HOME", str(folder))
    yield folder
    for name in list_workspaces():
        close_workspace(open_workspace(name, create=False))


@pytest.fixture
def shop() -> Store:
    store = open_workspace("shop")
    prepare(store)
    put(store, SHOP)
    return store


def at_address(**said: str) -> AppTest:
    """The page opened by a link."""
    at = AppTest.from_file(str(FRAME), default_timeout=60)
    at.query_params |= {"ws": "shop", **said}
    at.switch_page("../segments.py").run()
    assert not at.exception, at.exception
    return at


def run(at: AppTest) -> AppTest:
    at.run()
    assert not at.exception, at.exception
    return at


def table(at: AppTest, column: str) -> dict[str, str]:
    """The first table that has this column, as its first column -> this one."""
    found = next(d.value for d in at.main.dataframe if column in d.value and d.value.columns[0] != "User")
    return dict(zip(found.iloc[:, 0], found[column], strict=True))


def rule_of(at: AppTest, store: Store) -> object:
    rule = read(at.session_state["_rule_draft"][str(store.path)]).rule
    assert rule is not None
    return rule


def test_rfm_with_other_scores_and_own_cuts_from_a_link(shop: Store) -> None:
    made = RfmSettings(3, recency=(20, 90), frequency=(1, 5), monetary="with_frequency")
    said = {"rfm_scores": "3", "rfm_money": "scored with frequency", "rfm_cut_recency": "20, 90"}
    at = at_address(**said, rfm_cut_frequency="1; 5", rfm="Champions")
    found = rfm(shop, settings=made)
    assert table(at, "Buyers") == {s.name: f"{s.users:,}" for s in found.segments}
    scores = next(d.value for d in at.main.dataframe if "Score" in d.value)
    assert list(scores["Score"]) == [3, 2, 1]
    assert scores["Last order"][0] == "1 day ago (40)"
    assert "By your own cuts: recency, frequency." in words(at)
    at.text_input(key="rfm_save_name").set_value("Best")
    at.button(key="rfm_save_save").click()
    run(at)
    kept = get_segment(shop, "Best").rule
    assert kept == Rfm(("Champions",), default_grid(3), made), "the settings travel with the segment"
    # the 40 regulars have 3 for orders; six of them are in the lowest third of 51 by money: (3 + 1) / 2 = 2
    assert count(shop, kept) == found.segment("Champions").users == 34
    at.button(key="rfm_edit").click()
    run(at)
    assert "RFM Champions (own cuts, frequency and money together)" in words(at)


def test_rfm_cuts_that_cannot_be_used_are_said_where_they_stand(shop: Store) -> None:
    at = at_address(rfm_scores="4", rfm_cut_frequency="1, 2")
    assert "Own cuts of frequency, orders: needs 3 cuts for 4 scores." in words(at)
    assert not at.main.dataframe
    at.text_input(key="rfm_cut_frequency").set_value("one, two, three")
    assert "write own cuts as numbers" in words(run(at))
    at.text_input(key="rfm_cut_frequency").set_value("")
    assert len(run(at).main.dataframe) == 3, "segments, scores, names of cells"
    at.selectbox(key="rfm_money").set_value("none")
    run(at)
    assert "Net value" not in next(d.value for d in at.main.dataframe if "Score" in d.value)


def test_own_names_of_a_smaller_grid_go_into_the_address_and_the_rule(shop: Store) -> None:
    grid = Grid.of({"Lately": ["3[1-3]"], "Before": ["[1-2][1-3]"]})
    at = at_address(rfm_scores="3")
    at.session_state["_rfm_grids"] = {3: grid}
    run(at)
    assert list(table(at, "Buyers")) == ["Lately", "Before"]
    linked = "".join(at.query_params["rfm_names"])
    other = at_address(rfm_scores="3", rfm_names=linked, rfm="Lately")
    assert list(table(other, "Buyers")) == ["Lately", "Before"]
    other.button(key="rfm_edit").click()
    run(other)
    rule = Rfm(("Lately",), grid, RfmSettings(3))
    assert str(count(shop, rule)) == next(m.value for m in other.main.metric if m.label == "Users")
    at.segmented_control(key="rfm_scores").set_value(5)
    assert "Champions" in table(run(at), "Buyers"), "names fit one size"
    assert "rfm_names" not in at.query_params
    at.segmented_control(key="rfm_scores").set_value(3)
    assert "Lately" in table(run(at), "Buyers"), "and are kept for it"
    broken = at_address(rfm_scores="3", rfm_names="bm90IHppcA")
    assert "cut off or damaged" in words(broken)
    assert "Champions" in table(broken, "Buyers")


def test_abc_classes_by_money(shop: Store) -> None:
    found = abc(shop, Abc(("A",)))
    at = at_address(value="ABC", abc="Class C")
    assert table(at, "Users") == {c.name: f"{c.users:,}" for c in found.classes}
    metrics = {m.label: m.value for m in at.main.metric}
    assert metrics["Users measured"] == "51"
    # by hand: the ten best regulars of 51 users, and a fifth of the eleventh
    worth = sorted([11.0 * (10 + n) for n in range(40)] + [1.0] * 10, reverse=True)
    assert metrics["The top 20 % bring"] == f"{(sum(worth[:10]) + 0.2 * worth[10]) / sum(worth) * 100:.1f} %"
    assert "-4.00 of users who returned more than they bought" in words(at)
    at.button(key="abc_edit").click()
    assert rule_of(run(at), shop)
    assert next(m.value for m in at.main.metric if m.label == "Users") == f"{found.classes[2].users:,}"


def test_abc_by_another_event_and_window(shop: Store) -> None:
    at = at_address(
        value="ABC", abc_by="orders", abc_when="in the last", abc_n="15", abc_a="50", abc_b="90", abc="Class A"
    )
    wanted = Abc(("A",), "orders", (0.5, 0.9), window=Last(15))
    assert table(at, "Users") == {c.name: f"{c.users:,}" for c in abc(shop, wanted).classes}
    at.text_input(key="abc_save_name").set_value("Most orders")
    at.button(key="abc_save_save").click()
    run(at)
    assert get_segment(shop, "Most orders").rule == wanted
    at.selectbox(key="abc_event").set_value("view")
    run(at)
    assert at.selectbox(key="abc_by").value == "events", "views have no orders"
    at.number_input(key="abc_a").set_value(95.0)
    assert "Class B must end later than class A" in words(run(at))
    at.number_input(key="abc_a").set_value(80.0)
    at.selectbox(key="abc_by").set_value("dwell")
    assert "Choose another event, measure or time above" in words(run(at))


def test_stages_of_loyalty_learned_and_set_by_hand(shop: Store) -> None:
    found = loyalty(shop)
    at = at_address(value="Loyalty", stage="Lost")
    assert table(at, "Buyers") == {s.name.capitalize(): f"{s.users:,}" for s in found.stages}
    assert all(t.words in words(at) for t in found.thresholds)
    at.checkbox(key="loyalty_fixed").set_value(True)
    run(at)
    at.text_input(key="stage_save_name").set_value("Gone")
    at.button(key="stage_save_save").click()
    run(at)
    assert get_segment(shop, "Gone").rule == Loyalty(("lost",), found.settled)
    at.number_input(key="loyalty_slipping_after").set_value(60)
    at.number_input(key="loyalty_lost_after").set_value(98)
    run(at)
    by_hand = LoyaltySettings(slipping_after=60, lost_after=98)
    assert table(at, "Buyers") == {s.name.capitalize(): f"{s.users:,}" for s in loyalty(shop, by_hand).stages}
    assert "Slipping after 60 days. Set by hand." in words(at).replace("*", "")
    at.number_input(key="loyalty_lost_after").set_value(40)
    assert "Lost after (days): must be longer than “Slipping after”" in words(run(at))


def test_too_few_pauses_and_no_purchases_are_said(shop: Store) -> None:
    put(shop, World(events=(*_orders("ann", 0, 10), *_orders("ben", 5))))
    at = at_address(value="Loyalty")
    assert "30 are needed to learn the thresholds" in words(at)
    put(shop, World(events=(event("ann", "view", START),)))
    at = at_address(value="Loyalty")
    assert "no purchases" in words(at)
    assert any(b.key == "loyalty_to_data" for b in at.main.button)
    at.segmented_control(key="value").set_value("ABC")
    assert not run(at).exception


def test_on_large_data_the_answer_is_worked_out_beside_the_page(shop: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pages._ui.segments_opened._LARGE", 0)
    for way, column, rows in (("RFM", "Buyers", 10), ("ABC", "Users", 3), ("Loyalty", "Buyers", 6)):
        at = settled(at_address(value=way))
        assert len(table(at, column)) == rows
    assert {job.kind for job in runner_for(shop).jobs()} == {"by_value"}
