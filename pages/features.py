"""Features: what is known about each user and item, as a table for models, each column defined."""

from __future__ import annotations

import streamlit as st

from core.errors import Refusal
from core.features import FeatureTable, missing_shares
from core.store import Store
from pages._ui import features_ask, features_away, features_jobs, features_one, features_table, features_tell
from pages._ui import format as fmt
from pages._ui.features_ask import Asked, said
from pages._ui.models_details import card
from pages._ui.shell import refuse, start
from pages._ui.text import plain

_FEATURE = (
    "One column: one fact about each row, such as the orders of the last 30 days. Each is defined under “What they "
    "mean”."
)


def main() -> None:
    """Draw the page."""
    store = start("Features", "What do we know about each user and item?")
    if store is None:
        return
    try:
        _draw(store)
    except Refusal as refusal:
        refuse(refusal)


def _draw(store: Store) -> None:
    asked = features_ask.choose(store)
    table = features_jobs.table(store, asked.spec)
    if table is None:
        return
    if not table.rows().num_rows:
        _nobody(store, asked)
        return
    _key_figures(asked, table)
    tabs = st.tabs(list(_TABS), key="show", bind="query-params")
    for tab, draw in zip(tabs, _TABS.values(), strict=True):
        if tab.open:
            with tab:
                draw(store, asked, table)


_TABS = {
    "Table": features_table.table,
    "What they mean": features_table.definitions,
    "Which of them tell something": features_tell.draw,
    "One feature": features_one.draw,
    "Take it away": features_away.draw,
}


def _key_figures(asked: Asked, table: FeatureTable) -> None:
    rows, many = table.rows().num_rows, asked.spec.table
    shares = missing_shares(table).values()
    some, none = sum(0 < share < 1 for share in shares), sum(share == 1 for share in shares)
    with st.container(horizontal=True, gap="small"):
        with card():
            st.metric(many.capitalize(), fmt.number(rows), help=f"Rows of the table: one for each of the {many}.")
            least, out = asked.spec.min_events, table.made_of.get("left_out", 0)
            few = "no event" if least == 1 else f"fewer than {fmt.number(least)} events"
            st.caption(f"{fmt.number(out)} with {few} left out" if out else "all that are known")
        with card():
            st.metric("Features", fmt.number(len(table.columns)), help=_FEATURE)
            st.caption(f"from {fmt.count(table.made_of.get('events', 0), 'event')}")
        with card():
            st.metric(
                "With a value missing",
                fmt.number(some),
                help=f"Features that some {many} have no value of. What that means stands beside each definition.",
            )
            st.caption(f"{fmt.number(none)} more have no value at all" if none else "none is empty throughout")
        with card():
            st.metric("Data up to", fmt.day(asked.last), help="The last day (UTC) that any of these features has seen.")
            st.caption("the end of the data" if asked.spec.as_of is None and asked.last else _no_times(asked))
    _notes(table)


def _no_times(asked: Asked) -> str:
    return "nothing later is seen" if asked.last else "no event has a time"


def _notes(table: FeatureTable) -> None:
    if table.notes:
        with st.expander(f"What to know about this table ({fmt.count(len(table.notes), 'note')})"):
            st.markdown("\n".join(f"- {plain(said(note, table.spec.as_of))}" for note in table.notes))


def _nobody(store: Store, asked: Asked) -> None:
    """Say why the table has no rows, and what to do."""
    if asked.spec.as_of is not None:
        st.info(f"No {asked.one} has an event up to {fmt.day(asked.last)}. Choose a later day above.")
    elif asked.spec.min_events > 1:
        st.info(f"No {asked.one} has so many events. Ask for fewer under “More”.")
    elif asked.spec.table == "users":
        st.info(
            "No event names a user, so there is nothing to know about users. Look at the items above, or load events "
            "with a column for the user."
        )
    else:
        st.info(
            "No event names an item, so there is nothing to know about items. Look at the users above, or load events "
            "with a column for the item."
        )


main()
