"""Explain, tastes: one taste opened: what each end is about, its items, and the users whom it describes best."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pandas as pd
import streamlit as st

from core.explain import TasteEnd, TasteOf
from core.figures import taste_name
from core.store import Store
from pages._ui import explain_address as address
from pages._ui import format as fmt
from pages._ui.people import Behind, see_users
from pages._ui.text import label, plain

_WIDTH = 450  # two ends stand side by side in a window of 1,440 pixels


def draw(store: Store, taste: TasteOf, behind: Callable[[bool], Behind]) -> None:
    """Both ends of a taste; `behind(low)` yields the users of an end."""
    with st.container(border=True):
        st.subheader(plain(f"Taste {taste_name(taste, 60)}"), anchor=False)
        st.caption(f"{fmt.percent(taste.weight)} of all {taste.of} of the model.")
        with st.container(horizontal=True, gap="medium", key="taste_ends"):
            for low, end in ((False, taste.high), (True, taste.low)):
                if end is not None:
                    with st.container(width=_WIDTH if taste.low is not None else "stretch", gap="small"):
                        _end(store, end, low=low, two=taste.low is not None, behind=behind)


def _end(store: Store, end: TasteEnd, *, low: bool, two: bool, behind: Callable[[bool], Behind]) -> None:
    if two:
        st.markdown("**The other end**" if low else "**The end it is called by**")
    st.markdown(plain(end.words))
    if not end.items:
        return
    st.dataframe(
        pd.DataFrame(
            {
                "Most typical items": [pole.label for pole in end.items],
                "Strength": [f"{pole.value:.2f}" for pole in end.items],
            }
        ),
        hide_index=True,
        height="content",
        column_config={
            "Most typical items": st.column_config.TextColumn(width="large"),
            "Strength": st.column_config.TextColumn(
                alignment="right", help="1 = the item that the taste is strongest in, at either end."
            ),
        },
    )
    if not end.users:
        st.caption("No user leans to this end.")
        return
    see_users(store, f"taste_{low}", partial(behind, low), label="See the 100 most typical users")
    st.pills(
        "Most typical users: look at one",
        [pole.id for pole in end.users],
        key=f"taste_user_{low}",
        format_func=label,
        on_change=_look,
        args=(f"taste_user_{low}",),
    )


def _look(key: str) -> None:
    """Open a user in the page's first view."""
    address.choose("user", st.session_state[key])
    st.session_state[address.VIEW] = address.VIEWS[0]
