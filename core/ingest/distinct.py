"""The distinct values of a staged column, counted once for all who ask: `load_distinct_NAME`, temporary (raw, rows)."""

from __future__ import annotations

from weakref import WeakKeyDictionary

from core.progress import Step, no_step
from core.store import Query, Writer

_staged: WeakKeyDictionary[Writer, dict[str, int]] = WeakKeyDictionary()  # rows staged when a column was counted
NAMES = ("user_raw", "item_raw", "event_raw")


def distinct(writer: Writer, name: str, step: Step = no_step) -> str:
    """The table with every value of `load_stage`'s column `name` (missing included) and how many rows have it.

    Grouping a column of text is the dearest look at a staged row, and three parts of a load need it. It is done again
    only where rows have been taken out of `load_stage` since; staged values never change.
    """
    assert name in NAMES
    table = f"load_distinct_{name}"
    counted = _staged.setdefault(writer, {})
    staged = int(writer.rows(Query("SELECT count(*) AS n FROM load_stage"))[0]["n"])
    if counted.get(name) != staged:  # rows only ever go
        writer.run(f"DROP TABLE IF EXISTS {table}")
        writer.run(
            f"CREATE TEMP TABLE {table} AS SELECT {name} AS raw, count(*) AS rows FROM load_stage GROUP BY {name}",
            step=step,
        )
        counted[name] = staged
    return table


def forget(writer: Writer) -> None:
    """Drop what an earlier staging left: to be called when `load_stage` is made."""
    _staged.pop(writer, None)
    for name in NAMES:
        writer.run(f"DROP TABLE IF EXISTS load_distinct_{name}")
