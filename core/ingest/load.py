"""Loading: files and a mapping in, a batch out, all of it or nothing."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from core.errors import Refusal
from core.ingest import changes, overlap
from core.ingest.baskets import basket_note, rows_as_parts, whole_cells
from core.ingest.blanks import count_blanks
from core.ingest.contacts import insert_contacts
from core.ingest.facts import insert_facts, insert_item_facts_of_events, rebuild
from core.ingest.fitting import check_fit, check_mode
from core.ingest.ids import Key, known_rows, number_ids
from core.ingest.load_events import insert_events, rows_without_event
from core.ingest.load_notes import load_notes
from core.ingest.plan import Plan, make_plan
from core.ingest.pseudonym import hide_columns, ready_key
from core.ingest.rejects import collect_faults, write_rejects
from core.ingest.repeats import settle_repeats
from core.ingest.retention import retention_notes
from core.ingest.retired import forget_idle
from core.ingest.settle import live_batches, settle
from core.ingest.stage import stage
from core.ingest.stored import settle_columns
from core.ingest.types import LoadReport, Mapping, Mode, Source
from core.ingest.zones import zone_note
from core.progress import Step, no_step
from core.quality.repairs import reapply, repair_notes
from core.store import Query, Writer

_TEMPORARY = (
    "load_stage",
    "load_rows",
    "load_faults",
    "load_user",
    "load_user_ids",
    "load_item",
    "load_item_ids",
    "load_distinct_user_raw",
    "load_distinct_item_raw",
    "load_distinct_event_raw",
    "reject_errors",
    "reject_scans",
)


def load(
    writer: Writer,
    sources: Sequence[Source],
    mapping: Mapping,
    *,
    mode: Mode = "append",
    again: bool = False,
    step: Step = no_step,
) -> LoadReport:
    """Load files of one shape as one batch. Call it inside Store.atomic, which makes it all or nothing.

    Every row counted by `open_source` is loaded, rejected with its line and reason, or (repeats="drop") left out as an
    exact repeat, or (overlap="drop") as one that earlier loads have; a gap is refused. Rows of one load repeat each
    other when all their cells are equal, across files.

    - A blank user is an anonymous row, a blank item a row without item; both are loaded. A blank event is rejected.
    - Purchases that are returns (Mapping.returns; with "negative" and no quantity column, those of negative value)
      become events 'return'; their quantity and value, and those of rows that say 'return' themselves, are stored at or
      below zero whichever sign the file has.
    - Value is the value column, else quantity x price (quantity 1 where it is not known), exact to 4 places.
    - Items and users files: of several rows about one id, the last that is not blank wins, column by column; of
      several batches, the latest.

    Args:
        mode: "replace" takes the place of all earlier batches of this kind (core.ingest.settle): their rows no longer
            count, until this batch is undone.
        again: load a file although a batch that counts holds the same bytes.

    Raises:
        Refusal: `already_loaded`, `rows_unaccounted`, `all_rejected`, `too_many_rejects`, `too_many_event_words`, and
            those of core.ingest.fitting.check_fit and core.ingest.pseudonym.ready_key.
        Cancelled: when the step is cancelled; the caller's transaction undoes what was done.
    """
    started = time.monotonic()
    check_mode(mode)
    check_fit(writer, sources, mapping)
    if not again:
        _refuse_loaded(writer, sources, mapping, mode)
    sources = whole_cells(sources, mapping)
    plan = replace(make_plan(mapping, sources), secret=ready_key(writer, mapping))
    replaced = live_batches(writer, mapping.kind) if mode == "replace" else []
    batch_no = _new_batch(writer, sources, mapping, mode)
    staged = stage(writer, sources, plan, step.part(0.0, 0.6))
    collect_faults(writer, plan)
    rejected, reasons = write_rejects(writer, batch_no, staged, plan, step.part(0.6, 0.7))
    step.report(0.7, "Looking for repeated rows")
    repeated, dropped = settle_repeats(writer, plan, step)
    hide_columns(writer, plan, step)
    count_blanks(writer, batch_no, plan, step)
    counts = _counts(sources, rejected, repeated, dropped)
    key: Key | None = None if mapping.kind == "events" else "user" if mapping.kind == "users" else "item"
    before = changes.remember(writer, key, step) if key else {}
    notes = settle(writer, since=batch_no, step=step).notes if replaced else settle_columns(writer)
    step.report(0.75, "Numbering users and items")
    said_again, changed = 0, {}
    if key:
        found, said_again = _finish_facts(writer, batch_no, plan, key, replaced, step.part(0.75, 1.0))
        counts |= found
        changed = changes.what_changed(writer, key, before, step)
        notes.append(changes.changes_said(changed, mapping.kind))
    else:
        counts |= _finish_events(writer, batch_no, plan, counts, replaced, step.part(0.75, 1.0))
    notes += load_notes(writer, plan, counts, said_again)
    notes += [note for note in (basket_note(writer, plan), zone_note(writer, plan, sources)) if note]
    _write_counts(writer, batch_no, counts)
    notes += retention_notes(writer)
    for table in _TEMPORARY:
        writer.run(f"DROP TABLE IF EXISTS {table}")
    notes += repair_notes(reapply(writer, step=step.part(0.99, 1.0)))
    step.report(1.0, "Loaded")
    return LoadReport(
        batch_no=batch_no,
        kind=mapping.kind,
        rows_read=counts["read"],
        rows_loaded=counts["loaded"],
        rows_rejected=rejected,
        rows_duplicate=counts["duplicate"],
        rows_repeated=repeated,
        rows_anonymous=counts["anonymous"],
        users=counts["users"],
        items=counts["items"],
        events=counts["events"],
        reasons=reasons,
        seconds=time.monotonic() - started,
        notes=tuple(notes),
        rows_overlap=counts["overlap"],
        mode=mode,
        replaced=tuple(replaced),
        changes=changed,
    )


# ---- the parts


def _finish_events(
    writer: Writer, batch_no: int, plan: Plan, counts: dict[str, Any], replaced: Sequence[int], step: Step
) -> dict[str, Any]:
    keys: list[Key] = [key for key in ("user", "item") if plan.field(key)]
    if "user" in keys:
        number_ids(writer, plan, "user", step)
        insert_contacts(writer, batch_no, plan, step)
    with rows_as_parts(writer, plan, step):
        if "item" in keys:
            number_ids(writer, plan, "item", step)
        written = insert_events(writer, batch_no, plan, step.part(0.2, 0.9))
        insert_item_facts_of_events(writer, batch_no, plan, step)
    idle = rows_without_event(writer, plan)
    left_out = overlap.Moved()
    if plan.mapping.overlap == "drop":
        left_out = overlap.leave_out(writer, batch_no, plan.mapping, step.part(0.9, 0.95))
    for key in keys:
        if idle or left_out.hidden:
            forget_idle(writer, key, batch_no, step)
        if key == "item" and plan.all("title", "category") and not replaced:
            rebuild(writer, key, step)
    if replaced:
        _rebuild_both(writer, step)
    if left_out.hidden:
        overlap.keep_the_rest(writer, batch_no, plan)
    made = writer.rows(
        Query(
            "SELECT event, count(*) AS n FROM events WHERE batch_no = ? GROUP BY event ORDER BY n DESC, event",
            (batch_no,),
        )
    )
    events = {str(row["event"]): int(str(row["n"])) for row in made}
    if sum(events.values()) != written - left_out.events_hidden:  # never seen but with the defect of core.store.hollow
        raise Refusal(
            "rows_unaccounted",
            f"{written:,} events were written, but {sum(events.values()):,} can be seen. Nothing was loaded.",
            "This is a fault of the database: please report it with the kind of file and what was loaded before.",
        )
    users, anonymous = known_rows(writer, "user") if "user" in keys else (0, None)
    items = known_rows(writer, "item")[0] if "item" in keys else 0
    if anonymous is None:
        anonymous = int(str(writer.rows(Query("SELECT count(*) AS n FROM load_stage"))[0]["n"]))
    return {
        "users": users,
        "items": items,
        "anonymous": anonymous,
        "events": events,
        "added": sum(events.values()),
        "without_event": idle,
        "overlap": left_out.hidden,
        "loaded": counts["loaded"] - left_out.hidden,
        "duplicate": counts["duplicate"] + left_out.hidden,
    }


def _finish_facts(
    writer: Writer, batch_no: int, plan: Plan, key: Key, replaced: Sequence[int], step: Step
) -> tuple[dict[str, Any], int]:
    """Counts of an items or users file, and how many of its rows are about an id of an earlier row."""
    number_ids(writer, plan, key, step)
    said_again = insert_facts(writer, batch_no, plan, key, step)
    insert_contacts(writer, batch_no, plan, step)
    rebuild(writer, key, step, only_mentioned=bool(replaced))
    counts = {"users": 0, "items": 0, "anonymous": 0, "added": 0, "events": {}}
    return counts | {plan.mapping.kind: known_rows(writer, key)[0]}, said_again


def _rebuild_both(writer: Writer, step: Step) -> None:
    """Users and items after other events have gone: those that nothing names any longer go too."""
    keys: tuple[Key, ...] = ("user", "item")
    for key in keys:
        rebuild(writer, key, step, only_mentioned=True)


def _counts(sources: Sequence[Source], rejected: int, repeated: int, dropped: int) -> dict[str, Any]:
    read = sum(source.rows for source in sources)
    loaded = read - rejected - dropped
    counts = {"read": read, "loaded": loaded, "rejected": rejected, "duplicate": dropped, "repeated": repeated}
    return counts | {"overlap": 0}


def _new_batch(writer: Writer, sources: Sequence[Source], mapping: Mapping, mode: Mode) -> int:
    batch_no = int(str(writer.rows(Query("SELECT coalesce(max(batch_no), 0) + 1 AS n FROM batches"))[0]["n"]))
    files = [
        {"name": s.name, "bytes": s.bytes, "sha256": s.sha256, "rows_read": s.rows}
        | ({"sheet": s.sheet} if s.sheet else {})
        for s in sources
    ]
    now = datetime.now(UTC).replace(tzinfo=None)
    writer.run(
        Query(
            "INSERT INTO batches (batch_no, kind, files, mapping, rows_read, rows_loaded, rows_rejected, "
            "rows_duplicate, rows_repeated, rows_anonymous, events_added, loaded_at, mode) "
            "VALUES (?, ?, ?, ?, 0, 0, 0, 0, 0, 0, 0, ?, ?)",
            (batch_no, mapping.kind, json.dumps(files, ensure_ascii=False), mapping.to_json(), now, mode),
        )
    )
    return batch_no


def _write_counts(writer: Writer, batch_no: int, counts: dict[str, Any]) -> None:
    names = ("read", "loaded", "rejected", "duplicate", "repeated", "anonymous", "added", "overlap")
    writer.run(
        Query(
            "UPDATE batches SET rows_read = ?, rows_loaded = ?, rows_rejected = ?, rows_duplicate = ?, "
            "rows_repeated = ?, rows_anonymous = ?, events_added = ?, rows_overlap = ? WHERE batch_no = ?",
            (*(counts[name] for name in names), batch_no),
        )
    )


def _refuse_loaded(writer: Writer, sources: Sequence[Source], mapping: Mapping, mode: Mode) -> None:
    """Refuse a file that a batch that counts holds; what a replacing load takes the place of does not matter to it."""
    seen: dict[tuple[str, str | None], str] = {}
    live = "SELECT batch_no, kind, files, loaded_at FROM batches SEMI JOIN live_batches USING (batch_no) "
    for row in writer.rows(Query(live + "ORDER BY batch_no")):
        for file in json.loads(str(row["files"])):
            if row["kind"] == mapping.kind and mode == "append":
                seen[file["sha256"], file.get("sheet")] = (
                    f"batch {row['batch_no']} of {row['loaded_at']:%-d %b %Y, %H:%M} UTC"
                )
    for source in sources:
        key = (source.sha256, source.sheet)
        if key in seen:
            raise Refusal(
                "already_loaded",
                f"{source.name} is loaded already: {seen[key]} holds the same file.",
                "Undo that batch first, or load it again on purpose (--again).",
            )
        seen[key] = f"{source.name}, given twice,"
