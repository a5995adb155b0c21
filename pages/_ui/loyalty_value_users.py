"""Future value, the users: the matrix of who is a customer still, and the table of the best with the file of all."""

from __future__ import annotations

from functools import partial

import streamlit as st

from core.figures import value_cells_figure
from core.predict import Cell, FutureValue, ValueCheck, value_cells, value_ids, value_likely, value_users, write_values
from core.store import Store
from pages._ui import format as fmt
from pages._ui.downloads import csv_button
from pages._ui.home_figures import chart
from pages._ui.people import Behind, Choice, see_users

_SHOWN = 50


def cells(store: Store, found: FutureValue, check: ValueCheck) -> None:
    """The matrix; each cell opens its users."""
    made = value_cells(found)
    picked = chart(
        value_cells_figure(made),
        "fig_value_cells",
        "Buyers by number of orders and days since the last; each cell with the mean chance to be a customer still.",
    )
    named = {_name(cell): cell for cell in made["cell"]}
    at = {(row, column): cell for row, column, cell in zip(made["row"], made["column"], made["cell"], strict=True)}
    with st.container(horizontal=True, wrap=False, gap="medium"):
        st.caption(
            "**Definition.** The chance that a user has not stopped buying for good, given how often they bought and "
            "how long they have been silent (BG/NBD). A silence that is long *for their own rhythm* lowers it, so "
            "frequent buyers fall faster. Who ordered once cannot have been seen to stop: the model says 100 %, and "
            "means nothing by it. In each cell: mean chance, users.",
            width="stretch",
        )
        see_users(
            store,
            "value_cell",
            partial(_in_cell, found),
            [Choice("Cell", dict(named))],
            picked=picked and [at[int(picked[0]), int(picked[1])]],
        )


def _name(cell: Cell) -> str:
    orders, since = _range(cell.orders), _range(cell.since)
    return f"{orders} order{'' if orders == '1' else 's'}, the last {since} days ago"


def _range(bounds: tuple[int, int | None]) -> str:
    low, high = bounds
    return f"{low} or more" if high is None else str(low) if low == high else f"{low} to {high}"


def _in_cell(found: FutureValue, cell: Cell) -> Behind:
    return Behind(f"with {_name(cell)}, as of the end of {fmt.day(found.last_day)}", value_users(found, cell))


def table(store: Store, found: FutureValue, check: ValueCheck) -> None:
    """The users of whom most is expected, and the file of all."""
    first = value_ids(store, found, _SHOWN)
    likely = value_likely(found, _SHOWN)
    first["likely"] = [f"{low:,.0f} to {high:,.0f}" for low, high in zip(likely["low"], likely["high"], strict=True)]
    for name in ("alive", "active"):
        first[name] = [fmt.percent(share) for share in first[name]]
    first["band"] = [f"{low:.2f} to {high:.2f}" for low, high in zip(first["low"], first["high"], strict=True)]
    money = found.value is not None
    if money:
        first["value_band"] = [
            f"{fmt.money(low)} to {fmt.money(high)}"
            for low, high in zip(first["value_low"], first["value_high"], strict=True)
        ]
    text = partial(st.column_config.TextColumn, alignment="right")
    st.dataframe(
        first,
        hide_index=True,
        height=420,
        column_order=[
            "user_id", "orders", "last_order", "alive", "active", "expected", "band", "likely",
            *(("order_value", "value", "value_band") if money else ()),
        ],
        column_config={
            "user_id": "User",
            "orders": st.column_config.NumberColumn("Orders", format="localized", help="Days (UTC) with an order."),
            "last_order": st.column_config.DateColumn("Last order", format="D MMM YYYY"),
            "alive": text("Customer still", help="Chance that they have not stopped for good."),
            "active": text("Will buy", help=f"Chance of at least one order in {found.spec.words}."),
            "expected": st.column_config.NumberColumn(
                "Purchases", format="%.2f", help=f"Expected in {found.spec.words}: days with an order."
            ),
            "band": text("if resampled", help="95 % interval of that mean: what is not known of the parameters."),
            "likely": text("likely", help="95 % of what this one user may do, by the model: mostly chance."),
            "order_value": st.column_config.NumberColumn(
                "An order", format="%.2f", help="Expected net worth of one order (Gamma-Gamma), in the file's currency."
            ),
            "value": st.column_config.NumberColumn("Value", format="%.2f", help="After margin and discount."),
            "value_band": text("if resampled ", help="95 % interval: what is not known of the parameters."),
        },
    )  # fmt: skip
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(
            f"The first {fmt.number(min(_SHOWN, found.users))} of {fmt.count(found.users, 'buyer')}, most "
            f"{'value' if money else 'purchases'} first, for {found.spec.words}. The file has all of them.",
            width="stretch",
        )
        csv_button(
            f"CSV of {fmt.count(found.users, 'buyer')}",
            lambda path: write_values(store, found, path),
            f"future-value-{found.last_day}.csv",
            "csv_value",
            rows=found.users,
        )
