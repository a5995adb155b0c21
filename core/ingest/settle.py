"""Which rows count: worked out from `batches`, and moved between the live and the parked tables accordingly.

A batch counts (view `live_batches`) when it is not undone and no later batch of its kind that counts replaced all
before it. The rows of a batch that does not count wait in the parked tables; so do the rows that a load left out
because earlier loads have them. An append as the last load moves nothing and does not come here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from core.ingest import overlap, parked
from core.ingest.stored import Table, settle_columns
from core.ingest.types import Mapping
from core.progress import Step, no_step
from core.store import Query, Writer

_FACTS: tuple[Table, ...] = ("users", "items")


@dataclass(frozen=True)
class Settled:
    """What settling moved.

    Attributes:
        overlap: batch_no -> rows left out and brought back, of the batches that leave out what is there.
        notes: sentences on columns whose type was widened.
    """

    overlap: dict[int, overlap.Moved]
    notes: list[str]


def settle(writer: Writer, *, since: int = 0, step: Step = no_step) -> Settled:
    """Make the live tables hold the rows that count, after `batches` has changed; users and items are not rebuilt.

    - Rows of batches that do not count are parked, and come back when their batch counts again.
    - The columns follow from the batches that count (settle_columns).
    - Batches with overlap "drop" look again at what earlier ones have, in order, and their counts are brought up to
      date. A batch that does not count leaves nothing out: its counts are those of its file alone.

    Args:
        since: only batches after this one look at the overlap again (the first whose events have changed).
    """
    rows = writer.rows(
        Query(
            "SELECT b.batch_no, b.kind, b.rows_overlap, b.mapping, l.batch_no IS NOT NULL AS live FROM batches b "
            "LEFT JOIN live_batches l USING (batch_no) WHERE b.undone_at IS NULL ORDER BY b.batch_no"
        )
    )
    _park(writer, [int(str(row["batch_no"])) for row in rows if not row["live"]], step)
    notes = settle_columns(writer)
    live = [row for row in rows if row["live"]]
    whole = _numbers(row["batch_no"] for row in live if not row["rows_overlap"])  # others wait only in part
    for table in _FACTS:
        parked.bring_back(writer, table, _among(_numbers(row["batch_no"] for row in live)), step)
    parked.bring_back(writer, "events", _among(whole), step)
    moved: dict[int, overlap.Moved] = {}
    for row in live:
        number, mapping = int(str(row["batch_no"])), Mapping.from_json(str(row["mapping"]))
        if row["kind"] == "events" and mapping.overlap == "drop" and number > since:
            moved[number] = overlap.leave_out(writer, number, mapping, step)
            overlap.adjust_counts(writer, number, moved[number])
    return Settled(moved, notes)


def live_batches(writer: Writer, kind: str | None = None) -> list[int]:
    """The batches that count, of one kind or all, in order."""
    rows = writer.rows(Query("SELECT batch_no, kind FROM live_batches ORDER BY batch_no"))
    return [int(str(row["batch_no"])) for row in rows if kind in (None, row["kind"])]


# ---- inside


def _park(writer: Writer, numbers: list[int], step: Step) -> None:
    if not numbers:
        return
    for number in numbers:
        _count_all(writer, number)
    for table in parked.PARKED:
        parked.park(writer, table, _among(numbers), step)


def _count_all(writer: Writer, number: int) -> None:
    """The counts of a batch that does not count are those without overlap: they must not tell of what came before."""
    writer.run(
        Query(
            "UPDATE batches SET rows_loaded = rows_loaded + rows_overlap, rows_duplicate = rows_duplicate - "
            "rows_overlap, rows_overlap = 0, events_added = events_added + p.events, rows_anonymous = rows_anonymous "
            "+ p.anonymous FROM (SELECT count(*) AS events, count(DISTINCT row_no) FILTER (user_no IS NULL) AS "
            "anonymous FROM parked_events WHERE batch_no = ?) p WHERE batch_no = ? AND rows_overlap > 0",
            (number, number),
        )
    )


def _numbers(found: Iterable[object]) -> list[int]:
    return [int(str(number)) for number in found]


def _among(numbers: list[int]) -> Query:
    marks = ", ".join("?" for _ in numbers)
    return Query(f"batch_no IN ({marks})", tuple(numbers)) if numbers else Query("false")
