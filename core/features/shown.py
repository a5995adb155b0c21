"""Looking at a feature table: its gaps, its first rows by a feature, one feature's distribution, who lies where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from core.errors import Refusal
from core.features.types import FeatureColumn, FeatureTable

BINS, MOST_VALUES = 30, 20
_TAIL = (
    0.99  # of the rows: what lies far above this quantile shares one bar, or a few large values would hide all others
)


@dataclass(frozen=True)
class Distribution:
    """How the values of one feature are spread.

    Attributes:
        column: the feature.
        rows: of the table; known: with a value.
        edges: of numbers, the edges of the bars (one more than counts, or as many where bars are single values).
        labels: of categories and yes/no, the values, most frequent first; "" for numbers.
        counts: rows of each bar.
        others: rows with a value that has no bar of its own; 0 for numbers. other_values: how many such values.
        quartiles: of numbers: lowest, first quarter, middle, third quarter, highest (linear between neighbours, as
            numpy.quantile); () where none is known or it is no number.
        mean: of numbers; None where none is known.
        whole: the numbers are few and whole, and each bar is one of them.
        above: rows whose number lies above the last bar: the far end of a long tail.
    """

    column: FeatureColumn
    rows: int
    known: int
    counts: tuple[int, ...]
    edges: tuple[float, ...] = ()
    labels: tuple[str, ...] = ()
    others: int = 0
    other_values: int = 0
    quartiles: tuple[float, ...] = ()
    mean: float | None = None
    whole: bool = False
    above: int = 0


def missing_shares(table: FeatureTable) -> dict[str, float]:
    """Feature -> share of rows without a value, 0 to 1 (0 in a table without rows)."""
    rows = table.rows()
    return {c.name: rows.column(c.name).null_count / max(rows.num_rows, 1) for c in table.columns}


def first_rows(
    table: FeatureTable, by: str | None = None, *, rising: bool = False, most: int = 100, families: Sequence[str] = ()
) -> pa.Table:
    """The first `most` rows by the feature `by` (None: by id), highest first; rows without a value of it stand last.

    `families`: only their columns, the id and `by`; () = all. Raises Refusal `no_such_feature`.
    """
    rows = table.rows()
    if by is not None:
        table.column(by)
        order = "ascending" if rising else "descending"
        keys = [(by, order), (rows.column_names[0], "ascending")]
        rows = rows.take(pc.sort_indices(rows, sort_keys=keys).slice(0, most))
    names = [c.name for c in table.columns if not families or c.family in families or c.name == by]
    if by is not None:  # beside the id, where it is seen
        names = [by, *(name for name in names if name != by)]
    return rows.slice(0, most).select([rows.column_names[0], *names])


def distribution(table: FeatureTable, name: str) -> Distribution:
    """How the values of a feature are spread. Raises Refusal `no_such_feature`."""
    column, cells = table.column(name), table.rows().column(name).combine_chunks()
    known = cells.drop_null()
    if column.type != "number":
        return _of_words(column, cells, known)
    values = known.to_numpy(zero_copy_only=False)
    if not len(values):
        return Distribution(column, len(cells), 0, ())
    at = tuple(float(v) for v in np.quantile(values, (0.0, 0.25, 0.5, 0.75, 1.0)))
    mean = float(values.mean())
    end = float(np.quantile(values, _TAIL))
    above = 0
    if end > at[0] and at[4] > end + 0.5 * (end - at[0]):
        above = int((values > end).sum())
        values = values[values <= end]
    distinct, times = np.unique(values, return_counts=True)
    few = len(distinct) <= BINS or distinct[-1] - distinct[0] <= 2 * BINS
    if few and bool(np.all(distinct == np.round(distinct))):
        counted = tuple(int(n) for n in times)
        edges = tuple(float(v) for v in distinct)
        return Distribution(column, len(cells), len(known), counted, edges, (), 0, 0, at, mean, True, above)
    counts, edges_ = np.histogram(values, bins=BINS)
    counted, edges = tuple(map(int, counts)), tuple(map(float, edges_))
    return Distribution(column, len(cells), len(known), counted, edges, (), 0, 0, at, mean, False, above)


def values_of(table: FeatureTable, name: str, most: int = 1_000) -> list[str]:
    """The distinct values of a category or yes/no feature as text, most frequent first, at most `most`."""
    table.column(name)
    cells = table.rows().column(name).combine_chunks().drop_null().cast(pa.string())
    counted = pc.value_counts(cells).to_pylist()
    return [c["values"] for c in sorted(counted, key=lambda c: (-c["counts"], c["values"]))][:most]


def ids_between(table: FeatureTable, name: str, low: float, high: float) -> pa.Array:
    """The ids of the rows whose number of that name lies from `low` to `high`, both included; none has no value.

    Raises Refusal `no_such_feature`, `bad_range`.
    """
    if table.column(name).type != "number":
        raise Refusal("bad_range", f"{name} holds no numbers.", "Name values instead.")
    if not low <= high:
        raise Refusal("bad_range", f"{low:,g} to {high:,g} holds nothing.", "Let the first number be the smaller one.")
    cells = table.rows().column(name)
    inside = pc.and_(pc.greater_equal(cells, low), pc.less_equal(cells, high))
    return _ids(table, inside)


def ids_with(table: FeatureTable, name: str, values: Sequence[str]) -> pa.Array:
    """The ids of the rows whose category (or yes/no, as `true`, `false`) is one of `values`.

    Raises Refusal `no_such_feature`.
    """
    table.column(name)
    cells = table.rows().column(name).cast(pa.string())
    return _ids(table, pc.is_in(cells, value_set=pa.array(list(values), pa.string())))


def ids_without(table: FeatureTable, name: str) -> pa.Array:
    """The ids of the rows without a value of that feature. Raises Refusal `no_such_feature`."""
    table.column(name)
    return _ids(table, pc.is_null(table.rows().column(name)))


def _ids(table: FeatureTable, mask: pa.ChunkedArray) -> pa.Array:
    found = table.rows().column(0).filter(mask)  # an unknown is no yes
    return found.combine_chunks() if isinstance(found, pa.ChunkedArray) else found


def _of_words(column: FeatureColumn, cells: pa.Array, known: pa.Array) -> Distribution:
    counted = pc.value_counts(known.cast(pa.string())).to_pylist()
    ranked = sorted(counted, key=lambda c: (-c["counts"], c["values"]))
    shown, rest = ranked[:MOST_VALUES], ranked[MOST_VALUES:]
    return Distribution(
        column,
        len(cells),
        len(known),
        tuple(c["counts"] for c in shown),
        labels=tuple(c["values"] for c in shown),
        others=sum(c["counts"] for c in rest),
        other_values=len(rest),
    )
