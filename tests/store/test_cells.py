"""Defusing: what a spreadsheet would run gets an apostrophe; SQL and Python agree on every text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.store import Query, Store
from core.store.cells import defuse, defuse_sql

DANGEROUS = [
    "=1+1", "=cmd|' /C calc'!A0", "@SUM(A1)", "+cmd|' /C calc'!A0", "-2+3+cmd|' /C calc'!A0", "\t=1", "\rx", "\n=1",
    " =1", "\xa0=1", "＝1+1", "＠x", "-", "+", "- item", "-5\n", "+49\n30", "--5", "=", "-1-1", "+1;cmd",
]  # fmt: skip
HARMLESS = [
    "", "plain", "-5", "-12.50", "-1,234.50", "+3", "-1.5e-7", "12 %", "-3%", "+49 30 901820", "+4930901820",
    "+1 (212) 555-0100", "'=1", "a=1", "user@example.org", "x\n=1", "007", "2025-01-01", "日本",
]  # fmt: skip


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    path: Path = tmp_path_factory.mktemp("cells") / "w.duckdb"
    with Store(path) as it:
        yield it


def by_sql(store: Store, text: str | None) -> object:
    return store.rows(Query(f"SELECT {defuse_sql('cell')} AS cell FROM (SELECT CAST(? AS VARCHAR) AS cell)", (text,)))[
        0
    ]["cell"]


@pytest.mark.parametrize("text", DANGEROUS)
def test_formulas_are_defused(text: str) -> None:
    assert defuse(text) == "'" + text


@pytest.mark.parametrize("text", HARMLESS)
def test_the_rest_stays(text: str) -> None:
    assert defuse(text) == text


@pytest.mark.parametrize("text", [*DANGEROUS, *HARMLESS])
def test_sql_does_the_same(store: Store, text: str) -> None:
    assert by_sql(store, text) == defuse(text)


def test_missing_stays_missing(store: Store) -> None:
    assert by_sql(store, None) is None


@given(st.one_of(st.text(), st.text(alphabet="=+-@\t\r\n '0123456789.,%eE()/＝＋－＠\xa0x", max_size=8)))
def test_laws(store: Store, text: str) -> None:
    once = defuse(text)
    assert defuse(once) == once
    assert once.removeprefix("'") == text.removeprefix("'")
    assert by_sql(store, text) == once
