"""Putting a question to data for the report and for repairs: what tables and columns there are, and what is known."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar, cast, get_args

from core.progress import Step, no_step
from core.quality.types import Asked, Reader, Scope
from core.store import Query

T = TypeVar("T")
_NUMBERS = frozenset({"event_no", "user_no", "item_no", "batch_no", "row_no"})


def ask(reader: Reader, end: datetime | None, *, step: Step = no_step) -> Asked:
    """What detectors are handed, for the data that `reader` sees; `end` is Store.as_of()."""
    columns: dict[Scope, dict[str, str]] = {scope: {} for scope in get_args(Scope)}
    roles: dict[tuple[str, str], str] = {}
    for row in reader.rows(_COLUMNS):
        table, name = cast(Scope, str(row["table_name"])), str(row["column_name"])
        if name not in _NUMBERS:
            columns[table][name] = str(row["data_type"])
        if row["role"] is not None:
            roles[table, name] = str(row["role"])
    return Asked(reader, end, columns, roles, step)


def remember(asked: Asked, name: str, make: Callable[[], T]) -> T:
    """The answer known by this name, worked out once for all that ask (per-user figures, totals)."""
    if name not in asked.held:
        asked.held[name] = make()
    return cast(T, asked.held[name])


def one(asked: Asked, query: Query) -> dict[str, Any]:
    """The only row of an answer."""
    return asked.reader.rows(query, step=asked.step)[0]


_COLUMNS = Query(
    "SELECT d.table_name, d.column_name, d.data_type, c.role FROM duckdb_columns() d LEFT JOIN columns c "
    "USING (table_name, column_name) WHERE d.schema_name = 'main' AND d.database_name = current_database() "
    "AND d.table_name IN ('events', 'users', 'items') ORDER BY d.table_name, d.column_index"
)
