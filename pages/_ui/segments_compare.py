"""Segments compared: side by side in figures, and how they overlap."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import pandas as pd
import streamlit as st

from core.figures import PROFILE_MEASURES, lift_figure, profile_figure
from core.progress import Step
from core.segments import ItemLift, Profile, Profiles, Segment, profiles
from core.store import Store
from pages._ui import format as fmt
from pages._ui import segments_overlap
from pages._ui.features_jobs import beside
from pages._ui.segments_pick import group_box, pick, segments_told
from pages._ui.text import plain

SIDE, OVERLAP = "Side by side", "Overlap"
_SHARES = ("share", "revenue_share", "repeat_rate", "retained")
_MONEY = ("revenue", "value_each", "order_value")
_EVERYONE = "Everyone"


def draw(store: Store, as_of: datetime | None) -> None:
    """The whole view."""
    segments = pick(store)
    if not segments:
        return
    tabs = st.tabs([SIDE, OVERLAP], key="compare", bind="query-params")
    for tab, shown in zip(tabs, (_side_by_side, segments_overlap.draw), strict=True):
        if tab.open:
            with tab:
                shown(store, segments, as_of)


def _side_by_side(store: Store, segments: Sequence[Segment], as_of: datetime | None) -> None:
    def make(step: Step) -> tuple[Profiles, int]:
        return profiles(store, segments, as_of, step=step), 100_000

    title = f"{fmt.count(len(segments), 'segment')} side by side"
    found = beside(store, "profiles", title, segments_told(store, segments, as_of), make)
    if found is None:
        return
    _table(found)
    _bars(found)
    _apart(store, segments, found, as_of)


def _table(found: Profiles) -> None:
    columns = {_EVERYONE: found.everyone} | _named(found)
    table = pd.DataFrame(
        {"Figure": [name for name, _, _ in PROFILE_MEASURES.values()]}
        | {title: [_amount(key, one) for key in PROFILE_MEASURES] for title, one in columns.items()}
        | {"Unit": [unit for _, unit, _ in PROFILE_MEASURES.values()]}
    )
    st.dataframe(
        table,
        hide_index=True,
        height="content",
        column_order=["Figure", "Unit", *columns],
        column_config={
            "Figure": st.column_config.TextColumn(pinned=True),
            **{
                title: st.column_config.TextColumn(alignment="right", help=plain(one.words))
                for title, one in columns.items()
            },
        },
    )
    until = "" if found.as_of is None else f" Data up to {fmt.moment(found.as_of)} (UTC)."
    st.caption(
        f"Everyone: all {fmt.count(found.everyone.users, 'known user')}. A dash: not known, or nobody to say it "
        f"of.{until} Point at the head of a column to read its rule."
    )
    with st.expander("What the figures mean"):
        st.markdown(
            "\n".join(f"- **{plain(name)}** ({unit}): {plain(text)}" for name, unit, text in PROFILE_MEASURES.values())
        )


def _bars(found: Profiles) -> None:
    measure = st.selectbox(
        "Draw",
        list(PROFILE_MEASURES),
        index=1,
        key="figure",
        bind="query-params",
        format_func=lambda key: PROFILE_MEASURES[key][0],
        width=320,
    )
    st.plotly_chart(
        profile_figure(found, measure),
        theme="streamlit",
        key="fig_profile",
        config={"displayModeBar": False},
        alt="The chosen figure of everyone and of each segment; the same numbers stand in the table above.",
    )


def _apart(store: Store, segments: Sequence[Segment], found: Profiles, as_of: datetime | None) -> None:
    st.subheader("What sets a segment apart", anchor=False)
    named = dict(zip([segment.name for segment in segments], found.segments, strict=True))
    kinds = ["Items", "Categories"] if found.category else ["Items"]
    if st.session_state.get("apart") not in named:
        st.session_state.pop("apart", None)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        name = st.selectbox("Segment", list(named), key="apart", bind="query-params", width=420)
        kind = kinds[0]
        if len(kinds) > 1:
            kind = st.segmented_control("By", kinds, default=kinds[0], required=True, key="by", bind="query-params")
    one = named[name]
    things = one.items if kind == "Items" else one.categories
    if things:
        st.plotly_chart(
            lift_figure(found, name, "items" if kind == "Items" else "categories"),
            theme="streamlit",
            key="fig_lift",
            config={"displayModeBar": False},
            alt="Lift of each item with its interval; the same numbers stand below.",
        )
        with st.expander("The same in numbers"):
            _lifts(found, things)
    else:
        st.info(f"No item was {found.took} by at least five of its members, so nothing can be said of its tastes.")
    segment = next(segment for segment in segments if segment.name == name)
    words = f"**{fmt.count(one.users, 'user')}**, {fmt.percent(one.share)} of all known users: {plain(one.words)}."
    group_box(store, segment.rule, segment.as_of or as_of, name, one.users, "side", words)


def _lifts(found: Profiles, things: Sequence[ItemLift]) -> None:
    took = found.took.capitalize()
    st.dataframe(
        pd.DataFrame(
            {
                "Name": [thing.label for thing in things],
                f"{took} by (members)": [fmt.number(thing.users) for thing in things],
                "Of members": [fmt.percent(thing.share) for thing in things],
                "Of everyone": [fmt.percent(thing.share_all) for thing in things],
                "Lift": [fmt.number(thing.lift, 2) for thing in things],
                "95 % interval": [f"{fmt.number(thing.low, 2)} to {fmt.number(thing.high, 2)}" for thing in things],
            }
        ),
        hide_index=True,
        height="content",
    )
    st.caption(
        f"Lift: the share of members who {found.took} it, of those who did anything, divided by that share of "
        "everyone; 2 = twice as likely. Ordered by the low end of the interval: few takers do not shine by luck."
    )


def _named(found: Profiles) -> dict[str, Profile]:
    """The segments by the titles of their columns: none may be taken for another one."""
    taken = (_EVERYONE, "Figure", "Unit")
    return {f"{one.name} (segment)" if one.name in taken else one.name: one for one in found.segments}


def _amount(key: str, one: Profile) -> str:
    value = getattr(one, key)
    if key in _SHARES:
        return fmt.percent(value)
    if key in _MONEY:
        return fmt.money(value)
    return fmt.number(value, 2 if key == "orders_each" else 0)
