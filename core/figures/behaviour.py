"""The overview's figures: events over time, active users, leaders, funnel."""

from __future__ import annotations

from datetime import date, timedelta

import pandas as pd
import plotly.graph_objects as go

from core.behaviour import DEFINITIONS, ActiveUsers, EventsOverTime, Funnel, Measure, Stickiness, Top, Unit, Window
from core.figures.template import (
    AMBER,
    BLUE,
    GREEN,
    GREY,
    NAVY,
    PALE,
    day,
    escaped,
    event_mark,
    event_name,
    figure,
    hover,
    percent,
    shortened,
)

MEASURE_NAMES: dict[Measure, str] = {
    "events": "events",
    "users": "users",
    "orders": "orders",
    "buyers": "buyers",
    "units": "net units",
    "revenue": "net revenue",
}
_CURRENCY = "in the file's currency"
_AXIS = {"day": "Day (UTC)", "week": "Week beginning on Monday (UTC)", "month": "Month (UTC)"}
_DAY = 24 * 60 * 60 * 1000  # milliseconds, in which Plotly counts
_PART = "only a part of this {unit} is covered"


def events_figure(found: EventsOverTime) -> go.Figure:
    """Stacked bars, one per period, coloured by event type; periods not wholly covered are pale."""
    made = figure(f"Events per {found.unit}, by type", _AXIS[found.unit], f"Events per {found.unit}")
    for event in found.events:
        rows = found.table[found.table["event"] == event]
        mark = event_mark(event)
        made.add_bar(
            x=rows["start"],
            y=rows["events"],
            name=escaped(event_name(event)),
            marker={
                "color": mark.colour,
                "opacity": _opacity(rows),
                "pattern": {"shape": mark.pattern, "size": 6},
                "line": {"width": 0},
            },
            customdata=_hover_rows(rows, found.unit, event),
            hovertemplate=hover(
                f"%{{y:,}} {escaped(event_name(event).lower())}",
                DEFINITIONS["events_over_time"],
                head="%{customdata[2]}",
            ),
        )
    # On a narrow page a legend of twelve words takes three lines, which must not reach into the title.
    room = 28 if len(found.events) > 8 else 0
    made.update_layout(barmode="stack", height=made.layout.height + room, margin_t=made.layout.margin.t + room)
    _time_axis(made, found.unit, found.table["start"])
    return made


def new_and_returning_figure(found: ActiveUsers) -> go.Figure:
    """Stacked bars of active users per period, new and returning."""
    made = figure(f"Active users per {found.unit}, new and returning", _AXIS[found.unit], f"Users per {found.unit}")
    for kind, name, colour in (("returning", "Returning", BLUE), ("new", "New", AMBER)):
        made.add_bar(
            x=found.table["start"],
            y=found.table[kind],
            name=name,
            marker={"color": colour, "opacity": _opacity(found.table), "line": {"width": 0}},
            customdata=_hover_rows(found.table, found.unit, kind),
            hovertemplate=hover(f"%{{y:,}} {name.lower()} users", DEFINITIONS["new"], head="%{customdata[2]}"),
        )
    made.update_layout(barmode="stack")
    _time_axis(made, found.unit, found.table["start"])
    return made


def active_users_figure(found: Stickiness) -> go.Figure:
    """Three lines: users active on the day, in 7 and in 30 days; dotted where the data do not reach back so far."""
    made = figure("Daily, weekly and monthly active users", _AXIS["day"], "Active users")
    lines = (
        ("mau", "Monthly (30 days)", NAVY, 30),
        ("wau", "Weekly (7 days)", AMBER, 7),
        ("dau", "Daily (1 day)", BLUE, 1),
    )
    for column, name, colour, days in lines:
        for rows, dash in _stretches(found.table, column):
            made.add_scatter(
                x=rows["day"],
                y=rows[column],
                name=name,
                legendgroup=column,
                showlegend=dash == "solid",
                mode="lines+markers",
                # Plotly lets people pick markers only; unseen ones make the line itself something to click on.
                marker={"size": 8, "opacity": 0 if len(found.table) > 1 else 1},
                line={"color": colour, "width": 2, "dash": dash},
                connectgaps=False,
                customdata=[[column, str(day)] for day in rows["day"]],
                hovertemplate=hover(
                    f"%{{y:,}} users active in {days} day{'s' if days > 1 else ''}"
                    + ("" if dash == "solid" else ", of which the data cover a part"),
                    DEFINITIONS["active"],
                    head="%{x|%-d %b %Y}",
                ),
            )
    _time_axis(made, "day", found.table["day"])
    if len(found.table) > 1:
        made.update_xaxes(range=[str(found.table["day"].iloc[0]), str(found.table["day"].iloc[-1])])
    return made


def _stretches(table: pd.DataFrame, column: str) -> list[tuple[pd.DataFrame, str]]:
    """The rows of a line that are wholly known, drawn solid, and those that are not, dotted and joined to them."""
    whole = table[f"{column}_complete"]
    beside = ~whole | ~whole.shift(1, fill_value=True) | ~whole.shift(-1, fill_value=True)
    solid, dotted = table.copy(), table.copy()
    solid[column] = solid[column].where(whole)
    dotted[column] = dotted[column].where(beside)
    return [(solid, "solid"), (dotted, "dot")]


def top_figure(found: Top) -> go.Figure:
    """Horizontal bars of the leading items or categories, the highest on top, with value and share."""
    what = MEASURE_NAMES[found.measure]
    kind = f"{event_name(found.event).lower()}" if found.event else what
    who = f"users with {kind}" if found.event and found.measure == "users" else kind
    things = "items" if found.by == "item" else "categories"
    unit = f"{what.capitalize()} ({_CURRENCY})" if found.measure == "revenue" else who.capitalize()
    rows = found.table.iloc[::-1]
    made = figure(f"Top {things} by {who}", unit, "", height=70 + 30 * max(len(rows), 3), legend=False)
    made.add_bar(
        y=list(range(len(rows))),
        x=rows["value"],
        orientation="h",
        marker={"color": event_mark(found.event).colour if found.event else _MEASURE_COLOURS[found.measure]},
        text=[
            _amount(value, found.measure) + ("" if pd.isna(share) else f" · {percent(share)}")
            for value, share in zip(rows["value"], rows["share"], strict=True)
        ],
        textposition="outside",
        cliponaxis=False,
        customdata=[
            [key, escaped(str(label)), "" if pd.isna(share) else f" · {percent(share)} of all"]
            for key, label, share in zip(rows["key"], rows["label"], rows["share"], strict=True)
        ],
        hovertemplate=hover(
            f"%{{x:,.{2 if found.measure == 'revenue' else 0}f}} {escaped(who)}%{{customdata[2]}}",
            DEFINITIONS[f"top_{found.measure}"],
            head="%{customdata[1]}",
        ),
    )
    low, high = min(0.0, float(rows["value"].min())), max(0.0, float(rows["value"].max()))
    made.update_xaxes(range=[low * 1.4, high * 1.4 or 1])  # room for the numbers beside the bars
    made.update_yaxes(
        tickvals=list(range(len(rows))),
        ticktext=[escaped(shortened(str(label))) for label in rows["label"]],
        range=[-0.6, len(rows) - 0.4],
    )
    return made


def funnel_figure(found: Funnel) -> go.Figure:
    """Horizontal bars, the first step on top: users who came so far, as a share of the first step."""
    definition = DEFINITIONS[f"funnel_{found.order}"]
    names = [event_name(step) for step in found.steps]
    made = figure(" → ".join(names), "Users", "", height=90 + 56 * len(names), legend=False)
    rows = found.table.iloc[::-1].reset_index(drop=True)
    texts = []
    for row in rows.to_dict("records"):
        share = row["share_of_previous"]
        before = "" if pd.isna(share) else f" · {percent(share)} of the step before"
        texts.append(f"{row['users']:,} users{before}")
    made.update_xaxes(range=[0, 1.5 * max(int(found.table["users"].iloc[0]), 1)])  # room for the words beside the bars
    made.add_bar(
        y=[event_name(step) for step in rows["step"]],
        x=rows["users"],
        orientation="h",
        marker={"color": [event_mark(step).colour for step in rows["step"]]},
        text=texts,
        textposition="outside",
        cliponaxis=False,
        customdata=[
            [len(rows) - 1 - i, did, lost] for i, (did, lost) in enumerate(zip(rows["did"], rows["lost"], strict=True))
        ],
        hovertemplate=hover(
            "%{x:,} users came so far<br>%{customdata[2]:,} of the step before did not<br>"
            "%{customdata[1]:,} users did this at all",
            definition,
            head="%{y}",
        ),
    )
    return made


_MEASURE_COLOURS: dict[Measure, str] = {
    "events": GREY,
    "users": BLUE,
    "orders": event_mark("purchase").colour,
    "buyers": event_mark("purchase").colour,
    "units": event_mark("purchase").colour,
    "revenue": GREEN,
}


def period_words(window: Window) -> str:
    """A resolved window in words: "9 Nov 2011 to 9 Dec 2011"; "all the data" where it has no ends."""
    if window.end is None:
        return "all the data"
    last = (window.end - timedelta(microseconds=1)).date()
    return f"up to {day(last)}" if window.start is None else f"{day(window.start.date())} to {day(last)}"


def _opacity(rows: pd.DataFrame) -> list[float]:
    return [1.0 if whole else PALE for whole in rows["complete"]]


def _period(start: date, end: date, unit: Unit) -> str:
    if unit == "month":
        return f"{start:%B %Y}"
    return day(start) if unit == "day" else f"{day(start)} to {day(end - timedelta(days=1))}"


def _hover_rows(rows: pd.DataFrame, unit: Unit, series: str) -> list[list[str]]:
    """Per bar: series, start, and what its hover is headed with."""
    made = []
    for row in rows.to_dict("records"):
        part = "" if row["complete"] else f" ({_PART.format(unit=unit)})"
        made.append([series, str(row["start"]), _period(row["start"], row["end"], unit) + part])
    return made


def _time_axis(made: go.Figure, unit: Unit, starts: pd.Series) -> None:
    """Ticks at the beginning of periods, at most a dozen, so that a label stands under the bar it names."""
    each = sorted(set(starts))
    step = -(-len(each) // 12)
    every = f"M{step}" if unit == "month" else step * {"day": 1, "week": 7}[unit] * _DAY
    made.update_xaxes(
        type="date", tick0=str(each[0]), dtick=every, tickformat="%b<br>%Y" if unit == "month" else "%-d %b<br>%Y"
    )


def _amount(value: float, measure: Measure) -> str:
    return f"{value:,.2f}" if measure == "revenue" and abs(value) < 100 else f"{value:,.0f}"
