"""Figures of segments over time: movement between two moments as Sankey and as table, and a segment's size."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from core.figures.template import BLUE, COLOURS, GREY, day, escaped, figure, hover, percent, shortened
from core.segments.watch import NOT_SEEN, Movement, SizePoint

NO_PART = "in none"
"""What figures call users who are known and in no part of the split."""

_MEANING = (
    "Users by the part they were in then and are in now. Not yet seen: no event before the first date. In none: known, "
    "but in no part."
)


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
        f"From {day(found.start)} to {day(found.end)}: who moved where", "", "",
        height=160 + 40 * max(len(left), len(right), 4), legend=False,
    )  # fmt: skip
    ends = [(part, was[part], found.start) for part in left] + [(part, now[part], found.end) for part in right]
    made.add_sankey(
        arrangement="snap",
        node={
            "label": [f"{escaped(shortened(part_name(part), 24))} {users:,}" for part, users, _ in ends],
            "color": [_colour(found, part) for part, _, _ in ends],
            "customdata": [[escaped(part_name(part)), f"{users:,}", day(moment)] for part, users, moment in ends],
            "hovertemplate": "<b>%{customdata[0]}</b><br>%{customdata[1]} users as of %{customdata[2]}<extra></extra>",
            "pad": 14,
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
    )
    return made


def movement_table_figure(found: Movement) -> go.Figure:
    """The same as a table: a row for each part then, a column for each part now, coloured by the share of the row.

    Every cell can be clicked: `customdata[0]`, `[1]` are was and now as in Band. Cells without users are pale.
    """
    was, now = _totals(found)
    rows = [part for part in (NOT_SEEN, *found.parts, None) if was.get(part)]
    columns = [part for part in (*found.parts, None) if now.get(part)]
    users = {(band.was, band.now): band.users for band in found.bands}
    made = figure(
        f"From {day(found.start)} (rows) to {day(found.end)} (columns), users",
        f"Part on {day(found.end)}", f"Part on {day(found.start)}", height=180 + 40 * max(len(rows), 3), legend=False,
    )  # fmt: skip
    made.add_heatmap(
        x=list(range(len(columns))), y=list(range(len(rows))),
        z=[[users.get((a, b), 0) / was[a] for b in columns] for a in rows],
        text=[[f"{users[a, b]:,}" if (a, b) in users else "" for b in columns] for a in rows],
        texttemplate="%{text}", xgap=2, ygap=2, coloraxis="coloraxis",
        customdata=[[[a, b, _words(found, a, b, users.get((a, b), 0))] for b in columns] for a in rows],
        hovertemplate=hover("%{customdata[2]}", _MEANING, head="Movement"),
    )  # fmt: skip
    made.update_layout(
        coloraxis={"cmin": 0, "cmax": 1, "colorbar": {"title": {"text": "Share of row"}, "tickformat": ".0%"}}
    )
    made.update_xaxes(tickvals=list(range(len(columns))), ticktext=[_tick(b, now[b]) for b in columns], showgrid=False)
    made.update_yaxes(
        tickvals=list(range(len(rows))), ticktext=[_tick(a, was[a]) for a in rows], showgrid=False, autorange="reversed"
    )
    return made


def sizes_figure(points: Sequence[SizePoint], name: str, *, share: bool = False, constant: bool = False) -> go.Figure:
    """A line of a segment's size at each moment, or with `share` of its share of the users seen by then.

    `constant` says in the title that the segment looks at nothing that changes (core.segments.watch.is_constant).
    `customdata[0]` of a point is its moment (ISO, UTC).
    """
    what = "share of users seen" if share else "members"
    fixed = " (the same users at every moment)" if constant else ""
    made = figure(
        f"{shortened(name)}: {what} over time{fixed}", "As of (UTC)",
        "Share of users seen by then (%)" if share else "Members (users)", legend=False,
    )  # fmt: skip
    made.add_scatter(
        x=[point.as_of for point in points], y=[point.share if share else point.users for point in points],
        mode="lines+markers", line={"color": BLUE, "width": 2}, marker={"size": 8},
        customdata=[
            [point.as_of.isoformat(), f"{point.users:,} members",
             f"{point.seen:,} of {point.of:,} users seen by then"
             + ("" if point.share is None else f" ({percent(point.share)})")]
            for point in points
        ],
        hovertemplate=hover("%{customdata[1]}<br>%{customdata[2]}",
                            "The rule asked as of this moment. Users seen by then have an event before it; a rule may "
                            "also hold for users who came later.", head="%{x|%-d %b %Y}"),
    )  # fmt: skip
    if share:
        made.update_yaxes(tickformat=".1~%")
    return made


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


def _tick(part: str | None, users: int) -> str:
    return f"{escaped(shortened(part_name(part), 20))}<br>{users:,}"
