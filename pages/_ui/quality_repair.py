"""Quality, a repair before it is accepted: which one, its limits, what it would change, and the word to keep it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from core.errors import Refusal
from core.quality import (
    Cap,
    Fill,
    FillMethod,
    Repair,
    columns_of,
    describe,
    fill_methods,
    limits_of,
    preview,
    repair_to_json,
    scope_of,
    with_limits,
)
from core.store import Store
from pages._ui import quality_jobs as jobs
from pages._ui import quality_words as words
from pages._ui.cache import ask
from pages._ui.shell import refuse
from pages._ui.text import label, plain

_SEEN = "_quality_seen"
_BY_GROUP = frozenset({"mean", "median", "mode", "interpolate"})


def draw(store: Store, key: str, offered: Sequence[Repair]) -> None:
    """Choose among repairs, adjust, see what it would change, accept."""
    place = 0
    if len(offered) > 1:
        place = st.radio(
            "What would you do?",
            range(len(offered)),
            format_func=lambda n: label(describe(offered[n])),
            key=f"{key}_which",
        )
    try:
        repair = adjusted(store, f"{key}_{place}", offered[place])
    except Refusal as refusal:
        refuse(refusal)
        return
    confirm(store, f"{key}_{place}", repair)


def adjusted(store: Store, key: str, repair: Repair) -> Repair:
    """The repair as the fields say it: its limits or its fill, and the thresholds of its rule."""
    action = repair.action
    if isinstance(action, Cap):
        action = cap_fields(store, key, repair, action)
    elif isinstance(action, Fill):
        action = fill_fields(store, key, repair, action)
    selection = repair.selection
    limits = limits_of(selection)
    if limits:
        with st.expander("Where the line is drawn"):
            st.caption("Other limits choose other rows than the finding counts.")
            given = {name: _threshold(key, name, value) for name, value in limits.items()}
        if given != limits:
            selection = with_limits(selection, given)
    return replace(repair, selection=selection, action=action)


def cap_fields(store: Store, key: str, repair: Repair, cap: Cap) -> Cap:
    """Lowest and highest value, in the column's unit or as quantiles, and the group that these are taken in."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        by = st.segmented_control(
            "Limits are",
            ("values", "shares of all values"),
            default="shares of all values" if cap.quantiles else "values",
            required=True,
            key=f"{key}_by",
            help="A share of 0.99 is the value below which 99 % of all values lie.",
        )
        quantiles = by != "values"
        same = quantiles == cap.quantiles
        name = words.column_word(cap.column)
        low = _limit(f"Lowest {name}", cap.low if same else None, f"{key}_low_{by}", quantiles)
        high = _limit(f"Highest {name}", cap.high if same else None, f"{key}_high_{by}", quantiles)
        group = group_field(store, key, repair, cap.column, cap.group) if quantiles else None
    return replace(cap, low=low, high=high, quantiles=quantiles, group=group)


def _limit(title: str, value: float | None, key: str, quantile: bool) -> float | None:
    if quantile:
        return st.number_input(title, 0.0, 1.0, value, format="%.4f", key=key, placeholder="no limit", width=170)
    return st.number_input(title, None, None, value, format="%.2f", key=key, placeholder="no limit", width=170)


def _threshold(key: str, name: str, value: int | float) -> int | float:
    """A field for a threshold, whole where it is."""
    title = words.LIMITS.get(name, name.replace("_", " ").capitalize())
    if isinstance(value, int):
        return st.number_input(title, min_value=0, value=value, key=f"{key}_limit_{name}", width=280)
    return st.number_input(title, min_value=0.0, value=value, key=f"{key}_limit_{name}", width=280)


def fill_fields(store: Store, key: str, repair: Repair, fill: Fill) -> Fill:
    """The method, the value where it is one's own, and the group that a figure is taken in."""
    methods: tuple[FillMethod, ...] = ask(store, fill_methods, scope_of(repair.selection), fill.column)
    if fill.method not in methods:
        methods = (fill.method, *methods)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        method = st.selectbox(
            f"Fill {words.column_word(fill.column)} with",
            methods,
            methods.index(fill.method),
            format_func=lambda name: words.METHODS[name],
            key=f"{key}_method",
            width=320,
        )
        value: str | float | None = None
        group, neighbours = None, fill.neighbours
        if method == "constant":
            value = st.text_input("Value", str(fill.value or ""), key=f"{key}_value", width=200) or None
            if isinstance(fill.value, float) and value == str(fill.value):
                value = fill.value
        elif method in _BY_GROUP:
            group = group_field(store, key, repair, fill.column, fill.group)
        elif method == "neighbours":
            neighbours = int(
                st.number_input("How many of them", 1, 50, fill.neighbours, key=f"{key}_neighbours", width=160)
            )
    using = fill.using if method == fill.method else ()
    return replace(fill, method=method, value=value, group=group, neighbours=neighbours, using=using)


def group_field(store: Store, key: str, repair: Repair, column: str, group: str | None) -> str | None:
    """The column within whose values a figure is taken; None = over all rows."""
    table = scope_of(repair.selection)
    own = [c.name for c in ask(store, columns_of) if c.table == table and c.type in ("text", "yes_no")]
    names = [name for name in own if name not in (column, "user_id", "item_id", "order_id", "session")]
    if group is not None and group not in names:
        names = [group, *names]
    options = [None, *names]
    return st.selectbox(
        "Within each",
        options,
        options.index(group),
        format_func=lambda name: "all rows together" if name is None else words.column_word(name),
        key=f"{key}_group",
        width=220,
    )


def confirm(store: Store, key: str, repair: Repair, *, note: bool = True) -> None:
    """See what the repair would change, then accept it. One that was not looked at cannot be accepted."""
    st.markdown(f"**{plain(describe(repair))}.**")
    why = st.text_input("Why (kept with it)", key=f"{key}_note", max_chars=500, width=420) if note else ""
    told = json.dumps([str(store.path), repair_to_json(repair)], sort_keys=True)
    seen = st.session_state.get(_SEEN) == told
    with st.container(horizontal=True):
        if st.button("Show what it would change", key=f"{key}_preview", type="secondary" if seen else "primary"):
            st.session_state[_SEEN] = told
            seen = True
        accept = st.container()
    done = None
    if seen:
        try:
            with st.spinner("Working out what it would change; nothing is kept"):
                done = ask(store, preview, repair)
        except Refusal as refusal:
            refuse(refusal)
        else:
            if done.before and done.after:
                heads = ("Now", "With the repair")
                st.table(
                    words.compared(done.before, done.after, heads),
                    border="horizontal",
                    hide_index=True,
                    width="content",
                )
            st.caption(f"{words.touched(done)}. The loaded rows stay; the repair can be taken back at any time.")
            if done.problem:
                st.warning(plain(done.problem))
    accept.button(
        "Accept this repair",
        key=f"{key}_accept",
        type="primary" if seen else "secondary",
        disabled=done is None or jobs.changing(store),
        help=None if seen else "See first what it would change.",
        on_click=jobs.accept,
        args=(store, replace(repair, note=why.strip() or repair.note)),
    )
