"""Explain: whom and what the page looks at, kept in the address, so that a link opens the same view."""

from __future__ import annotations

from typing import Literal

import streamlit as st

from pages._ui import state

VIEW = "about"
"""Key of the page's chooser, in session state and in the address."""
VIEWS = ("A user", "An item", "Who is like whom", "Tastes")

Name = Literal["user", "item", "why", "alike", "explain_model"]
NAMES: tuple[Name, ...] = ("user", "item", "why", "alike", "explain_model")
"""What is chosen, as in the address: the user; the item of the other view; the item that is explained for the user; the
similar user who is compared; the fitted model (an id)."""

_SHOWN = "_explain_shown"


def settle() -> None:
    """Called before the page is drawn: take what the address newly says, forget choices of another workspace.

    What was chosen on this page is already in session state; the address wins only where it says something that this
    page did not write there (a link, the browser's back button).
    """
    shown = st.session_state.get(_SHOWN, {})
    if shown and shown[state.WS] != state.workspace():
        for name in NAMES:
            st.session_state.pop(_key(name), None)
    for name in NAMES:
        linked = st.query_params.get(name)
        if linked and linked != shown.get(name):
            st.session_state[_key(name)] = linked


def show() -> None:
    """Put what is chosen into the address."""
    for name in NAMES:
        value = chosen(name)
        if value is None:
            st.query_params.pop(name, None)
        elif st.query_params.get(name) != value:
            st.query_params[name] = value
    st.session_state[_SHOWN] = {state.WS: state.workspace(), **{name: chosen(name) for name in NAMES}}


def chosen(name: Name) -> str | None:
    """What is chosen; None where nothing is."""
    value = st.session_state.get(_key(name))
    return value if isinstance(value, str) and value else None


def choose(name: Name, value: str | None) -> None:
    """Choose, from a callback. Another user has other explanations: what depends on the old one is dropped."""
    if name == "user" and value != chosen("user"):
        for depends in ("why", "alike"):
            st.session_state.pop(_key(depends), None)
    st.session_state[_key(name)] = value


def _key(name: str) -> str:
    return name if name == "explain_model" else f"explain_{name}"
