"""Opening the DuckDB file of a workspace, locked down: no network, no extensions, no files but the named ones."""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Sequence
from pathlib import Path

import duckdb

from core.errors import Refusal
from core.store.encryption import ATTACHED, attach, encryption_key, is_encrypted, key_refusal, prepare_crypto
from core.store.folders import open_folders
from core.store.memory import memory_limit
from core.store.room import SPILL
from core.store.schema import MIGRATIONS

_spills = itertools.count()

CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "python_enable_replacements": False,
}


def connect(path: Path, *, reads: Sequence[Path]) -> duckdb.DuckDBPyConnection:
    """A connection to `path` that can reach no file but itself and `reads`, with its configuration locked.

    With a key (core.store.encryption), new files are encrypted; one that is there and is not stays as it is. An
    encrypted file is attached, and each cursor must `use` it.
    """
    there = path.exists() and path.stat().st_size > 0
    connection = _open(path)
    try:
        if there:
            _refuse_newer(path, connection)
        folders = [f"{p.resolve()}{os.sep}" for p in reads if p.is_dir()]
        files = [str(p.resolve()) for p in reads if not p.is_dir()]
        connection.execute("SET GLOBAL TimeZone = 'UTC'")
        connection.execute("SET GLOBAL memory_limit = $1", [f"{memory_limit()} B"])
        connection.execute("SET GLOBAL temp_directory = $1", [str(_spill_folder())])
        connection.execute("SET GLOBAL allowed_directories = $1", [folders])
        connection.execute("SET GLOBAL allowed_paths = $1", [files])
        connection.execute("SET GLOBAL allowed_configs = ['enable_progress_bar', 'enable_progress_bar_print']")
        connection.execute("SET GLOBAL enable_external_access = false")
        connection.execute("SET GLOBAL lock_configuration = true")
    except BaseException:
        connection.close()
        raise
    return connection


def base_config() -> dict[str, str | bool | int | float | list[str]]:
    """The configuration of every connection, whatever it opens. Raises Refusal `bad_threads`."""
    threads = thread_limit()
    return CONFIG if threads is None else CONFIG | {"threads": threads}


def thread_limit() -> int | None:
    """Threads that DuckDB may use for each workspace: LIMELIGHT_THREADS; None = as many as there are cores.

    Raises Refusal `bad_threads` for a setting that is not a whole number from 1 on.
    """
    said = os.environ.get("LIMELIGHT_THREADS", "").strip()
    if not said:
        return None
    if not re.fullmatch(r"0*[1-9][0-9]{0,3}", said):
        raise Refusal(
            "bad_threads",
            f"LIMELIGHT_THREADS is {said!r}: not a number of threads.",
            "Set it to a whole number from 1 on, or unset it: then every core is used.",
        )
    return int(said)


def use(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the workspace the database of a new cursor, which in an encrypted workspace does not inherit it."""
    connection.execute(f"USE {ATTACHED}")


def _open(path: Path) -> duckdb.DuckDBPyConnection:
    key, there = encryption_key(), path.exists() and path.stat().st_size > 0
    config = base_config()
    if key is None or (there and not is_encrypted(path)):
        try:
            return duckdb.connect(str(path), config=config)
        except duckdb.Error as error:
            raise refusal(path, error) from None
    connection = duckdb.connect(":memory:", config=config)
    try:
        prepare_crypto(connection)
        connection.execute("SET GLOBAL temp_file_encryption = true")
        attach(connection, path, ATTACHED, key)
        use(connection)
    except duckdb.Error as error:
        connection.close()
        raise refusal(path, error) from None
    except BaseException:
        connection.close()
        raise
    return connection


def _spill_folder() -> Path:
    """A path of this connection alone in the process's private folder; DuckDB makes it when it must, and removes it."""
    return open_folders()[0].parent / f"{SPILL}{next(_spills)}"


def _refuse_newer(path: Path, connection: duckdb.DuckDBPyConnection) -> None:
    try:
        row = connection.execute("SELECT count(*) FROM migrations").fetchone()
    except duckdb.CatalogException:  # asked first, since the list of tables is slow to get
        if connection.execute("SELECT 1 FROM duckdb_tables() LIMIT 1").fetchall():
            raise Refusal(
                "not_a_workspace", f"{path} is a DuckDB file, but not a Limelight workspace.", "Name another file."
            ) from None
        return
    if row and row[0] > len(MIGRATIONS):
        raise Refusal(
            "workspace_from_newer_version",
            f"{path} was made by a newer Limelight (schema {row[0]}; this one knows {len(MIGRATIONS)}).",
            "Install the newer version, or choose another workspace.",
        )


def refusal(path: Path, error: duckdb.Error) -> Refusal:
    """What a person is told about a file that cannot be opened."""
    text = str(error)
    if about_key := key_refusal(path, error):
        return about_key
    if "Could not set lock" in text or "being used by another process" in text:
        return Refusal(
            "workspace_locked",
            f"The workspace {path} is open in another program, most likely the Limelight app.",
            "Close the app (or that command) and try again, or do this in the app.",
            exit_code=4,
        )
    if isinstance(error, duckdb.IOException) and not path.parent.is_dir():
        return Refusal("no_such_folder", f"The folder {path.parent} does not exist.", "Make it first, or name another.")
    return Refusal(
        "not_a_workspace", f"{path} cannot be opened as a workspace.", "Name a .duckdb file made by Limelight."
    )
