"""The view "Visits and rhythm" without a browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.store import close_workspace, list_workspaces, open_workspace
from tests.behaviour.world import CATEGORIES, SHOP, TITLES, E, build
from tests.pages.drive import opened, words


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home folder of the test's own."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("LIMELIGHT_HOME", str(folder))
    yield folder
    for name in list_workspaces():
        close_workspace(open_workspace(name, create=False))


def page(home: Path, events: list[E], look: str) -> AppTest:
    build(home / "shop.duckdb", events, titles=TITLES, categories=CATEGORIES).close()
    at = opened("attention", ws="shop")
    at.session_state["visits_look"] = look
    at.run()
    assert not at.exception, at.exception
    return at


def metrics(at: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in at.main.metric}


def test_the_shop_in_visits(home: Path) -> None:
    at = page(home, SHOP, "Hours")
    # ann 1; bob 4: 30 minutes apart, the afternoon, a week later; cat 2; eve 2
    shown = metrics(at)
    assert shown["Visits"] == "9"
    assert shown["Engagement rate"] == "77.8 %"  # not bob's first look, nor cat's
    assert "30 minutes without an event" in words(at)
    assert "attention is no outcome" in words(at)
    at.number_input(key="visits_gap").set_value(31).run()
    assert metrics(at)["Visits"] == "7"
    at.button(key="see_visits_visits").click().run()
    assert any("4 users" in said.value for said in at.markdown)  # in the window of these users


def test_without_searches_and_times_it_says_what_to_do(home: Path) -> None:
    assert "Load searches as events" in words(page(home, SHOP, "Searches"))
    timeless = [E("ann", "mug", "view", None)]
    build(home / "bare.duckdb", timeless).close()
    at = opened("attention", ws="bare")
    assert not at.exception, at.exception
    assert "carry no time" in words(at)
