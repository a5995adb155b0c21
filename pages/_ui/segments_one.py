"""Segments, one saved segment: who is in it and why, and all that can be done with it."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode

import streamlit as st

from core.errors import Refusal
from core.segments import Saved, SavedCount, Schema, delete_segment, describe, freeze, rename_segment, thaw
from core.store import Store
from pages._ui import format as fmt
from pages._ui import segments_counts, state
from pages._ui.segments_members import (
    COMPARE,
    SAVED,
    SEGMENT,
    TIME,
    VIEW,
    csv_of,
    edit,
    json_button,
    sample_table,
    tell,
)
from pages._ui.segments_words import last_day
from pages._ui.shell import refuse
from pages._ui.text import plain


def draw(store: Store, saved: Saved, count: SavedCount, schema: Schema) -> None:
    """The segment in a frame of its own."""
    segment = saved.segment
    with st.container(border=True):
        st.subheader(plain(segment.name), anchor=False)
        if count.problem is not None:
            refuse(count.problem)
        elif count.users is not None:
            share = f"{fmt.percent(count.share)} of {fmt.count(count.of, 'known user')}"
            words = plain(describe(segment.rule, schema))
            st.markdown(f"**{fmt.count(count.users, 'user')}** ({share}): {words}.")
        st.caption(_state(saved))
        known = count.users is not None
        with st.container(horizontal=True):
            if known:
                csv_of(store, segment.rule, segment.as_of, segment.name, count.users or 0, "saved_csv")
            json_button(segment.rule, segment.name, "saved_json")
            st.button(
                "Edit as a rule", key="saved_edit", on_click=edit, args=(store, segment.made_from or segment.rule)
            )
            st.button("See it over time", key="saved_to_time", on_click=_go, args=(TIME,))
            st.button("Compare", key="saved_to_compare", on_click=_go, args=(COMPARE,))
        with st.container(horizontal=True):
            if saved.frozen:
                _thaw(store, saved, schema)
            elif known:
                _freeze(store, saved, count)
            _link(segment.name)
            _rename(store, saved)
            _delete(store, saved)
        if known:
            sample_table(store, segment.rule, segment.as_of, count.users or 0)


def _state(saved: Saved) -> str:
    if saved.frozen:
        return "Frozen: its members were settled then; loads that came later add nobody and take nobody out."
    if saved.segment.as_of is not None:
        return f"Live, as of {last_day(saved.segment.as_of)}: whoever fits the rule by the data up to that day."
    return "Live: its members follow the data; windows such as “the last 30 days” end at the last event."


def _freeze(store: Store, saved: Saved, count: SavedCount) -> None:
    segment = saved.segment
    with st.popover("Freeze", key="saved_freeze", help="Settle its members as they are."):
        when = f"as of {last_day(segment.as_of)}" if segment.as_of else "as of now"
        st.markdown(
            f"The **{fmt.count(count.users, 'user')}** that it has {when} are kept by their ids. Data loaded later add "
            "nobody and take nobody out; counts, files and campaigns all use these members. The rule is kept too: "
            "you can make the segment live again whenever you like."
        )
        if st.button("Freeze it", key="saved_freeze_do", type="primary"):
            _change(store, lambda: freeze(store, segment.name), f"“{segment.name}” is frozen.")


def _thaw(store: Store, saved: Saved, schema: Schema) -> None:
    segment = saved.segment
    rule = segment.made_from
    with st.popover("Make live again", key="saved_thaw", help="Let its members follow the rule again."):
        words = "" if rule is None else f": {plain(describe(rule, schema))}"
        st.markdown(
            f"Its members are again whoever fits the rule{words}. The settled list is forgotten; to get it back, you "
            "would need the same data. Take its CSV first if you may want it."
        )
        if st.button("Make it live", key="saved_thaw_do", type="primary"):
            _change(store, lambda: thaw(store, segment.name), f"“{segment.name}” is live again.")


def _link(name: str) -> None:
    with st.popover("Link", key="saved_link", help="The address that opens this segment."):
        chosen = {state.WS: state.workspace() or "", VIEW: SAVED, SEGMENT: name}
        st.caption("Whoever can open this Limelight sees the same segment there.")
        st.code(f"{(st.context.url or '').partition('?')[0]}?{urlencode(chosen)}", language=None, wrap_lines=True)


def _rename(store: Store, saved: Saved) -> None:
    name = saved.segment.name
    with st.popover("Rename", key="saved_rename"):
        new = st.text_input("New name", name, key=f"saved_new_name_{name}", max_chars=80).strip()
        if st.button("Rename it", key="saved_rename_do", type="primary"):
            said = f"“{name}” is now called “{new}”."
            _change(store, lambda: rename_segment(store, name, new), said)


def _delete(store: Store, saved: Saved) -> None:
    name = saved.segment.name
    with st.popover("Delete", key="saved_delete"):
        st.markdown(
            "The segment goes; the data stay. This cannot be taken back."
            + (" Its settled members go with it." if saved.frozen else "")
        )
        if st.button("Delete it", key="saved_delete_do", type="primary"):
            _change(store, lambda: delete_segment(store, name), f"“{name}” has been deleted.")


def _change(store: Store, change: Callable[[], object], said: str) -> None:
    """Carry it out and say so at the head of the page, or say here why not."""
    segments_counts.clear_way(store)
    try:
        with st.spinner("One moment …"):
            change()
    except Refusal as refusal:
        refuse(refusal)
        return
    tell(said)
    st.rerun()


def _go(view: str) -> None:
    st.session_state[VIEW] = view
