"""A question to the workspace, as a value: SQL text with its parameters, checked when it is made."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

Value = str | int | float | bool | None | datetime | date | Decimal


@dataclass(frozen=True)
class Query:
    """SQL with positional `?` parameters. Only Store executes one.

    Values a person gave (ids, names, dates, thresholds) are always in `params`; names of tables and columns that
    a person gave go into the text through `ident`, nothing else does. The one exception is `guarded`: a part of the text
    is an analyst's own SELECT, out of core.store.select; whatever runs the query, or one that it is a part of, limits its
    time and tells its errors as the analyst's (core.store.guarded).

    >>> Query("SELECT * FROM events WHERE event = ?", ("view",)).params
    ('view',)
    >>> Query("SELECT ?", ())
    Traceback (most recent call last):
    ...
    ValueError: 1 parameter marks for 0 parameters
    """

    sql: str
    params: tuple[Value, ...] = ()
    guarded: bool = field(default=False, repr=False)

    def __post_init__(self) -> None:
        marks = count_marks(self.sql)
        if marks != len(self.params):
            raise ValueError(f"{marks} parameter marks for {len(self.params)} parameters")

    def __add__(self, other: Query | str) -> Query:
        """Text after text, parameters after parameters, so that a query is put together in reading order."""
        if isinstance(other, str):
            other = Query(other)
        return Query(self.sql + other.sql, self.params + other.params, self.guarded or other.guarded)


def ident(name: str) -> str:
    """`name` as a quoted SQL identifier. Raises ValueError on an empty name or a NUL character.

    >>> print(ident('order "no" 1'))
    "order ""no"" 1"
    """
    if not name or "\0" in name:
        raise ValueError("an identifier must have at least one character and no NUL")
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """`text` as an SQL string literal: for what cannot be a parameter (options of read_csv and COPY, marks and formats
    inside an expression that is put together).

    >>> print(literal("it's"))
    'it''s'
    """
    return "'" + text.replace("'", "''") + "'"


def joined(separator: str, parts: list[Query]) -> Query:
    """The queries with `separator` between them; an empty list gives an empty query.

    >>> joined(" AND ", [Query("a = ?", (1,)), Query("b = ?", (2,))])
    Query(sql='a = ? AND b = ?', params=(1, 2))
    """
    return Query(
        separator.join(p.sql for p in parts), tuple(v for p in parts for v in p.params), any(p.guarded for p in parts)
    )


def count_marks(sql: str) -> int:
    """How many `?` stand in `sql` outside string literals, quoted identifiers and `--` comments."""
    marks, i, n = 0, 0, len(sql)
    while i < n:
        c = sql[i]
        if c in "'\"":
            i = sql.index(c, i + 1)  # a doubled quote ends one literal and opens the next
        elif c == "-" and sql.startswith("--", i):
            end = sql.find("\n", i)
            i = n if end < 0 else end
        elif c == "?":
            marks += 1
        i += 1
    return marks
