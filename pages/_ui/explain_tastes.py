"""Explain: what a model's hidden tastes stand for."""

from __future__ import annotations

import streamlit as st

from core.recommend import StoredModel
from core.store import Store


def draw(store: Store, model: StoredModel | None) -> None:
    """The whole view."""
    st.info("Being built.")
