"""Loyalty, who comes back: how long users stay, and how long until they buy again."""

from __future__ import annotations

from functools import partial
from typing import Any

import streamlit as st

from core.figures import survival_figure
from core.retention import ALL, RETENTION_WORDS, Ends, Survival, Survive, survival, survival_users
from core.store import Store, write_records
from pages._ui import format as fmt
from pages._ui.downloads import csv_button
from pages._ui.home_figures import chart
from pages._ui.home_period import Shown
from pages._ui.loyalty_retention_ask import Asked, asked_of
from pages._ui.people import Behind, Choice, see_users
from pages._ui.text import plain

_DAYS = (0, 1, 7, 14, 30, 60, 90, 180, 270, 365, 545, 730)


def draw(store: Store, shown: Shown, asked: Asked, ends: Ends) -> None:
    """The whole tab."""
    silence = _silence() if ends == "lapse" else None
    start = asked.question.start if ends == "lapse" else "*"
    question = Survive(ends, silence, start, asked.question.by)
    found = asked_of(question.by)(store, survival, question, shown.window)
    if found.problem:
        st.info(found.problem)
        return
    _figures(found)
    picked = chart(survival_figure(found), f"fig_{ends}", f"Steps: estimated share by days, {shown.words}")
    with st.container(horizontal=True, wrap=False, gap="medium"):
        st.caption(
            f"**Definition.** {RETENTION_WORDS[ends]} Dotted: 95 % intervals (log-log). Users who cannot be followed"
            " longer leave the count on that day and are no loss.",
            width="stretch",
        )
        _behind(store, shown, found, picked)
    _risk(found)
    _tests(found)
    csv_button(
        "CSV of the curves",
        partial(write_records, found.curves.to_dict("records")),
        f"survival-{ends}.csv",
        f"csv_{ends}",
        rows=len(found.curves),
    )


def _silence() -> int | None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        learned = st.toggle(
            "Days of silence learned from the data",
            value=True,
            key="learned",
            bind="query-params",
            help="Only 5 % of the pauses that ended were longer.",
        )
        if learned:
            return None
        return int(
            st.number_input(
                "Gone after so many days of silence", 1, 3650, 60, key="silence", bind="query-params", width=260
            )
        )


def _figures(found: Survival) -> None:
    again = found.question.ends == "again"
    if not again:
        how = "learned: only 5 % of the pauses that ended were longer" if found.learned else "chosen"
        st.markdown(f"Gone means **{fmt.count(found.question.silence, 'day')} of silence** ({how}).")
    columns = st.columns(4)
    row = found.medians.iloc[0]
    columns[0].metric(
        "Half again after" if again else "Half gone after",
        _days(row["median"]),
        help=f"The median; 95 % interval: {_interval(row)}. – means not reached in these data.",
    )
    all_users = found.curves[found.curves["part"] == ALL].set_index("day")
    for column, day in zip(columns[1:3], (30, 180), strict=True):
        here = all_users[all_users["at_risk"] > 0]
        share = float(here["share"].loc[day]) if day in here.index else None
        name = f"Again by day {day}" if again else f"Active, day {day}"
        column.metric(name, fmt.percent(None if share is None else 1 - share if again else share))
    columns[3].metric(
        "Buyers" if again else "Users", fmt.number(int(row["users"])), help="Whom the curve follows, from their first."
    )
    if found.unseen:
        st.caption(
            f"{fmt.count(found.unseen, 'user')} left out: they started so late that {found.question.silence} days of"
            " silence could not be seen."
        )


def _days(value: Any) -> str:
    return fmt.NONE if value is None or value != value else fmt.count(int(value), "day")  # noqa: PLR0124  # NaN


def _interval(row: Any) -> str:
    low, high = _days(row["low"]), _days(row["high"])
    return fmt.NONE if low == high == fmt.NONE else f"{low.removesuffix(' days')} to {high}"


def _behind(store: Store, shown: Shown, found: Survival, picked: list[Any] | None) -> None:
    again = found.question.ends == "again"
    sides = (
        {
            "ordered again by then": "happened",
            "had not, still followed": "staying",
            "not followed so long": "unseen",
        }
        if again
        else {"gone by then": "happened", "still active later": "staying", "not followed so long": "unseen"}
    )
    longest = int(found.curves.loc[found.curves["at_risk"] > 0, "day"].max())
    days = {day for day in _DAYS if day <= longest} | ({int(picked[0])} if picked else set())
    choices = [Choice("Who", sides), Choice("By day", {f"{day:,}": day for day in sorted(days)})]
    if len(found.parts) > 1:
        choices.append(Choice("Of", {name or "All users": name for name in found.parts}))
    wanted = ["happened", int(picked[0]), picked[1]][: len(choices)] if picked else None
    see_users(store, f"life_{found.question.ends}", partial(_users, store, shown, found, sides), choices, picked=wanted)


def _users(
    store: Store, shown: Shown, found: Survival, sides: dict[str, str], side: Any, day: int, part: str = ALL
) -> Behind:
    said = next(words for words, value in sides.items() if value == side)
    return Behind(
        f"{said} (day {day} after their first){f', {part}' if part else ''}",
        survival_users(store, found.question, day, side, part, shown.window),
    )


def _risk(found: Survival) -> None:
    """At risk by day and part, below the curve."""
    rows = []
    last = int(found.curves.loc[found.curves["at_risk"] > 0, "day"].max())
    days = [day for day in _DAYS if day <= last][:10]
    for part in found.parts:
        curve = found.curves[found.curves["part"] == part].set_index("day")["at_risk"]
        longest = int(curve[curve > 0].index.max())
        row = found.medians[found.medians["part"] == part].iloc[0]
        rows.append(
            {"Part": part or "All"}
            | {f"day {day}": int(curve.loc[day]) if day <= longest else 0 for day in days}
            | {"Median": _days(row["median"]), "95 %": _interval(row)}
        )
    st.markdown("**Users still followed (at risk) at the start of the day, and the median**")
    st.dataframe(
        rows,
        hide_index=True,
        height="content",
        column_config={f"day {day}": st.column_config.NumberColumn(format="localized") for day in days},
    )


def _tests(found: Survival) -> None:
    if not found.tests:
        return
    st.markdown("**Are the curves different?**")
    rows = [
        {
            "Parts": "All together" if test.a == ALL else f"{test.a} and {test.b}",
            "p-value": "< 0.001" if test.p < 0.001 else f"{test.p:.3f}",
            "Verdict": "different" if test.p < 0.05 else "no difference shown",
        }
        for test in found.tests
    ]
    st.dataframe(rows, hide_index=True, height="content" if len(rows) <= 8 else 320)
    st.caption(plain(RETENTION_WORDS["log_rank"]))
