"""Key figures in a row, a definition beside a figure, a table's file: shared by the views of fading and of ways."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from core.store import write_records
from pages._ui.downloads import csv_button
from pages._ui.text import plain

VISIT = {
    "gap": "30 minutes without an event end a visit",
    "own": "A visit is a session as the data name it; events without one are in no visit",
}
"""What a visit is, by how visits are told (core.attention.PathQuestion.by)."""


def cards(figures: Sequence[tuple[str, str, str]]) -> None:
    """Key figures: name, value, what it means."""
    with st.container(horizontal=True, gap="small"):
        for name, value, meaning in figures:
            with st.container(border=True, width=214, height="stretch"):
                st.metric(name, value, help=plain(meaning))


def definition(text: str) -> None:
    """What the figure above means."""
    st.caption("**Definition.** " + plain(text), width="stretch")


def table_file(records: Sequence[Mapping[Any, Any]], name: str, label: str = "CSV of this table") -> None:
    """A button for the table as a file."""

    def write(path: Path) -> int:
        return write_records(records, path)

    csv_button(label, write, f"{name}.csv", f"csv_{name}", rows=len(records))


def next_view(label: str, key: str, choice: str, value: str) -> None:
    """A button that turns to another part of this page, by the widget that chooses it."""
    st.divider()
    st.button(label, type="primary", key=key, on_click=lambda: st.session_state.update({choice: value}))
