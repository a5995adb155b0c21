"""Figures of attention that fades: after an item's launch, and with every repetition."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from core.attention import Fade, Fatigue, Launch
from core.figures.template import (
    AMBER,
    BLUE,
    GREY,
    PALE,
    WINE,
    escaped,
    event_mark,
    event_name,
    figure,
    hover,
    percent,
    shortened,
)

_SINCE = "Days since launch (0 = the first 24 hours)"
_LAUNCHED = "A launch is an item's first event of all. A day counts the items that could be watched for all of it."
_EACH = (
    "Each item's events as a multiple of its own average in days 1 to 7, then the mean over items with at least "
    "7 events in those days."
)
_NTH = "A response is one after this exposure, within the time allowed and before the next exposure."


def launch_figure(found: Launch, *, each: bool = False) -> go.Figure:
    """Bars of events per item by day since launch with their interval, and the curve fitted to them.

    With `each`, every item counts alike: its events as a multiple of its own first week. `customdata[0]` is the day.
    The launch day is pale: it holds the first event of every item by definition, and is not part of the fit.
    """
    rows, what = found.days, _what(found)
    value = "each" if each else "per_item"
    unit = "Multiple of the item's own first week" if each else f"{what} per item and day"
    made = figure(f"{what} by day since launch, mean of {'items' if each else 'all items'}", _SINCE, unit)
    made.add_bar(
        x=rows["day"],
        y=rows[value],
        name="Mean",
        marker={
            "color": event_mark(found.question.event or "").colour,
            "opacity": [PALE if day == 0 else 1 for day in rows["day"]],
        },
        error_y=_errors(rows[value], rows["each_low" if each else "low"],
                        rows["each_high" if each else "high"]),
        customdata=[
            [int(r.day), f"{getattr(r, value):,.2f} (95 %: {_span(r, each)})",
             f"{r.events:,} events of {r.items:,} items, {r.users:,} known users"]
            for r in records(rows)
        ],
        hovertemplate=hover("%{customdata[1]}<br>%{customdata[2]}", _EACH if each else _LAUNCHED, head="Day %{x}"),
    )  # fmt: skip
    if not each and found.fit.half_life is not None:
        made.add_scatter(
            x=rows["day"], y=rows["fitted"], name=f"Fitted: half-life {found.fit.half_life:.0f} days", mode="lines",
            line={"color": AMBER, "width": 3}, hoverinfo="skip",
        )  # fmt: skip
    made.update_layout(bargap=0.1)
    return made


def launched_item_figure(found: Launch) -> go.Figure:
    """Bars of one item's events by day since its launch, its own curve, and the mean of all at its level."""
    rows, what = found.one, _what(found)
    made = figure(f"{shortened(found.one_title or '', 44)}: {what.lower()} by day since launch", _SINCE,
                  f"{what} per day")  # fmt: skip
    made.add_bar(
        x=rows["day"], y=rows["events"], name="This item",
        marker={"color": event_mark(found.question.event or "").colour},
        customdata=[[int(day)] for day in rows["day"]],
        hovertemplate=hover(f"%{{y:,}} {escaped(what.lower())}", _LAUNCHED, head="Day %{x}"),
    )  # fmt: skip
    made.add_scatter(x=rows["day"], y=rows["usual"], name="Mean of all items, at this item's level", mode="lines",
                     line={"color": GREY, "width": 2, "dash": "dot"}, hoverinfo="skip")  # fmt: skip
    if found.one_fit is not None and found.one_fit.half_life is not None:
        made.add_scatter(
            x=rows["day"], y=rows["fitted"], name=f"Fitted: half-life {found.one_fit.half_life:.0f} days",
            mode="lines", line={"color": AMBER, "width": 3}, hoverinfo="skip",
        )  # fmt: skip
    return made


def half_lives_figure(found: Launch) -> go.Figure:
    """Half-life by category with its interval, the fastest to fade on top. `customdata[0]` is the category."""
    rows = found.categories.dropna(subset=["half_life"]).sort_values("half_life", ascending=False)
    made = figure("Half-life of attention by category", "Days in which attention above the floor halves", "",
                  height=110 + 34 * max(len(rows), 2), legend=False)  # fmt: skip
    high = rows["high"].fillna(rows["half_life"] * 3).astype(float)
    made.add_scatter(
        x=rows["half_life"], y=list(range(len(rows))), mode="markers", marker={"size": 11, "color": BLUE},
        error_x={"type": "data", "symmetric": False, "array": (high - rows["half_life"]).tolist(),
                 "arrayminus": (rows["half_life"] - rows["low"].astype(float)).tolist(), "thickness": 1.5},
        customdata=[
            [r.category, f"{r.half_life:.0f} days (95 %: {r.low:.0f} to {_longest(r.high)})",
             f"{r.events:,} events of {r.items:,} items; floor {percent(r.floor)} of the launch level"]
            for r in records(rows)
        ],
        hovertemplate=hover("%{customdata[1]}<br>%{customdata[2]}", "Fitted to the items launched in this category.",
                            head="%{customdata[0]}"),
    )  # fmt: skip
    if found.fit.half_life is not None:
        made.add_vline(x=found.fit.half_life, line={"color": GREY, "dash": "dot"}, annotation_text="all items",
                       annotation_position="top")  # fmt: skip
    made.update_yaxes(tickvals=list(range(len(rows))), ticktext=[escaped(shortened(c, 28)) for c in rows["category"]],
                      range=[-0.6, len(rows) - 0.4])  # fmt: skip
    return made


def fatigue_figure(found: Fatigue) -> go.Figure:
    """Response by the nth exposure: bars for all, a line for the same people from the first exposure on.

    `customdata` is [n, who] with who "all" or "same".
    """
    rows, question = found.table, found.question
    shown, answer = (_word(s.event if s else "") for s in (question.exposure, question.response))
    per = {"campaign": " of a campaign", "item": " of an item", "user": ""}.get(question.per or "", "")
    made = figure(
        f"Response to the nth {shown}{per}", f"Which {shown} it was for this user", f"{answer.capitalize()} rate (%)"
    )
    made.add_bar(
        x=rows["n"], y=rows["rate"], name="Everybody who was shown it so often", marker={"color": BLUE},
        error_y=_errors(rows["rate"], rows["low"], rows["high"]),
        customdata=[
            [int(r.n), "all", f"{percent(r.rate)} (95 %: {percent(r.low)} to {percent(r.high)})",
             f"{r.responses:,} of {r.exposures:,}, {r.users:,} users"]
            for r in records(rows)
        ],
        hovertemplate=hover("%{customdata[2]}<br>%{customdata[3]}", _NTH, head="No. %{x}"),
    )  # fmt: skip
    same = rows.dropna(subset=["same_rate"])
    made.add_scatter(
        x=same["n"], y=same["same_rate"], mode="lines+markers", line={"color": WINE, "width": 3}, marker={"size": 9},
        name=f"The same people: shown at least {question.same} times",
        customdata=[
            [int(r.n), "same", f"{percent(r.same_rate)} (95 %: {percent(r.same_low)} to {percent(r.same_high)})",
             f"of {r.same_runs:,} runs of {question.same} or more"]
            for r in records(same)
        ],
        hovertemplate=hover("%{customdata[2]}<br>%{customdata[3]}", _NTH, head="No. %{x}"),
    )  # fmt: skip
    if len(rows) and rows["n"].iloc[0] == 1 and rows["rate"].iloc[0] > 0:
        made.add_hline(y=rows["rate"].iloc[0] / 2, line={"color": GREY, "dash": "dot"},
                       annotation_text="half the first", annotation_position="top right")  # fmt: skip
    made.update_yaxes(tickformat=".1~%")
    made.update_xaxes(dtick=1)
    return made


def fade_words(fit: Fade) -> str:
    """A fit in a few words.

    >>> fade_words(Fade(40, 900, 14.2, 10.0, 21.4, 0.1, 0.05, 0.16, 18.0))
    '14 days (95 %: 10 to 21 days)'
    """
    if fit.half_life is None or fit.low is None:
        return "–"
    return f"{_days(fit.half_life)} days (95 %: {_days(fit.low)} to {_longest(fit.high)} days)"


def records(frame: pd.DataFrame) -> Iterable[Any]:
    """The rows of a table, columns by name."""
    return frame.itertuples()


def _days(value: float) -> str:
    return f"{value:.1f}" if value < 10 else f"{value:.0f}"


def _longest(high: float | None) -> str:
    return "more than can be told" if high is None or math.isnan(high) else _days(high)


def _what(found: Launch) -> str:
    return "Orders" if found.question.event == "purchase" else event_name(found.question.event or "")


def _word(event: str) -> str:
    name = event_name(event).lower()
    return name[:-1] if name.endswith("s") and name != event else name


def _span(row: object, each: bool) -> str:
    low, high = (getattr(row, f"each_{end}" if each else end) for end in ("low", "high"))
    return "not known" if math.isnan(low) else f"{low:,.2f} to {high:,.2f}"


def _errors(value: pd.Series, low: pd.Series, high: pd.Series) -> dict[str, object]:
    return {
        "type": "data", "symmetric": False, "array": (high - value).clip(lower=0).tolist(),
        "arrayminus": (value - low).clip(lower=0).tolist(), "thickness": 1, "width": 2,
        "color": "rgba(128,128,128,0.9)",
    }  # fmt: skip
