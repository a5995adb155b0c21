"""Future value, whether to trust it: foretold against what came; and the models with their assumptions."""

from __future__ import annotations

from functools import partial

import pandas as pd
import streamlit as st

from core.figures import by_past_figure, chances_figure, tracking_figure
from core.predict import FutureValue, ValueCheck, check_users
from core.store import Store, write_records
from pages._ui import format as fmt
from pages._ui.downloads import csv_button
from pages._ui.home_figures import chart
from pages._ui.people import Behind, Choice, see_users
from pages._ui.text import plain

_WAYS = {"model": "This model", "recency": "Latest order first", "frequency": "Most orders first"}


def trust(store: Store, found: FutureValue, check: ValueCheck) -> None:
    """The hold-out."""
    if check.problem or check.predicted is None:
        st.info(plain(check.problem or "Nothing was held out."))
        return
    told = check.predicted
    between = (
        "" if told.low is None or told.high is None else f" (95 %: {fmt.number(told.low)} to {fmt.number(told.high)})"
    )
    rows = {
        "Purchases": (f"{fmt.number(told.expected)}{between}", fmt.number(check.actual)),
        "Net worth": (fmt.money(check.revenue_predicted), fmt.money(check.revenue_actual)),
    }
    where = "after the day chosen" if check.after else "the last third of the time"
    st.caption(
        plain(
            f"Both models were fitted to what was known on {fmt.day(check.cut)} and held against the "
            f"{fmt.count(check.days, 'day')} to {fmt.day(check.until)} ({where}); of {fmt.count(check.users, 'buyer')} "
            "by then. Purchases of users who first bought later are not in it."
        )
    )
    st.dataframe(
        pd.DataFrame([(name, *values) for name, values in rows.items()], columns=["", "Foretold", "Came"]),
        hide_index=True,
        height="content",
    )
    _past(store, check)
    _chances(store, check)
    chart(tracking_figure(check), "fig_value_tracking", "Lines: repeat purchases added up, expected and as they came.")
    _ways(check)


def _past(store: Store, check: ValueCheck) -> None:
    picked = chart(by_past_figure(check), "fig_value_past", "Bars: purchases per user, foretold and as they came.")
    top = int(check.by_past["past"].max())
    names = {f"{past}{' or more' if past == top and top >= 7 else ''}": int(past) for past in check.by_past["past"]}
    see_users(
        store,
        "value_past",
        partial(_with_past, check),
        [Choice("Repeat purchases before", dict(names))],
        picked=picked and [int(picked[0])],
    )


def _with_past(check: ValueCheck, past: int) -> Behind:
    more = " or more" if past == check.by_past["past"].max() and past >= 7 else ""
    words = f"with {past}{more} repeat purchases up to {fmt.day(check.cut)}"
    return Behind(words, check_users(check, past=past))


def _chances(store: Store, check: ValueCheck) -> None:
    picked = chart(chances_figure(check), "fig_value_chances", "Points: share who bought against the chance foretold.")
    groups = {
        f"{row['group']}: foretold {fmt.percent(row['predicted'])}": int(row["group"])
        for row in check.chances.to_dict("records")
    }
    see_users(
        store,
        "value_chance",
        partial(_with_chance, check),
        [Choice("Group by foretold chance to buy", dict(groups))],
        picked=picked and [int(picked[0])],
    )


def _with_chance(check: ValueCheck, group: int) -> Behind:
    words = f"in group {group} by the chance to buy foretold on {fmt.day(check.cut)}"
    return Behind(words, check_users(check, group=group))


def _ways(check: ValueCheck) -> None:
    st.markdown("**Does the model find the best users better than plain rules?**")
    table = pd.DataFrame(
        {
            "Users in order of": [_WAYS[way] for way in check.ways["way"]],
            "First tenth made": [fmt.percent(share) for share in check.ways["captured"]],
            "Rank correlation": [f"{value:.2f}" for value in check.ways["correlation"]],
        }
    )
    st.dataframe(table, hide_index=True, height="content")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(
            "First tenth made: of all purchases in the hold-out, the share by the tenth of users whom this way puts "
            "first (10 % would be chance). Rank correlation (Spearman): between that order and purchases; 1 is best.",
            width="stretch",
        )
        for name in ("by_past", "chances", "tracking"):
            records = getattr(check, name).to_dict("records")
            csv_button(
                f"CSV: {_FILES[name]}",
                partial(write_records, records),
                f"future-value-{_FILES[name].replace(' ', '-')}.csv",
                f"csv_value_{name}",
                rows=len(records),
            )


_FILES = {"by_past": "by repeat purchases", "chances": "chance to buy", "tracking": "over time"}


def models(store: Store, found: FutureValue, check: ValueCheck) -> None:
    """Parameters, and what the models take for granted."""
    rows = [
        {
            "Parameter": parameter.name,
            "Most likely": f"{parameter.value:,.4g}",
            "95 % interval": "not settled"
            if parameter.low is None or parameter.high is None
            else f"{parameter.low:,.4g} to {parameter.high:,.4g}",
            "What it says": _MEANING[parameter.name],
        }
        for parameter in (*found.rates, *found.spend)
    ]
    st.dataframe(pd.DataFrame(rows), hide_index=True, height="content")
    with st.container(horizontal=True, vertical_alignment="center"):
        worth = f"; of Gamma-Gamma {found.spend_loglik:,.1f}" if found.spend_loglik is not None else ""
        st.caption(
            plain(
                f"Log-likelihood of BG/NBD {found.loglik:,.1f}, in {found.spec.unit}s{worth}. "
                f"Intervals: {found.spec.draws} resamplings of the users, the models fitted to each. The search "
                f"{'ended at a top' if found.converged else 'did not settle at a top: see the notes above'}."
            ),
            width="stretch",
        )
        csv_button(
            "CSV of parameters", partial(write_records, rows), "future-value-parameters.csv", "csv_value_parameters"
        )
    st.markdown(_WORDS.format(users=fmt.number(found.spend_users), left=fmt.number(found.left_out)))


_MEANING = {
    "r": "How alike users are in how often they buy: small = very different",
    "alpha": "With r: r / alpha purchases per unit of time while a customer",
    "a": "With b: a / (a + b) is the chance to stop after a purchase",
    "b": "Small a and b = users differ much in how soon they stop",
    "p": "How alike one user's orders are in worth",
    "q": "How alike users are in the worth of their orders",
    "v": "With p and q: the mean order is worth p v / (q - 1)",
}

_WORDS = """
- **Purchases: BG/NBD** (Fader, Hardie and Lee 2005). While a customer, each user buys at random at a rate of their own,
  and after each purchase stops for good with a chance of their own. Only three numbers of each user count: purchases
  after the first, when the last one was, how long ago the first was.
- **Worth of an order: Gamma-Gamma** (Fader and Hardie 2013). From {users} users with a paid repeat purchase; first
  orders are left out, as in the source. Who ordered seldom is drawn towards the mean of all. {left} repeat purchases
  worth zero or less were left out. It assumes that worth does not depend on how often somebody buys.
- **Not in it:** seasons, prices, campaigns, new customers, and anonymous purchases. What happens at Christmas is taken
  for rhythm; a shop that grows or shrinks is not foreseen. Contracts and subscriptions need another model.
- **The intervals** take the model to be right. Whether it is, only the hold-out can tell.
"""
