"""Segments side by side, and how they overlap."""

from __future__ import annotations

from datetime import datetime

import streamlit as st

from core.store import Store


def draw(store: Store, as_of: datetime | None) -> None:
    """The whole view."""
    st.info("Segments side by side.")
