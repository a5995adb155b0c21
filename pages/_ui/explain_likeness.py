"""Explain: users as a network and on a map, by how alike they are."""

from __future__ import annotations

import streamlit as st

from core.recommend import StoredModel
from core.store import Store


def draw(store: Store, model: StoredModel | None) -> None:
    """The whole view."""
    st.info("Being built.")
