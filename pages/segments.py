"""Segments: who our users are, by RFM, by rules, and the segments that were kept."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import streamlit as st

from core.errors import Refusal
from core.store import Store
from pages._ui import segments_address, segments_rfm, segments_rule, segments_saved
from pages._ui.segments_members import VIEW, VIEWS, set_draft, told
from pages._ui.shell import refuse, start


def main() -> None:
    """Draw the page."""
    store = start("Segments", "Who are our users?")
    if store is None:
        return
    try:
        _draw(store)
    except Refusal as refusal:
        refuse(refusal)


def _draw(store: Store) -> None:
    told()
    _take_link(store)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        view = st.segmented_control(
            "Show",
            VIEWS,
            default=VIEWS[0],
            required=True,
            key=VIEW,
            bind="query-params",
        )
        as_of = _as_of(store) if view != VIEWS[2] else None
    if view == VIEWS[0]:
        segments_rfm.draw(store, as_of)
    elif view == VIEWS[1]:
        segments_rule.draw(store, as_of)
    else:
        segments_saved.draw(store)


def _take_link(store: Store) -> None:
    """The rule that a link brings goes into the builder."""
    try:
        rule = segments_address.linked(store)
    except Refusal as refusal:
        refuse(refusal)
        return
    if rule is not None:
        set_draft(store, rule)


def _as_of(store: Store) -> datetime | None:
    """The end of the data to look at; None = all of them."""
    end = store.as_of()
    if end is None:
        return None
    last = (end - timedelta(microseconds=1)).date()
    picked = st.date_input(
        "Data up to the end of",
        last,
        min_value=date(1900, 1, 1),
        max_value=last,
        key="up_to",
        bind="query-params",
        format="YYYY-MM-DD",
        width=190,
        help="Look as if the data ended on this day (UTC): windows such as “the last 30 days” end there.",
    )
    return (
        None if picked == last or not isinstance(picked, date) else datetime.combine(picked, time()) + timedelta(days=1)
    )


main()
