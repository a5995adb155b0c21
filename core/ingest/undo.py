"""Taking a batch back, and the history of batches."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from core.errors import Refusal
from core.ingest.facts import rebuild
from core.ingest.stored import settle_columns
from core.progress import Step, no_step
from core.store import Query, Store, Writer


def undo(writer: Writer, batch_no: int, *, step: Step = no_step) -> dict[str, Any]:
    """Take a batch back, whatever was loaded before or after: every answer is as if it had never been loaded.

    Its events, facts and rejected rows go, with the users, items and columns that only it brought; the batch stays
    in the history, marked undone. Call it inside Store.atomic.

    Returns `{"batch": int, "events": removed, "users": removed, "items": removed, "files": [names]}`.
    Raises Refusal `no_such_batch`, `already_undone`.
    """
    found = writer.rows(Query("SELECT files, undone_at FROM batches WHERE batch_no = ?", (batch_no,)))
    if not found:
        known = ", ".join(str(row["batch_no"]) for row in writer.rows(_LIVE)) or "none"
        raise Refusal("no_such_batch", f"There is no batch {batch_no}.", f"Batches that can be undone: {known}.")
    if found[0]["undone_at"] is not None:
        raise Refusal("already_undone", f"Batch {batch_no} was undone on {found[0]['undone_at']:%-d %b %Y, %H:%M} UTC.")
    before = _ids(writer)
    step.report(0.1, "Taking the batch back")
    events = writer.run(Query("DELETE FROM events WHERE batch_no = ?", (batch_no,)), step=step)
    for table in ("user_facts", "item_facts", "contact_facts", "rejects"):
        writer.run(Query(f"DELETE FROM {table} WHERE batch_no = ?", (batch_no,)), step=step)
    now = datetime.now(UTC).replace(tzinfo=None)
    writer.run(Query("UPDATE batches SET undone_at = ? WHERE batch_no = ?", (now, batch_no)))
    settle_columns(writer)
    step.report(0.5, "Rebuilding users and items")
    rebuild(writer, "user", step, only_mentioned=True)
    rebuild(writer, "item", step, only_mentioned=True)
    after = _ids(writer)
    step.report(1.0, "Undone")
    return {
        "batch": batch_no,
        "events": events,
        "users": before[0] - after[0],
        "items": before[1] - after[1],
        "files": [file["name"] for file in json.loads(str(found[0]["files"]))],
    }


def last_batch(store: Store | Writer) -> int:
    """The latest batch that counts. Raises Refusal `no_such_batch` when there is none."""
    live = store.rows(_LIVE)
    if not live:
        raise Refusal("no_such_batch", "No batch is loaded.", "Load a file first.")
    return int(str(live[-1]["batch_no"]))


def batches(store: Store) -> list[dict[str, Any]]:
    """Every load, oldest first, undone ones too: the columns of `batches`, with `files` and `mapping` as objects."""
    rows: list[dict[str, Any]] = store.rows(Query("SELECT * FROM batches ORDER BY batch_no"))
    for row in rows:
        row["files"], row["mapping"] = json.loads(row["files"]), json.loads(row["mapping"])
    return rows


_LIVE = Query("SELECT batch_no FROM batches WHERE undone_at IS NULL ORDER BY batch_no")


def _ids(writer: Writer) -> tuple[int, int]:
    row = writer.rows(Query("SELECT (SELECT count(*) FROM users) AS u, (SELECT count(*) FROM items) AS i"))[0]
    return int(str(row["u"])), int(str(row["i"]))
