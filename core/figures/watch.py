"""Figures of segments compared: overlap as UpSet plot and matrix, profiles side by side, lift with its intervals."""

from __future__ import annotations

from typing import Literal

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from core.figures.template import BLUE, GREY, escaped, figure, hover, percent, shortened
from core.segments.watch import ItemLift, Overlap, Pair, Profiles

MOST_INTERSECTIONS = 20
"""Bars of an UpSet plot; the rest are summed and said."""

ProfileMeasure = Literal[
    "users", "share", "active", "buyers", "orders", "orders_each", "revenue", "revenue_share", "value_each",
    "order_value", "recency", "last_seen", "repeat_rate", "retained",
]  # fmt: skip
_CURRENCY = "file's currency"
PROFILE_MEASURES: dict[ProfileMeasure, tuple[str, str, str]] = {
    "users": ("Members", "users", "Known users who are in the segment."),
    "share": ("Share of all users", "%", "Members as a share of all known users."),
    "active": ("Active members", "users", "Members with an event, impressions apart, in the last 30 days."),
    "buyers": ("Buyers", "users", "Members who ever placed an order."),
    "orders": ("Orders", "orders", "Orders that members ever placed, returned ones too."),
    "orders_each": ("Orders per buyer", "orders", "Orders divided by the members who placed any."),
    "revenue": ("Net revenue", _CURRENCY, "Purchases of members less what they returned."),
    "revenue_share": ("Share of all revenue", "%", "Net revenue of members as a share of everyone's."),
    "value_each": ("Net revenue per member", _CURRENCY, "Net revenue divided by all members."),
    "order_value": ("Net revenue per order", _CURRENCY, "Net revenue divided by the orders placed."),
    "recency": ("Days since the last order", "days, median", "Median over the members who bought."),
    "last_seen": ("Days since last seen", "days, median", "Median over members of days since their last event."),
    "repeat_rate": ("Repeat rate", "%", "Buyers with two or more orders as a share of buyers."),
    "retained": (
        "Retained", "%",
        "Of members who were active from 60 to 30 days ago, the share that was active in the last 30 days.",
    ),
}  # fmt: skip
"""Measures of a profile: what people call each, its unit and what it means, in the order in which they are offered."""

_SHARES = frozenset({"share", "revenue_share", "repeat_rate", "retained"})


def upset_figure(found: Overlap) -> go.Figure:
    """UpSet plot: a bar for each exclusive intersection, below it dots for the segments it is made of, largest first.

    To the left of the dots are the sizes of the segments. At most 20 intersections are drawn; the title says how many
    users the rest hold. Users in none of the segments are not drawn, the title says how many. `customdata[0]` of a
    bar is the names of its segments, joined by a line break; of a size bar, the segment's name.
    """
    several = [one for one in found.intersections if one.names]
    shown, rest = several[:MOST_INTERSECTIONS], several[MOST_INTERSECTIONS:]
    none = sum(one.users for one in found.intersections if not one.names)
    said = [f"{none:,} of {found.known:,} users are in none"] if found.known else []
    if rest:
        said.append(f"{sum(one.users for one in rest):,} users are in {len(rest):,} smaller intersections")
    rows = len(found.names)
    made = make_subplots(
        rows=2, cols=2, shared_xaxes="columns", shared_yaxes="rows", column_widths=[0.28, 0.72],
        row_heights=[0.55, 0.45], horizontal_spacing=0.01, vertical_spacing=0.03,
        specs=[[None, {}], [{}, {}]],
    )  # fmt: skip
    base = figure(
        "Users in exactly these segments" + (f" ({'; '.join(said)})" if said else ""),
        "", "", height=300 + 30 * max(rows, 3), legend=False,
    )  # fmt: skip
    whole = base.layout.to_plotly_json()
    # the axes have their places already
    made.update_layout({name: said for name, said in whole.items() if name not in ("xaxis", "yaxis")})
    made.add_bar(
        row=1, col=2, x=list(range(len(shown))), y=[one.users for one in shown],
        text=[f"{one.users:,}" for one in shown], width=0.7, textposition="outside", cliponaxis=False,
        marker={"color": BLUE},
        customdata=[["\n".join(one.names), escaped(" and ".join(one.names)), _part(one.users, found.known)]
                    for one in shown],
        hovertemplate=hover(
            "%{y:,} users, %{customdata[2]} of all known users", "In exactly these segments and in none of the others.",
            head="%{customdata[1]}",
        ),
    )  # fmt: skip
    _dots(made, found, [one.names for one in shown])
    made.add_bar(
        row=2, col=1, x=list(found.sizes), y=list(range(rows)), orientation="h", marker={"color": GREY},
        text=[f"{size:,}" for size in found.sizes], textposition="auto",
        customdata=[[name, escaped(name), _part(size, found.known)]
                    for name, size in zip(found.names, found.sizes, strict=True)],
        hovertemplate=hover("%{x:,} users, %{customdata[2]} of all known users", "All members of the segment.",
                            head="%{customdata[1]}"),
    )  # fmt: skip
    made.update_xaxes(showticklabels=False, showgrid=False, zeroline=False, fixedrange=True)
    made.update_xaxes(title={"text": "Members"}, autorange="reversed", row=2, col=1)
    made.update_xaxes(range=[-0.6, max(len(shown), 1) - 0.4], row=2, col=2)
    made.update_yaxes(title={"text": "Users"}, rangemode="tozero", tickformat=",", row=1, col=2)
    labels = [escaped(shortened(name, 26)) for name in found.names]
    # the labels stand between the sizes and the dots, beside which they are read
    made.update_yaxes(
        tickvals=list(range(rows)), ticktext=labels, side="left", range=[rows - 0.4, -0.6], showgrid=False,
        zeroline=False, automargin=True, row=2,
    )  # fmt: skip
    return made


def _dots(made: go.Figure, found: Overlap, shown: list[tuple[str, ...]]) -> None:
    """A pale dot for each pair of segment and bar, a dark one where the segment is part of it, joined by a line."""
    pairs = [(x, y, name in names) for x, names in enumerate(shown) for y, name in enumerate(found.names)]
    lines: list[tuple[int | None, int | None]] = []
    for x, names in enumerate(shown):
        places = [y for y, name in enumerate(found.names) if name in names]
        lines += [(x, min(places)), (x, max(places)), (None, None)]
    made.add_scatter(
        row=2, col=2, x=[x for x, _ in lines], y=[y for _, y in lines], mode="lines", hoverinfo="skip",
        line={"color": BLUE, "width": 3},
    )  # fmt: skip
    for inside, opacity in ((False, 0.25), (True, 1.0)):
        some = [(x, y) for x, y, within in pairs if within == inside]
        made.add_scatter(
            row=2, col=2, x=[x for x, _ in some], y=[y for _, y in some], mode="markers",
            marker={"size": 12, "color": BLUE if inside else GREY, "opacity": opacity},
            text=[escaped(found.names[y]) for _, y in some],
            hovertemplate=f"%{{text}}: {'in' if inside else 'not in'} this intersection<extra></extra>",
        )  # fmt: skip


def overlap_figure(found: Overlap) -> go.Figure:
    """Matrix: of the segment of each row, the share that is also in the segment of each column.

    `customdata[0]`, `[1]` of a cell are the names of its row and column.
    """
    pairs = {(pair.first, pair.second): pair for pair in found.pairs}
    names, size = found.names, len(found.names)
    shares: list[list[float | None]] = [[None] * size for _ in names]
    texts, facts = [[""] * size for _ in names], [[["", "", "", ""]] * size for _ in names]
    for y, row in enumerate(names):
        for x, column in enumerate(names):
            pair = pairs.get((row, column))
            if pair is None:
                facts[y][x] = [row, column, escaped(row), f"{found.sizes[y]:,} users, all members"]
                continue
            shares[y][x] = pair.share
            texts[y][x] = "–" if pair.share is None else f"{pair.share * 100:.0f} %"
            facts[y][x] = [row, column, f"{escaped(row)} and {escaped(column)}", _pair_words(pair)]
    made = figure(
        "Members of a row's segment who are also in the column's", "", "", height=180 + 44 * max(size, 3), legend=False
    )
    made.add_heatmap(
        x=list(range(size)), y=list(range(size)), z=shares, zmin=0, zmax=1, text=texts, texttemplate="%{text}",
        customdata=facts, coloraxis="coloraxis", xgap=2, ygap=2, hoverongaps=True,
        hovertemplate=hover(
            "%{customdata[3]}",
            "Either: users in at least one of the two. Lift: users in both, against as many as chance would put there.",
            head="%{customdata[2]}",
        ),
    )  # fmt: skip
    made.update_layout(coloraxis={"cmin": 0, "cmax": 1, "colorbar": {"title": {"text": "Share"}, "tickformat": ".0%"}})
    labels = {"tickvals": list(range(size)), "ticktext": [escaped(shortened(name, 26)) for name in names]}
    made.update_xaxes(**labels, showgrid=False, zeroline=False, side="bottom")
    made.update_yaxes(**labels, showgrid=False, zeroline=False, autorange="reversed")
    return made


def _pair_words(pair: Pair) -> str:
    lift = "–" if pair.lift is None else f"{pair.lift:.2f}"
    return (
        f"{pair.users:,} users in both: {_share(pair.share)} of the first"
        f"<br>{_share(pair.jaccard)} of the users in either; lift {lift}"
    )


def profile_figure(found: Profiles, measure: ProfileMeasure) -> go.Figure:
    """Bars of one measure, segments side by side and everyone grey, in the order asked; a value not known has no bar.

    `customdata[0]` of a bar is the name of the segment ("everyone" of everyone).
    """
    name, unit, meaning = PROFILE_MEASURES[measure]
    columns = [found.everyone, *found.segments]
    values = [getattr(one, measure) for one in columns]
    until = "" if found.as_of is None else f", up to {found.as_of.day} {found.as_of:%b %Y}"
    made = figure(f"{name} by segment{until}", f"{name} ({unit})", "", height=130 + 34 * len(columns), legend=False)
    words = [_amount(measure, value) for value in values]
    made.add_bar(
        x=values, y=list(range(len(columns))), orientation="h",
        marker={"color": [GREY] + [BLUE] * len(found.segments)}, text=words, textposition="auto",
        customdata=[[one.name, escaped(one.name), said, escaped(shortened(one.words, 90)), f"{one.users:,}"]
                    for one, said in zip(columns, words, strict=True)],
        hovertemplate=hover("%{customdata[2]}<br>%{customdata[3]}: %{customdata[4]} users", meaning,
                            head="%{customdata[1]}"),
    )  # fmt: skip
    made.update_yaxes(
        tickvals=list(range(len(columns))),
        ticktext=["Everyone", *(escaped(shortened(one.name)) for one in found.segments)],
        range=[len(columns) - 0.4, -0.6], zeroline=False,
    )  # fmt: skip
    made.update_xaxes(rangemode="tozero", tickformat=".1~%" if measure in _SHARES else None)
    return made


def lift_figure(found: Profiles, segment: str, of: Literal["items", "categories"] = "items") -> go.Figure:
    """A dot with its 95 % interval for each top item (or category) of a segment, best on top; everyone is the line 1.

    The axis is logarithmic: twice as likely lies as far from 1 as half as likely. `customdata[0]` of a point is the
    id. Raises KeyError for a segment that is not among the profiles.
    """
    profile = {one.name: one for one in found.segments}[segment]
    things: tuple[ItemLift, ...] = getattr(profile, of)[::-1]
    made = figure(
        f"What {shortened(segment)} {found.took} more than everyone",
        "Lift (times everyone's share, 95 % interval, log scale)", "", legend=False,
        height=140 + 34 * max(len(things), 2),
    )  # fmt: skip
    made.add_scatter(
        x=[one.lift for one in things], y=list(range(len(things))), mode="markers",
        marker={"color": BLUE, "size": 12}, cliponaxis=False,
        error_x={"type": "data", "array": [one.high - one.lift for one in things],
                 "arrayminus": [one.lift - one.low for one in things], "color": BLUE, "thickness": 3, "width": 6},
        customdata=[[one.id, escaped(one.label), _lift_words(one, found.took)] for one in things],
        hovertemplate=hover(
            "%{customdata[2]}",
            "Lift: the share of members who took it, of those who did anything, divided by that share of everyone. "
            "Ordered by the low end of the interval, so that few takers do not shine by luck; of many items some stand "
            "out by chance all the same.", head="%{customdata[1]}",
        ),
    )  # fmt: skip
    made.add_vline(
        x=1, line={"color": GREY, "width": 2, "dash": "dash"}, layer="below",
    )  # fmt: skip
    # on a logarithmic axis a shape stands at the value, but an annotation at its logarithm
    made.add_annotation(x=0, y=1, yref="paper", text="everyone", showarrow=False, yanchor="bottom", font={"size": 12})
    made.update_layout(margin={"t": 70})
    ticks = [m * 10**n for n in range(-2, 4) for m in (1, 2, 5)]
    made.update_xaxes(type="log", rangemode="normal", tickvals=ticks, ticktext=[f"{tick:g}" for tick in ticks])
    made.update_yaxes(
        tickvals=list(range(len(things))), ticktext=[escaped(shortened(one.label)) for one in things],
        range=[-0.6, max(len(things), 1) - 0.4], zeroline=False,
    )  # fmt: skip
    return made


def _lift_words(one: ItemLift, took: str) -> str:
    return (
        f"{one.lift:.2f} times as likely (95 % interval {one.low:.2f} to {one.high:.2f})"
        f"<br>{one.users:,} members {took} it: {percent(one.share)}, of everyone {percent(one.share_all)}"
    )


def _amount(measure: str, value: float | None) -> str:
    if value is None:
        return "–"
    if measure in _SHARES:
        return percent(value)
    whole = float(value).is_integer()
    return f"{value:,.0f}" if whole or abs(value) >= 1000 else f"{value:,.2f}"


def _part(users: int, whole: int) -> str:
    return percent(users / whole) if whole else "–"


def _share(value: float | None) -> str:
    return "–" if value is None else percent(value)
