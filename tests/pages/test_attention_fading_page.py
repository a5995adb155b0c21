"""The views "How attention fades" and "Paths" without a browser: on a small shop, and where they cannot be shown."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.store import close_workspace, list_workspaces, open_workspace
from tests.attention.fading_world import at, shop
from tests.pages.drive import opened, words


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home folder of the test's own."""
    monkeypatch.setenv("LIMELIGHT_HOME", str(tmp_path))
    yield tmp_path
    for name in list_workspaces():
        close_workspace(open_workspace(name, create=False))


def event(user: int, kind: str, minute: int, item: int | None = None) -> dict[str, Any]:
    campaign = "x" if kind in ("impression", "click") else None
    return {"user": user, "event": kind, "at": at("01 10:00") + timedelta(minutes=minute), "item": item,
            "campaign": campaign}  # fmt: skip


def view(at_: AppTest, look: str, **choices: str) -> AppTest:
    at_.segmented_control(key="look_at").set_value(look).run()
    for key, value in choices.items():
        at_.segmented_control(key=key).set_value(value).run()
    assert not at_.exception, at_.exception
    return at_


def test_figures_of_a_small_shop(home: Path) -> None:
    day = 24 * 60
    events = [
        event(u, k, n * day + u, i)
        for u in range(1, 5)
        for n, k, i in (
            (0, "view", 1),
            (20, "view", 2),
            (21, "view", 2),
            (25, "impression", None),
            (26, "impression", None),
        )
    ]
    events += [event(1, "click", 25 * day + 30), event(2, "view", 21 * day + 9, 1), event(3, "purchase", 40 * day, 1)]
    shop(home / "shop.duckdb", events, {1: "A", 2: "B"}).close()
    page = opened("attention", ws="shop")
    view(page, "Fading")
    assert "1 item of the first 14 days" in words(page)
    assert len(page.main.get("plotly_chart")) == 1
    view(page, "Fading", fades="repeats")
    metrics = {m.label: m.value for m in page.main.metric}
    assert metrics["Response to no. 1"] == "25.0 %"
    view(page, "Paths", paths="ways")
    metrics = {m.label: m.value for m in page.main.metric}
    assert metrics["Visits"] == "14"
    view(page, "Paths", paths="flow")
    assert {m.label: m.value for m in page.main.metric}["Moves"] == "1"


def test_what_cannot_be_shown_is_said(home: Path) -> None:
    shop(home / "shop.duckdb", [event(1, "purchase", n * 1440, 1) for n in range(30)]).close()
    page = opened("attention", ws="shop")
    assert "launch is not known" in words(view(page, "Fading")) or "not known" in words(page)
    assert "no impressions, opens or views" in words(view(page, "Fading", fades="repeats"))
    assert "views or clicks" in words(view(page, "Paths", paths="ways"))
    assert "no categories" in words(view(page, "Paths", paths="flow"))
