"""Loyalty, tab "Slipping": buyers whose present pause is unusual for themselves."""

from __future__ import annotations

import streamlit as st

from core.loyalty import (
    DEFINITIONS,
    LEAST_DAYS,
    Became,
    Slipping,
    slipping,
    slipping_check,
    slipping_csv,
    slipping_users,
)
from core.store import Store
from pages._ui import format as fmt
from pages._ui.cache import ask
from pages._ui.downloads import csv_button
from pages._ui.home_period import Shown
from pages._ui.people import Behind, see_users
from pages._ui.text import plain, unbroken

_LIMITS = {"1": 0.01, "2": 0.02, "5": 0.05, "10": 0.1, "20": 0.2}


def draw(store: Store, shown: Shown) -> None:
    """The whole tab."""
    chosen = st.segmented_control(
        "A pause is unusual where so many of 100 of the buyer's own pauses would last as long", list(_LIMITS),
        default="5", required=True, key="unusual", bind="query-params",
        help="Fewer: a shorter list, and surer. More: earlier, with more false alarms.",
    )  # fmt: skip
    limit = _LIMITS[str(chosen)]
    found = ask(store, slipping, limit, shown.window)
    if found.problem:
        st.info(plain(found.problem))
        return
    stake = "" if found.stake is None else f"; together they used to spend **{fmt.money(found.stake)}** per 30 days"
    st.markdown(
        f"**{fmt.number(found.users)}** of {fmt.number(found.judged)} buyers with {LEAST_DAYS} or more order days are "
        f"slipping against their own rhythm{stake}."
    )
    _became(ask(store, slipping_check, limit, shown.window))
    _listed(found)
    with st.container(horizontal=True):
        see_users(
            store, "slipping",
            lambda: Behind(f"slipping against their own rhythm ({chosen} of 100), {shown.words}",
                           slipping_users(store, limit, shown.window)),
        )  # fmt: skip
        csv_button(
            f"CSV of {fmt.count(found.users, 'user')}", lambda path: slipping_csv(store, path, limit, shown.window),
            "slipping.csv", "csv_slipping", rows=found.users, disabled=not found.users,
        )  # fmt: skip
    st.caption("**Definition.** " + plain(DEFINITIONS["slipping"]) + " " + plain(DEFINITIONS["stake"]))
    if found.shop is not None:
        vary, weigh = fmt.percent(found.shop.variation, 0), fmt.number(found.shop.leaning, 1)
        st.caption(
            plain(
                f"Learned from {fmt.number(found.shop.buyers)} buyers: one buyer's pauses vary by about {vary} "
                f"around their mean (100 % would be pure chance), and the shop's pauses weigh as much as {weigh} "
                "pauses of the buyer's own."
            )
        )


def _became(found: Became | None) -> None:
    """Whether it told anything at an earlier moment."""
    if found is None or not found.slipping or not found.others:
        st.caption("The data are too short, or too few were slipping, to check this against what came after.")
        return
    slid, kept = found.shares()
    back, others = ((fmt.percent(v), fmt.percent(low), fmt.percent(high)) for v, low, high in (slid, kept))
    said = (
        f"**Does it tell anything?** Of the {fmt.number(found.slipping)} who were slipping on {fmt.day(found.at)}, "
        f"**{back[0]}** ({back[1]} to {back[2]}) ordered again within {found.days} days; of the "
        f"{fmt.number(found.others)} others **{others[0]}** ({others[1]} to {others[2]})."
    )
    st.markdown(unbroken(said))


def _listed(found: Slipping) -> None:
    if not found.users:
        st.info("Nobody is slipping by this limit. Choose a higher one to look earlier.")
        return
    rows = found.listed.assign(chance=found.listed["chance"].map(fmt.percent))
    st.dataframe(
        rows, hide_index=True, height=min(38 + 35 * len(found.listed), 420),
        column_order=["user_id", "last_order", "usual", "pause", "chance", "order_days", "stake", "value"],
        column_config={
            "user_id": "User",
            "last_order": st.column_config.DateColumn("Last order", format="D MMM YYYY"),
            "usual": st.column_config.NumberColumn("Usual", format="%.0f", help="Median of their own pauses, in days"),
            "pause": st.column_config.NumberColumn("Now", format="localized", help="Present pause, in days"),
            "chance": st.column_config.TextColumn("Chance", help="Share of their own pauses so long"),
            "order_days": st.column_config.NumberColumn("Orders", format="localized", help="Days with orders"),
            "stake": st.column_config.NumberColumn("At stake", format="localized",
                                                   help=DEFINITIONS["stake"]),
            "value": st.column_config.NumberColumn("Net", format="localized", help="Net revenue so far"),
        },
    )  # fmt: skip
    if len(found.listed) < found.users:
        st.caption(f"The {len(found.listed)} with most at stake of {fmt.number(found.users)}; the CSV has all.")
