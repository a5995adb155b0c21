"""Rows that do not count but may again: moved to the parked tables and back, with what they hold unchanged.

The live tables' own columns depend on the batches that count and on nothing else, so a parked row keeps the analyst's
own columns as text, whatever their type is in the live table at that moment.
"""

from __future__ import annotations

from core.ingest import typed
from core.ingest.stored import PHYSICAL, Table, kept_types, stored_columns
from core.ingest.types import Mapping
from core.progress import Step, no_step
from core.store import Query, Writer, ident

PARKED: dict[Table, str] = {"events": "parked_events", "users": "parked_user_facts", "items": "parked_item_facts"}
"""Where the rows of each live table (core.ingest.stored.PHYSICAL) wait."""


def park(writer: Writer, table: Table, which: Query, step: Step = no_step) -> int:
    """Move the live rows for which the condition `which` holds to the parked table; how many there were."""
    own = kept_types(writer, table)
    waiting = {name.lower() for name in columns_of(writer, PARKED[table])}
    for name in own:
        if name not in waiting:
            writer.run(f"ALTER TABLE {PARKED[table]} ADD COLUMN {ident(name)} VARCHAR")
    fixed = fixed_columns(writer, table)
    values = [*fixed, *(typed.as_text(ident(name), kind) for name, kind in own.items())]
    return _move(writer, PHYSICAL[table], PARKED[table], [*fixed, *map(ident, own)], values, which, step)


def bring_back(writer: Writer, table: Table, which: Query, step: Step = no_step) -> int:
    """Move the parked rows for which the condition `which` holds to the live table; how many there were.

    The live table's columns must be settled first (core.ingest.stored.settle_columns).
    """
    fixed = fixed_columns(writer, table)
    own = parked_values(writer, table)
    return _move(
        writer, PARKED[table], PHYSICAL[table], [*fixed, *map(ident, own)], [*fixed, *own.values()], which, step
    )


def parked_values(writer: Writer, table: Table) -> dict[str, str]:
    """Own column -> SQL of its parked value in the type that the live table has, where both tables have it."""
    waiting = {name.lower() for name in columns_of(writer, PARKED[table])}
    return {
        name: typed.from_text(ident(name), kind) for name, kind in kept_types(writer, table).items() if name in waiting
    }


def fixed_columns(writer: Writer, table: Table) -> list[str]:
    """The columns that every workspace has in a live table, quoted, in order."""
    own = kept_types(writer, table)
    return [ident(name) for name in columns_of(writer, PHYSICAL[table]) if name.lower() not in own]


def drop_unused(writer: Writer) -> None:
    """Take out the parked tables' columns that no load names any longer (after an undo)."""
    said: dict[Table, set[str]] = {table: set() for table in PARKED}
    for row in writer.rows(Query("SELECT mapping FROM batches WHERE undone_at IS NULL")):
        for stored in stored_columns(Mapping.from_json(str(row["mapping"]))).values():
            if stored.table in said:  # contacts have no table of columns
                said[stored.table].add(stored.name.lower())
    for table, name in PARKED.items():
        fixed = {column.strip('"').lower() for column in fixed_columns(writer, table)}
        for column in columns_of(writer, name):
            if column.lower() not in fixed | said[table]:
                writer.run(f"ALTER TABLE {name} DROP COLUMN {ident(column)}")


def columns_of(writer: Writer, name: str) -> list[str]:
    """Names of a table's columns, in order."""
    return [column for column, _ in writer.columns(name)]


def _move(
    writer: Writer, source: str, target: str, names: list[str], values: list[str], which: Query, step: Step
) -> int:
    chosen = Query(f"INSERT INTO {target} ({', '.join(names)}) SELECT {', '.join(values)} FROM {source} WHERE ") + which
    moved = writer.run(chosen, step=step)
    if moved:
        writer.run(Query(f"DELETE FROM {source} WHERE ") + which, step=step)
    return moved
