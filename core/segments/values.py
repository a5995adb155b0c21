"""The values that occur in a column, to choose from."""

from __future__ import annotations

from dataclasses import dataclass

from core.segments.parts import Scalar
from core.segments.schema import Of, read_schema
from core.store import Query, Store, ident

_TABLES: dict[Of, str] = {"user": "users", "event": "events", "item": "items"}


@dataclass(frozen=True)
class Value:
    """A value of a column and in how many rows (of users, events or items) it stands."""

    value: Scalar
    rows: int


def common_values(store: Store, of: Of, column: str, n: int = 200) -> tuple[Value, ...]:
    """The `n` values found most often in a text, list, number or boolean column; equally frequent ones by value.

    Values inside lists are counted one by one. Raises BadRule where the workspace has no such column.
    """
    kind = read_schema(store).kind(of, column, "")
    source = f"unnest({ident(column)})" if kind == "list" else ident(column)
    query = Query(
        f"SELECT value, count(*) AS found FROM (SELECT {source} AS value FROM {_TABLES[of]}) "
        "WHERE value IS NOT NULL GROUP BY value ORDER BY found DESC, value LIMIT ?",
        (n,),
    )
    return tuple(Value(row["value"], int(str(row["found"]))) for row in store.rows(query))
