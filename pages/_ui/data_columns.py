"""What is asked of a column beside its role: several parts in a cell, personal data, the clock its times follow."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from zoneinfo import available_timezones

import streamlit as st

from core.ingest import ColumnMap, Evidence, Mapping, Role
from pages._ui.text import label

PARTS = {"": "One in a cell", "|": "Several, parted by |", ";": "Several, parted by ;", ",": "Several, parted by ,"}
_ALONG: tuple[Role, ...] = ("quantity", "price", "value", "rating", "title", "category", "context")
"""Roles whose cells may hold a part for each item of a basket."""
_CODED: tuple[Role, ...] = ("user", "item", "order", "session", "context", "attribute")
"""Roles whose values may be replaced by pseudonyms."""
_UTC = "UTC"


def parts_of(column: ColumnMap, key: str) -> ColumnMap:
    """Ask whether a cell of the item column holds several items."""
    options = list(dict.fromkeys([column.split or "", *PARTS]))
    split = st.selectbox(
        f"Items in a cell of {label(column.column)}",
        options,
        format_func=lambda part: PARTS.get(part, f"Several, parted by {part}"),
        key=f"{key}-split",
        label_visibility="collapsed",
        accept_new_options=True,
        help="One row an order, its items in one cell: each item becomes an event of its own.",
    )
    return replace(column, split=split or None)


def along(mapping: Mapping, key: str) -> Mapping:
    """Where the items of a row stand in one cell: ask which other columns hold a part for each of them."""
    item = mapping.column("item")
    if item is None or not item.split:
        return replace(mapping, columns=tuple(replace(c, split=None) for c in mapping.columns))
    others = [c.column for c in mapping.columns if c.role in _ALONG]
    chosen = st.multiselect(
        f"Each row is a basket: {label(item.column)} holds several items. What else has a part for each of them?",
        others,
        default=[c.column for c in mapping.columns if c.column in others and c.split],
        key=f"{key}-along",
        placeholder="None: they are about the whole row",
        help="A column with parts has as many as there are items, parted in the same way. An amount about the whole "
        "row is shared out evenly over its items, so that sums stay right.",
    )
    columns = [
        c if c.role == "item" else replace(c, split=item.split if c.column in chosen else None) for c in mapping.columns
    ]
    return replace(mapping, columns=tuple(columns))


def pseudonym_of(column: ColumnMap, evidence: Evidence, key: str) -> ColumnMap:
    """Ask whether a column's values are replaced by pseudonyms: where they look personal, and for users always."""
    if column.role == "ignore" and evidence.personal:
        st.caption("For a pseudonym in its place, choose “Own column” or “Attribute” first.")
    coded = column.role in _CODED and column.type == "text"
    if not coded or not (evidence.personal or column.role == "user" or column.pseudonym):
        return replace(column, pseudonym=False)
    wanted = st.checkbox(
        "As a pseudonym",
        value=column.pseudonym,
        key=f"{key}-pseudonym",
        help="Each value is replaced by a code before anything is stored: the same value always by the same code, so "
        "that loads fit together, and nobody can turn it back without the key, which is kept outside the workspace.",
    )
    return replace(column, pseudonym=wanted)


def zone_of(mapping: Mapping, key: str) -> Mapping:
    """Ask by which clock the times were written; not asked where they count from 1970 or there are none."""
    time = mapping.column("time")
    written = (time.time_format or "") if time else ""
    if time is None or written.startswith("epoch") or "%z" in written:
        return replace(mapping, zone=None)
    zones = [_UTC, *_zones()]
    chosen = mapping.zone or _UTC
    zone = st.selectbox(
        f"{label(time.column)} follows the clock of",
        zones,
        index=zones.index(chosen) if chosen in zones else 0,
        key=f"{key}-zone",
        width=320,
        help="Times that carry their own offset (+02:00, Z) are read by it. Limelight keeps all times in UTC.",
    )
    return replace(mapping, zone=None if zone == _UTC else zone)


@cache
def _zones() -> tuple[str, ...]:
    """Zones by region and city; the others are old names for these, or offsets that a strptime pattern reads."""
    regions = (
        "Africa/",
        "America/",
        "Antarctica/",
        "Asia/",
        "Atlantic/",
        "Australia/",
        "Europe/",
        "Indian/",
        "Pacific/",
    )
    return tuple(sorted(zone for zone in available_timezones() if zone.startswith(regions)))
