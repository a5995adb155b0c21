"""Explain: one user, or one item: who it is, what comes next, and why."""

from __future__ import annotations

import streamlit as st

from core.errors import Refusal
from core.store import Store
from pages._ui import explain_address as address
from pages._ui import explain_item, explain_likeness, explain_tastes, explain_user, fitted
from pages._ui.explain_address import VIEW, VIEWS
from pages._ui.shell import refuse, start


def main() -> None:
    """Draw the page."""
    store = start("Explain", "Why this person, why this item?")
    if store is None:
        return
    address.settle()
    try:
        _draw(store)
    except Refusal as refusal:
        refuse(refusal)
    address.show()


def _draw(store: Store) -> None:
    view = st.segmented_control(
        "Look at", VIEWS, default=VIEWS[0], required=True, key=VIEW, bind="query-params", label_visibility="collapsed"
    )
    fitted.settle(store)
    model = fitted.in_use(store)
    if view == VIEWS[1]:
        explain_item.draw(store, model)
    elif view == VIEWS[2]:
        explain_likeness.draw(store, model)
    elif view == VIEWS[3]:
        explain_tastes.draw(store, model)
    else:
        explain_user.draw(store, model)


main()
