"""Campaigns, keeping a list: a name, the day of sending, how long responses count; then its results can be read."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import streamlit as st

from core.behaviour import contents
from core.errors import Refusal
from core.experiments import save_list
from core.figures import event_name
from core.store import Store
from pages._ui import campaigns_files as files
from pages._ui import state
from pages._ui.cache import ask
from pages._ui.campaigns_jobs import Made
from pages._ui.shell import refuse
from pages._ui.text import label, plain

_NAME, _SENT, _DAYS, _EVENT, _ABOUT, _REPLACE = (
    f"c_save_{name}" for name in ("name", "sent", "days", "event", "about", "replace")
)
_SAID = "_c_saved"
_LIST = "list"  # what the page Results calls the chosen list, in the address


def draw(store: Store, made: Made) -> None:
    """The fields, the button, and the way to the results."""
    target = made.target
    st.markdown("**Save this list**, to read later what the campaign changed")
    if not len(target.control):
        st.caption("It has no control group: its results will say how many responded, but not what the campaign did.")
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        st.text_input(
            "Name", files.file_name(target).removeprefix("list-"), key=_name_key(made), max_chars=80, width=260
        )
        st.date_input(
            "Day of sending",
            _first_day(store),
            key=_SENT,
            format="YYYY-MM-DD",
            width=170,
            help="Responses count from the beginning of this day (UTC).",
        )
        st.number_input(
            "Days responses count", 1, 3650, 28, key=_DAYS, width=180, help="After the day of sending; then no more."
        )
        _what_counts(store, made)
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        st.button("Save this list", key="c_save", icon=":material/save:", on_click=_save, args=(store, made))
        st.checkbox("Replace a list of this name", key=_REPLACE)
    token, name, refusal = st.session_state.get(_SAID, ("", "", None))
    if token != made.token:
        return
    if refusal is not None:
        refuse(refusal)
    else:
        st.success(f"“{plain(name)}” is saved: {len(target.contacted):,} to contact, {len(target.control):,} held out.")
        if "results" in state.PAGES and st.button("Go to its results", type="primary", key="c_to_results"):
            named = {state.WS: state.workspace() or "", _LIST: name}
            st.switch_page(state.page_path("results"), query_params=named)


def _what_counts(store: Store, made: Made) -> None:
    """Which event is a response, and whether it must be about the items of the list."""
    present = [kind.event for kind in ask(store, contents) if kind.known and kind.event not in ("return", "impression")]
    st.selectbox(
        "A response is",
        present or ["purchase"],
        present.index("purchase") if "purchase" in present else 0,
        key=_EVENT,
        format_func=lambda event: label(event_name(event)),
        width=190,
    )
    if made.target.campaign.ask == "item":
        st.segmented_control(
            "About",
            ["any", "these"],
            help="Whether only purchases (or what else counts) of the items of this list are responses.",
            default="any",
            required=True,
            key=_ABOUT,
            format_func={"any": "Anything", "these": "These items"}.__getitem__,
        )


def _name_key(made: Made) -> str:
    """Each list proposes its own name."""
    return f"{_NAME}_{made.token[-12:]}"


def _first_day(store: Store) -> date:
    """The day after the last of the data: nothing that happened before the list was made can then count for it."""
    end = store.as_of()
    return end.date() + timedelta(days=1) if end is not None else datetime.now(UTC).date()


def _save(store: Store, made: Made) -> None:
    said = st.session_state
    name, sent, campaign = str(said.get(_name_key(made)) or "").strip(), said.get(_SENT), made.target.campaign
    try:
        if not name or not isinstance(sent, date):
            raise Refusal("no_name", "The list needs a name and a day of sending.", "Give both, then save it.")
        told = files.told(store, made, files.form(made))
        with store.atomic(data=False) as writer:
            save_list(
                writer,
                name,
                made.target,
                told,
                sent_at=datetime.combine(sent, time()),
                days=int(said.get(_DAYS) or 28),
                event=str(said.get(_EVENT) or "purchase"),
                items=campaign.items if said.get(_ABOUT) == "these" else (),
                replace=bool(said.get(_REPLACE)),
            )
    except Refusal as refusal:
        said[_SAID] = (made.token, name, refusal)
    else:
        said[_SAID] = (made.token, name, None)
