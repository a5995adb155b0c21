"""Campaigns: the items a list is about, kept in the address, so that a link opens the same question."""

from __future__ import annotations

import streamlit as st

from pages._ui import explain_address, state

QUESTION = "asking"
"""Key of the page's chooser, in session state and in the address."""
QUESTIONS = ("Item", "People")

ITEMS = "c_items"
"""Session key of the chosen items: raw ids. In the address: `about`, once for each."""

_NAME, _SHOWN, _KEPT = "about", "_c_shown", "_c_kept_items"


def settle() -> None:
    """Called before the page is drawn: take the items that the address newly says; forget those of another workspace.

    Where nothing is chosen yet, the item that the page Explain looks at is carried along.
    """
    shown = st.session_state.get(_SHOWN)
    linked = list(dict.fromkeys(text for text in st.query_params.get_all(_NAME) if text))
    if shown is not None and shown[0] != state.workspace():
        st.session_state[ITEMS] = []
    elif ITEMS not in st.session_state:
        st.session_state[ITEMS] = st.session_state.get(_KEPT, [])
    if linked and (shown is None or linked != shown[1]):
        st.session_state[ITEMS] = linked
    if shown is None and not st.session_state[ITEMS] and (item := explain_address.chosen("item")):
        st.session_state[ITEMS] = [item]


def show() -> None:
    """Put what is chosen into the address."""
    items = [*chosen()]
    st.session_state[_KEPT] = items
    st.session_state[_SHOWN] = (state.workspace(), items)
    if st.query_params.get_all(_NAME) != items:
        if items:
            st.query_params[_NAME] = items
        else:
            st.query_params.pop(_NAME, None)


def chosen() -> tuple[str, ...]:
    """The raw ids of the chosen items."""
    return tuple(st.session_state.get(ITEMS) or ())
