"""Which users' values a repair filled: asked by whoever shows or exports users, so that such values are marked."""

from __future__ import annotations

from core.store.query import Query
from core.store.store import Store

_CELLS = (
    "FROM repair_cells c JOIN repairs r USING (repair_no) WHERE c.table_name = 'users' AND r.ended_at IS NULL "
    "AND json_extract_string(r.spec, '$.action.do') = 'fill'"
)


def fills_users(store: Store) -> bool:
    """Whether any repair that counts filled a value of a user."""
    return bool(store.rows(Query(f"SELECT 1 AS some {_CELLS} LIMIT 1")))


def filled_query() -> Query:
    """The query for (user_no, filled): of each user with filled values their columns' names, parted by "|"."""
    return Query(
        "SELECT CAST(c.key AS INTEGER) AS user_no, string_agg(DISTINCT c.column_name, '|' ORDER BY c.column_name) "
        f"AS filled {_CELLS} GROUP BY c.key"
    )
