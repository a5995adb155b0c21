"""Where attention goes from one category to the next within a visit: table and Sankey."""

from __future__ import annotations

from functools import partial

import streamlit as st

from core.attention import Flow, FlowQuestion, flow, flow_users, item_events
from core.behaviour import category_columns
from core.figures import event_name, flow_sankey_figure, flow_table_figure
from core.store import Store
from pages._ui import format as fmt
from pages._ui import state
from pages._ui.attention_fading_cards import VISIT, cards, definition, table_file
from pages._ui.cache import ask
from pages._ui.home_figures import chart
from pages._ui.home_period import Shown
from pages._ui.people import Behind, Choice, see_users

_MOVE = (
    "A move is an event of an item, and the next one of an item in the same visit of the same user. {visit}. An item "
    "in several categories counts in the first by the alphabet. Events without a user have no visits here."
)
_LIFT = (
    " Against chance: moves divided by those to be expected if the next category depended on nothing but how often "
    "each is left and reached (moves within a category aside)."
)
_SHOWN = {"share": "Share of each row", "lift": "Against chance", "bands": "Bands"}


def draw(store: Store, shown: Shown) -> None:
    """The part of the view."""
    kinds, columns = ask(store, item_events), list(ask(store, category_columns))
    if not kinds or not columns:
        st.info("The items of these data have no categories. Load a file of items with a category column to see this.")
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        event = st.selectbox(
            "Moves of", kinds, key="flow_event", bind="query-params", format_func=event_name, width=170
        )
        column = columns[0]
        if len(columns) > 1:
            column = st.selectbox("By", columns, key="flow_by", bind="query-params", width=170)
        most = st.number_input("Categories named", 3, 20, 10, key="flow_most", bind="query-params", width=150)
        how = st.segmented_control(
            "Shown as", list(_SHOWN), default="share", required=True, key="flow_as", bind="query-params",
            format_func=_SHOWN.__getitem__,
        )  # fmt: skip
    question = FlowQuestion(event, column, int(most))
    found = ask(store, flow, question, shown.window)
    if found.problem:
        st.info(found.problem)
        return
    _key_figures(found)
    picked = None
    if how == "bands":
        chart(flow_sankey_figure(found), "fig_flow_bands", "Bands: moves from category to category")
    else:
        picked = chart(flow_table_figure(found, lift=how == "lift"), f"fig_flow_{how}",
                       f"Table: moves from category (rows) to category (columns), {shown.words}")  # fmt: skip
    with st.container(horizontal=True, wrap=False, gap="medium"):
        definition(_MOVE.format(visit=VISIT[found.question.by]) + (_LIFT if how == "lift" else ""))
        names = {"Any category": None, **{name: name for name in found.names}}
        see_users(
            store, "flow", partial(_behind, store, shown, question), [Choice("From", names), Choice("To", names)],
            picked=picked and picked[:2],
        )  # fmt: skip
    table_file(found.table.to_dict("records"), "moves-between-categories")
    st.divider()
    if st.button("Next: which items go together?", type="primary", key="flow_next"):
        state.go("explain")


def _key_figures(found: Flow) -> None:
    away = found.table.dropna(subset=["lift"])
    top = away.sort_values("moves", ascending=False).head(1)
    said = [f"{r.source} to {r.target}" for r in top.itertuples()]
    cards(
        [
            ("Moves", fmt.number(found.moves), "From one item's event to the next in the same visit."),
            ("Users who moved", fmt.number(found.users), "Known users with at least one move."),
            ("Stay in the category", fmt.percent(found.stays / found.moves), "Moves to an item of the same category."),
        ]
    )
    if said:
        st.caption(f"Most frequent move to another category: {said[0]}.")


def _behind(store: Store, shown: Shown, question: FlowQuestion, source: str | None, target: str | None) -> Behind:
    words = f"who moved from {source or 'any category'} to {target or 'any category'} within a visit, {shown.words}"
    return Behind(words, flow_users(store, question, source, target, shown.window))
