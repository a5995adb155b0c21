"""Figures of users by how alike they are: a network around one of them, and a map of many."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from core.explain.network import Network, Tie
from core.explain.user_map import UserMap
from core.figures.template import COLOURS, GREY, escaped, figure, hover, percent, shortened

_SHAPES = ("circle", "square", "diamond", "triangle-up", "cross", "star", "hexagon")
_OTHERS, _NONE = "Others", "In none"
_SMALLEST, _LARGEST = 9, 22  # pixels of a node
_BANDS = ((2 / 3, "strong", 3.5, 0.55), (1 / 3, "middling", 2.0, 0.4), (0.0, "weak", 0.8, 0.3))
_LIKE = (
    "Likeness: the cosine of two users' weights over all items, made smaller where they share few: times n / (n + 10)."
)


@dataclass(frozen=True)
class Parts:
    """What colours users: the names of the parts (at most seven), and for each user a place in them.

    -1 = a part without a name of its own, -2 = in none. `others`: how many parts stand together as others. Without
    names all users have one colour, and no legend is drawn.
    """

    names: tuple[str, ...] = ()
    of: tuple[int, ...] = ()
    others: int = 0

    def place(self, user: int) -> int:
        """The part of the user in that place; 0 where nothing colours."""
        return self.of[user] if self.names or self.of else 0

    def name(self, place: int) -> str:
        """What the legend calls a part."""
        if place >= 0:
            return self.names[place] if self.names else ""
        return _NONE if place < -1 else f"{_OTHERS} ({self.others:,} parts)"

    def colour(self, place: int) -> str:
        """One of seven colours; grey for others and none."""
        return COLOURS[place % (len(COLOURS) - 1)] if place >= 0 else GREY

    def shape(self, place: int) -> str:
        """Shapes tell parts apart where colours do not."""
        return _SHAPES[place % len(_SHAPES)] if place >= 0 else "x" if place < -1 else "circle-open"


def network_figure(found: Network, parts: Parts | None = None) -> go.Figure:
    """A network: nodes larger, and nearer to the middle, the more alike to the user there; lines thicker for stronger
    ties. `parts.of` is in the order of `found.people`.

    `customdata[0]` of a node is the user's place in `found.people`.
    """
    parts = parts or Parts()
    made = figure(f"Users most like {shortened(found.user, 40)}", "", "", height=560, legend=bool(parts.of))
    for (_, name, width, opacity), ties in zip(_BANDS, _banded(found.ties), strict=True):
        if ties:
            made.add_scatter(
                x=[x for tie in ties for x in (found.people[tie.a].x, found.people[tie.b].x, None)],
                y=[y for tie in ties for y in (found.people[tie.a].y, found.people[tie.b].y, None)],
                mode="lines",
                line={"color": GREY, "width": width},
                opacity=opacity,
                hoverinfo="skip",
                showlegend=False,
                name=f"{name} ties",
            )
    most = max((person.similarity for person in found.people[1:]), default=1.0) or 1.0
    for place in _shown(parts, range(len(found.people))):
        rows = [n for n in range(len(found.people)) if parts.place(n) == place]
        people = [found.people[n] for n in rows]
        sizes = [_LARGEST + 4 if n == 0 else _size(found.people[n].similarity / most) for n in rows]
        made.add_scatter(
            x=[person.x for person in people],
            y=[person.y for person in people],
            mode="markers+text",
            # names of the nearest alone: more would lie on one another
            text=[escaped(shortened(found.people[n].user, 14)) if n <= 4 else "" for n in rows],
            textposition="bottom center",
            textfont={"size": 11},
            name=escaped(shortened(parts.name(place), 28)),
            marker={
                "color": parts.colour(place),
                "symbol": parts.shape(place),
                "size": sizes,
                "line": {"width": [3 if n == 0 else 0.5 for n in rows], "color": GREY},
                "opacity": 1,
            },
            customdata=[
                [n, escaped(one.user), _said(n, one.similarity, parts.name(place))]
                for n, one in zip(rows, people, strict=True)
            ],
            hovertemplate=hover("%{customdata[2]}", _LIKE, head="User %{customdata[1]}"),
            selected={"marker": {"opacity": 1}},
            unselected={"marker": {"opacity": 1}},
        )
    return _bare(made)


def map_figure(found: UserMap, parts: Parts | None = None, user: str | None = None) -> go.Figure:
    """The map: users with like tastes close together; `user` is ringed and named. `parts.of` is in the map's order.

    `customdata[0]` of a point is the user's place in `found`. Dragging draws a lasso.
    """
    parts = parts or Parts()
    made = figure(
        f"{len(found.users):,} users, those with like tastes close together", "", "", height=600, legend=bool(parts.of)
    )
    for place in _shown(parts, range(len(found.users))):
        rows = [n for n in range(len(found.users)) if parts.place(n) == place]
        name = parts.name(place)
        made.add_trace(
            go.Scattergl(
                x=[found.x[n] for n in rows],
                y=[found.y[n] for n in rows],
                mode="markers",
                name=escaped(shortened(name, 28)),
                marker={
                    "color": parts.colour(place),
                    "symbol": parts.shape(place),
                    "size": 6,
                    "opacity": 0.8 if place >= 0 else 0.5,
                    "line": {"width": 0.4, "color": GREY},
                },
                customdata=[[n, escaped(found.users[n])] for n in rows],
                hovertemplate=hover(
                    escaped(name) if name else "a user of the map",
                    "Only nearness means anything: neither the directions nor the size of a gap do.",
                    head="User %{customdata[1]}",
                ),
            )
        )
    if user in found.users:
        at = found.users.index(user)
        made.add_scatter(
            x=[found.x[at]],
            y=[found.y[at]],
            mode="markers+text",
            text=[escaped(shortened(user, 20))],
            textposition="top center",
            marker={"size": 20, "symbol": "circle-open", "color": COLOURS[4], "line": {"width": 3}},
            hoverinfo="skip",
            showlegend=False,
            name="The chosen user",
        )
    made.update_layout(dragmode="lasso")
    return _bare(made)


def _banded(ties: Sequence[Tie]) -> list[list[Tie]]:
    """Ties by strength between the weakest and the strongest, in the order of _BANDS."""
    found: list[list[Tie]] = [[] for _ in _BANDS]
    strong = max((tie.similarity for tie in ties), default=0.0)
    weak = min((tie.similarity for tie in ties), default=0.0)
    for tie in ties:
        least = next(n for n, band in enumerate(_BANDS) if tie.similarity >= weak + band[0] * (strong - weak))
        found[least].append(tie)
    return found


def _shown(parts: Parts, users: range) -> list[int]:
    """Places of parts with any user: those with a name in order, then others, then none."""
    return sorted({parts.place(n) for n in users}, key=lambda place: (place < 0, -place if place < 0 else place))


def _size(share: float) -> float:
    return _SMALLEST + (_LARGEST - _SMALLEST) * math.sqrt(max(0.0, share))


def _said(place: int, similarity: float, part: str) -> str:
    said = "the user in the middle" if place == 0 else f"{percent(similarity)} like the user in the middle"
    return f"{said}<br>{escaped(part)}" if part else said


def _bare(made: go.Figure) -> go.Figure:
    """Without axes, since only distances speak; the legend below, where its lines cannot run into the title."""
    made.update_layout(legend={"itemsizing": "constant", "y": -0.02, "yanchor": "top", "x": 0, "xanchor": "left"})
    made.update_layout(margin={"t": 48})
    made.update_xaxes(showticklabels=False, showgrid=False, zeroline=False)
    made.update_yaxes(showticklabels=False, showgrid=False, zeroline=False, rangemode="normal")
    return made
