"""These users: a sample with key facts, the file of all of them, and keeping the rule that chose them."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import streamlit as st

from core.errors import Refusal
from core.segments import (
    Rule,
    Segment,
    get_segment,
    members_csv,
    rule_to_text,
    save_segment,
)
from core.store import Store
from pages._ui import format as fmt
from pages._ui import segments_counts, segments_why
from pages._ui.downloads import csv_button
from pages._ui.rule_builder_draft import draft_of
from pages._ui.rule_builder_parts import Group
from pages._ui.shell import refuse
from pages._ui.text import plain

VIEW = "who"
"""Key of the page's chooser, in session state and in the address."""
VALUE, RULES, ALIKE, COMPARE, TIME, SAVED = VIEWS = ("By value", "Rules", "Alike", "Compare", "Over time", "Saved")
SEGMENT = "segment"
"""Key of the chosen saved segment, in session state and in the address."""

_DRAFT, _TOLD = "_rule_draft", "_segments_told"


def sample_table(store: Store, rule: Rule, as_of: datetime | None, users: int) -> None:
    """Up to 20 members with the reason why each belongs, orders, net value, last order, last seen.

    It draws in two steps, so let it be the last that a page draws, or draw it into a container that stands earlier.
    """
    if not users:
        st.info("Nobody: no known user fits. Loosen a condition, or take one away.")
        return
    segments_why.draw(store, rule, as_of, users)


def csv_of(store: Store, rule: Rule, as_of: datetime | None, name: str, users: int, key: str) -> None:
    """The button for the file of all members."""

    def make(path: Path) -> None:
        members_csv(store, rule, path, as_of)

    csv_button(
        f"CSV of {fmt.count(users, 'member')}",
        make,
        f"{_file_name(name)}.csv",
        key,
        help="Every member, with all columns of your users file, orders, net value, last order and last seen.",
        disabled=not users,
    )


def save_form(store: Store, rule: Rule, as_of: datetime | None, suggested: str, key: str) -> None:
    """Keep the rule under a name."""
    end = as_of or store.as_of()
    with st.popover("Save as segment", key=f"{key}_open"):
        name = st.text_input("Name", suggested, key=f"{key}_name", max_chars=80)
        pinned = end is not None and st.checkbox(
            f"Keep it as of {fmt.day(end - timedelta(microseconds=1))}",
            as_of is not None,
            key=f"{key}_pin",
            help="Otherwise its members follow the data: windows end at the last event whenever the segment is used.",
        )
        replace = st.checkbox("Replace a segment of that name", key=f"{key}_replace")
        if st.button("Save", key=f"{key}_save", type="primary"):
            segments_counts.clear_way(store)
            try:
                saved = save_segment(store, Segment(name.strip(), rule, end if pinned else None), replace=replace)
            except Refusal as refusal:
                refuse(refusal)
                return
            tell(f"Saved as “{saved.segment.name}”.")
            st.rerun()


def tell(text: str) -> None:
    """Say something at the head of the page on its next run."""
    st.session_state[_TOLD] = text


def told() -> None:
    """Say what `tell` was given."""
    text = st.session_state.pop(_TOLD, None)
    if text:
        st.success(plain(text))


def draft(store: Store) -> Group:
    """The rule being built on this workspace, kept for the whole session."""
    drafts: dict[str, Group] = st.session_state.setdefault(_DRAFT, {})
    return drafts.setdefault(str(store.path), Group())


def set_draft(store: Store, rule: Rule) -> None:
    """Put a rule into the builder, in place of what is there."""
    st.session_state.setdefault(_DRAFT, {})[str(store.path)] = draft_of(rule)


def edit(store: Store, rule: Rule) -> None:
    """Open a rule in the builder; for use in a callback."""
    set_draft(store, rule)
    st.session_state[VIEW] = RULES


def edit_saved(store: Store, name: str) -> None:
    """Open a saved segment's rule in the builder; for use in a callback."""
    edit(store, get_segment(store, name).rule)


def json_button(rule: Rule, name: str, key: str) -> None:
    """The rule as a file, for the command line or a colleague."""
    st.download_button(
        "Rule as JSON",
        rule_to_text(rule).encode(),
        f"{_file_name(name)}.json",
        "application/json",
        key=key,
        on_click="ignore",
    )


def _file_name(name: str) -> str:
    """`name` with all but letters, digits, spaces, dots and hyphens taken out."""
    kept = "".join(c if c.isalnum() or c in " .-_" else "-" for c in name).strip(" .")
    return kept[:80] or "members"
