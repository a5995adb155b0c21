"""Loyalty, the view "Who comes back"."""

from __future__ import annotations

from datetime import date
from functools import partial
from typing import Any

import streamlit as st

from core.figures import retention_curves_figure, retention_heat_figure, retention_parts_figure
from core.retention import ALL, RETENTION_WORDS, Retention, retention, retention_rule, retention_users, say_bracket
from core.store import Store, write_records
from pages._ui import format as fmt
from pages._ui import loyalty_retention_survival, state
from pages._ui.downloads import csv_button
from pages._ui.home_figures import chart, when
from pages._ui.home_period import Shown
from pages._ui.loyalty_retention_ask import Asked, asked_of, choose
from pages._ui.people import Behind, Choice, see_users
from pages._ui.text import plain

_TABS = ("Cohorts", "Curves", "Table", "How long they stay", "How long until they buy again")


def draw(store: Store, shown: Shown) -> None:
    """The whole view."""
    asked = choose(store, shown)
    if asked is None:
        return
    found = asked_of(asked.question.by)(store, retention, asked.question, shown.window)
    if found.problem:
        st.info(found.problem)
        return
    _key_figures(found)
    _cautions(found)
    tabs = st.tabs(list(_TABS), key="retained", bind="query-params")
    drawn = (
        partial(_cohorts, store, shown, asked, found),
        partial(_curves, store, shown, asked, found),
        partial(_table, found),
        partial(loyalty_retention_survival.draw, store, shown, asked, "lapse"),
        partial(loyalty_retention_survival.draw, store, shown, asked, "again"),
    )
    for tab, draw_tab in zip(tabs, drawn, strict=True):
        if tab.open:
            with tab:
                draw_tab()
    _next_step()


def _key_figures(found: Retention) -> None:
    unit, kind = found.question.unit, found.question.kind
    if not found.figures:
        st.info(f"No {unit} after the start is over yet, so nobody can be said to have come back. Choose shorter ones.")
        return
    columns = st.columns(4)
    for column, one in zip(columns, found.figures, strict=False):
        change = None
        if one.earlier is not None and one.later is not None:
            change = f"{100 * (one.later - one.earlier):+.1f} points"
        column.metric(
            f"Back in {unit} {one.label}{' or later' if kind == 'unbounded' else ''}",
            fmt.percent(one.share),
            change,
            help=f"{fmt.percent(one.low)} to {fmt.percent(one.high)} (95 % interval), of "
            f"{fmt.count(one.users, 'user')} in {fmt.count(one.cohorts, 'cohort')} that can be seen so long. The change"
            " is that of the later half of these cohorts against the earlier half.",
        )


def _cautions(found: Retention) -> None:
    first = found.cohorts["start"].min()
    said = ["Changes: the later half of the cohorts against the earlier half."] if found.figures else []
    said += [f"**Counted in.** {RETENTION_WORDS[found.question.clock]}"]
    if found.window.start is None:
        said.append(
            f"Whoever is first seen in the data's first {found.question.unit} ({when(first, found.question.unit)}) may"
            " have been a customer before: read that row with care."
        )
    st.caption(" ".join(said))


def _cohorts(store: Store, shown: Shown, asked: Asked, found: Retention) -> None:
    parted = len(found.parts) > 1
    if parted:
        picked = chart(retention_parts_figure(found), "fig_parts", "Cells: share that came back, by part and period")
        _behind(store, shown, asked, found, "parts", picked)
    part = ALL
    if parted:
        part = st.selectbox(
            "Cohorts of",
            found.parts,
            format_func=lambda name: plain(name) or "All users",
            key="cohorts_of",
            bind="query-params",
            width=320,
        )
    picked = chart(
        retention_heat_figure(found, part), "fig_cohorts", f"Cells: share that came back, by cohort, {shown.words}"
    )
    _behind(store, shown, asked, found, "cohorts", picked, part)
    rows = int((found.cohorts["part"] == part).sum())
    if rows > 40:
        st.caption(f"The latest 40 of {rows:,} cohorts; the file of the table has all.")


def _curves(store: Store, shown: Shown, asked: Asked, found: Retention) -> None:
    picked = chart(retention_curves_figure(found), "fig_curves", f"Lines: share that came back, {shown.words}")
    _behind(store, shown, asked, found, "curves", picked)


def _behind(
    store: Store,
    shown: Shown,
    asked: Asked,
    found: Retention,
    key: str,
    picked: list[Any] | None,
    part: str | None = None,
) -> None:
    """What a figure means, and the way to the users of each of its cells."""
    question = found.question
    with st.container(horizontal=True, wrap=False, gap="medium"):
        st.caption(
            "Over the cohorts that are complete at a period."
            if key == "parts"
            else f"**Definition.** Start: first {plain(asked.start_words)}; coming back: {plain(asked.back_words)}. "
            f"{RETENTION_WORDS[question.kind]} {RETENTION_WORDS['incomplete']}",
            width="stretch",
        )
        cohorts: dict[str, Any] = {"All that are complete": None}
        starts = sorted(set(found.cohorts["start"]), reverse=True)
        cohorts |= {when(start, question.unit): start for start in starts}
        slots = sorted(set(found.cells["slot"]))
        choices = [
            Choice("Who", {"came back": True, "did not": False}),
            Choice(question.unit.capitalize(), {say_bracket(question.slots[slot]): slot for slot in slots}),
            Choice("Started", cohorts),
        ]
        if part is None and len(found.parts) > 1:
            choices.append(Choice("Of", {name or "All users": name for name in found.parts}))
        wanted = None
        if picked:
            slot, cohort, of = picked[:3]
            wanted = [True, int(slot), date.fromisoformat(cohort) if cohort else None, of][: len(choices)]
        see_users(store, key, partial(_users, store, shown, found, part), choices, picked=wanted)


def _users(  # the coordinates of a cell
    store: Store,
    shown: Shown,
    found: Retention,
    fixed: str | None,
    came: bool,
    slot: int,
    cohort: date | None,
    part: str | None = None,
) -> Behind:
    question, of = found.question, part if part is not None else fixed or ALL
    label = say_bracket(question.slots[slot]) + (" or later" if question.kind == "unbounded" else "")
    started = "in a complete cohort" if cohort is None else when(cohort, question.unit)
    words = f"who {'came' if came else 'did not come'} back in {question.unit} {label} after starting {started}"
    users = retention_users(store, question, slot, cohort, of, shown.window, came=came)
    rule = None if of != ALL else retention_rule(store, question, slot, cohort, shown.window, came=came)
    return Behind(f"{words}, {of}" if of else words, users, rule)


def _table(found: Retention) -> None:
    rows = found.cells.drop(columns="slot")
    if len(found.parts) == 1:
        rows = rows.drop(columns="part")
    percents = {
        name: st.column_config.NumberColumn(words, format="percent")
        for name, words in (("share", "Came back"), ("low", "at least"), ("high", "at most"))
    }
    st.dataframe(
        rows,
        hide_index=True,
        height=420,
        column_config={
            "part": "Part",
            "cohort": st.column_config.DateColumn("Started", format="D MMM YYYY"),
            "label": f"{found.question.unit.capitalize()} N",
            "users": st.column_config.NumberColumn("Users seen so long", format="localized"),
            "returned": st.column_config.NumberColumn("Came back (users)", format="localized"),
            "complete": "Over",
            **percents,
        },
    )
    st.caption("At least and at most: 95 % interval (Wilson). Over: the period has ended for everyone of the cohort.")
    records: list[Any] = rows.to_dict("records")
    csv_button(
        f"CSV of {fmt.count(len(rows), 'row')}",
        partial(write_records, records),
        "retention.csv",
        "csv_retention",
        rows=len(rows),
    )


def _next_step() -> None:
    if st.button("Who is loyal, and who is slipping away", icon=":material/arrow_forward:", key="next_loyal"):
        chosen = {state.WS: state.workspace() or "", "look_at": "Loyalty"}
        st.switch_page(state.page_path("loyalty"), query_params=chosen)
