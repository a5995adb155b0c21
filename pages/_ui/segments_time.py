"""Segments over time: their size, and who moved between the parts of a split."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import pandas as pd
import streamlit as st

from core.figures import sizes_compared_figure, sizes_figure
from core.progress import Step
from core.segments import Segment, SizePoint, Unit, is_constant, read_schema, saved_segments, sizes
from core.store import Store
from pages._ui import format as fmt
from pages._ui import segments_movement
from pages._ui.features_jobs import beside
from pages._ui.segments_pick import pick, segments_told
from pages._ui.text import plain

SIZE, MOVEMENT = "Size", "Movement"
_UNITS: dict[str, Unit] = {"Days": "days", "Weeks": "weeks", "Months": "months"}
_END = "End of"
_MEMBERS, _SHARE = "Members", "Share of users seen"


def draw(store: Store, _: datetime | None) -> None:
    """The whole view."""
    if store.as_of() is None:
        st.info("No event has a time, so nothing can be said over time. Load events with their times.")
        return
    tabs = st.tabs([SIZE, MOVEMENT], key="watch", bind="query-params")
    for tab, shown in zip(tabs, (_sizes, segments_movement.draw), strict=True):
        if tab.open:
            with tab:
                shown(store)


def _sizes(store: Store) -> None:
    segments = pick(store)
    if not segments:
        return
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        unit = st.segmented_control(
            "One point for each of the last", list(_UNITS), default="Months", required=True, key="steps",
            bind="query-params", help="Days end at midnight, weeks on Sunday, months on their last day (UTC).",
        )  # fmt: skip
        n = int(st.number_input("How many", 2, 120, 12, key="periods", bind="query-params", width=130))
        shown = st.segmented_control(
            "Draw", (_MEMBERS, _SHARE), default=_MEMBERS, required=True, key="as_share", bind="query-params",
            help="Users seen: those with an event before the moment. Of them the share for whom the rule held then.",
        )  # fmt: skip
    found = _found(store, segments, _UNITS[unit], n)
    if found is None:
        return
    schema = read_schema(store, saved=saved_segments(store))
    constant = [s.name for s in segments if is_constant(s.rule, schema)]
    share = shown == _SHARE
    if len(found) > 1:
        figure = sizes_compared_figure(found, share=share)
    else:
        ((name, points),) = found.items()
        figure = sizes_figure(points, name, share=share, constant=bool(constant))
    st.plotly_chart(
        figure,
        theme="streamlit",
        key="fig_sizes",
        config={"displayModeBar": False},
        alt="Size of each segment at each moment; the same numbers stand in the table below.",
    )
    _said(segments, constant)
    _table(found)


def _found(store: Store, segments: Sequence[Segment], unit: Unit, n: int) -> dict[str, tuple[SizePoint, ...]] | None:
    def make(step: Step) -> tuple[dict[str, tuple[SizePoint, ...]], int]:
        many = len(segments)
        found = {
            segment.name: sizes(store, segment, unit, n, step=step.part(place / many, (place + 1) / many))
            for place, segment in enumerate(segments)
        }
        return found, 200 * n * many

    title = f"Size of {fmt.count(len(segments), 'segment')} over {n} {unit}"
    params = {**segments_told(store, segments, None), "unit": unit, "n": n}
    return beside(store, "sizes", title, params, make)


def _said(segments: Sequence[Segment], constant: Sequence[str]) -> None:
    """What is not asked anew at each moment."""
    if constant:
        stay = "stays" if len(constant) == 1 else "stay"
        st.caption(
            f"{_listed(constant)} {stay} constant: frozen members, random shares and attributes are as they are today, "
            "whatever the moment."
        )
    for segment in segments:
        if segment.as_of is not None and segment.name not in constant:
            st.caption(
                f"{_listed([segment.name])} is kept as of {fmt.moment(segment.as_of)} (UTC): its line ends there."
            )
    st.caption(
        "Each point asks the rule anew as if the data ended there; the last one is the end of the data. What is known "
        "of users apart from events (a country, a group) has no history and counts as it is today."
    )


def _table(found: dict[str, tuple[SizePoint, ...]]) -> None:
    moments = sorted({point.as_of for points in found.values() for point in points}, reverse=True)
    at = {name: {point.as_of: point for point in points} for name, points in found.items()}
    table = pd.DataFrame(
        {_END: [fmt.last_day(moment) for moment in moments]}
        | {_column(name): [_cell(points.get(moment)) for moment in moments] for name, points in at.items()}
    )
    st.dataframe(
        table,
        hide_index=True,
        height="content" if len(moments) <= 13 else 460,
        column_config={
            _END: st.column_config.TextColumn(pinned=True),
            **{_column(name): st.column_config.TextColumn(alignment="right") for name in found},
        },
    )
    st.caption("Members; in brackets, of users seen by then the share for whom the rule held.")


def _column(name: str) -> str:
    return f"{name} (segment)" if name == _END else name


def _cell(point: SizePoint | None) -> str:
    return fmt.NONE if point is None else f"{fmt.number(point.users)} ({fmt.percent(point.share)})"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"“{plain(name)}”" for name in names)
