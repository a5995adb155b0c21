"""Columns that say nothing, or next to nothing: one value in all, or nearly all, of the rows where they have any."""

from __future__ import annotations

from typing import get_args

import pyarrow as pa
import pyarrow.compute as pc

from core.quality import said
from core.quality.ask import one
from core.quality.asked_column import Column, column_of
from core.quality.types import KEY, Asked, Finding, Kind, Scope
from core.store import Query

NEARLY = 0.99
"""A column is nearly constant when one value has more than this share of its known values."""

LEAST = 20
"""Known values below which nothing is said of a column."""

_SAMPLE = 20_000  # rows looked at first: only columns that look constant there are looked at whole
_ENOUGH = 500  # known values of a column in the sample, fewer are looked at whole
_LOOKS = 0.97
_NOT_ASKED = frozenset({"event", "at_utc", "user_id", "item_id", "order_id"})
KINDS: tuple[Kind, ...] = ()


def detect(asked: Asked) -> list[Finding]:
    """Findings `constant` and `nearly_constant`, of events, users and items."""
    return [found for table in get_args(Scope) for found in _of_table(asked, table)]


def _of_table(asked: Asked, table: Scope) -> list[Finding]:
    columns = [column_of(asked, table, name) for name in asked.columns[table] if name not in _NOT_ASKED]
    if not columns:
        return []
    rows = int(one(asked, Query(f"SELECT count(*) AS n FROM {table}"))["n"])
    every = max(rows // _SAMPLE, 1)
    as_text = ", ".join(f"CAST({c.sql} AS VARCHAR) AS c{k}" for k, c in enumerate(columns))
    sample = asked.reader.read(
        Query(f"SELECT {as_text} FROM {table} WHERE hash({KEY[table]}) % {every} = 0"), step=asked.step
    )
    found = [
        _finding(asked, column, len(columns), looks[0])
        for k, column in enumerate(columns)
        if (looks := _looks_constant(sample[f"c{k}"], whole=every == 1))
    ]
    return [finding for finding in found if finding]


def _looks_constant(values: pa.ChunkedArray, *, whole: bool) -> tuple[str | None] | None:
    """(the value that nearly all have,), or (None,) where the sample is too small to tell; None where it is not so."""
    known = len(values) - values.null_count
    if known < (LEAST if whole else _ENOUGH):
        return None if whole else (None,)
    counts = sorted(pc.value_counts(values.drop_null()).to_pylist(), key=lambda c: (-c["counts"], c["values"]))
    return (str(counts[0]["values"]),) if counts[0]["counts"] >= known * _LOOKS else None


def _finding(asked: Asked, column: Column, of: int, value: str | None) -> Finding | None:
    text = f"CAST({column.sql} AS VARCHAR)"
    if value is None:
        query = Query(
            f"SELECT first(told ORDER BY n DESC, told) AS told, coalesce(sum(n), 0)::BIGINT AS known, "
            f"coalesce(max(n), 0)::BIGINT AS n FROM (SELECT {text} AS told, count(*) AS n FROM {column.table} "
            f"WHERE {column.sql} IS NOT NULL GROUP BY told)"
        )
    else:
        query = Query(
            f"SELECT ? AS told, count({column.sql}) AS known, count(*) FILTER ({text} = ?) AS n FROM {column.table}",
            (value, value),
        )
    row = one(asked, query)
    n, known = int(row["n"]), int(row["known"])
    if known < LEAST or n <= known * NEARLY:
        return None
    same = n == known
    shown = str(row["told"]) if len(str(row["told"])) <= 60 else f"{str(row['told'])[:59]}…"
    title = (
        f"{column.name} of {column.table} is {shown!r} in all {said.number(known)} known values."
        if same
        else f"{column.name} of {column.table} is {shown!r} in {said.of_all(n, known, 'known values')}."
    )
    told = (
        "one value in every row where it is known"
        if same
        else f"one value in over {NEARLY * 100:.0f} % of known values"
    )
    return Finding(
        "constant" if same else "nearly_constant", "note", title,
        f"The column has {told}, so it hardly tells rows apart: leave it out of segments and models.",
        "columns", 1, of, column=column.name,
        facts={"table": column.table, "value": shown, "known": known, "share": n / known},
    )  # fmt: skip
