"""Columns as fills see them: what kind of values a column holds, and the SQL that reads it and writes it back."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from core.errors import Refusal
from core.quality.types import KEY, Asked, FillMethod, Scope
from core.store import Query, ident

Family = Literal["number", "date", "flag", "text", "other"]
"""number; date: days and moments; flag: true or false; text: categories; other: times of day and the like."""

FITS: dict[Family, tuple[FillMethod, ...]] = {
    "number": ("median", "mean", "mode", "interpolate", "neighbours", "iterative", "constant"),
    "date": ("median", "mean", "mode", "neighbours", "iterative", "constant"),
    "flag": ("mode", "neighbours", "iterative", "constant"),
    "text": ("mode", "neighbours", "iterative", "constant"),
    "other": ("mode", "constant"),
}
NAMES_ROWS = frozenset({"user_id", "item_id"})
NAMES_GROUPS = frozenset({"order_id", "session"})  # one value for many rows would make one order, one visit of them

_WHOLE = re.compile(r"U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?$")
_FLOATS = frozenset({"FLOAT", "DOUBLE"})


@dataclass(frozen=True)
class Column:
    """A column of events, users or items, or of the item or user that an event names.

    Attributes:
        name: as it was asked for.
        family: see Family.
        type: the DuckDB type of its values.
        sql: its value, NULL where there is none (infinite numbers and dates are none), over `source()`.
        of: the table that it stands in.
    """

    name: str
    family: Family
    type: str
    sql: str
    of: Scope

    @property
    def whole(self) -> bool:
        """Whether only whole numbers fit."""
        return _WHOLE.match(self.type) is not None

    @property
    def loose(self) -> bool:
        """Whether sums of its values depend, in their last digits, on the order of the rows."""
        return self.type in _FLOATS

    @property
    def number(self) -> str:
        """SQL of the value as a number: dates in days, moments in microseconds since 1970."""
        if self.family == "date":
            return (
                f"date_diff('day', DATE '1970-01-01', {self.sql})" if self.type == "DATE" else f"epoch_us({self.sql})"
            )
        return self.sql

    def back(self, number: str) -> str:
        """SQL of a DOUBLE `number` in the column's own type; whole where only whole ones fit."""
        if self.type == "DATE":
            return f"(DATE '1970-01-01' + CAST(round({number}) AS INTEGER))"
        if self.family == "date":
            return f"CAST(make_timestamp(CAST(round({number}) AS BIGINT)) AS {self.type})"
        return f"CAST(round({number}) AS {self.type})" if self.whole else f"CAST({number} AS {self.type})"


def column_of(asked: Asked, scope: Scope, name: str) -> Column:
    """The column that an analyst named; of events also "price", "item", "user" and columns of items and users.

    Those of items and users may be written `items.category`; a column of the events goes before theirs.
    Raises Refusal `no_such_column`, and `bad_fill` for lists and for a name that items and users share.
    """
    places: list[tuple[Scope, str]] = [(scope, name)]
    if scope == "events":
        if name not in asked.columns["events"] and name in _MADE:
            return _MADE[name]
        table, dot, rest = name.partition(".")
        if dot and table in ("items", "users"):
            places.append(("items" if table == "items" else "users", rest))
        places += [("items", name), ("users", name)]
    found = [(of, bare) for of, bare in places if bare in asked.columns[of]]
    if not found:
        known = ", ".join([*asked.columns[scope], *(_MADE if scope == "events" else ())])
        raise Refusal("no_such_column", f"The {scope} have no column {name!r}.", f"They have: {known}.")
    if [of for of, _ in found] == ["items", "users"]:
        raise Refusal(
            "bad_fill", f"Items and users both have a column {name!r}.", f"Write items.{name} or users.{name}."
        )
    of, bare = found[0]
    return _column(name, asked.columns[of][bare], f"{_alias(scope, of)}.{ident(bare)}", of)


def source(scope: Scope, columns: Iterable[Column]) -> str:
    """SQL of the table `scope` as t, with the items (i) and users (u) that the columns need."""
    of = {column.of for column in columns} - {scope}
    joins = {
        "items": " LEFT JOIN items i ON i.item_no = t.item_no",
        "users": " LEFT JOIN users u ON u.user_no = t.user_no",
    }
    return f"{scope} t" + "".join(join for table, join in joins.items() if table in of)


def chosen_keys(keys: str | Query) -> Query:
    """`WITH k AS (...)` of the keys: a temp table with the column `key`, or a query of one column."""
    inside = Query(f"SELECT key FROM {ident(keys)}") if isinstance(keys, str) else keys
    return Query("WITH k AS MATERIALIZED (SELECT DISTINCT key FROM (") + inside + ") AS q(key)) "


def known_rows(scope: Scope, columns: Iterable[Column]) -> str:
    """SQL of FROM: the rows that are not to be filled."""
    return f"{source(scope, columns)} ANTI JOIN k ON k.key = t.{KEY[scope]}"


def filled_rows(scope: Scope, columns: Iterable[Column]) -> str:
    """SQL of FROM: the rows that are to be filled."""
    return f"{source(scope, columns)} SEMI JOIN k ON k.key = t.{KEY[scope]}"


def _alias(scope: Scope, of: Scope) -> str:
    return "t" if of == scope else of[0]


def _column(name: str, kind: str, sql: str, of: Scope) -> Column:
    family = _family(name, kind)
    if kind in _FLOATS or family == "date":
        sql = f"CASE WHEN isfinite({sql}) THEN {sql} END"
    return Column(name, family, kind, sql, of)


def _family(name: str, kind: str) -> Family:
    if kind.endswith("]") or kind.startswith(("STRUCT", "MAP", "UNION", "JSON", "BLOB")):
        raise Refusal(
            "bad_fill", f"{name!r} holds lists or structures: they cannot be filled, or fills be based on them.",
            "Take a column of numbers, dates or categories.",
        )  # fmt: skip
    if kind in _FLOATS or kind.startswith("DECIMAL") or _WHOLE.match(kind):
        return "number"
    if kind == "DATE" or (kind.startswith("TIMESTAMP") and not kind.endswith("ZONE")):
        return "date"
    return {"BOOLEAN": "flag", "VARCHAR": "text"}.get(kind, "other")  # type: ignore[return-value]


_PRICE = "(CASE WHEN t.quantity <> 0 AND isfinite(t.quantity) THEN t.value / t.quantity END)"
_MADE = {
    "price": Column("price", "number", "DOUBLE", _PRICE, "events"),
    "item": Column("item", "other", "INTEGER", "t.item_no", "events"),
    "user": Column("user", "other", "INTEGER", "t.user_no", "events"),
}
