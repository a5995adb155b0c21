"""Explain, who is like whom: the users most like one user, and how alike those are among themselves."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.errors import Refusal
from core.explain import Network, SimilarUser, network, similar_users
from core.figures import network_figure
from core.interactions import MatrixSpec
from core.store import Store
from pages._ui import explain_address as address
from pages._ui import format as fmt
from pages._ui.cache import ask
from pages._ui.downloads import csv_button
from pages._ui.explain_alike import MEANING
from pages._ui.explain_colour import By, parts_of, words
from pages._ui.explain_files import file_name, ties_file
from pages._ui.explain_matrix import matrix
from pages._ui.explain_some import some_users
from pages._ui.explain_words import stress_words
from pages._ui.home_figures import chart
from pages._ui.shell import refuse
from pages._ui.text import label, plain

_SIZES = (10, 20, 30, 50)
_K, _BOX = "around", "like_box"
_TIES = 10  # lines of the table of ties among the others


def network_of(store: Store, spec: MatrixSpec, user: str, k: int) -> Network:
    """The network around a user."""
    return network(store, matrix(store, spec), user, k)


def alike_of(store: Store, spec: MatrixSpec, user: str, k: int) -> list[SimilarUser]:
    """The same users with the items that they share with the one in the middle."""
    return similar_users(store, matrix(store, spec), user, k)


def draw(store: Store, spec: MatrixSpec, user: str, by: By | None) -> None:
    """The figure, and the ties beside it in numbers."""
    k = st.segmented_control(
        "How many users", _SIZES, default=20, required=True, key=_K, bind="query-params", label_visibility="visible"
    )
    try:
        found = ask(store, network_of, spec, user, k)
        rows = ask(store, alike_of, spec, user, k)
    except Refusal as refusal:
        refuse(refusal)
        return
    numbers = tuple(person.number for person in found.people)
    parts = parts_of(store, by, numbers)
    picked = chart(
        network_figure(found, parts),
        "like_network",
        f"Network of the {len(found.people) - 1} users most like {user}; the same numbers stand in the table below.",
    )
    if picked is not None and found.people[int(picked[0])].user != user:
        address.choose("user", found.people[int(picked[0])].user)
        st.rerun()
    st.caption(
        "A line joins two users who took some of the same items: every user to the one in the middle, and each to the "
        "three most like them; the thicker, the more alike. Larger, and nearer to the middle: more like the one there. "
        f"Click on a user to put them in the middle. {stress_words(found.stress)}"
    )
    if parts is not None:
        st.caption(plain(words(parts)))
    _strongest(rows)
    _row(store, found, rows, user)
    _others(found)


def _strongest(rows: list[SimilarUser]) -> None:
    st.subheader("The strongest ties", anchor=False)
    st.dataframe(
        pd.DataFrame(
            {
                "User": [row.user for row in rows],
                "Likeness": [fmt.percent(row.similarity) for row in rows],
                "Shared items": [row.shared for row in rows],
                "Most alike in": [" · ".join(item.label for item in row.items[:3]) for row in rows],
            }
        ),
        hide_index=True,
        height="content" if len(rows) <= 10 else 388,
        column_config={
            "Likeness": st.column_config.TextColumn(alignment="right", help=MEANING),
            "Shared items": st.column_config.NumberColumn(format="localized", help="Items that both took."),
            "Most alike in": st.column_config.TextColumn(width="large"),
        },
    )


def _row(store: Store, found: Network, rows: list[SimilarUser], user: str) -> None:
    names = [row.user for row in rows]
    if st.session_state.get(_BOX) not in names:
        st.session_state.pop(_BOX, None)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        other = st.selectbox(
            "Look at", names, index=None, key=_BOX, format_func=label, placeholder="Choose one of them", width=260
        )
        st.button("Put in the middle", key="like_go", on_click=_middle, args=(other,), disabled=other is None)
        csv_button(
            f"CSV of {fmt.count(len(found.ties), 'tie')} (internal)",
            ties_file(found),
            file_name("internal network around", user),
            "like_csv",
            help="It names other users: for internal use, not for a campaign.",
        )
    some_users(
        store,
        "like_network",
        tuple(person.number for person in found.people[1:]),
        f"most like user {user}",
        f"Most like {user}",
        tuple(names),
    )


def _middle(user: str | None) -> None:
    if user is not None:
        address.choose("user", user)


def _others(found: Network) -> None:
    ties = [tie for tie in found.ties if tie.a and tie.b][:_TIES]
    if not ties:
        return
    with st.expander("Strongest ties among the others"):
        st.dataframe(
            pd.DataFrame(
                {
                    "User": [found.people[tie.a].user for tie in ties],
                    "And user": [found.people[tie.b].user for tie in ties],
                    "Likeness": [fmt.percent(tie.similarity) for tie in ties],
                    "Shared items": [tie.shared for tie in ties],
                }
            ),
            hide_index=True,
            height="content",
            column_config={"Likeness": st.column_config.TextColumn(alignment="right", help=MEANING)},
        )
