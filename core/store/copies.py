"""Copies of a whole workspace, and answers of any length, written to files by DuckDB itself."""

from __future__ import annotations

import os
import secrets
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import duckdb

from core.errors import Refusal
from core.progress import Step
from core.store.query import Query, ident
from core.store.room import room_for
from core.store.watch import watched


def literal(text: str) -> str:
    """`text` as an SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


def copy_out(cursor: duckdb.DuckDBPyConnection, query: Query, file: Path, options: str, step: Step) -> int:
    """Write the answer of `query` (without parameters) to `file`; its rows. `options` are COPY's, SQL of ours."""
    if query.params:
        raise ValueError("a query that is written out takes no parameters")
    try:
        with watched(cursor, step, None, "Writing the file"):
            row = cursor.execute(f"COPY ({query.sql}) TO {literal(str(file))} ({options})").fetchone()
    except BaseException:
        file.unlink(missing_ok=True)
        raise
    return int(row[0]) if row else 0


def copy_database(cursor: duckdb.DuckDBPyConnection, file: Path, step: Step) -> None:
    """Write all of the current database, as one transaction sees it, to the new DuckDB file `file`.

    The copy holds nothing of what was deleted before. A copy that fails leaves no file.
    """
    # a word of its own, since the workspace's may be any ("backup", "ws")
    alias = f"copy_{secrets.token_hex(4)}"
    name = cursor.execute("SELECT current_database()").fetchone()
    assert name is not None
    try:
        cursor.execute(f"ATTACH {literal(str(file))} AS {alias}")
        try:
            with watched(cursor, step, None, "Copying the workspace"):
                cursor.execute(f"COPY FROM DATABASE {ident(str(name[0]))} TO {alias}")
            cursor.execute(f"CHECKPOINT {alias}")
        finally:
            with suppress(duckdb.Error):  # it is the first error that counts
                cursor.execute(f"DETACH {alias}")
    except BaseException:
        for left in (file, file.with_name(f"{file.name}.wal")):
            left.unlink(missing_ok=True)
        raise


@contextmanager
def write_anew(made: Path, target: Path) -> Iterator[Callable[[], None]]:
    """Inside, a copy of `made` lies beside `target`; the function that is given puts it in target's place at once.

    `made` is gone afterwards. A killed process leaves `target` as it was, or whole and new. Raises Refusal `disk_full`,
    `cannot_write`.
    """
    part = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    try:
        with room_for(target):
            move(made, part)
        yield lambda: os.replace(part, target)
    finally:
        made.unlink(missing_ok=True)
        part.unlink(missing_ok=True)


def move(made: Path, target: Path) -> None:
    """Move a file, to another disk too, and see that it has reached the disk."""
    try:
        os.rename(made, target)  # noqa: PTH104  # like os.replace, to be clear that both are files
    except OSError:
        shutil.copyfile(made, target)
        made.unlink()
    with target.open("rb") as file:
        os.fsync(file.fileno())


class Gate:
    """Lets any number of threads pass, or one be alone."""

    SECONDS = 10.0

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._inside = 0
        self._closed = False

    @contextmanager
    def passing(self) -> Iterator[None]:
        """Be inside with others; waits while one is alone, or waits to be."""
        with self._changed:
            while self._closed:
                self._changed.wait()
            self._inside += 1
        try:
            yield
        finally:
            with self._changed:
                self._inside -= 1
                self._changed.notify_all()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Be inside alone. Raises Refusal `workspace_busy` when others do not leave within some seconds."""
        deadline = time.monotonic() + self.SECONDS
        with self._changed:
            self._closed = True
            try:
                while self._inside:
                    if not self._changed.wait(deadline - time.monotonic()) and self._inside:
                        raise Refusal(
                            "workspace_busy",
                            "The workspace is being read by others at this moment.",
                            "Wait until downloads and figures are done, and try again.",
                            exit_code=4,
                        )
            except BaseException:
                self._closed = False
                self._changed.notify_all()
                raise
        try:
            yield
        finally:
            with self._changed:
                self._closed = False
                self._changed.notify_all()
