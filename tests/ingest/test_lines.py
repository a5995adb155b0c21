"""From rows that DuckDB read or rejected back to the lines of the file."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.ingest import open_source, record_lines, refused_lines, relation, spool
from core.store import Store
from tests.prepared import new_store

MESSY = (
    b'a,b,c\n1,"two\nlines",3\n\n'  # lines 1, 2 to 3, 4 (blank)
    b'4,5\n6,\0,7\n8,"9\n\n\n9",10\n'  # 5 (too short), 6 (NUL), 7 to 10
    b'"11" x,12,13\n14,15,16,17\n18,"a ""b""",20\n'  # 11 (stray text), 12 (too long), 13
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with new_store(tmp_path / "w.duckdb", reads=[tmp_path]) as store:
        yield store


def malformed(path_sql: str) -> tuple[list[tuple[str | None, ...]], list[int]]:
    """(rows, reject_errors.line) as DuckDB gives them."""
    with duckdb.connect() as connection:
        rows = connection.execute(f"SELECT * FROM {path_sql}").fetchall()
        lines = connection.execute("SELECT DISTINCT line FROM reject_errors ORDER BY line").fetchall()
    return rows, [line for (line,) in lines]


@pytest.mark.parametrize("chunk", [7, 4 << 20])
@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_messy_rows_are_found_again(
    store: Store, tmp_path: Path, packed: bool, encoding: str, chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spool, "CHUNK", chunk)
    data = MESSY.decode().encode(encoding)
    path = tmp_path / "f"
    path.write_bytes(gzip.compress(data) if packed else data)
    source = open_source(path, spool=store.spool)
    rows, refused = malformed(relation(source).sql)
    assert rows == [("1", "two\nlines", "3"), ("8", "9\n\n\n9", "10"), ("18", 'a "b"', "20")]
    assert (source.rows, source.rejected, len(refused)) == (7, 2, 2)
    found = record_lines(source, [0, 1, 2], refused=refused)
    assert [(r.line, r.raw) for r in found] == [
        (2, '1,"two\nlines",3'),
        (7, '8,"9\n\n\n9",10'),
        (13, '18,"a ""b""",20'),
    ]
    assert [(r.line, r.raw) for r in refused_lines(source, refused)] == [(5, "4,5"), (12, "14,15,16,17")]


def test_rows_of_runs_of_spaces_are_shown_as_they_stand(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "f.txt"
    path.write_bytes(b" id   n\n  1    2\n\n  3    4\n")
    source = open_source(path, spool=store.spool)
    assert [(r.line, r.raw) for r in record_lines(source, [0, 1])] == [(2, "  1    2"), (4, "  3    4")]


def test_a_file_of_one_column_counts_blank_lines_as_rows(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "f.csv"
    path.write_bytes(b"id\na1\n\nb2\n")
    source = open_source(path, spool=store.spool)
    assert malformed(relation(source).sql) == ([("a1",), (None,), ("b2",)], [])
    assert source.rows == 3
    assert [r.line for r in record_lines(source, [0, 1, 2])] == [2, 3, 4]


cell = st.text(st.sampled_from('ab,"\n é'), max_size=5)
row = st.lists(cell, min_size=1, max_size=4)


@given(st.lists(row, min_size=2, max_size=12), st.integers(0, 11))
def test_any_row_is_found_at_its_line(tmp_path_factory: pytest.TempPathFactory, table: list[list[str]], k: int) -> None:
    """Rows of any width below a header of three: those DuckDB keeps and those it refuses are found where they stand."""
    folder = tmp_path_factory.getbasetemp()
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_ALL)
    lines: list[int] = []
    kept: list[int] = []
    dropped: list[int] = []
    for values in [["id", "name", "note"], *table]:
        lines.append(out.getvalue().count("\n") + 1)
        writer.writerow(values)
    for line, values in zip(lines[1:], table, strict=True):
        (kept if len(values) == 3 or values[3:] == [""] else dropped).append(line)
    path = folder / "any.csv"
    path.write_text(out.getvalue(), encoding="utf-8")
    source = open_source(path, spool=folder, header=True, delimiter=",")
    if len(source.columns) != 3:
        return
    rows, refused = malformed(relation(source).sql)
    assert source.rows == len(table)
    assert [r.line for r in record_lines(source, range(len(rows)), refused=refused)] == kept
    assert [r.line for r in refused_lines(source, refused)] == dropped
