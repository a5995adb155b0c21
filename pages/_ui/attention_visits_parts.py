"""Visits by channel, device, campaign, attribute or segment: the first tab of "Visits and rhythm"."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import streamlit as st

from core.attention import (
    VISIT_DEFINITIONS,
    PartBy,
    VisitParts,
    VisitRule,
    part_choices,
    visit_parts,
    visit_parts_users,
)
from core.figures import RATE_BOUNDS, RATE_NAMES, Rate, visit_parts_figure
from core.store import Store, write_records
from pages._ui import attention_visits_looks as looks
from pages._ui import format as fmt
from pages._ui.cache import ask
from pages._ui.downloads import csv_button
from pages._ui.home_figures import chart
from pages._ui.home_period import Shown
from pages._ui.people import Behind, Choice, see_users
from pages._ui.text import plain

_OF = {"event": "", "user": " (user)", "segment": " (segment)"}


def draw(store: Store, shown: Shown, rule: VisitRule) -> None:
    """The tab."""
    choices = {f"{by.name}{_OF[by.of]}": by for by in ask(store, part_choices)}
    if not choices:
        st.info(
            "Visits cannot be parted: the data hold no channel, device or campaign, no attributes of users, and no "
            "segment is saved. Load users with their attributes, or save a segment."
        )
        return
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        name = st.selectbox("Visits by", list(choices), key="visits_part", bind="query-params", width=260)
        rate = st.segmented_control(
            "Show",
            list(RATE_NAMES),
            default="engagement_rate",
            required=True,
            key="visits_rate",
            bind="query-params",
            format_func=RATE_NAMES.__getitem__,
        )
    found = ask(store, visit_parts, choices[name or next(iter(choices))], rule, shown.window)
    if found.problem:
        st.info(found.problem)
        return
    alt = f"Points with intervals: {RATE_NAMES[rate].lower()} by {found.by.name}, {shown.words}"
    picked = chart(visit_parts_figure(found, rate), "fig_visit_parts", alt)
    with st.container(horizontal=True, wrap=False, gap="medium"):
        definition = VISIT_DEFINITIONS["engaged" if rate == "engagement_rate" else "conversion"]
        st.caption("**Definition.** " + plain(f"{definition} {VISIT_DEFINITIONS['parts']}"), width="stretch")
        see_users(
            store,
            "visit_parts",
            partial(_users, store, shown, found.by, rule),
            [Choice(found.by.name, {str(part): part for part in found.table["part"]})],
            picked=picked and [picked[0]],
        )
        csv_button("CSV", partial(_csv, found), f"visits-by-{found.by.of}.csv", "csv_visit_parts")
    _table(found, rate)


def _users(store: Store, shown: Shown, by: PartBy, rule: VisitRule, part: str) -> Behind:
    users = visit_parts_users(store, by, part, rule, shown.window)
    return Behind(f"with a visit of {by.name} {part}, {shown.words}", users)


def _table(found: VisitParts, rate: Rate) -> None:
    told = looks.rows(found.table)
    low, high = RATE_BOUNDS[rate]
    st.dataframe(
        {
            found.by.name.capitalize(): [row["part"] for row in told],
            "Visits": [row["visits"] for row in told],
            "Share": [fmt.percent(row["share"]) for row in told],
            "Users": [row["users"] for row in told],
            "Views each": [fmt.number(row["views_per_visit"] or None, 2) for row in told],
            f"{_SHORT[rate]} (95 %)": [
                f"{fmt.percent(row[rate])} ({fmt.percent(row[low])} to {fmt.percent(row[high])})" for row in told
            ],
        },
        hide_index=True,
        column_config={name: st.column_config.NumberColumn(name, format="localized") for name in ("Visits", "Users")},
    )


_SHORT: dict[Rate, str] = {"engagement_rate": "Engaged", "conversion": "With purchase"}


def _csv(found: VisitParts, path: Path) -> int:
    return write_records(looks.rows(found.table), path)
