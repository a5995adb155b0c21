"""Reading with tables of one's own: many questions on one cursor, about the data and about what was found in them.

A Store's reads each have a cursor to themselves and leave nothing behind. What works in several steps (the rows that
findings choose, then what those rows change) keeps its steps in temporary tables of one cursor; they go with it, are
never part of the workspace's file, and nobody else sees them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import duckdb
import pyarrow as pa

from core.progress import Step, no_step
from core.store.guarded import batches, running
from core.store.query import Query, ident


class Scratch:
    """What `Store.scratch` hands out. It belongs to the thread that opened it; each question sees the newest data."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection) -> None:
        self._cursor = cursor

    def read(self, query: Query, *, step: Step = no_step) -> pa.Table:
        """Like Store.read, with the tables made here beside the data."""
        with running(self._cursor, query, step):
            return self._cursor.sql(query.sql, params=query.params).to_arrow_reader(100_000).read_all()

    def rows(self, query: Query, *, step: Step = no_step) -> list[dict[str, Any]]:
        """Like Store.rows, with the tables made here beside the data."""
        answer: list[dict[str, Any]] = self.read(query, step=step).to_pylist()
        return answer

    def stream(self, query: Query, *, rows: int = 50_000, step: Step = no_step) -> Iterator[pa.RecordBatch]:
        """Like Store.stream; nothing else can be asked here before it has come to its end."""
        yield from batches(self._cursor, query, rows, step)

    @contextmanager
    def keep(self, name: str, query: Query, *, step: Step = no_step) -> Iterator[None]:
        """Inside the `with`, the answer to `query` is the table `name` (ours, and not the name of a data table)."""
        with running(self._cursor, query, step):
            self._cursor.execute(f"CREATE TEMP TABLE {ident(name)} AS {query.sql}", query.params)
        try:
            yield
        finally:
            self._cursor.execute(f"DROP TABLE temp.{ident(name)}")

    @contextmanager
    def table(self, name: str, rows: pa.Table) -> Iterator[None]:
        """Inside the `with`, `rows` are read as the table `name` (ours, and not the name of a data table)."""
        self._cursor.register(name, rows)
        try:
            yield
        finally:
            self._cursor.unregister(name)
