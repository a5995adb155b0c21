"""Segments: who our users are, by value, by rules, by likeness; segments compared, watched and kept."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import streamlit as st

from core.errors import Refusal
from core.store import Store
from pages._ui import (
    segments_address,
    segments_alike,
    segments_compare,
    segments_rule,
    segments_saved,
    segments_time,
    segments_value,
)
from pages._ui.segments_members import (
    ALIKE,
    COMPARE,
    RULES,
    SAVED,
    TIME,
    VALUE,
    VIEW,
    VIEWS,
    set_draft,
    told,
)
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
        view = st.segmented_control("Show", VIEWS, default=VALUE, required=True, key=VIEW, bind="query-params")
        as_of = _as_of(store) if view not in (SAVED, TIME) else None
    {
        VALUE: segments_value.draw,
        RULES: segments_rule.draw,
        ALIKE: segments_alike.draw,
        COMPARE: segments_compare.draw,
        TIME: segments_time.draw,
        SAVED: segments_saved.draw,
    }[view](store, as_of)


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
