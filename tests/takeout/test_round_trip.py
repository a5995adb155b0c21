"""What is exported and loaded again is the same content, in both formats, whatever the cells hold."""

from __future__ import annotations

import csv
import json
import zipfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import Refusal
from core.ingest import Mapping, load, open_source
from core.progress import Cancelled, Step
from core.store import Store
from core.store.digest import content_digest
from core.takeout import FORMATS, TABLES, export_all, export_mapping, export_table
from tests.examples import examples
from tests.ingest.loading import column, events, load_text, table, workspace
from tests.prepared import new_store

EVENTS = Mapping(
    "events",
    (
        column("u", "user"),
        column("i", "item"),
        column("e", "event"),
        column("t", "time"),
        column("q", "quantity"),
        column("v", "value"),
        column("r", "rating"),
        column("o", "order"),
        column("store", "context"),
        column("temp", "context", type="number"),
        column("tags", "context", type="list"),
        column("due", "context", type="date"),
        column("vip", "context", type="boolean"),
        column("name", "title"),
    ),
)
USERS = Mapping(
    "users",
    (
        column("u", "user"),
        column("mail", "contact"),
        column("ok", "consent", event="email"),
        column("likes", "attribute", type="list"),
        column("born", "attribute", type="date"),
        column("age", "attribute", type="number"),
    ),
)
ITEMS = Mapping(
    "items",
    (column("i", "item"), column("name", "title"), column("kind", "category", type="list"), column("price", "price")),
)


def csv_text(rows: list[list[Any]]) -> str:
    """Rows as CSV."""
    import io

    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue()


HEADS = {
    "events": ["u", "i", "e", "t", "q", "v", "r", "o", "store", "temp", "tags", "due", "vip", "name"],
    "users": ["u", "mail", "ok", "likes", "born", "age"],
    "items": ["i", "name", "kind", "price"],
}
ROWS: dict[str, list[list[Any]]] = {
    "events": [
        ["007", "a", "purchase", "2024-01-31 10:00:00.123456", 2, "19.9900", "", "A,1", 'say "hi"', 1.5, "x|y", "",
         "yes", "Lamp"],
        ["007", "a", "return", "2024-02-01", -1, "-9.99", "", "A,1", "two\nlines", "",
         '["p|q", "r;s"]', "2023-12-31", "", ""],
        ["", "b", "Wish List", "", "", "", "", "", "", -0.25, "", "", "no", "Bed"],
        ["ü 9", "", "search", "1969-07-20 20:17:40", "", "", "", "", "=1+1", 1e20, "", "", "", ""],
        ["8", "b", "rating", "2024-01-05T00:00:00+02:00", "", "", 4.5, "", "@x", "", "z", "0044-03-15", "", "Bed"],
    ],
    "users": [["007", "ann@example.com", "yes", "a;b", "1990-05-06", 33], ["X", "", "no", '["=q"]', "", ""]],
    "items": [["a", "Lamp, large", "Light|Home", 19.99], ["z", "'Zed'", "", ""]],
}  # fmt: skip


def fill(store: Store, rows: dict[str, list[list[Any]]] = ROWS) -> None:
    for kind, mapping in (("events", EVENTS), ("users", USERS), ("items", ITEMS)):
        if rows[kind]:
            load_text(store, csv_text([HEADS[kind], *rows[kind]]), mapping, f"{kind}.csv")


def load_back(folder: Path, store: Store) -> None:
    """Load the tables of an exported folder by the mappings beside them."""
    for name in ("events", "items", "users", "contacts"):
        mapping = folder / f"{name}.mapping.json"
        file = next(iter(f for f in folder.glob(f"{name}.*") if f.suffix in (".csv", ".parquet")), None)
        if file is None or not json.loads((folder / "export.json").read_text())["tables"][name]["rows"]:
            continue
        source = open_source(file, spool=store.spool)
        with store.atomic() as writer:
            report = load(writer, [source], Mapping.from_json(mapping.read_text("utf-8")))
        assert report.rows_loaded == report.rows_read


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with workspace(tmp_path) as store:
        fill(store)
        yield store


@pytest.mark.parametrize("form", FORMATS)
def test_everything_comes_back(store: Store, tmp_path: Path, form: str) -> None:
    told = export_all(store, tmp_path / "out", format=form, raw=True, contacts=True)
    assert told["digest"] == content_digest(store)
    assert {name: t["rows"] for name, t in told["tables"].items()} == {
        "events": 5, "users": 4, "items": 3, "contacts": 1, "batches": 3, "rejects": 0, "segments": 0, "groups": 0,
    }  # fmt: skip
    (tmp_path / "again").mkdir()
    with new_store(tmp_path / "again" / "w.duckdb", reads=[tmp_path / "out"]) as again:
        load_back(tmp_path / "out", again)
        assert content_digest(again) == content_digest(store)
        assert table(again, "users") == table(store, "users")
        assert events(again, "event", "at_utc", "tags", "due") == events(store, "event", "at_utc", "tags", "due")


texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=8)
numbers = st.one_of(st.just(""), st.floats(-1e9, 1e9).map(lambda x: x + 0.0), st.integers(-5, 5))
moments = st.one_of(st.just(""), st.datetimes(datetime(1, 1, 2), datetime(9998, 1, 1)).map(lambda t: t.isoformat(" ")))
lists = st.lists(texts.filter(lambda t: t.strip() == t != ""), max_size=3).map(json.dumps)
ids = st.sampled_from(["1", "02", "a b", "é", 'q"q', "x,y", "=f"])
words = st.sampled_from(["view", "purchase", "return", "rating", "buzz"])
event_rows = st.lists(
    st.tuples(ids, ids, words, moments, numbers, st.decimals(-1000, 1000, places=4), numbers, texts, texts, numbers,
              lists, moments, st.sampled_from(["", "yes", "no"]), texts).map(list), max_size=6,
)  # fmt: skip


@settings(max_examples=examples(4))
@given(rows=event_rows, likes=lists, born=moments, form=st.sampled_from(FORMATS))
def test_any_cells_come_back(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[Any]], likes: str, born: str, form: str
) -> None:
    folder = tmp_path_factory.mktemp("a")
    with workspace(folder) as store:
        # rows that nothing is wrong with, so that a refused load does not end the example
        known = [["1", "a", "view", "2024-01-01", *[""] * 10]]
        fill(
            store,
            {"events": [*known, *rows], "users": [["1", "m@x.org", "no", likes, born, 3]], "items": ROWS["items"]},
        )
        export_all(store, folder / "out", format=form, raw=True, contacts=True)
        (folder / "again").mkdir()
        with new_store(folder / "again" / "w.duckdb", reads=[folder / "out"]) as again:
            load_back(folder / "out", again)
            assert content_digest(again) == content_digest(store)


def test_csv_for_people_runs_nothing(store: Store, tmp_path: Path) -> None:
    assert export_table(store, "events", tmp_path / "e.csv") == 5
    rows = list(csv.DictReader((tmp_path / "e.csv").read_text("utf-8").splitlines(keepends=True)))
    assert sorted(row["store"] for row in rows) == ["", "'=1+1", "'@x", 'say "hi"', "two\nlines"]
    assert list(rows[0])[:13] == (
        "user_id item_id event at_utc order_id quantity value rating dwell session channel campaign device".split()
    )
    by_item = {row["value"]: row for row in rows if row["value"]}
    assert by_item["19.9900"]["at_utc"] == "2024-01-31T10:00:00.123456"
    assert (by_item["-9.9900"]["at_utc"], by_item["-9.9900"]["quantity"]) == ("2024-02-01T00:00:00", "-1.0")
    assert json.loads(by_item["-9.9900"]["tags"]) == ["p|q", "r;s"]
    assert "mail" not in (tmp_path / "e.csv").read_text()
    export_table(store, "events", tmp_path / "raw.csv", raw=True)
    assert "\n=1+1" not in (tmp_path / "e.csv").read_text()
    assert ",=1+1," in (tmp_path / "raw.csv").read_text()


def test_contacts_need_a_word(store: Store, tmp_path: Path) -> None:
    export_all(store, tmp_path / "out")
    assert not [f.name for f in (tmp_path / "out").iterdir() if b"ann@example.com" in f.read_bytes()]
    assert not (tmp_path / "out" / "contacts.csv").exists()
    assert export_table(store, "contacts", tmp_path / "c.csv") == 1
    assert (tmp_path / "c.csv").read_text() == "user_id,mail\n007,ann@example.com\n"


def test_contacts_that_are_kept_apart(store: Store, tmp_path: Path) -> None:
    with store.atomic() as writer:
        writer.run("INSERT INTO columns VALUES ('contacts', 'phone', 'contact')")
        writer.run("INSERT INTO contact_facts SELECT 2, user_no, 'phone', '+49 1' FROM users WHERE user_id = '007'")
        writer.run("INSERT INTO contact_facts SELECT 3, user_no, 'phone', '+49 2' FROM users WHERE user_id = '007'")
    export_table(store, "contacts", tmp_path / "c.csv")
    assert (tmp_path / "c.csv").read_text() == "user_id,mail,phone\n007,ann@example.com,+49 2\n"
    mapping = export_mapping(store, "contacts")
    assert mapping
    assert [c.role for c in mapping.columns] == ["user", "contact", "contact"]


def test_a_zip(store: Store, tmp_path: Path) -> None:
    export_all(store, tmp_path / "out.zip", format="parquet")
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        assert {"events.parquet", "export.json", "events.mapping.json"} <= set(archive.namelist())
        archive.extract("events.parquet", tmp_path)
    assert pq.read_table(tmp_path / "events.parquet").num_rows == 5
    with pytest.raises(Refusal) as refused:
        export_all(store, tmp_path / "out.zip")
    assert refused.value.code == "file_exists"
    assert sorted(p.name for p in tmp_path.iterdir() if p.name.startswith(".")) == []


def test_every_table_of_an_empty_workspace(tmp_path: Path) -> None:
    with workspace(tmp_path) as store:
        for form in FORMATS:
            for name in TABLES:
                assert export_table(store, name, tmp_path / f"t.{form}", format=form) == 0
                assert (tmp_path / f"t.{form}").stat().st_size > 0


def test_where_nothing_is_written(store: Store, tmp_path: Path) -> None:
    for path, code in (
        (store.path, "over_workspace"),
        (tmp_path / "none" / "e.csv", "no_such_folder"),
        (tmp_path, "is_a_folder"),
    ):
        with pytest.raises(Refusal) as refused:
            export_table(store, "events", path)
        assert refused.value.code == code
    with pytest.raises(Refusal) as refused:
        export_table(store, "jobs", tmp_path / "j.csv")
    assert refused.value.code == "no_such_table"

    class Cancel(Step):
        def cancelled(self) -> bool:
            return True

    with pytest.raises(Cancelled):
        export_table(store, "events", tmp_path / "e.csv", step=Cancel())
    assert not (tmp_path / "e.csv").exists()
    assert not list(store.exports.glob("export-*"))
