"""Explain: users as a network and on a map, by how alike they are."""

from __future__ import annotations

import streamlit as st

from core.interactions import MatrixSpec
from core.recommend import StoredModel
from core.store import Store
from pages._ui import explain_address as address
from pages._ui import explain_colour, explain_map, explain_network, explain_pick, segments_members
from pages._ui.explain_words import matrix_words
from pages._ui.text import plain

AROUND, MAP = TABS = ("Around one user", "A map of many")


def draw(store: Store, model: StoredModel | None) -> None:
    """The whole view. Likeness needs no model: only how behaviour counts, which is as the model in use has it."""
    segments_members.told()
    explain_pick.user(store)
    user = address.chosen("user")
    by = explain_colour.chooser(store)
    spec = MatrixSpec() if model is None else model.fit.matrix
    tabs = st.tabs(TABS, key="like_show", bind="query-params")
    for tab, name in zip(tabs, TABS, strict=True):
        if tab.open:
            with tab:
                if name == MAP:
                    explain_map.draw(store, spec, user, by)
                elif user is None:
                    st.info("Choose a user above: then see who is most like them, and how those are among themselves.")
                else:
                    explain_network.draw(store, spec, user, by)
                st.caption(plain(matrix_words(model)))
