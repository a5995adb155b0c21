"""Campaigns, the gates: consent, suppression, bought already, the control group; plain fields with what they mean."""

from __future__ import annotations

from typing import Final

import streamlit as st

from core.behaviour import contents
from core.campaigns import consent_columns
from core.store import Store
from pages._ui import campaigns_uploads as uploads
from pages._ui.cache import ask
from pages._ui.text import label

CHANNEL, ASSUME, BOUGHT, DAYS, HOLDOUT = "channel", "assume", "bought", "bought_days", "holdout"
SALT = "c_salt"
SUPPRESSED: Final = "c_suppressed"
"""Session keys of the fields; those without `c_` are in the address as well."""

ALL_CHANNELS = ""
_ASSUMED = {"yes": "Treat all as consenting", "no": "Treat none as consenting"}
_BOUGHT_ITEM = {
    "ever": "Leave out who has bought it",
    "days": "Leave out who bought it lately",
    "keep": "Keep them: repeat purchases wanted",
}
_BOUGHT_OFFER = {
    "ever": "Offer nothing they have bought",
    "days": "Offer nothing they bought lately",
    "keep": "Offer those too: repeat purchases wanted",
}


def draw(store: Store, about_items: bool) -> None:
    """The fields of all gates."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        _consent(store)
        _bought(store, about_items)
        st.number_input(
            "Control group (%)",
            0.0,
            50.0,
            10.0,
            1.0,
            key=HOLDOUT,
            bind="query-params",
            format="%g",
            width=170,
            help="This share is chosen like the others and then held out by lot, not contacted. The same user falls "
            "the same way in every list with the same salt and share. 10 % is usual; 0 = no control group.",
        )
    st.caption(
        "The control group is chosen like the others and not contacted: without it nobody can say afterwards what the "
        "campaign changed, and what would have happened anyway."
    )
    with st.expander("Never to be contacted: a suppression list", icon=":material/block:", key="c_suppress_open"):
        uploads.ids(
            store,
            SUPPRESSED,
            "Users never to contact",
            "One id a line, or a CSV with a column of user ids. No other rule lets these users back in.",
        )
    with st.expander("More", icon=":material/tune:", key="c_more_open"):
        _more()


def problem(store: Store) -> str | None:
    """Why no list can be made yet, or None."""
    if not ask(store, consent_columns) and st.session_state.get(ASSUME) not in _ASSUMED:
        return "Say whether all are to be treated as consenting, or none."
    return None


def channels(store: Store) -> list[str]:
    """The consent columns of these data."""
    return list(ask(store, consent_columns))


def _consent(store: Store) -> None:
    columns = channels(store)
    if not columns:
        st.radio(
            "These data hold no consent. Treat all as consenting, or none?",
            list(_ASSUMED),
            index=None,
            key=ASSUME,
            bind="query-params",
            format_func=_ASSUMED.__getitem__,
            horizontal=True,
            help="There is no column such as consent_email. The answer is kept in the manifest of the list.",
        )
        return
    options = [*columns, ALL_CHANNELS]
    if st.session_state.get(CHANNEL, ALL_CHANNELS) not in options:
        st.session_state.pop(CHANNEL, None)
    st.selectbox(
        "Consent to",
        options,
        key=CHANNEL,
        bind="query-params",
        format_func=lambda name: label(channel_name(name)) if name else "every channel there is",
        width=180,
        help="Only users whose consent for this channel is a yes in the data. A missing value is no.",
    )


def channel(column: str | None) -> str | None:
    """What a campaign calls the consent of a column: consent_email is "email"; None = every channel."""
    return (column.removeprefix("consent_") or column) if column else None


def channel_name(column: str) -> str:
    """What people call a consent column: consent_email is "email"."""
    return column.removeprefix("consent_").replace("_", " ") or column


def _bought(store: Store, about_items: bool) -> None:
    bought = any(kind.event == "purchase" for kind in ask(store, contents))
    names = dict(_BOUGHT_ITEM if about_items else _BOUGHT_OFFER)
    if store.as_of() is None:
        del names["days"]
    if st.session_state.get(BOUGHT, "ever") not in names:
        st.session_state.pop(BOUGHT, None)
    st.selectbox(
        "Bought already",
        list(names),
        key=BOUGHT,
        bind="query-params",
        format_func=names.__getitem__,
        width=290,
        help="Bought and kept: what was wholly returned does not count as bought."
        if bought
        else "These data hold no purchases: whoever had to do with it (rated it, say) counts as having bought.",
    )
    if st.session_state.get(BOUGHT) == "days":
        st.number_input(
            "in the last … days",
            1,
            36_500,
            90,
            key=DAYS,
            bind="query-params",
            width=150,
            help="Counted back from the end of the data, not from today.",
        )


def _more() -> None:
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        st.text_input(
            "Salt of the control group",
            "limelight",
            key=SALT,
            max_chars=80,
            width=260,
            help="The control group is drawn by a hash of this word and the user id. Keep it, and the same users are "
            "held out of every campaign; change it, and others are. It also settles who comes first among equal "
            "scores.",
        )
    st.caption("The same data, question, model and salt give the same list, to the byte.")
