"""Rows as numbers that distances and models can be taken over."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from core.quality.fill_column import Column

Numbers = NDArray[np.float64]
TOP = 20
"""So many values of a category have a column of their own, those of the most rows; all others share one."""


class Model(Protocol):
    """What has learnt from rows with a value and says one for others."""

    def answer(self, rows: Numbers) -> NDArray[Any]:
        """A value for each encoded row: numbers in the target's own unit, categories as text."""
        ...


def is_category(column: Column) -> bool:
    """Whether the column's values are words, not magnitudes."""
    return column.family in ("flag", "text", "other")


@dataclass(frozen=True)
class _Part:
    """A column: mean and spread of a number, or the values of a category that have a column of their own.

    `rest`, `gaps`: whether rare values, and missing ones, have one too: where none was seen, the column would be dead
    weight in distances.
    """

    mean: float = 0.0
    spread: float = 1.0
    levels: tuple[str, ...] | None = None
    rest: bool = False
    gaps: bool = False


@dataclass(frozen=True)
class Encoder:
    """How rows become numbers.

    Numbers and dates are standardised, NaN where missing; categories one-hot (0 or 1), with one column for rare values
    and one for missing ones, so that "not known" is a value like others. Two categories that differ are as far apart
    as two rows are, on average, in a number.
    """

    parts: tuple[_Part, ...]

    @staticmethod
    def learnt(columns: Sequence[tuple[Column, pa.ChunkedArray]]) -> Encoder:
        """Mean, spread and the commonest values (ties: the smaller) of the columns' values."""
        parts = []
        for column, values in columns:
            if is_category(column):
                counted = Counter(v for v in values.to_pylist() if v is not None)
                top = sorted(counted, key=lambda v: (-counted[v], v))[:TOP]
                parts.append(_Part(levels=tuple(top), rest=len(counted) > TOP, gaps=values.null_count > 0))
            else:
                x = as_floats(values)
                parts.append(_Part(float(np.nanmean(x)), float(np.nanstd(x)) or 1.0))
        return Encoder(tuple(parts))

    @property
    def numbers(self) -> int:
        """How many of the matrix's columns are numbers; they come first."""
        return sum(part.levels is None for part in self.parts)

    def matrix(self, columns: Sequence[pa.ChunkedArray]) -> Numbers:
        """The rows, encoded: (rows, numbers first, then categories)."""
        numbers, words = [], []
        for part, values in zip(self.parts, columns, strict=True):
            if part.levels is None:
                numbers.append((as_floats(values) - part.mean)[:, None] / part.spread)
            else:
                words.append(_one_hot(values, part))
        return np.hstack(numbers + words)


def as_floats(values: pa.ChunkedArray) -> Numbers:
    """DOUBLE values as an array, NaN where missing."""
    made: Numbers = values.to_numpy().astype(np.float64)
    return made


def _one_hot(values: pa.ChunkedArray, part: _Part) -> Numbers:
    """A row whose kind of value was not seen among those learnt from has zeros alone."""
    levels = part.levels or ()
    place = {level: n for n, level in enumerate(levels)}
    coded = values.combine_chunks().dictionary_encode()
    to = np.array([place.get(word, len(levels)) for word in coded.dictionary.to_pylist()] + [len(levels) + 1])
    kept = [*range(len(levels)), *([len(levels)] if part.rest else ()), *([len(levels) + 1] if part.gaps else ())]
    made: Numbers = np.eye(len(levels) + 2)[:, kept][to[coded.indices.fill_null(len(to) - 1).to_numpy()]]
    return made
