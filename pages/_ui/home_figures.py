"""Home's figures: each drawn, defined, and with a way to its users."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from functools import partial
from typing import Any, Literal

import streamlit as st

from core.behaviour import (
    DEFINITIONS,
    ActiveUsers,
    EventsOverTime,
    Funnel,
    Unit,
    active_users,
    active_users_users,
    events_over_time,
    events_over_time_users,
    funnel,
    funnel_users,
    next_period,
    stickiness,
    stickiness_users,
    trend,
    users_who,
)
from core.figures import active_users_figure, event_name, events_figure, funnel_figure, new_and_returning_figure
from core.segments import Did
from core.store import Store
from pages._ui import format as fmt
from pages._ui.cache import ask
from pages._ui.home_period import Shown
from pages._ui.people import Behind, Choice, see_users
from pages._ui.text import plain

WHOLE = "The whole period"
Come = Literal["came", "lost"]


def chart(figure: Any, key: str, alt: str) -> list[Any] | None:
    """Draw a figure of core.figures; the `customdata` of what was clicked on since the last run, or None.

    The figure is drawn anew after a click, so that nothing stays dimmed and the same bar can be clicked again.
    """
    drawn = st.session_state.get(f"_{key}", 0)
    points = st.session_state.get(f"{key}_{drawn}", {}).get("selection", {}).get("points", [])
    picked = points[0].get("customdata") if points else None
    if points:
        drawn = st.session_state[f"_{key}"] = drawn + 1
    st.plotly_chart(
        figure,
        theme="streamlit",
        key=f"{key}_{drawn}",
        on_select="rerun",
        selection_mode="points",
        config={"displayModeBar": False},
        alt=alt,
    )
    return list(picked) if picked else None


@contextmanager
def below(*keys: str) -> Iterator[None]:
    """The line below a figure: what it means, and beside it what is drawn inside the `with`."""
    with st.container(horizontal=True, wrap=False, gap="medium"):
        st.caption("**Definition.** " + " ".join(plain(DEFINITIONS[key]) for key in keys), width="stretch")
        yield


def unit_of(store: Store, shown: Shown) -> Unit:
    """How the period is divided: as chosen, or as suits its length."""
    return shown.unit or ask(store, trend, shown.window).unit


def events(store: Store, shown: Shown) -> None:
    """Events by type over time: the main figure."""
    found = ask(store, events_over_time, unit_of(store, shown), shown.window)
    if found.problem:
        st.info(found.problem)
        return
    picked = chart(events_figure(found), "fig_events", f"Bars: events per {found.unit} by type, {shown.words}")
    kinds: dict[str, Any] = {"Events of any type": None, **{event_name(event): event for event in found.events}}
    with below("events_over_time"):
        see_users(
            store,
            "events",
            partial(_with_event, store, shown, found),
            [Choice("With", kinds), Choice("When", _periods(found.table["start"].tolist(), found.unit))],
            picked=picked and [picked[0], date.fromisoformat(picked[1])],
        )


def _with_event(store: Store, shown: Shown, found: EventsOverTime, event: str | None, start: date | None) -> Behind:
    did = f"with {event_name(event).lower()}" if event else "with an event of any type"
    if start is None:
        rule = Did(event or "*", window=shown.rule_window)
        return Behind(f"{did}, {shown.words}", users_who(store, shown.window, event), rule)
    users = events_over_time_users(store, shown.window, found.unit, start, event)
    return Behind(f"{did}, {when(start, found.unit)}", users)


def activity(store: Store, shown: Shown) -> None:
    """Daily, weekly and monthly active users, stickiness, new and returning users."""
    rolling = ask(store, stickiness, shown.window)
    if rolling.problem:
        st.info(rolling.problem)
        return
    picked = chart(
        active_users_figure(rolling), "fig_active", f"Lines: users active in 1, 7 and 30 days, {shown.words}"
    )
    days = {fmt.day(day): day for day in reversed(rolling.table["day"].tolist())}
    with below("active"):
        see_users(
            store,
            "active",
            partial(_active_until, store),
            [
                Choice("Active", {"in 30 days": 30, "in 7 days": 7, "on one day": 1}),
                Choice("Up to and including", days),
            ],
            picked=picked and [{"mau": 30, "wau": 7, "dau": 1}[picked[0]], date.fromisoformat(picked[1])],
        )
    if rolling.latest is not None:
        st.markdown(f"**Stickiness {fmt.percent(rolling.latest)}** in the 30 days up to {fmt.day(rolling.latest_day)}")
    else:
        st.markdown("**Stickiness –**: it takes 30 whole days of data.")
    st.caption("**Definition.** " + plain(DEFINITIONS["stickiness"]))
    found = ask(store, active_users, unit_of(store, shown), shown.window)
    if found.problem:
        st.info(found.problem)
        return
    picked = chart(new_and_returning_figure(found), "fig_new", f"Bars: new and returning users per {found.unit}")
    kinds = {"Active users": "active", "New users": "new", "Returning users": "returning"}
    periods = _periods(found.table["start"].tolist(), found.unit, whole=False)
    with below("new"):
        see_users(
            store,
            "new",
            partial(_active_in, store, shown, found),
            [Choice("Who", kinds), Choice("When", periods)],
            picked=picked and [picked[0], date.fromisoformat(picked[1])],
        )


def _active_until(store: Store, days: int, day: date) -> Behind:
    said = f"on {fmt.day(day)}" if days == 1 else f"in the {days} days up to {fmt.day(day)}"
    return Behind(f"active {said}", stickiness_users(store, day, days))


def _active_in(
    store: Store, shown: Shown, found: ActiveUsers, kind: Literal["active", "new", "returning"], start: date
) -> Behind:
    users = active_users_users(store, shown.window, found.unit, start, kind)
    return Behind(f"{kind}, {when(start, found.unit)}", users)


def way(store: Store, shown: Shown) -> None:
    """The funnel."""
    if len(ask(store, funnel, None, shown.window).steps) < 2:
        st.info(ask(store, funnel, None, shown.window).problem or "")
        return
    order = st.segmented_control(
        "Steps",
        ["ordered", "any"],
        default="ordered",
        required=True,
        key="steps",
        bind="query-params",
        format_func={"ordered": "One after the other", "any": "In any order"}.__getitem__,
    )
    found = ask(store, funnel, None, shown.window, "any" if order == "any" else "ordered")
    if found.problem:
        st.info(found.problem)
        return
    picked = chart(funnel_figure(found), "fig_funnel", f"Bars: users who came to each step, {shown.words}")
    steps: dict[str, tuple[int, Come]] = {}
    for n, step in enumerate(found.steps):
        steps[f"came as far as {event_name(step).lower()}"] = (n, "came")
        if n:
            before = event_name(found.steps[n - 1]).lower()
            steps[f"came as far as {before}, but not to {event_name(step).lower()}"] = (n, "lost")
    with below(f"funnel_{found.order}"):
        see_users(
            store,
            "funnel",
            partial(_on_the_way, store, shown, found, {value: words for words, value in steps.items()}),
            [Choice("Who", steps)],
            picked=picked and [(int(picked[0]), "came")],
        )


def _on_the_way(
    store: Store, shown: Shown, found: Funnel, words: dict[tuple[int, Come], str], step: tuple[int, Come]
) -> Behind:
    users = funnel_users(store, found.steps, step[0], shown.window, found.order, lost=step[1] == "lost")
    return Behind(f"who {words[step]}, {shown.words}", users)


def _periods(starts: Sequence[date], unit: Unit, *, whole: bool = True) -> dict[str, date | None]:
    """The periods to choose from, the latest first."""
    each = {when(start, unit): start for start in sorted(set(starts), reverse=True)}
    return {WHOLE: None, **each} if whole else dict(each)


def when(start: date, unit: Unit) -> str:
    """A period in words."""
    if unit == "month":
        return f"{start:%B %Y}"
    return fmt.day(start) if unit == "day" else fmt.period(start, next_period(start, unit) - timedelta(days=1))
