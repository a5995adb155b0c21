"""One workspace, open in this process: reads on their own cursor, writes one at a time and all or nothing."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Self

import duckdb
import pyarrow as pa

from core.progress import Step, no_step
from core.store import guard, lens
from core.store.connect import connect, use
from core.store.copies import Gate, copy_database, copy_out, write_anew
from core.store.encryption import is_attached
from core.store.folders import open_folders
from core.store.guarded import batches, only_reading, running
from core.store.query import Query
from core.store.room import room_for, room_refusal
from core.store.schema import MIGRATIONS
from core.store.scratch import Scratch
from core.store.watch import watched
from core.store.writer import AS_OF, Writer


class Store:
    """An open workspace, safe to share by threads. One per workspace and process: core.store.open_workspace keeps them.

    Attributes:
        path: the workspace file.
        spool: folder of uploads and prepared files, readable by the load; emptied when the store closes.
        exports: folder into which files for download are written.
    """

    def __init__(self, path: Path, *, reads: Sequence[Path] = ()) -> None:
        """Open `path`, made if absent, and bring its tables up to date.

        `reads` are files or folders outside the spool that loads may read (a server folder, the command line's
        files); nothing else on the machine can be reached through SQL, and that cannot be changed later.
        Raises Refusal `workspace_locked` (exit code 4), `not_a_workspace`, `workspace_from_newer_version`,
        `key_missing`, `wrong_key`, `encryption_unavailable`.
        """
        self.path = path
        self.spool, self.exports = open_folders()
        self._connect = partial(connect, path, reads=[self.spool, self.exports, *reads])
        self._connection = self._connect()
        self._attached = is_attached(self._connection)
        self._writing, self._noting, self._gate = threading.Lock(), threading.Lock(), Gate()
        self._cache: dict[str, tuple[int, datetime | None]] = {}
        self._migrate()
        self._version = int(self._value(Query("SELECT value FROM meta WHERE key = 'version'")))

    # ---- reading

    @property
    def version(self) -> int:
        """Rises with every change of data (not of jobs or saved segments); part of every cache key."""
        return self._version

    def read(self, query: Query, *, step: Step = no_step, seconds: float | None = None, raw: bool = False) -> pa.Table:
        """The answer to `query` as an Arrow table, from one consistent snapshot.

        It sees the data as repaired, with `raw` as they were loaded (core.store.lens).
        Raises Cancelled when `step` is cancelled, Refusal `too_slow` after `seconds`.
        """
        with self._reading(raw) as cursor, only_reading(cursor, query), running(cursor, query, step, seconds):
            return cursor.sql(query.sql, params=query.params).to_arrow_reader(100_000).read_all()

    def stream(
        self, query: Query, *, rows: int = 50_000, step: Step = no_step, raw: bool = False
    ) -> Iterator[pa.RecordBatch]:
        """The answer in batches of at most `rows`, for files of any length: memory does not grow with them."""
        with self._reading(raw) as cursor, only_reading(cursor, query):
            yield from batches(cursor, query, rows, step)

    def rows(self, query: Query, *, step: Step = no_step, raw: bool = False) -> list[dict[str, Any]]:
        """The answer as a list of plain dicts, for small results."""
        answer: list[dict[str, Any]] = self.read(query, step=step, raw=raw).to_pylist()
        return answer

    @contextmanager
    def scratch(self) -> Iterator[Scratch]:
        """Reads that share temporary tables (core.store.scratch); they see the data as repaired."""
        with self._reading() as cursor:
            yield Scratch(cursor)

    def as_of(self) -> datetime | None:
        """The default end of every window: just after (1 microsecond) the last event; UTC; None without timed events.

        Events dated more than a day after they were loaded are kept, but do not move it: one mistyped year must
        not empty every "last 30 days".
        """
        cached = self._cache.get("as_of")
        if cached is None or cached[0] != self._version:
            last = self._value(AS_OF)
            cached = (self._version, None if last is None else last + timedelta(microseconds=1))
            self._cache["as_of"] = cached
        return cached[1]

    def ask(self, sql: str, *, seconds: float = 30.0, rows: int = 100_000) -> pa.Table:
        """The answer to an analyst's own SELECT: at most `rows` + 1 rows, so that a longer answer can be told apart.

        Nothing can be changed and no file read through it (core.store.guard). Raises Refusal `sql_...`, `too_slow`.
        """
        with self._reading() as cursor:
            text = guard.check(cursor, sql)
            cursor.execute("BEGIN TRANSACTION READ ONLY")
            try:
                with watched(cursor, no_step, seconds):
                    reader = cursor.sql(text).to_arrow_reader(10_000)
                    return _first(reader, rows + 1)
            except duckdb.Error as error:
                raise guard.sql_error(error) from None
            finally:
                _roll_back(cursor)

    # ---- writing

    @contextmanager
    def atomic(self, *, data: bool = True, step: Step = no_step) -> Iterator[Writer]:
        """All that the writer does is kept, or none of it: on an error or a killed process nothing has happened.

        One writer at a time: a second one waits here (and can be cancelled while it waits). `data=False` for
        rows that are not data (jobs, saved segments): the version stays.
        """
        while not self._writing.acquire(timeout=0.1):
            step.check()
        try:
            with self._cursor() as cursor:
                cursor.execute("BEGIN")
                try:
                    yield Writer(cursor, self)
                    if data:
                        cursor.execute("UPDATE meta SET value = ? WHERE key = 'version'", (str(self._version + 1),))
                    cursor.execute("COMMIT")
                except BaseException as error:
                    _roll_back(cursor)
                    full = room_refusal(self.path, error) if isinstance(error, duckdb.Error) else None
                    if full:
                        raise full from None
                    raise
            if data:
                self._version += 1
        finally:
            self._writing.release()

    def note(self, query: Query) -> None:
        """Carry out one short statement at once, in a transaction of its own, beside the writer at work.

        Only for rows that no other writer touches (the start and end of a job, which must not wait for a load that
        takes minutes): DuckDB refuses the second of two transactions that change the same row.
        """
        with self._noting, self._cursor() as cursor:
            cursor.execute(query.sql, query.params)

    def checkpoint(self) -> None:
        """Fold the write-ahead log into the file, so that the file alone is the workspace (before copying it)."""
        with self._writing, self._cursor() as cursor:
            cursor.execute("CHECKPOINT")

    # ---- copies

    def copy_out(
        self, parts: Sequence[tuple[Query, Path, str]], *, step: Step = no_step, raw: bool = False
    ) -> list[int]:
        """Write answers to files in `exports`, all as one moment sees them; the rows of each. Memory stays flat.

        Each part is a query without parameters, a file, and options of DuckDB's COPY (SQL of ours: "FORMAT parquet").
        Raises Refusal `disk_full`, Cancelled; then there are no files.
        """
        with self._reading(raw) as cursor, room_for(parts[0][1]):
            return copy_out(cursor, parts, step)

    def copy_whole(self, file: Path, *, step: Step = no_step) -> dict[str, int]:
        """Write the workspace, as it is at this moment, to a new DuckDB file in `exports`; table -> rows.

        Others may read and write meanwhile. Raises Refusal `disk_full`, Cancelled; then there is no file.
        """
        with self._cursor() as cursor, room_for(file):
            return copy_database(cursor, file, step)

    def compact(self, *, step: Step = no_step) -> tuple[int, int]:
        """Write the workspace's file anew, so that nothing deleted is left in its bytes; its size before and after.

        Reading goes on while the copy is made, writing waits; for the change of files, reading waits a moment too. Not
        inside `atomic`. A killed process leaves the old file or the new one, whole. Raises Refusal `disk_full`,
        `workspace_busy` (a long answer is being read), Cancelled; then the file is as it was.
        """
        with self._writing, self._noting:
            with self._cursor() as cursor:
                cursor.execute("CHECKPOINT")
            copy = self.exports / f"compact-{secrets.token_hex(4)}.duckdb"
            self.copy_whole(copy, step=step)
            with write_anew(copy, self.path) as put, self._gate.alone():
                before = self.path.stat().st_size
                self._connection.close()
                try:
                    put()
                finally:
                    self._connection = self._connect()
            return before, self.path.stat().st_size

    def close(self) -> None:
        """Close the file and let other processes have it. Waits some seconds for other threads' reads to end."""
        for _ in range(50):
            with suppress(duckdb.ResourceInUseException):
                self._connection.close()
                return
            time.sleep(0.1)
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # ---- inside

    @contextmanager
    def _cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        with self._gate.passing():
            cursor = self._connection.cursor()
            try:
                if self._attached:
                    use(cursor)
                yield cursor
            finally:
                cursor.close()

    @contextmanager
    def _reading(self, raw: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
        with self._cursor() as cursor:
            if not raw:
                cursor.execute(f"USE {lens.SCHEMA}")
            yield cursor

    def _value(self, query: Query):  # type: ignore[no-untyped-def]  # one cell of any type
        with self._reading() as cursor:
            row = cursor.execute(query.sql, query.params).fetchone()
            return row[0] if row else None

    def _migrate(self) -> None:
        with self._cursor() as cursor:
            cursor.execute("CREATE TABLE IF NOT EXISTS migrations (number INTEGER PRIMARY KEY, name VARCHAR NOT NULL)")
            row = cursor.execute("SELECT count(*) FROM migrations").fetchone()
            seen = row[0] if row else 0
        missing = list(enumerate(MIGRATIONS[seen:], start=seen + 1))
        for together in [missing[n : n + 1] for n in range(len(missing))] if seen else [missing]:
            with self._cursor() as cursor:
                cursor.execute("BEGIN")
                for number, (name, sql) in together:
                    if isinstance(sql, str):
                        cursor.execute(sql)
                    else:
                        sql(cursor)
                    cursor.execute("INSERT INTO migrations VALUES (?, ?)", (number, name))
                cursor.execute("COMMIT")
        with self._cursor() as cursor:
            if lens.is_behind(cursor):
                cursor.execute("BEGIN")
                lens.refresh(cursor)
                cursor.execute("COMMIT")


def _first(reader: pa.RecordBatchReader, rows: int) -> pa.Table:
    """The first `rows` rows; the rest of the answer is never made."""
    batches: list[pa.RecordBatch] = []
    seen = 0
    for batch in reader:
        batches.append(batch)
        seen += batch.num_rows
        if seen >= rows:
            break
    return pa.Table.from_batches(batches, schema=reader.schema).slice(0, rows)


def _roll_back(cursor: duckdb.DuckDBPyConnection) -> None:
    with suppress(duckdb.Error):  # DuckDB may have ended the transaction itself (a failed COMMIT, a fatal error)
        cursor.execute("ROLLBACK")
