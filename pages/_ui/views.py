"""The row of views at the head of a page: each named by the question it answers, the choice kept in the address."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

import streamlit as st

V = TypeVar("V", bound=str)


def pick_view(questions: Mapping[V, str], key: str, label: str = "Show") -> V:
    """The chosen view: a key of `questions`, whose values are what people see; the first one where none is chosen.

    `label` is what screen readers say.
    """
    views = list(questions)
    return st.segmented_control(
        label,
        views,
        default=views[0],
        required=True,
        key=key,
        bind="query-params",
        format_func=questions.__getitem__,
        label_visibility="collapsed",
        wrap=True,
    )
