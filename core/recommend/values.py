"""What is known of users or items as yes and no: one column for each value of each attribute.

Texts and yes/no: each value, without spaces at its ends. Lists: each entry. Numbers and dates: bands that hold about a
fifth of the rows each (each value by itself where there are five or fewer). Missing values say nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy.sparse import csr_matrix

from core.interactions import Array

BANDS = 5
MOST_VALUES = 200
"""Values of one column that count, the most frequent (ties by their text); the others say nothing."""
_FEW = 50
_LONGEST = 200  # characters of a value: no category is longer, and a name has to fit a page
_DAY = 86_400_000_000


@dataclass(frozen=True, eq=False)
class Values:
    """Rows by values.

    Attributes:
        matrix: float32 CSR (n, m), 1 where the row has the value; indices sorted.
        names: (column, value as people read it) of each of the m.
        texts: columns of text that tell nearly all rows apart: not among the values.
    """

    matrix: csr_matrix
    names: tuple[tuple[str, str], ...]
    texts: tuple[str, ...] = ()


def values_of(side: pa.Table | None, n: int, *, leave: tuple[str, ...] = (), most: int = MOST_VALUES) -> Values:
    """The values of a table of n rows, in the order of its columns; `leave` names columns to leave out.

    Raises ValueError where the table has another number of rows.
    """
    if side is not None and side.num_columns and side.num_rows != n:  # without columns Arrow forgets the rows
        raise ValueError(f"{side.num_rows} rows are told of, the matrix has {n}")
    rows: list[Array] = []
    columns: list[Array] = []
    names: list[tuple[str, str]] = []
    texts: list[str] = []
    for name in _shown(side, leave):
        assert side is not None
        row, code, values = _column(_whole(side[name]))
        if values is None:
            continue
        if values and _is_text(side[name].type) and _tells_apart(code, len(values)):
            texts.append(name)
            continue
        row, code, values = _frequent(row, code, values, most)
        rows.append(row)
        columns.append(code + len(names))
        names += [(name, value) for value in values]
    cells = (np.concatenate([np.empty(0, np.int64), *part]) for part in (rows, columns))
    row, column = (part.astype(np.int64) for part in cells)
    order = np.unique(row * max(len(names), 1) + column)  # a list may name a value twice
    row, column = np.divmod(order, max(len(names), 1))
    indptr = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=n))]).astype(np.int32)
    matrix = csr_matrix((np.ones(len(row), np.float32), column.astype(np.int32), indptr), shape=(n, len(names)))
    matrix.has_sorted_indices = True
    return Values(matrix, tuple(names), tuple(texts))


def _shown(side: pa.Table | None, leave: tuple[str, ...]) -> list[str]:
    return [] if side is None else [name for name in side.column_names if name not in leave]


def _whole(column: pa.ChunkedArray) -> pa.Array:
    found = column.combine_chunks()
    return pa.concat_arrays(found.chunks) if isinstance(found, pa.ChunkedArray) else found


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_dictionary(kind))


def _tells_apart(code: Array, values: int) -> bool:
    return values > _FEW and 2 * values >= len(code)


def _frequent(row: Array, code: Array, values: list[str], most: int) -> tuple[Array, Array, list[str]]:
    if len(values) <= most:
        return row, code, values
    counts = np.bincount(code, minlength=len(values))
    kept = np.sort(np.lexsort((np.arange(len(values)), -counts))[:most])
    place = np.full(len(values), -1)
    place[kept] = np.arange(most)
    said = place[code] >= 0
    return row[said], place[code[said]], [values[k] for k in kept]


def _column(cells: pa.Array) -> tuple[Array, Array, list[str] | None]:
    """(row, number of its value) of each value a row has, and the values by number; None for what cannot be read."""
    kind, place = cells.type, np.arange(len(cells), dtype=np.int64)
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        place = pc.list_parent_indices(cells).to_numpy(zero_copy_only=False).astype(np.int64)
        cells = pc.list_flatten(cells)
        kind = cells.type
    if pa.types.is_date(kind) or pa.types.is_timestamp(kind):
        days = _numbers(cells.cast(pa.timestamp("us"), safe=False).cast(pa.int64()).cast(pa.float64(), safe=False))
        return _banded(place, days, _as_day)
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return _banded(place, _numbers(cells.cast(pa.float64(), safe=False)), _as_number)
    if pa.types.is_boolean(kind):
        cells = pc.if_else(cells, "yes", "no")
    try:
        cells = cells.cast(pa.string())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return place[:0], place[:0], None
    return _texts(place, cells)


def _texts(place: Array, cells: pa.Array) -> tuple[Array, Array, list[str]]:
    coded = cells.dictionary_encode()  # the values are few, the rows many
    tidy = [" ".join(value.split())[:_LONGEST] for value in coded.dictionary.to_pylist()]
    known = sorted(set(tidy) - {""})
    number = {value: k for k, value in enumerate(known)}
    code = np.array([number.get(value, -1) for value in tidy] or [-1], dtype=np.int64)
    index = coded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    found = np.where(index < 0, -1, code[index])
    return place[found >= 0], found[found >= 0], known


def _numbers(cells: pa.Array) -> Array:
    return np.asarray(cells.to_numpy(zero_copy_only=False), dtype=np.float64)  # null is NaN


def _banded(place: Array, numbers: Array, told: Callable[[float], str]) -> tuple[Array, Array, list[str]]:
    said = np.isfinite(numbers)
    place, numbers = place[said], numbers[said]
    known = np.unique(numbers)
    if len(known) <= BANDS:
        return place, np.searchsorted(known, numbers), [told(value) for value in known]
    cuts = np.quantile(numbers, np.arange(1, BANDS) / BANDS, method="higher")
    edges = np.unique(cuts[cuts > known[0]])
    words = [told(value) for value in edges]
    names = [f"below {words[0]}", *(f"{a} to {b}" for a, b in pairwise(words))]
    return place, np.searchsorted(edges, numbers, side="right"), [*names, f"{words[-1]} and more"]


def _as_number(value: float) -> str:
    return f"{value:,.0f}" if value == round(value) and abs(value) >= 10_000 else f"{value:g}"


def _as_day(micros: float) -> str:
    try:
        return f"{datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=micros // _DAY):%Y-%m-%d}"
    except OverflowError:
        return f"{micros / _DAY / 365.2425 + 1970:.0f}"
