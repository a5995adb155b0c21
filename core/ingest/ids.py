"""From raw ids to numbers: `load_user` and `load_item`, temporary tables (raw, id, no, rows)."""

from __future__ import annotations

from typing import Literal

from core.ingest import typed
from core.ingest.distinct import distinct
from core.ingest.plan import Plan
from core.ingest.pseudonym import hide_ids
from core.progress import Step, no_step
from core.store import Query, Writer

Key = Literal["user", "item"]


def number_ids(writer: Writer, plan: Plan, key: Key, step: Step = no_step) -> None:
    """Give every id of `load_stage` its number, new ones in order of their text, behind the highest there is.

    An id that only parked rows name (`retired_users`, `retired_items`) comes back with the number that it has.
    Ids are trimmed, made pseudonyms where the plan says so, and otherwise kept as they stand. Both look at each
    distinct value once, not at each row.
    """
    table, number, name = f"{key}s", f"{key}_no", f"{key}_id"
    writer.run(f"DROP TABLE IF EXISTS load_{key}_ids")
    writer.run(
        f"CREATE TEMP TABLE load_{key}_ids AS SELECT raw, {typed.text('raw')} AS id, rows "
        f"FROM {distinct(writer, f'{key}_raw', step)}",
        step=step,
    )
    hide_ids(writer, f"load_{key}_ids", plan, key)
    _bring_back(writer, key, step)
    highest = f"(SELECT max({number}) AS no FROM {table} UNION ALL SELECT max({number}) FROM retired_{table})"
    writer.run(
        f"INSERT INTO {table} ({number}, {name}) SELECT (SELECT coalesce(max(no), 0) FROM {highest}) "
        f"+ row_number() OVER (ORDER BY id), id FROM (SELECT DISTINCT id FROM load_{key}_ids WHERE id IS NOT NULL) n "
        f"ANTI JOIN {table} t ON t.{name} = n.id ORDER BY id",
        step=step,
    )
    writer.run(f"DROP TABLE IF EXISTS load_{key}")
    writer.run(
        f"CREATE TEMP TABLE load_{key} AS SELECT i.raw, i.id, t.{number} AS no, i.rows FROM load_{key}_ids i "
        f"LEFT JOIN {table} t ON t.{name} = i.id",
        step=step,
    )


def known_rows(writer: Writer, key: Key) -> tuple[int, int]:
    """Distinct ids in the rows kept, and rows without one."""
    row = writer.rows(
        Query(
            "SELECT count(DISTINCT no) AS ids, coalesce(sum(rows) FILTER (no IS NULL), 0)::BIGINT AS without "
            f"FROM load_{key}"
        )
    )[0]
    return int(str(row["ids"])), int(str(row["without"]))


def _bring_back(writer: Writer, key: Key, step: Step) -> None:
    table, number, name = f"{key}s", f"{key}_no", f"{key}_id"
    back = writer.run(
        f"INSERT INTO {table} ({number}, {name}) SELECT {number}, {name} FROM retired_{table} "
        f"WHERE {name} IN (SELECT id FROM load_{key}_ids)",
        step=step,
    )
    if back:
        writer.run(f"DELETE FROM retired_{table} WHERE {number} IN (SELECT {number} FROM {table})", step=step)
