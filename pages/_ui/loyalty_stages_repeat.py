"""Loyalty, tab "Ordering again": orders per buyer, fair repeat rates, pauses between orders."""

from __future__ import annotations

from datetime import date
from functools import partial

import pandas as pd
import streamlit as st

from core.figures import again_figure, fair_figure, orders_figure, waits_figure
from core.loyalty import (
    DEFINITIONS,
    HORIZONS,
    MOST_NUMBER,
    MOST_ORDERS,
    WITHIN,
    PauseLengths,
    Repeat,
    fair_users,
    number_users,
    pauses,
    pauses_users,
    repeat,
    repeat_users,
)
from core.segments import Compare, Did
from core.store import Store
from pages._ui import format as fmt
from pages._ui.cache import ask
from pages._ui.home_figures import chart
from pages._ui.home_period import Shown
from pages._ui.loyalty_stages_file import table_button
from pages._ui.people import Behind, Choice, see_users
from pages._ui.text import plain


def draw(store: Store, shown: Shown) -> None:
    """The whole tab."""
    found = ask(store, repeat, shown.window)
    _orders(store, shown, found)
    if found.note:
        st.info(plain(found.note))
    elif not found.fair.empty:
        _fair(store, shown, found)
    waits = ask(store, pauses, shown.window)
    if waits.problem:
        if waits.problem != found.note:
            st.info(plain(waits.problem))
        return
    _waits(store, shown, waits)
    _numbers(store, shown, waits)


def _orders(store: Store, shown: Shown, found: Repeat) -> None:
    picked = chart(orders_figure(found), "fig_orders", f"Bars: buyers by number of orders, {shown.words}")
    st.caption(
        f"**{fmt.number(found.repeat)} of {fmt.number(found.buyers)} buyers** ordered twice or more: "
        f"{fmt.percent(found.rate)} (95 % interval {fmt.percent(found.low)} to {fmt.percent(found.high)}), "
        + plain(f"{shown.words}. ") + "**Definition.** " + plain(DEFINITIONS["repeat"])
    )  # fmt: skip
    kinds = {"Two or more": 0, **{_orders_name(n): n for n in range(1, MOST_ORDERS + 1)}}
    with st.container(horizontal=True):
        see_users(
            store,
            "orders",
            partial(_with_orders, store, shown),
            [Choice("Orders", kinds)],
            picked=picked and [picked[0]],
        )
        rows = found.table
        table_button("CSV of orders per buyer", rows, "orders-per-buyer.csv", "csv_orders")


def _orders_name(n: int) -> str:
    return f"{n} or more" if n == MOST_ORDERS else str(n)


def _with_orders(store: Store, shown: Shown, n: int) -> Behind:
    if n in (0, MOST_ORDERS):
        least, most, compare = n or 2, None, Compare("at_least", n or 2)
    else:
        least, most, compare = n, n, Compare("exactly", n)
    rule = Did("purchase", "orders", compare, shown.rule_window)
    many = f"{least} or more orders" if most is None else fmt.count(n, "order")
    return Behind(f"with {many}, {shown.words}", repeat_users(store, least, most, shown.window), rule)


def _fair(store: Store, shown: Shown, found: Repeat) -> None:
    picked = chart(fair_figure(found), "fig_fair", "Table: share who ordered again, by month of first order and days")
    st.caption("**Definition.** " + plain(DEFINITIONS["fair"]))
    months = {f"{month:%B %Y}": month for month in found.fair["month"].tolist()[::-1]}
    with st.container(horizontal=True):
        see_users(
            store, "fair", partial(_of_month, store, shown),
            [
                Choice("First order in", months),
                Choice("Within", {f"{days} days": days for days in HORIZONS}),
                Choice("Who", {"ordered again": True, "did not": False}),
            ],
            picked=picked and [date.fromisoformat(picked[0]), int(picked[1]), True],
        )  # fmt: skip
        rows = found.fair
        table_button("CSV of months", rows, "repeat-by-month.csv", "csv_fair")


def _of_month(store: Store, shown: Shown, month: date, days: int, again: bool) -> Behind:
    did = "who ordered again" if again else "who did not order again"
    words = f"{did} within {days} days of their first order in {month:%B %Y}, of those known so long"
    return Behind(words, fair_users(store, month, days, shown.window, again=again))


def _waits(store: Store, shown: Shown, waits: PauseLengths) -> None:
    st.subheader("How long buyers wait")
    picked = chart(waits_figure(waits), "fig_waits", f"Stacked bars: pauses between orders by length, {shown.words}")
    st.caption(
        f"**{fmt.number(waits.ended)} pauses ended**, half of them within {fmt.number(waits.median)} days (quartiles "
        f"{fmt.number(waits.q1)} and {fmt.number(waits.q3)}); **{fmt.number(waits.going_on)} go on**. **Definition.** "
        + plain(DEFINITIONS["pauses"])
    )  # fmt: skip
    bars = {f"{a} to {b} days": (int(a), int(b)) for a, b in zip(waits.bars["start"], waits.bars["end"], strict=True)}
    with st.container(horizontal=True):
        see_users(
            store, "waits", partial(_waiting, store, shown),
            [Choice("Pause of", bars), Choice("Which", {"ended": True, "going on": False})],
            picked=picked and [(int(picked[0]), int(picked[1])), bool(picked[2])],
        )  # fmt: skip
        rows = waits.bars
        table_button("CSV of pauses", rows, "pauses.csv", "csv_waits")
    chart(again_figure(waits), "fig_again", f"Line: share of pauses over within so many days, {shown.words}")
    within = [(days, waits.again.within(days)) for days in WITHIN]
    said = [f"{days} days **{fmt.percent(known[0])}** ({fmt.percent(known[1])} to {fmt.percent(known[2])})"
            for days, known in within if known]  # fmt: skip
    st.caption(f"Ordered again within {', '.join(said)}. **Definition.** " + plain(DEFINITIONS["again"]))


def _waiting(store: Store, shown: Shown, bar: tuple[int, int], ended: bool) -> Behind:
    kind = "ended" if ended else "goes on"
    words = f"with a pause of {bar[0]} to {bar[1]} days that {kind}, {shown.words} (a bar counts pauses, this users)"
    return Behind(words, pauses_users(store, *bar, shown.window, ended=ended))


def _numbers(store: Store, shown: Shown, waits: PauseLengths) -> None:
    st.subheader("From order to order")
    rows = []
    for row in waits.numbers.to_dict("records"):
        number = int(row["number"])
        spread = (
            f"{fmt.number(row['median'])} ({fmt.number(row['q1'])}–{fmt.number(row['q3'])})" if row["ended"] else "–"
        )
        told: dict[str, object] = {
            "After": _number(number), "Ended": int(row["ended"]), "Going on": int(row["going_on"]), "Days": spread
        }  # fmt: skip
        for days in WITHIN:
            share = row[f"within_{days}"]
            told[f"{days} d"] = "–" if pd.isna(share) else fmt.percent(share)
        rows.append(told)
    within = {f"{days} d": st.column_config.TextColumn(help=f"Ordered again within {days} days") for days in WITHIN}
    counts = {name: st.column_config.NumberColumn(format="localized") for name in ("Ended", "Going on")}
    median = {"Days": st.column_config.TextColumn(help="Of the ended ones: the median, and the quartiles")}
    st.dataframe(rows, hide_index=True, height="content", column_config={**counts, **median, **within})
    st.caption(
        "Days: median and quartiles of the ended pauses; then the share who ordered again within 30, 60, 90, 180 days. "
        "**Definition.** " + plain(DEFINITIONS["by_number"])
    )
    numbers = {_number(int(n)): int(n) for n in waits.numbers["number"]}
    with st.container(horizontal=True):
        see_users(
            store, "number", partial(_after_number, store, shown),
            [Choice("After order day", numbers), Choice("Who", {"ordered again": True, "not yet": False})],
        )  # fmt: skip
        table = waits.numbers
        table_button("CSV from order to order", table, "pauses-by-order.csv", "csv_number")


def _number(n: int) -> str:
    return f"{n} and later" if n == MOST_NUMBER else str(n)


def _after_number(store: Store, shown: Shown, number: int, ended: bool) -> Behind:
    did = "who ordered again" if ended else "who have not ordered again"
    users = number_users(store, number, shown.window, ended=ended)
    return Behind(f"{did} after order day {_number(number)}, {shown.words}", users)
