"""Models, newcomers: any user's list and any item's best users, each with the road it came by."""

from __future__ import annotations

from datetime import timedelta

import pandas as pd
import streamlit as st

from core.errors import Refusal
from core.recommend import Answered, Audience, Roads, StoredModel, info, users_named
from core.store import Store
from pages._ui import fitted
from pages._ui import format as fmt
from pages._ui.cache import opening
from pages._ui.models_find import find
from pages._ui.people import Behind, see_users
from pages._ui.shell import refuse
from pages._ui.text import plain

_OPEN = 2  # models held open by the process
_K = 10

ROADS = {
    "model": "from the user's own history",
    "folded": "from today's history, put into the fitted model",
    "kind": "from users of the same kind",
    "popular": "bestsellers",
    "content": "from what is described alike",
    "active": "users who do most",
}
"""Roads in a few words."""


def draw(store: Store) -> None:
    """A user and an item, each answered by the model in use and the roads around it."""
    st.subheader("Try it", anchor=False)
    model = fitted.in_use(store)
    fitting = fitted.follow(store)
    if model is None:
        st.markdown(
            "Any user, known or new, gets a list, and any item its best users. It takes a fitted model to answer."
        )
        if not fitting:
            fitted.panel(store)
        return
    fitted.chooser(store, model)
    whom, what = st.tabs(["A user", "An item"], key="try_what", bind="query-params")
    with whom:
        user = find(store, "user", "try_user", "Any user, with or without any behaviour")
        if user is not None and (roads := _ready(store, model, fitting=fitting)) is not None:
            _user(roads, user)
    with what:
        item = find(store, "item", "try_item", "Any item, also one that nobody has taken")
        if item is not None and (roads := _ready(store, model, fitting=fitting)) is not None:
            _item(store, roads, model, item)


def _ready(store: Store, model: StoredModel, *, fitting: bool) -> Roads | None:
    """The roads; None where the model cannot answer for the data as they are, and what to do has been said."""
    try:
        with st.spinner("Opening the model …"):
            return roads_of(store, model)
    except Refusal as refusal:
        refuse(refusal)
        if model.stale and not fitting:
            st.caption("Fit it again, or another model, on the page Explain.")
        return None


def roads_of(store: Store, model: StoredModel) -> Roads:
    """The roads around a stored model, made once for each state of the data and shared by everyone who looks.

    Raises Refusal `unknown_model_id`, `stale_model`, `cannot_fold`.
    """
    return _opened(str(store.path), opening(store), store.version, model.model_id, store)


@st.cache_resource(max_entries=_OPEN, ttl=timedelta(hours=6), show_spinner=False)
def _opened(path: str, opening: int, version: int, model_id: str, _store: Store) -> Roads:
    return Roads(_store, model_id)


def _user(roads: Roads, user: str) -> None:
    try:
        found: Answered = roads.answer(user, _K)
    except Refusal as refusal:
        refuse(refusal)
        return
    st.markdown(f"What **{plain(user)}** would want next: **{ROADS[found.road]}**")
    st.caption(plain(found.words))
    if not found.items:
        st.info("There is nothing left that this user has not had.")
        return
    st.dataframe(
        pd.DataFrame(
            {
                "": range(1, len(found.items) + 1),
                "Item": [one.label for one in found.items],
                "Score": [f"{one.score:.3g}" for one in found.items],
            }
        ),
        hide_index=True,
        height="content",
        column_config={
            "Score": st.column_config.TextColumn(alignment="right", help="Comparable within this list alone."),
        },
    )
    if found.spoke:
        said = "; ".join(f"{info(part.model).plain} {fmt.percent(share, 0)}" for part, share in found.spoke)
        st.caption(plain(f"Which part spoke, mean over the list: {said}."))


def _item(store: Store, roads: Roads, model: StoredModel, item: str) -> None:
    k = st.number_input("Users to name", 10, 100_000, 100, 10, key="try_k", width=180)
    try:
        found = _audience(store, roads, model, item, int(k))
    except Refusal as refusal:
        refuse(refusal)
        return
    st.markdown(f"Whom **{plain(item)}** suits best: **{ROADS[found.road]}**")
    st.caption(plain(found.words))
    if not found.users:
        st.info("Everybody with any behaviour has had to do with this item already.")
        return
    st.dataframe(
        pd.DataFrame(
            {
                "": range(1, len(found.users[:_K]) + 1),
                "User": [user for user, _ in found.users[:_K]],
                "Score": [f"{score:.3g}" for _, score in found.users[:_K]],
            }
        ),
        hide_index=True,
        height="content",
        column_config={
            "Score": st.column_config.TextColumn(alignment="right", help="Comparable within this list alone."),
        },
    )
    st.caption(f"The first {len(found.users[:_K])} of {fmt.count(len(found.users), 'user')}.")
    words = f"whom {item} suits best ({ROADS[found.road]})"
    see_users(store, "try_item", lambda: Behind(words, users_named(tuple(user for user, _ in found.users))))


def _audience(store: Store, roads: Roads, model: StoredModel, item: str, k: int) -> Audience:
    key = ("_try_audience", str(store.path), store.version, model.model_id, item, k)
    kept = st.session_state.get("_try_audience")
    if kept is None or kept[0] != key:
        kept = st.session_state["_try_audience"] = (key, roads.audience(item, k))
    found: Audience = kept[1]
    return found
