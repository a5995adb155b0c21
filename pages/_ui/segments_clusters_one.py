"""One cluster, opened: what sets it apart, its users, and what can be done with them."""

from __future__ import annotations

import streamlit as st

from core.errors import Refusal
from core.segments import Cluster, Clustering, InGroup, KeptGroup, rename_part
from core.store import Store
from pages._ui import format as fmt
from pages._ui.segments_alike_jobs import say
from pages._ui.segments_members import csv_of, edit, sample_table, save_form
from pages._ui.text import plain

CLUSTER = "cluster"
"""Key of the open cluster, in session state and in the address."""
_NONE = "In no cluster"


def draw(store: Store, group: KeptGroup, found: Clustering) -> None:
    """A chooser, and the cluster that is chosen."""
    parts = {one.name: one for one in found.clusters}
    if found.noise:
        parts.setdefault(_NONE, Cluster(-1, _NONE, found.noise, 0.0, ()))
    if st.session_state.get(CLUSTER) not in parts:
        st.session_state.pop(CLUSTER, None)
    name = st.selectbox(
        "Open a cluster",
        [*parts],
        index=None,
        key=CLUSTER,
        bind="query-params",
        placeholder="Choose a cluster to see its users",
        width=420,
    )
    if name is not None:
        _opened(store, group, found, parts[name])


def _opened(store: Store, group: KeptGroup, found: Clustering, part: Cluster) -> None:
    rule = InGroup(group.name, (part.number,))
    with st.container(border=True):
        st.subheader(plain(part.name), anchor=False)
        share = f" ({fmt.percent(part.share)} of those in a cluster)" if part.number >= 0 else ""
        st.markdown(f"**{fmt.count(part.users, 'user')}**{share}")
        if part.traits:
            st.markdown("\n".join(f"- {plain(trait.words)}" for trait in part.traits))
        with st.container(horizontal=True):
            csv_of(store, rule, None, part.name, part.users, "cluster_csv")
            save_form(store, rule, None, part.name, f"cluster_save_{part.number}")
            st.button("Use in a rule", key="cluster_edit", on_click=edit, args=(store, rule))
            if part.number >= 0:
                with st.popover("Rename this cluster", key="cluster_rename"):
                    key = f"cluster_name_{group.name}_{part.number}"
                    st.text_input("New name", part.name, key=key, max_chars=80)
                    st.button(
                        "Rename it",
                        key="cluster_rename_do",
                        type="primary",
                        on_click=_rename,
                        args=(store, group.name, part.number, key),
                    )
        sample_table(store, rule, None, part.users)


def _rename(store: Store, group: str, number: int, key: str) -> None:
    new = str(st.session_state[key]).strip()
    try:
        rename_part(store, group, number, new)
    except Refusal as refusal:
        say(refusal=refusal)
        return
    st.session_state[CLUSTER] = new
    say(f"The cluster is now called “{new}”.")
