"""Segments, saved ones: choose one, see its users, rename, delete, edit."""

from __future__ import annotations

from datetime import datetime

import pandas as pd
import streamlit as st

from core.errors import Refusal
from core.segments import (
    Counts,
    Saved,
    Segment,
    delete_segment,
    describe,
    explain_counts,
    list_segments,
    rename_segment,
)
from core.store import Store
from pages._ui import format as fmt
from pages._ui.cache import ask
from pages._ui.segments_members import RULES, SEGMENT, VIEW, csv_of, edit_saved, json_button, sample_table, tell
from pages._ui.shell import refuse
from pages._ui.text import plain


def draw(store: Store, _: datetime | None) -> None:
    """The whole view."""
    saved = list_segments(store)
    if not saved:
        st.info("No segment has been saved yet. Build a rule, or open an RFM segment, and save it.")
        st.button("Build a rule", key="saved_to_rule", on_click=_build)
        return
    segments = tuple(s.segment for s in saved)
    names = [segment.name for segment in segments]
    counts = {s.name: _counts(store, s, segments) for s in segments}
    table = pd.DataFrame(
        {
            "Segment": names,
            "Users": [c.users if isinstance(c, Counts) else None for c in counts.values()],
            "Rule": [describe(s.rule) if isinstance(counts[s.name], Counts) else str(counts[s.name]) for s in segments],
            "As of": [fmt.moment(s.as_of) if s.as_of else "follows the data" for s in segments],
            "Changed": [s.updated_at for s in saved],
        }
    )
    st.dataframe(
        table,
        hide_index=True,
        height="content" if len(names) < 10 else 390,
        column_config={
            "Users": st.column_config.NumberColumn(format="localized"),
            "Changed": st.column_config.DatetimeColumn(format="D MMM YYYY, HH:mm", help="UTC"),
        },
    )
    if st.session_state.get(SEGMENT) not in names:
        st.session_state.pop(SEGMENT, None)
    name = st.selectbox(
        "Open a segment", names, index=None, key=SEGMENT, bind="query-params", placeholder="Choose a segment", width=420
    )
    if name is not None:
        _open(store, saved[names.index(name)], counts[name])


def _counts(store: Store, segment: Segment, segments: tuple[Segment, ...]) -> Counts | Refusal:
    try:
        return ask(store, explain_counts, segment.rule, segment.as_of, segments)
    except Refusal as refusal:
        return refusal


def _open(store: Store, saved: Saved, counts: Counts | Refusal) -> None:
    segment = saved.segment
    with st.container(border=True):
        st.subheader(plain(segment.name), anchor=False)
        if isinstance(counts, Refusal):
            refuse(counts)
        else:
            share = f"{fmt.percent(counts.share)} of {fmt.count(counts.of, 'known user')}"
            st.markdown(f"**{fmt.count(counts.users, 'user')}** ({share}): {plain(describe(segment.rule))}.")
        with st.container(horizontal=True):
            if isinstance(counts, Counts):
                csv_of(store, segment.rule, segment.as_of, segment.name, counts.users, "saved_csv")
            json_button(segment.rule, segment.name, "saved_json")
            st.button("Edit as a rule", key="saved_edit", on_click=edit_saved, args=(store, segment.name))
            _rename(store, segment)
            _delete(store, segment)
        if isinstance(counts, Counts):
            sample_table(store, segment.rule, segment.as_of, counts.users)


def _rename(store: Store, segment: Segment) -> None:
    with st.popover("Rename", key="saved_rename"):
        new = st.text_input("New name", segment.name, key=f"saved_new_name_{segment.name}", max_chars=80)
        if st.button("Rename it", key="saved_rename_do", type="primary"):
            try:
                rename_segment(store, segment.name, new.strip())
            except Refusal as refusal:
                refuse(refusal)
                return
            tell(f"“{segment.name}” is now called “{new.strip()}”.")
            st.rerun()


def _delete(store: Store, segment: Segment) -> None:
    with st.popover("Delete", key="saved_delete"):
        st.markdown("The segment goes; the data stay. This cannot be taken back.")
        if st.button("Delete it", key="saved_delete_do", type="primary"):
            try:
                delete_segment(store, segment.name)
            except Refusal as refusal:
                refuse(refusal)
                return
            tell(f"“{segment.name}” has been deleted.")
            st.rerun()


def _build() -> None:
    st.session_state[VIEW] = RULES
