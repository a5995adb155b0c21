"""Explain, a user: what would have to be different for an item to leave the list. Checked by recomputation."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.errors import Refusal
from core.explain import Counterfactual, counterfactual
from core.recommend import StoredModel
from core.store import Store
from pages._ui import fitted
from pages._ui import format as fmt
from pages._ui.cache import ask
from pages._ui.downloads import csv_button
from pages._ui.explain_files import file_name, whatif_file
from pages._ui.shell import refuse
from pages._ui.text import plain

_OPEN = "whatif"


def whatif_of(store: Store, model_id: str, user: str, item: str, k: int) -> Counterfactual:
    """The counterfactual by a stored model."""
    return counterfactual(store, fitted.load(store, model_id), user, item, k)


def draw(store: Store, model: StoredModel, user: str, item: str, k: int, *, listed: bool) -> None:
    """The question, and its answer once it is opened: searching takes some seconds on long histories."""
    box = st.expander(
        "What would have to be different?", key=_OPEN, on_change="rerun", bind="query-params", icon=":material/rule:"
    )
    if not box.open:
        return
    with box:
        if not listed:
            st.info(f"This asks what keeps an item in the list of {k}: choose one of that list above.")
            return
        try:
            with st.spinner("Trying shorter histories …", show_time=True):
                found = ask(store, whatif_of, model.model_id, user, item, k)
        except Refusal as refusal:
            refuse(refusal)
            return
        _answer(found)


def _answer(found: Counterfactual) -> None:
    st.markdown(plain(found.sentence))
    if not found.missing:
        return
    _table(
        f"Taken away: {fmt.number(len(found.missing))} of {fmt.count(found.of, 'past item')}",
        {"Past item": [one.label for one in found.missing], "What this user did": [one.note for one in found.missing]},
    )
    if found.instead:
        _table("What would come into the list", {"Item": [label for _, label in found.instead]})
    st.caption(
        f"What the model has learnt from everybody stays as it is; this user's history is scored anew without those "
        f"items, {fmt.count(found.tried, 'shortened history', 'shortened histories')} in all. Items taken away do not "
        "come back as suggestions. It says what the model goes by, not what the user would have done."
    )
    csv_button(
        "CSV of what would have to be different",
        whatif_file(found),
        file_name("what if", found.user, found.item),
        "explain_whatif_csv",
        help="It names no other user.",
    )


def _table(title: str, columns: dict[str, list[str]]) -> None:
    rows = pd.DataFrame(columns)
    st.markdown(f"**{title}**")
    st.dataframe(
        rows, hide_index=True, height="content" if len(rows) <= 12 else 335
    )  # half a row more: there is more below
