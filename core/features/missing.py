"""Filling what is missing in a feature table, with a mark beside each column that was filled."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from core.errors import Refusal
from core.features.scan import feature
from core.features.types import FeatureColumn, Missing
from core.progress import Step

MOST_ROWS = 100_000
_DONORS, _NEIGHBOURS, _CHUNK = 2_000, 5, 2_000
_Part = tuple[FeatureColumn, pa.Array]


def fill(parts: Sequence[_Part], how: Missing, step: Step) -> tuple[list[_Part], str]:
    """The columns without gaps, each filled one followed by NAME_missing, and a note on what was done.

    A column without any value stays as it is: there is nothing to fill it with; so does one of names (titles,
    say), where the most frequent would be another's. Raises Refusal `too_many_rows`.
    """
    rows = len(parts[0][1]) if parts else 0
    if how == "neighbours" and rows > MOST_ROWS:
        raise Refusal(
            "too_many_rows",
            f"Neighbours can be looked for among {MOST_ROWS:,} rows at most; the table has {rows:,}.",
            "Choose median, or more events (min_events).",
        )
    numbers = [n for n, (column, cells) in enumerate(parts) if column.type == "number" and cells.null_count < rows]
    near = _neighbours([parts[n][1] for n in numbers], step) if how == "neighbours" and numbers else None
    made: list[_Part] = []
    gaps = 0
    for n, (column, cells) in enumerate(parts):
        if not cells.null_count or cells.null_count == rows or _names(column, cells):
            made.append((column, cells))
            continue
        gaps += 1
        value = near[numbers.index(n)] if near is not None and n in numbers else _middle(cells, column)
        made.append((column, pc.coalesce(cells, value)))
        text = f"Whether {column.name!r} had no value and was filled. {column.missing_meaning}".strip()
        made.append((feature(f"{column.name}_missing", column.family, "", text, type="boolean"), cells.is_null()))
    words = "the median (of categories and yes/no the most frequent value)"
    if how == "neighbours":
        words = f"the mean of the {_NEIGHBOURS} most alike rows (of categories and yes/no the most frequent value)"
    return made, f"Missing values of {gaps:,} features were filled with {words}; NAME_missing marks them."


def _names(column: FeatureColumn, cells: pa.Array) -> bool:
    """Whether text is rather the names of things than categories: more than a tenth of the values differ."""
    known = len(cells) - cells.null_count
    return column.type == "category" and pc.count_distinct(cells).as_py() > max(50, known / 10)


def _middle(cells: pa.Array, column: FeatureColumn) -> pa.Scalar:
    """The median of numbers; of all else the most frequent value, of equals the smallest."""
    if column.type == "number":
        return pa.scalar(float(np.median(cells.drop_null().to_numpy())), pa.float64())
    counted = pc.value_counts(cells.drop_null()).to_pylist()
    return pa.scalar(min(counted, key=lambda c: (-c["counts"], c["values"]))["values"], cells.type)


def _neighbours(columns: Sequence[pa.Array], step: Step) -> list[pa.Array]:
    """Each column filled from the rows most alike in all of them, by scientific units of spread (KNNImputer).

    Among many rows, the donors are 2,000 taken at even distances in the order of ids.
    """
    from sklearn.impute import KNNImputer

    values: Any = np.column_stack([c.to_numpy(zero_copy_only=False) for c in columns])
    middle, spread = np.nanmean(values, axis=0), np.nanstd(values, axis=0)
    spread[spread == 0] = 1.0
    scaled = (values - middle) / spread
    donors = np.unique(np.linspace(0, len(scaled) - 1, min(len(scaled), _DONORS)).astype(int))
    imputer = KNNImputer(n_neighbors=_NEIGHBOURS, keep_empty_features=True).fit(scaled[donors])
    gaps = np.flatnonzero(np.isnan(scaled).any(axis=1))
    for first in range(0, len(gaps), _CHUNK):
        step.report(first / len(gaps), "Filling missing values from neighbours")
        some = gaps[first : first + _CHUNK]
        scaled[some] = imputer.transform(scaled[some])
    back = scaled * spread + middle
    return [pa.array(back[:, n]) for n in range(back.shape[1])]
