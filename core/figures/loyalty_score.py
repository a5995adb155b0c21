"""Figures of stages by month, of moves between them, and of the loyalty score."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import plotly.graph_objects as go

from core.figures.loyalty import draw_cells
from core.figures.template import BLUE, COLOURS, GREEN, GREY, PALE, day, escaped, figure, hover, percent, shortened
from core.loyalty import DEFINITIONS, NOT_YET, STAGES, OneScore, Score, ScoreCheck, Stages

PART_NAMES = {
    "recency": "Recency", "rhythm": "Rhythm", "breadth": "Breadth", "tenure": "Tenure", "value": "Value",
    "advocacy": "Advocacy",
}  # fmt: skip
"""What pages call the parts of the score."""

_TICK = timedelta(microseconds=1)


def stages_figure(found: Stages, *, share: bool = False) -> go.Figure:
    """Stacked bars: buyers by stage at the end of each month. `customdata[:2]`: place of the moment, stage."""
    made = figure(
        "Buyers by stage at the end of each month", "End of", "Share of buyers" if share else "Buyers", height=400
    )
    names = [f"{point - _TICK:%-d %b<br>%Y}" for point in found.points]
    for place, stage in enumerate(STAGES):
        rows = found.sizes[found.sizes["stage"] == stage]
        made.add_bar(
            x=list(range(len(names))), y=rows["share" if share else "users"], name=stage.capitalize(),
            marker={"color": COLOURS[place], "line": {"width": 0}},
            customdata=[
                [n, stage, f"{users:,} buyers · {percent(part)} of the buyers by then", day(point - _TICK)]
                for n, (users, part, point) in enumerate(zip(rows["users"], rows["share"], found.points, strict=True))
            ],
            hovertemplate=hover(f"{stage.capitalize()}: %{{customdata[2]}}", DEFINITIONS["stages"],
                                head="%{customdata[3]}"),
        )  # fmt: skip
    every = -(-len(names) // 12)
    shown = [n for n in range(len(names)) if (len(names) - 1 - n) % every == 0]
    made.update_xaxes(tickvals=shown, ticktext=[names[n] for n in shown], range=[-0.6, len(names) - 0.4])
    made.update_layout(barmode="stack")
    made.update_yaxes(tickformat=",")
    if share:
        made.update_yaxes(tickformat=".0%", range=[0, 1])
    return made


def moves_figure(found: Stages, step: int | None = None) -> go.Figure:
    """A table: stage then (rows), stage a month later (columns). `customdata[:2]`: was, now.

    Without a `step` the mean of the whole months, with intervals in the hover; else how many moved in that step.
    """
    if step is None:
        title, cells, rows = "The mean month: from stage (rows) to stage (columns)", *_mean(found)
    else:
        before, after = (day(found.points[n] - _TICK) for n in (step, step + 1))
        title, cells, rows = f"From {before} (rows) to {after} (columns): buyers", *_counted(found, step)
    made = figure(
        title, "Stage at the end of the month", "Stage before", height=130 + 46 * max(len(rows), 2), legend=False
    )
    draw_cells(made, cells, rows, [stage.capitalize() for stage in STAGES], DEFINITIONS["moves"])
    return made


def _mean(found: Stages) -> tuple[list[list[Any]], list[str]]:
    cells, rows = [], []
    for was in STAGES:
        own = found.matrix[found.matrix["was"] == was]
        line: list[Any] = []
        for row in own.to_dict("records"):
            words = (
                f"{percent(row['share'])} of them a month later {row['now']}<br>95 % interval {percent(row['low'])} to "
                f"{percent(row['high'])}<br>{row['users']:,} of {row['of']:,} (buyers times months)"
                if row["of"] else f"Nobody was {was}"
            )  # fmt: skip
            text = percent(row["share"]) if row["users"] else ""
            line.append((row["share"] if row["of"] else None, text, True, [was, row["now"], words]))
        cells.append(line)
        rows.append(was.capitalize())
    return cells, rows


def _counted(found: Stages, step: int) -> tuple[list[list[Any]], list[str]]:
    moves = found.moves[found.moves["step"] == step]
    users = {(row["was"], row["now"]): int(row["users"]) for row in moves.to_dict("records")}
    cells, rows = [], []
    for was in (NOT_YET, *STAGES):
        whole = sum(users.get((was, now), 0) for now in STAGES)
        line = []
        for now in STAGES:
            n = users.get((was, now), 0)
            words = f"{n:,} buyers from {was} to {now}" + (f", {percent(n / whole)} of that row" if whole else "")
            line.append((n / whole if whole else None, f"{n:,}" if n else "", True, [was, now, words]))
        cells.append(line)
        rows.append(f"{'Not yet buyers' if was == NOT_YET else was.capitalize()} · {whole:,}")
    return cells, rows


def score_figure(found: Score) -> go.Figure:
    """Bars: buyers by score, five points each. `customdata`: low, high."""
    made = figure("Buyers by loyalty score", "Loyalty score (0 to 100)", "Buyers", height=320, legend=False)
    made.add_bar(
        x=(found.bars["low"] + found.bars["high"]) / 2, y=found.bars["users"], marker={"color": GREEN},
        customdata=found.bars[["low", "high"]].to_numpy().tolist(),
        hovertemplate=hover("%{y:,} buyers", DEFINITIONS["score"], head="%{customdata[0]} to %{customdata[1]} points"),
    )  # fmt: skip
    made.update_layout(bargap=0.05)
    made.update_xaxes(range=[0, 100.5], dtick=20)
    made.update_yaxes(tickformat=",")
    return made


def one_score_figure(found: OneScore) -> go.Figure:
    """Bars: the points of each part of one user's score; pale behind them, the most that the part could give."""
    rows = found.parts.iloc[::-1]
    made = figure(
        f"{shortened(found.user_id, 24)}: {found.score:.0f} of 100 points", "Points", "",
        height=110 + 36 * max(len(rows), 2), legend=False,
    )  # fmt: skip
    names = [PART_NAMES[part] for part in rows["part"]]
    made.add_bar(
        y=names, x=rows["most"], orientation="h", marker={"color": GREY, "opacity": PALE}, hoverinfo="skip",
        text=[f" {own:.1f} of {most:.1f}" for own, most in zip(rows["points"], rows["most"], strict=True)],
        textposition="outside", cliponaxis=False,
    )  # fmt: skip
    made.add_bar(
        y=names, x=rows["points"], orientation="h", marker={"color": GREEN},
        customdata=[[percent(rank), escaped(DEFINITIONS[part]), f"{most:.1f}"] for rank, part, most in
                    zip(rows["rank"], rows["part"], rows["most"], strict=True)],
        hovertemplate="<b>%{y}</b><br>%{x:.1f} of %{customdata[2]} points: rank %{customdata[0]} among buyers"
        "<extra></extra>",
    )  # fmt: skip
    made.update_layout(barmode="overlay")
    made.update_xaxes(range=[0, float(found.parts["most"].max()) * 1.15])
    return made


def score_check_figure(found: ScoreCheck) -> go.Figure:
    """Bars with intervals: by band of the score then, the share who ordered again. `customdata[:2]`: low, high."""
    rows = found.bands
    made = figure(
        f"Ordered again in the {found.days} days after, by score then", "Loyalty score then", "Ordered again",
        height=320, legend=False,
    )  # fmt: skip
    made.add_bar(
        x=[f"{low} to {high}" for low, high in zip(rows["low"], rows["high"], strict=True)], y=rows["share"],
        marker={"color": BLUE},
        error_y={
            "array": rows["share_high"] - rows["share"], "arrayminus": rows["share"] - rows["share_low"],
            "color": GREY, "thickness": 1.5,
        },
        customdata=[
            [int(row["low"]), int(row["high"]), f"{row['again']:,} of {row['users']:,} buyers",
             f"{percent(row['share_low'])} to {percent(row['share_high'])}"] for row in rows.to_dict("records")
        ],
        hovertemplate=hover("%{y:.1%}: %{customdata[2]}<br>95 % interval %{customdata[3]}", DEFINITIONS["check"]),
    )  # fmt: skip
    made.update_yaxes(tickformat=".0%")
    return made
