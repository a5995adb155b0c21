"""Filling by what the rest of a row says: nearest neighbours, and a model that imputes column by column.

Both learn from at most LEARN rows that have a value, taken by the hash of their key, so that a second run learns from
the same ones; the rows to be filled are worked through in batches, equal rows once. So neither memory nor time grows
with the table, and time only with the rows to be filled, of which there may be MOST.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from core.errors import Refusal
from core.quality.ask import one
from core.quality.fill_column import (
    NAMES_GROUPS,
    NAMES_ROWS,
    Column,
    chosen_keys,
    column_of,
    filled_rows,
    known_rows,
)
from core.quality.fill_encode import Encoder, Model, is_category
from core.quality.types import KEY, Asked, Fill, Scope
from core.store import Query

LEARN = {"neighbours": 5_000, "iterative": 10_000}
"""How many rows each method learns from at most."""
MOST = {"neighbours": 200_000, "iterative": 1_000_000}
"""How many rows each may fill at once: about a minute's work."""
BATCH = 1_000
LEVELS = 50
"""A text column with more different values than this among the rows learnt from is not looked at unless named."""

# A price is value / quantity, so each of the three gives another away, but never where it is missing
_TELLS = {"price": {"value"}, "value": {"price"}, "quantity": {"price"}}


def modelled(asked: Asked, fill: Fill, scope: Scope, column: Column, keys: str | Query) -> pa.Table:
    """(key, value) of all rows to be filled. Raises Refusal `bad_fill`, `no_such_column`, `too_many_rows`."""
    using = _using(asked, fill, scope, column)
    if fill.method == "neighbours" and not 1 <= fill.neighbours <= 100:
        raise Refusal("bad_fill", f"{fill.neighbours} neighbours were asked for.", "Take 1 to 100; 5 is usual.")
    count = chosen_keys(keys) + f"SELECT count(*) AS n FROM {filled_rows(scope, [])}"
    rows = one(asked, count)["n"]
    most = MOST[fill.method]
    if rows > most:
        raise Refusal(
            "too_many_rows", f"{rows:,} rows are to be filled; {fill.method!r} takes at most {most:,}.",
            "Take the median or the mode, per group if that helps.",
        )  # fmt: skip
    asked.step.report(0.02, "reading what is known")
    known, target = _learnt(asked, fill, scope, column, using, keys)
    shown = _shown([(c, known[f"f{n}"]) for n, c in enumerate(using)], named=bool(fill.using))
    if not shown:
        raise Refusal(
            "bad_fill", f"None of the columns that {fill.method!r} would look at holds values that tell rows apart.",
            "Name others in `using`, or take the median or the mode.",
        )  # fmt: skip
    listed = ", ".join(f"{_read(c)} AS f{n}" for n, c in enumerate(shown))
    table = asked.reader.read(
        chosen_keys(keys)
        + f"SELECT t.{KEY[scope]} AS key, {listed} FROM {filled_rows(scope, shown)} ORDER BY t.{KEY[scope]}",
        step=asked.step,
    )
    encoder = Encoder.learnt([(c, known[f"f{using.index(c)}"]) for c in shown])
    answers = _answers(asked, fill, column, encoder, target, known, [using.index(c) for c in shown], table)
    return pa.table({"key": table["key"], "value": _typed(asked, column, answers)})


def default_using(asked: Asked, scope: Scope, column: Column) -> list[Column]:
    """The columns that neighbours and iterative look at unless told: numbers, dates and categories of the table."""
    found: list[Column] = []
    for name in asked.columns[scope]:
        left_out = {column.name, *_TELLS.get(column.name, ())} | (NAMES_ROWS if scope != "events" else NAMES_GROUPS)
        if name in left_out or asked.roles.get((scope, name)) == "title":
            continue
        try:
            other = column_of(asked, scope, name)
        except Refusal:  # lists
            continue
        if other.family != "other":
            found.append(other)
    return found


def _using(asked: Asked, fill: Fill, scope: Scope, column: Column) -> list[Column]:
    named = [column_of(asked, scope, name) for name in dict.fromkeys(fill.using)]
    for other in named:
        if other.sql == column.sql or (scope == "events" and other.name in _TELLS.get(column.name, ())):
            raise Refusal(
                "bad_fill",
                f"{other.name!r} cannot help to fill {column.name!r}: where one is missing, so is the other.",
                "Name other columns.",
            )
        if other.family == "other":
            raise Refusal("bad_fill", f"Rows cannot be compared by {other.name!r}.", "Name numbers, dates, categories.")
    found = named or default_using(asked, scope, column)
    if not found:
        raise Refusal(
            "bad_fill", f"Besides {column.name!r} the {scope} have no column that rows could be compared by.",
            "Take the median or the mode.",
        )  # fmt: skip
    return found


def _learnt(
    asked: Asked, fill: Fill, scope: Scope, column: Column, using: list[Column], keys: str | Query
) -> tuple[pa.Table, pa.ChunkedArray]:
    key = f"t.{KEY[scope]}"
    listed = ", ".join(f"{_read(c)} AS f{n}" for n, c in enumerate(using))
    table = asked.reader.read(
        chosen_keys(keys)
        + f"SELECT {_read(column)} AS y, {listed} FROM {known_rows(scope, [column, *using])} "
        + f"WHERE {column.sql} IS NOT NULL ORDER BY hash({key}), {key} LIMIT {LEARN[fill.method]}",
        step=asked.step,
    )
    return table, table["y"]


def _read(column: Column) -> str:
    return f"CAST({column.sql} AS VARCHAR)" if is_category(column) else f"CAST({column.number} AS DOUBLE)"


def _shown(columns: list[tuple[Column, pa.ChunkedArray]], *, named: bool) -> list[Column]:
    """Columns with at least two different values; of texts that were not named, those with few enough."""
    kept = []
    for column, values in columns:
        levels = len(values.unique().drop_null())
        few = levels <= min(LEVELS, len(values) / 2)  # else they are titles and the like
        if levels > 1 and (named or few or not is_category(column)):
            kept.append(column)
    return kept


def _answers(
    asked: Asked,
    fill: Fill,
    column: Column,
    encoder: Encoder,
    target: pa.ChunkedArray,
    known: pa.Table,
    places: list[int],
    table: pa.Table,
) -> NDArray[Any]:
    """A value for each row of `table`; equal rows are worked out once."""
    frame = table.drop_columns(["key"]).to_pandas()
    alike = frame.groupby(list(frame.columns), dropna=False, sort=False).ngroup().to_numpy()
    _, first, number = np.unique(alike, return_index=True, return_inverse=True)
    different = table.take(pa.array(first))
    x = encoder.matrix([known[f"f{n}"] for n in places])
    wanted = encoder.matrix([different[f"f{n}"] for n in range(len(places))])
    model: Model
    if fill.method == "neighbours":
        from core.quality.fill_neighbours import Neighbours  # here, so that scikit-learn is imported only when needed

        model = Neighbours(x, target, is_category(column), fill.neighbours)
    else:
        from core.quality.fill_iterative import Iterative

        model = Iterative(x, target, is_category(column), encoder.numbers, wanted[:BATCH])
    made = []
    for start in range(0, len(wanted), BATCH):
        asked.step.report(0.1 + 0.9 * start / len(wanted), f"filling {column.name}")
        made.append(model.answer(wanted[start : start + BATCH]))
    if not made:
        return np.empty(0, dtype=object if is_category(column) else np.float64)  # no row is to be filled
    return np.concatenate(made)[number]


def _typed(asked: Asked, column: Column, answers: NDArray[Any]) -> pa.Array:
    """The answers in the column's type, rounded as DuckDB rounds."""
    to = asked.reader.read(Query(f"SELECT CAST(NULL AS {column.type}) AS value")).schema.field("value").type
    if column.family == "flag":
        return pa.array(answers == "true")
    if column.family == "text":
        return pa.array(answers, to)
    if column.whole or column.family == "date":
        answers = (np.sign(answers) * np.floor(np.abs(answers) + 0.5)).astype(np.int64)
        if column.type == "DATE":
            answers = answers.astype(np.int32)
        elif column.family == "date":
            return pa.array(answers, pa.timestamp("us")).cast(to)
    return pa.array(answers).cast(to)
