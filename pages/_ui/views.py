"""The row of views at the head of a page: each named by the question it answers, the choice kept in the address."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st


def pick_view(questions: Mapping[str, str], key: str) -> str:
    """The chosen view: a key of `questions`, whose values are what people see; the first one where none is chosen."""
    views = list(questions)
    return st.segmented_control(
        "Show",
        views,
        default=views[0],
        required=True,
        key=key,
        bind="query-params",
        format_func=questions.__getitem__,
        label_visibility="collapsed",
        wrap=True,
    )
