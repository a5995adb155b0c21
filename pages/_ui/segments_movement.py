"""Segments, movement: who was where at one date and is where at a later one, and the users of each band."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

import streamlit as st

from core.behaviour import data_span
from core.figures import movement_figure, movement_table_figure
from core.progress import Step
from core.segments import (
    ByAbc,
    ByGroup,
    ByLoyalty,
    ByRfm,
    BySegments,
    Flows,
    Movement,
    Split,
    flows,
    list_groups,
    movement,
    part_rule,
    read_schema,
    saved_segments,
    split_parts,
)
from core.store import Store
from pages._ui import format as fmt
from pages._ui.cache import ask
from pages._ui.features_jobs import beside
from pages._ui.segments_band import band, chosen, clicked, gains_table
from pages._ui.segments_members import ALIKE, VIEW
from pages._ui.segments_movement_words import held_fixed
from pages._ui.segments_pick import pick_saved, told_apart

RFM, LOYALTY, ABC, SAVED, GROUP = SPLITS = (
    "RFM", "Loyalty stages", "ABC", "Saved segments", "Clusters",
)  # fmt: skip
_BACK = 90
_CHART = "fig_moved"


def draw(store: Store) -> None:
    """The whole tab."""
    asked = _ask(store)
    if asked is None:
        return
    split, start, end, fixed = asked
    found = _found(store, split, start, end, fixed)
    if found is None:
        return
    sums = flows(found)
    _key_figures(sums)
    st.plotly_chart(
        movement_figure(found),
        theme="streamlit",
        key="fig_sankey",
        config={"displayModeBar": False},
        alt="Bands from the part of the first date to that of the second; the same numbers stand in the table below.",
    )
    st.caption(held_fixed(found, fixed))
    table = st.container()
    ends = chosen(found)
    with table:
        st.plotly_chart(
            movement_table_figure(found, chosen=ends),
            theme="streamlit",
            key=_CHART,
            on_select=lambda: clicked(_CHART, found),
            selection_mode="points",
            config={"displayModeBar": False},
            alt="Users of each pair of parts; open one with the choosers below.",
        )
    band(store, found, ends)
    gains_table(sums, found)


def _ask(store: Store) -> tuple[Split, datetime, datetime, bool] | None:
    """Draw the choices; None while they make no sense (the page has then said why)."""
    by = st.segmented_control("Who moved between", SPLITS, default=RFM, required=True, key="split", bind="query-params")
    span, last = ask(store, data_span), store.as_of()
    if span is None or last is None:
        return None
    row = st.container(horizontal=True, vertical_alignment="bottom", gap="small")
    with row:
        start = _date("End of", "moved_from", max(span[0], span[1] - timedelta(days=_BACK)), span)
        end = _date("And end of", "moved_to", span[1], span)
    split = _split(store, by, row)
    if split is None:
        return None
    fixed = True
    if by in (RFM, LOYALTY):
        with row:
            fixed = st.checkbox(
                "Same cuts at both dates", True, key="same_cuts", bind="query-params",
                help="Cuts learned from the data are those of the second date, at both dates: who moves has then "
                "changed themselves. Without it each date has its own, and people also move when others change.",
            )  # fmt: skip
    if start >= end:
        st.warning(f"There is no time between {fmt.day(start)} and {fmt.day(end)}. Choose an earlier first date.")
        return None
    return split, _after(start), min(_after(end), last), fixed


def _split(store: Store, by: str, row: Any) -> Split | None:
    if by in (RFM, LOYALTY, ABC) and "purchase" not in ask(store, read_schema).words:
        st.info("These data have no purchases. Choose saved segments, or clusters.")
        return None
    if by == RFM:
        return ByRfm()
    if by == LOYALTY:
        return ByLoyalty()
    if by == ABC:
        return ByAbc()
    if by == SAVED:
        names = pick_saved(
            store, "Parts, in this order", "among",
            "Each user counts in the first of these segments that they belong to, and so in one part only.",
        )  # fmt: skip
        return BySegments(names) if names else None
    return _group(store, row)


def _group(store: Store, row: Any) -> Split | None:
    names = [group.name for group in list_groups(store) if group.kind == "clusters"]
    if not names:
        st.info("No clusters have been kept yet. Find clusters of users, and keep them under a name.")
        st.button("Find clusters", key="moved_to_alike", type="primary", on_click=_to_alike)
        return None
    if st.session_state.get("of_group") not in names:
        st.session_state.pop("of_group", None)
    with row:
        return ByGroup(st.selectbox("Clusters", names, key="of_group", bind="query-params", width=320))


def _found(store: Store, split: Split, start: datetime, end: datetime, fixed: bool) -> Movement | None:
    def make(step: Step) -> tuple[Movement, int]:
        return movement(store, split, start, end, fixed=fixed, step=step), 100_000

    schema = read_schema(store, saved=saved_segments(store))
    rules = [part_rule(split, part, schema) for part in split_parts(split, schema)]
    params = {
        "split": type(split).__name__, "parts": told_apart(store, rules), "start": str(start), "end": str(end),
        "fixed": fixed,
    }  # fmt: skip
    return beside(store, "movement", f"Movement from {fmt.last_day(start)} to {fmt.last_day(end)}", params, make)


def _key_figures(sums: Flows) -> None:
    seen = sums.users - sums.new
    moved, stayed, new = st.columns(3, gap="small", border=True)
    moved.metric("Moved", fmt.number(sums.moved), help="In another part at the second date, or in none any more.")
    moved.caption(f"{fmt.percent(sums.moved_share)} of {fmt.count(seen, 'user')} seen by the first date")
    stayed.metric("Stayed", fmt.number(sums.stayed), help="In the same part at both dates.")
    stayed.caption(f"besides {fmt.number(sums.apart)} in no part, then and now")
    new.metric("Not yet seen", fmt.number(sums.new), help="No event of any kind before the end of the first date.")
    new.caption(f"of {fmt.count(sums.users, 'known user')}")


def _date(label: str, key: str, value: date, span: tuple[date, date]) -> date:
    picked = st.date_input(
        label, value, min_value=span[0], max_value=span[1], key=key, bind="query-params", format="YYYY-MM-DD",
        width=150, help="The data as they stood at the end of this day (UTC).",
    )  # fmt: skip
    assert isinstance(picked, date)  # of one day, not of a range
    return picked


def _after(day: date) -> datetime:
    return datetime.combine(day, time()) + timedelta(days=1)


def _to_alike() -> None:
    st.session_state[VIEW] = ALIKE
