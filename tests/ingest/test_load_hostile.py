"""Files made to break a loader: every row is loaded or rejected with its line, or the whole file refused with one."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from core.errors import Refusal
from core.ingest import rejects_csv
from core.ingest.source import open_source
from core.store import Query, Store
from tests.examples import examples
from tests.ingest.loading import column, events, load_sources, load_text, mapping, rejects, source, table, workspace


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with workspace(tmp_path) as store:
        yield store


HOW = mapping(event="view", user="user", item="item", time="time", quantity="n", context="note")
ID = st.text(st.sampled_from("aB0 \t\u00a0é商\"',;\n=|\\"), max_size=6)
TIME = st.sampled_from(["2024-01-01", "2024-01-01 10:00:00", "", " ", "2024-13-01", "never", "1/1/2024"])
NUMBER = st.sampled_from(["1", "-2.5", "", "  ", "x", "1,5,x", "nan"])
NOTE = st.text(st.characters(exclude_characters="\0\r", exclude_categories=["Cs"]), max_size=12)
GOOD = st.tuples(ID, ID, TIME, NUMBER, NOTE).map(list)
RAGGED = st.sampled_from([["a", "b"], ["a", "b", "2024-01-01", "1", "x", "extra"], ["only"]])
ROWS = st.lists(st.one_of(GOOD, GOOD, GOOD, RAGGED), min_size=1, max_size=25)
PLAIN = [
    [f"u{n}", f"i{n}", f"2024-01-{n}", str(n), f"note {n}"] for n in range(10, 31)
]  # so that a row's form is plain


def as_csv(rows: list[list[str]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["user", "item", "time", "n", "note"])
    writer.writerows(rows)
    return out.getvalue()


def python_says(text: str) -> tuple[Counter[tuple[str | None, str | None]], set[int]]:
    """(user, item) of the rows to load and the lines of those to reject, by Python's csv module and nothing of ours."""
    good: Counter[tuple[str | None, str | None]] = Counter()
    bad = set()
    reader = csv.reader(io.StringIO(text, newline=""))
    next(reader)
    line = reader.line_num + 1
    for row in reader:
        if row:
            if len(row) == 5 and _time(row[2].strip()) and _number(row[3].strip()):
                good[row[0].strip() or None, row[1].strip() or None] += 1
            else:
                bad.add(line)
        line = reader.line_num + 1
    return good, bad


def _time(cell: str) -> bool:
    return cell in ("", "2024-01-01 10:00:00") or re.fullmatch(r"2024-01-[0-9]{2}", cell) is not None


def _number(cell: str) -> bool:
    return cell == "" or re.fullmatch(r"-?[0-9.]+", cell) is not None


@pytest.mark.slow
@settings(max_examples=examples(25))
@given(rows=ROWS)
def test_every_row_of_a_dirty_file_is_accounted_for(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]]
) -> None:
    text = as_csv(PLAIN + rows)
    good, bad = python_says(text)
    with workspace(tmp_path_factory.mktemp("w")) as store:
        path = store.path.parent / "dirty.csv"
        path.write_text(text, encoding="utf-8", newline="")
        try:
            source = open_source(path, spool=store.spool, delimiter=",", header=True, encoding="utf-8")
        except Refusal as refused:  # a cell with a line break in it may read like a swallowed row
            if refused.code != "unterminated_quote" or not re.search(r"Line \d", refused.message):
                raise
            assume(False)
        assert source.rows == good.total() + len(bad)
        report = load_sources(store, [source], HOW)
        assert (report.rows_read, report.rows_loaded, report.rows_rejected) == (source.rows, good.total(), len(bad))
        assert {line for line, _, _ in rejects(store)} == bad
        assert Counter(events(store, "user_id", "item_id")) == good


def test_a_cell_of_a_megabyte(store: Store) -> None:
    big = "x" * 1_000_000
    report = load_text(
        store,
        f"user,item,note\n1,a,{big}\n{big},a,ok\n2,b,ok\n",
        mapping(event="view", user="user", item="item", context="note"),
    )
    assert (report.rows_read, report.rows_loaded, report.rows_rejected) == (3, 2, 1)
    assert rejects(store) == [(3, "user", "too_long")]
    assert max(len(str(row[0])) for row in events(store, "note")) == 1_000_000
    raw = store.rows(Query("SELECT raw FROM rejects"))[0]["raw"]
    assert len(str(raw)) == 1_000


def test_a_row_longer_than_the_reader_takes(store: Store) -> None:
    how = mapping(event="view", user="user", item="item", context="note")
    report = load_text(store, f"user,item,note\n1,a,ok\n2,b,{'x' * 3_000_000}\n3,c,ok\n", how)
    assert (report.rows_read, report.rows_loaded) == (3, 2)
    assert [(line, reason) for line, _, reason in rejects(store)] == [(3, "line_too_long")]


def test_nul_bytes(store: Store) -> None:
    report = load_text(store, b"user,item\n1,a\n2,b\0c\n3,d\n", mapping(event="view", user="user", item="item"))
    assert (report.rows_read, report.rows_loaded, report.rows_rejected) == (3, 2, 1)
    assert [line for line, _, _ in rejects(store)] == [3]
    assert sum(report.reasons.values()) == 1


def test_bytes_of_another_encoding_in_one_row(store: Store) -> None:
    rows = "".join(f"{n},Köln\n" for n in range(50)).encode()
    report = load_text(
        store, b"user,item\n" + rows + b"51,K\xf6ln\n" + rows, mapping(event="view", user="user", item="item")
    )
    assert (report.rows_read, report.rows_loaded, report.rows_rejected) == (101, 100, 1)
    assert [(line, reason) for line, _, reason in rejects(store)] == [(52, "bad_encoding")]


def test_ragged_rows_name_how_many_cells_they_have(store: Store) -> None:
    report = load_text(store, "user,item\n1,a\n2\n3,c,d,e\n\n4,d\n", mapping(event="view", user="user", item="item"))
    assert (report.rows_read, report.rows_loaded, report.rows_rejected) == (4, 2, 2)
    said = store.rows(Query("SELECT line, reason, message, raw FROM rejects ORDER BY line"))
    assert [tuple(row.values()) for row in said] == [
        (3, "too_few_cells", "The row has 1 of the file's 2 cells.", "2"),
        (4, "too_many_cells", "The row has more cells than the file has columns (2).", "3,c,d,e"),
    ]


def test_a_quote_that_never_closes_is_refused_by_line(store: Store) -> None:
    text = (
        "user,item\n"
        + "".join(f"{n},a\n" for n in range(10))
        + '10,"b\n'
        + "".join(f"{n},a\n" for n in range(11, 5000))
    )
    with pytest.raises(Refusal, match=r"[Ll]ine 12\b"):
        load_text(store, text, mapping(event="view", user="user", item="item"))


def test_formulas_are_data_in_the_workspace_and_harmless_in_the_download(store: Store, tmp_path: Path) -> None:
    text = "user,item,n\n=cmd|' /C calc'!A0,a,1\n@SUM(A1),b,x\n+49 30 1,-5,-7.5\n"
    load_text(store, text, mapping(event="view", user="user", item="item", quantity="n"))
    assert [row["user_id"] for row in table(store, "users")] == ["+49 30 1", "=cmd|' /C calc'!A0"]
    out = tmp_path / "rejects.csv"
    assert rejects_csv(store, 1, out) == 1
    rows = list(csv.reader(io.StringIO(out.read_text("utf-8"), newline="")))
    assert rows == [
        ["file", "line", "column", "reason", "message", "raw"],
        ["file.csv", "3", "n", "bad_number", "'x' is not a number.", "'@SUM(A1),b,x"],
    ]


def test_headers_made_to_break_sql(store: Store) -> None:
    names = ['a"b', "c;DROP TABLE events;--", "d'e", "f?g", "h{cell}", "sel ect", 'a"b']
    header = ",".join('"' + name.replace('"', '""') + '"' for name in names)
    path = store.path.parent / "sql.csv"
    path.write_text(f"user,{header}\n1,1,2,3,4,5,6,7\n", encoding="utf-8")
    source = open_source(path, spool=store.spool, header=True)
    how = mapping(event="view", user="user")
    how = type(how)("events", (*how.columns, *(column(name, "context") for name in source.columns[1:])), event="view")
    load_sources(store, [source], how)
    row = store.rows(Query("SELECT * FROM events"))[0]
    assert [row[name] for name in source.columns[1:]] == ["1", "2", "3", "4", "5", "6", "7"]


@pytest.mark.slow
@pytest.mark.parametrize("columns", [200, pytest.param(1000, marks=pytest.mark.prove)])
def test_a_thousand_columns(store: Store, columns: int) -> None:
    names = [f"column {n}" for n in range(columns)]
    text = (
        "user,"
        + ",".join(names)
        + "\n"
        + "".join(f"{u}," + ",".join(str(u + n) for n in range(columns)) + "\n" for u in range(3))
    )
    how = mapping(event="view", user="user")
    how = type(how)("events", (*how.columns, *(column(n, "context", type="number") for n in names)), event="view")
    report = load_text(store, text, how)
    assert report.rows_loaded == 3
    assert events(store, "user_id", "column 0", f"column {columns - 1}") == [
        ("0", 0.0, columns - 1.0),
        ("1", 1.0, columns),
        ("2", 2.0, columns + 1.0),
    ]


@pytest.mark.parametrize("text", ["", "user,item\n", "\n\n\n"])
def test_files_without_rows_are_refused(store: Store, text: str) -> None:
    with pytest.raises(Refusal):
        load_text(store, text, mapping(event="view", user="user", item="item"))


def test_a_gap_between_bytes_and_reader_is_refused_with_a_line(store: Store) -> None:
    honest = source(store, "user,item\n1,a\n2,b\n3,c\n")
    with pytest.raises(Refusal, match=r"has 5 rows by its bytes, but 3 were read: .* line 4") as refused:
        load_sources(store, [replace(honest, rows=5)], mapping(event="view", user="user", item="item"))
    assert refused.value.code == "rows_unaccounted"
    assert store.rows(Query("SELECT * FROM batches")) == []
    with pytest.raises(Refusal, match="has 2 rows by its bytes, but 3 were read"):
        load_sources(store, [replace(honest, rows=2)], mapping(event="view", user="user", item="item"))


CLEAN = as_csv([[*row[:4], f"note, {row[4]}"] for row in PLAIN]).encode()
DAMAGE = st.lists(
    st.tuples(
        st.integers(0, len(CLEAN)),
        st.integers(0, 3),
        st.sampled_from(
            [b'"', b",", b"\n", b"\r", b"\0", b"\xff", b'""', b";", b"=1+1", b"\r\n", b"\xe2\x80", b"x" * 3000, b""]
        ),
    ),
    min_size=1,
    max_size=6,
)


@pytest.mark.slow
@settings(max_examples=examples(30))
@given(damage=DAMAGE)
def test_any_damage_ends_in_counts_that_add_up_or_in_a_refusal(
    tmp_path_factory: pytest.TempPathFactory, damage: list[tuple[int, int, bytes]]
) -> None:
    data = CLEAN
    for place, removed, added in damage:
        data = data[:place] + added + data[place + removed :]
    with workspace(tmp_path_factory.mktemp("w")) as store:
        path = store.path.parent / "damaged.csv"
        path.write_bytes(data)
        try:
            file = open_source(path, spool=store.spool, delimiter=",", header=True)
            how = replace(HOW, columns=tuple(c for c in HOW.columns if c.column in file.columns))
            report = load_sources(store, [file], how)
        except Refusal:
            assert store.rows(Query("SELECT * FROM batches")) == []  # whatever was refused
            return
        assert report.rows_read == report.rows_loaded + report.rows_rejected == file.rows
        kept = store.rows(Query("SELECT count(*) AS n, count(DISTINCT line) AS lines FROM rejects"))[0]
        assert kept["lines"] == report.rows_rejected <= kept["n"]
        assert store.rows(Query("SELECT count(*) AS n FROM events")) == [{"n": report.rows_loaded}]
        lines = store.rows(Query("SELECT max(line) AS last FROM rejects"))[0]["last"]
        assert lines is None or 2 <= lines <= len(data.splitlines()) + 1
