"""Results, a list from elsewhere: a file that says who was contacted and who was held back."""

from __future__ import annotations

from datetime import UTC, datetime, time
from pathlib import Path

import streamlit as st

from core.behaviour import contents
from core.errors import Refusal
from core.experiments import SavedList, bring_list
from core.figures import event_name
from core.store import Store
from pages._ui.cache import ask
from pages._ui.results_files import Given
from pages._ui.results_lists import open_list, tell
from pages._ui.shell import refuse

_TURN = "_bring_turn"


def draw(store: Store) -> None:
    """The file, what is to be known beside it, and the button."""
    st.markdown(
        "For a campaign that was not made in Limelight: a CSV with one line for each user, and the columns `user_id`, "
        "`arm` (contacted or control) and `sent_at`. Ids must be those of your data. Without a control group nothing "
        "can be said about what a campaign changed."
    )
    turn = st.session_state.get(_TURN, 0)
    file = st.file_uploader("List: who was contacted, who was held back", key=f"bring_file_{turn}")
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        name = st.text_input(
            "Name of the list",
            Path(file.name).stem if file is not None else "",
            key=f"bring_name_{turn}_{file.file_id if file is not None else ''}",
            max_chars=200,
            width=260,
        )
        kinds = [kind.event for kind in ask(store, contents)]
        event = st.selectbox(
            "A response is",
            kinds,
            kinds.index("purchase") if "purchase" in kinds else 0,
            key=f"bring_event_{turn}",
            format_func=event_name,
            width=180,
        )
        days = st.number_input(
            "Days that count",
            1,
            3650,
            28,
            key=f"bring_days_{turn}",
            width=150,
            help="Responses count from the sending on, for so many days.",
        )
        planned = st.number_input(
            "Planned to be held back (%)",
            0.1,
            99.0,
            None,
            step=1.0,
            key=f"bring_planned_{turn}",
            placeholder="not known",
            width=220,
            help="The share of the users that was to be the control group, dealt by lot. With it the groups' sizes are "
            "checked: where they cannot come from it, no result is shown.",
        )
        sent = st.date_input(
            "Sent on, if the file does not say",
            None,
            key=f"bring_sent_{turn}",
            format="YYYY-MM-DD",
            width=240,
            help="Midnight UTC at the start of that day. Leave it empty where the file has a column sent_at.",
        )
    items = st.text_input(
        "Only responses about these items (ids, parted by commas)",
        key=f"bring_items_{turn}",
        placeholder="all items",
        width=520,
    )
    replace = st.checkbox("Replace a list of that name", key=f"bring_replace_{turn}")
    if st.button("Bring it in", type="primary", key="bring_do", disabled=file is None or not name.strip()):
        assert file is not None
        try:
            given = Given(store, file.name, file)
            brought = bring_list(
                store,
                name.strip(),
                given.path,
                sent_at=datetime.combine(sent, time(), UTC) if sent else None,
                days=int(days),
                event=event,
                items=[item.strip() for item in items.split(",") if item.strip()],
                holdout=None if planned is None else planned / 100,
                replace=replace,
            )
        except Refusal as refusal:
            refuse(refusal)
            return
        _brought(brought, turn)


def _brought(brought: SavedList, turn: int) -> None:
    """Show the list, with fresh fields for another."""
    st.session_state[_TURN] = turn + 1
    open_list(brought.name)
    tell(f"“{brought.name}” is in: {brought.contacted:,} contacted, {brought.control:,} held back.")
    st.rerun()
