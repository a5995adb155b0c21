"""Segments by likeness, look-alikes: users most like the members of a segment, and how far that can be trusted."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Literal

import pandas as pd
import streamlit as st

from core.figures.lookalike import LOOKALIKE_WAYS, closeness_figure, recall_figure
from core.segments import (
    HeldOut,
    InGroup,
    KeptGroup,
    Lookalikes,
    LookalikeSpec,
    cautions,
    closeness_of,
    count,
    lookalikes_of,
    saved_segments,
)
from core.store import Store
from pages._ui import format as fmt
from pages._ui import segments_alike_jobs as jobs
from pages._ui import segments_alike_kept as kept
from pages._ui.cache import ask
from pages._ui.home_figures import chart
from pages._ui.segments_members import RULES, VALUE, VIEW, csv_of, edit, sample_table, save_form
from pages._ui.text import plain, unbroken

SIZE = "closest"
"""Key of the size of the list, in session state and in the address."""
_SIZE_OF = "_closest_of"
_TABS = ("Can it be trusted?", "What they have in common", "Notes")
_BEST = "Best by the check"
_WAYS: dict[str, Literal["taste", "features", "both"] | None] = {
    _BEST: None,
    "What they take": "taste",
    "How they behave": "features",
    "Both": "both",
}
_WAYS_SAID = {
    _BEST: "Each way is tried; the one that brings most hidden members back is taken.",
    "What they take": "By the items: whose items are most like those of the members.",
    "How they behave": "By how often, how lately, how much and when they are active and buy, and by who they are.",
    "Both": "By the mean of the two ranks: what they take, and how they behave.",
}


def draw(store: Store, as_of: datetime | None) -> None:
    """The whole view."""
    jobs.follow(store, "lookalike")
    group = kept.chooser(store, "lookalike")
    with st.expander(
        "Find look-alikes", icon=":material/search:", expanded=group is None, key=f"lookalikes_new_{group is None}"
    ):
        _ask(store, as_of)
    if group is not None:
        _shown(store, group)


def _ask(store: Store, as_of: datetime | None) -> None:
    names = [segment.name for segment in saved_segments(store)]
    if not names:
        st.info(
            "Look-alikes start from a saved segment, such as your best buyers, and none has been saved yet. Write a "
            "rule, or open a segment by value, and press “Save as segment”."
        )
        with st.container(horizontal=True):
            st.button("Write a rule", key="lookalikes_to_rule", type="primary", on_click=_go, args=(RULES,))
            st.button("Open segments by value", key="lookalikes_to_value", on_click=_go, args=(VALUE,))
        return
    if st.session_state.get("lookalikes_seed") not in names:
        st.session_state.pop("lookalikes_seed", None)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        st.selectbox("Like the members of", names, key="lookalikes_seed", width=320)
        st.number_input(
            "How many",
            1,
            None,
            None,
            key="lookalikes_size",
            placeholder="as many as members",
            width=250,
            help="The check is made with a list of this length. You can take more or fewer of them afterwards.",
        )
        st.number_input(
            "Fewest events a user",
            1,
            1_000_000,
            1,
            key="lookalikes_least",
            width=180,
            help="Users with fewer events are left out: too little is known of them.",
        )
    way = st.segmented_control(
        "Alike by", list(_WAYS), default=_BEST, required=True, key="lookalikes_way", wrap=True
    )  # fmt: skip
    st.caption(_WAYS_SAID[way])
    st.button(
        "Find look-alikes",
        type="primary",
        key="lookalikes_find",
        disabled=jobs.busy(store, "lookalike"),
        on_click=jobs.find_lookalikes,
        args=(store, partial(_read, as_of)),
    )


def _read(as_of: datetime | None) -> LookalikeSpec:
    said = st.session_state
    return LookalikeSpec(
        said["lookalikes_seed"],
        _WAYS[said["lookalikes_way"]],
        said["lookalikes_size"],
        int(said["lookalikes_least"]),
        as_of,
    )


def _go(view: str) -> None:
    st.session_state[VIEW] = view


def _shown(store: Store, group: KeptGroup) -> None:
    found = lookalikes_of(group)
    st.subheader(plain(group.name), anchor=False)
    kept.told(store, group)
    for note in cautions(found):
        st.warning(plain(note))
    if group.version != store.version:
        st.info("Data came or went since these were found. Find look-alikes again to see those of now.")
    _key_figures(found)
    _list(store, group, found)
    tabs = st.tabs(
        ["Can it be trusted?", "What they have in common", "Notes"], key="lookalikes_show", bind="query-params"
    )
    with tabs[0]:
        _check(found)
    with tabs[1]:
        _traits(found)
    with tabs[2]:
        st.markdown("\n".join(f"- {plain(note)}" for note in found.notes))
        st.caption(f"Computed in {fmt.duration(found.seconds)}.")


def _key_figures(found: Lookalikes) -> None:
    mine = next(c for c in found.checks if c.way == found.spec.way)
    active = next((c for c in found.checks if c.way == "active"), None)
    with st.container(horizontal=True, gap="medium"):
        st.metric("Members of the segment", fmt.number(found.seed_users), width=170)
        st.metric(
            "Others to choose from",
            fmt.number(found.candidates),
            width=180,
            help="Users outside the segment of whom enough is known.",
        )
        st.metric(
            "Hidden members found",
            fmt.percent(mine.share, 0),
            width=180,
            help=f"A fifth of the members was hidden among all others, five times over: so many of them stand in a "
            f"list of {fmt.count(mine.size, 'user')}.",
        )
        st.metric(
            "By chance", fmt.percent(mine.at_random, 0), width=110, help="In a list of that length drawn by chance."
        )
        if active is not None:
            st.metric(
                "Most active first",
                fmt.percent(active.share, 0),
                width=170,
                help="In a list of that length of the users with most events.",
            )


def _list(store: Store, group: KeptGroup, found: Lookalikes) -> None:
    """How many of them to take, how close the last one is, and what can be done with them."""
    most = max(group.users, 2)
    if st.session_state.get(_SIZE_OF) != group.name:
        if st.session_state.get(_SIZE_OF) is not None or SIZE not in st.query_params:
            st.session_state[SIZE] = found.spec.size or 1
        st.session_state[_SIZE_OF] = group.name
    if SIZE in st.session_state:
        st.session_state[SIZE] = min(max(int(st.session_state[SIZE]), 1), most)
    size = st.slider("How many to take, the closest first", 1, most, key=SIZE, bind="query-params")
    close = closeness_of(store, group.name, size)
    rule = InGroup(group.name, closest=size)
    users = ask(store, count, rule)
    st.markdown(
        f"**{fmt.count(users, 'user')}**. The last one has a closeness of **{fmt.number(close, 2)}**: 1 is as close as "
        "the middle one of the members themselves, 0 no closer than the middle one of everybody else."
    )
    with st.container(horizontal=True):
        csv_of(store, rule, None, group.name, users, "lookalikes_csv")
        save_form(store, rule, None, f"Like {found.spec.seed_segment}"[:80], f"lookalikes_save_{group.name}")
        st.button("Use in a rule", key="lookalikes_edit", on_click=edit, args=(store, rule))
        kept.manage(store, "lookalike", group)
    chart(
        closeness_figure(replace(found, spec=replace(found.spec, size=size))),
        "fig_closeness",
        "Closeness of the last user in lists of growing length",
    )
    sample_table(store, rule, None, users)


def _check(found: Lookalikes) -> None:
    chart(recall_figure(found), "fig_recall", "Share of hidden members found in lists of growing length")
    st.table(
        pd.DataFrame(
            {
                "List by": [_way(check, found) for check in found.checks],
                "Hidden members found": [f"{fmt.number(c.found)} of {fmt.number(c.hidden)}" for c in found.checks],
                "Share": [unbroken(fmt.percent(c.share)) for c in found.checks],
                "95 % interval": [unbroken(f"{fmt.percent(c.low)} to {fmt.percent(c.high)}") for c in found.checks],
                "By chance": [unbroken(fmt.percent(c.at_random)) for c in found.checks],
            }
        ),
        border="horizontal",
        hide_index=True,
    )
    size = found.checks[0].size
    st.caption(
        f"**Definition.** A fifth of the members is hidden among all other users, and the list is made from the rest; "
        f"this is done five times, so that every member is hidden once. Found: hidden members who stand in a list of "
        f"{fmt.count(size, 'user')}. By chance: in a list of that length drawn at random."
    )


def _way(check: HeldOut, found: Lookalikes) -> str:
    name = LOOKALIKE_WAYS.get(check.way, check.way)
    return f"**{name}** (taken)" if check.way == found.spec.way else name


def _traits(found: Lookalikes) -> None:
    if not found.traits:
        st.info("Nothing sets them and the members apart from all others by much.")
        return
    st.markdown("\n".join(f"- {plain(trait.words)}" for trait in found.traits))
    st.caption(
        f"“Them” are the {fmt.number(found.spec.size)} look-alikes that were asked for. Shown: in what they and the "
        "members both differ from all others, the largest difference first."
    )
