"""The view "Who comes back" without a browser."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.store import close_workspace, list_workspaces, open_workspace
from tests.pages.drive import opened, words
from tests.retention.test_cohorts import PEOPLE, filled, many


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("LIMELIGHT_HOME", str(folder))
    yield folder
    for name in list_workspaces():
        close_workspace(open_workspace(name, create=False))


def titles(at: AppTest) -> list[str]:
    return [json.loads(chart.proto.spec)["layout"]["title"]["text"] for chart in at.main.get("plotly_chart")]


def test_every_tab_draws(home: Path) -> None:
    filled(home / "shop.duckdb", many(5), {f"u{n:02}": "DE" if n % 2 else "FR" for n in range(40)}).close()
    at = opened("loyalty", ws="shop")
    assert titles(at) == ["Share of users back so many weeks after the start"]
    assert [m.label for m in at.main.metric] == [f"Back in week {n}" for n in (1, 3, 6)]
    assert "Pale: not over" in words(at)
    at.selectbox(key="compare_by").set_value("user:country").run()
    assert len(titles(at)) == 2, "the parts, then the cohorts of one"
    for tab, shown in (
        ("Curves", "95 % intervals"), ("How long they stay", "still active"),
        ("How long until they buy again", "ordered again"),
    ):  # fmt: skip
        at.session_state["retained"] = tab
        at.run()
        assert not at.exception, at.exception
        assert shown in titles(at)[0]
    at.session_state["retained"] = "Table"
    at.segmented_control(key="kind").set_value("bracket").run()
    assert "0,1,2-3,4-7,8-12" in str(at.text_input(key="ranges_week").value)
    at.text_input(key="ranges_week").set_value("3-1").run()
    assert "does not follow" in words(at)


def test_the_users_of_a_cell(home: Path) -> None:
    filled(home / "shop.duckdb", PEOPLE).close()
    at = opened("loyalty", ws="shop")
    at.segmented_control(key="per").set_value("week").run()
    at.button(key="see_cohorts").click().run()
    assert not at.exception, at.exception
    assert "came back in week 0 after starting in a complete cohort" in "\n".join(
        str(each.value) for each in at.markdown
    )
