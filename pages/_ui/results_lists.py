"""Results, the saved lists: which one is open, its people and files, and a file of responses in place of the events."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import streamlit as st

from core.errors import Refusal
from core.experiments import Readout, SavedList, delete_saved, readout
from core.store import Store
from pages._ui.cache import ask
from pages._ui.results_files import Given
from pages._ui.shell import refuse
from pages._ui.text import plain

LIST = "list"
"""Key of the chosen list, in session state and in the address."""

_TOLD, _NEXT, _SHOWN = "_results_told", "_results_next", "_results_shown"
_GIVEN, _TURN = "_results_given", "_results_turn"


def tell(text: str) -> None:
    """Say something at the head of the page on its next run."""
    st.session_state[_TOLD] = text


def told() -> None:
    """Say what `tell` was given."""
    text = st.session_state.pop(_TOLD, None)
    if text:
        st.success(plain(text))


def choose(saved: list[SavedList]) -> SavedList:
    """The list to read, kept in the address: one just made, one that a link newly names, the one before, the newest."""
    names = [each.name for each in saved]
    linked, shown = st.query_params.get(LIST), st.session_state.get(_SHOWN)
    moved = linked is not None and linked != shown
    wanted = [st.session_state.pop(_NEXT, None), linked if moved else None, st.session_state.get(LIST), shown]
    name = next((each for each in wanted if each in names), names[0])
    if st.session_state.get(LIST) != name:
        st.session_state[LIST] = name
    if linked is not None and moved and linked not in names:
        st.info(f"The link names a list “{plain(linked)}” that this workspace does not hold: it may have been deleted.")
    st.selectbox("Which list?", names, key=LIST, width=420)
    st.session_state[_SHOWN] = name
    if linked != name:
        st.query_params[LIST] = name
    return saved[names.index(name)]


def open_list(name: str) -> None:
    """Show a list from the next run on."""
    st.session_state[_NEXT] = name


def read(store: Store, saved: SavedList, responses: Path | None) -> Readout:
    """The readout. Asked with the whole list, not its name alone: a list saved anew has an answer of its own."""
    return readout(store, saved.name, responses=responses)


def read_kept(store: Store, saved: SavedList) -> Readout:
    """The readout against the events, or against the file that was given; a bad file is refused here."""
    given = _given(store, saved)
    if given is None:
        return ask(store, read, saved, None)
    try:
        return replace(ask(store, read, saved, given.path), source=given.name)
    except Refusal as refusal:
        refuse(refusal)
        st.info("Below: what the events of the workspace say.")
        _forget(store, saved)
        return ask(store, read, saved, None)


def draw_responses(store: Store, saved: SavedList) -> None:
    """A file of responses to read the list against, in place of the events."""
    given = _given(store, saved)
    if given is not None:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"Read against the file **{plain(given.name)}**, not against the events.")
            st.button("Read the events again", key="responses_away", on_click=_forget, args=(store, saved))
        return
    with st.expander("Read it against a file of responses instead", icon=":material/upload_file:"):
        st.markdown(
            "For responses that are not among the events: what your campaign tool recorded, say. A CSV with a column "
            "`user_id`, one line for each response; columns `time`, `value` (amount) and `responded` (yes or no) are "
            "used where there are any. The file is not kept."
        )
        turn = st.session_state.get(_TURN, 0)
        file = st.file_uploader("File of responses", key=f"responses_{turn}")
        if file is None:
            return
        try:
            given = Given(store, file.name, file)
        except Refusal as refusal:
            refuse(refusal)
            return
        st.session_state.setdefault(_GIVEN, {})[(str(store.path), saved.name)] = given
        st.session_state[_TURN] = turn + 1
        st.rerun()


def delete(store: Store, saved: SavedList) -> None:
    """A button that asks first."""
    with st.popover("Delete", key="list_delete"):
        st.markdown("The list and its dates go; the events stay. Without the list its result cannot be read again.")
        if st.button("Delete it", key="list_delete_do", type="primary"):
            try:
                delete_saved(store, saved.name)
            except Refusal as refusal:
                refuse(refusal)
                return
            st.query_params.pop(LIST, None)
            tell(f"“{saved.name}” has been deleted.")
            st.rerun()


def _given(store: Store, saved: SavedList) -> Given | None:
    found: dict[tuple[str, str], Given] = st.session_state.get(_GIVEN, {})
    return found.get((str(store.path), saved.name))


def _forget(store: Store, saved: SavedList) -> None:
    st.session_state.get(_GIVEN, {}).pop((str(store.path), saved.name), None)
