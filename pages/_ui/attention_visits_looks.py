"""Hours, focus and searches: tabs of "Visits and rhythm"."""

from __future__ import annotations

import math
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from core.attention import (
    BANDS,
    CLOCK_COUNTS,
    FOCUS_KINDS,
    UTC,
    VISIT_DEFINITIONS,
    WEEKDAYS,
    Clock,
    Count,
    Focus,
    FocusSpec,
    Searches,
    VisitRule,
    clock,
    clock_users,
    focus,
    focus_users,
    searches,
    searches_users,
    zones,
)
from core.behaviour import category_columns, contents
from core.figures import (
    CLOCK_NAMES,
    FOCUS_NAMES,
    clock_figure,
    event_name,
    focus_figure,
    focus_yield_figure,
    searches_figure,
)
from core.store import Store, write_records
from pages._ui import format as fmt
from pages._ui.cache import ask
from pages._ui.downloads import csv_button
from pages._ui.home_figures import chart
from pages._ui.home_period import Shown
from pages._ui.people import Behind, Choice, see_users
from pages._ui.text import plain

_MOST_TERMS = 200
_ITEMS = "items"


def rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows with None where a number is not known."""
    return [
        {str(name): None if isinstance(value, float) and math.isnan(value) else value for name, value in row.items()}
        for row in table.to_dict("records")
    ]


def table_csv(table: pd.DataFrame, filename: str, key: str) -> None:
    """A button for the file of a table."""
    csv_button("CSV", partial(_write, table), filename, key)


def _write(table: pd.DataFrame, path: Path) -> int:
    return write_records(rows(table), path)


def hours(store: Store, shown: Shown, rule: VisitRule) -> None:
    """Hours by weekdays."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        count = st.segmented_control(
            "Show",
            list(CLOCK_COUNTS),
            default="visits",
            required=True,
            key="hours_of",
            bind="query-params",
            format_func=CLOCK_NAMES.__getitem__,
        )
        zone = st.selectbox(
            "Time zone",
            ask(store, zones),
            key="zone",
            bind="query-params",
            width=260,
            help="Times are kept in UTC. Choose where your users live to see their own hours, summer time included.",
        )
    found = ask(store, clock, zone or UTC, rule, shown.window)
    if found.problem:
        st.info(found.problem)
        return
    picked = chart(clock_figure(found, count), "fig_clock", f"Heat map: {count} by hour and weekday, {shown.words}")
    with st.container(horizontal=True, wrap=False, gap="medium"):
        words = f"{VISIT_DEFINITIONS[f'clock_{count}']} {VISIT_DEFINITIONS['clock']}"
        st.caption("**Definition.** " + plain(words), width="stretch")
        see_users(
            store,
            "clock",
            partial(_in_hour, store, shown, found, count),
            [
                Choice("Weekday", {name: place for place, name in enumerate(WEEKDAYS)}),
                Choice("Hour from", {f"{hour:02}:00": hour for hour in range(24)}),
            ],
            picked=picked and [int(picked[0]), int(picked[1])],
        )
        table_csv(found.table, "hours-by-weekday.csv", "csv_clock")


_HOUR_WORDS: dict[Count, str] = {
    "events": "who did something",
    "users": "who did something",
    "visits": "who began a visit",
    "purchases": "who placed an order",
    "conversion": "who began a visit in which they bought",
}


def _in_hour(store: Store, shown: Shown, found: Clock, count: Count, weekday: int, hour: int) -> Behind:
    users = clock_users(store, count, weekday, hour, found.zone, found.rule, shown.window)
    said = f"{_HOUR_WORDS[count]} on a {WEEKDAYS[weekday]} from {hour:02}:00 on ({found.zone}), {shown.words}"
    return Behind(said, users)


def divided(store: Store, shown: Shown, rule: VisitRule) -> None:
    """Focused or roaming."""
    columns = list(ask(store, category_columns))
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        by = st.segmented_control(
            "Divided over", [*columns, _ITEMS], default=(columns or [_ITEMS])[0], required=True, key="focus_by",
            bind="query-params",
        )  # fmt: skip
        low, high = st.slider(
            "Focused up to, roaming from (evenness)", 0.05, 0.95, (0.5, 0.8), 0.05, key="focus_cuts", width=320
        )
        kinds = [kind.event for kind in ask(store, contents) if kind.event not in ("impression", "return", "search")]
        event = st.selectbox(
            "What counts as a look",
            sorted(kinds, key=lambda kind: kind != "view"),
            key="focus_event",
            bind="query-params",
            format_func=event_name,
            width=180,
        )
    if low >= high:
        st.warning("Nobody could be mixed: leave room between the two.")
        return
    found = ask(store, focus, FocusSpec(event or "view", "" if by == _ITEMS else by, low, high), shown.window)
    if found.problem:
        st.info(found.problem)
        return
    alt = f"Bars: users by evenness of their views, {shown.words}"
    picked = chart(focus_figure(found), "fig_focus", alt)
    bands = {f"{place / BANDS:.2f} to {(place + 1) / BANDS:.2f}": place for place in range(BANDS)}
    with st.container(horizontal=True, wrap=False, gap="medium"):
        st.caption("**Definition.** " + plain(VISIT_DEFINITIONS["focus"]), width="stretch")
        see_users(
            store,
            "focus_band",
            partial(_in_band, store, shown, found),
            [Choice("Evenness", bands)],
            picked=picked and [int(picked[0])],
        )
    picked = chart(focus_yield_figure(found), "fig_focus_yield", f"Points: buyers in each kind, {shown.words}")
    with st.container(horizontal=True, wrap=False, gap="medium"):
        st.caption("**Definition.** " + plain(VISIT_DEFINITIONS["focus_yield"]), width="stretch")
        see_users(
            store,
            "focus_kind",
            partial(_of_kind, store, shown, found),
            [Choice("Who", {FOCUS_NAMES[kind]: kind for kind in FOCUS_KINDS})],
            picked=picked and [picked[0]],
        )
        table_csv(found.kinds, "focused-and-roaming.csv", "csv_focus")
    told = rows(found.kinds)
    st.dataframe(
        {
            "Users": [FOCUS_NAMES[row["kind"]] for row in told],
            "Number": [row["users"] for row in told],
            "Share": [fmt.percent(row["share"]) for row in told],
            "Looks each": [fmt.number(row["views_per_user"], 1) for row in told],
            "As if evenly over": [fmt.number(row["categories"], 1) for row in told],
            "Buyers (95 % interval)": [
                f"{fmt.percent(row['buyers_share'])} ({fmt.percent(row['low'])} to {fmt.percent(row['high'])})"
                for row in told
            ],
            "Net revenue each": [fmt.money(row["revenue_per_user"]) for row in told],
        },
        hide_index=True,
        column_config={"Number": st.column_config.NumberColumn("Number", format="localized")},
    )


def _in_band(store: Store, shown: Shown, found: Focus, band: int) -> Behind:
    users = focus_users(store, band=band, spec=found.spec, window=shown.window)
    said = f"whose looks have an evenness of {band / BANDS:.2f} to {(band + 1) / BANDS:.2f}, {shown.words}"
    return Behind(said, users)


def _of_kind(store: Store, shown: Shown, found: Focus, kind: str) -> Behind:
    said = "with fewer than 5 looks" if kind == "few" else f"whose attention is {kind}"
    return Behind(f"{said}, {shown.words}", focus_users(store, kind, spec=found.spec, window=shown.window))


def searched(store: Store, shown: Shown, rule: VisitRule) -> None:
    """What is searched for."""
    found = ask(store, searches, rule, shown.window)
    if found.problem:
        st.info(found.problem)
        return
    with st.container(horizontal=True, gap="large"):
        st.metric("Searches", fmt.number(found.searches))
        st.metric("Different terms", fmt.number(len(found.table)))
        st.metric("Users who searched", fmt.number(found.users))
    order = st.segmented_control(
        "Terms",
        ["searches", "not_found"],
        default="searches",
        required=True,
        key="terms_by",
        bind="query-params",
        format_func={"searches": "Most searched", "not_found": "Searched and not found"}.__getitem__,
    )
    picked = None
    if order == "searches":
        picked = chart(searches_figure(found), "fig_searches", f"Bars: terms searched for most, {shown.words}")
    with st.container(horizontal=True, wrap=False, gap="medium"):
        st.caption("**Definition.** " + plain(VISIT_DEFINITIONS["searches"]), width="stretch")
        see_users(
            store,
            "searches",
            partial(_who_searched, store, shown, found),
            [Choice("Term", {term: term for term in found.table["term"]})],
            picked=picked and [picked[0]],
        )
        table_csv(found.table, "searches.csv", "csv_searches")
    _terms(found, order)


def _terms(found: Searches, order: str) -> None:
    table = found.table
    if order == "not_found":  # by what is surely missing, so that a term searched once does not come first
        table = table[table["not_found"] > 0].sort_values(["low", "searches"], ascending=False)
        if table.empty:
            st.info("After each search something was looked at before the next one.")
            return
    told = rows(table.head(_MOST_TERMS))
    st.dataframe(
        {
            "Term": [row["term"] for row in told],
            "Searches": [row["searches"] for row in told],
            "Users": [row["users"] for row in told],
            "Put in the cart": [fmt.percent(row["carted_share"]) for row in told],
            "Bought (95 % interval)": [_interval(row, "bought_share", "bought_low", "bought_high") for row in told],
            "Not found (95 % interval)": [_interval(row, "not_found", "low", "high") for row in told],
        },
        hide_index=True,
        height="content" if len(told) <= 12 else 460,
        column_config={name: st.column_config.NumberColumn(name, format="localized") for name in ("Searches", "Users")},
    )
    if len(table) > _MOST_TERMS:
        st.caption(f"The first {_MOST_TERMS} of {fmt.number(len(table))} terms; the CSV has all.")


def _interval(row: dict[str, Any], share: str, low: str, high: str) -> str:
    if row[share] is None:
        return fmt.NONE
    return f"{fmt.percent(row[share])} ({fmt.percent(row[low])} to {fmt.percent(row[high])})"


def _who_searched(store: Store, shown: Shown, found: Searches, term: str) -> Behind:
    return Behind(f"who searched for “{term}”, {shown.words}", searches_users(store, term, shown.window, found.column))
