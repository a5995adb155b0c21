"""Limelight in the browser: `streamlit run app.py` serves `pages/_ui/frame.py`, and large files both ways.

The frame lies in a folder without a `pages` folder next to it: beside one, Streamlit takes the first visit to a fresh
app at another address than "/" for its older kind of app, and runs the page without its frame.
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from pages._ui import downloads, upload_routes

routes = [*downloads.routes(), *upload_routes.routes()]
app = st.App(Path(__file__).parent / "pages" / "_ui" / "frame.py", routes=routes)
