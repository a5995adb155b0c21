"""Copies of a whole workspace, and answers of any length, written to files by DuckDB itself."""

from __future__ import annotations

import glob
import os
import secrets
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import duckdb

from core.errors import Refusal
from core.progress import Step, no_step
from core.store.encryption import KEY, attach, encryption_key
from core.store.query import Query, ident, literal
from core.store.room import room_for
from core.store.watch import watched


def copy_out(cursor: duckdb.DuckDBPyConnection, parts: Sequence[tuple[Query, Path, str]], step: Step) -> list[int]:
    """Write answers to files, all as one moment sees them; the rows of each. Either all files are there, or none.

    Each part is a query without parameters, a file, and the options of COPY (SQL of ours).
    """
    rows: list[int] = []
    cursor.execute("BEGIN TRANSACTION READ ONLY")
    try:
        for k, (query, file, options) in enumerate(parts):
            if query.params:
                raise ValueError("a query that is written out takes no parameters")
            part = step.part(k / len(parts), (k + 1) / len(parts)) if step is not no_step else step
            with watched(cursor, part, None, f"Writing {file.name}"):
                row = cursor.execute(f"COPY ({query.sql}) TO {literal(str(file))} ({options})").fetchone()
            rows.append(int(row[0]) if row else 0)
    except BaseException:
        for _, file, _ in parts:
            file.unlink(missing_ok=True)
        raise
    finally:
        with suppress(duckdb.Error):
            cursor.execute("ROLLBACK")
    return rows


def copy_database(cursor: duckdb.DuckDBPyConnection, file: Path, step: Step) -> dict[str, int]:
    """Write all of the current database, as one transaction sees it, to the new DuckDB file `file`; table -> rows.

    The copy holds nothing of what was deleted before, and is encrypted with the key at hand where the database is. A
    copy that fails leaves no file. Raises Refusal `encrypted_workspace`, where the key is not here any longer.
    """
    alias = f"copy_{secrets.token_hex(4)}"  # a word of its own, since the workspace's may be any ("backup", "ws")
    name, encrypted = _one(
        cursor, "SELECT database_name, encrypted FROM duckdb_databases() WHERE database_name = current_database()"
    )
    key = encryption_key() if encrypted else None
    if encrypted and key is None:
        raise Refusal(
            "encrypted_workspace",
            "The workspace is encrypted, and its copy would not be: the key is not here any longer.",
            f"Set {KEY}, or copy the file while the workspace is closed.",
        )
    try:
        attach(cursor, file, alias, key)
        try:
            cursor.execute("BEGIN")
            with watched(cursor, step, None, "Copying the workspace"):
                cursor.execute(f"COPY FROM DATABASE {ident(str(name))} TO {alias}")
            counts = count_tables(cursor, str(name))
            cursor.execute("COMMIT")
            cursor.execute(f"CHECKPOINT {alias}")
        finally:
            for last in ("ROLLBACK", f"DETACH {alias}"):
                with suppress(duckdb.Error):  # no transaction is open; or it is the first error that counts
                    cursor.execute(last)
    except BaseException:
        for left in (file, file.with_name(f"{file.name}.wal")):
            left.unlink(missing_ok=True)
        raise
    return counts


def count_tables(cursor: duckdb.DuckDBPyConnection, database: str) -> dict[str, int]:
    """Table -> rows, of every table of a database."""
    tables = cursor.execute(
        "SELECT table_name FROM duckdb_tables() WHERE database_name = ? AND schema_name = 'main' ORDER BY ALL",
        (database,),
    ).fetchall()
    place = ident(database)
    return {str(t): int(_one(cursor, f"SELECT count(*) FROM {place}.main.{ident(t)}")[0]) for (t,) in tables}


def _one(cursor: duckdb.DuckDBPyConnection, sql: str) -> tuple[Any, ...]:
    row = cursor.execute(sql).fetchone()
    if row is None:
        raise ValueError("no row")
    return row


@contextmanager
def write_anew(made: Path, target: Path, *, replace: bool = True) -> Iterator[Callable[[], None]]:
    """Inside, a copy of `made` lies beside `target`; the function that is given puts it in target's place at once.

    Without `replace` it is never put over a file that is there, however late that came. `made` is gone afterwards. A
    killed process leaves `target` as it was, or whole and new. Raises Refusal `disk_full`, `cannot_write`,
    `file_exists`.
    """
    part = beside(target)
    try:
        with room_for(target):
            move(made, part)
        yield lambda: _put(part, target, replace=replace)
    finally:
        made.unlink(missing_ok=True)
        part.unlink(missing_ok=True)


def beside(target: Path) -> Path:
    """A name beside `target` for what is not whole yet; what a killed process left there under such a name goes."""
    for left in target.parent.glob(f".{glob.escape(target.name)}.*.part"):
        if not _alive(left.name.split(".")[-2].partition("-")[0]):
            shutil.rmtree(left, ignore_errors=True) if left.is_dir() else left.unlink(missing_ok=True)
    return target.with_name(f".{target.name}.{os.getpid()}-{secrets.token_hex(4)}.part")


def _put(part: Path, target: Path, *, replace: bool) -> None:
    if replace:
        os.replace(part, target)  # noqa: PTH105  # both are files
        return
    try:
        os.link(part, target)
    except FileExistsError:
        raise Refusal("file_exists", f"{target} exists.", "Name another file.") from None
    except OSError:  # a disk that knows no links
        with target.open("xb") as out, part.open("rb") as made:
            shutil.copyfileobj(made, out)


def _alive(process: str) -> bool:
    try:
        os.kill(int(process), 0)
    except (ValueError, ProcessLookupError):
        return False
    except OSError:
        return True
    return True


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
