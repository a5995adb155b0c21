"""What all figures share: colours that mean the same everywhere, titles, axes, hover.

Colours are named by their place among the theme's eight chart colours (`.streamlit/config.toml`), in Streamlit's own
place-holders: drawn with `theme="streamlit"` the browser puts in the colours of the theme on show, so that a figure
is right at the first drawing, light and dark. Text, grid and background are the theme's as well.
"""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from datetime import date
from typing import Literal

import plotly.graph_objects as go

from core.store import EVENTS

COLOURS: tuple[str, ...] = tuple(f"#00000{place}" for place in range(1, 9))
"""The theme's chart colours by place, named below as they are in the light theme."""

BLUE, AMBER, GREEN, MAUVE, WINE, NAVY, BROWN, GREY = COLOURS

PALE = 0.4
"""Opacity of what covers only a part of its period."""

Pattern = Literal["", "/", "\\", "x", "-", "|", "+", "."]


@dataclass(frozen=True)
class Mark:
    """How one kind of event is drawn. Eight colours stay apart for every reader; hatching parts the rest."""

    colour: str
    pattern: Pattern = ""

    @property
    def dash(self) -> str:
        """The line that stands for the pattern."""
        return "dash" if self.pattern else "solid"


_MARKS: dict[str, Mark] = {
    "impression": Mark(GREY),
    "open": Mark(GREY, "/"),
    "view": Mark(BLUE),
    "click": Mark(NAVY),
    "search": Mark(NAVY, "/"),
    "favourite": Mark(MAUVE),
    "share": Mark(MAUVE, "/"),
    "comment": Mark(BROWN, "/"),
    "cart": Mark(AMBER),
    "purchase": Mark(GREEN),
    "rating": Mark(BROWN),
    "return": Mark(WINE),
}
_PLAIN = {word.name: word.plain for word in EVENTS}


def event_mark(event: str) -> Mark:
    """The colour and pattern of an event type: the same on every page; other words by their spelling, dotted.

    >>> event_mark("purchase") == Mark(GREEN)
    True
    """
    place = sum(ord(letter) * (n + 1) for n, letter in enumerate(event)) % len(COLOURS)
    return _MARKS.get(event) or Mark(COLOURS[place], ".")


def event_name(event: str) -> str:
    """What pages call an event type, plural where the vocabulary knows it.

    >>> event_name("cart"), event_name("sign_up")
    ('Carts', 'sign_up')
    """
    return _PLAIN.get(event, event)


def figure(title: str, x: str, y: str, *, height: int = 380, legend: bool = True) -> go.Figure:
    """An empty figure with its title, axis titles (with units), legend and margins.

    Args:
        title: what the figure shows, with its period.
        x, y: axis titles with units; "" for an axis whose labels speak for themselves.
        height: pixels.
        legend: whether marks are named in a legend, between title and figure.
    """
    made = go.Figure()
    made.update_layout(
        title={"text": escaped(title), "x": 0, "xanchor": "left", "y": 0.98, "yanchor": "top", "font": {"size": 16}},
        height=height,
        margin={"l": 8, "r": 8, "t": 84 if legend else 48, "b": 8},
        showlegend=legend,
        legend={"orientation": "h", "x": 0, "xanchor": "left", "y": 1.02, "yanchor": "bottom", "traceorder": "normal"},
        hovermode="closest",
        hoverlabel={"align": "left", "namelength": -1},
        bargap=0.15,
        separators=".,",
    )
    made.update_xaxes(title={"text": escaped(x)}, automargin=True)
    made.update_yaxes(title={"text": escaped(y)}, automargin=True, rangemode="tozero")
    return made


def make_room_for_legend(made: go.Figure) -> None:
    """Raise a figure whose legend needs several lines at 1,000 pixels, so that it does not reach into the title.

    Entries are as wide as the widest. Call it when all is drawn.
    """
    names = [str(trace.name) for trace in made.data if trace.showlegend is not False and trace.name]
    if not names:
        return
    in_a_line = max(1, _NARROW // (_MARK + _LETTER * max(map(len, names))))
    room = _LINE * (-(-len(names) // in_a_line) - 1)
    made.update_layout(height=made.layout.height + room, margin_t=made.layout.margin.t + room)


_NARROW, _MARK, _LETTER, _LINE = 540, 48, 6, 20  # pixels: the figure on a narrow page, and parts of an entry


def hover(value: str, definition: str, *, head: str = "%{x}") -> str:
    """A hover text: where, the exact value with its unit, and what it means."""
    meaning = "<br>".join(textwrap.wrap(escaped(definition), 64))
    return f"<b>{head}</b><br>{value}<br><i>{meaning}</i><extra></extra>"


def counted(n: int, what: str) -> str:
    """A number with its word.

    >>> counted(1, "user"), counted(1200, "user")
    ('1 user', '1,200 users')
    """
    return f"{n:,} {what}" if n == 1 else f"{n:,} {what}s"


def escaped(text: str) -> str:
    """`text` with what Plotly would read as tags or placeholders of a template made plain.

    >>> escaped("<b>50 %{x}")
    '&lt;b&gt;50 %&#123;x}'
    """
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("{", "&#123;")


def shortened(label: str, length: int = 34) -> str:
    """`label` on one line, cut at `length` characters with an ellipsis.

    >>> shortened("A very long title of an item in the shop"), shortened("tea")
    ('A very long title of an item in t…', 'tea')
    """
    line = " ".join(label.split())
    return line if len(line) <= length else line[: length - 1] + "…"


def percent(share: float) -> str:
    """A share as a percentage, with one decimal.

    >>> percent(0.853)
    '85.3 %'
    """
    return f"{share * 100:.1f} %"


def day(value: date) -> str:
    """A date as people write it: 9 Dec 2011."""
    return f"{value.day} {value:%b %Y}"
