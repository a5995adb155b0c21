"""Figures of segments over time: movement between two moments as Sankey and as table, and a segment's size."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import plotly.graph_objects as go

from core.figures.template import AMBER, BLUE, COLOURS, GREY, day, escaped, figure, hover, percent, shortened
from core.segments.watch import NOT_SEEN, Band, Movement, SizePoint

NO_PART = "in none"
"""What figures call users who are known and in no part of the split."""

_MEANING = (
    "Users by the part they were in then and are in now. Not yet seen: no event before the first date. In none: known, "
    "but in no part."
)


_UPRIGHT = 70  # letters that fit side by side below a table that is 600 pixels wide
_LABELS = 168  # pixels beside a Sankey for the names of its parts
_PAD = 14  # pixels between two of them: names of small parts must not overlap
_FIRST = 0.001  # Plotly takes 0 for not given
_CELL = 0.96  # of a place in the table; the rest is the gap
_VEIL = "66"  # two more digits of a colour: bands let those below them be seen


def part_name(part: str | None) -> str:
    """What figures call a part, None among them.

    >>> part_name(None), part_name("Champions")
    ('in none', 'Champions')
    """
    return NO_PART if part is None else part


def movement_figure(found: Movement, *, hide_still: bool = False) -> go.Figure:
    """Sankey: parts at the first moment on the left, at the second on the right, a band for users of each pair.

    A part has the same colour on both sides; a band has that of the part it comes from. `customdata` of a band is
    [was, now] as in Band (None = in none), by which `Movement.rule` names its members. With `hide_still`, users who
    stayed where they were are not drawn.
    """
    bands = [band for band in found.bands if not (hide_still and band.was == band.now)]
    left = [part for part in (NOT_SEEN, *found.parts, None) if any(band.was == part for band in bands)]
    right = [part for part in (*found.parts, None) if any(band.now == part for band in bands)]
    was, now = _totals(found)
    made = figure(
        f"From {_last(found.start)} to {_last(found.end)}: who moved where", "", "",
        height=160 + 40 * max(len(left), len(right), 4), legend=False,
    )  # fmt: skip
    made.update_layout(margin={"l": _LABELS, "r": _LABELS})
    ends = [(part, was[part], found.start) for part in left] + [(part, now[part], found.end) for part in right]
    places = _places(bands, left, right, made.layout.height - made.layout.margin.t - made.layout.margin.b)
    made.add_sankey(
        arrangement="fixed",  # in the order of the parts, on both sides
        node={
            "label": [f"{escaped(part_name(part))} {users:,}" for part, users, _ in ends],
            "x": [_FIRST] * len(left) + [1 - _FIRST] * len(right),
            "y": places,
            "color": [_colour(found, part) for part, _, _ in ends],
            "customdata": [[escaped(part_name(part)), f"{users:,}", _last(moment)] for part, users, moment in ends],
            "hovertemplate": "<b>%{customdata[0]}</b><br>%{customdata[1]} users on %{customdata[2]}<extra></extra>",
            "pad": _PAD,
            "thickness": 16,
            "line": {"width": 0},
        },
        link={
            "source": [left.index(band.was) for band in bands],
            "target": [len(left) + right.index(band.now) for band in bands],
            "value": [band.users for band in bands],
            "color": [_colour(found, band.was) + _VEIL for band in bands],
            "customdata": [[band.was, band.now, _words(found, band.was, band.now, band.users)] for band in bands],
            "hovertemplate": "%{customdata[2]}<extra></extra>",
        },
        # Plotly writes labels on the bands, where they cannot be read: those that are seen stand beside the figure
        textfont={"color": "rgba(0,0,0,0)", "size": 1, "shadow": "none"},
    )
    for number, ((part, users, _), y) in enumerate(zip(ends, places, strict=True)):
        side = (
            {"x": 0, "xanchor": "right", "xshift": -_PAD}
            if number < len(left)
            else {"x": 1, "xanchor": "left", "xshift": _PAD}
        )
        made.add_annotation(
            text=f"{escaped(shortened(part_name(part), 20))} <b>{users:,}</b>", y=1 - y, xref="paper", yref="paper",
            yanchor="middle", showarrow=False, font={"size": 12}, **side,
        )  # fmt: skip
    return made


def _places(
    bands: Sequence[Band], left: Sequence[str | None], right: Sequence[str | None], height: float
) -> list[float]:
    """The middle of each part, from the top (0) down (1), one below the other, as Plotly scales them."""
    sides = (
        [sum(band.users for band in bands if band.was == part) for part in left],
        [sum(band.users for band in bands if band.now == part) for part in right],
    )
    scale = min(((height - _PAD * (len(side) - 1)) / sum(side) for side in sides if side), default=0.0)
    places = []
    for side in sides:
        top = 0.0
        for users in side:
            places.append((top + users * scale / 2) / height)
            top += users * scale + _PAD
    return places


def movement_table_figure(found: Movement, *, chosen: tuple[str | None, str | None] | None = None) -> go.Figure:
    """The same as a table: a row for each part then, a column for each part now, coloured by the share of the row.

    Cells are bars, so that each can be clicked as a whole; `customdata[0]`, `[1]` are was and now as in Band. Cells
    without users are pale. The cell `chosen` is framed.
    """
    was, now = _totals(found)
    rows = [part for part in (NOT_SEEN, *found.parts, None) if was.get(part)]
    columns = [part for part in (*found.parts, None) if now.get(part)]
    users = {(band.was, band.now): band.users for band in found.bands}
    made = figure(
        f"Users on {_last(found.start)} (rows) and on {_last(found.end)} (columns)",
        f"Part on {_last(found.end)}", f"Part on {_last(found.start)}",
        height=190 + 44 * max(len(rows), 3), legend=False,
    )  # fmt: skip
    for y, a in enumerate(rows):
        made.add_bar(
            x=list(range(len(columns))), y=[_CELL] * len(columns), base=[y - _CELL / 2] * len(columns), width=_CELL,
            text=[f"{users[a, b]:,}" if (a, b) in users else "" for b in columns],
            textposition="inside", insidetextanchor="middle", constraintext="none", textangle=0,
            marker={
                "color": [users.get((a, b), 0) / was[a] for b in columns], "coloraxis": "coloraxis",
                "line": {"width": [4 if chosen == (a, b) else 0 for b in columns], "color": AMBER},
            },
            selected={"marker": {"opacity": 1}}, unselected={"marker": {"opacity": 1}},
            customdata=[[a, b, _words(found, a, b, users.get((a, b), 0))] for b in columns],
            hovertemplate=hover("%{customdata[2]}", _MEANING, head="Movement"),
        )  # fmt: skip
    made.update_layout(
        barmode="overlay",
        # the first part of the scale: beyond it neither dark nor white numbers could be read on every cell
        coloraxis={"cmin": 0, "cmax": 2.2, "showscale": False}, clickmode="event+select", dragmode=False,
    )  # fmt: skip
    ticks = {"showgrid": False, "zeroline": False, "fixedrange": True}
    longest = max((len(word) for part in columns for word in part_name(part).split()), default=0)
    wide = len(columns) * longest <= _UPRIGHT
    made.update_xaxes(
        tickvals=list(range(len(columns))), ticktext=[_tick(b, now[b], 12 if wide else 0) for b in columns],
        range=[-0.5, max(len(columns), 1) - 0.5], tickangle=0 if wide else -40, **ticks,
    )  # fmt: skip
    made.update_yaxes(
        tickvals=list(range(len(rows))), ticktext=[_tick(a, was[a], 20) for a in rows],
        range=[max(len(rows), 1) - 0.5, -0.5], **ticks,
    )  # fmt: skip
    return made


def sizes_figure(points: Sequence[SizePoint], name: str, *, share: bool = False, constant: bool = False) -> go.Figure:
    """A line of a segment's size at each moment, or with `share` of its share of the users seen by then.

    `constant` says in the title that the segment looks at nothing that changes (core.segments.watch.is_constant).
    `customdata[0]` of a point is its moment (ISO, UTC).
    """
    what = "share of users seen" if share else "members"
    fixed = " (the same users at every moment)" if constant else ""
    made = figure(
        f"{shortened(name)}: {what} over time{fixed}", "End of (UTC)",
        "Share of users seen by then (%)" if share else "Members (users)", legend=False,
    )  # fmt: skip
    made.add_scatter(
        x=[point.as_of - timedelta(microseconds=1) for point in points],
        y=[point.share if share else point.users for point in points],
        mode="lines+markers", line={"color": BLUE, "width": 2}, marker={"size": 8},
        customdata=[
            [point.as_of.isoformat(), f"{point.users:,} members",
             f"{point.seen:,} of {point.of:,} users seen by then"
             + ("" if point.share is None else f" ({percent(point.share)})")]
            for point in points
        ],
        hovertemplate=hover("%{customdata[1]}<br>%{customdata[2]}",
                            "The rule asked as of the end of this day. Users seen by then have an event before it; a "
                            "rule may also hold for users who came later.", head="%{x|%-d %b %Y}"),
    )  # fmt: skip
    made.update_yaxes(tickformat=".1~%" if share else ",")
    return made


def sizes_compared_figure(found: Mapping[str, Sequence[SizePoint]], *, share: bool = False) -> go.Figure:
    """A line for each of several segments, as in `sizes_figure`: its size, or with `share` its share of users seen.

    From the eighth on lines are dashed, so that none looks like another. `customdata[0]` of a point is its moment.
    """
    what = "share of users seen by then" if share else "members"
    made = figure(
        f"{what.capitalize()} over time", "End of (UTC)",
        "Share of users seen by then (%)" if share else "Members (users)", height=380 + 12 * len(found),
    )  # fmt: skip
    for place, (name, points) in enumerate(found.items()):
        made.add_traces(sizes_figure(points, name, share=share).data)
        colour, dash = COLOURS[place % len(COLOURS)], "dash" if place >= len(COLOURS) else "solid"
        line = {"color": colour, "width": 2, "dash": dash}
        made.data[-1].update(name=escaped(shortened(name, 26)), line=line, marker={"size": 7, "color": colour})
        made.data[-1].hovertemplate = f"<b>{escaped(shortened(name))}</b><br>" + made.data[-1].hovertemplate
    made.update_yaxes(tickformat=".1~%" if share else ",")
    return made


def _last(end: datetime) -> str:
    """The last day before the moment at which data end: midnight ends the day before."""
    return day(end - timedelta(microseconds=1))


def _totals(found: Movement) -> tuple[dict[str | None, int], dict[str | None, int]]:
    was: dict[str | None, int] = {}
    now: dict[str | None, int] = {}
    for band in found.bands:
        was[band.was] = was.get(band.was, 0) + band.users
        now[band.now] = now.get(band.now, 0) + band.users
    return was, now


def _words(found: Movement, was: str | None, now: str | None, users: int) -> str:
    whole = _totals(found)[0].get(was, 0)
    of = f", {percent(users / whole)} of {escaped(part_name(was))}" if whole else ""
    return f"from {escaped(part_name(was))} to {escaped(part_name(now))}: {users:,} users{of}"


def _colour(found: Movement, part: str | None) -> str:
    """The same for a part on both sides; grey for those in none or not seen."""
    if part is None or part == NOT_SEEN:
        return GREY
    colours = [colour for colour in COLOURS if colour != GREY]
    return colours[found.parts.index(part) % len(colours)]


def _tick(part: str | None, users: int, width: int) -> str:
    """A part's name and its users: on lines of `width` letters, or with width 0 on a single one."""
    if not width:
        return f"{escaped(shortened(part_name(part), 20))} {users:,}"
    lines = textwrap.wrap(part_name(part), width, max_lines=2, placeholder="…")
    return "<br>".join([*(escaped(line) for line in lines), f"{users:,}"])
