"""What an items or users file changed: users or items before and after, compared value by value."""

from __future__ import annotations

from typing import Any

from core.ingest import typed
from core.ingest.ids import Key
from core.ingest.stored import Table, kept_types
from core.progress import Step, no_step
from core.store import Query, Writer, ident

_TABLE: dict[Key, Table] = {"user": "users", "item": "items"}
_SHOWN = 6  # columns that the sentence names
Before = dict[str, str]
"""Own column (lower case) -> SQL of its value as text in `load_before`."""


def remember(writer: Writer, key: Key, step: Step = no_step) -> Before:
    """Keep `users` or `items` as they are in `load_before`, before a load changes them."""
    table = _TABLE[key]
    writer.run(f"CREATE OR REPLACE TEMP TABLE load_before AS SELECT * FROM {table}", step=step)
    there = {str(row["column_name"]).lower() for row in writer.rows(Query("DESCRIBE load_before"))}
    return {
        name: typed.as_text(f"b.{ident(name)}", kind)
        for name, kind in kept_types(writer, table).items()
        if name in there
    }


def what_changed(writer: Writer, key: Key, before: Before, step: Step = no_step) -> dict[str, Any]:
    """What became of all users or items: {"new", "changed", "same", "columns": {column: values changed}}.

    A value that was missing and is not, or the other way round, has changed. Values of new ids are not counted under
    columns. "gone" is there too when ids went (with a file that was replaced). Drops `load_before`.
    """
    table, number = _TABLE[key], f"{key}_no"
    after = {name: typed.as_text(f"a.{ident(name)}", kind) for name, kind in kept_types(writer, table).items()}
    names = sorted(before.keys() | after.keys())
    differs = [f"{before.get(name, 'NULL')} IS DISTINCT FROM {after.get(name, 'NULL')}" for name in names]
    flags = "".join(f", {sql} AS d{k}" for k, sql in enumerate(differs))
    any_differs = " OR ".join(f"d{k}" for k in range(len(names))) or "false"
    both = "was AND stays"
    counts = "".join(f", count(*) FILTER ({both} AND d{k}) AS n{k}" for k in range(len(names)))
    row = writer.rows(
        Query(
            f"SELECT count(*) FILTER (NOT was) AS fresh, count(*) FILTER (NOT stays) AS gone, "
            f"count(*) FILTER ({both} AND ({any_differs})) AS changed, "
            f"count(*) FILTER ({both} AND NOT ({any_differs})) AS same{counts} FROM (SELECT b.{number} IS NOT NULL AS "
            f"was, a.{number} IS NOT NULL AS stays{flags} FROM load_before b FULL JOIN {table} a USING ({number}))"
        ),
        step=step,
    )[0]
    writer.run("DROP TABLE load_before")
    shown = {str(r["column_name"]).lower(): str(r["column_name"]) for r in writer.rows(Query(f"DESCRIBE {table}"))}
    columns = {shown.get(name, name): int(str(row[f"n{k}"])) for k, name in enumerate(names) if row[f"n{k}"]}
    ordered = dict(sorted(columns.items(), key=lambda found: (-found[1], found[0])))
    out: dict[str, Any] = {"new": int(str(row["fresh"])), "changed": int(str(row["changed"]))}
    out |= {"same": int(str(row["same"])), "columns": ordered}
    return out | ({"gone": int(str(row["gone"]))} if row["gone"] else {})


def changes_said(changes: dict[str, Any], kind: str) -> str:
    """One sentence for people.

    >>> changes_said({"new": 12, "changed": 340, "same": 2000, "columns": {"tier": 200, "city": 140}}, "users")
    '12 users are new, 340 changed (tier 200, city 140), 2,000 are as they were.'
    """
    new, changed, same, gone = changes["new"], changes["changed"], changes["same"], changes.get("gone", 0)
    listed = [f"{name} {n:,}" for name, n in changes["columns"].items()]
    more = [f"{len(listed) - _SHOWN:,} more columns"] if len(listed) > _SHOWN else []
    columns = f" ({', '.join(listed[:_SHOWN] + more)})" if listed else ""
    said = [
        f"{new:,} {kind[:-1] + ' is' if new == 1 else kind + ' are'} new",
        f"{changed:,} changed{columns}",
        f"{same:,} {'is as it was' if same == 1 else 'are as they were'}",
    ]
    said += [f"{gone:,} {'is' if gone == 1 else 'are'} gone"] if gone else []
    return f"{', '.join(said)}."
