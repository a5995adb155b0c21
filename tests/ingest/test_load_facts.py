"""Items and users files, and the analyst's own columns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from core.ingest.types import Mapping
from core.store import Query, Store, contacts_query
from tests.ingest.loading import column, events, load_text, mapping, rejects, table, undo_batch, workspace


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with workspace(tmp_path) as store:
        yield store


def columns(store: Store) -> list[tuple[str, str, str]]:
    rows = store.rows(Query("SELECT table_name, column_name, role FROM columns ORDER BY ALL"))
    return [(str(r["table_name"]), str(r["column_name"]), str(r["role"])) for r in rows]


def types(store: Store, name: str) -> dict[str, str]:
    schema = store.rows(Query(f"SELECT column_name, column_type FROM (DESCRIBE {name})"))
    return {str(r["column_name"]): str(r["column_type"]) for r in schema}


ITEMS = Mapping(
    "items",
    (
        column("id", "item"),
        column("name", "title"),
        column("kind", "category"),
        column("cost", "price"),
        column("genres", "attribute", type="list"),
        column("year", "attribute", type="number"),
        column("Released on", "attribute", type="date", time_format="%d.%m.%Y"),
        column("new", "attribute", type="boolean"),
    ),
)


def test_items_with_attributes_of_every_type(store: Store) -> None:
    text = (
        "id,name,kind,cost,genres,year,Released on,new\n"
        'a,"Toy ""Story"", 1",film,9.99,Drama|Comedy|,1995,31.12.1995,yes\n'
        "b,,film,,,,,\n"
        "c,C,,1,One,1e3,01.01.2000,OPT-OUT\n"
    )
    report = load_text(store, text, ITEMS)
    assert (report.rows_loaded, report.items, report.users, report.events) == (3, 3, 0, {})
    assert table(store, "items") == [
        {
            "item_id": "a", "title": 'Toy "Story", 1', "category": "film", "price": 9.99, "genres": ["Drama", "Comedy"],
            "year": 1995.0, "Released on": datetime(1995, 12, 31), "new": True,
        },
        {
            "item_id": "b", "title": None, "category": "film", "price": None, "genres": None,
            "year": None, "Released on": None, "new": None,
        },
        {
            "item_id": "c", "title": "C", "category": None, "price": 1.0, "genres": ["One"],
            "year": 1000.0, "Released on": datetime(2000, 1, 1), "new": False,
        },
    ]  # fmt: skip
    assert ("items", "title", "title") in columns(store)
    assert ("items", "Released on", "attribute") in columns(store)


def test_the_last_value_that_is_not_blank_wins_in_a_file(store: Store) -> None:
    how = mapping("users", user="u", attribute="city", attribute__2="age")
    report = load_text(store, "u,city,age\n1,Rome,\n2,Oslo,30\n1,,41\n1,Paris,\n 1 ,,\n", how)
    assert table(store, "users") == [
        {"user_id": "1", "city": "Paris", "age": "41"},
        {"user_id": "2", "city": "Oslo", "age": "30"},
    ]
    assert any(note.startswith("3 rows are about a user of an earlier row") for note in report.notes)
    assert (report.rows_loaded, report.users) == (5, 2)


def test_the_latest_batch_that_knows_wins(store: Store) -> None:
    how = mapping("users", user="u", attribute="city", attribute__2="age")
    load_text(store, "u,city,age\n1,Rome,40\n2,Oslo,30\n", how, "one.csv")
    load_text(store, "u,city,age\n1,,41\n3,Bonn,\n", how, "two.csv")
    assert table(store, "users") == [
        {"user_id": "1", "city": "Rome", "age": "41"},
        {"user_id": "2", "city": "Oslo", "age": "30"},
        {"user_id": "3", "city": "Bonn", "age": None},
    ]


def test_rows_without_id_are_rejected(store: Store) -> None:
    report = load_text(store, "u,city\n1,Rome\n ,Oslo\n", mapping("users", user="u", attribute="city"))
    assert rejects(store) == [(3, "u", "missing_id")]
    assert (report.rows_loaded, report.rows_rejected) == (1, 1)


def contacts(store: Store) -> list[tuple[str, str, str]]:
    query = "SELECT user_id, column_name, value FROM contact_facts JOIN users USING (user_no) ORDER BY ALL"
    return [(r["user_id"], r["column_name"], r["value"]) for r in store.rows(Query(query))]


def test_consent_and_contact(store: Store) -> None:
    how = mapping("users", user="u", consent_email="Mail ok?", consent_sms="sms", contact="E-Mail", contact__2="phone")
    text = "u,Mail ok?,sms,E-Mail,phone\n1,Yes,0,Ann@Example.com,+49 30 1\n2,,opt-in,,030\n3,maybe,1,,\n"
    load_text(store, text, how)
    assert table(store, "users") == [
        {"user_id": "1", "consent_email": True, "consent_sms": False},
        {"user_id": "2", "consent_email": None, "consent_sms": True},
    ]
    assert contacts(store) == [("1", "E-Mail", "Ann@Example.com"), ("1", "phone", "+49 30 1"), ("2", "phone", "030")]
    assert rejects(store) == [(4, "Mail ok?", "bad_yes_no")]
    assert ("users", "consent_email", "consent") in columns(store)
    assert ("contacts", "E-Mail", "contact") in columns(store)
    later = mapping("users", user="u", contact="e-mail", contact__2="phone")
    load_text(store, "u,e-mail,phone\n1,,\n2,bob@example.com, \n", later, "later.csv")
    latest = [dict(row) for row in store.rows(contacts_query(["E-MAIL", "phone"]) + " ORDER BY user_no")]
    assert [(row["c0"], row["c1"]) for row in latest] == [("Ann@Example.com", "+49 30 1"), ("bob@example.com", "030")]
    undo_batch(store, 1)
    assert contacts(store) == [("2", "e-mail", "bob@example.com")]


def test_titles_in_an_events_file_feed_the_items(store: Store) -> None:
    text = "u,i,name,kind\n1,a,Lamp,x\n2,a,LAMP,y\n3,a,LAMP,\n1,b,Z,x\n1,b,A,x\n1,c, ,\n1,,Lost,x\n"
    load_text(store, text, mapping(event="view", user="u", item="i", title="name", category="kind"))
    assert table(store, "items") == [
        {"item_id": "a", "title": "LAMP", "category": "x"},
        {"item_id": "b", "title": "A", "category": "x"},
        {"item_id": "c", "title": None, "category": None},
    ]
    assert "name" not in types(store, "events")


# ---- the analyst's own columns


def test_context_columns_are_typed_and_listed(store: Store) -> None:
    how = Mapping(
        "events",
        (
            column("u", "user"),
            column("Weather °C", "context", type="number"),
            column("sent", "context", type="date", time_format="%Y%m%d"),
            column("vip", "context", type="boolean"),
            column("tags", "context", type="list"),
            column('a "b"; DROP TABLE events --', "context"),
        ),
        event="view",
    )
    text = 'u,Weather °C,sent,vip,tags,"a ""b""; DROP TABLE events --"\n1,-2.5,20240101,no,x;y,007\n2,,,,,\n'
    load_text(store, text, how)
    names = ("Weather °C", "sent", "vip", "tags", 'a "b"; DROP TABLE events --')
    rows = store.rows(Query("SELECT * FROM events ORDER BY user_no"))
    assert [tuple(row[name] for name in names) for row in rows] == [
        (-2.5, datetime(2024, 1, 1), False, ["x", "y"], "007"),
        (None, None, None, None, None),
    ]
    assert columns(store) == sorted(("events", name, "context") for name in names)


def test_headers_that_are_names_of_ours_get_a_suffix(store: Store) -> None:
    how = mapping(event="view", user="u", context="Value", context__2="value_context", context__3="rowid")
    load_text(store, "u,Value,value_context,rowid\n1,a,b,c\n", how)
    assert events(store, "Value_context", "value_context_2", "rowid_context", "value") == [("a", "b", "c", None)]
    items = mapping("items", item="id", attribute="title", attribute__2="Price")
    load_text(store, "id,title,Price\n1,a,b\n", items, "items.csv")
    assert table(store, "items") == [{"item_id": "1", "title_attribute": "a", "Price_attribute": "b"}]


def test_a_column_that_changes_its_type_is_kept_as_text(store: Store) -> None:
    number = Mapping("events", (column("u", "user"), column("store", "context", type="number")), event="view")
    text = replace(number, columns=(column("u", "user"), column("STORE", "context")))
    load_text(store, "u,store\n1,007\n2,2.5\n3,\n", number, "a.csv")
    assert types(store, "events")["store"] == "DOUBLE"
    report = load_text(store, "u,STORE\n4,S1\n5,007\n", text, "b.csv")
    assert types(store, "events")["store"] == "VARCHAR"
    assert any("store holds numbers in some files" in note for note in report.notes)
    load_text(store, "u,store\n6,8.0\n", number, "c.csv")
    kept = [("1", "7"), ("2", "2.5"), ("3", None), ("4", "S1"), ("5", "007"), ("6", "8")]
    assert events(store, "user_id", "store") == kept


def test_attributes_that_change_their_type_are_kept_as_text(store: Store) -> None:
    def how(kind: str) -> Mapping:
        return Mapping("items", (column("i", "item"), column("x", "attribute", type=kind)))

    load_text(store, "i,x\na,p|q\nb,r\n", how("list"), "a.csv")
    load_text(store, "i,x\nb,true\nc,no\n", how("boolean"), "b.csv")
    assert table(store, "items") == [
        {"item_id": "a", "x": "p|q"},
        {"item_id": "b", "x": "true"},
        {"item_id": "c", "x": "false"},
    ]


def test_json_lists_and_lists_parted_by_bars(store: Store) -> None:
    how = Mapping("items", (column("i", "item"), column("x", "attribute", type="list")))
    load_text(store, 'i,x\na,"[""p|q"", ""r""]"\nb, s ; t|u \nc,[not json|v\nd,|\n', how)
    assert [row["x"] for row in table(store, "items")] == [["p|q", "r"], ["s", "t", "u"], ["[not json", "v"], []]
