"""Rejected rows without the cells that are left out, contact or pseudonyms, in every format."""

from __future__ import annotations

import csv
import gzip
import json
from pathlib import Path

import pytest

from core.ingest import ColumnMap, Mapping, open_source, rejects_csv
from core.store import Query, Store
from tests.ingest.loading import load_sources, load_text, workspace

HOW = Mapping(
    "users",
    (
        ColumnMap("id", "user"),
        ColumnMap("mail", "contact"),
        ColumnMap("age", "attribute", "number"),
        ColumnMap("note", "ignore"),
    ),
)


def raws(store: Store) -> list[tuple[object, ...]]:
    return [tuple(r.values()) for r in store.rows(Query("SELECT line, reason, raw FROM rejects ORDER BY line"))]


@pytest.mark.parametrize(
    ("text", "raw"),
    [
        ("id,mail,age,note\n1,a@x.example,old,secret\n2,,3,\n", "1,***,old,***"),
        ('id;mail;age;note\n"1;1";"a""@x";old;"two\nlines"\n2;;3;\n', '"1;1";***;old;***'),
        ("id\tmail\tage\tnote\n1\ta@x.example\told\tsecret\n2\t\t3\t\n", "1\t***\told\t***"),
        ("id::mail::age::note\n1::a@x.example::old::secret\n2::b::3::c\n", "1::***::old::***"),
    ],
)
def test_cells_are_masked(tmp_path: Path, text: str, raw: str) -> None:
    with workspace(tmp_path) as store:
        load_text(store, text, HOW)
        assert raws(store) == [(2, "bad_number", raw)]


def test_rows_that_cannot_be_taken_apart_are_not_kept(tmp_path: Path) -> None:
    lines = [
        "id,mail,age,note",
        "1,secret",
        '2,"sec"ret,1,x',
        "3,\0secret,1,x",
        "4,a,5,x",
        "5," + "secret" * 300 + ",old,x",
    ]
    with workspace(tmp_path) as store:
        load_text(store, "\n".join(lines) + "\n", HOW)
        found = raws(store)
        assert [raw for _, _, raw in found] == [None] * 4
        assert [line for line, *_ in found] == [2, 3, 4, 6]


def test_json_lines(tmp_path: Path) -> None:
    rows = [
        {"id": "1", "mail": "secret", "age": "old", "note": "secret"},
        {"id": "2", "mail": "b", "age": 1, "note": "x"},
    ]
    text = "\n".join(map(json.dumps, rows)) + '\n{"id": 3, "mail": "secret\n'
    with workspace(tmp_path) as store:
        load_text(store, text, HOW, "u.jsonl")
        assert raws(store) == [(1, "bad_number", "1\t***\told\t***"), (3, "bad_json", None)]


def test_the_csv_says_what_is_hidden(tmp_path: Path) -> None:
    with workspace(tmp_path) as store:
        (tmp_path / "u.csv.gz").write_bytes(gzip.compress(b"id,mail,age,note\n1,a@x.example,old,secret\n2,,3,\n"))
        source = open_source(tmp_path / "u.csv.gz", spool=store.spool)
        load_sources(store, [source], HOW)
        plain = Mapping("users", (ColumnMap("id", "user"), ColumnMap("age", "attribute", "number")))
        load_text(store, "id,age\n7,x\n8,1\n", plain, "plain.csv")
        out = tmp_path / "r.csv"
        assert rejects_csv(store, [1, 2], out) == 2
        hidden, shown = csv.DictReader(out.read_text("utf-8").splitlines())
        assert (hidden["raw"], hidden["hidden"]) == ("1,***,old,***", "mail, note")
        assert (shown["raw"], shown["hidden"]) == ("7,x", "")
        rejects_csv(store, 2, out)
        assert out.read_text().splitlines()[0] == "file,line,column,reason,message,raw"
