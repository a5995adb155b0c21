"""Figures of visits: over time, by part, by hour and weekday, by how evenly users look around, and of searches."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Literal

import pandas as pd
import plotly.graph_objects as go

from core.attention import (
    FOCUS_LEAST,
    VISIT_DEFINITIONS,
    WEEKDAYS,
    Clock,
    Count,
    Focus,
    Searches,
    VisitParts,
    VisitsAnswer,
)
from core.behaviour import Unit
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
    figure,
    hover,
    percent,
    shortened,
)

Rate = Literal["engagement_rate", "conversion"]
RATE_NAMES: dict[Rate, str] = {"engagement_rate": "Engaged visits", "conversion": "Visits with a purchase"}
FOCUS_NAMES = {"focused": "Focused", "mixed": "Mixed", "roaming": "Roaming", "few": f"Fewer than {FOCUS_LEAST} looks"}
CLOCK_NAMES: dict[Count, str] = {
    "events": "Events",
    "visits": "Visits",
    "users": "Users",
    "purchases": "Orders",
    "conversion": "Conversion",
}
_AXIS: dict[Unit, str] = {"day": "Day (UTC)", "week": "Week beginning on Monday (UTC)", "month": "Month (UTC)"}
RATE_BOUNDS: dict[Rate, tuple[str, str]] = {
    "engagement_rate": ("low", "high"),
    "conversion": ("conversion_low", "conversion_high"),
}
_FEW = 30
"""Visits below which a cell's share says little: it is left pale."""


def visits_figure(found: VisitsAnswer) -> go.Figure:
    """Stacked bars per period: engaged visits and the rest. `customdata` of a bar: its kind, its first day."""
    made = figure(f"Visits per {found.unit}, engaged and not", _AXIS[found.unit], f"Visits per {found.unit}")
    table = found.table
    rates = [
        "no visit" if pd.isna(rate) else f"{percent(rate)} engaged (95 %: {percent(low)} to {percent(high)})"
        for rate, low, high in zip(table["engagement_rate"], table["low"], table["high"], strict=True)
    ]
    for kind, name, colour, y in (
        ("engaged", "Engaged", BLUE, table["engaged"]),
        ("bounced", "Not engaged", GREY, table["visits"] - table["engaged"]),
    ):
        made.add_bar(
            x=table["start"],
            y=y,
            name=name,
            marker={
                "color": colour,
                "opacity": [1.0 if whole else PALE for whole in table["complete"]],
                "line": {"width": 0},
            },
            customdata=[
                [kind, str(start), _period(start, end, found.unit, whole), rate]
                for start, end, whole, rate in zip(table["start"], table["end"], table["complete"], rates, strict=True)
            ],
            hovertemplate=hover(
                f"%{{y:,}} visits {'engaged' if kind == 'engaged' else 'not engaged'}<br>%{{customdata[3]}}",
                VISIT_DEFINITIONS["engaged"],
                head="%{customdata[2]}",
            ),
        )
    made.update_layout(barmode="stack")
    step = -(-len(table) // 12)
    every: Any = f"M{step}" if found.unit == "month" else step * {"day": 1, "week": 7}[found.unit] * 86_400_000
    ticks = "%b<br>%Y" if found.unit == "month" else "%-d %b<br>%Y"
    made.update_xaxes(type="date", tick0=str(table["start"].iloc[0]), dtick=every, tickformat=ticks)
    return made


def visit_parts_figure(found: VisitParts, rate: Rate) -> go.Figure:
    """A point with its interval for each part, the largest on top. `customdata[0]`: the part."""
    low, high = RATE_BOUNDS[rate]
    rows = found.table.iloc[::-1]
    name = RATE_NAMES[rate]
    made = figure(
        f"{name} by {found.by.name}", f"{name}, as a share of all visits (%)", "",
        height=110 + 30 * max(len(rows), 3), legend=False,
    )  # fmt: skip
    made.add_scatter(
        x=rows[rate] * 100,
        y=list(range(len(rows))),
        mode="markers",
        marker={"size": 11, "color": BLUE if rate == "engagement_rate" else GREEN},
        error_x={
            "type": "data",
            "array": (rows[high] - rows[rate]) * 100,
            "arrayminus": (rows[rate] - rows[low]) * 100,
            "thickness": 2,
            "width": 4,
        },
        customdata=[
            [row["part"], escaped(str(row["part"])), f"{percent(row[low])} to {percent(row[high])}", row["visits"]]
            for row in rows.to_dict("records")
        ],
        hovertemplate=hover(
            f"{name}: %{{x:.1f}} % (95 %: %{{customdata[2]}}) of %{{customdata[3]:,}} visits",
            VISIT_DEFINITIONS["engaged" if rate == "engagement_rate" else "conversion"],
            head="%{customdata[1]}",
        ),
    )
    made.update_yaxes(
        tickvals=list(range(len(rows))),
        ticktext=[
            f"{escaped(shortened(str(part), 24))} ({n:,})" for part, n in zip(rows["part"], rows["visits"], strict=True)
        ],
        range=[-0.6, len(rows) - 0.4],
    )
    made.update_xaxes(rangemode="tozero", ticksuffix=" %")
    return made


def clock_figure(found: Clock, count: Count) -> go.Figure:
    """Hours across, weekdays down, the darker the more. `customdata` of a cell: weekday, hour."""
    share, name = count == "conversion", CLOCK_NAMES[count]
    made = figure(
        f"{name} by hour and weekday ({found.zone})",
        f"Hour of the day, from ({found.zone})",
        "",
        height=340,
        legend=False,
    )
    table = found.table
    values = table[count].where(~share | (table["visits"] >= _FEW)) * (100 if share else 1)
    grid = values.to_numpy(dtype=float).reshape(7, 24)
    made.add_heatmap(
        z=grid, x=list(range(24)), y=list(range(7)), xgap=1, ygap=1, hoverinfo="skip", hoverongaps=False,
        colorbar={"title": {"text": f"{name} (%)" if share else name}, "ticksuffix": " %" if share else "",
                  "thickness": 14},
    )  # fmt: skip
    if not share:
        made.update_traces(zmin=0)
    said = [
        f"{row['visits']:,} visits, {row['bought']:,} with a purchase"
        + (
            ""
            if not row["visits"]
            else f": {percent(row['conversion'])} (95 %: {percent(row['low'])} to {percent(row['high'])})"
        )
        + ("" if row["visits"] >= _FEW else "<br>too few to colour")
        if share
        else f"{row[count]:,} {name.lower()}"
        for row in table.to_dict("records")
    ]
    made.add_scatter(  # Plotly lets people pick points, not cells: an unseen point stands on each
        x=table["hour"],
        y=table["weekday"],
        mode="markers",
        marker={"symbol": "square", "size": 24, "opacity": 0},
        customdata=[
            [int(weekday), int(hour), f"{WEEKDAYS[weekday]}, {hour:02}:00 to {hour + 1:02}:00", words]
            for weekday, hour, words in zip(table["weekday"], table["hour"], said, strict=True)
        ],
        hovertemplate=hover("%{customdata[3]}", VISIT_DEFINITIONS[f"clock_{count}"], head="%{customdata[2]}"),
    )
    made.update_xaxes(range=[-0.5, 23.5], dtick=2, showgrid=False, zeroline=False)
    made.update_yaxes(
        tickvals=list(range(7)), ticktext=list(WEEKDAYS), range=[6.5, -0.5], showgrid=False, zeroline=False
    )
    return made


def focus_figure(found: Focus) -> go.Figure:
    """Bars of users by evenness, coloured by kind. `customdata[0]` of a bar: its band."""
    what = f"categories ({found.over})" if found.over else "items"
    made = figure(
        f"Users by how evenly they look over {what}", "Evenness: 0 = all on one, 1 = as even as can be", "Users"
    )
    bands = found.bands.assign(band=range(len(found.bands)))
    middle = (bands["low"] + bands["high"]) / 2
    for kind, colour, of in (
        ("focused", AMBER, middle <= found.spec.focused),
        ("mixed", BLUE, (middle > found.spec.focused) & (middle < found.spec.roaming)),
        ("roaming", NAVY, middle >= found.spec.roaming),
    ):
        rows = bands[of]
        made.add_bar(
            x=middle[of],
            y=rows["users"],
            width=1 / len(bands) * 0.92,
            name=FOCUS_NAMES[kind],
            marker={"color": colour, "line": {"width": 0}},
            customdata=rows[["band", "low", "high"]],
            hovertemplate=hover(
                "%{y:,} users", VISIT_DEFINITIONS["focus"], head="%{customdata[1]:.2f} to %{customdata[2]:.2f}"
            ),
        )
    made.update_xaxes(range=[0, 1], dtick=0.1)
    return made


def focus_yield_figure(found: Focus) -> go.Figure:
    """The share of buyers in each kind of user, with its interval. `customdata[0]`: the kind."""
    rows = found.kinds[found.kinds["users"] > 0].iloc[::-1]
    made = figure("Buyers among them", "Users with a purchase in the period (%)", "", height=250, legend=False)
    made.add_scatter(
        x=rows["buyers_share"] * 100,
        y=[FOCUS_NAMES[kind] for kind in rows["kind"]],
        mode="markers",
        marker={"size": 12, "color": event_mark("purchase").colour},
        error_x={
            "type": "data",
            "array": (rows["high"] - rows["buyers_share"]) * 100,
            "arrayminus": (rows["buyers_share"] - rows["low"]) * 100,
            "thickness": 2,
            "width": 4,
        },
        customdata=[
            [row["kind"], row["buyers"], row["users"], f"{percent(row['low'])} to {percent(row['high'])}"]
            for row in rows.to_dict("records")
        ],
        hovertemplate=hover(
            "%{customdata[1]:,} of %{customdata[2]:,} users: %{x:.1f} % (95 %: %{customdata[3]})",
            VISIT_DEFINITIONS["focus_yield"],
            head="%{y}",
        ),
    )
    made.update_xaxes(rangemode="tozero", ticksuffix=" %")
    return made


def searches_figure(found: Searches, most: int = 15) -> go.Figure:
    """Bars of the terms searched for most: searches. `customdata[0]` of a bar: its term."""
    rows = found.table.head(most).iloc[::-1]
    made = figure("Terms searched for most", "Searches", "", height=80 + 28 * max(len(rows), 3), legend=False)
    made.add_bar(
        x=rows["searches"],
        y=list(range(len(rows))),
        orientation="h",
        marker={"color": event_mark("search").colour},
        text=[
            f"{n:,}" + ("" if pd.isna(share) else f" · {percent(share)} bought")
            for n, share in zip(rows["searches"], rows["bought_share"], strict=True)
        ],
        textposition="outside",
        cliponaxis=False,
        customdata=[[term, escaped(term), users] for term, users in zip(rows["term"], rows["users"], strict=True)],
        hovertemplate=hover(
            "%{x:,} searches by %{customdata[2]:,} users", VISIT_DEFINITIONS["searches"], head="%{customdata[1]}"
        ),
    )
    made.update_xaxes(range=[0, 1.35 * max(int(rows["searches"].max()), 1)])  # room for the words beside the bars
    made.update_yaxes(
        tickvals=list(range(len(rows))),
        ticktext=[escaped(shortened(term)) for term in rows["term"]],
        range=[-0.6, len(rows) - 0.4],
    )
    return made


def _period(start: Any, end: Any, unit: Unit, whole: bool) -> str:
    said = f"{start:%B %Y}" if unit == "month" else day(start)
    if unit == "week":
        said += f" to {day(end - timedelta(days=1))}"
    return said if whole else f"{said} (only a part of this {unit} is covered)"
