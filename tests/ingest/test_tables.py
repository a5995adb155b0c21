"""Excel, Parquet and JSON lines become the same table of text as a CSV, exactly."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.errors import Refusal
from core.ingest import Source, open_source, record_lines, relation, sheet_names
from core.store import Query, Store
from tests.prepared import new_store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with new_store(tmp_path / "w.duckdb", reads=[tmp_path]) as store:
        yield store


def rows(store: Store, source: Source) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in store.rows(Query("SELECT * FROM ") + relation(source))]


# ---- Excel


@pytest.fixture
def workbook(tmp_path: Path) -> Path:
    book = openpyxl.Workbook()
    first = book.active
    assert first is not None
    first.title = "Notes"
    sales = book.create_sheet("Sales")
    sales.append(["Sales of May"])
    sales.append([])
    sales.append(["CustomerID", "When", "Price", "Paid", None])
    sales.append([17850, dt.datetime(2024, 5, 1, 8, 26), 2.55, True, "x"])
    sales.append([])
    sales.append(["A7", dt.date(2024, 5, 2), 3, False, None])
    sales.append([17851.0, None, 0.1, None, " y "])
    path = tmp_path / "book.xlsx"
    book.save(path)
    return path


def test_a_sheet(store: Store, workbook: Path) -> None:
    source = open_source(workbook, spool=store.spool)
    assert (source.format, source.sheet, source.rows, source.lines_before) == ("excel", "Sales", 3, 3)
    assert source.columns == ("CustomerID", "When", "Price", "Paid", "column5")
    assert rows(store, source) == [
        ("17850", "2024-05-01 08:26:00", "2.55", "true", "x"),
        ("A7", "2024-05-02", "3", "false", None),
        ("17851", None, "0.1", None, "y"),
    ]
    assert [r.line for r in record_lines(source, [2, 0])] == [7, 4], "rows of the sheet, as Excel numbers them"
    assert record_lines(source, [1])[0].raw == "A7\t2024-05-02\t3\tfalse\t"


def test_a_sheet_is_chosen_by_name(store: Store, workbook: Path) -> None:
    assert sheet_names(workbook) == ["Notes", "Sales"]
    assert open_source(workbook, spool=store.spool, sheet="Sales").rows == 3
    for sheet, code in (("Nope", "no_such_sheet"), ("Notes", "empty_sheet")):
        with pytest.raises(Refusal) as refused:
            open_source(workbook, spool=store.spool, sheet=sheet)
        assert refused.value.code == code


# ---- Parquet


def test_parquet_loses_nothing(store: Store, tmp_path: Path) -> None:
    utc = dt.UTC
    table = pa.table(
        {
            "id": pa.array([17850.0, None, float("nan"), 1.5]),
            "ID": pa.array(["a", "", None, "ü"]),
            "at": pa.array([dt.datetime(2024, 1, 2, 3, 4, 5, 678900), None, None, None], pa.timestamp("us")),
            "zoned": pa.array(
                [dt.datetime(2024, 1, 2, 3, 4, 5, tzinfo=utc), None, None, None], pa.timestamp("ms", "Europe/Berlin")
            ),
            "day": pa.array([dt.date(2024, 1, 2), None, None, None]),
            "price": pa.array([Decimal("12.50"), Decimal("0.01"), None, Decimal("-3.00")]),
            "big": pa.array([9_007_199_254_740_993, None, 1, 2]),
            "ok": pa.array([True, False, None, True]),
            "tags": pa.array([["x", "y"], [], None, ["z"]]),
            "box": pa.array([{"w": 1, "h": [1, 2]}, None, None, None]),
            "kind": pa.array(["a", "b", "a", None]).dictionary_encode(),
        }
    )
    path = tmp_path / "t.parquet"
    pq.write_table(table, path)
    source = open_source(path, spool=store.spool)
    assert (source.format, source.rows, source.readable) == ("parquet", 4, path)
    assert source.columns[:2] == ("id", "ID_2")
    got = rows(store, source)
    assert got[0] == (
        "17850", "a", "2024-01-02 03:04:05.6789", "2024-01-02 03:04:05+00", "2024-01-02", "12.50", "9007199254740993",
        "true", "x|y", '{"w":1,"h":[1,2]}', "a",
    )  # fmt: skip
    assert [row[0] for row in got] == ["17850", None, None, "1.5"]
    assert [row[1] for row in got] == ["a", None, None, "ü"]
    assert got[3][5] == "-3.00"
    assert record_lines(source, [3])[0].line is None


# ---- JSON


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_json_lines(store: Store, tmp_path: Path) -> None:
    text = (
        '{"user": "u1", "price": 1.10, "n": 12345678901234567890, "ok": true, "geo": {"city": "Köln", "at": [1, 2]}}\n'
        "\n"
        '{"user": "u2", "tags": ["a", "b"], "parts": [{"x": 1}], "price": null}\n'
        '{"user": "u3", "price": 1e3\n'
        "[1, 2]\n"
        '{"user": "u4", "price": NaN, "late": "new column"}\n'
    )
    source = open_source(written(tmp_path / "f.jsonl", text), spool=store.spool)
    assert (source.format, source.rows, source.rejected) == ("jsonl", 5, 2)
    assert source.columns == ("user", "price", "n", "ok", "geo.city", "geo.at", "tags", "parts.x", "late")
    assert rows(store, source) == [
        ("u1", "1.10", "12345678901234567890", "true", "Köln", "1|2", None, None, None),
        ("u2", None, None, None, None, None, "a|b", "1", None),
        ("u4", None, None, None, None, None, None, None, "new column"),
    ]
    refused = store.rows(Query("SELECT line, reason, raw FROM read_parquet(?)", (str(source.rejects),)))
    assert [(r["line"], r["reason"]) for r in refused] == [(4, "bad_json"), (5, "bad_json")]
    assert refused[0]["raw"] == '{"user": "u3", "price": 1e3'
    assert [r.line for r in record_lines(source, [0, 1, 2])] == [1, 3, 6]


@pytest.mark.parametrize("indent", [None, 2])
def test_a_json_array(store: Store, tmp_path: Path, indent: int | None) -> None:
    objects = [{"a": k, "b": {"c": f"v{k}"}} for k in range(5000)]
    source = open_source(written(tmp_path / "f.json", json.dumps(objects, indent=indent)), spool=store.spool)
    assert (source.rows, source.rejected, source.columns) == (5000, 0, ("a", "b.c"))
    assert rows(store, source) == [(str(k), f"v{k}") for k in range(5000)]


def test_json_objects_over_several_lines(store: Store, tmp_path: Path) -> None:
    text = "\n".join(json.dumps({"a": k, "b": "x\ny"}, indent=1) for k in range(30))
    source = open_source(written(tmp_path / "f.json", text), spool=store.spool)
    assert (source.rows, source.rejected) == (30, 0)
    assert [r.line for r in record_lines(source, [0, 1, 29])] == [1, 5, 117]


def test_a_json_array_cut_off_says_where(store: Store, tmp_path: Path) -> None:
    text = json.dumps([{"a": k} for k in range(50)], indent=0)[:-9]
    source = open_source(written(tmp_path / "f.json", text), spool=store.spool)
    assert (source.rows, source.rejected) == (50, 1)


def test_json_lines_in_utf_16_and_gzip(store: Store, tmp_path: Path) -> None:
    import gzip

    path = tmp_path / "f"
    path.write_bytes(gzip.compress('{"a": "茶"}\n{"a": "x"}\n'.encode("utf-16")))
    source = open_source(path, spool=store.spool)
    assert (source.format, source.encoding, source.compression) == ("jsonl", "utf-16-le", "gzip")
    assert rows(store, source) == [("茶",), ("x",)]


def test_too_many_columns_are_refused(store: Store, tmp_path: Path) -> None:
    text = "".join(json.dumps({f"k{k}": 1}) + "\n" for k in range(2_500))
    with pytest.raises(Refusal) as refused:
        open_source(written(tmp_path / "f.jsonl", text), spool=store.spool)
    assert refused.value.code == "too_many_columns"
