"""Recognising files: a table of cases walked by one test, refusals, prepared copies, real data."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from core.errors import Refusal
from core.ingest import Source, discard, open_source, preview, relation
from core.progress import Cancelled, Step
from core.store import Query, Store

TEXT = "user,item,note\nu1,Tee,süß\nu2,Kaffee,a;b\n"
CHINESE = "用户,商品,行为\n1001,茶叶,浏览\n1002,咖啡,购买\n"
ABC = ("a", "b", "c")
TWO = [("1", "2", "3"), ("4", "5", "6")]


@dataclass(frozen=True)
class Case:
    """A file's bytes, and what must be found."""

    data: bytes
    columns: tuple[str, ...]
    rows: Sequence[tuple[str | None, ...]]
    delimiter: str = ","
    header: bool = True
    encoding: str = "utf-8"
    quote: str = '"'
    lines_before: int = 1
    rejected: int = 0  # by recognising the file
    malformed: int = 0  # left out by DuckDB
    says: tuple[tuple[str, Any], ...] = ()  # what a person said
    format: str = "csv"

    @property
    def counted(self) -> int:
        return len(self.rows) + self.rejected + self.malformed


CASES: dict[str, Case] = {
    "comma": Case(b"a,b,c\n1,2,3\n4,5,6\n", ABC, TWO),
    "no line break at the end": Case(b"a,b,c\n1,2,3\n4,5,6", ABC, TWO),
    "semicolon": Case(b"a;b;c\n1;2;3\n4;5;6\n", ABC, TWO, ";"),
    "semicolon, decimal commas": Case(
        b"id;price\n1;2,50\n2;3,10\n", ("id", "price"), [("1", "2,50"), ("2", "3,10")], ";"
    ),
    "tab": Case(b"a\tb\tc\n1\t2\t3\n4\t5\t6\n", ABC, TWO, "\t"),
    "bar": Case(b"a|b|c\n1|2|3\n4|5|6\n", ABC, TWO, "|"),
    "comma with bars inside": Case(b"id,tags\n1,x|y\n2,z|w\n", ("id", "tags"), [("1", "x|y"), ("2", "z|w")]),
    "double colon": Case(
        b"1::2::3\n4::5::6\n", ("column1", "column2", "column3"), TWO, "::", header=False, lines_before=0
    ),
    "control character": Case(b"a\x01b\x01c\n1\x012\x013\n4\x015\x016\n", ABC, TWO, "\x01"),
    "one space": Case(b"a b c\n1 2 3\n4 5 6\n", ABC, TWO, "  "),
    "runs of spaces": Case(b"  a   b c\n 1  2    3\n   4 5 6\n", ABC, TWO, "  "),
    "one column": Case(b"user_id\nu1\nu2\n", ("user_id",), [("u1",), ("u2",)]),
    "one column of sentences": Case(b"title\nTea for two\nA book\n", ("title",), [("Tea for two",), ("A book",)]),
    "quoted": Case(b'a,b,c\n"1","2, ""two""","3\n3"\n4,5,6\n', ABC, [("1", '2, "two"', "3\n3"), ("4", "5", "6")]),
    "single quotes": Case(
        b"a,b\n'1','x, y'\n'2','z'\n'3','w'\n", ("a", "b"), [("1", "x, y"), ("2", "z"), ("3", "w")], quote="'"
    ),
    "backslash escapes": Case(b'a,b\n1,"say \\"hi\\" now"\n2,"x"\n', ("a", "b"), [("1", 'say "hi" now'), ("2", "x")]),
    "inches": Case(b'id,name\n1,12" disk\n2,5" x 3" box\n', ("id", "name"), [("1", '12" disk'), ("2", '5" x 3" box')]),
    "space before a quote": Case(b'a,b\n1, "x, y"\n2, "z"\n', ("a", "b"), [("1", "x, y"), ("2", "z")]),
    "CR LF": Case(b"a,b,c\r\n1,2,3\r\n4,5,6\r\n", ABC, TWO),
    "lone CR": Case(b"a,b,c\r1,2,3\r4,5,6\r", ABC, TWO),
    "mixed line ends": Case(b"a,b,c\r\n1,2,3\n4,5,6\r\n", ABC, TWO),
    "stray CR": Case(b"a,b\n1,2\n3,4\r5,6\n", ("a", "b"), [("1", "2"), ("3", "4"), ("5", "6")]),
    "blank lines": Case(b"\n\na,b,c\n\n1,2,3\n\n\n4,5,6\n\n", ABC, TWO, lines_before=3),
    "titles above": Case(b"Report for May\n\na,b,c\n1,2,3\n4,5,6\n", ABC, TWO, lines_before=3),
    "line break in the header": Case(b'"a\nx",b\n1,2\n3,4\n', ("a x", "b"), [("1", "2"), ("3", "4")], lines_before=2),
    "no header, numbers": Case(b"1,2,3\n4,5,6\n", ("column1", "column2", "column3"), TWO, header=False, lines_before=0),
    "no header, codes": Case(
        b"u1,i7,2024-01-05\nu2,i8,2024-01-06\nu3,i9,2024-01-07\n",
        ("column1", "column2", "column3"),
        [("u1", "i7", "2024-01-05"), ("u2", "i8", "2024-01-06"), ("u3", "i9", "2024-01-07")],
        header=False,
        lines_before=0,
    ),
    "header by word": Case(b"red,blue\nred,blue\n", ("red", "blue"), [("red", "blue")], says=(("header", True),)),
    "no header by word": Case(
        b"a,b\n1,2\n",
        ("column1", "column2"),
        [("a", "b"), ("1", "2")],
        header=False,
        lines_before=0,
        says=(("header", False),),
    ),
    "delimiter by word": Case(b"a;b,c\n1;2,3\n", ("a", "b,c"), [("1", "2,3")], ";", says=(("delimiter", ";"),)),
    "names trimmed and made unique": Case(
        b" A ,a,,A\n1,2,3,4\n", ("A", "a_2", "column3", "A_3"), [("1", "2", "3", "4")]
    ),
    "row names without a name": Case(
        b"a,b\nr1,1,2\nr2,3,4\n", ("column1", "a", "b"), [("r1", "1", "2"), ("r2", "3", "4")]
    ),
    "empty values": Case(b'a,b,c\n1,,3\n,"",6\n', ABC, [("1", None, "3"), (None, None, "6")]),
    "ragged rows": Case(b"a,b,c\n1,2,3\n4,5\n7,8,9,10\n4,5,6\n", ABC, TWO, malformed=2),
    "formulas stay text": Case(
        b"a,b\n1,=cmd|' /C calc'!A0\n2,@x\n", ("a", "b"), [("1", "=cmd|' /C calc'!A0"), ("2", "@x")]
    ),
    "hostile names": Case(b'a\'b,"x""y",?,$1;--\n1,2,3,4\n', ("a'b", 'x"y', "?", "$1;--"), [("1", "2", "3", "4")]),
    "stray text behind quotes": Case(b'a,b\n1,"5" x\n2,"3"\n4,5\n', ("a", "b"), [("2", "3"), ("4", "5")], rejected=1),
    "NUL bytes": Case(b"a,b,c\n1,2,3\n4,\0,9\n4,5,6\n", ABC, TWO, rejected=1),
    "NUL bytes in one column": Case(b"id\na\nb\0\nc\n", ("id",), [("a",), ("c",)], rejected=1),
    "BOM": Case(b"\xef\xbb\xbfa,b,c\n1,2,3\n4,5,6\n", ABC, TWO),
    "BOM before a quote": Case(b'\xef\xbb\xbf"a","b","c"\n1,2,3\n4,5,6\n', ABC, TWO),
    "BOM without a header": Case(
        b"\xef\xbb\xbf1,2,3\n4,5,6\n", ("column1", "column2", "column3"), TWO, header=False, lines_before=0
    ),
    "UTF-8": Case(TEXT.encode(), ("user", "item", "note"), [("u1", "Tee", "süß"), ("u2", "Kaffee", "a;b")]),
    "Latin-1": Case(
        TEXT.encode("latin-1"),
        ("user", "item", "note"),
        [("u1", "Tee", "süß"), ("u2", "Kaffee", "a;b")],
        encoding="windows-1252",
    ),
    "Windows-1252": Case(
        "a,b\n1,10 € – “so”\n".encode("cp1252"), ("a", "b"), [("1", "10 € – “so”")], encoding="windows-1252"
    ),
    "UTF-16 LE, marked": Case(
        b"\xff\xfe" + CHINESE.encode("utf-16-le"),
        ("用户", "商品", "行为"),
        [("1001", "茶叶", "浏览"), ("1002", "咖啡", "购买")],
        encoding="utf-16-le",
    ),
    "UTF-16 BE, marked": Case(
        b"\xfe\xff" + "a,b,c\n1,2,3\n4,5,6\n".encode("utf-16-be"), ABC, TWO, encoding="utf-16-be"
    ),
    "UTF-16 LE, not marked": Case("a,b,c\n1,2,3\n4,5,6\n".encode("utf-16-le"), ABC, TWO, encoding="utf-16-le"),
    "UTF-16 BE, not marked": Case("a,b,c\n1,2,3\n4,5,6\n".encode("utf-16-be"), ABC, TWO, encoding="utf-16-be"),
    "GB18030": Case(
        CHINESE.encode("gb18030"),
        ("用户", "商品", "行为"),
        [("1001", "茶叶", "浏览"), ("1002", "咖啡", "购买")],
        encoding="gb18030",
    ),
    "encoding by word": Case(
        "a,b\n1,Ж\n".encode("cp1251"), ("a", "b"), [("1", "Ж")], encoding="cp1251", says=(("encoding", "windows-1251"),)
    ),
    "one damaged row in UTF-8": Case(
        b"a,b\n" + "".join(f"{k},süß\n" for k in range(20)).encode() + b"x,\xff\xfe\n",
        ("a", "b"),
        [(str(k), "süß") for k in range(20)],
        malformed=1,
    ),
    "gzip": Case(gzip.compress(b"a,b,c\n1,2,3\n4,5,6\n"), ABC, TWO),
    "gzip of two members": Case(gzip.compress(b"a,b,c\n1,2,3\n") + gzip.compress(b"4,5,6\n"), ABC, TWO),
    "gzip of Latin-1": Case(
        gzip.compress("a,b\n1,süß\n".encode("latin-1")), ("a", "b"), [("1", "süß")], encoding="windows-1252"
    ),
}


@pytest.fixture
def store(tmp_path: Path) -> Any:
    with Store(tmp_path / "w.duckdb", reads=[tmp_path]) as store:
        yield store


def opened(store: Store, data: bytes, name: str = "file.bin", **says: Any) -> Source:
    path = store.path.parent / name
    path.write_bytes(data)
    return open_source(path, spool=store.spool, **says)


def rows(store: Store, source: Source) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in store.rows(Query("SELECT * FROM ") + relation(source))]


@pytest.mark.parametrize("name", CASES)
def test_a_file_is_recognised_and_read(store: Store, name: str) -> None:
    case = CASES[name]
    source = opened(store, case.data, **dict(case.says))
    assert source.columns == case.columns
    assert (source.format, source.delimiter, source.quote, source.header) == (
        "csv",
        case.delimiter,
        case.quote,
        case.header,
    )
    assert (source.encoding, source.lines_before) == (case.encoding, case.lines_before)
    assert source.rows == case.counted
    assert source.rejected == case.rejected
    assert rows(store, source) == list(case.rows)
    assert (source.bytes, source.sha256) == (len(case.data), hashlib.sha256(case.data).hexdigest())
    assert source.compression == ("gzip" if case.data[:2] == b"\x1f\x8b" else None)
    assert preview(store, source, 1).column_names == list(case.columns)


@pytest.mark.parametrize("name", CASES)
def test_every_copy_can_be_discarded(store: Store, name: str) -> None:
    before = set(store.spool.iterdir())
    case = CASES[name]
    source = opened(store, case.data, **dict(case.says))
    made = set(store.spool.iterdir()) - before
    assert made == {p for p in (source.readable, source.rejects) if p} - {source.path}, (
        "nothing else stays in the spool"
    )
    discard(source, store.spool)
    assert set(store.spool.iterdir()) == before
    assert source.path.exists()


def test_a_clean_file_is_read_where_it_is(store: Store) -> None:
    source = opened(store, CASES["comma"].data)
    assert source.readable == source.path


def test_refused_rows_are_kept_with_their_lines(store: Store) -> None:
    data = b'a,b\n1,"two\nlines"\n3,\0\n"4" x,5\n6,7\n'
    source = opened(store, data)
    assert source.rejects is not None
    found = store.rows(Query("SELECT line, reason, raw FROM read_parquet(?)", (str(source.rejects),)))
    assert [tuple(row.values()) for row in found] == [(4, "nul_bytes", "3,"), (5, "bad_quotes", '"4" x,5')]
    assert rows(store, source) == [("1", "two\nlines"), ("6", "7")]


@pytest.mark.parametrize(
    "data, code",
    [
        (b"", "empty_file"),
        (b"\n\n\n", "empty_file"),
        (b"a,b,c\n", "no_rows"),
        (b"a,b,c", "no_rows"),
        (b"%PDF-1.7 x", "not_a_table"),
        (b"\x89PNG\r\n\x1a\n", "not_a_table"),
        (bytes(range(256)) * 40, "not_a_table"),
        (b"PK\x03\x04" + b"holiday.jpg" * 10, "not_a_table"),
        (b"PK\x03\x04" + b"[Content_Types].xml" * 10, "damaged_workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "damaged_workbook"),
        (b"PAR1 and nothing more", "damaged_parquet"),
        (gzip.compress(b"a,b\n1,2\n" * 1000)[:-20], "damaged_gzip"),
        (b"\x1f\x8b\x08" + b"x" * 50, "damaged_gzip"),
        (b'a,b,c\n1,"2,3\n4,5,6\n', "unterminated_quote"),
        (b'{"a": 1,\n"b": \n', "not_json_lines"),
        (b'{"rows": [{"a": 1}, {"a": 2}]}', "one_json_object"),
    ],
)
def test_what_is_no_table_is_refused_in_words(store: Store, data: bytes, code: str) -> None:
    before = set(store.spool.iterdir())
    with pytest.raises(Refusal) as refused:
        opened(store, data)
    assert refused.value.code == code
    assert "file.bin" in refused.value.message or code == "unterminated_quote"
    assert set(store.spool.iterdir()) == before


def test_paths_that_cannot_be_read(store: Store, tmp_path: Path) -> None:
    for path, code in ((tmp_path, "is_a_folder"), (tmp_path / "none.csv", "no_such_file")):
        with pytest.raises(Refusal) as refused:
            open_source(path, spool=store.spool)
        assert refused.value.code == code


def test_a_gzip_bomb_is_refused_before_it_fills_the_disk(store: Store) -> None:
    bomb = gzip.compress(b"\n" * (300 << 20))
    with pytest.raises(Refusal) as refused:
        opened(store, bomb)
    assert refused.value.code == "too_compressed"


def test_an_unknown_encoding_is_refused(store: Store) -> None:
    with pytest.raises(Refusal) as refused:
        opened(store, b"a,b\n1,2\n", encoding="klingon")
    assert refused.value.code == "unknown_encoding"


def test_latin_1_far_into_a_file_that_began_as_ascii(store: Store) -> None:
    data = b"id,name\n" + b"".join(b"%d,plain\n" % k for k in range(200_000)) + "x,Müller\n".encode("latin-1")
    source = opened(store, data)
    assert (source.encoding, source.rows) == ("windows-1252", 200_001)
    last = store.rows(Query("SELECT name FROM ") + relation(source) + " WHERE id = 'x'")
    assert last == [{"name": "Müller"}]


def test_bytes_without_meaning_in_gb18030_reject_their_row(store: Store) -> None:
    data = "id,名称\n".encode("gb18030") + "1,茶叶很好喝\n".encode("gb18030") * 5 + b"2,\xd7\xff\n3,x\n"
    source = opened(store, data, encoding="gb18030")
    assert source.rows == 7
    assert rows(store, source) == [("1", "茶叶很好喝")] * 5 + [("3", "x")]


def test_a_person_can_cancel(store: Store) -> None:
    class Stop(Step):
        def cancelled(self) -> bool:
            return True

    path = store.path.parent / "f.csv"
    path.write_bytes(gzip.compress(CASES["comma"].data))
    before = set(store.spool.iterdir())
    with pytest.raises(Cancelled):
        open_source(path, spool=store.spool, step=Stop())
    assert set(store.spool.iterdir()) == before


def test_names_that_look_like_patterns(store: Store) -> None:
    for name in ("a[1].csv", "b*.csv", "it's?.csv"):
        assert rows(store, opened(store, CASES["comma"].data, name)) == TWO


def test_the_ending_of_the_name_counts_for_nothing(store: Store) -> None:
    assert opened(store, json.dumps({"a": 1}).encode(), "x.csv").format == "jsonl"
    assert opened(store, CASES["comma"].data, "x.parquet").format == "csv"


# ---- real data


def test_online_retail(store: Store, online_retail: Path) -> None:
    source = open_source(online_retail, spool=store.spool)
    assert (source.rows, source.compression, source.delimiter, source.header) == (541_909, "gzip", ",", True)
    assert source.columns == (
        "InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country",
    )  # fmt: skip
    found = store.rows(
        Query("SELECT count(*) AS n, count(CustomerID) AS users, sum(Quantity::DOUBLE * UnitPrice::DOUBLE) AS v FROM ")
        + relation(source)
    )[0]
    assert (found["n"], found["users"]) == (541_909, 541_909 - 135_080)
    assert found["v"] == pytest.approx(9_747_747.934)


def test_movielens(store: Store, movielens: Path) -> None:
    ratings = opened(store, (movielens / "ratings.csv").read_bytes(), "ratings.csv")
    movies = opened(store, (movielens / "movies.csv").read_bytes(), "movies.csv")
    assert (ratings.rows, movies.rows) == (100_836, 9_742)
    assert rows(store, movies)[0] == ("1", "Toy Story (1995)", "Adventure|Animation|Children|Comedy|Fantasy")


def test_cdnow(store: Store, cdnow: Path) -> None:
    source = open_source(cdnow, spool=store.spool)
    assert (source.rows, source.header, len(source.columns), source.lines_before) == (6_919, False, 5, 0)
    assert rows(store, source)[0] == ("00004", "0001", "19970101", "2", "29.33")
