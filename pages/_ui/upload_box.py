"""The place on a page where files are dropped or chosen. They come in pieces: memory does not grow with them."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from core.store import spool_folder
from pages._ui import upload_routes
from pages._ui.uploads import PIECE, Box

KEY = "_upload_box"
"""Session key of the visitor's Box."""

_ASSETS = Path(__file__).parent / "assets"
_element = st.components.v2.component(
    "limelight_upload",
    html=(_ASSETS / "upload.html").read_text(encoding="utf-8"),
    css=(_ASSETS / "upload.css").read_text(encoding="utf-8"),
    js=(_ASSETS / "upload.js").read_text(encoding="utf-8"),
)


def upload_box(label: str, hint: str, endings: tuple[str, ...], *, key: str) -> Box:
    """Draw the place; the visitor's Box, from which the page takes what has arrived (`Box.take`).

    When everything that was chosen has arrived, the page runs again. `label` names the place, `hint` says what may be
    put there, `endings` are those of names that a chosen folder is searched for. One such place on a page at a time.
    """
    box = st.session_state.get(KEY)
    if not isinstance(box, Box):
        box = st.session_state[KEY] = Box(spool_folder())
    _element(
        key=key,
        data={
            "address": upload_routes.ADDRESS.format(box=box.token),
            "turn": box.turn,
            "label": label,
            "hint": hint,
            "endings": list(endings),
            "piece": PIECE,
        },
        on_arrived_change=lambda: None,
    )
    return box
