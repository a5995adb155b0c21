"""The funnel's tabs: what those who go on do more often, conversion by value, time taken, conversion over time."""

from __future__ import annotations

import math
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from core.behaviour import category_columns
from core.behaviour import trend as usual_trend
from core.figures import funnel_breakdown_figure, funnel_trend_figure, odds_figure, step_name, took_figure
from core.funnel import (
    By,
    FunnelBreakdown,
    FunnelSpec,
    MoreOften,
    StepFunnel,
    Trait,
    funnel_breakdown,
    funnel_breakdown_users,
    funnel_trend,
    funnel_trend_users,
    more_often,
    more_often_users,
    step_funnel_users,
    trait_words,
)
from core.segments import list_segments, read_schema
from core.store import Store, write_records
from pages._ui import format as fmt
from pages._ui.cache import ask
from pages._ui.downloads import csv_button
from pages._ui.home_figures import chart, when
from pages._ui.home_period import Shown
from pages._ui.people import Behind, Choice, see_users
from pages._ui.text import label as shown_label
from pages._ui.text import plain

_ENDS = {"came to the end": "came", "did not": "lost"}


def seconds(value: float) -> str:
    """A length of time that may not be known."""
    return fmt.duration(None if math.isnan(value) else value)


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows, for a file: what is not known is an empty cell."""
    return [
        {str(k): None if isinstance(v, float) and math.isnan(v) else v for k, v in row.items()}
        for row in table.to_dict("records")
    ]


def definition(spec: FunnelSpec) -> str:
    """What the bars count, in words."""
    how = {
        "ordered": "each at the moment of the step before or later, others may come between",
        "strict": "each the very next thing they did",
        "any": "in whatever order",
    }[spec.order]
    limit = f", all within {spec.within.n} {spec.within.unit} of the first" if spec.within else ""
    same = f", all with the same {spec.held}" if spec.held else ""
    who = "Visits" if spec.per == "visits" else "Known users"
    return (
        f"{who} with this step and all before it in the period, {how}{limit}{same}. Pale: lost since the step before. "
        "Of several tries the one that gets furthest counts. Events that name no user count for none. Intervals: "
        "Wilson, 95 %."
    )


def more(store: Store, shown: Shown, found: StepFunnel) -> None:
    """What those who went on had done more often by then."""
    places = list(range(len(found.spec.steps) - 1))
    place = st.selectbox(
        "Of those who came to", places, key="way_more", bind="query-params", width=320,
        format_func=lambda n: f"{step_name(found.spec, n)}: who went on?",
    )  # fmt: skip
    answer = ask(store, more_often, found.spec, int(place or 0), shown.window)
    if answer.problem:
        st.info(answer.problem)
        return
    picked = chart(odds_figure(answer), "fig_more", "Dots: odds ratios of what came before the step, with intervals")
    rows = records(answer.table)
    st.caption(
        f"**Definition.** {fmt.number(answer.went_on)} went on to the next step, {fmt.number(answer.dropped)} did not. "
        "Odds ratio: how many times higher the odds of going on are for those who had this (1 = no difference; "
        "Haldane-Anscombe correction). Only what happened **before or at** this step is looked at, never after it: "
        "a purchase must not explain itself. It shows what goes together, not what causes it. Amber: still unlikely to "
        "be chance when all rows are tested together (Holm, 5 %)."
    )
    with st.container(horizontal=True):
        options = {f"{n + 1}. {_words(row)}": n for n, row in enumerate(rows)}
        who = {"all of them": "both", "who went on": "on", "who did not": "off"}
        see_users(
            store, "more", partial(_having, store, shown, answer, rows), [Choice("What", options), Choice("Who", who)],
            picked=[int(picked[0]), "both"] if picked else None,
        )  # fmt: skip
        csv_button("CSV of all traits", partial(_write, rows), "funnel-more-often.csv", "csv_more")
    if not answer.table["dated"].all():
        with st.expander("Attributes of users, which carry no date"):
            st.caption(
                "As loaded last. They may have changed since the step, or because of it: a loyalty tier often follows "
                "from the purchase, and then explains nothing."
            )
            again = chart(odds_figure(answer, dated=False), "fig_more_users", "Dots: odds ratios of users' attributes")
            if again:
                st.caption(f"{plain(_words(rows[int(again[0])]))}: choose it above under “See these users”.")


def _words(row: dict[str, Any]) -> str:
    return trait_words(Trait(row["kind"], row["name"], row["value"]))


def _having(store: Store, shown: Shown, answer: MoreOften, rows: list[dict[str, Any]], n: int, went: Any) -> Behind:
    row = rows[n]
    trait = Trait(row["kind"], row["name"], row["value"])
    end = {"both": "", "on": ", and went on", "off": ", and did not go on"}[went]
    words = f"who came to {step_name(answer.spec, answer.step)} with “{_words(row)}”{end}, {shown.words}"
    return Behind(words, more_often_users(store, answer.spec, answer.step, trait, shown.window, went=went))


def breakdown(store: Store, shown: Shown, found: StepFunnel) -> None:
    """Conversion by a value of the first step, the user, the item, a segment."""
    options = _by_options(store)
    names = list(options)
    name = st.selectbox("By", names, key="way_by", bind="query-params", width=320, format_func=shown_label)
    answer = ask(store, funnel_breakdown, found.spec, options[str(name)], shown.window)
    if answer.problem:
        st.info(answer.problem)
        return
    picked = chart(funnel_breakdown_figure(answer, found.overall), "fig_by", f"Dots: conversion by {name}")
    st.caption(
        "**Definition.** Share of those who took the first step that came to the end, by what was so at the first step "
        "of their way. Dotted line: everyone. Amber: another share than all the others together, more surely than "
        "chance allows (two-proportion test, Holm over all values, 5 %)."
    )
    steps = {f"came to {step_name(found.spec, n)}": n for n in range(len(found.spec.steps))}
    values = {row["value"]: row["value"] for row in records(answer.table)}
    last = len(found.spec.steps) - 1
    with st.container(horizontal=True):
        see_users(
            store, "by", partial(_valued, store, shown, answer), [Choice("Value", values), Choice("Who", steps)],
            picked=[str(picked[0]), last] if picked else None,
        )  # fmt: skip
        csv_button("CSV of the values", partial(_write, records(answer.table)), "funnel-by.csv", "csv_by")


def _by_options(store: Store) -> dict[str, By]:
    schema = ask(store, read_schema)
    hidden = ("order_id", "session", "value", "quantity", "rating", "dwell")
    first = [name for name in ("channel", "device", "campaign") if name in schema.event]
    events = [*first, *(name for name in schema.event if name not in (*first, *hidden))]
    found = {f"{name} of the first step": By("event", name) for name in events}
    found |= {f"{column} of the item": By("category", column) for column in ask(store, category_columns)}
    found |= {f"{name} of the user": By("user", name) for name in schema.user if name != "user_id"}
    return found | {
        f"segment {saved.segment.name}": By("segment", saved.segment.name) for saved in ask(store, list_segments)
    }


def _valued(store: Store, shown: Shown, answer: FunnelBreakdown, value: str, step: int) -> Behind:
    words = f"of “{value}” who came to {step_name(answer.spec, step)}, {shown.words}"
    return Behind(words, funnel_breakdown_users(store, answer.spec, answer.by, value, step, shown.window))


def took(store: Store, shown: Shown, found: StepFunnel) -> None:
    """How long it took."""
    last = len(found.spec.steps) - 1
    names = {0: "First step to last", **{n: f"To {step_name(found.spec, n)}" for n in range(1, last + 1)}}
    step = int(st.selectbox("Time", list(names), key="way_took", bind="query-params", width=320,
                            format_func=names.__getitem__) or 0)  # fmt: skip
    picked = chart(took_figure(found, step), "fig_took", "Bars: how long it took")
    row = found.table.iloc[step]
    low, middle, high = found.convert if not step else tuple(row[f"{q}_seconds"] for q in ("p25", "median", "p75"))
    st.markdown(f"**Median {seconds(middle)}**; the middle half took {seconds(low)} to {seconds(high)}.")
    st.caption(
        "**Definition.** On the way that each took: the one that gets furthest, of several the one that began first. "
        "In any order: from when the steps before were all done. Bars grow wider to the right."
    )
    bars = {f"{fmt.duration(low)} or longer, under {fmt.duration(high)}" if high != math.inf else
            f"{fmt.duration(low)} or longer": (float(low), float(high) if high != math.inf else -1.0)
            for which, low, high, users in found.took.itertuples(index=False) if which == step and users}  # fmt: skip
    if bars:
        with st.container(horizontal=True):
            see_users(
                store, "took", partial(_slow, store, shown, found.spec, step), [Choice("Took", bars)],
                picked=[(float(picked[1]), float(picked[2]))] if picked else None,
            )  # fmt: skip
            csv_button("CSV of the times", partial(_write, records(found.took)), "funnel-times.csv", "csv_took")


def _slow(store: Store, shown: Shown, spec: FunnelSpec, step: int, bar: tuple[float, float]) -> Behind:
    low, high = bar[0], bar[1] if bar[1] >= 0 else math.inf
    place = step or len(spec.steps) - 1
    users = step_funnel_users(store, spec, place, shown.window, took=(step, low, high))
    upper = f", under {fmt.duration(high)}" if high != math.inf else ""
    return Behind(f"who took {fmt.duration(low)} or longer{upper} to {step_name(spec, place)}, {shown.words}", users)


def trend(store: Store, shown: Shown, found: StepFunnel) -> None:
    """Conversion by when the first step was taken."""
    unit = shown.unit or ask(store, usual_trend, shown.window).unit
    answer = ask(store, funnel_trend, found.spec, unit, shown.window)
    if answer.problem:
        st.info(answer.problem)
        return
    picked = chart(funnel_trend_figure(answer), "fig_over", f"Line: conversion per {unit} of the first step")
    rule = (
        "A user counts in every period in which they start, with the furthest of that period's tries."
        if found.spec.within
        else "Without a time limit everybody counts once, where they first began, and later periods have had less "
        "time: set a limit to compare periods fairly."
    )
    st.caption(
        f"**Definition.** Of those who took the first step in the {unit}, the share that came to the end. {rule} "
        "Hollow: the period, or the time limit of its tries, is not over by the end of the data. Bars: 95 % interval."
    )
    starts = {when(row["start"], unit): row["start"] for row in records(answer.table) if row["users"]}
    with st.container(horizontal=True):
        see_users(
            store, "over", partial(_started, store, shown, found.spec, unit),
            [Choice("When", starts), Choice("Who", _ENDS)],
            picked=[date.fromisoformat(picked[0]), "came"] if picked else None,
        )  # fmt: skip
        csv_button("CSV by period", partial(_write, records(answer.table)), "funnel-over-time.csv", "csv_over")


def _started(store: Store, shown: Shown, spec: FunnelSpec, unit: Any, start: date, come: Any) -> Behind:
    end = "came to the end" if come == "came" else "did not come to the end"
    users = funnel_trend_users(store, spec, unit, start, shown.window, come=come)
    return Behind(f"who took the first step in {when(start, unit)} and {end}", users)


def _write(rows: list[dict[str, Any]], path: Path) -> int:
    return write_records(rows, path)
