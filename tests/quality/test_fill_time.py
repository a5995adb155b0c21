"""Interpolation in time against pandas' interpolate(method="time") with nearest ends."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from core.quality import Fill
from core.store import Query
from tests.examples import examples
from tests.quality.fill_world import World, filled, table_of

START = pd.Timestamp("2026-01-01")
ROWS = st.lists(
    st.tuples(
        st.one_of(st.none(), st.integers(0, 3_000_000)),  # seconds; None = no time
        st.one_of(st.none(), st.floats(-1e4, 1e4, allow_subnormal=False)),
        st.sampled_from(["a", "b", None]),
    ),
    min_size=2,
    max_size=30,
)


def by_pandas(known: pd.Series, at: pd.Series) -> pd.Series:
    """`known` by time, one value a moment; what pandas says at the moments `at`."""
    line = known.reindex(known.index.union(pd.DatetimeIndex(at)).unique()).interpolate(
        method="time", limit_direction="both"
    )
    return pd.Series(line.reindex(at).to_numpy(), index=at.index)


@given(ROWS, st.booleans())
@settings(max_examples=examples(15))
def test_the_line_is_that_of_pandas(rows: list[tuple[Any, Any, Any]], grouped: bool) -> None:
    frame = pd.DataFrame(rows, columns=["s", "x", "g"]).astype({"s": float, "x": float, "g": object})
    frame.insert(0, "event_no", np.arange(len(frame)))
    frame["at_utc"] = (START + pd.to_timedelta(frame.pop("s"), unit="s")).astype("datetime64[us]")
    known = frame.dropna(subset=["x", "at_utc"])
    gaps = frame[frame.x.isna() & frame.at_utc.notna()].set_index("event_no")
    if frame.x.notna().sum() == 0:
        return  # refused; test_fill
    got = filled(World(events=frame), Fill("x", "interpolate", group="g" if grouped else None))
    if known.empty:
        assert got.empty
        return
    expected = by_pandas(known.groupby("at_utc").x.mean(), gaps.at_utc)
    if grouped:
        for name, part in known.groupby("g"):
            own = gaps[gaps.g == name]
            expected.update(by_pandas(part.groupby("at_utc").x.mean(), own.at_utc))
    assert got.index.tolist() == expected.index.tolist()
    np.testing.assert_allclose(got.to_numpy(float), expected.to_numpy(float), rtol=1e-9, atol=1e-6)


def test_by_hand_and_in_the_column_s_type() -> None:
    world = World(
        events="""SELECT * FROM (VALUES
          (1::BIGINT, TIMESTAMP '2026-01-01', NULL::INTEGER), (2, '2026-01-02', 10), (3, '2026-01-03', NULL),
          (4, '2026-01-04 12:00:00', NULL), (5, '2026-01-06', 20), (6, '2026-01-09', NULL), (7, NULL, NULL),
          (8, NULL, 1000)) t(event_no, at_utc, stock)"""
    )
    table = table_of(
        world, Fill("stock", "interpolate"), "events", Query("SELECT event_no FROM events WHERE stock IS NULL")
    )
    assert dict(zip(*(c.to_pylist() for c in table.columns), strict=True)) == {1: 10, 3: 13, 4: 16, 6: 20}
    assert table.schema.field("value").type == pa.int32()
