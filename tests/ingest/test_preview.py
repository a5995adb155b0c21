"""The first rows of a file, as they stand."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.ingest import open_source, preview
from tests.prepared import new_store


@pytest.mark.parametrize("rows, expected", [(0, 0), (1, 1), (50, 50), (500, 120)])
def test_the_first_rows_as_text(tmp_path: Path, rows: int, expected: int) -> None:
    path = tmp_path / "f.csv"
    path.write_text("user;price\n" + "".join(f"0{k};{k},50\n" for k in range(120)))
    with new_store(tmp_path / "w.duckdb", reads=[tmp_path]) as store:
        table = preview(store, open_source(path, spool=store.spool), rows)
    assert table.column_names == ["user", "price"]
    assert table.to_pylist() == [{"user": f"0{k}", "price": f"{k}.50"} for k in range(expected)]


def test_malformed_rows_are_passed_over_and_missing_values_are_none(tmp_path: Path) -> None:
    path = tmp_path / "f.csv"
    path.write_text('a,b\n1,\n2,3,4\n"x" y,z\n<b>5</b>,=1+1\n')
    with new_store(tmp_path / "w.duckdb", reads=[tmp_path]) as store:
        table = preview(store, open_source(path, spool=store.spool))
    assert table.to_pylist() == [{"a": "1", "b": None}, {"a": "<b>5</b>", "b": "=1+1"}]
