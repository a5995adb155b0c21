"""Settings: the workspaces and where they live, what leaves this machine (nothing), what the words mean."""

from __future__ import annotations

import platform
from importlib.metadata import version

import streamlit as st

from core import __version__
from core.behaviour import DEFINITIONS
from core.errors import Refusal
from core.jobs import runner_for
from core.store import delete_workspace, home, list_workspaces, open_workspace, server_folder, workspace_path
from pages._ui import format as fmt
from pages._ui import shell
from pages._ui.data_takeaway import size_of
from pages._ui.restoring import draw_restore
from pages._ui.text import plain


def main() -> None:
    """Draw the page."""
    shell.head("Settings", "Where do our data live?")
    st.markdown(
        "**Nothing leaves this machine.** Limelight reads the files you give it, keeps them in workspaces here, and "
        "asks nothing of any other computer: no fonts, no maps, no usage statistics."
    )
    _workspaces()
    draw_restore()
    _folders()
    with st.expander("What the figures mean"):
        for name, meaning in DEFINITIONS.items():
            st.markdown(f"- **{name.replace('_', ' ').capitalize()}.** {plain(meaning)}")
    st.caption(
        f"Limelight {__version__} · DuckDB {version('duckdb')} · Streamlit {version('streamlit')} · "
        f"Python {platform.python_version()}. Light and dark follow the setting of your system."
    )


def _workspaces() -> None:
    st.subheader("Workspaces", anchor=False)
    st.markdown(
        "A workspace is one file that holds the data of one shop or project, its segments, and the record of every "
        "load. To keep it or hand it over, take a backup on the page Data."
    )
    names = list_workspaces()
    if not names:
        st.info("There is none yet: load a file, or the sample data, on the page Data.")
        return
    st.table(
        {
            "Workspace": [plain(name) for name in names],
            "Size": [fmt.size(size_of(workspace_path(name))) for name in names],
            "File": [plain(str(workspace_path(name))) for name in names],
        },
        border="horizontal",
        hide_index=True,
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.selectbox(
            "Workspace to delete", names, index=None, placeholder="Choose one", key="delete_name", width=320
        )
        if st.button("Delete ...", disabled=name is None, key="delete") and name:
            _confirm(name)


@st.dialog("Delete this workspace?")
def _confirm(name: str) -> None:
    st.markdown(
        f"**{plain(name)}** goes for good, with all its loads and segments. The files that were loaded into it are not "
        "touched. This cannot be undone."
    )
    typed = st.text_input("To be sure, type its name", key="delete_typed")
    with st.container(horizontal=True):
        if st.button("Delete it", type="primary", key="delete_yes"):
            if typed.strip() != name:
                st.error("That is not its name.")
                return
            try:
                runner_for(open_workspace(name, create=False)).close()
                delete_workspace(name)
            except Refusal as refusal:
                shell.refuse(refusal)
                return
            del st.session_state["delete_name"]
            st.rerun()
        if st.button("Keep it", key="delete_no"):
            st.rerun()


def _folders() -> None:
    st.subheader("Folders", anchor=False)
    folder = server_folder()
    st.markdown(
        "Large files need not go through the browser: whoever starts Limelight names a folder in the environment "
        "variable LIMELIGHT\\_SERVER\\_FOLDER, and the page Data offers the files that lie in it."
    )
    st.table(
        {
            "What": ["Workspaces", "Files to load without uploading", "Uploads, while they are being loaded"],
            "Where": [
                plain(str(home())),
                plain(str(folder)) if folder else "not set",
                "a private folder of this run, emptied when Limelight closes",
            ],
            "Set by": ["LIMELIGHT\\_HOME", "LIMELIGHT\\_SERVER\\_FOLDER", ""],
        },
        border="horizontal",
        hide_index=True,
    )


main()
