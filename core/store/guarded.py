"""Running queries that may hold an analyst's own SELECT: those have a time limit, and their errors are the analyst's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import duckdb
import pyarrow as pa

from core.progress import Step
from core.store.guard import part_error
from core.store.query import Query
from core.store.watch import watched

LIMIT = 30.0
"""Seconds that a query with an analyst's SELECT in it may take until it gives its first rows."""


@contextmanager
def running(
    cursor: duckdb.DuckDBPyConnection, query: Query, step: Step, seconds: float | None = None, note: str | None = None
) -> Iterator[None]:
    """`watched`; for a guarded query at most LIMIT seconds, and errors of DuckDB as Refusal `sql_error`."""
    if not query.guarded:
        with watched(cursor, step, seconds, note):
            yield
        return
    try:
        with watched(cursor, step, LIMIT if seconds is None else min(seconds, LIMIT), note):
            yield
    except duckdb.Error as error:
        raise part_error(error) from None


@contextmanager
def only_reading(cursor: duckdb.DuckDBPyConnection, query: Query) -> Iterator[None]:
    """A second lock on the door, beside the check of its text: a guarded query cannot change anything."""
    if not query.guarded:
        yield
        return
    cursor.execute("BEGIN TRANSACTION READ ONLY")
    try:
        yield
    finally:
        with suppress(duckdb.Error):
            cursor.execute("ROLLBACK")


def batches(cursor: duckdb.DuckDBPyConnection, query: Query, rows: int, step: Step) -> Iterator[pa.RecordBatch]:
    """The answer in batches. The analyst's part is done when the first has come; a long file may then take its time."""
    with running(cursor, query, step):
        reader = cursor.sql(query.sql, params=query.params).to_arrow_reader(rows)
        first = next(reader, None) if query.guarded else None
    if first is not None:
        yield first
    with watched(cursor, step, None):
        yield from reader
