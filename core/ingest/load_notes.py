"""What a person should know about a load, in sentences."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from core.ingest.load_events import rows_without_event
from core.ingest.plan import Plan
from core.store import Query, Writer


def load_notes(writer: Writer, plan: Plan, counts: dict[str, Any]) -> list[str]:
    """Sentences on repeats, anonymous rows, returns, rows without event, counts, missing and future times."""
    notes = []
    if counts["repeated"]:
        notes.append(f"{counts['repeated']:,} rows repeat another row exactly; they were kept.")
    if counts["duplicate"]:
        notes.append(f"{counts['duplicate']:,} rows repeat another row exactly; they were left out.")
    if plan.mapping.kind != "events":
        return notes
    if counts["anonymous"]:
        notes.append(
            f"{counts['anonymous']:,} rows name no user: they count in attention and revenue, "
            "not in users, segments or models."
        )
    if counts["events"].get("return"):
        notes.append(
            f"{counts['events']['return']:,} events are returns; quantity and value are kept negative, so sums are net."
        )
    without = rows_without_event(writer, plan)
    if without:
        notes.append(f"{without:,} rows hold nothing that happened (no rating, no count above 0): they make no event.")
    for count in plan.all("count"):
        found = writer.rows(Query(f"SELECT coalesce(sum({count.name}), 0)::BIGINT AS n FROM load_stage"))[0]["n"]
        notes.append(f"{count.map.column}: {int(str(found)):,} {count.map.event} events in all, kept as quantities.")
    if plan.field("time"):
        row = writer.rows(
            Query(
                "SELECT count(*) FILTER (at_utc IS NULL) AS missing, count(*) FILTER (at_utc > ?) AS future "
                "FROM load_stage",
                (datetime.now(UTC).replace(tzinfo=None),),
            )
        )[0]
        if row["missing"]:
            notes.append(f"{int(str(row['missing'])):,} rows have no time: windows leave them out.")
        if row["future"]:
            notes.append(
                f"{int(str(row['future'])):,} rows are dated in the future: they do not move the end of the data."
            )
    return notes
