"""Rows that cannot be loaded: kept with file, line, column and reason, and written out for the analyst."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import pyarrow as pa

from core.errors import Refusal
from core.ingest import typed
from core.ingest.distinct import distinct
from core.ingest.erased import REASON, clean_rejects, collect_erased
from core.ingest.hide import HIDDEN, hidden_columns, masked
from core.ingest.lines import RawRow, record_lines, refused_lines
from core.ingest.plan import CELL, LONGEST_ID, Plan
from core.ingest.stage import Staged
from core.ingest.types import Mapping, Source
from core.progress import Step, no_step
from core.store import Query, Store, Writer
from core.store.cells import defuse

MOST_REJECTS = 500_000
"""Rows a load may reject; beyond, something is wrong with the mapping or the file, and the load is refused."""

_SCHEMA = pa.schema(
    [
        ("batch_no", pa.int32()),
        ("file", pa.string()),
        ("line", pa.int64()),
        ("column_name", pa.string()),
        ("reason", pa.string()),
        ("message", pa.string()),
        ("raw", pa.string()),
    ]
)
_WRONG_RAW = {
    "too_long": f"strlen(raw) > {LONGEST_ID} AND length(raw) > {LONGEST_ID}",
    "nul_byte": "contains(raw, chr(0))",
    "missing_event": f"{typed.text('raw')} IS NULL",
    "missing_id": f"{typed.text('raw')} IS NULL",
}
_Reject = tuple[str, int | None, str | None, str, str, str | None]  # file, line, column, reason, message, raw


def collect_faults(writer: Writer, plan: Plan) -> None:
    """Fill `load_faults` (rid, fault, cell): the faults staged, and ids and event words that cannot be used.

    The latter are found among the distinct values, which is quicker than looking at each row. (An UPDATE of
    `load_stage` would not do: DuckDB moves a row whose list changes, and its place in the file would be lost.)
    """
    writer.run("DROP TABLE IF EXISTS load_faults")
    writer.run(
        "CREATE TEMP TABLE load_faults AS SELECT rid, f.fault AS fault, f.cell AS cell "
        "FROM (SELECT rowid AS rid, unnest(faults) AS f FROM load_stage WHERE faults IS NOT NULL)"
    )
    for field in plan.all("user", "item", "event"):
        for place, fault in enumerate(plan.faults):
            if fault.when is not None or fault.column != field.map.column or fault.code == REASON:
                continue
            wrong = _WRONG_RAW[fault.code]
            found = writer.rows(Query(f"SELECT count(*) AS n FROM {distinct(writer, field.name)} WHERE {wrong}"))
            if found[0]["n"]:
                writer.run(
                    f"INSERT INTO load_faults SELECT rid, {place}, left(raw, 200) "
                    f"FROM (SELECT rowid AS rid, {field.name} AS raw FROM load_stage) WHERE {wrong}"
                )
    collect_erased(writer, plan)


def write_rejects(
    writer: Writer, batch_no: int, staged: Sequence[Staged], plan: Plan, step: Step = no_step
) -> tuple[int, dict[str, int]]:
    """Move the rows at fault from `load_stage` to `rejects`; how many rows, and reason -> rows.

    Cells of columns that are left out, contact or pseudonyms are not kept: they stand as *** in `raw`, which is NULL
    where the row cannot be taken apart into cells; messages do not quote them either.

    Raises Refusal `too_many_rejects`, `all_rejected`, each naming the commonest reasons with a line.
    """
    faulty = writer.rows(Query("SELECT count(DISTINCT rid) AS n FROM load_faults"))[0]["n"]
    count = int(str(faulty)) + sum(len(s.malformed) + s.source.rejected for s in staged)
    if not count:
        return 0, {}
    total = sum(s.source.rows for s in staged)
    if count > MOST_REJECTS or count == total:
        raise _refusal(writer, staged, plan, count, total)
    reasons: Counter[str] = Counter()
    for k, one in enumerate(staged):
        reasons += _write(writer, batch_no, one, plan, step.part(k / len(staged), (k + 1) / len(staged)))
    clean_rejects(writer, batch_no)
    writer.run("DELETE FROM load_stage WHERE rowid IN (SELECT rid FROM load_faults)")
    return count, dict(reasons.most_common())


def rejects_csv(store: Store, batch_no: int | Sequence[int], out: Path) -> int:
    """Write the rejected rows of a batch, or of several, as CSV; how many rows.

    Columns file, line, column, reason, message, raw; in file order. Where a load left columns out or kept them apart, a
    last column `hidden` names them, and their cells stand as *** in `raw`, which is empty where the row could not be
    taken apart. Cells that a spreadsheet would run as formulas are
    defused. Rows are streamed: memory does not grow with them. Raises Refusal `no_such_batch`.
    """
    numbers = (batch_no,) if isinstance(batch_no, int) else tuple(batch_no)
    for number in numbers:
        if not store.rows(Query("SELECT 1 AS one FROM batches WHERE batch_no = ?", (number,))):
            raise Refusal("no_such_batch", f"There is no batch {number}.")
    marks = ", ".join("?" for _ in numbers)
    hidden = _hidden_in(store, numbers)
    more = any(hidden.values())
    query = Query(
        "SELECT batch_no, file, line, column_name, reason, message, raw FROM rejects "
        f"WHERE batch_no IN ({marks}) ORDER BY batch_no, file, line, column_name",
        numbers,
    )
    written = 0
    with out.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["file", "line", "column", "reason", "message", "raw", *(["hidden"] * more)])
        for batch in store.stream(query):
            for row in batch.to_pylist():
                cells = [*row.values()][1:] + [hidden[row["batch_no"]]] * more
                writer.writerow([defuse(v) if isinstance(v, str) else v for v in cells])
            written += batch.num_rows
    return written


# ---- inside


def _hidden_in(store: Store, numbers: Sequence[int]) -> dict[int, str]:
    """Batch -> the columns of its mapping whose cells are not kept, parted by commas."""
    out = {}
    for number in numbers:
        row = store.rows(Query("SELECT mapping FROM batches WHERE batch_no = ?", (number,)))[0]
        mapping = Mapping.from_json(str(row["mapping"]))
        columns = tuple(c.column for c in mapping.columns)
        hidden = hidden_columns(mapping, columns)
        out[number] = ", ".join(name for name in columns if name in hidden)
    return out


def _write(writer: Writer, batch_no: int, staged: Staged, plan: Plan, step: Step) -> Counter[str]:
    """Write one file's rejects; reason -> rows."""
    source, reasons = staged.source, Counter[str]()
    hidden = hidden_columns(plan.mapping, source.columns)
    if source.rejects:
        path = str(source.rejects)
        for row in writer.rows(Query("SELECT reason, count(*) AS n FROM read_parquet(?) GROUP BY reason", (path,))):
            reasons[str(row["reason"])] += int(str(row["n"]))
        writer.run(
            Query(
                "INSERT INTO rejects SELECT ?, ?, line, column_name, reason, message, "
                "CASE WHEN ? THEN NULL ELSE raw END FROM read_parquet(?)",
                (batch_no, source.name, bool(hidden), path),
            )
        )
    if staged.malformed:
        at = refused_lines(source, list(staged.malformed), step=step.part(0, 0.4))
        found = zip(staged.malformed.values(), at, strict=True)
        kept = ((source.name, row.line, None, *why, None if hidden else row.raw) for why, row in found)
        _insert(writer, batch_no, kept)
        reasons.update(code for code, _ in staged.malformed.values())
    faults = _faults(writer, staged, plan)
    if faults:
        places = sorted({ordinal for ordinal, _, _ in faults})
        lines = record_lines(source, places, refused=list(staged.malformed), step=step.part(0.4, 1))
        row_at = dict(zip(places, lines, strict=True))
        _insert(writer, batch_no, (_reject(source, row_at[k], plan, fault, cell) for k, fault, cell in faults))
        reasons.update(code for _, code in {(k, plan.faults[fault].code) for k, fault, _ in faults})
    return reasons


def _faults(writer: Writer, staged: Staged, plan: Plan, limit: int = -1) -> list[tuple[int, int, str]]:
    """(place of the row among those the reader gave, place in plan.faults, cell), in file order."""
    first = f"LIMIT {limit}" if limit >= 0 else ""
    rows = writer.rows(
        Query(
            "SELECT rid - ? AS ordinal, fault, cell FROM load_faults WHERE rid >= ? AND rid < ? "
            f"ORDER BY rid, fault {first}",
            (staged.first, staged.first, staged.first + staged.rows),
        )
    )
    return [(int(str(r["ordinal"])), int(str(r["fault"])), "" if r["cell"] is None else str(r["cell"])) for r in rows]


def _reject(source: Source, row: RawRow, plan: Plan, place: int, cell: str) -> _Reject:
    fault, hidden = plan.faults[place], hidden_columns(plan.mapping, source.columns)
    shown = HIDDEN if fault.column in hidden else repr(cell if len(cell) <= 80 else cell[:79] + "…")
    message = fault.message.replace(CELL, shown)
    raw = None if fault.code == REASON else masked(source, hidden, row.raw)
    return source.name, row.line, fault.column, fault.code, message, raw


def _insert(writer: Writer, batch_no: int, rejects: Iterable[_Reject]) -> None:
    columns = zip(*((batch_no, *reject) for reject in rejects), strict=True)
    arrays = [pa.array(column, field.type) for column, field in zip(columns, _SCHEMA, strict=True)]
    with writer.table("load_rejects", pa.Table.from_arrays(arrays, schema=_SCHEMA)):
        writer.run("INSERT INTO rejects SELECT * FROM load_rejects")


def _refusal(writer: Writer, staged: Sequence[Staged], plan: Plan, count: int, total: int) -> Refusal:
    """What a person is told when nothing, or next to nothing, could be loaded: where it first went wrong, and why."""
    examples = (_example(writer, one, plan) for one in staged)
    example = next((found for found in examples if found), "Every row holds NUL bytes or cannot be read.")
    hint = "Correct the mapping of that column (its role, or its time format), or the file."
    if count == total:
        return Refusal("all_rejected", f"None of the {total:,} rows could be loaded. {example}", hint)
    return Refusal("too_many_rejects", f"{count:,} of {total:,} rows could not be loaded. {example}", hint)


def _example(writer: Writer, staged: Staged, plan: Plan) -> str:
    source = staged.source
    if staged.malformed:
        first = min(staged.malformed)
        line = refused_lines(source, [first])[0].line
        return f"{source.name}, line {line:,}: {staged.malformed[first][1]}"
    faults = _faults(writer, staged, plan, limit=1)
    if not faults:
        return ""
    place, fault, cell = faults[0]
    row = record_lines(source, [place], refused=list(staged.malformed))[0]
    where = f"line {row.line:,}, " if row.line is not None else ""
    reject = _reject(source, row, plan, fault, cell)
    return f"{source.name}, {where}column {reject[2]}: {reject[4]}"
