"""Figures of segments: the RFM grid."""

from __future__ import annotations

import textwrap

import plotly.graph_objects as go

from core.figures.template import AMBER, escaped, figure
from core.segments import RfmGroup, RfmResult

_SIZE = 0.96  # of a cell; the rest is the gap between cells


def rfm_grid(result: RfmResult, *, chosen: str | None = None) -> go.Figure:
    """The cells of RFM: recency upwards, frequency to the right, coloured by buyers, each with its segment's name.

    Cells are bars, so that each can be clicked as a whole; `customdata[0]` of a point is its cell ("54"),
    `customdata[1]` its segment. Cells of the segment `chosen`, or the cell itself, are framed. The colours are the
    theme's sequential scale over the square root of buyers, which keeps small cells apart.
    The second axis is FM where frequency and money are scored together.
    """
    size, together = result.grid.size, result.settings.monetary == "with_frequency"
    most = max((cell.users for cell in result.cells), default=0)
    title, x = "Buyers by how recently and how often they bought", f"Frequency score: {size} = most orders"
    if together:
        title, x = f"{title}, and for how much", f"Frequency and money score: {size} = most orders and money"
    second = "FM" if together else "F"
    made = figure(
        title,
        x,
        f"Recency score: {size} = bought most recently",
        height=460,
        legend=False,
    )
    for r in range(1, size + 1):
        row = [cell for cell in result.cells if cell.cells[0][0] == str(r)]
        made.add_bar(
            x=[int(cell.cells[0][1]) for cell in row],
            y=[_SIZE] * size,
            base=[r - _SIZE / 2] * size,
            width=_SIZE,
            customdata=[_facts(cell) for cell in row],
            text=[_label(cell) for cell in row],
            textposition="inside",
            insidetextanchor="middle",
            constraintext="none",
            textangle=0,
            marker={
                "color": [cell.users**0.5 for cell in row],
                "coloraxis": "coloraxis",
                "line": {"width": [4 if chosen in (cell.name, cell.cells[0]) else 0 for cell in row], "color": AMBER},
            },
            selected={"marker": {"opacity": 1}},
            unselected={"marker": {"opacity": 1}},
            hovertemplate=(
                "<b>%{customdata[1]}</b> (R%{customdata[2]} "
                + second
                + "%{customdata[3]})<br>%{customdata[4]} buyers, "
                "%{customdata[5]} of all buyers<br>median: last order %{customdata[6]} days ago, "
                "%{customdata[7]} orders, net value %{customdata[8]}<extra></extra>"
            ),
        )
    scores = list(range(1, size + 1))
    ends = [0.5, size + 0.5]
    ticks = {"tickvals": scores, "showgrid": False, "zeroline": False, "fixedrange": True, "range": ends}
    made.update_xaxes(**ticks)
    made.update_yaxes(**ticks)
    made.update_layout(
        barmode="overlay",
        # the first third of the scale: beyond it neither dark nor white labels could be read on every cell
        coloraxis={"cmin": 0, "cmax": 3 * max(most, 1) ** 0.5, "showscale": False},
        clickmode="event+select",
        dragmode=False,
    )
    return made


def _facts(cell: RfmGroup) -> list[str]:
    r, f = cell.cells[0][0], cell.cells[0][1]
    medians = (_number(cell.recency), _number(cell.frequency), _number(cell.monetary))
    return [cell.cells[0], escaped(cell.name), r, f, f"{cell.users:,}", f"{cell.share:.1%}", *medians]


def _label(cell: RfmGroup) -> str:
    name = "<br>".join(escaped(part) for part in textwrap.wrap(cell.name, 13)[:2])
    return f"{name}<br><b>{cell.users:,}</b> · {cell.share:.1%}"


def _number(value: float | None) -> str:
    return (
        "–" if value is None else f"{value:,.0f}" if float(value).is_integer() or abs(value) >= 100 else f"{value:,.1f}"
    )
