"""Reading files into the staging table: one streaming pass, cells typed, faults noted, nothing kept in Python.

`load_stage`, a temporary table, holds one row per row the reader could take apart, in file order:

    row_hash    hash of all its cells as they stand, for exact repeats
    faults      STRUCT(fault, cell)[]: places in Plan.faults with the cell at fault; NULL for a good row
    value       an event's value
    ...         Plan.fields: user_raw, item_raw, event_raw (untrimmed), at_utc, quantity, x3, ...
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.errors import Refusal
from core.ingest.distinct import forget
from core.ingest.lines import record_lines
from core.ingest.plan import CELL, Plan
from core.ingest.relation import relation
from core.ingest.types import Source
from core.progress import Step, no_step
from core.store import Query, Writer, ident

_FAULTS = "STRUCT(fault USMALLINT, cell VARCHAR)[]"
_SHOWN = 200  # characters of a cell at fault that its message shows


@dataclass(frozen=True)
class Staged:
    """What became of one file's rows.

    Attributes:
        source: the file.
        first: rowid of its first staged row; a row's place in the file is its rowid minus this.
        rows: staged rows.
        malformed: reject_errors.line -> (reason, message) of the rows that the reader could not take apart.
    """

    source: Source
    first: int
    rows: int
    malformed: dict[int, tuple[str, str]]


def stage(writer: Writer, sources: Sequence[Source], plan: Plan, step: Step = no_step) -> list[Staged]:
    """Fill `load_stage` from the files. Raises Refusal `rows_unaccounted` when rows are missing or too many."""
    columns = ", ".join(f"{f.name} {f.sql_type}" for f in plan.fields if f.staged)
    value = ", value DECIMAL(18, 4)" if plan.value else ""
    writer.run("DROP TABLE IF EXISTS load_stage")
    forget(writer)
    writer.run(f"CREATE TEMP TABLE load_stage (row_hash UBIGINT, faults {_FAULTS}, {columns}{value})")
    total = max(sum(source.bytes for source in sources), 1)
    staged: list[Staged] = []
    done = 0
    for source in sources:
        part = step.part(done / total, (done + source.bytes) / total)
        staged.append(_stage_one(writer, source, plan, sum(s.rows for s in staged), part))
        done += source.bytes
    return staged


def _stage_one(writer: Writer, source: Source, plan: Plan, before: int, step: Step) -> Staged:
    for table in ("reject_errors", "reject_scans"):
        writer.run(f"DROP TABLE IF EXISTS {table}")
    rows = writer.run(_insert(source, plan), step=step.counted(source.rows), note=f"Reading {source.name}")
    lowest = writer.rows(Query("SELECT min(rowid) AS rid FROM load_stage"))[0]["rid"]
    malformed = _malformed(writer, source)
    if rows + len(malformed) + source.rejected != source.rows:
        raise _unaccounted(source, rows, malformed)
    return Staged(source, int(str(lowest or 0)) + before, rows, malformed)


def _insert(source: Source, plan: Plan) -> Query:
    """INSERT INTO load_stage, in layers so that no cell is read twice: cells, values, row value, faults."""
    cells = ", ".join(f"{ident(f.map.column)} AS c{k}" for k, f in enumerate(plan.fields))
    hashed = ", ".join(ident(column) for column in sorted(source.columns, key=str.lower))
    reads = ", ".join(f"{f.read.replace(CELL, f'c{k}')} AS {f.name}" for k, f in enumerate(plan.fields))
    value = f"{plan.value} AS value" if plan.value else ""
    places = {f.map.column: k for k, f in enumerate(plan.fields)}
    faults = [
        (n, f"c{places[fault.column]}", fault.when.replace(CELL, f"c{places[fault.column]}"))
        for n, fault in enumerate(plan.faults)
        if fault.when
    ]
    # Tested inside CASE, where what stands behind AND and OR is looked at only for the rows that need it: as a column
    # of its own the same condition runs every regular expression over every row, and doubles the time of staging.
    at_fault = " OR ".join(f"({when})" for _, _, when in faults) or "false"
    listed = ", ".join(
        f"CASE WHEN {when} THEN {{'fault': {n}, 'cell': left({cell}, {_SHOWN})}} END" for n, cell, when in faults
    )
    list_sql = f"CAST(list_filter([{listed}], lambda fault: fault IS NOT NULL) AS {_FAULTS})" if listed else "NULL"
    kept = ", ".join([f.name for f in plan.fields if f.staged] + (["value"] if plan.value else []))
    return (
        Query(
            f"INSERT INTO load_stage SELECT row_hash, CASE WHEN {at_fault} THEN {list_sql} END, {kept} "
            f"FROM (SELECT *{', ' + value if value else ''} "
            f"FROM (SELECT *, {reads} FROM (SELECT hash({hashed}) AS row_hash, {cells} FROM "
        )
        + relation(source)
        + ")))"
    )


# ---- rows that the reader could not take apart

_REASONS = {
    "MISSING COLUMNS": "too_few_cells",
    "TOO MANY COLUMNS": "too_many_cells",
    "UNQUOTED VALUE": "bad_quotes",
    "INVALID ENCODING": "bad_encoding",
    "INVALID UNICODE": "bad_encoding",
    "LINE SIZE OVER MAXIMUM": "line_too_long",
    "CAST": "unreadable_row",
}


def _malformed(writer: Writer, source: Source) -> dict[int, tuple[str, str]]:
    there = writer.rows(Query("SELECT 1 AS one FROM duckdb_tables() WHERE temporary AND table_name = 'reject_errors'"))
    if not there:
        return {}
    rows = writer.rows(
        Query(
            "SELECT line, error_type::VARCHAR AS kind, error_message AS said FROM reject_errors "
            "ORDER BY line, byte_position"
        )
    )
    out: dict[int, tuple[str, str]] = {}
    for row in rows:
        out.setdefault(int(str(row["line"])), _reason(str(row["kind"]), str(row["said"]), source))
    return out


def _reason(kind: str, said: str, source: Source) -> tuple[str, str]:
    code = _REASONS.get(kind, "unreadable_row")
    columns = f"{len(source.columns):,}"
    if code == "too_few_cells":
        found = said.rpartition("Found:")[2].strip()  # for too many, the reader stops counting at the first
        return code, f"The row has {found if found.isdigit() else 'too few'} of the file's {columns} cells."
    if code == "too_many_cells":
        return code, f"The row has more cells than the file has columns ({columns})."
    return code, {
        "bad_quotes": "A quoted value is not closed, or text follows its closing quote.",
        "bad_encoding": f"The row holds bytes that are not {source.encoding} text.",
        "line_too_long": "The row is longer than 2 MB.",
    }.get(code, "The row cannot be taken apart into cells.")


def _unaccounted(source: Source, rows: int, malformed: dict[int, tuple[str, str]]) -> Refusal:
    """The refusal for a gap between the rows counted from the bytes and the rows the reader gave."""
    read = rows + len(malformed) + source.rejected
    last = record_lines(source, [rows - 1], refused=list(malformed))[0].line if rows else source.lines_before
    where = f"the reader stopped after line {last:,}" if last is not None else f"the reader stopped after row {rows:,}"
    if read > source.rows:
        where = f"somewhere up to line {last:,}" if last is not None else f"somewhere up to row {rows:,}"
    return Refusal(
        "rows_unaccounted",
        f"{source.name} has {source.rows:,} rows by its bytes, but {read:,} were read: {where}. Nothing was loaded.",
        "Look for a stray quote or line break near there, or save the file again as plain CSV.",
    )
