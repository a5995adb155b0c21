"""Data: what has been loaded, and loading more."""

from __future__ import annotations

import streamlit as st

from core.errors import Refusal
from core.jobs import runner_for
from core.store import Store
from pages._ui import shell, state
from pages._ui.data_history import draw_history
from pages._ui.data_load import draw_load, forget_draft, load_job, load_sample
from pages._ui.data_report import draw_report
from pages._ui.jobs import job_result


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
    _undone(store)
    if not _report(store):
        draw_load()
    draw_history(store)


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
    path, job_id = st.session_state.get(state.UNDO, (None, None))
    if job_id and path == str(store.path):
        result = job_result(runner_for(store), job_id)
        if result:
            st.success(f"Load {result['batch']} has been taken back.")
            del st.session_state[state.UNDO]


main()
