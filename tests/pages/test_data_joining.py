"""The page Data: a load beside or in place of earlier ones, overlapping days, baskets, clocks, pseudonyms."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pandas as pd
import pytest
from openpyxl import Workbook
from streamlit.testing.v1 import AppTest

from core.ingest import batches, undo
from core.store import Query, close_workspace, list_workspaces, open_workspace
from tests.pages.drive import button, my_data, opened, selectbox, settled, upload, words
from tests.prepared import opened_copy, workspace

HEAD = "line,customer,product,date,qty\n"
DAY1 = HEAD + "1,ann,pear,2026-03-01 10:00,1\n2,bob,fig,2026-03-01 11:00,2\n3,ann,fig,2026-03-01 12:00,1\n"
DAY2 = HEAD + "2,bob,fig,2026-03-01 11:00,2\n3,ann,fig,2026-03-01 12:00,9\n4,cem,pear,2026-03-02 09:00,1\n"
"""Line 2 is there word for word, line 3 with another quantity, line 4 is new."""
BASKETS = (
    "customer;order;date;products;qty;total\n"
    "ann;o1;2026-03-01 10:00;pear|fig;2|1;9,00\n"
    "bob;o2;2026-03-01 11:00;fig;3;6,00\n"
    "cem;o3;2026-03-02 12:00;pear|fig|leek;1|1|1;3,60\n"
)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home folder of the test's own."""
    folder = tmp_path / "home"
    monkeypatch.setenv("LIMELIGHT_HOME", str(folder))
    yield folder
    for name in list_workspaces():
        close_workspace(open_workspace(name, create=False))


@pytest.fixture(scope="module")
def day1(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with the first day, to be copied."""
    file = tmp_path_factory.mktemp("files") / "day1.csv"
    file.write_text(DAY1)
    return workspace(tmp_path_factory, "joining", [file])


@pytest.fixture
def first(day1: Path, home: Path) -> None:
    """The first day is loaded already."""
    opened_copy(day1, "my-data")


def radio(at: AppTest, label: str):  # type: ignore[no-untyped-def]  # AppTest's own type
    return next((r for r in at.radio if r.label.startswith(label)), None)


def rows(sql: str) -> list[dict[str, object]]:
    return my_data().rows(Query(sql))


# ---- added, or in their place


def test_loads_of_another_kind_are_no_reason_to_ask(first: None) -> None:
    at = upload(opened("data"), ("items.csv", "item_id,title\npear,Pear\nfig,Fig\n"))
    assert radio(at, "There are") is None
    assert radio(at, "Rows that earlier loads") is None


def test_a_load_takes_the_place_of_another_until_it_is_taken_back(first: None) -> None:
    at = upload(opened("data"), ("day2.csv", DAY2))
    asked = radio(at, "There are events from 1 earlier load. What becomes of them?")
    assert asked.value == "append"
    asked.set_value("replace").run()
    assert radio(at, "Rows that earlier loads") is None, "no earlier load is left to have anything"
    at = button(at, "Load 3 rows")
    assert "3 rows read = 3 loaded + 0 rejected + 0 left out" in words(at)
    assert rows("SELECT sum(quantity) AS q FROM events") == [{"q": 12}]
    at = button(at, "Load more files")
    assert "took the place of earlier loads" in words(at)
    assert "replaced by load 2" in words(at)
    assert [e.label for e in at.expander if "place" in e.label] == ["Loads whose place a later one took (1)"]
    at.button(key="undo_2").click().run()
    assert [m for m in at.markdown if "whose place it took count again" in m.value], "the dialog says what comes back"
    with my_data().atomic() as writer:  # a button of a dialog needs a browser: tests/browser/test_data_care.py
        undo(writer, 2)
    at = settled(at)
    assert not [e.label for e in at.expander if "place" in e.label]
    assert rows("SELECT sum(quantity) AS q FROM events") == [{"q": 4}]
    assert [b["live"] for b in batches(my_data())] == [True, False]


def test_the_same_bytes_again_are_no_mistake_when_they_take_the_place_of_themselves(first: None) -> None:
    at = upload(opened("data"), ("again.csv", DAY1))
    assert "again.csv is in load 1" in words(at)
    radio(at, "There are").set_value("replace").run()
    assert "again.csv is in load 1" not in words(at)
    button(at, "Load 3 rows")
    assert rows("SELECT count(*) AS n FROM events") == [{"n": 3}]


def test_the_same_file_twice_in_a_load_is_told_also_when_it_takes_the_place_of_others(first: None) -> None:
    at = upload(opened("data"), ("day2.csv", DAY2), ("copy.csv", DAY2))
    radio(at, "There are").set_value("replace").run()
    assert "copy.csv is in this load, as day2.csv" in words(at)
    assert next(b for b in at.button if b.label == "Load 6 rows").disabled


# ---- rows that are there already


@pytest.mark.parametrize(
    ("choice", "said", "quantity"),
    [
        ("keep", "3 rows read = 3 loaded + 0 rejected + 0 left out as exact repeats", 4 + 12),
        ("rows", "3 rows read = 2 loaded + 0 rejected + 1 left out, since earlier loads have them", 4 + 10),
        ("key", "3 rows read = 1 loaded + 0 rejected + 2 left out, since earlier loads have them", 4 + 1),
    ],
)
def test_rows_that_earlier_loads_have(first: None, choice: str, said: str, quantity: float) -> None:
    at = upload(opened("data"), ("day2.csv", DAY2))
    selectbox(at, "What line means").set_value("context").run()
    radio(at, "Rows that earlier loads").set_value(choice).run()
    if choice == "key":
        at.multiselect[0].set_value(["line"]).run()
    at = button(at, "Load 3 rows")
    assert said in words(at)
    assert rows("SELECT sum(quantity) AS q FROM events") == [{"q": quantity}]
    last = batches(my_data())[-1]
    assert last["rows_read"] == last["rows_loaded"] + last["rows_rejected"] + last["rows_duplicate"]


def test_a_key_of_no_columns_is_asked_for_and_not_taken_for_another_answer(first: None) -> None:
    at = upload(opened("data"), ("day2.csv", DAY2))
    radio(at, "Rows that earlier loads").set_value("key").run()
    at.multiselect[0].set_value([]).run()
    assert "Choose the columns by which a row is known" in words(at)
    assert next(b for b in at.button if b.label == "Load 3 rows").disabled


# ---- clocks


def test_times_are_read_by_the_clock_that_is_chosen() -> None:
    at = upload(opened("data"), ("day1.csv", DAY1))
    assert radio(at, "There are") is None, "no load is there to ask about"
    assert radio(at, "Rows that earlier loads") is None
    selectbox(at, "date follows the clock of").set_value("Europe/Berlin").run()
    at = button(at, "Load 3 rows")
    assert str(rows("SELECT min(at_utc) AS t FROM events")[0]["t"]) == "2026-03-01 09:00:00"
    at = button(at, "Load more files")
    assert "times by the clock of Europe/Berlin" in words(at)


def test_seconds_since_1970_follow_no_clock() -> None:
    at = upload(opened("data"), ("log.csv", "user,item,timestamp,action\nu1,i1,1704103200,pv\nu1,i2,1704103300,pv\n"))
    assert not [s for s in at.selectbox if "follows the clock" in s.label]


# ---- baskets


def test_a_basket_becomes_an_event_for_each_item() -> None:
    at = upload(opened("data"), ("baskets.csv", BASKETS))
    assert selectbox(at, "Items in a cell of products").value == "|"
    along = next(m for m in at.multiselect if m.label.startswith("Each row is a basket"))
    assert along.value == ["qty"]
    at = button(at, "Load 3 rows")
    assert "3 rows read = 3 loaded" in words(at)
    file = pd.DataFrame(
        [("fig", 1), ("fig", 1), ("fig", 3), ("leek", 1), ("pear", 1), ("pear", 2)], columns=["item", "n"]
    )
    found = rows("SELECT item_id, sum(quantity) AS n FROM events JOIN items USING (item_no) GROUP BY 1 ORDER BY 1")
    assert {r["item_id"]: r["n"] for r in found} == file.groupby("item")["n"].sum().to_dict()
    assert rows("SELECT sum(value)::DOUBLE AS v FROM events")[0]["v"] == pytest.approx(9 + 6 + 3.6)


def test_an_own_column_with_a_part_for_each_item_is_kept_with_its_item() -> None:
    at = upload(opened("data"), ("baskets.csv", BASKETS.replace("qty", "shelf")))
    assert next(m for m in at.multiselect if m.label.startswith("Each row is a basket")).value == ["shelf"]
    button(at, "Load 3 rows")
    assert rows("SELECT DISTINCT shelf::VARCHAR AS s FROM events ORDER BY 1") == [{"s": "1"}, {"s": "2"}, {"s": "3"}]


def test_a_basket_whose_parts_do_not_fit_is_rejected_with_the_reason_in_words() -> None:
    more = "".join(f"dan;p{k};2026-03-03 13:00;pear|fig;1|2;2,00\n" for k in range(12))
    wrong = "dan;o4;2026-03-02 13:00;pear|fig;1|1|1;2,00\n"
    at = button(upload(opened("data"), ("baskets.csv", BASKETS + more + wrong)), "Load 16 rows")
    reasons = next(t.value for t in at.main.table if "Reason" in t.value)
    assert reasons.to_dict("list") == {"Reason": ["Not as many parts as there are items"], "Rows": ["1"]}


def test_a_cell_may_hold_one_item_after_all() -> None:
    at = upload(opened("data"), ("baskets.csv", BASKETS))
    selectbox(at, "Items in a cell of products").set_value("").run()
    assert not [m for m in at.multiselect if m.label.startswith("Each row is a basket")]
    selectbox(at, "What qty means").set_value("ignore").run()
    button(at, "Load 3 rows")
    assert rows("SELECT count(*) AS n FROM events") == [{"n": 3}]
    assert rows("SELECT item_id FROM items ORDER BY 1")[0] == {"item_id": "fig"}


# ---- personal data

PERSONAL = "email,product,date,phone\n" + "".join(
    f"user{k % 7}@shop.example,item{k % 3},2026-03-{k % 28 + 1:02d},+49 170 {1234500 + k}\n" for k in range(40)
)


def test_personal_columns_are_marked_and_pseudonyms_stand_in_for_the_ids() -> None:
    at = upload(opened("data"), ("orders.csv", PERSONAL))
    marks = [m.value for m in at.main.markdown if "personal:" in m.value]
    assert len(marks) == 2
    assert "email" in marks[0]
    assert "phone" in marks[1]
    assert selectbox(at, "What email means").value == "user"
    assert selectbox(at, "What phone means").value == "ignore"
    tick = next(c for c in at.checkbox if c.label == "As a pseudonym")
    if not tick.value:
        tick.check().run()
    at = button(at, "Load 40 rows")
    assert "phone" not in [str(r["column_name"]) for r in rows("DESCRIBE events")]
    found = [str(r["user_id"]) for r in rows("SELECT user_id FROM users")]
    assert len(found) == 7
    assert not [u for u in found if "@" in u]
    at = button(at, "Load more files")
    how = next(t.value for t in at.main.table if "How it is read" in t.value)
    assert "kept as a pseudonym" in how["How it is read"].tolist()


# ---- several files in one


def zipped(**files: str) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, text in files.items():
            archive.writestr(f"{name}.csv", text)
    return out.getvalue()


def test_the_files_of_a_zip_are_one_load_and_an_empty_one_is_told(home: Path) -> None:
    at = upload(opened("data"), ("week.zip", zipped(day1=DAY1, day2=DAY2, day3="")))
    assert "week.zip/day3.csv is empty" in words(at)
    button(at, "Load 6 rows")
    (batch,) = batches(my_data())
    assert [(f["name"], f["rows_read"]) for f in batch["files"]] == [("week.zip/day1.csv", 3), ("week.zip/day2.csv", 3)]


def test_an_archive_that_is_empty_or_cut_off_is_refused_in_words() -> None:
    at = upload(opened("data"), ("pictures.zip", zipped()))
    assert "pictures.zip" in words(at)
    assert "holds no file that can be loaded" in words(at)
    at = button(at, "Leave this file out")
    at = upload(at, ("cut.zip", zipped(day1=DAY1)[:-30]))
    assert "damaged or cut off" in words(at)
    assert "Traceback" not in words(at)


def book(**sheets: list[tuple[object, ...]]) -> bytes:
    made = Workbook()
    del made["Sheet"]
    for name, lines in sheets.items():
        sheet = made.create_sheet(name)
        for line in lines:
            sheet.append(line)
    out = BytesIO()
    made.save(out)
    return out.getvalue()


RATED = ("user_id", "item_id", "rating")


def test_all_sheets_of_a_workbook_are_read_and_empty_ones_left_out() -> None:
    sheets: dict[str, list[tuple[object, ...]]] = {
        "March": [RATED, ("u1", "i1", 4), ("u2", "i2", 5)],
        "Notes": [],
        "April": [RATED, ("u3", "i1", 2)],
    }
    at = upload(opened("data"), ("book.xlsx", book(**sheets)))
    selectbox(at, "Sheet").set_value("*").run()
    at = button(at, "Read it again so")
    assert next(s.value for s in at.subheader) == "book.xlsx, sheet March, book.xlsx, sheet April"
    at = button(at, "Load 3 rows")
    assert "3 rows read = 3 loaded" in words(at)
    (batch,) = batches(my_data())
    assert [f["sheet"] for f in batch["files"]] == ["March", "April"]


def test_files_of_the_server_folder_are_taken_by_a_pattern(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "drop"
    (folder / "march").mkdir(parents=True)
    for k, text in enumerate((DAY1, DAY2, DAY1.replace("ann", "zoe"))):
        (folder / "march" / f"day{k}.csv").write_text(text)
    (folder / "other.csv").write_text(DAY1)
    (tmp_path / "secret.csv").write_text(DAY1)
    (folder / "link").symlink_to(tmp_path)
    monkeypatch.setenv("LIMELIGHT_SERVER_FOLDER", str(folder))
    at = opened("data")
    for pattern, said in (
        ("../*.csv", "leads out of the server folder"),
        (f"{tmp_path}/*.csv", "leads out of the server folder"),
        ("link/secret.csv", "leads out of the server folder"),
        ("march/*.parquet", "holds no file that can be loaded"),
    ):
        at.text_input(key="server_pattern").set_value(pattern).run()
        at.button(key="server_look").click().run()
        assert said in words(at), pattern
        assert not [b for b in at.button if b.label.startswith("Load ") and b.label != "Load the sample data"]
    at.text_input(key="server_pattern").set_value("march/day*.csv").run()
    at = button(at, "Look at these files")
    button(at, "Load 9 rows")
    assert [f["name"] for f in batches(my_data())[0]["files"]] == [f"march/day{k}.csv" for k in range(3)]


def test_many_files_of_one_shape_are_a_table(tmp_path: Path) -> None:
    days = {f"day{k}": HEAD + f"{k},ann,pear,2026-03-{k + 1:02d} 10:00,1\n" for k in range(7)}
    at = upload(opened("data"), ("week.zip", zipped(**days)))
    assert len([s for s in at.selectbox if s.label.startswith("What is in")]) == 4
    assert "3 more files with the same columns" in words(at)
    rest = next(d.value for d in at.main.dataframe if "File" in d.value)
    assert rest["File"].tolist() == [f"week.zip/day{k}.csv" for k in (4, 5, 6)]
    button(at, "Load 7 rows")
    assert rows("SELECT count(*) AS n FROM events") == [{"n": 7}]
