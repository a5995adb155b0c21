"""Figures of explanations: what a score is made of, what two users share, a user or an item against everyone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from core.explain.types import LabelledView, SharedItem, SimilarUser, Taste, Trait
from core.figures.template import BLUE, GREEN, GREY, MAUVE, WINE, escaped, figure, hover, percent, shortened

_ROW = 46  # pixels of a bar with its label above it
_LABEL = 46  # letters that fit above a bar in half a page


@dataclass(frozen=True)
class _Bar:
    """One bar: its label in full, its length, what stands at its end, what hover says below the label."""

    label: str
    length: float
    text: str
    said: str
    colour: str


_LONGEST = 3.0  # times the largest part: how long the bar of the rest may be
_BASE = "Where every score begins"


def parts_figure(view: LabelledView, score: float, base: float = 0.0) -> go.Figure:
    """What a score is made of: a bar for each part, largest first, the rest summed, the base last where there is one.

    Lengths are shares of score - base in percent (all of them add up to 100 where the view is exact). Where a part is
    larger than that whole, because others speak against it, shares would mislead (491 %): then lengths are the parts
    themselves. Parts that lower the score point to the left, in another colour. `customdata[0]` of a point is the
    part's id; "" for the rest and the base. The rest's bar is cut short where it would dwarf every part.
    """
    whole = score - base
    items = view.of == "items"
    shares = parts_are_shares(view, score, base)
    rows = [(part.id, part.label, part.value, part.note) for part in view.parts]
    if view.others:
        what = "items" if items else "users"
        rows.append(
            ("", f"{view.others:,} other {what if view.others > 1 else what[:-1]} together", view.others_value, "")
        )
    if base:
        rows.append(("", _BASE, base, "not a part of the 100 %"))
    bars = []
    longest = _LONGEST * max((abs(part.value) for part in view.parts), default=float("inf"))
    for id_, label, value, note in rows:
        drawn = value if id_ or label == _BASE else max(-longest, min(longest, value))
        length = drawn / whole * 100 if shares else drawn
        end = f"{value / whole * 100:,.1f} %" if shares else f"{value:+,.3g}"
        said = (f"{end} of the score<br>" if shares else "") + f"adds {value:+,.6g} to a score of {score:,.6g}"
        said += f"<br>{escaped(note)}" if note else ""
        bars.append(_Bar(label, length, end if drawn == value else f"{end}, bar cut", said, _colour(view, id_, value)))
    title = "Past items, and what each adds" if items else "Users who took it, and what each adds"
    unit = "Share of the score (%)" if shares else "Part of the score (in its own unit)"
    return _bars(title, unit, bars, [row[0] for row in rows], view.how)


def parts_are_shares(view: LabelledView, score: float, base: float = 0.0) -> bool:
    """Whether `parts_figure` draws shares: every part, and the rest together, lies within the whole."""
    whole = score - base
    return whole > 0 and all(abs(value) <= whole for value in (*(p.value for p in view.parts), view.others_value))


def _colour(view: LabelledView, id_: str, value: float) -> str:
    """Grey for what is no single part; wine for what lowers the score."""
    if not id_:
        return GREY
    return WINE if value < 0 else GREEN if view.of == "items" else MAUVE


def shared_items_figure(alike: SimilarUser, *, most: int = 10) -> go.Figure:
    """What makes two users alike: for each shared item its share of their similarity, the rest summed.

    `customdata[0]` of a point is the item's id; "" for the rest.
    """
    shown, rest = alike.items[:most], alike.items[most:]
    left = alike.shared - len(shown)
    bars = [_shared(item) for item in shown]
    if left > 0:
        share = sum(item.share for item in rest) + alike.others_share
        text = f"{left:,} other item{'s' if left > 1 else ''} together"
        bars.append(_Bar(text, share * 100, percent(share), f"{percent(share)} of the similarity", GREY))
    definition = "How much of the similarity of the two users this shared item makes; all shared items add up to 100 %."
    ids = [item.item for item in shown] + [""] * (len(bars) - len(shown))
    return _bars("Items that both took", "Share of their similarity (%)", bars, ids, definition)


def _shared(item: SharedItem) -> _Bar:
    said = f"{percent(item.share)} of the similarity<br>weight {item.weight:,.3g} here, {item.other_weight:,.3g} there"
    return _Bar(item.label, item.share * 100, percent(item.share), said, BLUE)


def tastes_figure(rows: Sequence[Taste], title: str) -> go.Figure:
    """A user's shares of categories (or channels, devices) against everyone's, most first."""
    named = [
        (row.name, row.share, row.usual, f"{row.events:,} events of this user; {row.lift:,.1f} times the usual share")
        for row in rows
    ]
    return _against(title, "Share of events (%)", ("This user", "All users"), named)


def traits_figure(rows: Sequence[Trait]) -> go.Figure:
    """What sets an item's buyers apart: shares of values of users' columns, against all buyers."""
    named = [
        (
            f"{row.column}: {row.value}",
            row.share,
            row.usual,
            f"{row.users:,} of its buyers; {row.lift:,.1f} times the share among all buyers",
        )
        for row in rows
    ]
    return _against("What sets its buyers apart", "Share of buyers (%)", ("Its buyers", "All buyers"), named)


def _against(title: str, unit: str, names: tuple[str, str], rows: Sequence[tuple[str, float, float, str]]) -> go.Figure:
    """Two bars a row, the first row on top: a share and the usual one."""
    made = figure(title, unit, "", height=120 + 50 * max(len(rows), 2))
    places = list(range(len(rows)))[::-1]
    # the last trace of a group is drawn on top
    series = ((names[1], GREY, [row[2] for row in rows]), (names[0], BLUE, [row[1] for row in rows]))
    for name, colour, values in series:
        made.add_bar(
            name=name,
            y=places,
            x=[value * 100 for value in values],
            orientation="h",
            marker={"color": colour},
            text=[_short(value) for value in values],
            textposition="outside",
            textfont={"size": 12},
            constraintext="none",
            cliponaxis=False,
            customdata=[[escaped(row[0]), _short(row[1]), _short(row[2]), row[3]] for row in rows],
            hovertemplate=hover(
                f"{names[0]}: %{{customdata[1]}}<br>{names[1]}: %{{customdata[2]}}<br>%{{customdata[3]}}",
                f"{unit[: -len(' (%)')]} that have a value here.",
                head="%{customdata[0]}",
            ),
        )
    top = max((100 * max(row[1], row[2]) for row in rows), default=1.0)
    made.update_xaxes(range=[0, top * 1.25 or 1])  # room for the numbers beside the bars
    made.update_yaxes(
        tickvals=places, ticktext=[escaped(shortened(row[0], 28)) for row in rows], range=[-0.6, len(rows) - 0.4]
    )
    made.update_layout(barmode="group", bargap=0.25, legend={"traceorder": "reversed"})
    return made


def _short(share: float) -> str:
    return f"{share * 100:.0f} %" if share >= 0.0995 or not share else percent(share)


def _bars(title: str, unit: str, bars: Sequence[_Bar], ids: Sequence[str], definition: str) -> go.Figure:
    """One bar a row, the first on top, each with its label above it, so that long titles need no margin."""
    made = figure(title, unit, "", height=104 + _ROW * max(len(bars), 2), legend=False)
    places = list(range(len(bars)))[::-1]
    made.add_bar(
        y=places,
        x=[bar.length for bar in bars],
        width=0.4,
        orientation="h",
        marker={"color": [bar.colour for bar in bars]},
        text=[bar.text for bar in bars],
        textposition="outside",
        cliponaxis=False,
        customdata=[[id_, escaped(bar.label), bar.said] for id_, bar in zip(ids, bars, strict=True)],
        hovertemplate=hover("%{customdata[2]}", definition, head="%{customdata[1]}"),
    )
    for place, bar in zip(places, bars, strict=True):
        made.add_annotation(
            text=escaped(shortened(bar.label, _LABEL)),
            x=0,
            y=place + 0.22,
            xref="paper",
            xanchor="left",
            yanchor="bottom",
            showarrow=False,
            font={"size": 13},
        )
    low, high = min(0.0, *(bar.length for bar in bars), 0.0), max(0.0, *(bar.length for bar in bars), 0.0)
    room = (high - low or 1) * max(0.2, 0.018 * max((len(bar.text) for bar in bars), default=0))  # what stands beyond
    made.update_xaxes(range=[low - room if low else 0, high + room])
    made.update_yaxes(showticklabels=False, showgrid=False, zeroline=False, range=[-0.5, len(bars) - 0.15])
    return made
