"""The page Quality without a browser: the report that starts by itself, findings, repairs kept and taken back."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from core.jobs import JobSpec, runner_for
from core.progress import Step
from core.quality import Fill, Repair, Selection, add_repair, figures, figures_as_loaded, last_report, repairs
from core.store import Query, Store, Writer, close_workspace, list_workspaces, open_workspace
from pages._ui.text import plain
from tests.pages.drive import opened, settled, words
from tests.prepared import opened_copy, workspace

START = datetime(2026, 1, 1)
EVENTS = 600


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home folder of the test's own."""
    folder = tmp_path / "home"
    monkeypatch.setenv("LIMELIGHT_HOME", str(folder))
    yield folder
    for name in list_workspaces():
        close_workspace(open_workspace(name, create=False))


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """60 days of 10 orders; user test-1 is a test, every fourth user has no city, ages are known of most."""
    folder = tmp_path_factory.mktemp("files")
    users = [f"u{k:02d}" for k in range(39)] + ["test-1"]
    rows = [
        (users[k % 40], f"i{k % 7}", START + timedelta(minutes=144 * k), "purchase", f"o{k}", 1 + k % 3, 10.0 + k % 5)
        for k in range(EVENTS)
    ]
    columns = ["user_id", "item_id", "event_time", "event", "order_id", "quantity", "price"]
    pd.DataFrame(rows, columns=columns).to_csv(folder / "events.csv", index=False)
    told = [(u, ("", "Rome", "Oslo", "Bonn")[k % 4], "" if k % 10 == 0 else 20 + k) for k, u in enumerate(users)]
    pd.DataFrame(told, columns=["user_id", "city", "age"]).to_csv(folder / "users.csv", index=False)
    return workspace(tmp_path_factory, "quality", [folder / "events.csv", folder / "users.csv"])


@pytest.fixture
def shop(prepared: Path, home: Path) -> Store:
    return opened_copy(prepared, "shop")


def page(view: str | None = None, **address: str) -> AppTest:
    at = settled(opened("quality", ws="shop"))
    for name, value in address.items():
        at.query_params[name] = value
    if view:
        at.segmented_control(key="see").set_value(view)
    return settled(at.run())


def press(at: AppTest, key: str) -> AppTest:
    at.button(key=key).click().run()
    return settled(at)


def titles(at: AppTest) -> str:
    """The findings that are listed."""
    return "\n".join(b.label for b in at.main.button if (b.key or "").startswith("finding_"))


def table(at: AppTest, head: str) -> pd.DataFrame:
    return next(t.value for t in at.main.table if head in t.value)


def test_the_report_starts_by_itself_and_is_kept(shop: Store) -> None:
    assert last_report(shop) is None
    at = page()
    report = last_report(shop)
    assert report is not None
    assert report.version == shop.version
    assert "No repair is applied: these are the data as loaded." in words(at)
    assert {m.label: m.value for m in at.main.metric}["Events"] == "600"
    assert "Makes figures wrong (" in words(at)
    assert len(titles(at).splitlines()) == len(report.findings)
    page()
    assert len([j for j in runner_for(shop).jobs() if j.kind == "quality"]) == 1, "a report that fits is not made again"


def test_a_finding_is_opened_its_repair_previewed_accepted_and_taken_back(shop: Store) -> None:
    tests = shop.rows(Query("SELECT count(*) AS n FROM events JOIN users USING (user_no) WHERE user_id = 'test-1'"))
    without = EVENTS - tests[0]["n"]
    at = press(page(), "finding_test_id-users-user_id")
    assert at.query_params["finding"] in ("test_id-users-user_id", ["test_id-users-user_id"])
    told = table(at, "Without them").set_index("Key figure")
    assert told.loc["Events", "With them"] == "600"
    assert told.loc["Events", "Without them"] == str(without)
    assert table(at, "What speaks for it")["User"].tolist() == [plain("test-1")]
    key = "offer_test_id-users-user_id_0"
    assert at.button(key=f"{key}_accept").disabled, "nothing is accepted unseen"
    at = press(at, f"{key}_preview")
    seen = table(at, "With the repair").set_index("Key figure")
    assert seen.loc["Events", "With the repair"] == str(without)
    assert str(seen.loc["Users", "Change"]).startswith("-1 (")
    assert not repairs(shop), "a look keeps nothing"
    at.text_input(key=f"{key}_note").set_value("our own").run()
    at = press(at, f"{key}_accept")
    assert f"Accepted. It touches {EVENTS - without} events, 1 user." in words(at)
    assert repairs(shop)[0].repair.note == "our own"
    metric = next(m for m in at.main.metric if m.label == "Events")
    assert (metric.value, metric.delta) == (str(without), f"-{EVENTS - without} (-2.5 %)")
    assert "That finding is no longer there" in words(at), "the new report does not have it"
    jobs = shop.rows(Query("SELECT title, spec::VARCHAR AS s, result::VARCHAR AS r FROM jobs"))
    assert not [job for job in jobs if "test-1" in str(job)]

    at.segmented_control(key="see").set_value("Repairs").run()
    assert "1. Leave out users that are tests" in words(at)
    at = press(at, "repair_back_1")
    assert "Repair 1 has been taken back." in words(at)
    assert figures(shop) == figures_as_loaded(shop)
    assert {m.label: m.value for m in at.main.metric}["Events"] == "600"
    assert "Taken back (1)" in [getattr(one, "label", "") for one in at.main.get("expander")]


def test_a_stale_report_is_shown_and_marked_until_the_next_is_there(shop: Store) -> None:
    page()
    with shop.atomic() as writer:
        add_repair(writer, Repair(Selection.of("missing", table="users", column="city"), Fill("city", "mode")))
    go_on = threading.Event()

    def hold(writer: Writer, step: Step) -> dict[str, Any]:
        go_on.wait(30)
        return {}

    runner_for(shop).submit(JobSpec("hold", "Hold", data=False), hold)
    try:
        at = opened("quality", ws="shop")
        assert "The data have changed since this report" in words(at)
        assert "A new one is being made; until then this one is shown." in words(at)
        assert "have no city" in titles(at)
    finally:
        go_on.set()
    at = settled(at)
    assert "The data have changed" not in words(at)
    assert "have no city" not in titles(at)


def test_repairs_by_hand_in_order_moved_and_all_taken_back(shop: Store) -> None:
    at = page("Repairs")
    at.selectbox(key="by_hand_column_events").set_value("quantity").run()
    at.selectbox(key="by_hand_events_quantity_op").set_value(">=").run()
    at.text_input(key="by_hand_events_quantity_value").set_value("many").run()
    at = press(at, "by_hand_preview")
    assert "'many' is not a number" in words(at)
    at.text_input(key="by_hand_events_quantity_value").set_value("3").run()
    assert "Leave out events whose quantity is at least 3." in words(at)
    at = press(press(at, "by_hand_preview"), "by_hand_accept")
    at.selectbox(key="by_hand_how").set_value("ids").run()
    at.text_area(key="by_hand_ids_users").set_value("u01\nu02\n").run()
    at = press(press(at, "by_hand_preview"), "by_hand_accept")
    assert [one.words for one in repairs(shop)] == [
        "Leave out events whose quantity is at least 3",
        "Leave out named users, u01, u02",
    ]
    at = press(at, "repair_up_2")
    assert [one.repair_no for one in repairs(shop)] == [2, 1]
    assert at.button(key="repair_up_2").disabled
    assert at.button(key="repair_down_1").disabled
    assert "2. Leave out events whose quantity is at least 3" in words(at)
    at.button(key="quality_all_back").click().run()
    assert "without these 2 repairs" in "\n".join(m.value for m in at.markdown)


def test_missing_values_the_hidden_test_and_a_fill_by_it(shop: Store) -> None:
    at = page("Missing values", column="users · city")
    shown = at.main.dataframe[0].value
    city = shown[shown["Column"] == "city"].iloc[0]
    assert (city["Missing"], city["Of"], city["With a value"]) == (10, 40, 75.0)
    assert "City of users: 10 rows without a value" in words(at)
    at.selectbox(key="column").set_value("users · age").run()
    at = press(at, "missing_users_age_test")
    assert "too few" in words(at) or "fewer than" in words(at), "36 known values are not enough, and it says so"
    key = "missing_users_age_0"
    at.selectbox(key=f"{key}_method").set_value("constant").run()
    at.text_input(key=f"{key}_value").set_value("33").run()
    at = press(press(at, f"{key}_preview"), f"{key}_accept")
    assert "It touches 4 users, 4 values filled or held." in words(at)
    filled = shop.rows(Query("SELECT count(*) AS n FROM users WHERE age = 33"))
    assert filled[0]["n"] >= 4
    assert "age" not in at.main.dataframe[0].value["Column"].tolist()


def test_events_by_day_of_each_word(shop: Store) -> None:
    at = page("Events by day")
    assert at.selectbox(key="by_day").options[0] == "all events"
    assert "1,000 lies outside the limits" in words(at)
    at.selectbox(key="by_day").set_value("revenue from purchases").run()
    assert not at.exception
