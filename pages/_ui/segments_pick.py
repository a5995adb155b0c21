"""Segments, for comparing and watching: which ones, kept in the address, and the users of one group opened."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import streamlit as st

from core.segments import (
    DEFAULT_GRID,
    STAGES,
    InGroup,
    InSegment,
    Loyalty,
    Rfm,
    Rule,
    Segment,
    describe,
    list_groups,
    list_segments,
    read_schema,
    rule_to_json,
    saved_segments,
    walk,
)
from core.store import Store
from pages._ui import format as fmt
from pages._ui.cache import ask
from pages._ui.segments_members import RULES, VALUE, VIEW, csv_of, edit, sample_table, save_form
from pages._ui.text import plain

SEGMENTS = "segments"
"""Key of the chosen segments, in session state and in the address (`?segments=` once for each)."""
MOST = 12
_AT_FIRST = 4


def pick(store: Store) -> tuple[Segment, ...]:
    """Draw the chooser; the chosen segments, 0 to 12 of them: the page has then said what to do where it is none."""
    saved, ready = saved_segments(store), _ready(store)
    names = {segment.name.casefold() for segment in saved}
    ready = {
        title: tuple(segment for segment in group if segment.name.casefold() not in names)
        for title, group in ready.items()
    }
    offered = {segment.name: segment for segment in (*saved, *(s for group in ready.values() for s in group))}
    if not saved and not st.session_state.get(SEGMENTS) and SEGMENTS not in st.query_params:
        st.info("No segment has been saved yet. Build a rule and save it, or begin with segments that are ready made.")
        with st.container(horizontal=True):
            st.button("Build a rule", key="pick_to_rule", type="primary", on_click=_to_rules)
            st.button("Open segments by value", key="pick_to_value", on_click=_to_value)
            _ready_buttons(ready)
        return ()
    _forget_lost(SEGMENTS, offered)
    chosen = st.multiselect(
        "Segments",
        list(offered),
        default=[segment.name for segment in saved[:_AT_FIRST]],
        key=SEGMENTS,
        bind="query-params",
        max_selections=MOST,
        placeholder="Choose segments",
        wrap=True,
        help="Saved ones first, then those that are ready made: RFM segments, and stages of loyalty with learned "
        f"thresholds. At most {MOST}.",
    )
    if ready:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.caption("Ready made:", width="content")
            _ready_buttons(ready)
    if not chosen:
        st.info("Choose at least one segment above.")
    return tuple(offered[name] for name in chosen)


def pick_saved(store: Store, label: str, key: str, help: str) -> tuple[str, ...]:
    """Draw a chooser of saved segments, in an order that matters; their names."""
    names = [segment.name for segment in saved_segments(store)]
    if not names:
        st.info("No segment has been saved yet. Build a rule and save it, then come back.")
        st.button("Build a rule", key=f"{key}_to_rule", type="primary", on_click=_to_rules)
        return ()
    _forget_lost(key, names)
    chosen = st.multiselect(
        label, names, default=names[:_AT_FIRST], key=key, bind="query-params", max_selections=MOST, help=help,
        placeholder="Choose segments", wrap=True,
    )  # fmt: skip
    if not chosen:
        st.info("Choose at least one segment.")
    return tuple(chosen)


def told_apart(store: Store, rules: Iterable[Rule]) -> list[Any]:
    """What tells answers about these rules apart while the data stay: the segments and groups that they name, too."""
    saved = {found.segment.name.casefold(): found for found in list_segments(store)}
    groups = {group.name.casefold(): group for group in list_groups(store)}
    seen: dict[str, Any] = {}
    left = list(rules)
    told: list[Any] = [rule_to_json(rule) for rule in left]
    while left:
        for _, rule in walk(left.pop()):
            key = rule.name.casefold() if isinstance(rule, InSegment | InGroup) else ""
            if isinstance(rule, InGroup) and f"g {key}" not in seen and key in groups:
                seen[f"g {key}"] = [str(groups[key].created_at), sorted(groups[key].parts.items())]
            if isinstance(rule, InSegment) and f"s {key}" not in seen and key in saved:
                segment = saved[key].segment
                seen[f"s {key}"] = [rule_to_json(segment.rule), str(segment.as_of)]
                left.append(segment.rule)
    return [*told, seen]


def segments_told(store: Store, segments: Sequence[Segment], as_of: datetime | None) -> dict[str, Any]:
    """`told_apart` of segments, with their names and moments."""
    return {
        "names": [segment.name for segment in segments],
        "pinned": [str(segment.as_of) for segment in segments],
        "rules": told_apart(store, [segment.rule for segment in segments]),
        "as_of": str(as_of),
    }


def group_box(store: Store, rule: Rule, as_of: datetime | None, name: str, users: int, key: str, words: str) -> None:
    """The users of one group: how many, a sample, the file of all, keeping it, and using it in a rule.

    `words` says what they are, as Markdown.
    """
    with st.container(border=True):
        st.subheader(plain(name), anchor=False)
        st.markdown(words)
        with st.container(horizontal=True):
            csv_of(store, rule, as_of, name, users, f"{key}_csv")
            save_form(store, rule, as_of, name[:80], key)
            st.button("Use in a rule", key=f"{key}_edit", on_click=edit, args=(store, rule), help=describe(rule))
        sample_table(store, rule, as_of, users)


def _ready(store: Store) -> dict[str, tuple[Segment, ...]]:
    """Segments that need no saving, by title; none where nobody bought at a known time."""
    if store.as_of() is None or "purchase" not in ask(store, read_schema).words:
        return {}
    return {
        "RFM segments": tuple(Segment(f"RFM: {name}", Rfm((name,))) for name in DEFAULT_GRID.distinct()),
        "Loyalty stages": tuple(Segment(f"Loyalty: {stage}", Loyalty((stage,))) for stage in STAGES),
    }


def _ready_buttons(ready: dict[str, tuple[Segment, ...]]) -> None:
    for title, group in ready.items():
        st.button(
            title,
            type="tertiary",
            key=f"pick_{title.split()[0].lower()}",
            on_click=_take,
            args=([segment.name for segment in group],),
            help=f"Choose all {fmt.count(len(group), 'segment')} in place of those chosen.",
        )


def _take(names: list[str]) -> None:
    st.session_state[SEGMENTS] = names[:MOST]


def _forget_lost(key: str, names: Iterable[str]) -> None:
    """Drop chosen names that are no longer there."""
    held = st.session_state.get(key)
    if isinstance(held, list) and not set(held) <= set(names):
        st.session_state[key] = [name for name in held if name in set(names)]


def _to_rules() -> None:
    st.session_state[VIEW] = RULES


def _to_value() -> None:
    st.session_state[VIEW] = VALUE
