"""Taking a batch back, and the history of batches."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from core.errors import Refusal
from core.ingest.facts import rebuild
from core.ingest.parked import drop_unused
from core.ingest.settle import live_batches, settle
from core.progress import Step, no_step
from core.quality.repairs import reapply
from core.store import Query, Store, Writer


def undo(writer: Writer, batch_no: int, *, step: Step = no_step) -> dict[str, Any]:
    """Take a batch back, whatever was loaded before or after: every answer is as if it had never been loaded.

    Its events, facts and rejected rows go, with the users, items and columns that only it brought; the batch stays
    in the history, marked undone. Batches whose place it took count again, and later loads that left out what is there
    already look again. Call it inside Store.atomic.

    Returns `{"batch": int, "events": removed from those that counted, "users": removed, "items": removed, "files":
    [names], "back": [batches that count again], "rows_back": rows of other loads that had been left out and came back,
    "rows_hidden": rows of other loads that are left out now}`.
    Raises Refusal `no_such_batch`, `already_undone`.
    """
    found = writer.rows(Query("SELECT kind, files, undone_at FROM batches WHERE batch_no = ?", (batch_no,)))
    if not found:
        known = ", ".join(str(row["batch_no"]) for row in writer.rows(_STANDING)) or "none"
        raise Refusal("no_such_batch", f"There is no batch {batch_no}.", f"Batches that can be undone: {known}.")
    if found[0]["undone_at"] is not None:
        raise Refusal("already_undone", f"Batch {batch_no} was undone on {found[0]['undone_at']:%-d %b %Y, %H:%M} UTC.")
    counted = live_batches(writer)
    _keep_numbers(writer)
    step.report(0.1, "Taking the batch back")
    events = writer.run(Query("DELETE FROM events WHERE batch_no = ?", (batch_no,)), step=step)
    for table in _TRACES:
        writer.run(Query(f"DELETE FROM {table} WHERE batch_no = ?", (batch_no,)), step=step)
    now = datetime.now(UTC).replace(tzinfo=None)
    writer.run(Query("UPDATE batches SET undone_at = ? WHERE batch_no = ?", (now, batch_no)))
    back = [number for number in live_batches(writer) if number not in counted]
    # where no events came or went, no later load has anything to look at again
    changed = batch_no in counted and found[0]["kind"] == "events"
    settled = settle(writer, since=min([batch_no, *back]) - 1 if changed else _NONE, step=step.part(0.2, 0.5))
    drop_unused(writer)
    step.report(0.5, "Rebuilding users and items")
    rebuild(writer, "user", step, only_mentioned=True)
    rebuild(writer, "item", step, only_mentioned=True)
    users, items = _gone(writer)
    reapply(writer, step=step.part(0.9, 1.0))
    step.report(1.0, "Undone")
    moved = [rows for number, rows in settled.overlap.items() if number not in back]
    return {
        "batch": batch_no,
        "events": events,
        "users": users,
        "items": items,
        "files": [file["name"] for file in json.loads(str(found[0]["files"]))],
        "back": back,
        "rows_back": sum(rows.back for rows in moved),
        "rows_hidden": sum(rows.hidden for rows in moved),
    }


def last_batch(store: Store | Writer) -> int:
    """The latest batch that is not undone. Raises Refusal `no_such_batch` when there is none."""
    live = store.rows(_STANDING)
    if not live:
        raise Refusal("no_such_batch", "No batch is loaded.", "Load a file first.")
    return int(str(live[-1]["batch_no"]))


def batches(store: Store) -> list[dict[str, Any]]:
    """Every load, oldest first, undone ones too: the columns of `batches`, with `files` and `mapping` as objects.

    Added are `live` (whether it counts) and `replaced_by` (the load that took its place, the first of several; None
    for one that counts or is undone).
    """
    rows: list[dict[str, Any]] = store.rows(_HISTORY)
    for row in rows:
        row["files"], row["mapping"] = json.loads(row["files"]), json.loads(row["mapping"])
    return rows


_STANDING = Query("SELECT batch_no FROM batches WHERE undone_at IS NULL ORDER BY batch_no")
_HISTORY = Query(
    "SELECT b.*, b.batch_no IN (SELECT batch_no FROM live_batches) AS live, CASE WHEN b.undone_at IS NULL THEN "
    "(SELECT min(r.batch_no) FROM batches r WHERE r.undone_at IS NULL AND r.mode = 'replace' AND r.kind = b.kind "
    "AND r.batch_no > b.batch_no) END AS replaced_by FROM batches b ORDER BY b.batch_no"
)
_TRACES = (
    "parked_events",
    "user_facts",
    "item_facts",
    "parked_user_facts",
    "parked_item_facts",
    "contact_facts",
    "rejects",
    "batch_columns",
)
_NONE = 2**31  # behind every batch
_IDS = (("users", "user_no"), ("items", "item_no"))


def _keep_numbers(writer: Writer) -> None:
    for table, number in _IDS:
        writer.run(f"CREATE OR REPLACE TEMP TABLE undo_{table} AS SELECT {number} FROM {table}")


def _gone(writer: Writer) -> list[int]:
    """Users and items that there were, and are no longer."""
    out = []
    for table, number in _IDS:
        query = f"SELECT count(*) AS n FROM undo_{table} ANTI JOIN {table} USING ({number})"
        out.append(int(str(writer.rows(Query(query))[0]["n"])))
        writer.run(f"DROP TABLE undo_{table}")
    return out
