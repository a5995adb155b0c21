"""Segments, kept groups: clusters, look-alikes and lists of ids, what each is, and what can be done with it."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.errors import Refusal
from core.segments import InGroup, KeptGroup, count, delete_group, describe, list_groups, read_schema, rename_group
from core.store import Store
from pages._ui import format as fmt
from pages._ui import segments_counts, segments_list
from pages._ui.cache import ask
from pages._ui.segments_members import csv_of, edit, sample_table, save_form, tell
from pages._ui.segments_words import group_said
from pages._ui.shell import refuse
from pages._ui.text import label, plain

GROUP = "group"
"""Key of the chosen kept group, in session state and in the address."""


def draw(store: Store) -> None:
    """The section below the saved segments."""
    st.subheader("Kept groups", anchor=False)
    st.caption(
        "Users kept by their ids: clusters and look-alikes from the view Alike, and lists that you bring. Rules name "
        "them by “in group”. They stay as they are when data are loaded."
    )
    groups = tuple(group for group in list_groups(store) if group.kind != "frozen")
    if groups:
        _table(groups)
    names = [group.name for group in groups]
    if st.session_state.get(GROUP) not in names:
        st.session_state.pop(GROUP, None)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = None
        if groups:
            name = st.selectbox(
                "Open a group",
                names,
                index=None,
                key=GROUP,
                bind="query-params",
                format_func=label,
                placeholder="Choose a group",
                width=420,
            )
        segments_list.opener()
    segments_list.draw(store)
    if name is not None:
        _open(store, groups[names.index(name)])


def _table(groups: tuple[KeptGroup, ...]) -> None:
    table = pd.DataFrame(
        {
            "Group": [group.name for group in groups],
            "Ids": [group.users for group in groups],
            "Kind": [group_said(group) for group in groups],
            "What it is": [group.words for group in groups],
            "Kept": [group.created_at for group in groups],
        }
    )
    st.dataframe(
        table,
        hide_index=True,
        placeholder=fmt.NONE,
        height="content" if len(groups) < 8 else 310,
        column_config={
            "Group": st.column_config.TextColumn(width=160),
            "Ids": st.column_config.NumberColumn(
                format="localized", width=75, help="Ids kept, those of users who are not in the data too."
            ),
            "Kind": st.column_config.TextColumn(width=140),
            "What it is": st.column_config.TextColumn(width=400),
            "Kept": st.column_config.DatetimeColumn(format="D MMM YYYY", help="UTC", width=100),
        },
    )


def _open(store: Store, group: KeptGroup) -> None:
    with st.container(border=True):
        st.subheader(plain(group.name), anchor=False)
        parts = _parts(group)
        rule = InGroup(group.name, parts)
        users = ask(store, count, rule)
        words = plain(describe(rule, ask(store, read_schema)))
        st.markdown(f"**{fmt.count(users, 'user')}** of the data {words}.")
        absent = group.users - users
        if not parts and absent > 0:
            st.caption(f"{fmt.count(absent, 'id')} more {'is' if absent == 1 else 'are'} of no user in the data.")
        with st.container(horizontal=True):
            csv_of(store, rule, None, group.name, users, "group_csv")
            save_form(store, rule, None, f"In {group.name}"[:80], "group_save")
            st.button("Use in a rule", key="group_edit", on_click=edit, args=(store, rule))
            _rename(store, group)
            _delete(store, group)
        sample_table(store, rule, None, users)


def _parts(group: KeptGroup) -> tuple[int, ...]:
    """The parts to look at; () = all."""
    if not group.parts:
        return ()
    chosen = st.pills(
        "Parts",
        sorted(group.parts),
        selection_mode="multi",
        key=f"group_parts_{group.name}",
        format_func=lambda part: label(group.parts[part]),
        help="None chosen: all of them.",
    )
    return tuple(chosen or ())


def _rename(store: Store, group: KeptGroup) -> None:
    with st.popover("Rename", key="group_rename"):
        new = st.text_input("New name", group.name, key=f"group_new_name_{group.name}", max_chars=80).strip()
        if st.button("Rename it", key="group_rename_do", type="primary"):
            segments_counts.clear_way(store)
            try:
                rename_group(store, group.name, new)
            except Refusal as refusal:
                refuse(refusal)
                return
            tell(f"“{group.name}” is now called “{new}”, in the rules that name it too.")
            st.rerun()


def _delete(store: Store, group: KeptGroup) -> None:
    with st.popover("Delete", key="group_delete"):
        st.markdown("The group goes; the users and their data stay. This cannot be taken back.")
        if st.button("Delete it", key="group_delete_do", type="primary"):
            segments_counts.clear_way(store)
            try:
                delete_group(store, group.name)
            except Refusal as refusal:
                refuse(refusal)
                return
            tell(f"“{group.name}” has been deleted.")
            st.rerun()
