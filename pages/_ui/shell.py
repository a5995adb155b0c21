"""How every page begins: its question, up to when the data run, and what to do where there are none."""

from __future__ import annotations

from datetime import timedelta

import streamlit as st

from core.behaviour import events_after_end
from core.errors import Refusal
from core.ingest import batches
from core.store import Store
from pages._ui import format as fmt
from pages._ui import state
from pages._ui.cache import ask
from pages._ui.text import plain, unflagged


def start(title: str, question: str) -> Store | None:
    """Draw the head of a page called `title`; the open workspace, or None when there is nothing to show yet.

    `question` is what the page answers ("Who are our users?"). With None the page has said what to do and should
    draw nothing more.
    """
    head(title, question)
    try:
        store = state.store()
    except Refusal as refusal:
        refuse(refusal)
        return None
    if store is None or not holds_events(store):
        _nothing_yet()
        return None
    banner(store)
    return store


def head(title: str, question: str) -> None:
    """The page's question as its title."""
    st.caption(title)
    st.title(question, anchor=False)


def refuse(refusal: Refusal) -> None:
    """Say what could not be done, and what would work."""
    st.error(f"**{plain(refusal.message)}**" + (f"\n\n{plain(unflagged(refusal.hint))}" if refusal.hint else ""))


def banner(store: Store) -> None:
    """Up to when the data run: the end of every period on the page."""
    end = store.as_of()
    if end is None:
        st.caption("These data have no times, so nothing here depends on one.")
        return
    last = end - timedelta(microseconds=1)
    late = ask(store, events_after_end)
    said = (
        f" {fmt.count(late, 'event')} dated later {'is' if late == 1 else 'are'} kept but not counted." if late else ""
    )
    st.caption(f"Data up to **{fmt.day(last)}** (times in UTC). “The last 30 days” end there, not today.{said}")


def holds_events(store: Store) -> bool:
    """Whether any load that counts brought events."""
    if store.as_of() is not None:
        return True
    live = (b for b in ask(store, batches) if b["live"])
    return any(b["events_added"] for b in live)


def holds_anything(store: Store) -> bool:
    """Whether anything was ever loaded, taken back or not."""
    return bool(ask(store, batches))


def _nothing_yet() -> None:
    st.info("There are no data here yet. Load your own files, or look around with the data of a made-up shop.")
    with st.container(horizontal=True):
        if st.button("Load my files", type="primary", key="empty_load"):
            state.go("data")
        if st.button("Load the sample data", key="empty_sample"):
            st.session_state[state.SAMPLE] = True
            state.go("data")
