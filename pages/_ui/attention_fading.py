"""Attention, the view "How attention fades": after an item's launch, and with every repetition."""

from __future__ import annotations

import streamlit as st

from core.store import Store
from pages._ui import attention_fading_launch, attention_fading_tired
from pages._ui.home_period import Shown

_PARTS = {"launch": "After an item's launch", "repeats": "With every repetition"}


def draw(store: Store, shown: Shown) -> None:
    """The whole view."""
    part = st.segmented_control(
        "Fades", list(_PARTS), default="launch", required=True, key="fades", bind="query-params",
        format_func=_PARTS.__getitem__, label_visibility="collapsed",
    )  # fmt: skip
    if part == "repeats":
        attention_fading_tired.draw(store, shown)
    else:
        attention_fading_launch.draw(store, shown)
