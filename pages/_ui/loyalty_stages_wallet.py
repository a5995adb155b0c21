"""Loyalty, tab "Share of wallet": share of requirements by category or brand, and of the wallet where it is known."""

from __future__ import annotations

from functools import partial
from typing import cast

import streamlit as st

from core.figures import requirements_figure, wallet_figure
from core.loyalty import (
    DEFINITIONS,
    NEEDED,
    WALLET_BANDS,
    WalletKind,
    item_columns,
    requirements,
    requirements_users,
    wallet,
    wallet_columns,
    wallet_users,
)
from core.store import Store
from pages._ui import format as fmt
from pages._ui.cache import ask
from pages._ui.home_figures import chart
from pages._ui.home_period import Shown
from pages._ui.loyalty_stages_file import table_button
from pages._ui.people import Behind, Choice, see_users
from pages._ui.text import plain

_NONE = "none"


def draw(store: Store, shown: Shown) -> None:
    """The whole tab."""
    _requirements(store, shown)
    _wallet(store, shown)


def _requirements(store: Store, shown: Shown) -> None:
    st.subheader("Share of requirements, within this shop")
    columns = list(ask(store, item_columns))
    if not columns:
        st.info("The items have no column of categories or brands. Load an attribute file of items to see this.")
        return
    column = st.selectbox("By", columns, key="scr_by", width=260)
    found = ask(store, requirements, column, shown.window)
    if found.problem:
        st.info(plain(found.problem))
        return
    picked = chart(requirements_figure(found), "fig_scr", f"Bars: share of requirements by {column}, {shown.words}")
    st.caption("**Definition.** " + plain(DEFINITIONS["requirements"]))
    st.dataframe(
        found.table, hide_index=True, height=min(38 + 35 * len(found.table), 320),
        column_config={
            "label": column,
            "buyers": st.column_config.NumberColumn("Buyers", format="localized"),
            "penetration": st.column_config.NumberColumn("Of all buyers", format="percent"),
            "amount": st.column_config.NumberColumn("Net revenue" if found.measure == "value" else "Net units",
                                                    format="localized"),
            "share": st.column_config.NumberColumn("Of all", format="percent"),
            "scr": st.column_config.NumberColumn("Share of requirements", format="percent"),
            "sole": st.column_config.NumberColumn("Buy nothing else", format="percent", help="Of its buyers"),
        },
    )  # fmt: skip
    labels = {str(label): str(label) for label in found.table["label"]}
    with st.container(horizontal=True):
        see_users(
            store, "scr", partial(_buyers, store, shown, column),
            [Choice("Buyers of", labels), Choice("Who", {"all of them": False, "who buy nothing else": True})],
            picked=picked and [picked[0], False],
        )  # fmt: skip
        rows = found.table
        table_button("CSV of shares", rows, f"requirements-{column}.csv", "csv_scr")


def _buyers(store: Store, shown: Shown, column: str, label: str, sole: bool) -> Behind:
    only = " and nothing else" if sole else ""
    users = requirements_users(store, column, label, shown.window, sole=sole)
    return Behind(f"who bought {column} “{label}”{only}, net of returns, {shown.words}", users)


def _wallet(store: Store, shown: Shown) -> None:
    st.subheader("Share of wallet proper")
    columns = ask(store, wallet_columns)
    st.caption(plain(NEEDED))
    if not columns:
        st.info("The users have no column of numbers yet.")
        return
    with st.container(horizontal=True):
        column = st.selectbox(
            "What users spend is in", [_NONE, *columns], key="wallet_by", width=260,
            format_func=lambda name: "no column" if name == _NONE else name,
        )  # fmt: skip
        kind = st.selectbox(
            "It is what they spend", ["total", "elsewhere"], key="wallet_kind", width=260,
            format_func={"total": "altogether, here included", "elsewhere": "elsewhere"}.__getitem__,
        )  # fmt: skip
    if column == _NONE:
        return
    what = cast(WalletKind, kind)
    found = ask(store, wallet, column, what, shown.window)
    if found.problem:
        st.info(plain(found.problem))
        return
    picked = chart(wallet_figure(found), "fig_wallet", f"Bars: users by share of wallet, {shown.words}")
    st.markdown(
        f"**{fmt.percent(found.share)}** of the wallets of {fmt.count(found.users, 'buyer')} is spent here, "
        + plain(f"{shown.words}; the median buyer's share is {fmt.percent(found.median)}. ")
        + f"Of {fmt.count(found.unknown, 'buyer')} the wallet is not known."
    )
    if found.over:
        st.warning(
            f"{fmt.count(found.over, 'buyer')} spent more here than “{plain(column)}” says they spend at all: it may "
            "be another stretch of time, another currency, or another thing."
        )
    st.caption("**Definition.** " + plain(DEFINITIONS["wallet"]))
    bands = {f"{low:.0%} to {high:.0%}": n for n, (low, high) in enumerate(WALLET_BANDS)}
    with st.container(horizontal=True):
        see_users(
            store, "wallet", partial(_spenders, store, shown, column, what), [Choice("Share of wallet", bands)],
            picked=picked and [int(picked[0])],
        )  # fmt: skip
        rows = found.table
        table_button("CSV of bands", rows, "share-of-wallet.csv", "csv_wallet")


def _spenders(store: Store, shown: Shown, column: str, kind: WalletKind, band: int) -> Behind:
    low, high = WALLET_BANDS[band]
    words = f"who spend {low:.0%} to {high:.0%} of their {column} here, {shown.words}"
    return Behind(words, wallet_users(store, column, kind, band, shown.window))
