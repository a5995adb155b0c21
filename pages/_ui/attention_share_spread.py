"""Attention, in "Who gets the attention": how concentrated it is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path

import pandas as pd
import streamlit as st

from core.attention import Concentrated, concentration_users
from core.figures import GINI, LORENZ, concentration_figure, lorenz_figure
from core.store import Store
from pages._ui import format as fmt
from pages._ui.downloads import csv_button
from pages._ui.home_figures import chart, when
from pages._ui.home_period import Shown
from pages._ui.people import Behind, Choice, see_users
from pages._ui.text import plain, unbroken

_TOPS = {
    "the most watched hundredth": "top1",
    "the most watched tenth": "top10",
    "what has the first half": "half",
    "nothing of what has the first half": "rest",
}


def draw(
    store: Store, shown: Shown, found: Concentrated, csv: Callable[[pd.DataFrame], Callable[[Path], object]]
) -> None:
    """Lorenz curve, measures, trend. `csv`: what writes a table as a file."""
    if found.problem:
        st.info(found.problem)
        return
    chart(lorenz_figure(found), "fig_lorenz", f"Lorenz curve of attention, {shown.words}")
    st.caption("**Definition.** " + unbroken(plain(LORENZ)))
    _measures(found)
    picked = None
    if not found.trend.empty:
        picked = chart(concentration_figure(found), "fig_spread", f"Line: Gini per {found.unit}, {shown.words}")
    with st.container(horizontal=True, wrap=False, gap="medium"):
        st.caption(
            "**Definition.** " + plain(f"{GINI} Over what got any attention in the {found.unit}."), width="stretch"
        )
        starts = [] if found.trend.empty else sorted(found.trend["start"], reverse=True)
        periods: dict[str, date | None] = {
            "The whole period": None, **{when(start, found.unit): start for start in starts}
        }  # fmt: skip
        see_users(
            store,
            "spread",
            partial(_behind, store, shown, found),
            [Choice("Who gave attention to", dict(_TOPS)), Choice("When", periods)],
            picked=["top10", date.fromisoformat(picked[0])] if picked else None,
        )
    if not found.trend.empty:
        csv_button("CSV of the trend", csv(found.trend), "concentration.csv", "csv_spread")


def _measures(found: Concentrated) -> None:
    seen, known = found.seen, found.known
    lines = ["| | with any attention | all there are |", "|---|---|---|"]
    each = (seen, known)

    def told(name: str, values: list[str]) -> str:
        return f"| {name} | {' | '.join(unbroken(plain(v)) for v in values)} |"

    lines += [
        told("How many", [fmt.number(one.things) if one else fmt.NONE for one in each]),
        told("Gini", [fmt.number(one.gini, 3) if one else fmt.NONE for one in each]),
        told("Gini by chance alone", [fmt.number(one.gini_by_chance, 3) if one else fmt.NONE for one in each]),
        told("HHI", [fmt.number(one.hhi, 4) if one else fmt.NONE for one in each]),
        told("As if evenly over", [fmt.number(one.as_if, 1) if one else fmt.NONE for one in each]),
        told("Most watched 1 %", [fmt.percent(one.top1) if one else fmt.NONE for one in each]),
        told("Most watched 10 %", [fmt.percent(one.top10) if one else fmt.NONE for one in each]),
        told("Half is on", [fmt.number(one.half) if one else fmt.NONE for one in each]),
    ]
    st.markdown("\n".join(lines))
    said = (
        "HHI: the sum of squared shares; one over it says over how many attention would be spread evenly. “All there"
        " are” takes in those that nobody looked at, with nothing."
    )
    if known is None:
        said += " Only events name these values, so there is no list of all there are."
    if seen.few:
        said += " Few data: with so few counts chance alone makes much of the unevenness; compare “by chance alone”."
    st.caption(plain(said))


def _behind(store: Store, shown: Shown, found: Concentrated, top: str, start: date | None) -> Behind:
    words = next(name for name, value in _TOPS.items() if value == top)
    chosen = next(value for value in ("top1", "top10", "half", "rest") if value == top)
    time = shown.words if start is None else when(start, found.unit)
    return Behind(f"who gave attention to {words}, {time}", concentration_users(store, found, chosen, start))
