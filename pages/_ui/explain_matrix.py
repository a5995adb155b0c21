"""Explain: the matrix of who did what, made once for everyone who looks: likeness needs no fitted model."""

from __future__ import annotations

import streamlit as st

from core.interactions import Interactions, MatrixSpec, build
from core.store import Store
from pages._ui.cache import opening


def matrix(store: Store, spec: MatrixSpec) -> Interactions:
    """The matrix of these settings, made once while the data stay. Raises what core.interactions.build raises."""
    return _made(str(store.path), opening(store), store.version, repr(spec), store, spec)


@st.cache_resource(max_entries=2, show_spinner="Reading who did what …")
def _made(path: str, opening: int, version: int, said: str, _store: Store, _spec: MatrixSpec) -> Interactions:
    return build(_store, _spec)
