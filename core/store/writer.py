"""What may be done inside Store.atomic: one transaction's statements, reads that see them, and the repairs' views."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa

from core.progress import Step, no_step
from core.store import hollow, lens
from core.store.guarded import running
from core.store.query import Query
from core.store.tables import table_columns

AS_OF = Query(
    "SELECT max(e.at_utc) AS last FROM events e JOIN batches b USING (batch_no) "
    "WHERE e.at_utc < b.loaded_at + INTERVAL 1 DAY"
)
"""The last event that counts: see Store.as_of."""

if TYPE_CHECKING:
    from core.store.store import Store  # which makes writers


class Writer:
    """What may be done inside Store.atomic. It belongs to the thread that opened it."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection, store: Store) -> None:
        self._cursor = cursor
        self.store = store
        self._hollow: set[str] = set()  # tables whose last insert gave no row (core.store.hollow)

    def run(self, query: Query | str, *, step: Step = no_step, note: str | None = None) -> int:
        """Carry out one statement; the number of rows it changed (0 for statements that change none).

        With a `note`, the step is told how far the statement is.
        """
        query = Query(query) if isinstance(query, str) else query
        table = hollow.target(query.sql)
        if table in self._hollow:
            hollow.fill(self._cursor, table)
            self._hollow.discard(table)
        with running(self._cursor, query, step, note=note):
            row = self._cursor.execute(query.sql, query.params).fetchone()
        changed = int(row[0]) if row and isinstance(row[0], int) else 0
        if table and not changed:
            self._hollow.add(table)
        return changed

    def read(self, query: Query, *, step: Step = no_step) -> pa.Table:
        """Like Store.read, seeing what this writer has done so far."""
        with running(self._cursor, query, step):
            return self._cursor.sql(query.sql, params=query.params).to_arrow_reader(100_000).read_all()

    def rows(self, query: Query, *, step: Step = no_step) -> list[dict[str, Any]]:
        """Like Store.rows, seeing what this writer has done so far."""
        with running(self._cursor, query, step):  # not by Arrow, which takes twice as long for a few rows
            found = self._cursor.execute(query.sql, query.params)
            names = [str(column[0]) for column in found.description or ()]
            return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    def columns(self, table: str) -> list[tuple[str, str]]:
        """(name, SQL type) of each column of a loaded table, in order, as this writer has made it so far."""
        return table_columns(self._cursor, table)

    def as_of(self) -> datetime | None:
        """Like Store.as_of, seeing what this writer has done so far; inside `repaired`, of what readers see."""
        last: datetime | None = self.rows(AS_OF)[0]["last"]
        return None if last is None else last + timedelta(microseconds=1)

    @contextmanager
    def repaired(self) -> Iterator[None]:
        """Inside, `events`, `users` and `items` are what readers see, with what repairs have done so far; only read."""
        self._cursor.execute(f"USE {lens.SCHEMA}")
        try:
            yield
        finally:
            with suppress(duckdb.Error):  # a transaction that failed refuses even this, and it ends anyway
                self._cursor.execute("USE main")

    def forget_repairs(self) -> None:
        """Show all as it was loaded (core.store.lens.prepare); `show_repairs` follows when repairs are worked out."""
        lens.prepare(self._cursor)

    def show_repairs(self) -> bool:
        """Let readers see what stands in touched_* and mended_*; whether there is anything."""
        return lens.refresh(self._cursor)

    @contextmanager
    def table(self, name: str, rows: pa.Table) -> Iterator[None]:
        """Let statements inside the `with` read `rows` under `name` (a plain identifier, not a person's)."""
        self._cursor.register(name, rows)
        try:
            yield
        except BaseException:
            with suppress(
                duckdb.Error
            ):  # a transaction that failed refuses even this, and it is the first error that counts
                self._cursor.unregister(name)
            raise
        self._cursor.unregister(name)
