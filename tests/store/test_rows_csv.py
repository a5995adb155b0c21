"""Small tables as CSV."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.store import write_records, write_rows


def test_cells_are_defused_and_none_is_empty(tmp_path: Path) -> None:
    out = tmp_path / "a.csv"
    many = write_rows(["=head", "n"], [["=1+1", None], ["a,b", -2.5]], out)
    assert many == 2
    with out.open(encoding="utf-8", newline="") as file:
        assert list(csv.reader(file)) == [["'=head", "n"], ["'=1+1", ""], ["a,b", "-2.5"]]


def test_records_go_by_name(tmp_path: Path) -> None:
    out = tmp_path / "a.csv"
    assert write_records([{"a": 1, "b": "x"}, {"b": "@y", "a": 2}], out) == 2
    assert out.read_text() == "a,b\n1,x\n2,'@y\n"
    assert write_records([], out) == 0
    assert out.read_bytes() == b""


def test_a_file_that_is_not_whole_does_not_appear(tmp_path: Path) -> None:
    def broken() -> Iterator[list[int]]:
        yield [1]
        raise OSError("no space left")

    out = tmp_path / "a.csv"
    out.write_text("before")
    with pytest.raises(OSError, match="no space"):
        write_rows(["a"], broken(), out)
    assert out.read_text() == "before"
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]
