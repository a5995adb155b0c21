"""The view "Who is loyal" without a browser: key figures, every tab, an empty workspace, one user's score."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.store import close_workspace, list_workspaces, open_workspace
from tests.behaviour.world import E, build
from tests.loyalty.people import PEOPLE, random_shop
from tests.pages.drive import words

FRAME = Path(__file__).parents[2] / "pages" / "_ui" / "frame.py"
TABS = ("Stages by month", "Ordering again", "Loyalty score", "Slipping", "Share of wallet")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("LIMELIGHT_HOME", str(folder))
    yield folder
    for name in list_workspaces():
        close_workspace(open_workspace(name, create=False))


def opened(tab: str, **more: str) -> AppTest:
    at = AppTest.from_file(str(FRAME), default_timeout=60)
    for key, value in {"ws": "shop", "look_at": "Who is loyal", "loyal_look": tab, **more}.items():
        at.query_params[key] = value
    at.switch_page("../loyalty.py")
    at.run()
    assert not at.exception, at.exception
    return at


def titles(at: AppTest) -> list[str]:
    return [json.loads(one.proto.spec)["layout"]["title"]["text"] for one in at.main.get("plotly_chart")]


def test_each_tab_answers_its_question(home: Path) -> None:
    with random_shop(home / "shop.duckdb"):
        pass
    at = opened("Stages by month")
    assert titles(at) == ["Buyers by stage at the end of each month",
                          "The mean month: from stage (rows) to stage (columns)"]  # fmt: skip
    metrics = {metric.label: metric.value for metric in at.main.metric}
    assert metrics.keys() == {"Repeat rate", "Back in 90 days", "Usual pause", "Loyal buyers", "Slipping"}
    assert metrics["Repeat rate"].endswith(" %")
    found = {}
    for tab in TABS[1:]:
        at = opened(tab, **({"score_user": "u7"} if tab == "Loyalty score" else {}))
        found[tab] = titles(at)
        if tab == "Loyalty score":
            assert "Does it tell anything?" in words(at)
    assert len(found["Ordering again"]) == 4
    assert found["Loyalty score"][-1].startswith("u7: ")
    assert found["Share of wallet"] == ["Of what its buyers bought here, the share that went to it, by category"]


def test_few_buyers_are_told_what_is_missing(home: Path) -> None:
    build(home / "shop.duckdb", PEOPLE).close()
    at = opened("Slipping")
    assert {metric.label: metric.value for metric in at.main.metric}["Repeat rate"] == "66.7 %"
    assert "too few to learn how regularly" in words(at)
    said = words(opened("Share of wallet"))
    assert "no column of categories" in said
    assert "Share of wallet proper needs to know" in said


def test_without_orders_it_says_what_to_do(home: Path) -> None:
    build(home / "shop.duckdb", [E("a", "x", "view", "2025-01-01")]).close()
    at = opened("Slipping")
    assert "No known user placed an order" in words(at)
    assert "Load purchases" in {button.label for button in at.main.button}
