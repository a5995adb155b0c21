"""Rejected rows: kept with file, line, column, reason and text, and written out."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.errors import Refusal
from core.ingest import rejects as rejects_module
from core.ingest import rejects_csv
from core.ingest.source import open_source
from core.store import Query, Store
from tests.ingest.loading import load_sources, load_text, mapping, source, workspace


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with workspace(tmp_path) as store:
        yield store


HOW = mapping(event="view", user="u", time="t", quantity="n")


def kept(store: Store) -> list[tuple[object, ...]]:
    rows = store.rows(
        Query("SELECT file, line, column_name, reason, message, raw FROM rejects ORDER BY file, line, column_name")
    )
    return [tuple(row.values()) for row in rows]


def test_lines_are_physical_lines_of_the_file(store: Store) -> None:
    text = 'u,t,n\n"a\nb",2024-01-01,1\n\n"c\n\nd",never,2\ne,2024-01-01\nf,2024-01-01,many\n'
    report = load_text(store, text, HOW)
    assert kept(store) == [
        ("file.csv", 5, "t", "bad_time", "'never' is not a time written as 2024-01-31 12:00:00.", '"c\n\nd",never,2'),
        ("file.csv", 8, None, "too_few_cells", "The row has 2 of the file's 3 cells.", "e,2024-01-01"),
        ("file.csv", 9, "n", "bad_number", "'many' is not a number.", "f,2024-01-01,many"),
    ]
    assert (report.rows_read, report.rows_rejected) == (4, 3)


def test_two_faults_of_a_row_are_one_rejected_row(store: Store) -> None:
    report = load_text(store, "u,t,n\na,never,many\nb,2024-01-01,1\nc,soon,1\n", HOW)
    assert [(row[1], row[2]) for row in kept(store)] == [(2, "n"), (2, "t"), (4, "t")]
    assert report.rows_rejected == 2
    assert report.reasons == {"bad_time": 2, "bad_number": 1}


def test_each_file_of_a_load_has_its_own_lines(store: Store) -> None:
    one = source(store, "u,t,n\na,never,1\nb,2024-01-01,1\n", "one.csv")
    two = source(store, "n,t,u\n1,2024-01-01,c\n,,d\nx,2024-01-01,e\n9,9,9,9\n", "two.csv")
    report = load_sources(store, [one, two], HOW)
    assert [row[:4] for row in kept(store)] == [
        ("one.csv", 2, "t", "bad_time"),
        ("two.csv", 4, "n", "bad_number"),
        ("two.csv", 5, None, "too_many_cells"),
    ]
    assert (report.rows_read, report.rows_loaded, report.rows_rejected) == (6, 3, 3)


def test_json_lines_and_parquet(store: Store) -> None:
    lines = ['{"u": "a", "t": "2024-01-01", "n": 1}', "", '{"u": "b", "t": "never", "n": 2}', "not json"]
    text = "\n".join([*lines, '{"u": "c\\u0000", "n": 1}', ""])
    report = load_text(store, text, HOW, "file.jsonl")
    assert (report.rows_read, report.rows_loaded, report.rows_rejected) == (4, 1, 3)
    assert sorted((row[1] or 0, row[2]) for row in kept(store))[0] == (3, "t")
    path = store.path.parent / "file.parquet"
    pq.write_table(pa.table({"u": ["a", "b\0"], "t": ["2024-01-01", "2024-01-01"], "n": [1, 2]}), path)
    report = load_sources(store, [open_source(path, spool=store.spool)], HOW)
    assert (report.rows_loaded, report.reasons) == (1, {"nul_byte": 1})


def test_nothing_loaded_is_refused_with_the_first_line_and_why(store: Store) -> None:
    with pytest.raises(
        Refusal, match=r"None of the 2 rows could be loaded. file.csv, line 2, column t: 'never' is"
    ) as refused:
        load_text(store, "u,t,n\na,never,1\nb,soon,1\n", HOW)
    assert refused.value.code == "all_rejected"
    with pytest.raises(Refusal, match=r"file.csv, line 2: The row has 1 of the file's 2 cells"):
        load_text(store, "u,n\n9\n9\n", mapping(event="view", user="u", quantity="n"))


def test_far_too_many_rejects_are_refused(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rejects_module, "MOST_REJECTS", 2)
    text = "u,t,n\n" + "a,never,1\n" * 3 + "b,2024-01-01,1\n"
    with pytest.raises(Refusal, match=r"3 of 4 rows could not be loaded. file.csv, line 2, column t") as refused:
        load_text(store, text, HOW)
    assert refused.value.code == "too_many_rejects"


def test_the_download_holds_every_reject_of_the_batch(store: Store, tmp_path: Path) -> None:
    load_text(store, "u,t,n\na,never,1\nb,2024-01-01,1\n", HOW, "one.csv")
    load_text(store, "u,t,n\n" + "=a(),-5,1\n" * 200 + "b,2024-01-01,1\n", HOW, "two.csv")
    out = tmp_path / "out.csv"
    assert rejects_csv(store, 2, out) == 200
    rows = list(csv.reader(io.StringIO(out.read_text("utf-8"), newline="")))
    assert rows[0] == ["file", "line", "column", "reason", "message", "raw"]
    assert rows[200] == ["two.csv", "201", "t", "bad_time", rows[1][4], "'=a(),-5,1"]
    assert rejects_csv(store, [1, 2], out) == 201
    with pytest.raises(Refusal, match="no batch 3"):
        rejects_csv(store, 3, out)
