"""Small worlds for the tests of fills: tables in memory, asked as a workspace is."""

from __future__ import annotations

from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa

from core.progress import Step, no_step
from core.quality import Asked, Fill, Scope
from core.quality.ask import ask
from core.quality.fill import fill_values
from core.store import Query


class World:
    """A reader over tables in memory; those not given have only their numbers and ids."""

    def __init__(self, **tables: pd.DataFrame | str) -> None:
        self.base = duckdb.connect()
        self.base.execute("CREATE TABLE columns (table_name VARCHAR, column_name VARCHAR, role VARCHAR)")
        given: dict[str, pd.DataFrame | str] = {
            "events": "SELECT 1::BIGINT AS event_no, 'view' AS event WHERE false",
            "users": "SELECT 1 AS user_no, 'u' AS user_id WHERE false",
            "items": "SELECT 1 AS item_no, 'i' AS item_id WHERE false",
            **tables,
        }
        for name, made in given.items():
            if isinstance(made, str):
                self.base.execute(f"CREATE TABLE {name} AS {made}")
            else:
                self.base.register("frame", made)
                self.base.execute(f"CREATE TABLE {name} AS FROM frame")
                self.base.unregister("frame")

    def read(self, query: Query, *, step: Step = no_step) -> pa.Table:
        return self.base.sql(query.sql, params=query.params).to_arrow_table()

    def rows(self, query: Query, *, step: Step = no_step) -> list[dict[str, Any]]:
        answer: list[dict[str, Any]] = self.read(query).to_pylist()
        return answer

    def asked(self) -> Asked:
        return ask(self, None)


def filled(world: World, fill: Fill, scope: Scope = "events", keys: list[int] | None = None) -> pd.Series:
    """What a fill says, by key; `keys` None = the rows without a value."""
    number = {"events": "event_no", "users": "user_no", "items": "item_no"}[scope]
    if keys is None:
        query = Query(f"SELECT {number} FROM {scope} WHERE {fill.column} IS NULL")
    else:
        query = Query(f"SELECT unnest({keys}::BIGINT[])")
    made = fill_values(world.asked(), fill, scope, query)
    table = world.read(made) if isinstance(made, Query) else made
    assert table.column_names == ["key", "value"]
    values = table.to_pandas()
    assert values["key"].is_unique
    return values.set_index("key")["value"].sort_index()


def table_of(world: World, fill: Fill, scope: Scope, keys: Query) -> pa.Table:
    made = fill_values(world.asked(), fill, scope, keys)
    return world.read(made) if isinstance(made, Query) else made
