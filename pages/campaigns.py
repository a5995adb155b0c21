"""Campaigns: whom the next one should reach, and with what; the list, its control group and its manifest."""

from __future__ import annotations

import streamlit as st

from core.errors import Refusal
from core.store import Store
from pages._ui import campaigns_address as address
from pages._ui import campaigns_ask, campaigns_gates, campaigns_jobs, campaigns_result, fitted
from pages._ui.campaigns_address import QUESTION, QUESTIONS
from pages._ui.shell import refuse, start
from pages._ui.views import pick_view

_ASKED = {QUESTIONS[0]: "Who should hear about this?", QUESTIONS[1]: "What should these people hear?"}


def main() -> None:
    """Draw the page."""
    store = start("Campaigns", "Whom should the next campaign reach?")
    if store is None:
        return
    address.settle()
    try:
        _draw(store)
    except Refusal as refusal:
        refuse(refusal)
    address.show()


def _draw(store: Store) -> None:
    view = pick_view(_ASKED, QUESTION, "Question")
    fitted.settle(store)
    model = fitted.in_use(store)
    with st.container(border=True, key="c_ask"):
        ready = campaigns_ask.draw(store, view == QUESTIONS[0], model)
        st.divider()
        campaigns_gates.draw(store, view == QUESTIONS[0])
        campaigns_jobs.button(store, ready)
    campaigns_result.draw(store)


main()
