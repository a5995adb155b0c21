"""A way round a defect of DuckDB 2.0.0 that loses rows from sight.

Measured: in a transaction, on a table that held rows before it, an INSERT ... SELECT that gives no row, followed by one
of a row group (122,880 rows) or more with several threads: the rows of the second are written, but no query of this
process sees them, during the transaction and after it, until the file is opened again. (An update or a delete that
changes nothing does no harm; nor do one thread or `preserve_insertion_order = false`; turning off
`enable_optimistic_write` does not help.) A row put in and taken out again between the two mends it, at the price of
writing the second insert's rows twice. tests/store/test_hollow.py holds both, so that it is seen when DuckDB is mended.
"""

from __future__ import annotations

import re

import duckdb

from core.store.query import ident

_INSERT = re.compile(r'\s*INSERT\s+INTO\s+("(?:[^"]|"")+"|\w+)', re.IGNORECASE)
_LOCAL = 36_028_797_018_960_000  # row ids of rows that this transaction has put in begin here
_ANY = {"VARCHAR": "''", "JSON": "'{}'", "BOOLEAN": "false", "TIMESTAMP": "TIMESTAMP '1970-01-01'", "BLOB": "''::BLOB"}


def target(sql: str) -> str | None:
    """The table that a statement inserts into, as it is written; None for other statements.

    >>> target("INSERT INTO events SELECT 1"), target("DELETE FROM events"), target('insert into "a b" VALUES (1)')
    ('events', None, '"a b"')
    """
    found = _INSERT.match(sql)
    return found[1] if found else None


def fill(cursor: duckdb.DuckDBPyConnection, table: str) -> None:
    """Put a row into a table and take it out again; `table` as `target` gives it. Temporary tables need none of it.

    Nothing is done where the transaction has rows of its own in the table: then an insert of none does no harm.
    """
    if cursor.execute(f"SELECT 1 FROM {table} WHERE rowid >= {_LOCAL} LIMIT 1").fetchall():
        return
    name = table.strip('"').replace('""', '"')
    columns = cursor.execute(
        "SELECT column_name, data_type, is_nullable FROM duckdb_columns() WHERE table_name = ? "
        "AND schema_name = 'main' AND database_name = current_database() ORDER BY column_index",
        (name,),
    ).fetchall()
    if not columns:
        return
    needed = [column for column in columns if not column[2]] or columns[:1]
    names = ", ".join(ident(str(column[0])) for column in needed)
    values = ", ".join(_ANY.get(str(column[1]), "0") for column in needed)
    cursor.execute(f"INSERT INTO {table} ({names}) VALUES ({values})")
    cursor.execute(f"DELETE FROM {table} WHERE rowid >= {_LOCAL}")
