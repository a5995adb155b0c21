"""How attention fades after a launch: half-life, by day, by category, by item, and one item beside the others."""

from __future__ import annotations

from functools import partial
from typing import Any

import streamlit as st

from core.attention import Launch, LaunchQuestion, launch, launch_events, launch_users
from core.figures import event_name, fade_words, half_lives_figure, launch_figure, launched_item_figure
from core.store import Store
from pages._ui import format as fmt
from pages._ui.attention_fading_cards import cards, definition, next_view, table_file
from pages._ui.cache import ask
from pages._ui.home_figures import chart
from pages._ui.home_period import Shown
from pages._ui.people import Behind, Choice, see_users
from pages._ui.text import plain

_HALF = (
    "The days in which attention above the floor falls to its half; the floor is what stays in the end. Fitted to the "
    "items' events by day from the day after launch on, each item by the days that it could be watched "
    "(Poisson likelihood; 95 % intervals by drawing items again and again)."
)
_BY_DAY = (
    "A launch is an item's first event of any kind. A bar: events on that day after launch, divided by the items that "
    "could be watched for all of that day. Day 0 is pale: it holds every item's first event by definition, and no "
    "figure rests on it. Lines on the bars are 95 % intervals over items. Views and clicks are a proxy for attention."
)
_EACH = (
    "Every item's events on that day as a multiple of its own average in days 1 to 7, then the mean over the items "
    "with at least 7 events in those days: large items do not outweigh small ones."
)


def draw(store: Store, shown: Shown) -> None:
    """The part of the view."""
    kinds = ask(store, launch_events)
    if not kinds:
        st.info("No event in these data names an item and has a time, so no launch is known. Load such a file.")
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        event = st.selectbox("Attention is", kinds, key="launch_event", bind="query-params", width=180,
                             format_func=_counted)  # fmt: skip
        days = st.selectbox("Days after launch", [30, 60, 90, 180], index=2, key="launch_days", bind="query-params",
                            width=160)  # fmt: skip
    question = LaunchQuestion(event=event, days=days)
    found = ask(store, launch, question, shown.window)
    if event == "purchase" and "view" not in kinds:
        st.info(
            "These data hold no views, so where users looked is not known. What can be shown is how an item's orders "
            "go on after it was first sold."
        )
    if found.problem:
        st.info(found.problem)
        return
    _key_figures(found)
    each = st.segmented_control(
        "Mean", ["all", "each"], default="all", required=True, key="launch_mean", bind="query-params",
        format_func={"all": "Events per item", "each": "Every item against its first week"}.__getitem__,
    )  # fmt: skip
    picked = chart(launch_figure(found, each=each == "each"), f"fig_launch_{each}",
                   f"Bars: {_counted(event)} by day since launch, {shown.words}")  # fmt: skip
    with st.container(horizontal=True, wrap=False, gap="medium"):
        definition(_EACH if each == "each" else _BY_DAY)
        known = {f"Day {n}": n for n in found.days["day"].tolist()}
        see_users(
            store, "launch", partial(_behind, store, shown, found),
            [Choice("When", {"Any day": None, **known})], picked=picked and [int(picked[0])],
        )  # fmt: skip
    table_file(found.days.to_dict("records"), "attention-by-day-since-launch")
    tabs = st.tabs(["By category", "Item by item", "One item"], key="launch_tab", bind="query-params")
    for tab, part in zip(tabs, (_categories, _items, _one), strict=True):
        if tab.open:
            with tab:
                part(store, shown, found)
    next_view("Next: does repetition tire?", "launch_next", "fades", "repeats")


def _key_figures(found: Launch) -> None:
    fit = found.fit
    cards(
        [
            ("Half-life", "–" if fit.half_life is None else f"{fit.half_life:.0f} days", _HALF),
            ("Stays in the end", fmt.percent(fit.floor, 0), "The floor: the share of the level at launch that stays."),
            ("Half the launch level", "–" if fit.halved is None else f"after {fit.halved:.0f} days",
             "When attention is half of what it was at launch, floor and all; – where it never falls so low."),
            ("Items launched", fmt.number(found.launched), "Items whose first event lies in the period, later than "
             f"{found.question.unknown_days} days after the data begin."),
        ]
    )  # fmt: skip
    said = []
    if fit.problem:
        said.append(fit.problem)
    else:
        ends = f"{fmt.percent(fit.floor_low, 0)} to {fmt.percent(fit.floor_high, 0)}"
        said.append(f"Half-life {fade_words(fit)}; what stays: {fmt.percent(fit.floor, 0)} (95 %: {ends}).")
        if fit.floor_high is not None and fit.floor_low is not None and fit.floor_high - fit.floor_low > 0.4:
            said.append("How much stays is hardly known, so the half-life of the rest is not either: read the bars.")
    said.append(
        f"{fmt.count(found.unknown, 'item')} of the first {found.question.unknown_days} days of the data left out: "
        "when they were launched is not known."
    )
    st.caption(plain(" ".join(said)))


def _behind(store: Store, shown: Shown, found: Launch, day: int | None) -> Behind:
    when = "" if day is None else f" on day {day} after its launch"
    words = f"with {_counted(found.question.event or '').lower()} of a new item{when}, launched {shown.words}"
    return Behind(words, launch_users(store, found.question, day, shown.window))


def _categories(store: Store, shown: Shown, found: Launch) -> None:
    rows = found.categories
    if not len(rows):
        st.info("The items of these data have no categories. Load a file of items with a category column.")
        return
    picked = None
    if rows["half_life"].notna().any():
        picked = chart(half_lives_figure(found), "fig_half_lives", "Points: half-life by category with intervals")
    else:
        st.info("In no category do attention and its fading stand out from chance.")
    with st.container(horizontal=True, wrap=False, gap="medium"):
        definition(
            f"The same fit to the items launched in each of the {len(rows)} categories with most launches. Where "
            "intervals overlap widely, the categories may well fade alike."
        )
        names = {str(name): name for name in rows["category"]}
        see_users(store, "launch_category", partial(_of_category, store, shown, found),
                  [Choice("Category", names)], picked=picked and [picked[0]])  # fmt: skip
    missing = rows[rows["half_life"].isna()]["category"].tolist()
    if missing:
        st.caption(plain(f"No half-life can be told for: {', '.join(map(str, missing))} (few events, or no fading)."))
    table_file(rows.to_dict("records"), "half-life-by-category")


def _of_category(store: Store, shown: Shown, found: Launch, category: str) -> Behind:
    users = launch_users(store, found.question, None, shown.window, category=category)
    return Behind(f"who turned to new items of {category} after their launch, {shown.words}", users)


def _items(store: Store, shown: Shown, found: Launch) -> None:
    if not len(found.items):
        st.info("No newly launched item has 30 events or more after its launch day, too few to tell its half-life.")
        return
    st.dataframe(
        found.items, hide_index=True, height=320,
        column_order=["title", "item_id", "launched", "watched", "events", "half_life", "low", "high"],
        column_config={
            "title": "Item", "item_id": "Id",
            "launched": st.column_config.DateColumn("Launched", format="D MMM YYYY"),
            "watched": st.column_config.NumberColumn("Days watched"),
            "events": st.column_config.NumberColumn("Events", format="localized"),
            "half_life": st.column_config.NumberColumn("Half-life (days)", format="%.1f"),
            "low": st.column_config.NumberColumn("95 % from", format="%.1f"),
            "high": st.column_config.NumberColumn("to", format="%.1f"),
        },
    )  # fmt: skip
    definition(
        "Items with at least 30 events after the launch day. An item's half-life is drawn towards that of the others, "
        "the more so the fewer its events (empirical Bayes), so that none stands out by luck; the floor is that of all."
    )
    table_file(found.items.to_dict("records"), "half-life-by-item")


def _one(store: Store, shown: Shown, found: Launch) -> None:
    known: dict[str, Any] = dict(zip(found.items["item_id"], found.items["title"], strict=True))
    if not known:
        st.info("No newly launched item has enough events to be set against the others.")
        return
    item = st.selectbox("Item", list(known), key="launch_item", bind="query-params", width=420,
                        format_func=lambda i: f"{known[i]} ({i})")  # fmt: skip
    question = LaunchQuestion(found.question.event, found.question.days, item=item)
    one = ask(store, launch, question, shown.window)
    if one.one_problem or one.one_fit is None:
        st.info(one.one_problem or "")
        return
    picked = chart(launched_item_figure(one), "fig_launched_item", "Bars: one item's events by day since launch")
    number = int(found.items.loc[found.items["item_id"] == item, "item_no"].iloc[0])
    with st.container(horizontal=True, wrap=False, gap="medium"):
        told = one.one_fit.problem or f"Its own half-life, from its events alone: {fade_words(one.one_fit)}."
        definition(f"{told} The dotted line: the mean of all items, brought to this item's number of events.")
        days = {f"Day {n}": n for n in one.one["day"].tolist()}
        see_users(store, "launch_item_day", partial(_of_item, store, shown, one, number),
                  [Choice("When", {"Any day": None, **days})], picked=picked and [int(picked[0])])  # fmt: skip


def _of_item(store: Store, shown: Shown, found: Launch, number: int, day: int | None) -> Behind:
    when = "" if day is None else f" on day {day} after its launch"
    users = launch_users(store, found.question, day, shown.window, item_no=number)
    return Behind(f"who turned to {found.one_title}{when}, {shown.words}", users)


def _counted(event: str) -> str:
    return "Orders" if event == "purchase" else event_name(event)
