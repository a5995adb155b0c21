"""Segments over time: their size, and who moved between them."""

from __future__ import annotations

from datetime import datetime

import streamlit as st

from core.store import Store


def draw(store: Store, as_of: datetime | None) -> None:
    """The whole view."""
    st.info("Sizes and movements.")
