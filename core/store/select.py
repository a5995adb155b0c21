"""An analyst's own SELECT as a part of a larger query: checked, written anew from its tree, bound to the tables.

What is put into a query is not the analyst's text but what DuckDB writes from its tree: without comments, with every
bracket and quote closed, so that nothing in it can reach the text around it. And it must be able to stand alone: inside
a larger query, a column that its own tables lack would otherwise be looked for in the tables around it.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from functools import cache, lru_cache

import duckdb

from core.errors import Refusal
from core.store import guard
from core.store.connect import base_config
from core.store.query import ident

Columns = tuple[tuple[str, str], ...]
"""(name, SQL type) of each column, in order."""

_lock = threading.Lock()


def checked_select(sql: str) -> str:
    """The one SELECT in `sql`, as DuckDB writes it, if the guard lets it pass. Reads no workspace.

    Raises Refusal with the codes of core.store.guard.

    >>> checked_select("select user_no from events -- buyers")
    'SELECT user_no FROM events'
    """
    with _lock:
        return _written(sql)


def select_columns(sql: str, tables: Mapping[str, Columns]) -> Columns:
    """The columns that a SELECT (of `checked_select`) gives, over empty `tables` of such columns.

    Raises Refusal `sql_error` where a table or column is not there, or a function does not take such values.
    """
    return _bound(sql, tuple(sorted((name, tuple(columns)) for name, columns in tables.items())))


@lru_cache(maxsize=256)
def _written(sql: str) -> str:
    cursor = _private()
    text = guard.check(cursor, sql)
    row = cursor.execute("SELECT json_serialize_sql(?::VARCHAR)", (text,)).fetchone()
    tree = json.loads(row[0]) if row else {}
    # in the order in which DuckDB wrote it: it reads its trees by place
    found = cursor.execute("SELECT json_deserialize_sql(?::JSON)", (json.dumps(tree),)).fetchone()
    if found is None:
        raise Refusal("sql_not_allowed", "This query cannot be used as a condition.", "Write one plain SELECT.")
    return guard.check(cursor, str(found[0]), most=None)  # what is run is what was checked


@lru_cache(maxsize=256)
def _bound(sql: str, tables: tuple[tuple[str, Columns], ...]) -> Columns:
    with _lock:
        cursor = _private()
        cursor.execute("BEGIN")
        try:
            for name, columns in tables:
                listed = ", ".join(f"{ident(column)} {kind}" for column, kind in columns)
                cursor.execute(f"CREATE TABLE {ident(name)} ({listed})")
            rows = cursor.execute(f"DESCRIBE {sql}").fetchall()
            return tuple((str(row[0]), str(row[1])) for row in rows)
        except duckdb.Error as error:
            raise guard.part_error(error) from None
        finally:
            cursor.execute("ROLLBACK")


@cache
def _private() -> duckdb.DuckDBPyConnection:
    """A connection to nothing, used under the lock: no file, no network, one thread."""
    connection = duckdb.connect(":memory:", config=base_config())
    connection.execute("SET GLOBAL TimeZone = 'UTC'")
    connection.execute("SET GLOBAL threads = 1")
    connection.execute("SET GLOBAL enable_external_access = false")
    connection.execute("SET GLOBAL lock_configuration = true")
    return connection
