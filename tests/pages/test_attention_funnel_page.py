"""Attention's view "Funnel" without a browser: steps put together without code, and the address that holds them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.store import close_workspace, list_workspaces, open_workspace
from tests.behaviour.world import CATEGORIES, SHOP, TITLES, E, build
from tests.pages.drive import FRAME, words


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("LIMELIGHT_HOME", str(folder))
    yield folder
    for name in list_workspaces():
        close_workspace(open_workspace(name, create=False))


def page(home: Path, events: list[E], **address: str) -> AppTest:
    build(home / "shop.duckdb", events, titles=TITLES, categories=CATEGORIES).close()
    return look(**address)


def look(**address: str) -> AppTest:
    at = AppTest.from_file(str(FRAME), default_timeout=60)
    for name, value in {"ws": "shop", "look_at": "Funnel", **address}.items():
        at.query_params[name] = value
    at.switch_page("../attention.py")
    at.run()
    assert not at.exception, at.exception
    return at


def metrics(at: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in at.main.metric}


def press(at: AppTest, start: str) -> AppTest:
    next(button for button in at.main.button if str(button.key).startswith(start)).click().run()
    assert not at.exception, at.exception
    return at


def test_the_default_is_homes_funnel_and_steps_are_edited_without_code(home: Path) -> None:
    at = page(home, SHOP)
    assert metrics(at)["Took the first step"] == "4"
    assert metrics(at)["Came to the end"] == "2"
    assert metrics(at)["Conversion"] == "50.0 %"
    press(at, "way_away_1")
    assert at.session_state["way"] == "view,purchase"
    assert metrics(at)["Came to the end"] == "3"
    press(at, "way_down_0")
    assert at.session_state["way"] == "purchase,view"
    press(at, "way_add")
    assert at.session_state["way"] == "purchase,view,view"
    at.selectbox(key="way_event_2_purchase,view,view").set_value("cart").run()
    assert at.session_state["way"] == "purchase,view,cart"
    press(at, "way_reset")
    assert metrics(at)["Came to the end"] == "2"


@pytest.mark.parametrize("tab", ["By value", "Time taken", "Over time"])
def test_an_address_opens_the_same_view(home: Path, tab: str) -> None:
    at = page(home, SHOP, way="view,purchase[item.category=pots]", way_within="30 minutes", way_tab=tab)
    assert not at.exception
    assert at.selectbox(key="way_within").value == "30 minutes"
    assert metrics(at)["Took the first step"] == "4"


def test_data_that_cannot_answer_say_what_to_do(home: Path) -> None:
    at = page(home, [E("a", "mug", "purchase", "2025-03-01", "o1"), E("a", "mug", "purchase", "2025-03-02", "o2")])
    assert "needs two of view, cart, purchase; these data hold: purchase" in words(at)
    assert metrics(at)["Came to the end"] == "1"
    wrong = look(way="view,crt")
    assert "no event 'crt'" in words(wrong)
    assert not wrong.exception
