"""Explain, a user: where the model in use has no answer of its own, that of another road, and which road it is."""

from __future__ import annotations

import streamlit as st

from core.errors import Refusal
from core.explain import recommended
from core.recommend import Answered, Roads, StoredModel, get_model, info
from core.store import Store, write_rows
from pages._ui import fitted
from pages._ui import format as fmt
from pages._ui.cache import ask, opening
from pages._ui.downloads import csv_button
from pages._ui.explain_files import file_name
from pages._ui.shell import refuse
from pages._ui.text import plain

_K = 10
_OPEN = 3  # roads held open by the process
ROADS = {
    "model": "By the model",
    "folded": "By the model, with what the user did since it was fitted",
    "kind": "By what users of the same kind take",
    "popular": "By what most users take",
}
"""What each road is called."""


def answer_of(store: Store, model_id: str, stale: bool, user: str, k: int) -> tuple[Answered, dict[str, str]]:
    """The user's list by whichever road there is; of a model older than the data also why, item -> sentence.

    Raises what `Roads` and `Roads.answer` raise.
    """
    roads = _roads(str(store.path), opening(store), store.version, model_id, store, stale)
    found = roads.answer(user, k)
    if not stale or found.road != "folded":
        return found, {}
    return found, {row.item: row.sentence for row in recommended(store, roads.model, user, k)}


@st.cache_resource(max_entries=_OPEN, show_spinner="Looking for a road to this user …")
def _roads(path: str, opening: int, version: int, model_id: str, _store: Store, _stale: bool) -> Roads:
    if _stale:
        return Roads(_store, model_id)
    return Roads(_store, fitted.load(_store, model_id), matrix=get_model(_store, model_id).fit.matrix)


def by_model(store: Store, model: StoredModel, user: str) -> bool:
    """Whether the model in use answers for this user as it was fitted; else the list of another road has been drawn."""
    try:
        found, why = ask(store, answer_of, model.model_id, model.stale, user, _K)
    except Refusal as refusal:
        refuse(refusal)
        return False
    if found.road == "model":
        return True
    _told(found, why)
    return False


def _told(found: Answered, why: dict[str, str]) -> None:
    with st.container(border=True, gap="small"):
        st.markdown(f"**{ROADS[found.road]}**")
        st.markdown(plain(found.words))
        if not found.items:
            st.info("There is nothing left to recommend to this user by this road.")
            return
        for place, one in enumerate(found.items, start=1):
            st.markdown(f"{place}\\. **{plain(one.label)}**")
            if one.item in why:
                st.caption(plain(why[one.item]))
        st.caption(
            f"Made by “{plain(info(found.model.model).plain)}”. Best first; what this user has had to do with is left "
            "out. " + ("" if why else "Single reasons can be given only for lists by the model as it was fitted.")
        )
        head = ("user_id", "rank", "item_id", "title", "score", "road", "model", "words", "why")
        name = info(found.model.model).plain
        lines = [
            (found.user, place, one.item, one.label, one.score, found.road, name, found.words, why.get(one.item))
            for place, one in enumerate(found.items, start=1)
        ]
        csv_button(
            f"CSV of {fmt.count(len(lines), 'recommendation')}",
            lambda path: write_rows(head, lines, path),
            file_name("recommended to", found.user),
            "explain_road_csv",
            help="With the road by which the list came.",
        )
