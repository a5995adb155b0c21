"""What files say about users and items: facts by batch, from which `users` and `items` are rebuilt."""

from __future__ import annotations

from core.ingest import typed
from core.ingest.ids import Key
from core.ingest.plan import Plan
from core.ingest.retired import live_numbers, retire
from core.ingest.stored import PHYSICAL, Table, kept_types, stored_columns
from core.progress import Step, no_step
from core.store import Query, Writer, ident

_TABLE: dict[Key, Table] = {"user": "users", "item": "items"}


def insert_facts(writer: Writer, batch_no: int, plan: Plan, key: Key, step: Step = no_step) -> int:
    """One row of facts per user or item of a users or items file: the last value that is not missing of each column.

    Returns how many rows of the file say again something about a user or item that an earlier row named.
    """
    table = _TABLE[key]
    values = _staged(writer, plan, table)
    picked = "".join(f", arg_max({sql}, s.rowid) AS {ident(name)}" for name, sql in values.items())
    writer.run(
        f"INSERT INTO {PHYSICAL[table]} (batch_no, {key}_no{_names(values)}) "
        f"SELECT {batch_no}, l.no{picked} FROM load_stage s JOIN load_{key} l ON s.{key}_raw = l.raw "
        "WHERE l.no IS NOT NULL GROUP BY l.no",
        step=step,
    )
    row = writer.rows(
        Query(f"SELECT (sum(rows) - count(DISTINCT no))::BIGINT AS n FROM load_{key} WHERE no IS NOT NULL")
    )
    return int(str(row[0]["n"] or 0))


def insert_item_facts_of_events(writer: Writer, batch_no: int, plan: Plan, step: Step = no_step) -> None:
    """Title and category from an events file: the most frequent value per item, the first in order of text on a tie."""
    values = _staged(writer, plan, "items")
    if not values or not plan.field("item"):
        return
    parts, joins = [], ""
    for k, (name, sql) in enumerate(values.items()):
        parts.append(f"v{k}.best AS {ident(name)}")
        counted = (
            f"SELECT l.no, {sql} AS said, count(*) AS n FROM load_stage s JOIN load_item l ON s.item_raw = l.raw "
            f"WHERE l.no IS NOT NULL AND {sql} IS NOT NULL GROUP BY ALL"
        )
        joins += (
            f" LEFT JOIN (SELECT no, first(said ORDER BY n DESC, said) AS best FROM ({counted}) GROUP BY no) v{k} "
            f"ON v{k}.no = items_seen.no"
        )
    some = " OR ".join(f"v{k}.best IS NOT NULL" for k in range(len(values)))
    writer.run(
        f"INSERT INTO item_facts (batch_no, item_no{_names(values)}) "
        f"SELECT {batch_no}, items_seen.no, {', '.join(parts)} "
        f"FROM (SELECT DISTINCT no FROM load_item WHERE no IS NOT NULL) items_seen{joins} WHERE {some}",
        step=step,
    )


def rebuild(writer: Writer, key: Key, step: Step = no_step, *, only_mentioned: bool = False) -> None:
    """Make `users` or `items` from the ids there are and the facts: the latest batch with a value wins, per column.

    With `only_mentioned` (after an undo), ids that no event and no fact names any longer go; those that parked rows
    name wait in `retired_users` or `retired_items`, and come back from there when they are named again.
    """
    if only_mentioned:
        retire(writer, key, step)
    table = _TABLE[key]
    number, physical = f"{key}_no", PHYSICAL[table]
    names = _kept_names(writer, table)
    latest = "".join(f", arg_max({ident(name)}, batch_no) AS {ident(name)}" for name in names)
    columns = "".join(f", f.{ident(name)}" for name in names)
    mentioned = f"WHERE i.{number} IN ({live_numbers(key)})" if only_mentioned else ""
    writer.run(
        f"CREATE OR REPLACE TABLE {table} AS SELECT i.{number}, i.{key}_id{columns} FROM {table} i "
        f"LEFT JOIN (SELECT {number}{latest} FROM {physical} GROUP BY {number}) f USING ({number}) "
        f"{mentioned} ORDER BY i.{number}",
        step=step,
    )


# ---- inside


def _staged(writer: Writer, plan: Plan, table: Table) -> dict[str, str]:
    """Stored name -> SQL of the staged value, in the type that the facts keep that column."""
    kept = kept_types(writer, table)
    fields = {f.map.column: f for f in plan.fields}
    out = {}
    for header, stored in stored_columns(plan.mapping).items():
        if stored.table == table:
            value = f"s.{fields[header].name}"
            if stored.type == "number":
                value = f"CAST({value} AS DOUBLE)"
            as_text = kept[stored.name.lower()] == "text" and stored.type != "text"
            out[stored.name] = typed.as_text(value, stored.type) if as_text else value
    return out


def _kept_names(writer: Writer, table: Table) -> list[str]:
    return [name for name, _ in writer.columns(PHYSICAL[table]) if name not in ("batch_no", "user_no", "item_no")]


def _names(values: dict[str, str]) -> str:
    return "".join(f", {ident(name)}" for name in values)
