"""Loyalty, the view "Who is loyal": repeat orders, stages by month, a score with its parts, who is slipping."""

from __future__ import annotations

from functools import partial

import streamlit as st

from core.loyalty import (
    DEFINITIONS,
    LEAST_DAYS,
    Repeat,
    number_users,
    pauses,
    repeat,
    repeat_users,
    slipping,
    slipping_users,
    stage_rule,
    stages,
    stages_users,
)
from core.segments import Compare, Did, LoyaltySettings
from core.store import Store
from pages._ui import format as fmt
from pages._ui import (
    loyalty_stages_months,
    loyalty_stages_repeat,
    loyalty_stages_score,
    loyalty_stages_slipping,
    loyalty_stages_wallet,
    state,
)
from pages._ui.cache import ask
from pages._ui.home_period import Shown
from pages._ui.people import Behind, see_users
from pages._ui.text import plain

_TABS = {
    "Stages by month": loyalty_stages_months.draw,
    "Ordering again": loyalty_stages_repeat.draw,
    "Loyalty score": loyalty_stages_score.draw,
    "Slipping": loyalty_stages_slipping.draw,
    "Share of wallet": loyalty_stages_wallet.draw,
}
_AGAIN = 90


def draw(store: Store, shown: Shown) -> None:
    """The whole view."""
    found = ask(store, repeat, shown.window)
    if found.problem:
        st.info(plain(found.problem))
        if st.button("Load purchases", key="loyalty_load"):
            state.go("data")
        return
    _key_figures(store, shown, found)
    st.caption(
        plain(
            "Orders of known users, never their lines; orders that name no user are not in these figures. "
            "Stages, score and slipping are as of the end of the period and look at all orders before it."
        )
    )
    tabs = st.tabs(list(_TABS), key="loyal_look", bind="query-params")
    for tab, view in zip(tabs, _TABS.values(), strict=True):
        if tab.open:
            with tab:
                view(store, shown)
    st.divider()
    st.markdown("**What next?** Choose whom to win back or to reward.")
    with st.container(horizontal=True):
        if st.button("Build a segment", type="primary", key="loyal_segment"):
            state.go("segments")
        if st.button("Plan a campaign", key="loyal_campaign"):
            state.go("campaigns")


def _key_figures(store: Store, shown: Shown, found: Repeat) -> None:
    waits = ask(store, pauses, shown.window)
    months = ask(store, stages, LoyaltySettings(), shown.window)
    slips = ask(store, slipping, window=shown.window)
    with st.container(horizontal=True, gap="small"):
        with _card():
            st.metric(
                "Repeat rate", fmt.percent(found.rate),
                help=plain(f"{DEFINITIONS['repeat']} 95 % interval {fmt.percent(found.low)} to "
                           f"{fmt.percent(found.high)}; {fmt.number(found.repeat)} of {fmt.number(found.buyers)}."),
            )  # fmt: skip
            see_users(store, "key_repeat", partial(_repeaters, store, shown), label="See users")
        with _card():
            within = None if waits.problem else waits.again.within(_AGAIN)
            st.metric(
                f"Back in {_AGAIN} days", fmt.percent(within[0] if within else None),
                help=plain(DEFINITIONS["again"] + ("" if within is None else f" 95 % interval {fmt.percent(within[1])}"
                                                   f" to {fmt.percent(within[2])}.")),
            )  # fmt: skip
            see_users(store, "key_again", partial(_second, store, shown), label="See users")
        with _card():
            st.metric(
                "Usual pause", "–" if waits.median is None else f"{fmt.number(waits.median)} days",
                help=plain("The median of the pauses that ended with an order. " + DEFINITIONS["pauses"]),
            )  # fmt: skip
        if not months.problem:
            last = len(months.points) - 1
            loyal = months.sizes[(months.sizes["at"] == months.points[-1]) & (months.sizes["stage"] == "loyal")].iloc[0]
            with _card():
                st.metric("Loyal buyers", fmt.number(int(loyal["users"])), help=plain(
                    f"{fmt.percent(float(loyal['share']))} of the buyers by {fmt.last_day(months.points[-1])}. "
                    + DEFINITIONS["stages"]))  # fmt: skip
                see_users(
                    store, "key_loyal",
                    lambda: Behind(f"loyal on {fmt.last_day(months.points[-1])}",
                                   stages_users(store, months, "loyal", last), stage_rule(months, last, "loyal")),
                    label="See users",
                )  # fmt: skip
        if not slips.problem:
            with _card():
                st.metric("Slipping", fmt.number(slips.users), help=plain(
                    f"Of {fmt.number(slips.judged)} buyers with {LEAST_DAYS} order days or more. "
                    + DEFINITIONS["slipping"]))  # fmt: skip
                see_users(
                    store, "key_slipping",
                    lambda: Behind(f"slipping against their own rhythm, {shown.words}",
                                   slipping_users(store, window=shown.window)),
                    label="See users",
                )  # fmt: skip


def _card() -> st.delta_generator.DeltaGenerator:
    return st.container(border=True, gap="xxsmall", width=168, height="stretch")


def _repeaters(store: Store, shown: Shown) -> Behind:
    rule = Did("purchase", "orders", Compare("at_least", 2), shown.rule_window)
    return Behind(f"with two or more orders, {shown.words}", repeat_users(store, 2, None, shown.window), rule)


def _second(store: Store, shown: Shown) -> Behind:
    users = number_users(store, 1, shown.window, ended=True)
    return Behind(f"who ordered on a second day, {shown.words}", users)
