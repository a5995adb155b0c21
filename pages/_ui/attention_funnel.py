"""Attention, the view "Funnel": how far users come, where they are lost, how long it takes, what makes a difference."""

from __future__ import annotations

from functools import partial
from typing import Any

import streamlit as st

from core.behaviour import STEPS, before, contents, resolve
from core.figures import step_name, steps_figure
from core.funnel import FunnelSpec, StepFunnel, funnel_rule, step_funnel, step_funnel_users
from core.store import Store, write_records
from pages._ui import attention_funnel_parts as parts
from pages._ui import format as fmt
from pages._ui.attention_funnel_ask import question
from pages._ui.cache import ask
from pages._ui.downloads import csv_button
from pages._ui.home_figures import chart
from pages._ui.home_period import Shown
from pages._ui.people import Behind, Choice, see_users
from pages._ui.text import plain

_TABS = {
    "More often": parts.more,
    "By value": parts.breakdown,
    "Time taken": parts.took,
    "Over time": parts.trend,
}


def draw(store: Store, shown: Shown) -> None:
    """The whole view."""
    present = [kind.event for kind in ask(store, contents)]
    if present and len([step for step in STEPS if step in present]) < 2:
        st.info(
            f"The way from looking to buying needs two of {', '.join(STEPS)}; these data hold: {', '.join(present)}. "
            "Other steps can be asked for here: the same event twice shows who does it again."
        )
    spec = question(store)
    if spec is None:
        return
    found = ask(store, step_funnel, spec, shown.window)
    if found.problem:
        st.info(found.problem)
        return
    _key_figures(store, shown, found)
    _steps(store, shown, found)
    tabs = st.tabs(list(_TABS), key="way_tab", bind="query-params", on_change="rerun")
    for tab, draw_tab in zip(tabs, _TABS.values(), strict=True):
        if tab.open:
            with tab:
                draw_tab(store, shown, found)


def _key_figures(store: Store, shown: Shown, found: StepFunnel) -> None:
    earlier = before(resolve(store, shown.window))
    then = ask(store, step_funnel, found.spec, earlier) if earlier else None
    past = then if then is not None and not then.problem else None
    unit = found.spec.per
    first, last = found.table.iloc[0], found.table.iloc[-1]
    compared = f" Change against {shown.before}." if past is not None else ""
    with st.container(horizontal=True, gap="medium"):
        st.metric(
            "Took the first step", fmt.number(int(first["users"])), border=True, width=190,
            delta=fmt.delta(float(first["users"]), float(past.table["users"].iloc[0])) if past else None,
            help=f"{unit.capitalize()} with {plain(first['step'])}, {shown.words}.{compared}",
        )  # fmt: skip
        st.metric(
            "Came to the end", fmt.number(int(last["users"])), border=True, width=190,
            delta=fmt.delta(float(last["users"]), float(past.table["users"].iloc[-1])) if past else None,
            help=f"{unit.capitalize()} that came through all steps, {shown.words}.{compared}",
        )  # fmt: skip
        st.metric(
            "Conversion", fmt.percent(found.overall), border=True, width=190,
            delta=fmt.delta(found.overall, past.overall) if past else None,
            help=f"Of those who took the first step. 95 % interval: {fmt.percent(found.low)} to "
            f"{fmt.percent(found.high)}.{compared}",
        )  # fmt: skip
        st.metric(
            "Median time to the end", parts.seconds(found.convert[1]), border=True, width=190,
            help="From the first event of the way to its last, for those who came to the end; half took less. Of "
            "several ways to the end the one that began first.",
        )  # fmt: skip


def _steps(store: Store, shown: Shown, found: StepFunnel) -> None:
    picked = chart(steps_figure(found), "fig_way", f"Bars: {found.spec.per} that came to each step, {shown.words}")
    options: dict[str, tuple[int, str]] = {}
    last = len(found.spec.steps) - 1
    for place in range(last + 1):
        name = step_name(found.spec, place)
        options[f"came to {name}"] = (place, "came")
        if place < last:
            options[f"came to {name}, and no further"] = (place, "lost")
    words = {value: label for label, value in options.items()}
    with st.container(horizontal=True, wrap=False, gap="medium"):
        st.caption("**Definition.** " + plain(parts.definition(found.spec)), width="stretch")
        see_users(
            store, "way", partial(_behind, store, shown, found.spec, words), [Choice("Who", options)],
            picked=[(int(picked[0]), str(picked[1]))] if picked and int(picked[0]) >= 0 else None,
        )  # fmt: skip
    csv_button("CSV of the steps", partial(_write, found), "funnel-steps.csv", "csv_way")


def _behind(
    store: Store, shown: Shown, spec: FunnelSpec, words: dict[tuple[int, str], str], who: tuple[int, Any]
) -> Behind:
    users = step_funnel_users(store, spec, who[0], shown.window, come=who[1])
    rule = funnel_rule(store, spec, who[0], shown.rule_window, come=who[1])
    return Behind(f"who {words[who]}, {shown.words}", users, rule)


def _write(found: StepFunnel, path: Any) -> int:
    return write_records(parts.records(found.table), path)
