"""The page Data: upload, look, correct, load, account for every row, take back."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from datetime import datetime
from io import BytesIO
from pathlib import Path

import pytest
from openpyxl import Workbook

from core.behaviour import contents
from core.experiments import list_saved
from core.ingest import batches, undo
from core.store import Query, close_workspace, list_workspaces, open_workspace
from pages._ui import data_words as words_of
from tests.pages.drive import button, loaded, my_data, opened, selectbox, settled, spooled, upload, words

RATINGS = "user_id,item_id,rating,clicks\nu1,i1,4,3\nu1,i2,5,0\nu2,i1,,2\nu3,i3,2,1\n"
ORDERS = (
    "customer;product;date;order;qty;price\n"
    "ann;pear;05.01.2024 10:00;o1;2;1,50\n"
    "ann;apple;05.01.2024 10:00;o1;1;2,00\n"
    "bob;pear;31.01.2024 12:30;o2;1;1,50\n"
    "ann;pear;01.02.2024 09:00;o3;-1;1,50\n"
    "bob;fig;not a day;o4;1;9,00\n"
    "bob;fig;03.02.2024 09:00;o5;1;9,00\n"
    "bob;fig;03.02.2024 09:00;o5;1;9,00\n"
)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home folder of the test's own."""
    folder = tmp_path / "home"
    monkeypatch.setenv("LIMELIGHT_HOME", str(folder))
    yield folder
    for name in list_workspaces():
        close_workspace(open_workspace(name, create=False))


# ---- the plain way through


def test_a_file_of_ratings_and_clicks_loads_as_it_stands() -> None:
    at = upload(opened("data"), ("likes.csv", RATINGS))
    assert list_workspaces() == ["my-data"]
    assert selectbox(at, "What is in this file?").value == "events"
    roles = [selectbox(at, f"What {c} means").value for c in ("user_id", "item_id", "rating", "clicks")]
    assert roles == ["user", "item", "rating", "count"]
    at = button(at, "Load 4 rows")
    assert "4 rows read = 4 loaded + 0 rejected + 0 left out as exact repeats" in words(at)
    assert {k.event: k.events for k in contents(my_data())} == {"rating": 3, "click": 3}
    assert {m.label: m.value for m in at.metric} == {"Users": "3", "Items": "3", "Events": "6", "Rows rejected": "0"}


def test_every_row_is_accounted_for_and_said_with_its_reason() -> None:
    at = upload(opened("data"), ("orders.csv", ORDERS))
    assert selectbox(at, "How the times of date are written").value == "%d.%m.%Y %H:%M"
    at = button(at, "Load 7 rows")
    said = words(at)
    assert "7 rows read = 6 loaded + 1 rejected + 0 left out as exact repeats" in said
    assert "1 row repeats another" in said or "rows repeat another" in said
    assert "Data up to **3 Feb 2024**" in said
    reasons = at.main.table[1].value
    assert reasons.to_dict("list") == {"Reason": ["The time cannot be read"], "Rows": ["1"]}
    assert {k.event: k.events for k in contents(my_data())} == {"purchase": 5, "return": 1}


def test_repeats_are_left_out_when_the_analyst_says_so() -> None:
    at = upload(opened("data"), ("orders.csv", ORDERS))
    radio = next(r for r in at.radio if r.label.startswith("Rows that repeat"))
    radio.set_value("drop").run()
    at = button(at, "Load 7 rows")
    assert "7 rows read = 5 loaded + 1 rejected + 1 left out as exact repeats" in words(at)


def test_events_items_and_users_are_loaded_together() -> None:
    at = upload(
        opened("data"),
        ("events.csv", "user_id,item_id,event_time,event\nu1,i1,2024-01-01,view\nu2,i2,2024-01-02,buy\n"),
        ("items.csv", "item_id,title,category\ni1,Pear,Fruit\ni2,Fig,Fruit\ni3,Leek,Greens\n"),
        ("users.csv", "user_id,country,email,consent_email\nu1,DE,a@b.example,yes\nu9,FR,c@d.example,no\n"),
    )
    at = button(at, "Load 7 rows")
    assert [b["kind"] for b in batches(my_data())] == ["events", "items", "users"]
    assert "7 rows read, every one accounted for" in words(at)
    found = my_data().rows(Query("SELECT user_id, country, consent_email FROM users ORDER BY user_id"))
    assert found[0] == {"user_id": "u1", "country": "DE", "consent_email": True}


def test_months_of_one_shape_share_a_mapping_and_become_one_load() -> None:
    head = "user_id,item_id,event_time,event\n"
    at = upload(
        opened("data"), ("jan.csv", head + "u1,i1,2024-01-01,view\n"), ("feb.csv", head + "u1,i1,2024-02-01,view\n")
    )
    assert len([s for s in at.selectbox if s.label == "What user_id means"]) == 1
    button(at, "Load 2 rows")
    (batch,) = batches(my_data())
    assert [f["name"] for f in batch["files"]] == ["jan.csv", "feb.csv"]


# ---- correcting


def test_a_column_can_be_given_another_meaning() -> None:
    at = upload(opened("data"), ("likes.csv", RATINGS))
    selectbox(at, "What clicks means").set_value("context").run()
    selectbox(at, "How clicks is read").set_value("number").run()
    button(at, "Load 4 rows")
    assert {k.event: k.events for k in contents(my_data())} == {"rating": 3}
    assert (
        my_data().rows(Query("SELECT sum(clicks) AS n FROM events"))[0]["n"] == 4.0
    )  # 3 + 0 + 1: u2's row is no event


def test_a_mapping_that_lacks_something_says_what_and_cannot_be_loaded() -> None:
    at = upload(opened("data"), ("likes.csv", RATINGS))
    for column in ("user_id", "item_id"):
        selectbox(at, f"What {column} means").set_value("context").run()
    assert "at least one of them" in words(at)
    assert next(b for b in at.button if b.label.startswith("Load 4")).disabled
    selectbox(at, "What user_id means").set_value("user").run()
    selectbox(at, "What rating means").set_value("user").run()
    assert "only one can be" in words(at)


def test_another_kind_is_looked_at_anew() -> None:
    at = upload(opened("data"), ("list.csv", "item_id,title\ni1,Pear\ni2,Fig\n"))
    assert selectbox(at, "What is in this file?").value == "items"
    selectbox(at, "What is in this file?").set_value("events").run()
    at = settled(at)
    assert words_of.ROLES["event"] in selectbox(at, "What item_id means").options


def test_event_values_are_mapped_to_words() -> None:
    rows = "u1,i1,1704103200,pv\nu1,i2,1704103300,pv\nu2,i1,1704103400,zap\n"
    at = upload(opened("data"), ("log.csv", "user,item,timestamp,action\n" + rows))
    assert selectbox(at, "pv (2 rows)").value == "view"
    selectbox(at, "zap (1 row)").set_value("click").run()
    button(at, "Load 3 rows")
    assert {k.event: k.events for k in contents(my_data())} == {"view": 2, "click": 1}


def test_a_file_can_be_left_out() -> None:
    at = upload(opened("data"), ("likes.csv", RATINGS), ("items.csv", "item_id,title\ni1,Pear\ni2,Fig\n"))
    button(at, "Leave out")  # the events come first
    assert [s.label for s in at.selectbox if s.label.startswith("What ") and "means" in s.label] == [
        "What item_id means",
        "What title means",
    ]


def test_putting_it_all_away_leaves_nothing_in_the_spool() -> None:
    at = opened("data")
    before = spooled()
    at = upload(at, ("likes.csv", RATINGS))
    assert spooled() - before
    at = button(at, "Put it all away")
    gc.collect()
    assert not spooled() - before
    assert not [b for b in at.button if b.label.startswith("Load 4")]


def test_another_sheet_of_a_workbook_can_be_read() -> None:
    book = Workbook()
    orders = book.create_sheet("Orders", 0)
    del book["Sheet"]
    for row in (("user_id", "item_id", "date", "price"), ("u1", "i1", datetime(2024, 1, 5, 10), 2.5)):
        orders.append(row)
    ratings = book.create_sheet("Ratings")
    for rating in (("user_id", "item_id", "rating"), ("u1", "i1", 4), ("u2", "i1", 5)):
        ratings.append(rating)
    out = BytesIO()
    book.save(out)
    at = upload(opened("data"), ("shop.xlsx", out.getvalue()))
    assert "sheet “Orders”" in words(at)
    assert selectbox(at, "Sheet").options == ["Orders", "Ratings", "All sheets that have rows"]
    selectbox(at, "Sheet").set_value("Ratings").run()
    at = button(at, "Read it again so")
    assert "sheet “Ratings”" in words(at)
    button(at, "Load 2 rows")
    assert {k.event: k.events for k in contents(my_data())} == {"rating": 2}
    assert batches(my_data())[0]["files"][0]["sheet"] == "Ratings"


def test_a_file_without_column_names_is_read_as_the_analyst_says() -> None:
    at = upload(opened("data"), ("log.txt", "u1;i1;4\nu2;i2;5\nu3;i1;3\n"))
    selectbox(at, "First row").set_value(False).run()
    at = button(at, "Read it again so")
    assert "3 rows" in words(at)
    for column, role in (("column1", "user"), ("column2", "item"), ("column3", "rating")):
        selectbox(at, f"What {column} means").set_value(role).run()
    button(at, "Load 3 rows")
    assert {k.event: k.events for k in contents(my_data())} == {"rating": 3}


# ---- the history


def test_the_history_accounts_for_each_load_and_for_those_taken_back(tmp_path: Path) -> None:
    store = open_workspace("shop")
    for name, text in (("likes.csv", RATINGS), ("orders.csv", ORDERS)):
        (tmp_path / name).write_text(text)
        loaded(store, tmp_path / name)
    at = opened("data", ws="shop")
    said = words(at)
    assert "11 rows read = 10 loaded + 1 rejected + 0 left out as exact repeats, in 2 loads" in said
    assert "7 rows read = 6 loaded + 1 rejected" in said
    with store.atomic() as writer:
        undo(writer, 2)
    at.run()
    assert "in 2 loads" not in words(at)
    assert [e.label for e in at.expander if "taken back" in e.label] == ["Loads taken back (1)"]
    assert not [b for b in at.button if b.key == "undo_2"]


@pytest.mark.slow
def test_the_sample_is_one_click_away_in_a_workspace_of_its_own(sample: Path) -> None:
    at = opened("data")
    at.button(key="sample").click().run()
    at = settled(at)
    assert list_workspaces() == ["sample"]
    assert "299,812 rows read = 299,602 loaded + 210 rejected + 0 left out" in words(at)
    assert at.session_state["ws"] == "sample"
    assert "The past campaign come-back-candles is kept as a saved list (1,200 users contacted, 300 held" in words(at)
    kept = list_saved(open_workspace("sample"))
    assert [(s.name, s.contacted, s.control, s.days, s.holdout) for s in kept] == [
        ("come-back-candles", 1200, 300, 28, 0.2)
    ]
    at = button(at, "Load more files")
    at.button(key="sample").click().run()
    at = settled(at)
    assert len(batches(open_workspace("sample"))) == 3, "a second click opens it, and loads nothing"
