"""Figures of what users will do: bands of value, who is a customer still, and foretold against what came."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import plotly.graph_objects as go

from core.figures.template import AMBER, BLUE, GREEN, GREY, day, escaped, figure, hover, percent
from core.predict import Cell, ValueBand, ValueCheck

_SIZE = 0.96  # of a cell; the rest is the gap between cells
_FORETOLD, _CAME = AMBER, BLUE


def value_bands_figure(bands: Sequence[ValueBand], what: str, ahead: str) -> go.Figure:
    """Bars, the best band on top: what each band of users is expected to bring, as a share of all.

    `what` is "value" or "purchases", `ahead` the horizon in words. `customdata[0]` of a bar is the band's name.
    """
    made = figure(
        f"Share of expected {what} in {ahead}, by band of users",
        f"Share of all expected {what} (%)",
        "",
        height=90 + 44 * max(len(bands), 3),
        legend=False,
    )
    rows = list(reversed(bands))
    made.add_bar(
        y=list(range(len(rows))),
        x=[100 * band.share for band in rows],
        orientation="h",
        marker={"color": GREEN},
        text=[f"{percent(band.share)} · {band.users:,} users" for band in rows],
        textposition="outside",
        cliponaxis=False,
        customdata=[[band.name, _amount(band.total), _amount(band.low), _amount(band.high)] for band in rows],
        hovertemplate=hover(
            f"%{{customdata[1]}} {what} expected together; from %{{customdata[2]}} to %{{customdata[3]}} a user",
            f"Users by what is expected of them in {ahead}; equal users are in the same band.",
            head="%{customdata[0]}",
        ),
    )
    made.update_yaxes(tickvals=list(range(len(rows))), ticktext=[band.name for band in rows], showgrid=False)
    most = max((band.share for band in bands), default=1.0)
    made.update_xaxes(range=[0, 140 * most])  # room for the words beside the bars
    return made


def value_cells_figure(cells: pd.DataFrame) -> go.Figure:
    """Buyers by orders (upwards) and days since the last (to the right), coloured by the chance to be a customer still.

    Cells are bars, so that each can be clicked as a whole; `customdata[:2]` of a point is its row and column.
    """
    made = figure(
        "Mean chance to be a customer still, by orders and time since the last one",
        "Days from the last order to the end of the data looked at",
        "Days with an order",
        height=470,
        legend=False,
    )
    columns, rows = sorted(set(cells["column"])), sorted(set(cells["row"]))
    for row in rows:
        mine = cells[cells["row"] == row]
        made.add_bar(
            x=[columns.index(column) for column in mine["column"]],
            y=[_SIZE] * len(mine),
            base=[rows.index(row) - _SIZE / 2] * len(mine),
            width=_SIZE,
            customdata=[
                [
                    row,
                    r["column"],
                    _cell_words(r["cell"]),
                    percent(r["alive"]),
                    f"{r['expected']:.2f}",
                    f"{r['users']:,}",
                ]
                for r in mine.to_dict("records")
            ],
            text=[f"<b>{a:.0%}</b><br>{n:,}" for a, n in zip(mine["alive"], mine["users"], strict=True)],
            textposition="inside",
            insidetextanchor="middle",
            constraintext="none",
            textangle=0,
            marker={"color": mine["alive"], "coloraxis": "coloraxis", "line": {"width": 0}},
            hovertemplate=hover(
                "%{customdata[5]} users; mean chance %{customdata[3]}; %{customdata[4]} purchases expected of each",
                "The chance that a user has not stopped buying for good, by BG/NBD. Who ordered once cannot have been "
                "seen to stop, so the model gives them 100 %.",
                head="%{customdata[2]}",
            ),
        )
    made.update_xaxes(
        tickvals=list(range(len(columns))),
        ticktext=[_bounds(_cell_of(cells, "column", column).since) for column in columns],
        showgrid=False, zeroline=False, fixedrange=True, range=[-0.5, len(columns) - 0.5],
    )  # fmt: skip
    made.update_yaxes(
        tickvals=list(range(len(rows))),
        ticktext=[_bounds(_cell_of(cells, "row", row).orders) for row in rows],
        showgrid=False, zeroline=False, fixedrange=True, range=[-0.5, len(rows) - 0.5],
    )  # fmt: skip
    # the first third of the scale: beyond it neither dark nor white labels could be read on every cell
    made.update_layout(barmode="overlay", coloraxis={"cmin": 0, "cmax": 3, "showscale": False}, dragmode=False)
    return made


def tracking_figure(found: ValueCheck) -> go.Figure:
    """Two lines: repeat purchases expected, and those that came, added up from the first day of the data on."""
    made = figure(
        "Repeat purchases added up: expected, and as they came",
        "Day (UTC)",
        "Repeat purchases since the beginning",
    )
    definition = (
        "Days with an order after each user's first, of users who first bought by the dashed line; expected by the "
        "model fitted to what was known then."
    )
    for column, name, colour, dash in (
        ("actual", "Came", _CAME, "solid"),
        ("expected", "Expected", _FORETOLD, "dash"),
    ):
        made.add_scatter(
            x=found.tracking["day"],
            y=found.tracking[column],
            name=name,
            mode="lines",
            line={"color": colour, "width": 2, "dash": dash},
            hovertemplate=hover(f"%{{y:,.0f}} {name.lower()}", definition, head="%{x|%-d %b %Y}"),
        )
    if found.cut is not None:
        made.add_vline(x=str(found.cut), line={"dash": "dot", "width": 1.5, "color": GREY})
        made.add_annotation(
            x=str(found.cut), y=1, yref="paper", yanchor="top", xanchor="right", xshift=-6, showarrow=False,
            text=f"learned up to {day(found.cut)}",
        )  # fmt: skip
    return made


def by_past_figure(found: ValueCheck) -> go.Figure:
    """Pairs of bars: purchases per user in the hold-out, foretold and as they came, by repeat purchases before.

    `customdata[0]` of a bar is the number of repeat purchases (the last one: so many or more).
    """
    made = figure(
        f"Purchases per user in the {found.days:,} days held out, by repeat purchases before",
        "Repeat purchases before (days with an order after the first)",
        "Purchases per user in the hold-out",
    )
    rows = found.by_past
    top = int(rows["past"].max()) if len(rows) else 0
    labels = [f"{past}+" if past == top and top >= 7 else str(past) for past in rows["past"]]
    for column, name, colour in (("predicted", "Foretold", _FORETOLD), ("actual", "Came", _CAME)):
        made.add_bar(
            x=list(range(len(rows))),
            y=rows[column],
            name=name,
            marker={"color": colour},
            customdata=[[int(past), f"{users:,}"] for past, users in zip(rows["past"], rows["users"], strict=True)],
            hovertemplate=hover(
                f"%{{y:.2f}} {name.lower()} per user, of %{{customdata[1]}} users",
                "Days with an order in the hold-out, per user who had bought by its beginning.",
                head="%{customdata[0]} repeat purchases before",
            ),
        )
    made.update_xaxes(tickvals=list(range(len(rows))), ticktext=labels)
    return made


def chances_figure(found: ValueCheck) -> go.Figure:
    """Points with intervals: of users with about the same foretold chance to buy, the share who did.

    `customdata[0]` of a point is the group.
    """
    made = figure(
        "Chance to buy in the hold-out: foretold, and the share who did",
        "Mean foretold chance of the group (%)",
        "Share of the group who bought (%)",
    )
    rows = found.chances
    top = 100 * float(max(rows["predicted"].max(), rows["high"].max())) if len(rows) else 100
    made.add_scatter(
        x=[0, top], y=[0, top], mode="lines", name="As foretold", hoverinfo="skip",
        line={"color": GREY, "dash": "dash", "width": 1.5},
    )  # fmt: skip
    made.add_scatter(
        x=100 * rows["predicted"],
        y=100 * rows["actual"],
        mode="markers",
        name="A tenth of the users, with its 95 % interval",
        marker={"color": _CAME, "size": 10},
        error_y={
            "type": "data",
            "symmetric": False,
            "array": 100 * (rows["high"] - rows["actual"]),
            "arrayminus": 100 * (rows["actual"] - rows["low"]),
            "color": _CAME,
            "thickness": 1.5,
        },
        customdata=[
            [int(group), f"{users:,}", percent(alive)]
            for group, users, alive in zip(rows["group"], rows["users"], rows["alive"], strict=True)
        ],
        hovertemplate=hover(
            "%{x:.1f} % foretold, %{y:.1f} % bought; %{customdata[1]} users, chance to be a customer still "
            "%{customdata[2]}",
            "Whether somebody is a customer still cannot be seen; whether they bought can.",
            head="Group %{customdata[0]} (1 = least likely)",
        ),
    )
    made.update_xaxes(rangemode="tozero")
    return made


def _cell_of(cells: pd.DataFrame, by: str, place: int) -> Cell:
    found: Cell = cells.loc[cells[by] == place, "cell"].iloc[0]
    return found


def _bounds(bounds: tuple[int, int | None]) -> str:
    """As people write a range.

    >>> _bounds((5, 6)), _bounds((3, 3)), _bounds((10, None))
    ('5–6', '3', '10+')
    """
    low, high = bounds
    return f"{low}+" if high is None else str(low) if high == low else f"{low}–{high}"


def _cell_words(cell: Cell) -> str:
    orders, since = _bounds(cell.orders), _bounds(cell.since)
    return escaped(f"{orders} order{'' if orders == '1' else 's'}, the last {since} days ago")


def _amount(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:,.2f}"
