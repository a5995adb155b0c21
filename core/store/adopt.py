"""Taking over a DuckDB file of unknown origin: only rows of the tables that a workspace has, into a file of our own.

Nothing of its catalog is taken: the tables are made by the migrations, and what else a file may hold (views, macros,
triggers, generated columns) is refused, since no workspace has it. It is read by a DuckDB of its own, read-only, that
can reach no other file; a file that is damaged so badly that DuckDB gives up does not touch an open workspace.
"""

from __future__ import annotations

from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import duckdb

from core.errors import Refusal
from core.progress import Step, no_step
from core.store.connect import base_config
from core.store.copies import count_tables
from core.store.encryption import attach, encryption_key, is_encrypted, key_refusal, prepare_crypto
from core.store.folders import open_folders
from core.store.lens import SCHEMA
from core.store.query import ident
from core.store.room import room_for
from core.store.schema import MIGRATIONS
from core.store.watch import watched

_OWN_COLUMNS = frozenset(
    "events parked_events users items user_facts item_facts parked_user_facts parked_item_facts "
    "mended_events mended_users mended_items".split()
)
_OWN_TYPES = frozenset({"VARCHAR", "DOUBLE", "TIMESTAMP", "BOOLEAN", "VARCHAR[]"})
_NEVER = {
    "macro": "SELECT function_name FROM duckdb_functions() WHERE database_name = 'given' AND NOT internal",
    "schema": "SELECT schema_name FROM duckdb_schemas() WHERE database_name = 'given' AND NOT internal "
    f"AND schema_name NOT IN ('main', '{SCHEMA}')",
    "index": "SELECT index_name FROM duckdb_indexes() WHERE database_name = 'given'",
    "sequence": "SELECT sequence_name FROM duckdb_sequences() WHERE database_name = 'given'",
    "type": "SELECT type_name FROM duckdb_types() WHERE database_name = 'given' AND NOT internal",
    "trigger": "SELECT trigger_name FROM duckdb_triggers() WHERE database_name = 'given'",
    "check": "SELECT table_name FROM duckdb_constraints() WHERE database_name = 'given' "
    "AND constraint_type IN ('CHECK', 'FOREIGN KEY')",
    "computed column": "SELECT table_name || '.' || column_name FROM duckdb_columns() "
    "WHERE database_name = 'given' AND is_generated",
}
_Columns = dict[str, dict[str, str]]


def adopt(file: Path, made: Path, *, step: Step = no_step) -> dict[str, int]:
    """Write the rows of a workspace file into the new file `made`, whose tables are our own; table -> rows.

    `file` is only read. Raises Refusal `not_a_workspace`, `damaged_file`, `foreign_objects`,
    `workspace_from_newer_version`, `encrypted_file`, `workspace_locked`, `disk_full`, and Cancelled;
    then `made` is not there.
    """
    _check_beginning(file)
    try:
        with room_for(made), closing(_apart(file, made)) as connection:
            return _adopt(connection, file, step)
    except BaseException as error:
        for left in (made, made.with_name(f"{made.name}.wal")):
            left.unlink(missing_ok=True)
        if isinstance(error, duckdb.Error | UnicodeDecodeError):
            raise _damaged(file) from None
        raise


def _check_beginning(file: Path) -> None:
    try:
        with file.open("rb") as opened:
            beginning = opened.read(12)
    except OSError as error:
        raise Refusal(
            "no_such_file", f"{file} cannot be read: {error.strerror or error}.", "Name a backup file."
        ) from None
    if beginning[8:12] != b"DUCK":
        raise Refusal("not_a_workspace", f"{file} is not a DuckDB file.", "Give a file that a backup has made.")


def _apart(file: Path, made: Path) -> duckdb.DuckDBPyConnection:
    """A DuckDB of its own with both files attached, as `given` and `made`, and nothing else in reach."""
    key = encryption_key()
    connection = duckdb.connect(":memory:", config=base_config())
    try:
        if key is not None:
            prepare_crypto(connection)
            connection.execute("SET GLOBAL temp_file_encryption = true")
        connection.execute("SET GLOBAL TimeZone = 'UTC'")
        connection.execute("SET GLOBAL temp_directory = $1", [str(open_folders()[1])])
        connection.execute("SET GLOBAL allowed_directories = $1", [[f"{open_folders()[1].resolve()}/"]])
        reach = [f"{path.resolve()}{log}" for path in (file, made) for log in ("", ".wal", ".wal.checkpoint")]
        connection.execute("SET GLOBAL allowed_paths = $1", [reach])
        connection.execute("SET GLOBAL allowed_configs = ['enable_progress_bar', 'enable_progress_bar_print']")
        connection.execute("SET GLOBAL enable_external_access = false")
        connection.execute("SET GLOBAL lock_configuration = true")
        try:
            attach(connection, file.resolve(), "given", key if is_encrypted(file) else None, read_only=True)
        except duckdb.Error as error:
            raise key_refusal(file, error) or _cannot_open(file, str(error)) from None
        attach(connection, made.resolve(), "made", key)  # as every new workspace: encrypted where there is a key
    except BaseException:
        connection.close()
        raise
    return connection


def _cannot_open(file: Path, said: str) -> Refusal:
    lower = said.lower()
    if "could not set lock" in lower or "already attached" in lower or "being used by another" in lower:
        return Refusal(
            "workspace_locked", f"{file} is open in another program.", "Close it there and try again.", exit_code=4
        )
    if "encrypt" in lower:
        return Refusal(
            "encrypted_file", f"{file} is encrypted, and its key is not known here.", "Name a file without encryption."
        )
    return _damaged(file)


def _adopt(connection: duckdb.DuckDBPyConnection, file: Path, step: Step) -> dict[str, int]:
    step.report(0.05, "Checking the file")
    given = _columns(connection, "given")
    if "migrations" not in given or set(given["migrations"]) != {"number", "name"}:
        raise Refusal(
            "not_a_workspace", f"{file} is a DuckDB file, but not a Limelight workspace.", "Name a file of `backup`."
        )
    seen = _schema_number(connection, file)
    connection.execute("USE made")
    connection.execute("CREATE TABLE migrations (number INTEGER PRIMARY KEY, name VARCHAR NOT NULL)")
    for _, migration in MIGRATIONS[:seen]:
        if isinstance(migration, str):
            connection.execute(migration)
        else:
            migration(connection)
    for table in _columns(connection, "made"):
        connection.execute(f"DELETE FROM made.{ident(table)}")
    _check_catalog(connection, file, given)
    for k, (table, columns) in enumerate(sorted(given.items())):
        step.report(0.1 + 0.8 * k / len(given), "Copying the workspace")
        _copy(connection, table, columns, step)
    counts = {database: count_tables(connection, database) for database in ("given", "made")}
    if counts["given"] != counts["made"]:
        raise _damaged(file)
    version = connection.execute("SELECT value FROM made.meta WHERE key = 'version'").fetchone()
    if version is None or not str(version[0]).isdecimal():
        raise _damaged(file)
    connection.execute("CHECKPOINT made")
    connection.execute("USE memory")
    for name in ("made", "given"):
        with suppress(duckdb.Error):
            connection.execute(f"DETACH {name}")
    return counts["made"]


def _schema_number(connection: duckdb.DuckDBPyConnection, file: Path) -> int:
    rows = connection.execute("SELECT number, name FROM given.main.migrations ORDER BY number").fetchall()
    if len(rows) > len(MIGRATIONS):
        raise Refusal(
            "workspace_from_newer_version",
            f"{file} was made by a newer Limelight (schema {len(rows)}; this one knows {len(MIGRATIONS)}).",
            "Install the newer version.",
        )
    if not rows or rows != [(n, name) for n, (name, _) in enumerate(MIGRATIONS[: len(rows)], start=1)]:
        raise _foreign(file, "history of its tables")
    return len(rows)


def _check_catalog(connection: duckdb.DuckDBPyConnection, file: Path, given: _Columns) -> None:
    """The file has exactly the tables and views that a workspace of its age has, and nothing that could act."""
    for what, sql in _NEVER.items():
        found = connection.execute(sql).fetchone()
        if found:
            raise _foreign(file, f"{what} {found[0]!r}")
    views = [_views(connection, database) for database in ("given", "made")]
    if views[0] != views[1]:
        odd = sorted(set(views[0].items()) ^ set(views[1].items()))[0][0]
        raise _foreign(file, f"view {odd!r}")
    ours = _columns(connection, "made")
    if given.keys() != ours.keys():
        raise _foreign(file, f"table {sorted(given.keys() ^ ours.keys())[0]!r}")
    defaults = [_defaults(connection, database) for database in ("given", "made")]
    for table, columns in given.items():
        for name, kind in columns.items():
            wanted = ours[table].get(name)
            own = table in _OWN_COLUMNS and wanted is None and kind in _OWN_TYPES and len(name) <= 250
            if kind != wanted and not own:
                raise _foreign(file, f"column {name!r} ({kind}) of table {table!r}")
            if defaults[0].get((table, name)) not in (None, defaults[1].get((table, name))):
                raise _foreign(file, f"default of column {name!r} of table {table!r}")
        missing = ours[table].keys() - columns.keys()
        if missing:
            raise _foreign(file, f"table {table!r} without column {sorted(missing)[0]!r}")


def _copy(connection: duckdb.DuckDBPyConnection, table: str, columns: dict[str, str], step: Step) -> None:
    ours = _columns(connection, "made")[table]
    for name, kind in columns.items():
        if name not in ours:
            connection.execute(f"ALTER TABLE made.{ident(table)} ADD COLUMN {ident(name)} {kind}")
    listed = ", ".join(ident(name) for name in columns)
    with watched(connection, step, None):
        connection.execute(f"INSERT INTO made.{ident(table)} ({listed}) SELECT {listed} FROM given.main.{ident(table)}")


def _columns(connection: duckdb.DuckDBPyConnection, database: str) -> _Columns:
    """Table -> column -> type."""
    rows = connection.execute(
        "SELECT c.table_name, c.column_name, c.data_type FROM duckdb_columns() c SEMI JOIN duckdb_tables() t "
        "USING (database_name, schema_name, table_name) WHERE database_name = ? AND schema_name = 'main' "
        "ORDER BY c.table_name, c.column_index",
        (database,),
    ).fetchall()
    out: _Columns = {}
    for table, column, kind in rows:
        out.setdefault(table, {})[column] = kind
    return out


def _views(connection: duckdb.DuckDBPyConnection, database: str) -> dict[str, Any]:
    # those of repairs are not taken over: they are made anew when the workspace is opened
    sql = "SELECT view_name, sql FROM duckdb_views() WHERE database_name = ? AND NOT internal AND schema_name = 'main'"
    return dict(connection.execute(sql, (database,)).fetchall())


def _defaults(connection: duckdb.DuckDBPyConnection, database: str) -> dict[tuple[str, str], str]:
    sql = "SELECT table_name, column_name, column_default FROM duckdb_columns() WHERE database_name = ?"
    rows = connection.execute(sql, (database,)).fetchall()
    # a copy says CAST('append' AS VARCHAR) or ('append') for the same
    return {(table, name): str(said).strip("()") for table, name, said in rows if said not in (None, "", "NULL")}


def _damaged(file: Path) -> Refusal:
    return Refusal(
        "damaged_file", f"{file} is damaged, or was not written to its end.", "Take another backup of the workspace."
    )


def _foreign(file: Path, what: str) -> Refusal:
    return Refusal(
        "foreign_objects",
        f"{file} holds something that no workspace of Limelight has: {what}.",
        "Only files that `backup` wrote, and workspace files, can be restored.",
    )
