"""Figures of data quality: a daily series with the limits that a clean day seldom leaves."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from core.figures.template import (
    AMBER,
    BLUE,
    GREY,
    NAVY,
    PALE,
    WINE,
    day,
    event_name,
    figure,
    hover,
)
from core.quality import Daily

_FLAGS = (
    ("spike", "Spike", WINE, "triangle-up"),
    ("drop", "Drop", AMBER, "triangle-down"),
    ("gap", "No events", NAVY, "x"),
    ("part", "Only a part of the day", GREY, "circle-open"),
)
_MEANS = "Level of the weeks around times the weekday's share; about 1 clean day in 1,000 lies outside the limits."


def daily_figure(found: Daily) -> go.Figure:
    """A line of days over a band from low to high, with marks on the days that lie outside it.

    customdata of the marks is [flag, day], so that a click can select the day. Closed weekdays are not in the band.
    """
    money = found.measure == "revenue"
    what = "revenue from purchases" if money else "events" if found.event is None else event_name(found.event).lower()
    unit = "Revenue (in the file's currency)" if money else f"{what.capitalize()} per day"
    made = figure(f"{what.capitalize()} per day, with limits", "Day (UTC)", unit)
    days = [str(one) for one in found.day]
    judged = np.isfinite(found.high) & (found.flag != "closed")
    low, high, usual = (np.where(judged, values, np.nan) for values in (found.low, found.high, found.expected))
    if judged.any() and not found.bursts:
        # bars, since a filled area takes no opacity of its own and its colour must be one of the theme's
        made.add_bar(
            x=days, base=low, y=high - low, name="Limits", marker={"color": GREY, "line": {"width": 0}},
            opacity=PALE / 2, hoverinfo="skip",
        )  # fmt: skip
        made.update_layout(bargap=0)
        made.add_scatter(
            x=days,
            y=usual,
            name="Expected",
            mode="lines",
            connectgaps=True,
            line={"color": GREY, "width": 1, "dash": "dot"},
            hoverinfo="skip",
        )
    number = "%{y:,.2f}" if money else "%{y:,.0f}"
    made.add_scatter(
        x=days,
        y=found.count,
        name=what.capitalize(),
        mode="lines",
        line={"color": BLUE, "width": 1.5},
        customdata=_words(found, np.arange(len(days))),
        hovertemplate=hover(f"{number} {what}%{{customdata[3]}}", _MEANS, head="%{customdata[2]}"),
    )
    for flag, name, colour, symbol in _FLAGS:
        at = found.on(flag)
        if len(at):
            made.add_scatter(
                x=[days[place] for place in at],
                y=found.count[at],
                name=name,
                mode="markers",
                marker={"color": colour, "symbol": symbol, "size": 9},
                customdata=_words(found, at),
                hovertemplate=hover(f"{number} {what}%{{customdata[3]}}", _MEANS, head="%{customdata[2]}"),
            )
    made.update_xaxes(type="date", tickformat="%-d %b<br>%Y")
    made.update_yaxes(tickformat=",")
    return made


def _words(found: Daily, at: NDArray[np.int64]) -> list[list[str]]:
    """Per day: flag, day, the day in words, and what was expected."""
    rows = []
    for place in at:
        one = found.day[place].item()
        expected = ""
        if np.isfinite(found.high[place]) and not found.bursts:
            expected = f", {found.low[place]:,.0f} to {found.high[place]:,.0f} expected"
        rows.append([str(found.flag[place]), str(one), day(one), expected])
    return rows
