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
    parts = [chunk.to_numpy(zero_copy_only=False) for chunk in column.chunks]
    whole: npt.NDArray[Any] = np.concatenate(parts) if len(parts) > 1 else parts[0] if parts else column.to_numpy()
    return whole
