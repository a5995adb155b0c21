"""Explain: a handful of users found on a figure: see them, take their file, keep them as a segment."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.segments import Prop, Test, these_users
from core.store import Store
from pages._ui.people import Behind, see_users
from pages._ui.segments_members import save_form


def some_users(store: Store, key: str, numbers: Sequence[int], words: str, name: str, ids: Sequence[str]) -> None:
    """Two buttons. `words`: who they are, as the rest of "Users ..."; `name`: what a segment of them is called."""
    if not numbers:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        see_users(store, key, lambda: Behind(words, these_users(numbers)))
        rule = Prop("user_id", Test("is", tuple(ids)))  # by their ids: what is alike today may not be tomorrow
        save_form(store, rule, None, name[:80], f"{key}_keep")
