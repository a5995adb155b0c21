"""The daily series as a figure: band, line, marks that can be clicked."""

from __future__ import annotations

from datetime import datetime

import numpy as np

from core.figures import daily_figure
from core.figures.template import AMBER, WINE
from core.quality import Daily


def made(**changes: object) -> Daily:
    days = np.arange("2026-01-01", "2026-01-06", dtype="datetime64[D]")
    values: dict[str, object] = {
        "event": None, "measure": "events", "day": days, "count": np.array([10.0, 50, 0, 2, 11]),
        "expected": np.full(5, 10.0), "low": np.full(5, 4.0), "high": np.full(5, 20.0),
        "flag": np.array(["", "spike", "closed", "drop", ""]),
        "first": datetime(2026, 1, 1), "last": datetime(2026, 1, 5, 12),
    }  # fmt: skip
    return Daily(**{**values, **changes})  # type: ignore[arg-type]


def test_daily() -> None:
    figure = daily_figure(made())
    by = {trace.name: trace for trace in figure.data}
    assert list(by) == ["Limits", "Expected", "Events", "Spike", "Drop"]
    assert list(by["Events"].y) == [10, 50, 0, 2, 11]
    assert np.isnan(by["Limits"].y[2])  # a closed day has no limits
    assert (list(by["Spike"].x), list(by["Spike"].y)) == (["2026-01-02"], [50])
    assert (by["Spike"].marker.color, by["Drop"].marker.color) == (WINE, AMBER)
    assert list(by["Drop"].customdata[0]) == ["drop", "2026-01-04", "4 Jan 2026", ", 4 to 20 expected"]
    assert figure.layout.xaxis.title.text == "Day (UTC)"
    assert figure.layout.yaxis.title.text == "Events per day"


def test_without_limits_and_of_money() -> None:
    unknown = np.full(5, np.nan)
    figure = daily_figure(made(low=unknown, high=unknown, expected=unknown, flag=np.full(5, ""), measure="revenue"))
    assert [trace.name for trace in figure.data] == ["Revenue from purchases"]
    assert figure.layout.yaxis.title.text == "Revenue (in the file's currency)"
    assert "%{y:,.2f}" in figure.data[0].hovertemplate
