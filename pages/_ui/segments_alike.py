"""Segments by likeness: clusters, and look-alikes of a segment."""

from __future__ import annotations

from datetime import datetime

import streamlit as st

from core.store import Store
from pages._ui import segments_clusters, segments_lookalikes
from pages._ui.segments_alike_jobs import ALIKE, CLUSTERS, LOOKALIKES, said

_ABOUT = {
    CLUSTERS: "Which groups of users are alike? Found from the data alone, with no rule written.",
    LOOKALIKES: "Who is like the members of a segment, but not in it?",
}


def draw(store: Store, as_of: datetime | None) -> None:
    """The whole view."""
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        view = st.segmented_control(
            "Clusters or look-alikes",
            list(_ABOUT),
            default=CLUSTERS,
            required=True,
            key=ALIKE,
            bind="query-params",
            label_visibility="collapsed",
        )
        st.caption(_ABOUT[view])
    said()
    {CLUSTERS: segments_clusters.draw, LOOKALIKES: segments_lookalikes.draw}[view](store, as_of)
