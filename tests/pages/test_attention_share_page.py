"""Attention, the views of shares and of over- and under-watched, without a browser."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.store import close_workspace, list_workspaces, open_workspace
from tests.behaviour.world import CATEGORIES, SHOP, TITLES, E, build
from tests.pages.drive import FRAME, words

SHARE, OUTCOME = "Who gets the attention", "Over- and under-watched"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home folder of the test's own."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("LIMELIGHT_HOME", str(folder))
    yield folder
    for name in list_workspaces():
        close_workspace(open_workspace(name, create=False))


def page(home: Path, view: str, events: list[E], **options: Any) -> AppTest:
    build(home / "shop.duckdb", events, **options).close()
    at = AppTest.from_file(str(FRAME), default_timeout=60)
    at.query_params["ws"], at.query_params["look_at"] = "shop", view
    at.switch_page("../attention.py")
    at.run()
    assert not at.exception, at.exception
    return at


def titles(at: AppTest) -> list[str]:
    return [json.loads(chart.proto.spec)["layout"]["title"]["text"] for chart in at.main.get("plotly_chart")]


def test_shares_and_their_choices(home: Path) -> None:
    at = page(home, SHARE, SHOP, titles=TITLES, categories=CATEGORIES)
    assert any(title.startswith("Share of attention by item") for title in titles(at))
    assert "A view is a proxy" in words(at)
    at.selectbox(key="divided_by").set_value("Category").run()
    assert not at.exception
    assert any("by category" in title for title in titles(at))
    at.segmented_control(key="attention_is").set_value("users").run()
    assert not at.exception
    assert any(title.startswith("Share of users by category") for title in titles(at))
    at.button(key="see_share").click().run()
    assert not at.exception


def test_over_and_under_watched(home: Path) -> None:
    views = [E(f"u{n}", f"i{n % 12}", "view", "2025-01-01 10:00") for n in range(1200)]
    bought = [
        E(f"u{n}", f"i{n % 12}", "purchase", "2025-01-02 10:00", f"o{n}", 1, 5)
        for n in range(1200)
        if (n % 12 != 3 and n // 12 % 3 == 0) or (n % 12 == 3 and n == 3)
    ]  # fmt: skip
    at = page(home, OUTCOME, views + bought)
    cards = {metric.label: metric.value for metric in at.main.metric}
    assert (cards["Over-watched"], cards["Under-watched"]) == ("1", "0")
    assert titles(at)[0] == "Share of attention against share of revenue, by item"
    at.button(key="see_watched").click().run()
    assert not at.exception


def test_without_views_it_says_so(home: Path) -> None:
    at = page(home, OUTCOME, [E("ann", "tea", "purchase", "2025-01-01", "o1", 1, 5)])
    assert "No views" in at.main.info[0].value
    assert titles(at) == ["Share of orders against share of revenue, by item"]


def test_nothing_to_look_at(home: Path) -> None:
    at = page(home, SHARE, [E("ann", None, "search", "2025-01-01")])
    assert "Nothing to divide attention by" in words(at)
