"""Attention, the view "Visits and rhythm"."""

from __future__ import annotations

from datetime import date
from functools import partial
from pathlib import Path

import streamlit as st

from core.attention import KEY_EVENTS, VISIT_DEFINITIONS, VisitFigures, VisitRule, VisitsAnswer, visits, visits_users
from core.behaviour import DEFINITIONS, Stickiness, contents, stickiness, stickiness_users
from core.figures import event_name, visits_figure
from core.store import Store, write_records
from pages._ui import attention_visits_looks as looks
from pages._ui import attention_visits_parts as parts
from pages._ui import format as fmt
from pages._ui import home_figures, state
from pages._ui.cache import ask
from pages._ui.downloads import csv_button
from pages._ui.home_figures import chart, unit_of, when
from pages._ui.home_period import Shown
from pages._ui.people import Behind, Choice, see_users
from pages._ui.text import plain

_BY = {"auto": "Whichever fits", "gap": "By pauses", "own": "The data's own"}
_KIND_WORDS = {
    "visits": "with a visit",
    "engaged": "with an engaged visit",
    "bounced": "with a visit that was not engaged",
    "one_event": "with a visit of a single event",
    "bought": "with a visit in which they bought",
}


def draw(store: Store, shown: Shown) -> None:
    """The whole view."""
    rule = _rule(store)
    found = ask(store, visits, rule, unit_of(store, shown), shown.window)
    if found.figures is None or found.problem:
        st.info(found.problem)
        return
    _key_figures(store, shown, found, found.figures)
    st.caption(
        "  \n".join(plain(note) for note in found.notes)
        + "  \nEvents stand for attention, they do not measure it; and attention is no outcome (IAB/MRC, 2025)."
    )
    _over_time(store, shown, found)
    tabs = st.tabs(list(_TABS), key="visits_look", bind="query-params")
    for tab, look in zip(tabs, _TABS.values(), strict=True):
        if tab.open:
            with tab:
                look(store, shown, rule)
    _next_steps()


def _active(store: Store, shown: Shown, rule: VisitRule) -> None:
    home_figures.activity(store, shown)


_TABS = {
    "Where from, who": parts.draw,
    "Hours": looks.hours,
    "Active users": _active,
    "Focused or roaming": looks.divided,
    "Searches": looks.searched,
}


def _rule(store: Store) -> VisitRule:
    """What a visit is, as chosen."""
    events = [kind.event for kind in ask(store, contents) if kind.event not in ("impression", "return")]
    with st.expander("What counts as a visit", icon=":material/tune:"):
        with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
            by = st.segmented_control(
                "Visits",
                list(_BY),
                default="auto",
                required=True,
                key="visits_by",
                bind="query-params",
                format_func=_BY.__getitem__,
                help="The data's own session ids are used where 90 % of known users' events carry one; else pauses.",
            )
            gap = st.number_input(
                "Pause that ends one (minutes)", 1, 240, 30, 5, key="visits_gap", bind="query-params", width=220
            )
            key_events = st.multiselect(
                "Key events",
                events,
                default=[event for event in KEY_EVENTS if event in events],
                key="visits_key",
                bind="query-params",
                format_func=event_name,
                help="One of these makes a visit engaged, however short it is.",
                width=320,
            )
        st.caption(plain(VISIT_DEFINITIONS["visits"]))
    return VisitRule(int(gap), by, tuple(sorted(key_events)))  # type: ignore[arg-type]


Card = tuple[str, str, str, float | None, float | None, str]


def _depth(now: VisitFigures, then: VisitFigures | None) -> Card:
    """Views per visit; where the data hold no views, events per visit."""
    if now.views_per_visit:
        before = None if then is None else then.views_per_visit
        return ("Views per visit", "visits", fmt.number(now.views_per_visit, 2), now.views_per_visit, before, "depth")
    before = None if then is None else then.events_per_visit
    many = fmt.number(now.events_per_visit, 1)
    return ("Events per visit", "visits", many, now.events_per_visit, before, "events_per_visit")


def _key_figures(store: Store, shown: Shown, found: VisitsAnswer, now: VisitFigures) -> None:
    then = found.before
    rolling = ask(store, stickiness, shown.window)
    cards: tuple[Card, ...] = (
        ("Visits", "visits", fmt.number(now.visits), now.visits, None if then is None else then.visits, "visits"),
        (
            "Engagement rate",
            "engaged",
            fmt.percent(now.engagement_rate),
            now.engagement_rate,
            None if then is None else then.engagement_rate,
            "engaged",
        ),
        _depth(now, then),
        (
            "Length (median)",
            "visits",
            fmt.duration(now.median_seconds),
            now.median_seconds,
            None if then is None else then.median_seconds,
            "length",
        ),
    )
    with st.container(horizontal=True, gap="small"):
        for name, kind, value, new, old, definition in cards:
            with st.container(border=True, gap="xxsmall", width=168, height="stretch"):
                change = fmt.delta(new, old)
                st.metric(
                    name,
                    value,
                    change,
                    delta_description="vs before" if change else None,
                    help=plain(VISIT_DEFINITIONS[definition]),
                )
                key = f"visits_{definition}"
                see_users(store, key, partial(_with_visits, store, shown, found, kind, None), label="See users")
        with st.container(border=True, gap="xxsmall", width=168, height="stretch"):
            st.metric("Stickiness", fmt.percent(rolling.latest), help=plain(DEFINITIONS["stickiness"]))
            if rolling.latest_day is not None:
                see_users(store, "visits_sticky", partial(_sticky, store, rolling), label="See users")
            else:
                st.caption("It takes 30 whole days of data.")
    said = [
        f"{fmt.count(now.users, 'known user')}, {fmt.number(now.visits_per_user, 1)} visits each",
        f"engaged: 95 % interval {fmt.percent(now.rate_low)} to {fmt.percent(now.rate_high)}",
        f"like a bounce: {fmt.percent(now.bounce_rate)}",
        f"with a purchase: {fmt.percent(now.conversion)}",
    ]
    if now.dwell_seconds is not None:
        said.append(
            f"dwell: {fmt.duration(now.dwell_seconds)} in all, {fmt.duration(now.dwell_per_event)} a view, "
            f"missing for {fmt.percent(now.dwell_missing)} of views"
        )
    st.markdown(plain(f"{shown.words[:1].upper()}{shown.words[1:]}: {'; '.join(said)}."))


def _sticky(store: Store, rolling: Stickiness) -> Behind:
    day = rolling.latest_day
    assert day is not None
    return Behind(f"active in the 30 days up to {fmt.day(day)}", stickiness_users(store, day))


def _with_visits(store: Store, shown: Shown, found: VisitsAnswer, kind: str, start: date | None) -> Behind:
    if start is None:
        return Behind(f"{_KIND_WORDS[kind]}, {shown.words}", visits_users(store, found.rule, shown.window, kind))
    users = visits_users(store, found.rule, shown.window, kind, found.unit, start)
    return Behind(f"{_KIND_WORDS[kind]}, {when(start, found.unit)}", users)


def _over_time(store: Store, shown: Shown, found: VisitsAnswer) -> None:
    if found.table.empty:
        return
    picked = chart(visits_figure(found), "fig_visits", f"Bars: visits per {found.unit}, engaged and not, {shown.words}")
    kinds = {
        "With any visit": "visits",
        "With an engaged visit": "engaged",
        "With a visit that was not engaged": "bounced",
        "With a visit of a single event": "one_event",
        "With a visit in which they bought": "bought",
    }
    periods: dict[str, date | None] = {home_figures.WHOLE: None}
    periods |= {when(start, found.unit): start for start in reversed(found.table["start"].tolist())}
    with st.container(horizontal=True, wrap=False, gap="medium"):
        st.caption("**Definition.** " + plain(VISIT_DEFINITIONS["engaged"]), width="stretch")
        see_users(
            store,
            "visits_time",
            partial(_with_visits, store, shown, found),
            [Choice("Who", kinds), Choice("When", periods)],
            picked=picked and [picked[0], date.fromisoformat(picked[1])],
        )
        csv_button("CSV", partial(_csv, found), f"visits-per-{found.unit}.csv", "csv_visits")


def _csv(found: VisitsAnswer, path: Path) -> int:
    return write_records(looks.rows(found.table), path)


def _next_steps() -> None:
    st.divider()
    st.markdown("**What next?** See who gets this attention, or choose whom to look at more closely.")
    with st.container(horizontal=True):
        if st.button("Who gets the attention", type="primary", key="visits_next_share"):
            query = {state.WS: state.workspace() or "", "look_at": "Share"}
            st.switch_page(state.page_path("attention"), query_params=query)
        if st.button("Build a segment", key="visits_next_segment"):
            state.go("segments")
