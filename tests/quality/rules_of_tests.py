"""Plain rules and fills of the tests' own, so that the engine is tested apart from the rules that detectors bring."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import pyarrow as pa
import pytest

from core.errors import Refusal
from core.quality.kinds import KINDS
from core.quality.types import KEY, Asked, Fill, Kind, Param, Scope
from core.store import Query, ident


def _above(asked: Asked, params: Mapping[str, Param]) -> Query:
    table, column = str(params["table"]), str(params["column"])
    if column not in asked.columns[table]:  # type: ignore[index]
        raise Refusal("no_such_column", f"no {column}")
    return Query(f"SELECT {KEY[table]} FROM {table} WHERE {ident(column)} > ?", (params["limit"],))  # type: ignore[index,arg-type]


def _empty(asked: Asked, params: Mapping[str, Param]) -> Query:
    table, column = str(params["table"]), str(params["column"])
    if column not in asked.columns[table]:  # type: ignore[index]
        raise Refusal("no_such_column", f"no {column}")
    return Query(f"SELECT {KEY[table]} FROM {table} WHERE {ident(column)} IS NULL")  # type: ignore[index]


def _named(asked: Asked, params: Mapping[str, Param]) -> pa.Array:
    table = str(params["table"])
    ids = list(params["ids"] or ())  # type: ignore[arg-type]
    query = Query(f"SELECT {KEY[table]} AS k FROM {table} WHERE list_contains(?, {table[:-1]}_id)", (ids,))  # type: ignore[index,arg-type]
    return asked.reader.read(query)["k"]


def _late(asked: Asked, params: Mapping[str, Param]) -> Query:
    return Query("SELECT event_no FROM events WHERE at_utc >= ?::TIMESTAMP - INTERVAL 1 DAY", (asked.end,))


def _every(asked: Asked, params: Mapping[str, Param]) -> Query:
    table: Scope = params["table"]  # type: ignore[assignment]
    return Query(f"SELECT {KEY[table]} FROM {table}")


def _broken(asked: Asked, params: Mapping[str, Param]) -> Query:
    return Query("SELECT event::DOUBLE::BIGINT FROM events")


RULES = (
    Kind("t_above", None, "rows above a limit", {"table": None, "column": None, "limit": 0.0}, _above),
    Kind("t_empty", None, "rows without a value", {"table": None, "column": None}, _empty),
    Kind("t_named", None, "rows by id", {"table": None, "ids": ()}, _named),
    Kind("t_late", "events", "events of the last day", {}, _late),
    Kind("t_every", None, "all rows", {"table": None}, _every),
    Kind("t_broken", "events", "no rows at all", {}, _broken),
)


def fill_values(asked: Asked, fill: Fill, scope: Scope, keys_table: str) -> Query:
    """A constant, or the median of the rows that are not chosen; as core.quality.fill is to give them."""
    key = KEY[scope]
    if fill.method == "constant":
        return Query(f"SELECT key, ?::VARCHAR AS value FROM {keys_table}", (str(fill.value),))
    column = "value::DOUBLE / nullif(quantity, 0)" if fill.column == "price" else ident(fill.column)
    return Query(
        f"SELECT key, (SELECT median({column}) FROM {scope} t ANTI JOIN {keys_table} k ON k.key = t.{key}) AS value "
        f"FROM {keys_table}"
    )


def alike_pairs(asked: Asked, params: Mapping[str, Param]) -> pa.Table:
    """Users whose ids differ in case alone, each into the smallest."""
    return asked.reader.read(
        Query(
            "SELECT user_no AS from_no, first_value(user_no) OVER (PARTITION BY lower(user_id) ORDER BY user_id) AS "
            "into_no FROM users QUALIFY from_no <> into_no"
        )
    )


@contextmanager
def in_place() -> Iterator[None]:
    """The rules are known, and stand in for the modules that bring fills and ids that are alike."""
    fill: Any = ModuleType("core.quality.fill")
    fill.fill_values = fill_values
    alike: Any = ModuleType("core.quality.alike")
    alike.alike_pairs = alike_pairs
    with pytest.MonkeyPatch.context() as patch:
        for kind in (*RULES, Kind("alike_ids", "users", "ids that are alike", {}, _every)):
            patch.setitem(KINDS, kind.code, kind)
        patch.setitem(sys.modules, "core.quality.fill", fill)
        patch.setitem(sys.modules, "core.quality.alike", alike)
        yield
