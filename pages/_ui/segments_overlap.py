"""Segments that overlap: who is in exactly which of them, each pair against chance, and the users of one part."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import pandas as pd
import streamlit as st

from core.figures import overlap_figure, upset_figure
from core.progress import Step
from core.segments import Intersection, Overlap, Segment, overlap
from core.store import Store
from pages._ui import format as fmt
from pages._ui.features_jobs import beside
from pages._ui.segments_pick import group_box, segments_told
from pages._ui.text import plain

PART = "part"
"""Key of the chosen intersection, in session state and in the address."""
_CHART = "fig_upset"
_NONE_OF_THEM = "In none of them"


def draw(store: Store, segments: Sequence[Segment], as_of: datetime | None) -> None:
    """The whole tab."""

    def make(step: Step) -> tuple[Overlap, int]:
        return overlap(store, segments, as_of, step=step), 100_000

    title = f"Overlap of {fmt.count(len(segments), 'segment')}"
    found = beside(store, "overlap", title, segments_told(store, segments, as_of), make)
    if found is None:
        return
    if len(segments) == 1:
        st.info("One segment overlaps with nothing: choose a second one above.")
    parts = _parts(found)
    st.plotly_chart(
        upset_figure(found),
        theme="streamlit",
        key=_CHART,
        on_select=lambda: _clicked(parts),
        selection_mode="points",
        config={"displayModeBar": False},
        alt="Users in exactly these segments, the largest group first; the same numbers stand in the chooser below.",
    )
    _open(store, found, parts, as_of)
    if len(segments) > 1:
        _pairs(found)


def _parts(found: Overlap) -> dict[str, Intersection]:
    """Every intersection with users by its label; two of one label are told apart by a number."""
    parts: dict[str, Intersection] = {}
    for one in found.intersections:
        label = base = " and ".join(one.names) if one.names else _NONE_OF_THEM
        n = 1
        while label in parts:
            n += 1
            label = f"{base} ({n})"
        parts[label] = one
    return parts


def _clicked(parts: dict[str, Intersection]) -> None:
    """A bar was clicked: open those users."""
    points = st.session_state[_CHART].selection.points
    if not points or "customdata" not in points[0]:
        return
    names = tuple(points[0]["customdata"][0].split("\n"))
    label = next((label for label, one in parts.items() if one.names == names), None)
    if label is not None:
        st.session_state[PART] = label


def _open(store: Store, found: Overlap, parts: dict[str, Intersection], as_of: datetime | None) -> None:
    if st.session_state.get(PART) not in parts:
        st.session_state.pop(PART, None)
    label = st.selectbox(
        "Open the users of exactly these segments (or click a bar)",
        list(parts),
        index=None,
        key=PART,
        bind="query-params",
        placeholder="Choose segments to see their users",
    )
    if label is None:
        return
    one = parts[label]
    others = [name for name in found.names if name not in one.names]
    inside = f"in {_listed(one.names)}" if one.names else ""
    outside = f"in none of {_listed(others)}" if others else ""
    share = fmt.percent(one.users / found.known if found.known else None)
    where = " and ".join(filter(None, (inside, outside)))
    words = f"**{fmt.count(one.users, 'user')}**, {share} of all known users: {where}."
    group_box(store, found.rule(one.names), as_of, label, one.users, "part", words)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"“{plain(name)}”" for name in names)


def _pairs(found: Overlap) -> None:
    st.subheader("Each pair", anchor=False)
    st.plotly_chart(
        overlap_figure(found),
        theme="streamlit",
        key="fig_pairs",
        config={"displayModeBar": False},
        alt="Of each segment the share that is in each other; the same numbers stand in the table below.",
    )
    st.dataframe(
        pd.DataFrame(
            {
                "Segment": [pair.first for pair in found.pairs],
                "And": [pair.second for pair in found.pairs],
                "Both": [fmt.number(pair.users) for pair in found.pairs],
                "Of first": [fmt.percent(pair.share) for pair in found.pairs],
                "Of either": [fmt.percent(pair.jaccard) for pair in found.pairs],
                "Lift": [fmt.number(pair.lift, 2) for pair in found.pairs],
            }
        ),
        hide_index=True,
        height="content" if len(found.pairs) < 10 else 390,
        column_config={
            "Segment": st.column_config.TextColumn(width=150),
            "And": st.column_config.TextColumn(width=150),
            "Both": st.column_config.TextColumn(alignment="right", help="Users in both."),
            "Of first": st.column_config.TextColumn(
                alignment="right", help="Users in both as a share of the first segment's members."
            ),
            "Of either": st.column_config.TextColumn(
                alignment="right", help="Users in both as a share of those in at least one of the two (Jaccard)."
            ),
            "Lift": st.column_config.TextColumn(
                alignment="right",
                help="Users in both, divided by as many as there would be if the two had nothing to do with each "
                "other. 1 = as chance would have it, 2 = twice as many.",
            ),
        },
    )
