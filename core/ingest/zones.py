"""Times in a zone's own time: the hours that a clock change skips or repeats, counted for the analyst."""

from __future__ import annotations

from collections.abc import Sequence

from core.ingest import typed
from core.ingest.plan import Plan
from core.ingest.relation import relation
from core.ingest.types import Source
from core.store import Query, Writer, ident, literal


def zone_note(writer: Writer, plan: Plan, sources: Sequence[Source]) -> str:
    """A sentence on the zone of a load's times; "" where none was named.

    The files are read once more, and only where a time falls near a change of the clock.
    """
    zone, time = plan.mapping.zone, plan.field("time")
    if not zone or not time:
        return ""
    said = f"Times without an offset are of {zone} and are kept in UTC."
    skipped, repeated = _counted(writer, plan, sources, zone) if _near_a_change(writer, zone) else (0, 0)
    if skipped:
        said += (
            f" {_rows(skipped)} a time that a clock change skips: read as if the clock had not been put forward yet."
        )
    if repeated:
        said += f" {_rows(repeated)} a time that a clock change repeats: read as the second of the two."
    return said


def _rows(n: int) -> str:
    return f"{n:,} row has" if n == 1 else f"{n:,} rows have"


def _near_a_change(writer: Writer, zone: str) -> bool:
    """Whether the zone's offset three hours before a time is another than three hours behind it."""
    offset = "timezone({zone}, timezone('UTC', {at})) - {at}"
    before, behind = (offset.format(zone=literal(zone), at=f"(at_utc {sign} INTERVAL 3 HOUR)") for sign in ("-", "+"))
    query = (
        f"SELECT 1 AS one FROM (SELECT DISTINCT date_trunc('hour', at_utc) AS at_utc FROM load_stage) "
        f"WHERE {before} <> {behind} LIMIT 1"
    )
    return bool(writer.rows(Query(query)))


def _counted(writer: Writer, plan: Plan, sources: Sequence[Source], zone: str) -> tuple[int, int]:
    """Rows whose time is skipped, and repeated, among those that the reader gives."""
    time, clock = plan.field("time"), plan.field("clock")
    assert time is not None
    cell = ident(time.map.column)
    local, own = typed.moment(cell, time.map.time_format), typed.is_local(cell, time.map.time_format)
    if clock:
        hand = ident(clock.map.column)
        local = f"date_trunc('day', {local}) + to_microseconds({typed.clock(hand, clock.map.time_format)})"
        own = "true"
    there = f"timezone({literal(zone)}, timezone('UTC', {{}}))"
    total = [0, 0]
    for source in sources:
        rows = Query(f"SELECT {local} AS local, {typed.to_utc(local, zone)} AS utc FROM ") + relation(source)
        query = Query(
            f"SELECT count(*) FILTER ({there.format('utc')} <> local) AS skipped, "
            f"count(*) FILTER ({there.format('utc')} = local AND {there.format('utc - INTERVAL 1 HOUR')} = local) "
            "AS repeated FROM ("
        )
        found = writer.rows(query + rows + f" WHERE {own})")[0]
        total = [total[0] + int(str(found["skipped"])), total[1] + int(str(found["repeated"]))]
    return total[0], total[1]
