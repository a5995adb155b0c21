"""Which workspace the person looks at: kept in the address (`?ws=`), so that a link opens the same one."""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

import streamlit as st

from core.errors import Refusal
from core.store import Store, home, list_workspaces, open_workspace, workspace_path

PAGES = {
    "home": "Home",
    "data": "Data",
    "quality": "Quality",
    "attention": "Attention",
    "segments": "Segments",
    "loyalty": "Loyalty",
    "features": "Features",
    "models": "Models",
    "explain": "Explain",
    "campaigns": "Campaigns",
    "results": "Results",
    "settings": "Settings",
}
"""The pages in the order an analyst works: file name under `pages`, and title."""

WS = "ws"
"""Key of the workspace chooser, in session state and in the address."""

LOAD, UNDO, SAMPLE, CARE = "_load_job", "_undo_job", "load_sample", "_care_job"
"""Session keys: the load, the undo, the erasing or dropping that this session started last; the wish for the sample."""

_NEXT, _SHOWN = "_ws_next", "_ws_shown"

FIRST = "my-data"
"""What a workspace is called when something is loaded before any has been made."""


def workspace() -> str | None:
    """The name of the chosen workspace; None when there is none yet."""
    name = st.session_state.get(WS)
    return name if isinstance(name, str) and name in list_workspaces() else None


def store() -> Store | None:
    """The chosen workspace, open; None when there is none yet. Raises Refusal (locked, from a newer version)."""
    name = workspace()
    return None if name is None else open_workspace(name, create=False)


def store_to_load() -> Store:
    """The chosen workspace, or a new one called FIRST when there is none. Raises Refusal."""
    return store() or open_workspace(FIRST)


def choose(name: str) -> None:
    """Make `name` the chosen workspace from the next run of the page on (the chooser is drawn before the page)."""
    st.session_state[_NEXT] = name


def settle() -> str | None:
    """Called before the chooser is drawn: decide what it shows; a sentence when the address names a lost workspace.

    In this order: what the program chose (a workspace just made), what the address newly says (a link, the
    browser's back button), what was chosen before, the first there is.
    """
    names = list_workspaces()
    wanted = st.session_state.pop(_NEXT, None)
    linked = st.query_params.get(WS)
    moved = linked is not None and linked != st.session_state.get(_SHOWN)
    if wanted in names:
        st.session_state[WS] = wanted
    elif moved and linked in names:
        st.session_state[WS] = linked
    elif st.session_state.get(WS) not in names:
        kept = [name for name in (linked, st.session_state.get(_SHOWN)) if name in names]
        st.session_state[WS] = next(iter([*kept, *names]), None)
    lost = moved and linked not in names
    return f"The link names a workspace “{linked}” that is not here." if lost else None


def check_name(name: str) -> None:
    """Only the command line may name a workspace outside the home folder. Raises Refusal `bad_workspace_name`."""
    if workspace_path(name).parent != home().resolve() or name.endswith(".duckdb"):
        raise Refusal("bad_workspace_name", f"“{name}” cannot be its name.", "Leave out slashes and .duckdb.")


def show() -> None:
    """Called after the chooser is drawn: put the chosen workspace into the address."""
    name = workspace()
    st.session_state[_SHOWN] = name
    if name is None:
        st.query_params.pop(WS, None)
    elif st.query_params.get(WS) != name:
        st.query_params[WS] = name


def page_path(page: str) -> Path:
    """The file of a page."""
    return Path(__file__).parents[1] / f"{page}.py"


def go(page: str) -> NoReturn:
    """Open a page (`"data"`) in the same workspace."""
    name = workspace()
    st.switch_page(page_path(page), query_params={WS: name} if name else None)
