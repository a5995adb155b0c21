"""Segments by value: RFM, ABC classes, stages of loyalty."""

from __future__ import annotations

from datetime import datetime

import streamlit as st

from core.store import Store
from pages._ui import segments_abc, segments_loyalty, segments_rfm

BY = "value"
"""Key of the chooser, in session state and in the address."""
RFM, ABC, LOYALTY = WAYS = ("RFM", "ABC", "Loyalty")
_ABOUT = {
    RFM: "How recently, how often and for how much they bought.",
    ABC: "How much of the whole the best users bring.",
    LOYALTY: "Who is new, loyal, slipping away or lost, by how long customers of these data pause between two orders.",
}


def draw(store: Store, as_of: datetime | None) -> None:
    """The whole view."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        way = st.segmented_control(
            "Value by", WAYS, default=RFM, required=True, key=BY, bind="query-params", label_visibility="collapsed"
        )
        st.caption(_ABOUT[way], width="content")
    {RFM: segments_rfm.draw, ABC: segments_abc.draw, LOYALTY: segments_loyalty.draw}[way](store, as_of)
