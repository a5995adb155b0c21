"""How a load joins what is there: added or in its place, and what becomes of rows that earlier loads have already."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any, Literal

import streamlit as st

from core.ingest import Kind, Mapping, Mode, Role, batches
from core.store import Store
from pages._ui import data_words as words
from pages._ui import format as fmt
from pages._ui.cache import ask
from pages._ui.draft import Group

MODE = "load_mode"
"""Session key of the choice whether a load is added or takes the place of what is there."""

_KEEP = "Load them too: they are events of their own"
_ROWS = "Leave out rows that say nothing new: all that they say is loaded already"
_KEY = "Leave out rows whose number is loaded already ..."
_Choice = Literal["keep", "rows", "key"]
_CHOICES: dict[_Choice, str] = {"keep": _KEEP, "rows": _ROWS, "key": _KEY}
_KEYS: tuple[Role, ...] = ("user", "item", "event", "time", "order", "session", "context")
"""Roles whose columns are kept with the events as they stand, so that a later row can be held against them."""


def live(store: Store, kinds: Collection[Kind]) -> list[dict[str, Any]]:
    """The loads of these kinds that count."""
    return [b for b in ask(store, batches) if b["live"] and b["kind"] in kinds]


def draw_mode(store: Store, kinds: Collection[Kind]) -> Mode:
    """Ask whether the load is added or takes the place of what is there; not asked where nothing is."""
    there = live(store, kinds)
    if not there:
        return "append"
    nouns = " and ".join(dict.fromkeys(words.KIND_NOUNS[b["kind"]] for b in there))
    loads = f"{len(there)} earlier load" + ("s" if len(there) > 1 else "")
    modes: dict[Mode, str] = {
        "append": "Add it to them",
        "replace": "Put it in their place: they come back when this load is taken back",
    }
    return st.radio(
        f"There are {nouns} from {loads}. What becomes of them?",
        list(modes),
        format_func=modes.__getitem__,
        key=MODE,
        help="Take their place with a file that holds everything, such as a full export made afresh each night.",
    )


def overlap_of(store: Store, group: Group, mapping: Mapping) -> Mapping:
    """Ask what becomes of rows that earlier loads have already; not asked where there are none, or none stay."""
    replaces = st.session_state.get(MODE) == "replace"  # then no earlier load is left to have anything
    if mapping.kind != "events" or replaces or not live(store, [mapping.kind]):
        return replace(mapping, overlap="keep", key=())
    proposed = group.lead.proposal.mapping
    chosen: _Choice = "keep" if proposed.overlap == "keep" else "key" if proposed.key else "rows"
    choice: _Choice = st.radio(
        "Rows that earlier loads have already",
        list(_CHOICES),
        index=list(_CHOICES).index(chosen),
        format_func=_CHOICES.__getitem__,
        key=f"{group.token}-overlap",
        help="Files of neighbouring days often overlap. What is left out is counted, and comes back if the load that "
        "has it is taken back.",
    )
    if choice != "key":
        return replace(mapping, overlap="keep" if choice == "keep" else "drop", key=())
    options = [c.column for c in mapping.columns if c.role in _KEYS]
    key = st.multiselect(
        "A row is known by",
        options,
        default=[c for c in proposed.key if c in options] or _numbering(group, mapping),
        key=f"{group.token}-key",
        placeholder="Choose the columns that no two rows share",
        help="For example the number of the order line, or order and item together.",
    )
    return replace(mapping, overlap="drop", key=tuple(key) or words.NO_KEY)


def _numbering(group: Group, mapping: Mapping) -> list[str]:
    """The first order number or own column that no two rows share, in a list; an empty list where there is none."""
    alone = {e.column for e in group.lead.proposal.evidence if e.distinct == group.lead.source.rows}
    return [c.column for c in mapping.columns if c.column in alone and c.role in ("order", "context")][:1]


def overlap_said(mapping: dict[str, Any]) -> str:
    """What a load's mapping says of rows that were there already; "" where they were kept."""
    if mapping.get("overlap", "keep") == "keep":
        return ""
    key = mapping.get("key") or ()
    return f"rows known by {' and '.join(key)} left out" if key else "rows that say nothing new left out"


def left_out(duplicate: int, overlap: int) -> str:
    """The part of a sentence that accounts for rows left out.

    >>> left_out(5, 0), left_out(5, 5), left_out(5, 2)
    ('5 left out as exact repeats', '5 left out, since earlier loads have them', '3 left out as exact repeats + 2 that \
earlier loads have')
    """
    if not overlap:
        return f"{fmt.number(duplicate)} left out as exact repeats"
    if overlap == duplicate:
        return f"{fmt.number(overlap)} left out, since earlier loads have them"
    return (
        f"{fmt.number(duplicate - overlap)} left out as exact repeats + {fmt.number(overlap)} that earlier loads have"
    )
