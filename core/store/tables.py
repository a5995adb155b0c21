"""The columns of the workspace's tables, asked in the quickest way."""

from __future__ import annotations

import duckdb

# Ten times as quick as duckdb_columns(), which lists every column of every table first; a load asks some ten times.
_COLUMNS = (
    "SELECT name, type FROM pragma_table_info('\"' || replace(current_database(), '\"', '\"\"') || '\".main.' || ?)"
)


def table_columns(cursor: duckdb.DuckDBPyConnection, table: str) -> list[tuple[str, str]]:
    """(name, SQL type) of each column of a loaded table, in order; `table` is a name of ours, and is there."""
    return [(str(name), str(kind)) for name, kind in cursor.execute(_COLUMNS, [table]).fetchall()]
