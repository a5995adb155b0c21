"""Figures of campaigns: how a list came about, gate by gate."""

from __future__ import annotations

import textwrap
from typing import Final, Literal, NamedTuple

import plotly.graph_objects as go

from core.campaigns import Stage, StageName, TargetList
from core.figures.experiments import arm_colour
from core.figures.template import PALE, escaped, figure, hover, percent

CONTACTED: Final = "contacted"
"""What the last bar is called in `customdata[0]`, beside the names of the stages."""

STAGE_NAMES: dict[StageName, str] = {
    "candidates": "Could be chosen",
    "consent": "No consent",
    "suppressed": "Suppressed",
    "bought": "Bought already",
    "size": "Beyond the size",
    "holdout": "Control group",
}
"""What people call those whom each gate leaves out; "candidates" are those who come to the first gate."""

_MEANINGS: dict[StageName | Literal["contacted"], str] = {
    "candidates": "Users the question is about, before any gate.",
    "consent": "Left out: the data hold no yes of theirs to being contacted.",
    "suppressed": "Left out: they stand on the list of users never to contact. No other rule lets them back in.",
    "bought": "Left out: they have bought it already, and kept it.",
    "size": "Left out: the list is full. They rank below those who are in it.",
    "holdout": "Held out by lot, not contacted: against them it is seen what the campaign changes.",
    "contacted": "The users in the list to send.",
}


def waterfall_figure(target: TargetList) -> go.Figure:
    """Bars from top to bottom: who could be chosen, whom each gate leaves out, who is contacted.

    A gate's bar reaches from the users who passed it to those who came to it, so that the bars meet. `customdata[0]`
    is the stage, or CONTACTED.
    """
    asked = max(target.stages[0].before, target.stages[0].after, 1)
    made = figure(
        "From who could be chosen to who is contacted",
        "Users",
        "",
        height=100 + 46 * (len(target.stages) + 1),
        legend=False,
    )
    bars = [_of_stage(stage) for stage in target.stages]
    last = target.stages[-1].after
    share = f"{percent(last / asked)} of all who could be chosen"
    bars.append(_Bar(CONTACTED, "To contact", last, 0, f"{last:,} {_users(last)}", arm_colour("contacted"), 1.0, share))
    for bar in bars:
        _draw(made, bar)
    made.update_yaxes(categoryorder="array", categoryarray=[bar.label for bar in bars][::-1])
    made.update_xaxes(range=[0, 1.18 * asked], tickformat=",")  # room for the numbers beside the bars
    made.update_layout(bargap=0.28)
    return made


class _Bar(NamedTuple):
    stage: StageName | Literal["contacted"]
    label: str
    size: int
    base: int
    said: str
    colour: str
    opacity: float
    words: str


def _of_stage(stage: Stage) -> _Bar:
    """The users whom a gate leaves out; for the first stage those who came."""
    name = stage.stage
    label = STAGE_NAMES[name]
    if name == "candidates":
        said = f"{stage.after:,} {_users(stage.after)}"
        return _Bar(name, label, stage.after, 0, said, arm_colour("contacted"), PALE, stage.words)
    gone = stage.before - stage.after
    said = f"− {gone:,}" if gone else "nobody"
    # grey is who is not contacted: in full for the control group, pale for those left out
    opacity = 1.0 if name == "holdout" else PALE
    return _Bar(name, label, gone, stage.after, said, arm_colour("control"), opacity, stage.words)


def _draw(made: go.Figure, bar: _Bar) -> None:
    facts = [bar.stage, f"{bar.size:,} {_users(bar.size)}", "<br>".join(textwrap.wrap(escaped(bar.words), 64))]
    made.add_bar(
        y=[bar.label],
        x=[bar.size],
        base=[bar.base],
        orientation="h",
        marker={"color": bar.colour, "opacity": bar.opacity},
        text=[bar.said],
        textposition="outside",
        cliponaxis=False,
        customdata=[facts],
        hovertemplate=hover("%{customdata[1]}<br>%{customdata[2]}", _MEANINGS[bar.stage], head="%{y}"),
    )


def _users(number: int) -> str:
    return "user" if number == 1 else "users"
