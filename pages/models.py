"""Models: which one finds the right items for each user, and whom each would have reached."""

from __future__ import annotations

import streamlit as st

from core.errors import Refusal
from core.store import Store
from pages._ui import models_audience, models_compare, models_jobs, models_runs
from pages._ui.models_jobs import VIEW, VIEWS
from pages._ui.shell import refuse, start

_QUESTIONS = {
    VIEWS[0]: "Compare models",
    VIEWS[1]: "Right people for an item",
    VIEWS[2]: "Runs and fitted models",
}


def main() -> None:
    """Draw the page."""
    store = start("Models", "Which model finds the right items for each user?")
    if store is None:
        return
    try:
        _draw(store)
    except Refusal as refusal:
        refuse(refusal)


def _draw(store: Store) -> None:
    models_jobs.arrive(store)
    view = st.segmented_control(
        "Show",
        VIEWS,
        default=VIEWS[0],
        required=True,
        key=VIEW,
        bind="query-params",
        format_func=_QUESTIONS.__getitem__,
        label_visibility="collapsed",
    )
    if view == VIEWS[0]:
        models_compare.draw(store)
    elif view == VIEWS[1]:
        models_audience.draw(store)
    else:
        models_runs.draw(store)


main()
