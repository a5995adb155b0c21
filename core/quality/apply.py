"""Carrying out one repair: what it chooses, what becomes of it, and what that does to the key figures.

What shows of a table is its loaded rows without those in touched_X, and the rows of mended_X. A repair works out, from
what shows now and in temporary tables, the numbers of the rows that no longer show as they do (repair_gone_X) and the
rows that show in their place (repair_new_X); only then touched_X and mended_X are changed. So nothing is read while
it changes, and a repair that is refused has changed nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa

from core.errors import Refusal
from core.progress import Step, no_step
from core.quality.ask import ask
from core.quality.codec import bad_repair, checked
from core.quality.figures import LOOKED_AT, figures
from core.quality.kinds import chosen, scope_of
from core.quality.merge import keep_merged, merge_pairs, merge_rows
from core.quality.types import KEY, Asked, Cap, Exclude, Figures, Fill, Merge, Repair, Returns, Scope
from core.quality.values import cap_values, fill_column, new_rows
from core.store import Query, Writer, ident


@dataclass(frozen=True)
class Applied:
    """What a repair did when it was last applied.

    Attributes:
        rows: events left out, or changed.
        users, items: rows of these tables left out, changed or merged into another.
        cells: values that were filled or capped.
        before, after: figures of all that showed before it and shows after it; None where it could not be applied.
        problem: why it could not be applied, or only in part; "" where all is well.
    """

    rows: int = 0
    users: int = 0
    items: int = 0
    cells: int = 0
    before: Figures | None = None
    after: Figures | None = None
    problem: str = ""

    def as_json(self) -> dict[str, Any]:
        """Plain JSON: the attributes."""
        return asdict(self)

    @staticmethod
    def of(told: Mapping[str, Any]) -> Applied:
        """What `as_json` gave, read again."""
        both = {name: Figures(**told[name]) if told.get(name) else None for name in ("before", "after")}
        ours = {name: value for name, value in told.items() if name in Applied.__dataclass_fields__}
        return Applied(**{**ours, **both})


def check(repair: Repair) -> Scope:
    """The table that a repair is about, if selection and action go together. Raises Refusal `bad_repair`, and
    `bad_selection` for a selection that the registry does not know.
    """
    scope, action = scope_of(repair.selection), checked(repair.action)
    if isinstance(action, Returns) and scope != "events":
        raise bad_repair(f"Only events can be returns, and this is about {scope}.")
    if isinstance(action, Merge):
        if scope != action.table:
            raise bad_repair(f"The rows are {scope}, but {action.table} are to be merged.")
        if not action.pairs and repair.selection.code != "alike_ids":
            raise bad_repair("No pairs are named.", "Name pairs of ids, or choose ids that are alike.")
    return scope


def carry_out(
    writer: Writer,
    repair: Repair,
    repair_no: int,
    *,
    end: datetime | None = None,
    before: Figures | None = None,
    strict: bool = True,
    step: Step = no_step,
) -> Applied:
    """Apply one repair on top of what shows now. Inside Store.atomic; what was refused has changed nothing.

    Args:
        end: as Asked.end; None = just after the last event that shows (Store.as_of).
        before: the figures of what shows now, where they are known.
        strict: refuse a merge that names ids which are not there, instead of leaving them out.

    Raises Refusal as `check`, and `no_such_column`, `bad_repair` and those of the selection's rule.
    """
    scope = check(repair)
    with writer.repaired():
        asked = ask(writer, end if end is not None else writer.as_of(), step=step)
        before = before or figures(writer, step=step)
        done = _work_out(writer, asked, repair, scope, strict=strict)
    counts = {table: _put(writer, table) if table in done.tables else 0 for table in KEY}
    if isinstance(repair.action, Merge):
        if scope == "users":
            keep_merged(writer)
        counts[scope] = _count(writer, "repair_pairs")
    cells = 0
    if done.cells:
        cells = writer.run(
            Query("INSERT INTO repair_cells SELECT ?, ?, key, column_name FROM repair_made", (repair_no, scope))
        )
    writer.show_repairs()
    after = before
    if counts["events"] and _tells(repair):
        with writer.repaired():
            after = figures(writer, step=step)
    return Applied(counts["events"], counts["users"], counts["items"], cells, before, after, done.problem)


# ---- inside


@dataclass(frozen=True)
class _Done:
    """Which tables have a repair_gone_X; whether there is repair_made(key, column_name)."""

    tables: tuple[Scope, ...]
    cells: bool = False
    problem: str = ""


def _tells(repair: Repair) -> bool:
    """Whether the key figures look at what the repair changes."""
    return not isinstance(repair.action, Cap | Fill) or repair.action.column in LOOKED_AT


def _work_out(writer: Writer, asked: Asked, repair: Repair, scope: Scope, *, strict: bool) -> _Done:
    for table in KEY:
        writer.run(f"DROP TABLE IF EXISTS temp.repair_gone_{table}")
        writer.run(f"DROP TABLE IF EXISTS temp.repair_new_{table}")
    action = repair.action
    if isinstance(action, Merge):
        problem = merge_pairs(writer, asked, repair, strict=strict)
        merge_rows(writer, action, list(asked.columns[scope]))
        return _Done(("events", scope), problem=problem)
    _keys(writer, asked, repair, scope)
    if isinstance(action, Exclude):
        return _leave_out(writer, scope)
    if isinstance(action, Returns):
        changes = {"event": "'return'", "quantity": "0 - abs(t.quantity)", "value": "0 - abs(t.value)"}
        new_rows(writer, "events", changes, "repair_keys", where="t.event = 'purchase'")
        return _Done(("events",))
    if isinstance(action, Cap):
        cap_values(writer, asked, action, scope)
        return _Done((scope,), cells=True)
    assert isinstance(action, Fill)
    return _Done((scope,), cells=True, problem=fill_column(writer, asked, action, scope))


def _keys(writer: Writer, asked: Asked, repair: Repair, scope: Scope) -> None:
    """Temporary table repair_keys(key): the rows that the selection chooses, of those that show."""
    found = chosen(asked, repair.selection)
    asked.step.check()
    shows = f"SEMI JOIN {scope} t ON t.{KEY[scope]} = q.key"
    if isinstance(found, Query):
        query = Query("CREATE OR REPLACE TEMP TABLE repair_keys AS SELECT DISTINCT q.key::BIGINT AS key FROM (")
        writer.run(query + found + f") q(key) {shows}", step=asked.step)
    else:
        array = found.combine_chunks() if isinstance(found, pa.ChunkedArray) else found
        with writer.table("repair_given", pa.table({"key": array.cast(pa.int64())})):
            writer.run(f"CREATE OR REPLACE TEMP TABLE repair_keys AS SELECT DISTINCT q.key FROM repair_given q {shows}")


def _leave_out(writer: Writer, scope: Scope) -> _Done:
    writer.run(f"CREATE OR REPLACE TEMP TABLE repair_gone_{scope} AS FROM repair_keys")
    if scope == "events":
        return _Done((scope,))
    writer.run(
        "CREATE OR REPLACE TEMP TABLE repair_gone_events AS SELECT e.event_no AS key FROM events e "
        f"SEMI JOIN repair_keys k ON k.key = e.{KEY[scope]}"
    )
    return _Done(("events", scope))


def _put(writer: Writer, table: Scope) -> int:
    """Let the rows of repair_new_X show in the place of those of repair_gone_X; how many were there."""
    key = KEY[table]
    if not _count(writer, f"repair_gone_{table}"):
        return 0
    writer.run(f"DELETE FROM mended_{table} WHERE {key} IN (SELECT key FROM repair_gone_{table})")
    writer.run(
        f"INSERT INTO touched_{table} SELECT key FROM repair_gone_{table} g "
        f"ANTI JOIN touched_{table} t ON t.{key} = g.key"
    )
    columns = _new_columns(writer, table)
    if columns:
        listed = ", ".join(map(ident, columns))
        writer.run(f"INSERT INTO mended_{table} ({listed}) SELECT {listed} FROM repair_new_{table}")
    return _count(writer, f"repair_gone_{table}")


def _new_columns(writer: Writer, table: Scope) -> list[str]:
    rows = writer.rows(
        Query(
            "SELECT column_name FROM duckdb_columns() WHERE database_name = 'temp' AND table_name = ? "
            "ORDER BY column_index",
            (f"repair_new_{table}",),
        )
    )
    return [str(row["column_name"]) for row in rows]


def _count(writer: Writer, table: str) -> int:
    return int(writer.rows(Query(f"SELECT count(*) AS n FROM {table}"))[0]["n"])


def does_not_fit(refusal: Refusal) -> Applied:
    """What is kept of a repair that the data, as they are now, do not allow."""
    return Applied(problem=f"Not applied: {refusal}")
