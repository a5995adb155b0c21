"""Quality: what is wrong with the data, what that does to the figures, and repairs that can be taken back."""

from __future__ import annotations

import streamlit as st

from core.errors import Refusal
from core.store import Store
from pages._ui import quality_days, quality_found, quality_head, quality_jobs, quality_missing, quality_repairs
from pages._ui.quality_address import VIEW, VIEWS
from pages._ui.shell import refuse, start


def main() -> None:
    """Draw the page."""
    store = start("Quality", "Can we trust the data?")
    if store is None:
        return
    try:
        _draw(store)
    except Refusal as refusal:
        refuse(refusal)


def _draw(store: Store) -> None:
    report = quality_jobs.current(store)
    quality_head.draw(store, report)
    quality_jobs.told(store)
    view = st.segmented_control(
        "Show", VIEWS, default=VIEWS[0], required=True, key=VIEW, bind="query-params", label_visibility="collapsed"
    )
    if view == VIEWS[1]:
        quality_repairs.draw(store)
    elif view == VIEWS[2]:
        quality_missing.draw(store)
    elif view == VIEWS[3]:
        quality_days.draw(store)
    elif report is not None:
        quality_found.draw(store, report)


main()
