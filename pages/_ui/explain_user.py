"""Explain, a user: who it is. Key figures, tastes, rhythm, attributes, history; then what would come next, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from core.explain import Taste, UserPortrait, user_portrait
from core.figures import tastes_figure
from core.recommend import StoredModel
from core.store import Store
from pages._ui import explain_address as address
from pages._ui import explain_alike, explain_pick, explain_roads, explain_why, fitted
from pages._ui import format as fmt
from pages._ui.cache import ask
from pages._ui.explain_words import counts_words, did_words, rank, rhythm
from pages._ui.text import label, plain

_BY = "explain_tastes_by"


def draw(store: Store, model: StoredModel | None) -> None:
    """The whole view."""
    explain_pick.user(store)
    user = address.chosen("user")
    if user is None:
        st.info(
            "Choose a user: type part of an id, or draw one at random. Then see who it is, and what would come next."
        )
        fitting = fitted.follow(store)
        if model is None and not fitting:
            fitted.panel(store)
        return
    person = ask(store, user_portrait, user)
    st.subheader(f"User {plain(person.user)}", anchor=False)
    _key_figures(person)
    _about(person)
    tabs = st.tabs(list(_TABS), key="explain_show", bind="query-params")
    for tab, draw_tab in zip(tabs, _TABS.values(), strict=True):
        if tab.open:
            with tab:
                draw_tab(store, model, person)


def _next(store: Store, model: StoredModel | None, person: UserPortrait) -> None:
    ready = _ready(store, model)
    if model is not None and explain_roads.by_model(store, model, person.user) and ready is not None:
        explain_why.draw(store, ready, person.user)


def _alike(store: Store, model: StoredModel | None, person: UserPortrait) -> None:
    if (ready := _ready(store, model)) is not None:
        explain_alike.draw(store, ready, person.user)


def _ready(store: Store, model: StoredModel | None) -> StoredModel | None:
    """The model in use if it can speak for the data; else None, and what to do has been said."""
    fitting = fitted.follow(store)
    if model is None:
        if not fitting:
            fitted.panel(store)
        return None
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        fitted.chooser(store, model)
        fitted.another(store)
    if model.stale:
        if not fitting:
            fitted.again(store, model)
        return None
    return model


@dataclass(frozen=True)
class _Figure:
    """One key figure: its name, value, what stands below it, its definition."""

    name: str
    value: str
    below: str
    help: str


def _key_figures(person: UserPortrait) -> None:
    figures = [f for f in _figures(person) if f.value != fmt.NONE][:5]
    with st.container(horizontal=True, gap="small"):
        for figure in figures:
            with st.container(border=True, gap="xxsmall", width=168, height="stretch"):
                st.metric(figure.name, figure.value, help=figure.help)
                if figure.below:
                    st.caption(figure.below)


def _figures(person: UserPortrait) -> list[_Figure]:
    each = "" if person.order_value is None else f"{fmt.money(person.order_value)} per order"
    deeds = fmt.number(sum(n for _, n in person.events))
    return [
        _Figure(
            "Net revenue",
            fmt.money(person.net_revenue),
            rank(person.value_rank),
            "Purchases less returns, in the currency of the file, up to the end of the data.",
        ),
        _Figure(
            "Orders",
            fmt.number(person.orders),
            each,
            "Orders placed, returned or not. Per order: net revenue ÷ orders.",
        ),
        _Figure(
            "Last order",
            fmt.NONE if person.days_since_order is None else _days(person.days_since_order),
            "before the end of the data",
            "From the last order to the end of the data.",
        ),
        _Figure(
            "Between orders",
            fmt.NONE if person.days_between_orders is None else _days(person.days_between_orders),
            "median",
            "Half of the gaps between one order and the next are shorter; known from the second order on.",
        ),
        _Figure("Items", fmt.number(person.items), "different ones", "Distinct items of any event."),
        _Figure("Events", deeds, "of any kind", "Everything this user did, up to the end of the data."),
        _Figure("Active days", fmt.number(person.active_days), "", "Days (UTC) with any event but impressions."),
    ]


def _days(days: float) -> str:
    if 0 < days < 1:
        return "< 1 day"
    return fmt.count(round(days), "day") if days >= 10 or days == int(days) else f"{days:.1f} days"


def _about(person: UserPortrait) -> None:
    said = [plain(rhythm(person))] if person.first_seen else []
    if person.events:
        said.append(plain(counts_words(person.events)) + ".")
    st.markdown("  \n".join(said))
    if person.attributes:
        told = [f"{plain(column)}: **{plain(_short(value))}**" for column, value in person.attributes]
        st.markdown(":small[" + " · ".join(told) + "]")


def _short(value: str) -> str:
    return value if len(value) <= 80 else value[:79] + "…"


def _tastes(store: Store, model: StoredModel | None, person: UserPortrait) -> None:
    kinds: dict[str, Sequence[Taste]] = {"Channels": person.channels, "Devices": person.devices}
    if person.category_column:
        kinds = {person.category_column.capitalize(): person.tastes} | kinds
    there = {name: rows for name, rows in kinds.items() if rows}
    if not there:
        st.info("Tastes need a category of items, a channel or a device. These data name none for this user's events.")
        return
    if st.session_state.get(_BY) not in there:
        st.session_state.pop(_BY, None)
    name = st.segmented_control(
        "Tastes by", [*there], default=next(iter(there)), required=True, key=_BY, format_func=label
    )
    st.plotly_chart(
        tastes_figure(there[name], f"{name}: this user against all users"),
        key="explain_tastes",
        config={"displayModeBar": False},
        alt=f"{name}: this user's share of events against everyone's",
    )
    st.caption(
        "Share of the events whose value is known; the eight with most events are shown. Where the upper bar is the "
        "longer one, this user looks there more than others do."
    )


def _history(store: Store, model: StoredModel | None, person: UserPortrait) -> None:
    rows = pd.DataFrame(
        {
            "When (UTC)": [line.at for line in person.history],
            "What": [did_words(line) for line in person.history],
            "Item": [line.label for line in person.history],
            "Quantity": [line.quantity for line in person.history],
            "Value": [line.value for line in person.history],
            "Rating": [line.rating for line in person.history],
            "Channel": [line.channel for line in person.history],
        }
    )
    known = [column for column in rows.columns if rows[column].notna().any()]
    st.dataframe(
        rows[known],
        hide_index=True,
        placeholder=fmt.NONE,
        height="content" if len(rows) < 10 else 360,
        column_config={
            "When (UTC)": st.column_config.DatetimeColumn(format="D MMM YYYY, HH:mm"),
            "Item": st.column_config.TextColumn(width="large"),
            "Quantity": st.column_config.NumberColumn(format="localized"),
            "Value": st.column_config.NumberColumn(
                format="localized", help="As in the file, in its currency; returns are below zero."
            ),
        },
    )
    if person.history_total > len(person.history):
        st.caption(f"The latest {fmt.number(len(person.history))} of {fmt.number(person.history_total)}.")


_TABS = {"What next, and why": _next, "Tastes": _tastes, "Similar users": _alike, "History": _history}
