"""Counting rows from bytes: against Python's csv module, against DuckDB, and cases whose answer is known by eye."""

from __future__ import annotations

import csv
import io
import re

import duckdb
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from core.errors import Refusal
from core.ingest.count import Counter, Counts
from core.ingest.records import records
from core.ingest.shapes import RowShape, shape

_BREAK = r"\r\n|\r|\n"


def count(
    data: bytes, *, size: int = 1 << 20, delimiter: str = ",", escape: str = '"', shape: RowShape | None = None
) -> Counts:
    counter = Counter(delimiter=delimiter, quote='"', escape=escape, shape=shape)
    for start in range(0, len(data), size):
        counter.feed(data[start : start + size])
    return counter.finish()


@pytest.mark.parametrize(
    "data, rows, blank, lines, broken",
    [
        (b"", 0, 0, 0, 0),
        (b"a", 1, 0, 1, 0),
        (b"a\n", 1, 0, 1, 0),
        (b"a\nb", 2, 0, 2, 0),
        (b"a\r\nb\r\n", 2, 0, 2, 0),
        (b"a\rb\rc", 3, 0, 3, 0),
        (b"\n\na\n\n\nb\n\n", 2, 5, 7, 0),
        (b"a\r\n\r\nb\r\n", 2, 1, 3, 0),
        (b'a,"b\nc"\nd\n', 2, 0, 3, 1),
        (b'a,"b\n\n\nc"\nd\n', 2, 0, 5, 3),
        (b'a,"b""\n""c"\nd\n', 2, 0, 3, 1),
        (b'""\n"",""\n""""\n', 3, 0, 3, 0),
        (b'12" disk,x\n"5 "" y",z\n', 2, 0, 2, 0),
        (b'12" disk,"a\nb"\nc,d\n', 2, 0, 3, 1),
        (b'12"" disk,"a\nb"\nc,d\n', 2, 0, 3, 1),
        (b'a"b"c",d"e\nf\n', 2, 0, 2, 0),
        (b'"5" x,"a\nb"\nc,d\n', 2, 0, 3, 1),
        (b"a b\n \n", 2, 0, 2, 0),
        (b"x\0y\nz\n", 2, 0, 2, 0),
        (b"a,\xff\xfe\nb\n", 2, 0, 2, 0),
    ],
)
@pytest.mark.parametrize("size", [1, 2, 3, 7, 1 << 20])
def test_known_by_eye(data: bytes, rows: int, blank: int, lines: int, broken: int, size: int) -> None:
    counts = count(data, size=size)
    assert (counts.rows, counts.blank, counts.lines, counts.broken) == (rows, blank, lines, broken)


def test_what_was_seen() -> None:
    assert count(b"a\nb\r\nc\rd").mixed
    assert not count(b'a,"x\r\ny\rz"\nb\n').mixed, "line breaks inside values do not end rows"
    assert count(b"a\r\nb\r\n").crlf == 2
    assert count(b"a\0\n").nul
    assert not count(b"a\n").nul


@pytest.mark.parametrize(
    "data, stray",
    [
        (b'"5" x,1\n', 1),
        (b'"5"  ,1\n"6" \n', 0),
        (b'"a""b"c,"d"e\n', 2),
        (b'12" x" y,1\n', 0),
        (b'"a" "b",c\n', 1),
        (b'"a"b', 1),
    ],
)
def test_values_that_go_on_behind_their_quote(data: bytes, stray: int) -> None:
    assert count(data).stray == stray
    assert any(r.stray for r in records([data], delimiter=",", quote='"', escape='"')) == (stray > 0)


def test_backslash_escapes() -> None:
    data = b'a,"say \\"hi\\"\nthere"\nb,"end \\\\"\nc,d\n'
    assert count(data, escape="\\").rows == 3
    assert count(data, escape="\\").broken == 1


def test_a_megabyte_in_one_cell_is_one_row() -> None:
    data = b"a,b\n1," + b"x" * (1 << 20) + b'\n2,"' + b"y\n" * 400_000 + b'"\n3,z\n'
    counts = count(data, size=1 << 16)
    assert (counts.rows, counts.broken) == (4, 400_000)


def test_an_endless_line_is_refused() -> None:
    with pytest.raises(Refusal) as refused:
        count(b"x" * (66 << 20))
    assert refused.value.code == "line_too_long"


# ---- unterminated quotes


SHAPE = RowShape.of(['1,"tea",2024-01-05', "2,coffee,2024-02-06", "3,milk and honey,2024-03-07"], ",", 3)


@pytest.mark.parametrize(
    "data, line",
    [
        (b'1,"tea,2024-01-05\n2,coffee,2024-02-06\n3,milk,2024-03-07\n', 1),
        (b'1,tea,2024-01-05\n2,"coffee,2024-02-06\n3,milk,2024-03-07\n4,"x",2024-04-01\n', 2),
        (b'1,tea,2024-01-05\n2,coffee,"2024-02-06\n3,milk,2024-03-07"\n', 2),
        (b'1,"a\nb",2024-01-05\n2,"coffee,2024-02-06\n3,"milk",2024-03-07\n', 3),
        (b'1,tea,2024-01-05\n2,tea,"2024-01-05', 2),
    ],
)
@pytest.mark.parametrize("size", [1, 5, 1 << 20])
def test_an_unterminated_quote_is_refused_with_its_line(data: bytes, line: int, size: int) -> None:
    with pytest.raises(Refusal) as refused:
        count(data, size=size, shape=SHAPE)
    assert refused.value.code == "unterminated_quote"
    assert refused.value.message.startswith(f"Line {line}:")


@pytest.mark.parametrize("position", [1, 77_777, 199_998])
def test_a_quote_lost_in_a_large_file_is_found(position: int) -> None:
    lines = [f"{k},item {k % 50},2024-01-{k % 28 + 1:02d}" for k in range(200_000)]
    lines[position] = lines[position].replace("item", '"item')
    with pytest.raises(Refusal, match=f"Line {position + 1:,}:"):
        count("\n".join(lines).encode(), shape=SHAPE)


WORDS = RowShape.of(["ann,berlin", "bob,paris", "cid,new york"], ",", 2)


def test_a_quote_lost_among_words_is_found_at_the_next_quote() -> None:
    assert not WORDS.telling
    with pytest.raises(Refusal, match="Line 2:"):
        count(b'ann,paris\nann,"berlin\nbob,paris\ncid,"rome"\n', shape=WORDS)
    assert count(b'ann,"berlin\nhe said "hi" there\n', shape=WORDS).stray == 1, "prose with quotes that are not doubled"


def test_prose_over_several_lines_is_no_swallowed_row() -> None:
    review = (
        '1,"Great tea, I say, and\nmy dog, my cat, my wife\nagree; 5, 6, or 7 cups\na day, 2024 long, ok",2024-01-05\n'
    )
    assert count(review.encode() * 3, shape=SHAPE).rows == 3


NOTES = RowShape.of(["a note,2024-01-05,5", "b,2024-02-06,6", "c d,2024-03-07,70"], ",", 3)


@pytest.mark.parametrize(
    "text, rows",
    [
        ('"x\ny",2024-01-05,5\r\nb,2024-01-06,6\r\n', 2),  # the second line has all the cells of a row
        ('"x\r\ny",2024-01-05,5\r\nb,2024-01-06,6', 2),
        ('"x\n""y"" z",2024-01-05,5\nb,2024-01-06,6\n', 2),
        ('b,2024-01-06,6\n"x\n\ny" ,2024-01-05,5\n"1\n2\n3",2024-01-05,5\n', 3),
    ],
)
@pytest.mark.parametrize("size", [1, 3, 7, 1 << 20])
def test_a_value_of_several_lines_in_the_first_column_is_no_swallowed_row(text: str, rows: int, size: int) -> None:
    assert [len(r) for r in csv.reader(io.StringIO(text, newline=""))] == [3] * rows
    assert count(text.encode(), size=size, shape=NOTES).rows == rows


@pytest.mark.parametrize(
    "text, line",
    [
        ('"x,2024-01-05,5\nb,2024-01-06,6\n"c",2024-01-07,7\n', 1),
        ('a,2024-01-05,5\n"x,2024-01-05,5\nb,2024-01-06,"6\n', 2),
        ('a,2024-01-05,"5\nb,2024-01-06,6\nc,2024-01-07,7",8\n', 1),
    ],
)
def test_a_quote_that_swallows_rows_is_still_found(text: str, line: int) -> None:
    with pytest.raises(Refusal, match=f"Line {line}:"):
        count(text.encode(), shape=NOTES)


def test_shapes() -> None:
    assert shape("12/1/2010 08:26") == "9/9/9 9:9"
    assert SHAPE.telling
    assert SHAPE.fits(b"9,anything at all,1999-01-01")
    assert not SHAPE.fits(b"9,anything at all,someday")
    assert not SHAPE.fits(b"9,1999-01-01")
    assert not RowShape.of(["a,b", "c,d e"], ",", 2).telling


# ---- two more roads to the same numbers


cells = st.text(st.sampled_from("ab,; \n\r\"'1é"), max_size=6)
tables = st.lists(st.lists(cells, min_size=2, max_size=4), min_size=1, max_size=8)


def written(table: list[list[str]], end: str, always: bool) -> str:
    """A CSV by hand: the csv module's writer leaves a CR bare where lines end with LF."""
    quote = {cell: '"' + cell.replace('"', '""') + '"' for row in table for cell in row}
    return "".join(",".join(quote[c] if always or set(c) & set(',"\r\n') else c for c in row) + end for row in table)


@given(tables, st.sampled_from(["\n", "\r\n", "\r"]), st.booleans(), st.integers(1, 40))
def test_agrees_with_the_csv_module(table: list[list[str]], end: str, always: bool, size: int) -> None:
    text = written(table, end, always)
    data = text.encode()
    read = [row for row in csv.reader(io.StringIO(text, newline="")) if row]
    assert read == table, "the csv module reads what was written"
    counts = count(data, size=size)
    assert counts.rows == len(read)
    assert not counts.mixed
    pieces = [data[k : k + size] for k in range(0, len(data), size)]
    got = list(records(pieces, delimiter=",", quote='"', escape='"'))
    assert [r.raw + end.encode() for r in got] == [written([row], end, always).encode() for row in table]
    assert [r.line for r in got] == [
        1 + len(re.findall(_BREAK, written(table[:k], end, always))) for k in range(len(got))
    ]


wild = st.lists(
    st.sampled_from(["a", "1", ",", ",", '"', '"', '""', "\n", " ", "x,y", '",', ',"', '"\n']), max_size=30
).map("".join)


@given(wild)
def test_agrees_with_duckdb_on_wild_text(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    """Rows that DuckDB loads and rows that it rejects are together the rows counted, however broken the text."""
    path = tmp_path_factory.getbasetemp() / "wild.csv"
    path.write_text(text, newline="")
    try:
        counts = count(text.encode())
        rows, stray = counts.rows, counts.stray
    except Refusal:
        return
    assume(rows and not stray)  # DuckDB is never shown rows with stray quotes
    with duckdb.connect() as connection:
        got = connection.execute(
            "SELECT count(*) FROM read_csv(?, auto_detect=false, delim=',', quote='\"', escape='\"', header=false, "
            "columns={'a': 'VARCHAR', 'b': 'VARCHAR', 'c': 'VARCHAR'}, store_rejects=true, strict_mode=true)",
            [str(path)],
        ).fetchall()[0]
        bad = connection.execute("SELECT count(DISTINCT line) FROM reject_errors").fetchone()
        assert bad is not None
        assert got[0] + bad[0] == rows
