"""Results: what a campaign changed, read from the people who were contacted and those who were held back."""

from __future__ import annotations

import streamlit as st

from core.errors import Refusal
from core.experiments import list_saved
from core.store import Store
from pages._ui import results_bring, results_lists, results_people, results_read, state
from pages._ui.shell import refuse, start


def main() -> None:
    """Draw the page."""
    store = start("Results", "What did the campaign change?")
    if store is None:
        return
    try:
        _draw(store)
    except Refusal as refusal:
        refuse(refusal)


def _draw(store: Store) -> None:
    results_lists.told()
    saved = list_saved(store)
    if not saved:
        _nothing_saved(store)
        return
    chosen = results_lists.choose(saved)
    with st.container():  # always there, so that what stands below keeps its place
        read = results_lists.read_kept(store, chosen)
    results_read.draw(read)
    results_people.draw(store, read)
    st.divider()
    results_lists.draw_responses(store, chosen)
    with st.expander("Bring a list from elsewhere", icon=":material/playlist_add:"):
        results_bring.draw(store)


def _nothing_saved(store: Store) -> None:
    """What a saved list is, and the two ways to one."""
    st.info(
        "No list has been saved yet. A saved list remembers who was sent a campaign, who was held back from it (the "
        "control group), and from when on. Once time has passed, this page compares the two: how many of each "
        "responded, and whether the difference is more than chance."
    )
    if state.page_path("campaigns").exists() and st.button("Make a list", type="primary", key="results_to_campaigns"):
        state.go("campaigns")
    st.subheader("Bring a list from elsewhere", anchor=False)
    results_bring.draw(store)


main()
