"""Recognising files: a table of cases walked by one test, refusals, prepared copies, real data."""

from __future__ import annotations

import gzip
import hashlib
import json
import shutil
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest

from core.errors import Refusal
from core.ingest import Source, discard, open_source, preview, relation, spool
from core.progress import Cancelled, Step
from core.store import Query, Store
from tests.ingest.cases import CASES, TWO
from tests.prepared import new_store


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """One for all: recognising a file puts nothing into a workspace."""
    folder = tmp_path_factory.mktemp("source")
    with new_store(folder / "w.duckdb", reads=[folder]) as store:
        yield store


def opened(store: Store, data: bytes, name: str = "file.bin", **says: Any) -> Source:
    path = Path(mkdtemp(dir=store.path.parent)) / name
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
        (gzip.compress(b"a,b\n1,2\n" * 1000, mtime=0)[:-20], "damaged_gzip"),
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


def test_a_gzip_bomb_is_refused_before_it_fills_the_disk(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool, "_FIRST_LOOK", 1 << 20)
    bomb = gzip.compress(b"\n" * (30 << 20))
    with pytest.raises(Refusal) as refused:
        opened(store, bomb)
    assert refused.value.code == "too_compressed"


@pytest.mark.parametrize("name", ["gzip", "UTF-16 LE, marked", "mixed line ends", "NUL bytes", "runs of spaces"])
def test_a_full_disk_is_a_refusal_that_leaves_nothing_behind(
    store: Store, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = set(store.spool.iterdir())
    monkeypatch.setattr(spool.shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(100, 100, 0))  # type: ignore[attr-defined]
    with pytest.raises(Refusal) as refused:
        opened(store, CASES[name].data)
    assert refused.value.code == "disk_full"
    assert set(store.spool.iterdir()) == before


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
