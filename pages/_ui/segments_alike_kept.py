"""Kept clusters and look-alikes: chosen, renamed, deleted."""

from __future__ import annotations

import streamlit as st

from core.errors import Refusal
from core.segments import KeptGroup, delete_group, rename_group
from core.store import Store
from pages._ui import format as fmt
from pages._ui.segments_alike_jobs import KEY, Kind, choose_group, kept, open_group, say, show_group
from pages._ui.text import plain

_WORDS: dict[Kind, tuple[str, str]] = {
    "clusters": ("Kept clusters", "Choose kept clusters, or find new ones"),
    "lookalike": ("Kept look-alikes", "Choose kept look-alikes, or find new ones"),
}


def chooser(store: Store, kind: Kind) -> KeptGroup | None:
    """The kept group to show; None where there is none, or none is chosen."""
    groups = kept(store, kind)
    choose_group(store, kind, groups)
    if not groups:
        show_group(kind, None)
        return None
    label, placeholder = _WORDS[kind]
    found = {group.name: group for group in groups}
    name = st.selectbox(
        label,
        [*found],
        index=None,
        key=KEY[kind],
        placeholder=placeholder,
        width=420,
        help="Every answer is kept as soon as it is there, under a name of its own: rename it, or delete it.",
    )
    show_group(kind, name)
    return None if name is None else found[name]


def told(store: Store, group: KeptGroup) -> None:
    """What the group is, and whether the data are still those it was made of."""
    words = f"{group.words[:1].upper()}{group.words[1:]}. Made {fmt.moment(group.created_at)} (UTC)"
    if group.as_of is not None and group.kind == "clusters":
        words += f", of data up to {fmt.moment(group.as_of)}"
    st.caption(plain(f"{words}."))


def manage(store: Store, kind: Kind, group: KeptGroup) -> None:
    """Buttons to rename it and to delete it."""
    with st.popover("Rename", key=f"{kind}_rename"):
        st.text_input("Keep it under the name", group.name, key=f"{kind}_new_{group.name}", max_chars=80)
        st.caption("Segments that use it follow.")
        st.button("Rename it", key=f"{kind}_rename_do", type="primary", on_click=_rename, args=(store, kind, group))
    with st.popover("Delete", key=f"{kind}_delete"):
        st.markdown(f"{plain(f'“{group.name}”')} goes; the data stay. This cannot be taken back.")
        st.button("Delete it", key=f"{kind}_delete_do", type="primary", on_click=_delete, args=(store, kind, group))


def _rename(store: Store, kind: Kind, group: KeptGroup) -> None:
    new = str(st.session_state[f"{kind}_new_{group.name}"]).strip()
    try:
        rename_group(store, group.name, new)
    except Refusal as refusal:
        say(refusal=refusal)
        return
    open_group(kind, new)
    say(f"Kept as “{new}”.")


def _delete(store: Store, kind: Kind, group: KeptGroup) -> None:
    try:
        delete_group(store, group.name)
    except Refusal as refusal:
        say(refusal=refusal)
        return
    open_group(kind, None)
    say(f"“{group.name}” has been deleted.")
