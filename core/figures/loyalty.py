"""Figures of loyalty: orders per buyer, fair repeat rates, pauses, and how soon buyers order again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from core.figures.template import AMBER, BLUE, GREEN, GREY, PALE, escaped, figure, hover, percent, shortened
from core.loyalty import DEFINITIONS, HORIZONS, MOST_ORDERS, PauseLengths, Repeat, Requirements, Wallet

_CELL = 0.95
_SCALE = 2.2  # the first part of the colour scale: on darker cells neither black nor white numbers could be read


def orders_figure(found: Repeat) -> go.Figure:
    """Bars: buyers by their number of orders. `customdata[0]` is the number (MOST_ORDERS: or more)."""
    made = figure("Buyers by number of orders", "Orders in the period", "Buyers", height=320, legend=False)
    names = [f"{n}+" if n == MOST_ORDERS else str(n) for n in found.table["orders"]]
    made.add_bar(
        x=names, y=found.table["users"], marker={"color": [GREY] + [GREEN] * (len(names) - 1)},
        text=[percent(share) for share in found.table["share"]], textposition="outside", cliponaxis=False,
        customdata=[[int(n), percent(share)] for n, share in
                    zip(found.table["orders"], found.table["share"], strict=True)],
        hovertemplate=hover("%{y:,} buyers · %{customdata[1]} of all", DEFINITIONS["orders"], head="%{x} orders"),
    )  # fmt: skip
    made.update_xaxes(type="category")
    made.update_yaxes(tickformat=",")
    return made


def fair_figure(found: Repeat) -> go.Figure:
    """A table of months of first order by days: share who ordered again. `customdata[:2]`: month (ISO), days."""
    rows = found.fair
    made = figure(
        "Ordered again, by month of first order", "Days after the first order", "First order in · buyers",
        height=130 + 30 * len(rows), legend=False,
    )  # fmt: skip
    cells: list[list[Any]] = []
    for row in rows.to_dict("records"):
        line = []
        for days in HORIZONS:
            n, share = int(row[f"watched_{days}"]), float(row[f"share_{days}"])
            part = "" if n == row["buyers"] else f" ({n:,} of the month's {row['buyers']:,} buyers so long ago)"
            words = (
                f"{row[f'again_{days}']:,} of {n:,} = {percent(share)}{part}<br>95 % interval "
                f"{percent(row[f'low_{days}'])} to {percent(row[f'high_{days}'])}" if n else "Not known yet"
            )  # fmt: skip
            line.append((share if n else None, percent(share) if n else "", n == row["buyers"],
                         [str(row["month"]), days, words]))  # fmt: skip
        cells.append(line)
    months = [f"{row['month']:%b %Y} · {row['buyers']:,}" for row in rows.to_dict("records")]
    draw_cells(made, cells, months, [str(days) for days in HORIZONS], DEFINITIONS["fair"])
    return made


def draw_cells(
    made: go.Figure, cells: Sequence[Sequence[Any]], rows: Sequence[str], columns: Sequence[str], meaning: str
) -> None:
    """Cells as bars, each to be clicked as a whole: (share or None, text, whole, customdata that ends in words)."""
    last = len(cells[0][0][3]) - 1 if cells else 0
    for y, line in enumerate(cells):
        made.add_bar(
            x=list(range(len(columns))), y=[_CELL] * len(columns), base=[y - _CELL / 2] * len(columns), width=_CELL,
            text=[text for _, text, _, _ in line], textposition="inside", insidetextanchor="middle",
            constraintext="none", textangle=0,
            marker={
                "color": [share or 0 for share, _, _, _ in line], "coloraxis": "coloraxis", "line": {"width": 0},
                "opacity": [1 if whole else PALE for _, _, whole, _ in line],
            },
            selected={"marker": {"opacity": 1}}, unselected={"marker": {"opacity": 1}},
            customdata=[data for _, _, _, data in line],
            hovertemplate=hover(f"%{{customdata[{last}]}}", meaning, head=escaped(rows[y])),
        )  # fmt: skip
    made.update_layout(
        barmode="overlay", coloraxis={"cmin": 0, "cmax": _SCALE, "showscale": False}, clickmode="event+select",
        dragmode=False,
    )  # fmt: skip
    ticks = {"showgrid": False, "zeroline": False, "fixedrange": True}
    made.update_xaxes(
        tickvals=list(range(len(columns))), ticktext=list(columns), range=[-0.5, max(len(columns), 1) - 0.5], **ticks
    )
    made.update_yaxes(tickvals=list(range(len(rows))), ticktext=[escaped(row) for row in rows],
                      range=[len(rows) - 0.5, -0.5], **ticks)  # fmt: skip


def waits_figure(found: PauseLengths) -> go.Figure:
    """Stacked bars: pauses by length, ended and going on. `customdata`: start, end (days), ended (bool)."""
    made = figure("How long buyers wait between orders", "Days from one order day to the next", "Pauses")
    for kind, name, colour in (("ended", "Ended with an order", BLUE), ("going_on", "Going on, so far", GREY)):
        made.add_bar(
            x=[(a + b) / 2 for a, b in zip(found.bars["start"], found.bars["end"], strict=True)],
            y=found.bars[kind], name=name, marker={"color": colour, "line": {"width": 0}},
            customdata=[
                [int(a), int(b), kind == "ended", f"{a} to {b} days" if b > a else f"{a} days"]
                for a, b in zip(found.bars["start"], found.bars["end"], strict=True)
            ],
            hovertemplate=hover(f"%{{y:,}} pauses, {name.lower()}", DEFINITIONS["pauses"], head="%{customdata[3]}"),
        )  # fmt: skip
    made.update_layout(barmode="stack", bargap=0.05)
    made.update_yaxes(tickformat=",")
    return made


def again_figure(found: PauseLengths) -> go.Figure:
    """The share of pauses over within so many days, with its 95 % interval as a band."""
    rows = found.again.table
    start = pd.DataFrame({"day": [0], "again": [0.0], "low": [0.0], "high": [0.0]})
    rows = pd.concat([start, rows[rows["day"] > 0]]) if len(rows) else start
    made = figure(
        "How soon buyers order again", "Days since an order", "Ordered again by then", height=340, legend=False
    )
    for edge, fill in (("high", None), ("low", "tonexty")):
        made.add_scatter(
            x=rows["day"], y=rows[edge], mode="lines", line={"width": 0, "shape": "hv", "color": BLUE}, fill=fill,
            opacity=PALE, hoverinfo="skip",
        )  # fmt: skip
    made.add_scatter(
        x=rows["day"], y=rows["again"], mode="lines", line={"color": BLUE, "width": 2, "shape": "hv"},
        customdata=[[percent(low), percent(high)] for low, high in zip(rows["low"], rows["high"], strict=True)],
        hovertemplate=hover("%{y:.1%}, 95 % interval %{customdata[0]} to %{customdata[1]}", DEFINITIONS["again"],
                            head="Within %{x} days"),
    )  # fmt: skip
    made.update_yaxes(tickformat=".0%", range=[0, 1])
    return made


def requirements_figure(found: Requirements, most: int = 20) -> go.Figure:
    """Bars: share of requirements of the largest labels, beside their share of all. `customdata[0]` is the label."""
    rows = found.table.head(most).iloc[::-1]
    made = figure(
        f"Of what its buyers bought here, the share that went to it, by {escaped(found.column)}",
        "Share", "", height=140 + 34 * max(len(rows), 2),
    )  # fmt: skip
    for column, name, colour in (("share", "Share of all revenue" if found.measure == "value" else "Share of all units",
                                  GREY), ("scr", "Share of its buyers' requirements", GREEN)):  # fmt: skip
        made.add_bar(
            y=list(range(len(rows))), x=rows[column], name=name, orientation="h", marker={"color": colour},
            customdata=[[label, escaped(str(label)), buyers] for label, buyers in
                        zip(rows["label"], rows["buyers"], strict=True)],
            hovertemplate=hover(f"{name}: %{{x:.1%}}<br>%{{customdata[2]:,}} buyers", DEFINITIONS["requirements"],
                                head="%{customdata[1]}"),
        )  # fmt: skip
    made.update_xaxes(tickformat=".0%")
    made.update_yaxes(
        tickvals=list(range(len(rows))), ticktext=[escaped(shortened(str(label))) for label in rows["label"]],
        range=[-0.6, len(rows) - 0.4],
    )  # fmt: skip
    made.update_layout(barmode="group", legend_traceorder="reversed")
    return made


def wallet_figure(found: Wallet) -> go.Figure:
    """Bars: users by share of wallet. `customdata[0]` is the band's place in WALLET_BANDS."""
    names = [f"{low:.0%} to {high:.0%}" for low, high in zip(found.table["low"], found.table["high"], strict=True)]
    made = figure("Users by share of wallet", "Share of wallet spent here", "Users", height=320, legend=False)
    made.add_bar(
        x=names, y=found.table["users"], marker={"color": AMBER},
        text=[percent(share) for share in found.table["share_of_users"]], textposition="outside", cliponaxis=False,
        customdata=[[n] for n in range(len(names))],
        hovertemplate=hover("%{y:,} users", DEFINITIONS["wallet"]),
    )  # fmt: skip
    return made
