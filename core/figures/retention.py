"""Retention: the cohorts' heat map, curves of coming back, survival curves."""

from __future__ import annotations

from datetime import date
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from core.figures.template import COLOURS, PALE, day, escaped, figure, hover, percent, shortened
from core.retention import ALL, RETENTION_WORDS, Retention, Survival

MOST_ROWS = 40
_TEXT_COLUMNS = 17
_MOST_CURVES = 3
_UNIT = {"day": "Days", "week": "Weeks", "month": "Months"}


def retention_heat_figure(found: Retention, part: str = ALL) -> go.Figure:
    """Cohorts by periods after the start, the latest at the bottom; periods not over are pale.

    `customdata` of a cell: slot, first day of the cohort ("" = all cohorts that are complete there), part.
    """
    cohorts = found.cohorts[found.cohorts["part"] == part].tail(MOST_ROWS)
    shown = [(date_, f"{_cohort(found, date_)} · {size:,}") for date_, size in _sizes(cohorts)]
    mean = found.mean[found.mean["part"] == part].assign(cohort=None, complete=True)
    cells = found.cells[(found.cells["part"] == part) & found.cells["cohort"].isin([start for start, _ in shown])]
    total = int(found.cohorts[found.cohorts["part"] == part]["size"].sum())
    rows: list[tuple[date | None, str]] = [(None, f"All · {total:,}"), *shown]
    return _heat(found, pd.concat([mean, cells]), rows, "cohort", part)


def retention_parts_figure(found: Retention) -> go.Figure:
    """Parts by periods after the start, over the cohorts that are complete there; `customdata` as above."""
    sizes = {part: int(of["size"].sum()) for part, of in found.cohorts.groupby("part")}
    rows = [(part, f"{shortened(part or 'All', 24)} · {sizes[part]:,}") for part in found.parts]
    return _heat(found, found.mean.assign(complete=True), rows, "part", "")


def _heat(found: Retention, cells: pd.DataFrame, rows: list[tuple[Any, str]], by: str, part: str) -> go.Figure:
    start = _without_start(found)
    cells = cells[cells["slot"] >= start]
    slots = range(start, int(cells["slot"].to_numpy().max(initial=start)) + 1) if len(cells) else range(0)
    places = {key: n for n, (key, _) in enumerate(rows)}
    made = figure(_title(found), "", "", height=150 + 26 * len(rows), legend=False)
    labels = dict(zip(cells["slot"], cells["label"], strict=True))
    points: list[dict[Any, Any]] = [row for row in cells.to_dict("records") if row["users"] > 0]
    for complete in (True, False):
        grid: list[list[float | None]] = [[None] * len(slots) for _ in rows]
        texts = [[""] * len(slots) for _ in rows]
        for row in points:
            if bool(row["complete"]) is complete:
                y, x = places[row[by] or (None if by == "cohort" else ALL)], row["slot"] - start
                grid[y][x] = row["share"]
                texts[y][x] = f"{100 * row['share']:.0f} %" if complete and len(slots) <= _TEXT_COLUMNS else ""
        made.add_heatmap(
            x=list(range(len(slots))), y=list(range(len(rows))), z=grid, text=texts, texttemplate="%{text}",
            coloraxis="coloraxis", opacity=1 if complete else PALE, xgap=1, ygap=1, hoverinfo="skip",
            hoverongaps=False, showscale=complete,
        )  # fmt: skip
    _clickable(made, found, points, dict(rows), places, by, part, slots)
    top = max((row["share"] for row in points if row["slot"] > 0), default=1.0)
    made.update_layout(
        coloraxis={
            "cmin": 0,
            "cmax": top or 1,
            "colorbar": {
                "orientation": "h",
                "x": 0,
                "xanchor": "left",
                "y": 0,
                "yanchor": "top",
                "thickness": 8,
                "len": 0.5,
                "tickformat": ".0%",
            },
        }
    )
    every = 1 if len(slots) <= _TEXT_COLUMNS else 2
    ticks = list(range(0, len(slots), max(every, 1)))
    made.update_xaxes(
        tickvals=ticks, ticktext=[labels.get(start + n, "") for n in ticks], side="top", showgrid=False, zeroline=False,
        range=[-0.5, max(len(slots), 1) - 0.5], tickangle=0,
    )  # fmt: skip
    made.update_yaxes(
        tickvals=list(range(len(rows))), ticktext=[escaped(words) for _, words in rows], range=[len(rows) - 0.5, -0.5],
        showgrid=False, zeroline=False, rangemode="normal",
    )  # fmt: skip
    made.update_layout(margin={"t": 72, "b": 36})
    return made


def _clickable(
    made: go.Figure,
    found: Retention,
    points: list[dict[Any, Any]],
    words: dict[Any, str],
    places: dict[Any, int],
    by: str,
    part: str,
    slots: range,
) -> None:
    """Unseen markers over the cells: Plotly lets people pick markers, not cells."""
    keys = [row[by] or (None if by == "cohort" else ALL) for row in points]
    made.add_scatter(
        x=[row["slot"] - slots.start for row in points],
        y=[places[key] for key in keys],
        # on a pale cell Plotly chooses the colour of a text as if the cell were not pale
        mode="markers+text",
        text=["" if row["complete"] or len(slots) > _TEXT_COLUMNS else f"{100 * row['share']:.0f} %" for row in points],
        marker={"symbol": "square", "size": 22, "opacity": 0},
        customdata=[
            [
                row["slot"],
                str(key or "") if by == "cohort" else "",
                part if by == "cohort" else key,
                escaped(f"{words[key]} users, {_when(found, row)}"),
                f"{percent(row['share'])} ({percent(row['low'])} to {percent(row['high'])})",
                f"{row['returned']:,} of {row['users']:,} users" + ("" if row["complete"] else ", not over: so far"),
            ]
            for row, key in zip(points, keys, strict=True)
        ],
        hovertemplate=hover(
            "%{customdata[4]}<br>%{customdata[5]}", RETENTION_WORDS[found.question.kind], head="%{customdata[3]}"
        ),
    )


def retention_curves_figure(found: Retention) -> go.Figure:
    """Retention by period after the start with 95 % intervals: of all and the latest cohorts, or of the parts."""
    made = figure(
        f"{_title(found)}, with 95 % intervals", f"{_UNIT[found.question.unit]} after the start", "Share of users"
    )
    start = _without_start(found)
    lines = [(part or "All", "", part, found.mean[found.mean["part"] == part]) for part in found.parts]
    if len(found.parts) == 1:
        whole = found.cells[found.cells["complete"] & (found.cells["slot"] >= start)]
        starts: list[Any] = [s for s, of in whole.groupby("cohort") if len(of) > 1]
        step = max(1, len(starts) // _MOST_CURVES)
        lines += [
            (_cohort(found, cohort), str(cohort), ALL, whole[whole["cohort"] == cohort])
            for cohort in starts[::step][:_MOST_CURVES]
        ]
    for place, (name, cohort, part, rows) in enumerate(lines):
        rows = rows[rows["slot"] >= start]
        made.add_scatter(
            x=rows["label"],
            y=rows["share"],
            name=escaped(shortened(name, 24)),
            mode="lines+markers",
            line={"color": COLOURS[place % len(COLOURS)], "width": 3 if not place else 1.5},
            marker={"size": 7},
            error_y={
                "type": "data", "array": rows["high"] - rows["share"], "arrayminus": rows["share"] - rows["low"],
                "thickness": 1, "width": 3,
            },
            customdata=[
                [row["slot"], cohort, part, escaped(f"{name}, {_when(found, row)}"),
                 f"{percent(row['share'])} ({percent(row['low'])} to {percent(row['high'])})",
                 f"{row['returned']:,} of {row['users']:,} users"]
                for row in rows.to_dict("records")
            ],
            hovertemplate=hover(
                "%{customdata[4]}<br>%{customdata[5]}", RETENTION_WORDS[found.question.kind], head="%{customdata[3]}"
            ),
        )  # fmt: skip
    made.update_yaxes(tickformat=".0%")
    made.update_xaxes(type="category")
    _room(made, len(lines))
    return made


def survival_figure(found: Survival) -> go.Figure:
    """Steps of Kaplan-Meier with 95 % bands; `customdata` of a point: day, part. Of second orders 1 - S is drawn."""
    again = found.question.ends == "again"
    title = "Buyers who have ordered again" if again else "Users still active"
    made = figure(f"{title}, by days since their first", "Days since the first", "Share of users", height=420)
    for place, part in enumerate(found.parts):
        rows = found.curves[(found.curves["part"] == part) & (found.curves["at_risk"] > 0)]
        rows = rows.iloc[:: max(1, len(rows) // 400)]  # more points than pixels say no more
        colour = COLOURS[place % len(COLOURS)]
        share, low, high = (1 - rows[n] if again else rows[n] for n in ("share", "low", "high"))
        for edge in (low, high):
            made.add_scatter(
                x=rows["day"], y=edge, mode="lines", line={"width": 1, "shape": "hv", "dash": "dot", "color": colour},
                hoverinfo="skip", showlegend=False, legendgroup=part or "all",
            )  # fmt: skip
        made.add_scatter(
            x=rows["day"],
            y=share,
            name=escaped(shortened(part or "All", 24)),
            legendgroup=part or "all",
            mode="lines+markers",
            line={"color": colour, "width": 2, "shape": "hv"},
            marker={"size": 8, "opacity": 0},
            customdata=[
                [int(row["day"]), part, f"{percent(s)} ({_interval(a, b)})", f"{row['at_risk']:,} users at risk"]
                for row, s, a, b in zip(rows.to_dict("records"), share, low, high, strict=True)
            ],
            hovertemplate=hover(
                "%{customdata[2]}<br>%{customdata[3]}",
                RETENTION_WORDS[found.question.ends],
                head=f"{escaped(part or 'All')}, day %{{x}}",
            ),
        )
    made.update_yaxes(tickformat=".0%", range=[0, 1.02])
    _room(made, len(found.parts))
    return made


def _room(made: go.Figure, names: int) -> None:
    """Legends of many names take several lines on a narrow page, which must not reach into the title."""
    room = 24 * ((names - 1) // 3)
    made.update_layout(height=made.layout.height + room, margin_t=made.layout.margin.t + room)


def _interval(a: float, b: float) -> str:
    known = sorted(v for v in (a, b) if v == v)  # noqa: PLR0124  # NaN
    return f"{percent(known[0])} to {percent(known[-1])}" if known else "no interval"


def _sizes(cohorts: pd.DataFrame) -> list[tuple[date, int]]:
    return list(zip(cohorts["start"], cohorts["size"], strict=True))


def _without_start(found: Retention) -> int:
    """Period 0 is not drawn where it says nothing: everyone comes on the day they start."""
    first = found.cells[found.cells["slot"] == 0]
    slots = found.question.slots
    return int(len(slots) > 1 and slots[0] == (0, 0) and bool((first["share"] == 1).all()))


def _cohort(found: Retention, start: date) -> str:
    return f"{start:%b %Y}" if found.question.unit == "month" else day(start)


def _when(found: Retention, row: Any) -> str:
    later = " or later" if found.question.kind == "unbounded" else ""
    return f"{found.question.unit} {row['label']}{later}"


def _title(found: Retention) -> str:
    unit, kind = found.question.unit, found.question.kind
    if kind == "bracket":
        return f"Share of users back within a range of {unit}s after the start"
    return f"Share of users back so many {unit}s after the start" + (", or later" if kind == "unbounded" else "")
