"""Explain, an item: who takes it, what sets them apart, what goes with it, and the way to these users."""

from __future__ import annotations

from functools import partial

import pandas as pd
import streamlit as st

from core.errors import Refusal
from core.explain import GoesWith, ItemPortrait, item_portrait, item_users
from core.figures import event_name, traits_figure
from core.recommend import StoredModel
from core.segments import ANY_EVENT, Did, Filter, Rule, Test
from core.store import Store
from pages._ui import explain_address as address
from pages._ui import explain_pick, fitted, state
from pages._ui import format as fmt
from pages._ui.cache import ask
from pages._ui.explain_words import users_words
from pages._ui.people import Behind, Choice, see_users
from pages._ui.segments_members import RULES, VIEW, set_draft
from pages._ui.shell import refuse
from pages._ui.text import label, plain

_ANY = "Any event but impressions"


def portrait_of(store: Store, model_id: str, item: str) -> ItemPortrait:
    """The item in the matrix of a stored model."""
    return item_portrait(store, fitted.load(store, model_id).x, item)


def draw(store: Store, model: StoredModel | None) -> None:
    """The whole view."""
    explain_pick.item(store, "item", "Find an item", key="explain_find_item")
    item = address.chosen("item")
    if item is None:
        st.info("Choose an item: type part of its title or id. Then see who takes it, and what goes with it.")
    fitting = fitted.follow(store)
    if model is None:
        if not fitting:
            fitted.panel(store)
        return
    if model.stale:
        if not fitting:
            fitted.again(store, model)
        return
    if item is None:
        return
    try:
        found = ask(store, portrait_of, model.model_id, item)
    except Refusal as refusal:
        refuse(refusal)
        return
    _head(found)
    _key_figures(found)
    _these_users(store, found)
    _traits(found)
    _goes_with(found)
    st.divider()
    _next(store, found)


def _head(found: ItemPortrait) -> None:
    st.subheader(plain(found.label), anchor=False)
    said = [f"Item {plain(found.item)}"] if found.item != found.label else []
    said += [f"{plain(column)}: **{plain(value)}**" for column, value in found.attributes if value != found.label]
    if said:
        st.markdown(":small[" + " · ".join(said) + "]")


def _key_figures(found: ItemPortrait) -> None:
    orders = "" if found.buyer_orders is None else _orders(found)
    repeat = "" if found.repeat_share is None else f"{fmt.percent(found.repeat_share)} bought it again"
    figures = [
        ("Buyers", fmt.number(found.buyers), orders, "Users who bought it and kept at least one."),
        ("Orders", fmt.number(found.orders), repeat, "Orders that hold it; again = in two or more orders."),
        ("Units", fmt.number(found.units), "less returns", "Quantity bought, less what was returned."),
        (
            "Net revenue",
            fmt.money(found.net_revenue),
            "",
            "Purchases of it less returns, in the currency of the file, up to the end of the data.",
        ),
    ]
    there = [figure for figure in figures if figure[1] != fmt.NONE]
    if not there:
        there = [(event_name(event), fmt.number(n), "users", "Distinct users.") for event, n in found.users[:4]]
    with st.container(horizontal=True, gap="small"):
        for name, value, below, help in there:
            with st.container(border=True, gap="xxsmall", width=168, height="stretch"):
                st.metric(plain(name), value, help=help)
                if below:
                    st.caption(below)
    said = (
        []
        if found.first_seen is None
        else [f"First seen {fmt.day(found.first_seen)}, last {fmt.day(found.last_seen)}."]
    )
    if found.users:
        said.append(f"Users: {users_words(found.users)}.")
    st.caption(plain(" ".join(said)))


def _orders(found: ItemPortrait) -> str:
    usual = "" if found.usual_orders is None else f" (all buyers: {fmt.number(found.usual_orders)})"
    return f"with {fmt.number(found.buyer_orders)} orders of anything, median{usual}"


def _these_users(store: Store, found: ItemPortrait) -> None:
    strongest = sorted((event for event, _ in found.users), key=lambda event: event != "purchase")
    kinds = {**{event_name(event): event for event in strongest}, _ANY: ANY_EVENT}
    with st.container(horizontal=True):
        see_users(store, "explain_item", partial(_behind, store, found), [Choice("Who had", kinds)])


def _behind(store: Store, found: ItemPortrait, event: str) -> Behind:
    if event == ANY_EVENT:
        return Behind(f"who had to do with “{found.label}”", item_users(store, found.item, None))
    users = item_users(store, found.item, event)
    return Behind(f"with {event_name(event).lower()} of “{found.label}”", users, _rule(found, event))


def _rule(found: ItemPortrait, event: str) -> Rule:
    return Did(event, where=(Filter("item", "item_id", Test("is", (found.item,))),))


def _traits(found: ItemPortrait) -> None:
    if not found.traits:
        st.caption("Nothing in the users' own columns sets its buyers apart (or fewer than 10 of them are known).")
        return
    st.plotly_chart(
        traits_figure(found.traits),
        key="explain_traits",
        config={"displayModeBar": False},
        alt="Values of users' columns among the buyers of this item, against all buyers",
    )
    st.caption(
        "Only values that at least 10 of its buyers have, those furthest above the usual share first. "
        "That its buyers differ does not say that the item is the reason."
    )


def _goes_with(found: ItemPortrait) -> None:
    st.markdown("**What goes with it**")
    if not found.goes_with:
        st.caption("No other item was taken by the same users.")
        return
    rows = found.goes_with
    st.dataframe(
        pd.DataFrame(
            {
                "Item": [row.label for row in rows],
                "Users of both": [row.users for row in rows],
                "Against chance": [f"{fmt.number(row.lift, 1)} ×" for row in rows],
                "Similarity": [fmt.percent(row.similarity) for row in rows],
            }
        ),
        hide_index=True,
        height="content",
        column_config={
            "Item": st.column_config.TextColumn(width="large"),
            "Users of both": st.column_config.NumberColumn(format="localized"),
            "Against chance": st.column_config.TextColumn(alignment="right"),
            "Similarity": st.column_config.TextColumn(alignment="right"),
        },
    )
    st.caption(
        "Against chance: how many times as many users took both as would if the two had nothing to do with each other. "
        "Similarity: how far the same users took both (cosine), made smaller where few users did."
    )
    _open(rows)


def _open(rows: tuple[GoesWith, ...]) -> None:
    names = {row.item: row.label for row in rows}
    box = "explain_goes_with"
    st.session_state[box] = None
    st.selectbox(
        "Look at one of them",
        [*names],
        index=None,
        key=box,
        format_func=lambda item: label(names.get(item, "")),
        placeholder="Choose an item",
        on_change=_take,
        args=(box,),
        width=420,
    )


def _take(box: str) -> None:
    address.choose("item", st.session_state[box])


def _next(store: Store, found: ItemPortrait) -> None:
    events = [event for event, _ in found.users]
    if not events:
        return
    event = "purchase" if "purchase" in events else events[-1]
    who = "its buyers" if event == "purchase" else f"users with {event_name(event).lower()} of it"
    st.markdown("**What next?** Take these users along, and narrow them down by what else they did.")
    if st.button(f"Build a segment of {label(who)}", type="primary", key="explain_item_segment"):
        set_draft(store, _rule(found, event))
        chosen = {state.WS: state.workspace() or "", VIEW: RULES}
        st.switch_page(state.page_path("segments"), query_params=chosen)
