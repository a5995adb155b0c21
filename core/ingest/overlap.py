"""Rows that say nothing but what earlier loads say already: found, taken out of the way, and brought back.

For a load whose mapping says overlap "drop":

- A row is there already when it gives at least one event and every event that it gives equals a visible event (one in
  `events`) of an earlier batch: in all columns but those of numbers, a missing value equal to a missing value.
- With Mapping.key: when each of its events that has all parts of the key finds an earlier visible event with the same
  key, and there is at least one such event. So a row with a missing part in its key is always loaded.

Its events wait in `parked_events`; `row_no` tells which events are of one row. What is there depends on the batches
that count, so core.ingest.settle looks again after every undo and replacing load.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.errors import Refusal
from core.ingest import parked
from core.ingest.plan import Plan
from core.ingest.stored import kept_types, stored_columns
from core.ingest.types import Mapping
from core.progress import Step, no_step
from core.store import Query, Writer, ident

_KEPT_IN: dict[str, str] = {
    "user": "user_no", "item": "item_no", "event": "event", "time": "at_utc", "clock": "at_utc", "order": "order_id",
    "quantity": "quantity", "value": "value", "rating": "rating", "dwell": "dwell", "session": "session",
    "channel": "channel", "campaign": "campaign", "device": "device",
}  # fmt: skip


@dataclass(frozen=True)
class Moved:
    """What became of the rows of one batch (counts of file rows, and of their events).

    Attributes:
        hidden, events_hidden: left out now that were not before.
        back, events_back: visible now that were left out before.
        anonymous: rows without user that are left out now, less those that came back.
    """

    hidden: int = 0
    events_hidden: int = 0
    back: int = 0
    events_back: int = 0
    anonymous: int = 0


def row_number(mapping: Mapping, alias: str) -> dict[str, str]:
    """The column of `events` that says which events are of one row, and its SQL over a staged row; none if not needed.

    The hook of core.ingest.load_events: events of one row of the file share it.
    """
    return {"row_no": f"{alias}.rowid"} if mapping.overlap == "drop" else {}


def key_columns(mapping: Mapping) -> list[str]:
    """The columns of `events` in which the parts of the mapping's key are kept.

    Raises Refusal `key_not_kept` for a column that is not kept there as it stands (a price becomes part of the value).
    """
    own = {header: stored for header, stored in stored_columns(mapping).items() if stored.table == "events"}
    roles = {column.column: column.role for column in mapping.columns}
    out: list[str] = []
    for header in mapping.key:
        name = own[header].name.lower() if header in own else _KEPT_IN.get(roles.get(header, ""))
        if name is None:
            kept = [c.column for c in mapping.columns if c.column in own or c.role in _KEPT_IN]
            raise Refusal(
                "key_not_kept",
                f"{header!r} cannot be part of the key: its values are not kept with the events.",
                f"Make it context, or choose among: {', '.join(kept)}.",
            )
        if name not in out:
            out.append(name)
    return out


def leave_out(writer: Writer, batch_no: int, mapping: Mapping, step: Step = no_step) -> Moved:
    """Park the events of a batch's rows that earlier batches have, and bring back those of rows that they have not.

    Call it when the columns are settled and all earlier batches are as they will be.
    """
    _find(writer, batch_no, mapping, step)
    here = Query("batch_no = ? AND row_no IN (SELECT row_no FROM overlap_hidden)", (batch_no,))
    gone = Query("batch_no = ? AND row_no NOT IN (SELECT row_no FROM overlap_hidden)", (batch_no,))
    hidden, hidden_anonymous = _rows(writer, "events", here)
    back, back_anonymous = _rows(writer, "parked_events", gone)
    events_hidden = parked.park(writer, "events", here, step) if hidden else 0
    events_back = parked.bring_back(writer, "events", gone, step) if back else 0
    for table in ("overlap_given", "overlap_there", "overlap_hidden"):
        writer.run(f"DROP TABLE {table}")
    return Moved(hidden, events_hidden, back, events_back, hidden_anonymous - back_anonymous)


def adjust_counts(writer: Writer, batch_no: int, moved: Moved) -> None:
    """Bring the counts of a batch up to date; rows_read = loaded + rejected + duplicate stays true."""
    rows, events = moved.hidden - moved.back, moved.events_hidden - moved.events_back
    writer.run(
        Query(
            "UPDATE batches SET rows_overlap = rows_overlap + ?, rows_duplicate = rows_duplicate + ?, rows_loaded = "
            "rows_loaded - ?, events_added = events_added - ?, rows_anonymous = rows_anonymous - ? WHERE batch_no = ?",
            (rows, rows, rows, events, moved.anonymous, batch_no),
        )
    )


def keep_the_rest(writer: Writer, batch_no: int, plan: Plan) -> None:
    """After a load left rows out: the staged rows, and the rows of `load_user` and `load_item`, are those kept."""
    hidden = f"rowid IN (SELECT row_no FROM parked_events WHERE batch_no = {batch_no:d})"
    for key in ("user", "item"):
        split = next((field.map.split for field in plan.fields if field.name == f"{key}_raw"), None)
        if split is not None:  # a basket: the ids are those of parts of cells, which no staged row has
            writer.run(
                f"DELETE FROM load_{key} WHERE no NOT IN (SELECT {key}_no FROM events WHERE batch_no = {batch_no:d} "
                f"AND {key}_no IS NOT NULL)"
            )
        elif any(field.name == f"{key}_raw" for field in plan.fields):
            writer.run(
                f"UPDATE load_{key} SET rows = load_{key}.rows - h.rows FROM (SELECT {key}_raw AS raw, count(*) AS "
                f"rows FROM load_stage WHERE {hidden} GROUP BY {key}_raw) h "
                f"WHERE h.raw IS NOT DISTINCT FROM load_{key}.raw"
            )
            writer.run(f"DELETE FROM load_{key} WHERE rows = 0")
    writer.run(f"DELETE FROM load_stage WHERE {hidden}")


# ---- inside


def _find(writer: Writer, batch_no: int, mapping: Mapping, step: Step) -> None:
    """Make `overlap_hidden` (row_no): the batch's rows that are there already, visible or parked as they are now.

    Both sides are hashed, so that only the few earlier events with a hash that matters are kept in memory; equality of
    all columns then decides.
    """
    own = kept_types(writer, "events")
    fixed = [c for c in parked.fixed_columns(writer, "events") if c not in ('"batch_no"', '"row_no"', '"event_no"')]
    columns = [ident(c) for c in key_columns(mapping)] if mapping.key else [*fixed, *map(ident, own)]
    waiting = {ident(name): sql for name, sql in parked.parked_values(writer, "events").items()}
    waiting |= {column: column for column in fixed}
    hashed = f"hash({', '.join(columns)}) AS h"
    named = ", ".join(f"{column} AS c{k}" for k, column in enumerate(columns))
    typed = ", ".join(f"{waiting.get(column, 'NULL')} AS {column}" for column in columns)
    for table in ("overlap_given", "overlap_there", "overlap_hidden"):
        writer.run(f"DROP TABLE IF EXISTS {table}")
    writer.run(
        Query(
            f"CREATE TEMP TABLE overlap_given AS SELECT row_no, {named}, {hashed} FROM (SELECT row_no, "
            f"{', '.join(columns)} FROM events WHERE batch_no = ? UNION ALL SELECT row_no, {typed} FROM parked_events "
            "WHERE batch_no = ?) WHERE row_no IS NOT NULL",
            (batch_no, batch_no),
        ),
        step=step,
    )
    at = f"c{columns.index(ident('at_utc'))}" if ident("at_utc") in columns else None
    earlier = f"CREATE TEMP TABLE overlap_there AS SELECT DISTINCT {named}, {hashed} FROM events WHERE batch_no < ?"
    wanted = Query(f" AND hash({', '.join(columns)}) IN (SELECT h FROM overlap_given)")
    writer.run(Query(earlier, (batch_no,)) + _times(writer, at) + wanted, step=step)
    same = " AND ".join(f"g.c{k} IS NOT DISTINCT FROM t.c{k}" for k in range(len(columns)))
    whole = " AND ".join(f"g.c{k} IS NOT NULL" for k in range(len(columns))) if mapping.key else "true"
    writer.run(
        "CREATE TEMP TABLE overlap_hidden AS SELECT row_no FROM (SELECT g.row_no, t.h IS NOT NULL AS there, "
        f"{whole} AS whole FROM overlap_given g LEFT JOIN overlap_there t ON g.h = t.h AND {same}) GROUP BY row_no "
        "HAVING coalesce(bool_and(there) FILTER (whole), false)",
        step=step,
    )


def _times(writer: Writer, at: str | None) -> Query:
    """The condition that spares looking at earlier events outside the time range of the new ones."""
    if at is None:
        return Query("")
    row = writer.rows(
        Query(f"SELECT min({at}) AS low, max({at}) AS high, count(*) > count({at}) AS some FROM overlap_given")
    )[0]
    if row["low"] is None:
        return Query(" AND at_utc IS NULL")
    within = Query("at_utc BETWEEN ? AND ?", (row["low"], row["high"]))
    return Query(" AND (") + within + Query(" OR at_utc IS NULL)") if row["some"] else Query(" AND ") + within


def _rows(writer: Writer, table: str, which: Query) -> tuple[int, int]:
    """File rows behind the events that fit, and those of them without a user."""
    row = writer.rows(
        Query(
            "SELECT count(DISTINCT row_no) AS n, count(DISTINCT row_no) FILTER (user_no IS NULL) AS anonymous "
            f"FROM {table} WHERE "
        )
        + which
    )[0]
    return int(str(row["n"])), int(str(row["anonymous"]))
