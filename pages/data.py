"""Data: what has been loaded, and loading more."""

from __future__ import annotations

import streamlit as st

from core.behaviour import DEFINITIONS, contents, overview
from core.errors import Refusal
from core.jobs import runner_for
from core.store import Store
from pages._ui import format as fmt
from pages._ui import shell, state
from pages._ui.cache import ask
from pages._ui.data_care import draw_care
from pages._ui.data_history import draw_history
from pages._ui.data_load import draft, draw_load, forget_draft, load_job, load_sample
from pages._ui.data_report import draw_figures, draw_report
from pages._ui.data_takeaway import draw_takeaway
from pages._ui.jobs import job_result
from pages._ui.text import plain


def main() -> None:
    """Draw the page."""
    shell.head("Data", "What data do we have?")
    try:
        if st.session_state.pop(state.SAMPLE, False):
            load_sample()
        store = state.store()
    except Refusal as refusal:
        shell.refuse(refusal)
        return
    if store is None:
        st.markdown("Nothing is loaded yet. Begin with a file of what users did: orders, clicks, ratings.")
        draw_load()
        return
    if shell.holds_events(store):
        shell.banner(store)
    else:
        st.markdown("This workspace is empty. Begin with a file of what users did: orders, clicks, ratings.")
    _undone(store)
    if not _report(store):
        if draft() is None:
            _held(store)
        draw_load()
    loads, away, care = st.tabs(["What has been loaded", "Take it away", "Erase and drop"])
    with loads:
        draw_history(store)
    with away:
        if shell.holds_anything(store):
            draw_takeaway(store)
        else:
            st.caption("There is nothing to take away yet.")
    with care:
        if shell.holds_anything(store):
            draw_care(store)
        else:
            st.caption("There is nothing here yet.")


def _held(store: Store) -> None:
    """What the workspace holds, in one line of figures."""
    if not shell.holds_events(store):
        return
    kinds, held = ask(store, contents), ask(store, overview)
    events = sum(kind.events for kind in kinds)
    draw_figures(
        [
            ("Events", events, "All that was recorded, one count for each event, whenever it happened."),
            ("Users known", held.known_users, "Users named by any file, with or without events."),
            ("Items with events", int(held.items.value or 0), DEFINITIONS["items"]),
        ]
    )
    if held.first and held.last:
        st.caption(f"Events from {fmt.period(held.first.date(), held.last.date())}.")
    for note in held.notes:
        st.caption(plain(note))


def _report(store: Store) -> bool:
    """The load that was started last: under way or done. False when the page is free for another."""
    job = load_job(store)
    result = job_result(runner_for(store), job.id if job else None)
    if job is None or not (job.active or result):
        return False
    if result:
        forget_draft()
        draw_report(store, result)
    return True


def _undone(store: Store) -> None:
    """Say that a load has been taken back, until something else is loaded or taken back."""
    path, job_id = st.session_state.get(state.UNDO, (None, None))
    result = job_result(runner_for(store), job_id) if path == str(store.path) else None
    if result:
        st.success(f"Load {result['batch']} has been taken back.")


main()
