"""Explain, a user: who is like this one, and what the two share."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.errors import Refusal
from core.explain import SimilarUser, similar_users
from core.figures import shared_items_figure
from core.recommend import StoredModel
from core.store import Store
from pages._ui import explain_address as address
from pages._ui import fitted
from pages._ui import format as fmt
from pages._ui.cache import ask
from pages._ui.downloads import csv_button
from pages._ui.explain_files import alike_file, file_name
from pages._ui.shell import refuse
from pages._ui.text import label, plain

_K = 10
_BOX = "explain_alike_box"

MEANING = (
    "Similarity: how far two users did the same with the same items (the cosine of their weights over all items, 0 to "
    "100 %), made smaller where they share few of them: times n ÷ (n + 10) with n shared items. One item in common is "
    "then never “100 % alike”."
)


def alike_of(store: Store, model_id: str, user: str, k: int) -> list[SimilarUser]:
    """The users most like this one, in the matrix of a stored model."""
    return similar_users(store, fitted.load(store, model_id).x, user, k)


def draw(store: Store, model: StoredModel, user: str) -> None:
    """The table, and one of them compared."""
    st.subheader("Who is like this user?", anchor=False)
    try:
        rows = ask(store, alike_of, model.model_id, user, _K)
    except Refusal as refusal:
        refuse(refusal)
        return
    if not rows:
        st.info("Nobody shares an item with this user.")
        return
    st.dataframe(
        pd.DataFrame(
            {
                "User": [row.user for row in rows],
                "Similarity": [fmt.percent(row.similarity) for row in rows],
                "Shared items": [row.shared for row in rows],
                "Most alike in": [" · ".join(item.label for item in row.items[:3]) for row in rows],
            }
        ),
        hide_index=True,
        height="content",
        column_config={
            "Similarity": st.column_config.TextColumn(alignment="right", help=MEANING),
            "Shared items": st.column_config.NumberColumn(format="localized", help="Items that both took."),
            "Most alike in": st.column_config.TextColumn(width="large"),
        },
    )
    st.caption(plain(MEANING))
    other = _chooser(rows)
    with st.container(horizontal=True):
        csv_button(
            f"CSV of {fmt.count(len(rows), 'similar user')} (internal)",
            alike_file(user, rows),
            file_name("internal similar to", user),
            "explain_alike_csv",
            help="It names other users: for internal use, not for a campaign.",
        )
        if other is not None:
            st.button("Look at this user", key="explain_alike_go", on_click=_open, args=(other.user,))
    if other is not None:
        _compared(user, other)


def _chooser(rows: list[SimilarUser]) -> SimilarUser | None:
    names = {row.user: row for row in rows}
    asked = address.chosen("alike")
    st.session_state[_BOX] = asked if asked in names else None
    st.selectbox(
        "Compare with",
        [*names],
        index=None,
        key=_BOX,
        format_func=label,
        placeholder="Choose one to see what the two share",
        on_change=_take,
        width=420,
    )
    return names.get(asked or "")


def _take() -> None:
    address.choose("alike", st.session_state[_BOX])


def _open(user: str) -> None:
    address.choose("user", user)


def _compared(user: str, other: SimilarUser) -> None:
    with st.container(border=True):
        st.markdown(
            f"**User {plain(user)} and user {plain(other.user)}** share {fmt.count(other.shared, 'item')}; they are "
            f"{fmt.percent(other.similarity)} alike ({fmt.percent(other.cosine)} before that is made smaller for the "
            "number of shared items)."
        )
        st.plotly_chart(
            shared_items_figure(other),
            key="explain_shared",
            config={"displayModeBar": False},
            alt="Shared items, each with its share of the similarity",
        )
