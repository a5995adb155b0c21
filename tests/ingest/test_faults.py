"""Whatever the bytes: a source whose rows add up, or a refusal in words; never a stack trace, never a silent loss."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import duckdb
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from core.errors import Refusal
from core.ingest import open_source, propose, record_lines, refused_lines, relation
from core.store import Store
from tests.examples import examples
from tests.ingest.cases import CASES
from tests.prepared import new_store


def _workbook() -> bytes:
    book, out = openpyxl.Workbook(), io.BytesIO()
    assert book.active is not None
    for row in (("a", "b"), (1, "x"), (2, "y")):
        book.active.append(row)
    book.save(out)
    return out.getvalue()


def _parquet() -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.table({"a": [1, 2], "b": ["x", "y"]}), out)
    return out.getvalue()


JSON = b'{"a": 1, "b": {"c": [1, "x"]}}\n{"a": 2}\n{"a": "3", "d": null}\n'
SEEDS = [*(case.data for case in CASES.values()), JSON, b'[{"a": 1}, {"a": 2}]', _workbook(), _parquet()]
INSERTS = [
    b'"',
    b'""',
    b"\n",
    b"\r",
    b"\r\n",
    b",",
    b";",
    b"\t",
    b"\0",
    b'\\"',
    b"\xff",
    b"\xe4",
    b'"\n"',
    b"{",
    b"[",
    b"}",
    b"  ",
    b"'",
]


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """One of the good files with a few bytes put in, cut out or repeated."""
    data = draw(st.sampled_from(SEEDS))
    for _ in range(draw(st.integers(1, 5))):
        at = draw(st.integers(0, len(data)))
        end = min(at + draw(st.integers(0, 12)), len(data))
        what = draw(st.sampled_from(["put", "cut", "repeat"]))
        if what == "put":
            data = data[:at] + draw(st.sampled_from(INSERTS)) + data[at:]
        elif what == "cut":
            data = data[:at] + data[end:]
        else:
            data = data[:end] + data[at:end] * draw(st.integers(1, 3)) + data[end:]
    return data


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    folder = tmp_path_factory.mktemp("faults")
    with new_store(folder / "w.duckdb", reads=[folder]) as store:
        yield store


@given(damaged())
@example(b'a,"\n"\r\n1,2,3\r\n4,5,6\r\n')
@settings(max_examples=examples(150), suppress_health_check=[HealthCheck.too_slow])
def test_any_damage_ends_in_rows_that_add_up_or_in_a_refusal(store: Store, data: bytes) -> None:
    path: Path = store.path.parent / "file"
    path.write_bytes(data)
    try:
        source = open_source(path, spool=store.spool)
    except Refusal:
        return
    with duckdb.connect() as connection:
        connection.execute("SET GLOBAL TimeZone = 'UTC'")
        try:
            rows = connection.execute(f"SELECT * FROM {relation(source).sql}").fetchall()
        except duckdb.InvalidInputException:  # a file on which DuckDB's own reader gives up, and so must we, in words
            with pytest.raises(Refusal) as refused:
                propose(store, source)
            assert refused.value.code == "unreadable_csv"
            return
        lines = "SELECT DISTINCT line FROM reject_errors ORDER BY line"
        malformed = [k for (k,) in connection.execute(lines).fetchall()] if source.format == "csv" else []
    assert len(rows) + len(malformed) + source.rejected == source.rows
    assert len(record_lines(source, range(len(rows)), refused=malformed)) == len(rows)
    assert all(row.line for row in refused_lines(source, malformed))
    assert len(propose(store, source).evidence) == len(source.columns)
