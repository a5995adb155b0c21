"""How much one column tells of another, in bits, from columns cut into a few classes; missing is a class of its own."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

BINS = 8
Codes = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def classes(cells: pa.Array) -> Codes:
    """The column in classes 0, 1, ...: numbers by eighths of their distribution (equal ones together), the seven most
    frequent categories and all others, yes and no; rows without a value are the last class.
    """
    if pa.types.is_floating(cells.type):
        values = cells.to_numpy(zero_copy_only=False).astype(float)
        known = np.isfinite(values)
        found = np.zeros(len(values), dtype=np.int64)
        if known.any():
            distinct = np.unique(values[known])
            cuts = (
                distinct[1:]
                if len(distinct) <= BINS
                else np.unique(np.quantile(values[known], np.arange(1, BINS) / BINS, method="higher"))
            )
            found[known] = np.searchsorted(cuts, values[known], side="right")
        found[~known] = BINS + 1
    else:
        coded = pc.dictionary_encode(cells.cast(pa.string()))
        codes = pc.fill_null(coded.indices, -1).to_numpy(zero_copy_only=False).astype(np.int64)
        names = np.array(coded.dictionary.to_pylist(), dtype=object)
        counts = np.bincount(codes[codes >= 0], minlength=len(names))
        order = sorted(range(len(names)), key=lambda n: (-counts[n], names[n]))
        place = np.full(len(names) + 1, BINS - 1, dtype=np.int64)
        for n, code in enumerate(order[: BINS - 1]):
            place[code] = n
        place[-1] = BINS + 1
        found = place[codes]
    dense: Codes = np.unique(found, return_inverse=True)[1]
    return dense


def one_hot(columns: list[Codes]) -> tuple[Any, Codes]:
    """All classes of all columns side by side (rows x classes, 0 and 1), and where each column begins."""
    widths = [int(c.max(initial=0)) + 1 for c in columns]
    begins = np.concatenate([[0], np.cumsum(widths)]).astype(np.int64)
    table = np.zeros((len(columns[0]), int(begins[-1])), dtype=np.float32)
    rows = np.arange(len(columns[0]))
    for column, begin in zip(columns, begins, strict=False):
        table[rows, column + begin] = 1.0
    return table, begins


def information(joint: Floats) -> float:
    """Mutual information of a table of counts, in bits, never below zero.

    Less what so many classes would seem to tell by chance alone (Miller and Madow's correction).
    """
    n = float(joint.sum())
    if n <= 0:
        return 0.0
    rows, columns = joint.sum(axis=1), joint.sum(axis=0)
    chance = ((joint > 0).sum() - (rows > 0).sum() - (columns > 0).sum() + 1) / (2 * n)
    return max((_entropy(rows, n) + _entropy(columns, n) - _entropy(joint, n)) - float(chance) / float(np.log(2)), 0.0)


def entropy(codes: Codes, weights: Floats | None = None) -> float:
    """Entropy of a column of classes, in bits."""
    counts = np.bincount(codes, weights=weights).astype(float)
    return _entropy(counts, float(counts.sum()))


def _entropy(counts: Floats, n: float) -> float:
    shares = counts[counts > 0] / n
    return float(-(shares * np.log2(shares)).sum())
