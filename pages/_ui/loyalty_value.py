"""Loyalty, the view "Future value"."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import streamlit as st

from core.behaviour import NO_TIMES
from core.figures import value_bands_figure
from core.predict import (
    FutureValue,
    Total,
    ValueBand,
    ValueCheck,
    future_value,
    value_bands,
    value_check,
    value_users,
)
from core.progress import Step
from core.store import Store
from pages._ui import format as fmt
from pages._ui import loyalty_value_ask, loyalty_value_check, loyalty_value_users, state
from pages._ui.features_jobs import beside
from pages._ui.home_figures import chart
from pages._ui.home_period import Shown
from pages._ui.loyalty_value_ask import Asked
from pages._ui.people import Behind, Choice, see_users
from pages._ui.text import plain

_CHECK_DRAWS = 60

Found = tuple[FutureValue, ValueCheck]


def draw(store: Store, shown: Shown) -> None:
    """The whole view."""
    asked = loyalty_value_ask.choose(store)
    if asked is None:
        _nothing(NO_TIMES)
        return
    made = beside(store, "value", "Future value of users", _params(asked), partial(_make, store, asked))
    if made is None:
        return
    found, check = made
    if found.problem:
        _nothing(found.problem)
        return
    _key_figures(store, found)
    _said(found, check)
    _bands(store, found)
    tabs = st.tabs(list(_TABS), key="value_look", bind="query-params", on_change="rerun")
    for tab, part in zip(tabs, _TABS.values(), strict=True):
        if tab.open:
            with tab:
                part(store, found, check)
    _next(found)


def _params(asked: Asked) -> dict[str, object]:
    return {"spec": vars(asked.spec), "as_of": None if asked.as_of is None else asked.as_of.isoformat()}


def _make(store: Store, asked: Asked, step: Step) -> tuple[Found, int]:
    found = future_value(store, asked.spec, asked.as_of, step=step.part(0.0, 0.6))
    fewer = replace(asked.spec, draws=_CHECK_DRAWS)
    check = value_check(store, fewer, asked.as_of, step=step.part(0.6, 1.0))
    return (found, check), 100_000 + 3 * int(found.table.memory_usage().sum())


def _nothing(problem: str) -> None:
    st.info(plain(problem))
    if st.button("Load purchases", key="value_to_data"):
        state.go("data")


_FIGURES = (
    ("expected", "Expected purchases", "Days with an order to expect of all who bought up to the day chosen."),
    ("active", "Who will buy", "How many of them are expected to order at least once in that time."),
    (
        "revenue",
        "Expected revenue",
        "Net worth of those purchases, in the file's currency: purchases less same-day returns.",
    ),
    ("value", "Expected value", "That revenue times the margin, each purchase discounted for how far ahead it lies."),
    ("alive", "Customers still", "How many have not stopped for good, by the model: nobody can see it."),
)


def _key_figures(store: Store, found: FutureValue) -> None:
    spec = found.spec
    with st.container(horizontal=True, gap="small"):
        for name, title, meaning in _FIGURES:
            total: Total | None = getattr(found, name)
            if total is None or (name == "value" and spec.margin == 1 and not spec.discount):
                continue
            with st.container(border=True, gap="xxsmall", width=200, height="stretch"):
                st.metric(title, fmt.number(total.expected), help=plain(f"{meaning} For {spec.words}."))
                st.caption(_between(found, total))
    with st.container(horizontal=True, wrap=False, gap="medium"):
        st.caption(
            plain(
                f"{spec.words[0].upper()}{spec.words[1:]} (to {fmt.day(found.end)}), of {fmt.number(found.users)} "
                f"users who bought up to {fmt.day(found.last_day)}, {fmt.number(found.repeaters)} of them on two days "
                "or more. All of a user's orders of one day (UTC) are one purchase. Below each number: 95 % of "
                "outcomes, if the model is right."
            ),
            width="stretch",
        )
        see_users(store, "value_all", partial(_everyone, found), label="See all buyers")


def _between(found: FutureValue, total: Total) -> str:
    if total.low is None or total.high is None:
        return "no interval"
    share = f" of {fmt.number(found.users)}" if total in (found.active, found.alive) else ""
    return plain(f"{fmt.number(total.low)} to {fmt.number(total.high)}{share}")


def _everyone(found: FutureValue) -> Behind:
    return Behind(f"who bought up to {fmt.day(found.last_day)}", value_users(found))


def _said(found: FutureValue, check: ValueCheck) -> None:
    """Whether to trust it, before anybody plans with it; then what else must be known."""
    if check.problem:
        st.warning(plain(f"Can I trust it? It cannot be said. {check.problem}"))
    else:
        held = f"learned up to {fmt.day(check.cut)}, tested on the {fmt.count(check.days, 'day')} after it"
        words = plain(f"{check.words} ({held[0].upper()}{held[1:]}; more under Can I trust it.)")
        say = {"yes": st.success, "no": st.error}.get(check.verdict, st.warning)
        say(f"**Can I trust it?** {words}")
    if found.spend_problem:
        st.info(plain(f"No values are shown: {found.spend_problem[:1].lower()}{found.spend_problem[1:]}"))
    for note in found.notes:
        st.caption(plain(note))


def _bands(store: Store, found: FutureValue) -> None:
    bands = value_bands(found)
    what = "purchases" if found.value is None else "value"
    picked = chart(
        value_bands_figure(bands, what, found.spec.words),
        "fig_value_bands",
        f"Bars: share of the expected {what} by band of users, the best band first.",
    )
    named = {band.name: band for band in bands}
    with st.container(horizontal=True, wrap=False, gap="medium"):
        st.caption(
            f"**Definition.** Users in order of expected {what}: the first hundredth, the next 4 %, and so on; users "
            "for whom the same is expected are in the same band.",
            width="stretch",
        )
        see_users(
            store,
            "value_band",
            partial(_in_band, found),
            [Choice("Band", dict(named))],
            picked=picked and [named[picked[0]]],
        )


def _in_band(found: FutureValue, band: ValueBand) -> Behind:
    what = "expected purchases" if found.value is None else "expected value"
    words = f"in the band {band.name.lower()} by {what} in {found.spec.words} from {fmt.day(found.last_day)} on"
    return Behind(words, value_users(found, band))


_TABS = {
    "Who is a customer still": loyalty_value_users.cells,
    "Users": loyalty_value_users.table,
    "Can I trust it": loyalty_value_check.trust,
    "How it is worked out": loyalty_value_check.models,
}


def _next(found: FutureValue) -> None:
    st.divider()
    st.markdown("**What next?** Open a band or a cell and make it a segment, then reach it with a campaign.")
    with st.container(horizontal=True):
        if st.button("Plan a campaign", type="primary", key="value_campaign"):
            state.go("campaigns")
        if st.button("See segments", key="value_segments"):
            state.go("segments")
