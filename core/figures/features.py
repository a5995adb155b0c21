"""Figures of features: what the chosen ones tell of a target, and how the values of one are spread."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import plotly.graph_objects as go

from core.features import Distribution, FeatureChoice
from core.figures.template import AMBER, BLUE, GREY, escaped, figure, hover, shortened

_ROW = 30  # pixels of a bar
_BITS = (
    "Bits: how much knowing the feature narrows down the target. One bit is what the answer to an even yes-or-no "
    "question tells; the whole target holds {whole:.2f} bits."
)


def relevance_figure(choice: FeatureChoice, definitions: Mapping[str, str], one: str) -> go.Figure:
    """A bar for each chosen feature, best first from the top: what it tells, parted into new and told already.

    Args:
        choice: at least one chosen feature.
        definitions: feature -> what it means, for the hover.
        one: what a row is ("user").

    `customdata[0]` of a point is the feature's name.
    """
    made = figure("What each chosen feature tells of the target", f"Bits per {one}", "", height=_height(choice))
    names = [c.name for c in choice.chosen]
    shown = [shortened(name, 40) for name in names]
    meaning = _BITS.format(whole=choice.target_bits)
    facts = [
        [c.name, f"{c.bits:.3f}", f"{c.bits / choice.target_bits:.1%}", f"{c.shared:.3f}", f"{c.stability:.0%}",
         escaped(shortened(definitions.get(c.name, ""), 90))]
        for c in choice.chosen
    ]  # fmt: skip
    said = hover(
        "%{customdata[1]} bits, %{customdata[2]} of the target<br>%{customdata[3]} of them told already by those above"
        "<br>chosen again in %{customdata[4]} of redraws<br>%{customdata[5]}",
        meaning,
        head="%{customdata[0]}",
    )
    new = [max(c.bits - c.shared, 0.0) for c in choice.chosen]
    old = [min(c.shared, c.bits) for c in choice.chosen]
    common = {"y": list(range(len(names))), "orientation": "h", "customdata": facts, "hovertemplate": said}
    made.add_bar(x=new, name="New", marker={"color": BLUE}, **common)
    made.add_bar(
        x=old, name="Told already by features above", marker={"color": GREY, "pattern": {"shape": "/"}}, **common
    )
    made.update_layout(barmode="stack")
    made.update_yaxes(
        tickvals=list(range(len(names))), ticktext=shown, autorange="reversed", rangemode=None, showgrid=False
    )
    return made


def _height(choice: FeatureChoice) -> int:
    return 130 + _ROW * max(len(choice.chosen), 1)


def distribution_figure(found: Distribution, of: str) -> go.Figure:
    """The values of one feature as bars, with its quartiles as lines where it is a number.

    Args:
        found: at least one row with a value.
        of: what the rows are, in words ("users").

    `customdata[0]` of a bar is its value or range in words.
    """
    column = found.column
    if column.type != "number":
        return _words(found, of)
    unit = f"{column.name} ({column.unit})" if column.unit else column.name
    made = figure(f"How {column.name} is spread", unit, of.capitalize(), legend=False)
    edges = found.edges
    if found.whole:
        x, width = list(edges), min((high - low for low, high in pairwise(edges)), default=1.0) * 0.85
        labels = [f"{value:,.0f}" for value in edges]
    else:
        x, width = [(low + high) / 2 for low, high in pairwise(edges)], (edges[1] - edges[0]) * 0.97
        labels = [f"{number(low)} to {number(high)}" for low, high in pairwise(edges)]
    counts, colours = list(found.counts), [BLUE] * len(found.counts)
    if found.above:
        x.append(x[-1] + 3 * width)
        counts.append(found.above)
        colours.append(GREY)
        labels.append(f"above {number(edges[-1])}, up to {number(found.quartiles[-1])}")
    shares = [f"{count / max(found.known, 1):.1%}" for count in counts]
    made.add_bar(
        x=x,
        y=counts,
        width=width,
        marker={"color": colours},
        customdata=list(zip(labels, shares, strict=True)),
        hovertemplate=_hover(found, "y", of),
    )
    for place in sorted(set(found.quartiles[1:4])):
        made.add_vline(x=place, line={"color": AMBER, "width": 2, "dash": "dash"})
    made.update_yaxes(tickformat=",")
    return made


def _hover(found: Distribution, axis: str, of: str) -> str:
    said = f"%{{{axis}:,}} {of}, %{{customdata[1]}} of those with a value"
    return hover(said, found.column.definition, head="%{customdata[0]}")


def _words(found: Distribution, of: str) -> go.Figure:
    names = {"true": "Yes", "false": "No"} if found.column.type == "boolean" else {}
    labels = [names.get(label, label) for label in found.labels]
    counts = list(found.counts)
    if found.others:
        labels.append(f"{found.other_values:,} other values")
        counts.append(found.others)
    made = figure(
        f"How {found.column.name} is spread", of.capitalize(), "", height=110 + _ROW * len(labels), legend=False
    )
    made.add_bar(
        x=counts,
        y=list(range(len(labels))),
        orientation="h",
        marker={"color": [BLUE] * len(found.labels) + [GREY] * (len(labels) - len(found.labels))},
        customdata=[
            [escaped(label), f"{n / max(found.known, 1):.1%}"] for label, n in zip(labels, counts, strict=True)
        ],
        hovertemplate=_hover(found, "x", of),
    )
    ticks = [escaped(shortened(label)) for label in labels]
    made.update_yaxes(
        tickvals=list(range(len(labels))), ticktext=ticks, autorange="reversed", rangemode=None, showgrid=False
    )
    made.update_xaxes(tickformat=",")
    return made


def number(value: float) -> str:
    """A number with no more digits than it deserves.

    >>> number(1234.5), number(3.14159), number(2.0), number(0.01234)
    ('1,234', '3.1', '2', '0.012')
    """
    if value == round(value) or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:,.1f}" if abs(value) >= 1 else f"{value:.2g}"
