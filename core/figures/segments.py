"""Figures of segments: the RFM grid."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from core.segments import RfmGroup, RfmResult

_SIZE = 0.96  # of a cell; the rest is the gap between cells


def rfm_grid(result: RfmResult, colours: Sequence[str], chosen: str | None = None) -> go.Figure:
    """The 25 cells of RFM: recency upwards, frequency to the right, coloured by buyers, each with its segment's name.

    Cells are bars, so that each can be clicked as a whole; `customdata[0]` of a point is its cell ("54"),
    `customdata[1]` its segment. Cells of the segment `chosen` are framed, the others stand back. `colours` is the
    theme's sequential scale, from few to many.
    """
    most = max((cell.users for cell in result.cells), default=0)
    figure = go.Figure()
    for r in range(1, 6):
        row = [cell for cell in result.cells if cell.cells[0][0] == str(r)]
        figure.add_bar(
            x=[int(cell.cells[0][1]) for cell in row],
            y=[_SIZE] * 5,
            base=[r - _SIZE / 2] * 5,
            width=_SIZE,
            customdata=[_facts(cell) for cell in row],
            text=[_label(cell) for cell in row],
            textposition="inside",
            insidetextanchor="middle",
            constraintext="none",
            textangle=0,
            marker={
                "color": [_colour(cell.users, most, colours) for cell in row],
                "line": {"width": [3 if cell.name == chosen else 0 for cell in row], "color": "#CB8300"},
                "opacity": [1.0 if chosen in (None, cell.name) else 0.45 for cell in row],
            },
            selected={"marker": {"opacity": 1}},
            unselected={"marker": {"opacity": 1}},
            hovertemplate=(
                "<b>%{customdata[1]}</b> (R%{customdata[2]} F%{customdata[3]})<br>%{customdata[4]} buyers, "
                "%{customdata[5]} of all buyers<br>median: last order %{customdata[6]} days ago, "
                "%{customdata[7]} orders, net value %{customdata[8]}<extra></extra>"
            ),
        )
    ticks = {"tickvals": [1, 2, 3, 4, 5], "showgrid": False, "zeroline": False, "fixedrange": True, "range": [0.5, 5.5]}
    figure.update_layout(
        barmode="overlay",
        showlegend=False,
        title="Buyers by how recently and how often they bought",
        xaxis={**ticks, "title": "Frequency score: 5 = most orders"},
        yaxis={**ticks, "title": "Recency score: 5 = bought most recently"},
        margin={"l": 10, "r": 10, "t": 48, "b": 10},
        height=460,
        clickmode="event+select",
        dragmode=False,
    )
    return figure


def _facts(cell: RfmGroup) -> list[str]:
    r, f = cell.cells[0]
    medians = (_number(cell.recency), _number(cell.frequency), _number(cell.monetary))
    return [cell.cells[0], cell.name, r, f, f"{cell.users:,}", f"{cell.share:.1%}", *medians]


def _label(cell: RfmGroup) -> str:
    return f"{cell.name}<br><b>{cell.users:,}</b> · {cell.share:.1%}"


def _colour(users: int, most: int, colours: Sequence[str]) -> str:
    """Nobody has the first colour; the square root keeps small cells apart."""
    if not users:
        return colours[0]
    place = (users / most) ** 0.5 * (len(colours) - 2)
    return colours[1 + round(place)] if len(colours) > 2 else colours[-1]


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:,.0f}" if float(value).is_integer() or abs(value) >= 100 else f"{value:,.1f}"
