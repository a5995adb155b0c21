"""One array of a long column, beside what Arrow itself makes of it."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from core.store import flat

_SOME: dict[pa.DataType, list[Any]] = {
    pa.int8(): [1, -2, 3],
    pa.uint64(): [2**64 - 1, 0, 2**63],
    pa.int64(): [-(2**63), 7, 2**53 + 1],
    pa.float64(): [0.5, float("nan"), -0.0],
    pa.float32(): [0.5, 1.5, 2.5],
    pa.bool_(): [True, False, True],
    pa.string(): ["a", "", "é"],
    pa.timestamp("us"): [datetime(2025, 1, 1), datetime(1969, 12, 31), datetime(2262, 1, 1)],
    pa.decimal128(18, 4): [Decimal("1.5000"), Decimal(0), Decimal("-2.2500")],
}


@pytest.mark.parametrize("kind", list(_SOME), ids=str)
@pytest.mark.parametrize("nulls", [False, True], ids=["full", "with NULLs"])
@pytest.mark.parametrize("chunks", [0, 1, 3])
def test_as_arrow_has_it(kind: pa.DataType, nulls: bool, chunks: int) -> None:
    values = [*_SOME[kind], None] if nulls else _SOME[kind]
    whole = pa.array(values, kind)
    column = pa.chunked_array([whole, whole.slice(1, 1), whole.slice(2)][:chunks], kind)
    found, expected = flat(column), column.to_numpy()
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(found, expected)
