"""A long column of an answer as one array."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa


def flat(column: pa.ChunkedArray) -> npt.NDArray[Any]:
    """The values one after the other, as `column.to_numpy()` has them (NaN where a number is NULL).

    Several times as quick where there are millions: NumPy asks the system for large pages of memory, Arrow for small
    ones, and the system then spends more time on handing out pages than goes into copying.

    >>> flat(pa.chunked_array([[1, 2], [3, None]])).tolist()
    [1.0, 2.0, 3.0, nan]
    """
    parts = [_values(chunk) for chunk in column.chunks]
    whole: npt.NDArray[Any] = np.concatenate(parts) if len(parts) > 1 else parts[0] if parts else column.to_numpy()
    return whole


def _values(chunk: pa.Array) -> npt.NDArray[Any]:
    """As `to_numpy`, which imports pandas first: a third of a second where nothing else needs it."""
    if chunk.null_count or not (pa.types.is_integer(chunk.type) or pa.types.is_float64(chunk.type)) or not len(chunk):
        held: npt.NDArray[Any] = chunk.to_numpy(zero_copy_only=False)
        return held
    there = np.frombuffer(chunk.buffers()[1], dtype=chunk.type.to_pandas_dtype())
    return there[chunk.offset : chunk.offset + len(chunk)]
