"""The analyst's own columns: what they are called in the workspace, and keeping the tables in step with the loads.

Which columns the tables have, and their types, follow from the mappings of the batches that count, and from nothing
else: `settle_columns` works them out again at every load and undo. So undoing a batch leaves the tables as if it had
never been loaded, whatever was loaded before or after.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from core.ingest import typed
from core.ingest.plan import column_type
from core.ingest.types import ColumnMap, Kind, Mapping, Type
from core.store import Query, Writer, ident

Table = Literal["events", "users", "items", "contacts"]  # contacts: rows of contact_facts, not columns
PHYSICAL: dict[Table, str] = {"events": "events", "users": "user_facts", "items": "item_facts"}
"""Where the rows of a load put the columns of each table; users and items are rebuilt from their facts."""

_LONGEST = 200
_OURS: dict[Table, frozenset[str]] = {
    "events": frozenset(
        "rowid user_no item_no user_id item_id event at_utc order_id quantity value rating dwell session channel "
        "campaign device batch_no row_no event_no".split()
    ),
    "users": frozenset("rowid user_no user_id batch_no".split()),
    "contacts": frozenset("rowid user_no user_id batch_no".split()),
    "items": frozenset("rowid item_no item_id batch_no title category price".split()),
}


@dataclass(frozen=True)
class Stored:
    """One of the analyst's columns, as the workspace keeps it."""

    table: Table
    name: str
    role: str
    type: Type


def stored_columns(mapping: Mapping) -> dict[str, Stored]:
    """File column -> where it is kept, for every column that is kept under its own name or a fixed one.

    A header that is taken by a column of Limelight's gets a suffix (`value` -> `value_context`); the answer depends
    on the mapping alone, so that the same header of a later file meets the same column.
    """
    out: dict[str, Stored] = {}
    used: set[tuple[str, str]] = set()
    for column in mapping.columns:
        place = _place(column, mapping.kind)
        if place is None:
            continue
        table, fixed = place
        name = fixed or _own_name(column, table)
        base, n = name, 2
        while (table, name.lower()) in used:
            name, n = f"{base}_{n}", n + 1
        used.add((table, name.lower()))
        out[column.column] = Stored(table, name, column.role, column_type(column))
    return out


def settle_columns(writer: Writer) -> list[str]:
    """Make the tables' columns and the table `columns` what the batches that count say; sentences on types widened.

    A column that batches give different types is kept as text; one that no batch gives any longer goes.
    """
    wanted: dict[tuple[Table, str], list[Stored]] = {}
    for row in writer.rows(
        Query("SELECT mapping FROM batches SEMI JOIN live_batches USING (batch_no) ORDER BY batch_no")
    ):
        for stored in stored_columns(Mapping.from_json(str(row["mapping"]))).values():
            wanted.setdefault((stored.table, stored.name.lower()), []).append(stored)
    notes: list[str] = []
    for table in PHYSICAL:
        notes += _settle(writer, table, {name: found for (t, name), found in wanted.items() if t == table})
    writer.run("DELETE FROM columns")
    for (table, _), found in wanted.items():
        writer.run(Query("INSERT INTO columns VALUES (?, ?, ?)", (table, found[0].name, found[-1].role)))
    return notes


def kept_types(writer: Writer, table: Table) -> dict[str, Type]:
    """Lower-case name -> type of the columns that loads have added to a table."""
    own = _OURS[table] - {"title", "category", "price"}
    sql_types = {sql: kind for kind, sql in typed.SQL_TYPES.items()}
    return {name.lower(): sql_types[sql] for name, sql in writer.columns(PHYSICAL[table]) if name not in own}


def _settle(writer: Writer, table: Table, wanted: dict[str, list[Stored]]) -> list[str]:
    notes = []
    physical, present = PHYSICAL[table], kept_types(writer, table)
    for name in present.keys() - wanted.keys():
        writer.run(f"ALTER TABLE {physical} DROP COLUMN {ident(name)}")
    for name, found in wanted.items():
        kinds = {stored.type for stored in found}
        kind: Type = kinds.pop() if len(kinds) == 1 else "text"
        column = ident(found[0].name)
        if name not in present:
            writer.run(f"ALTER TABLE {physical} ADD COLUMN {column} {typed.SQL_TYPES[kind]}")
        elif present[name] != kind:
            old = present[name]
            text = typed.as_text(column, old)  # a replacing load may go from numbers to lists at once
            using = text if kind == "text" else typed.from_text(text, kind)
            writer.run(f"ALTER TABLE {physical} ALTER COLUMN {column} TYPE {typed.SQL_TYPES[kind]} USING {using}")
            if kind == "text":
                notes.append(f"{found[0].name} holds {_SAID[old]} in some files and other values here: kept as text.")
    return notes


_SAID: dict[Type, str] = {
    "text": "text",
    "number": "numbers",
    "date": "dates",
    "boolean": "yes or no",
    "list": "lists",
}


def _place(column: ColumnMap, kind: Kind) -> tuple[Table, str | None] | None:
    """The table of a column, and its name there if that is fixed; None for the canonical roles."""
    if column.role in ("title", "category") or (column.role == "price" and kind == "items"):
        return "items", column.role
    if column.role == "context":
        return "events", None
    if column.role == "attribute":
        return ("users" if kind == "users" else "items"), None
    if column.role == "contact":
        return "contacts", None
    if column.role == "consent":
        return "users", f"consent_{(column.event or '').strip().lower()}"
    return None


def _own_name(column: ColumnMap, table: Table) -> str:
    name = column.column.replace("\0", "").strip()[:_LONGEST] or "column"
    return f"{name}_{column.role}" if name.lower() in _OURS[table] else name
