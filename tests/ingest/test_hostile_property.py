"""Files made of hostile pieces: a refusal, or counts that add up; and rows as Python's csv module reads them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import Refusal
from core.ingest import ColumnMap, LoadReport, Mapping, Role, Source, discard, load, open_source
from core.store import Query, Store
from tests.examples import examples
from tests.ingest.loading import reconciled, workspace


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with workspace(tmp_path_factory.mktemp("w")) as store:
        yield store


PIECES = st.sampled_from(
    [b"a", b"u1", b"7", b"1e999", b"9" * 40, b"-1,5", b"2024-01-05", b"31/02/2024", b"0000-00-00", b"25:61", b"12 %",
     b"(3)", b"\xe2\x82\xac 5", b"'", b'"', b'""', b",", b";", b"\t", b"|", b"\n", b"\r", b"\r\n", b"\n\n", b"\0",
     b"\xff", b"\xc3", b"\xef\xbb\xbf", b" ", b"\xc2\xa0", b"=1+1", b"\\", b"\x1f", b"{", b"[]"]
)  # fmt: skip
WILD = st.lists(PIECES, max_size=60).map(b"".join)
CELL = st.text(st.sampled_from("ab1,;|\t\"' \n\r.-é€\u00a0"), max_size=8)
DIALECT = st.tuples(st.sampled_from(",;\t|"), st.sampled_from(["\n", "\r\n"]), st.booleans(), st.booleans())
ROLES: tuple[Role, ...] = ("user", "item", "context", "time", "value", "clock")
HEADER = ("user", "item", "note")


def loaded(store: Store, data: bytes, *, delimiter: str | None = None, header: bool | None = None) -> LoadReport | None:
    """The report on a file with this content, checked; None where it was refused. Nothing stays behind."""
    path = store.path.parent / "hostile.csv"
    path.write_bytes(data)
    file: Source | None = None
    try:
        file = open_source(path, spool=store.spool, delimiter=delimiter, header=header)
        rows = file.rows
        roles = zip(file.columns, ROLES, strict=False)
        how = Mapping("events", tuple(ColumnMap(name, role) for name, role in roles), event="view", zone="Europe/Rome")
        seen: list[tuple[LoadReport, object, object]] = []
        with suppress(_Enough), store.atomic() as writer:
            report = load(writer, [file], how)
            kept = writer.rows(Query("SELECT count(DISTINCT line) AS n FROM rejects"))[0]["n"]
            made = writer.rows(Query("SELECT count(*) AS n FROM events"))[0]["n"]
            seen.append((report, kept, made))
            raise _Enough
        [(report, kept, made)] = seen
        assert reconciled(report).rows_read == rows
        assert (kept, made) == (report.rows_rejected, report.rows_loaded)
        return report
    except Refusal as refused:
        return None if refused.code and refused.message else pytest.fail("a refusal that says nothing")
    finally:
        if file:
            discard(file, store.spool)


class _Enough(Exception):
    """Undoes a load that has been looked at."""


@settings(max_examples=examples(20), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(start=st.sampled_from([b"", b"user,item,note\n", b"user;item;note;when\r\n", b"\xef\xbb\xbf"]), wild=WILD)
def test_any_bytes_end_in_a_refusal_or_in_counts_that_add_up(store: Store, start: bytes, wild: bytes) -> None:
    loaded(store, start + wild)


@settings(max_examples=examples(15), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(CELL, CELL, CELL), min_size=1, max_size=12), dialect=DIALECT)
def test_rows_are_those_that_the_csv_module_reads(
    store: Store, rows: list[tuple[str, str, str]], dialect: tuple[str, str, bool, bool]
) -> None:
    delimiter, end, always, mark = dialect
    out = io.StringIO()
    writer = csv.writer(
        out, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_ALL if always else csv.QUOTE_MINIMAL
    )
    writer.writerows([HEADER, *rows])
    text = out.getvalue()
    if not always and any(set(cell) & set("\r\n") for row in rows for cell in row):
        text = text.replace("\r", "").replace("\n", end) if end == "\n" else text
    read = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if row]
    report = loaded(store, (b"\xef\xbb\xbf" if mark else b"") + text.encode(), delimiter=delimiter, header=True)
    if report is not None:
        assert report.rows_read == len(read) - 1


def test_the_spool_is_left_empty(store: Store, tmp_path: Path) -> None:
    before = set(store.spool.iterdir())  # the spool is the process's: other tests may have left something
    assert loaded(store, b"user,item\nu1,a\nu2,b\0\n") is not None
    assert set(store.spool.iterdir()) == before
