"""Models: how near predicted ratings come to those given."""

from __future__ import annotations

import streamlit as st

from core.store import Store


def draw(store: Store) -> None:
    """The whole view."""
    st.info("Being built.")
