"""Repairs kept with the workspace: added, taken back, moved, and worked out anew whenever the data change.

What shows is a function of the loaded rows and of the repairs that count, in their order, and of nothing else; so any
repair can be taken back, in any order, and an undo or a load leaves nothing behind. The callers of `reapply` are the
ends of loading, undoing, erasing and dropping old events.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import duckdb
import pyarrow as pa

from core.errors import Refusal
from core.progress import Step, no_step
from core.quality.apply import Applied, carry_out, check, does_not_fit
from core.quality.codec import repair_from_json, repair_to_json
from core.quality.nameless import without_ids
from core.quality.told import describe
from core.quality.types import KEY, Figures, Repair
from core.store import Query, Store, Writer

_UNFIT = (
    duckdb.BinderException,
    duckdb.CatalogException,
    duckdb.ConversionException,
    duckdb.InvalidInputException,
    duckdb.OutOfRangeException,
)
"""What DuckDB says of a question that the data, as they are, do not allow."""


@dataclass(frozen=True)
class Stored:
    """A repair of the workspace.

    Attributes:
        repair_no: its number, for ever.
        place: from 1, its place among those that count; of one that was taken back, the place it had.
        repair: the rule.
        done: what it did when it was last applied; None where it never was.
        created_at, ended_at: UTC; ended_at is None while it counts.
    """

    repair_no: int
    place: int
    repair: Repair
    done: Applied | None
    created_at: datetime
    ended_at: datetime | None = None

    @property
    def words(self) -> str:
        """The rule as a sentence."""
        return describe(self.repair)


def repairs(store: Store | Writer) -> list[Stored]:
    """All repairs: those that count in their order, then those taken back, the latest first.

    Raises Refusal `bad_repair` where the workspace holds one that no Limelight has written.
    """
    return [
        Stored(
            int(row["repair_no"]),
            int(row["place"]),
            repair_from_json(str(row["spec"])),
            Applied.of(json.loads(row["done"])) if row["done"] else None,
            row["created_at"],
            row["ended_at"],
        )
        for row in store.rows(_ALL)
    ]


def add_repair(writer: Writer, repair: Repair, *, step: Step = no_step) -> Applied:
    """Keep a repair behind all others, and carry it out. Inside Store.atomic, which makes it all or nothing.

    Raises Refusal `bad_repair`, `bad_selection`, `no_such_column`, `not_a_number` and those of the selection's rule.
    """
    spec = json.dumps(repair_to_json(repair), ensure_ascii=False)
    repair_from_json(spec)  # what cannot be read back must not be kept
    row = writer.rows(
        Query(
            "SELECT coalesce(max(repair_no), 0) + 1 AS no, "
            "coalesce(max(place) FILTER (ended_at IS NULL), 0) + 1 AS place FROM repairs"
        )
    )[0]
    if not _counting(writer):
        writer.forget_repairs()  # mended_* get the columns that the tables have now
    with _said(int(row["no"]), repair):
        done = carry_out(writer, repair, int(row["no"]), before=_last_figures(writer), step=step)
    writer.run(
        Query(
            "INSERT INTO repairs VALUES (?, ?, ?::JSON, ?::JSON, ?, NULL)",
            (row["no"], row["place"], spec, _told(writer, done), _now()),
        )
    )
    return done


def end_repair(writer: Writer, repair_no: int, *, step: Step = no_step) -> None:
    """Take a repair back; the others are worked out anew. Raises Refusal `no_such_repair`, `already_ended`."""
    _standing(writer, repair_no)
    writer.run(Query("UPDATE repairs SET ended_at = ? WHERE repair_no = ?", (_now(), repair_no)))
    _number(writer, [n for n in _counting(writer) if n != repair_no])
    reapply(writer, step=step)


def end_all(writer: Writer, *, step: Step = no_step) -> int:
    """Take back every repair that counts: the data show as they were loaded. How many were taken back."""
    numbers = _counting(writer)
    writer.run(Query("UPDATE repairs SET ended_at = ? WHERE ended_at IS NULL", (_now(),)))
    reapply(writer, step=step)
    return len(numbers)


def move_repair(writer: Writer, repair_no: int, place: int, *, step: Step = no_step) -> None:
    """Give a repair another place, from 1, among those that count; all are worked out anew.

    Raises Refusal `no_such_repair`, `already_ended`, `bad_place`.
    """
    _standing(writer, repair_no)
    order = _counting(writer)
    if not 1 <= place <= len(order):
        raise Refusal("bad_place", f"There is no place {place:,}.", f"Give 1 to {len(order):,}.")
    order.remove(repair_no)
    order.insert(place - 1, repair_no)
    _number(writer, order)
    reapply(writer, step=step)


def reapply(writer: Writer, *, end: datetime | None = None, step: Step = no_step) -> list[Applied]:
    """Work out what shows from the loaded rows and the repairs that count, in order. Inside Store.atomic.

    A repair that no longer fits (its column went with an undo) is kept, does nothing, and its `done` says why; it takes
    effect again when the data allow. Nothing is done where no repair counts and none did. Figures after one repair are
    those before the next.

    Args:
        end: as Asked.end, for all of them; None = worked out for each on what shows before it.

    Raises Refusal `repair_stops` where the database itself refuses a repair's question; the transaction is lost then.
    """
    numbers = _counting(writer)
    touched = " UNION ALL ".join(f"(SELECT 1 FROM touched_{table} LIMIT 1)" for table in KEY)
    if not numbers and not writer.rows(Query(f"SELECT 1 AS some FROM ({touched})")):
        return []
    writer.forget_repairs()
    found = {int(row["repair_no"]): str(row["spec"]) for row in writer.rows(_ALL)}
    before, all_done = None, []
    for k, number in enumerate(numbers):
        step.report(k / len(numbers), f"Applying repair {k + 1:,} of {len(numbers):,}")
        part = step.part(k / len(numbers), (k + 1) / len(numbers))
        try:
            repair = repair_from_json(found[number])
            with _said(number, repair):
                done = carry_out(writer, repair, number, end=end, before=before, strict=False, step=part)
            before = done.after
        except Refusal as refusal:
            if refusal.code == "repair_stops":
                raise
            done = does_not_fit(refusal)
        all_done.append(done)
        writer.run(Query("UPDATE repairs SET done = ?::JSON WHERE repair_no = ?", (_told(writer, done), number)))
    writer.show_repairs()
    return all_done


class _Seen(Exception):
    """Ends a preview's transaction."""


def preview(store: Store, repair: Repair, *, step: Step = no_step) -> Applied:
    """What a repair would do behind all others, exactly, without keeping anything. Raises Refusal as add_repair does.

    It is carried out in a transaction that an exception of ours then rolls back: nothing is committed, so the version
    stays, others read the data as they are meanwhile, and a killed process leaves no trace. Writers wait for it.
    """
    done = Applied()
    try:
        with store.atomic(data=False, step=step) as writer:
            done = add_repair(writer, repair, step=step)
            raise _Seen
    except _Seen:
        return done


def cells(store: Store, table: str, keys: pa.Array | None = None) -> pa.Table:
    """The values that repairs filled or capped: (key, column_name, repair_no), the last repair of each value.

    `table`: events, users or items; `keys`: event_no, user_no or item_no to look at, None = all. Values of rows that no
    longer show (left out, or merged into another) are not listed.
    """
    if table not in KEY:
        raise Refusal("no_such_table", f"There is no table {table!r}.", f"There are: {', '.join(KEY)}.")
    among = Query("") if keys is None else Query(" AND list_contains(?, key)", (keys.to_pylist(),))
    query = Query("SELECT key, column_name, max_by(repair_no, place) AS repair_no FROM repair_cells c ")
    query += Query(f"JOIN repairs r USING (repair_no) SEMI JOIN {table} t ON t.{KEY[table]} = c.key ")
    query += Query("WHERE c.table_name = ?", (table,)) + among
    return store.read(query + " GROUP BY key, column_name ORDER BY key, column_name")


def listed(store: Store | Writer, *, ids: bool = True) -> list[dict[str, Any]]:
    """The repairs that count, in order, as manifests list them: repair_no, repair (JSON), words.

    `ids`: False for papers that leave the house: see without_ids.
    """
    told = []
    for kept in repairs(store):
        if kept.ended_at is None:
            repair, words = (repair_to_json(kept.repair), kept.words) if ids else without_ids(kept.repair)
            told.append({"repair_no": kept.repair_no, "repair": repair, "words": words})
    return told


def repair_notes(applied: Sequence[Applied]) -> list[str]:
    """Sentences for a load's report; none where no repair counts."""
    if not applied:
        return []
    rows, cells = sum(done.rows for done in applied), sum(done.cells for done in applied)
    n = len(applied)
    said = f"{n:,} repair{'' if n == 1 else 's'} applied again: {rows:,} events left out or changed, "
    notes = [f"{said}{cells:,} values filled or capped; the loaded rows stay as they are."]
    return notes + [f"A repair: {done.problem}" for done in applied if done.problem]


def check_repair(repair: Repair) -> Repair:
    """The repair, if selection and action go together. Raises Refusal `bad_repair`, `bad_selection`."""
    check(repair)
    return repair


# ---- inside

_ALL = Query(
    "SELECT repair_no, place, spec::VARCHAR AS spec, done::VARCHAR AS done, created_at, ended_at FROM repairs "
    "ORDER BY ended_at IS NOT NULL, CASE WHEN ended_at IS NULL THEN place END, ended_at DESC, repair_no"
)


def _told(writer: Writer, done: Applied) -> str:
    """What a repair did, as it is kept: with the version that the data have once this transaction has ended."""
    return json.dumps({**done.as_json(), "version": writer.store.version + 1})


def _last_figures(writer: Writer) -> Figures | None:
    """The figures after the last repair that counts, if the data are still those it was applied to; None: not known."""
    rows = writer.rows(Query("SELECT done::VARCHAR AS done FROM repairs WHERE ended_at IS NULL ORDER BY place DESC"))
    told = json.loads(rows[0]["done"]) if rows and rows[0]["done"] else {}
    # of this version, or of the one that this transaction makes
    if told.get("version") not in (writer.store.version, writer.store.version + 1):
        return None
    return Applied.of(told).after


def _counting(writer: Writer) -> list[int]:
    query = Query("SELECT repair_no FROM repairs WHERE ended_at IS NULL ORDER BY place, repair_no")
    return [int(row["repair_no"]) for row in writer.rows(query)]


def _number(writer: Writer, order: list[int]) -> None:
    for place, number in enumerate(order, start=1):
        writer.run(Query("UPDATE repairs SET place = ? WHERE repair_no = ?", (place, number)))


def _standing(writer: Writer, repair_no: int) -> None:
    found = writer.rows(Query("SELECT ended_at FROM repairs WHERE repair_no = ?", (repair_no,)))
    if not found:
        known = ", ".join(map(str, _counting(writer))) or "none"
        raise Refusal("no_such_repair", f"There is no repair {repair_no}.", f"Repairs that count: {known}.")
    if found[0]["ended_at"] is not None:
        raise Refusal("already_ended", f"Repair {repair_no} was taken back already.")


@contextmanager
def _said(number: int, repair: Repair) -> Iterator[None]:
    """DuckDB ends the whole transaction at any error, so what it refuses is said with the repair's name."""
    try:
        yield
    except _UNFIT as error:
        raise Refusal(
            "repair_stops",
            f"Repair {number} ({describe(repair)}) cannot be applied to these data: {str(error).splitlines()[0]}",
            "Take that repair back first; it can be made again to fit.",
        ) from None


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)
