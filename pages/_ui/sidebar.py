"""The frame of every page: logo, workspace chooser, running jobs, version."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import streamlit as st

from core import __version__
from core.errors import Refusal
from core.store import list_workspaces, open_workspace
from pages._ui import state
from pages._ui.text import plain

_ASSETS = Path(__file__).parent / "assets"


def icon() -> str | None:
    """The local picture of the browser's tab: an icon by name would be fetched from an outside host."""
    path = _ASSETS / "limelight.png"
    return str(path) if path.exists() else None


def draw() -> None:
    """Draw the sidebar; it must be drawn before the page, which reads the chosen workspace."""
    _logo()
    with st.sidebar:
        lost = state.settle()
        names = list_workspaces()
        if names:
            st.selectbox(
                "Workspace",
                names,
                key=state.WS,
                help="A workspace holds the data of one shop or project, in one file on this machine.",
            )
        if st.button("New workspace", key="ws_new", type="tertiary"):
            _new_workspace()
        state.show()
        if lost:
            st.warning(plain(lost))
        _jobs()
        st.caption(f"Limelight {__version__} · Your data stay on this machine.")


def _logo() -> None:
    dark = st.context.theme.type == "dark"
    wide = _ASSETS / ("limelight-wide-dark.png" if dark else "limelight-wide.png")
    if wide.exists():
        st.logo(str(wide), size="large", icon_image=icon())


def _jobs() -> None:
    if find_spec("pages._ui.jobs") is None or find_spec("core.jobs.runner") is None:
        return
    from core.jobs import runner_for
    from pages._ui.jobs import job_panel

    try:
        store = state.store()
    except Refusal:
        return  # the page itself says so, with more room
    if store is not None:
        job_panel(runner_for(store))


@st.dialog("New workspace")
def _new_workspace() -> None:
    typed = st.text_input("Name", placeholder="spring-campaign", help="Letters, digits, spaces, hyphens, dots.")
    if not st.button("Make it", type="primary", key="ws_make"):
        return
    try:
        name = make_workspace(typed.strip())
    except Refusal as refusal:
        st.error(plain(str(refusal)))
        return
    state.choose(name)
    st.rerun()


def make_workspace(name: str) -> str:
    """Make an empty workspace among the others; only the command line may name a file elsewhere. Raises Refusal."""
    if name in list_workspaces():
        raise Refusal("workspace_exists", f"There is a workspace “{name}” already.", "Choose another name.")
    state.check_name(name)
    open_workspace(name)
    return name
