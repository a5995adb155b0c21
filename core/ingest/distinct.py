"""The distinct values of a staged column, counted once for all who ask: `load_distinct_NAME`, temporary (raw, rows)."""

from __future__ import annotations

from core.progress import Step, no_step
from core.store import Query, Writer

NAMES = ("user_raw", "item_raw", "event_raw")


def distinct(writer: Writer, name: str, step: Step = no_step) -> str:
    """The table with every value of `load_stage`'s column `name` (missing included) and how many rows have it.

    Grouping a column of text is the dearest look at a staged row, and three parts of a load need it. It is done again
    only where rows have been taken out of `load_stage` since; staged values never change.
    """
    assert name in NAMES
    table = f"load_distinct_{name}"
    if not _whole(writer, table):
        writer.run(f"DROP TABLE IF EXISTS {table}")
        writer.run(
            f"CREATE TEMP TABLE {table} AS SELECT {name} AS raw, count(*) AS rows FROM load_stage GROUP BY {name}",
            step=step,
        )
    return table


def forget(writer: Writer) -> None:
    """Drop what an earlier staging left: to be called when `load_stage` is made."""
    for name in NAMES:
        writer.run(f"DROP TABLE IF EXISTS load_distinct_{name}")


def _whole(writer: Writer, table: str) -> bool:
    """The table is there and speaks of as many rows as are staged now (rows only ever go)."""
    there = Query("SELECT 1 AS one FROM duckdb_tables() WHERE temporary AND table_name = ?", (table,))
    if not writer.rows(there):
        return False
    same = f"SELECT (SELECT coalesce(sum(rows), 0) FROM {table}) = (SELECT count(*) FROM load_stage) AS same"
    return bool(writer.rows(Query(same))[0]["same"])
