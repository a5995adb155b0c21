"""Models: how well users with little or no history, and items nobody has taken, are served."""

from __future__ import annotations

import streamlit as st

from core.store import Store


def draw(store: Store) -> None:
    """The whole view."""
    st.info("Being built.")
