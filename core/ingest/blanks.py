"""How many of the rows that a load keeps have no value in each column of the file: `batch_columns`.

Tables show that only of columns that they keep row by row; of a title it could not be said later.
"""

from __future__ import annotations

import pyarrow as pa

from core.ingest import typed
from core.ingest.distinct import NAMES, distinct
from core.ingest.plan import Field, Plan
from core.progress import Step, no_step
from core.store import Query, Writer


def count_blanks(writer: Writer, batch_no: int, plan: Plan, step: Step = no_step) -> None:
    """Fill `batch_columns` for a load whose rows at fault, and repeats that it drops, have left `load_stage`.

    Rows that earlier loads have are counted too. A clock beside a date is not counted, nor a price beside a value of
    its own: neither is staged.
    """
    counted = [(field, sql) for field in plan.fields if (sql := _known(field, plan))]
    parts = [f"count({sql})" for _, sql in counted]
    negative = [f"count(*) FILTER ({f.name} < 0)" if f.sql_type == "DOUBLE" else "NULL" for f, _ in counted]
    listed = "".join(f", {part} AS k{n}" for n, part in enumerate(parts))
    listed += "".join(f", {part} AS m{n}" for n, part in enumerate(negative))
    row = writer.rows(Query(f"SELECT count(*) AS n{listed} FROM load_stage"), step=step)[0]
    rows = int(row["n"])
    found = [
        (field, rows - int(row[f"k{n}"]), None if row[f"m{n}"] is None else int(row[f"m{n}"]))
        for n, (field, _) in enumerate(counted)
    ]
    found += [(field, _blank_ids(writer, field, step), None) for field in plan.fields if field.name in NAMES]
    if not found:
        return
    table = pa.table(
        {
            "batch_no": pa.array([batch_no] * len(found), pa.int32()),
            "column_name": pa.array([field.map.column for field, _, _ in found], pa.string()),
            "role": pa.array([field.map.role for field, _, _ in found], pa.string()),
            "rows": pa.array([rows] * len(found), pa.int64()),
            "missing": pa.array([missing for _, missing, _ in found], pa.int64()),
            "negative": pa.array([negative for _, _, negative in found], pa.int64()),
        }
    )
    with writer.table("load_blanks", table):
        writer.run("INSERT INTO batch_columns BY NAME SELECT * FROM load_blanks")


def _known(field: Field, plan: Plan) -> str | None:
    """SQL of the staged value that is missing where the cell is; None where there is none, or ids (see _blank_ids)."""
    if field.name in NAMES:
        return None
    if field.staged:
        return field.name
    amounts = plan.all("price", "value")
    return "value" if plan.value and amounts == (field,) else None  # quantity does not matter: one where it is missing


def _blank_ids(writer: Writer, field: Field, step: Step) -> int:
    """Rows with a blank id or event word, by its distinct values, which the load has counted or will count anyway."""
    table = distinct(writer, field.name, step)
    query = Query(f"SELECT coalesce(sum(rows) FILTER ({typed.text('raw')} IS NULL), 0)::BIGINT AS n FROM {table}")
    return int(writer.rows(query)[0]["n"])
