"""Attention, the view "Paths": from one category to the next, and from entry to purchase."""

from __future__ import annotations

import streamlit as st

from core.store import Store
from pages._ui import attention_paths_flow, attention_paths_ways
from pages._ui.home_period import Shown

_PARTS = {"ways": "From entry to purchase", "flow": "Between categories"}


def draw(store: Store, shown: Shown) -> None:
    """The whole view."""
    part = st.segmented_control(
        "Paths", list(_PARTS), default="ways", required=True, key="paths", bind="query-params",
        format_func=_PARTS.__getitem__, label_visibility="collapsed",
    )  # fmt: skip
    if part == "flow":
        attention_paths_flow.draw(store, shown)
    else:
        attention_paths_ways.draw(store, shown)
