"""The script that Streamlit runs for every page: page config, navigation, the sidebar, then the page itself."""

from __future__ import annotations

import sys
from pathlib import Path

import streamlit as st

ROOT = Path(__file__).parents[2]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))  # Streamlit may be started from anywhere

from pages._ui import sidebar, state  # noqa: E402  # found only once the path is set

# Streamlit writes what is chosen in the primary colour, which in the dark theme must be dark enough to carry white.
_CHOSEN = """<style>
.stApp [role="tab"][aria-selected="true"], .stApp [role="tab"][aria-selected="true"] p,
.stApp [role="radio"][aria-checked="true"], .stApp [role="radio"][aria-checked="true"] p
{ color: light-dark(#43631A, #C3DE7A) !important; }
</style>"""


def main() -> None:
    """Draw the frame around the page that the address names, then the page itself."""
    pages = [
        st.Page(state.page_path(name), title=title, default=name == "home")
        for name, title in state.PAGES.items()
        if state.page_path(name).exists()
    ]
    page = st.navigation(pages)
    st.set_page_config(page_title=f"{page.title} · Limelight", page_icon=sidebar.icon(), layout="wide")
    st.html(_CHOSEN)
    sidebar.draw()
    page.run()


main()
