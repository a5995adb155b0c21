"""Segments, loyalty: the stages of the buyers, the thresholds that part them and how they came, and who is in each."""

from __future__ import annotations

from datetime import datetime

import pandas as pd
import streamlit as st

from core.figures.worth import pauses_figure
from core.segments import (
    STAGES,
    BadRule,
    LoyaltyResult,
    LoyaltySettings,
    LoyaltyStage,
    Threshold,
    loyalty,
)
from core.store import Store
from pages._ui import format as fmt
from pages._ui.segments_opened import answer, many, opened, problem
from pages._ui.text import plain

CHOSEN = "stage"
"""Key of the chosen stage, in session state and in the address."""
_INPUTS = {
    "slipping_after": "Slipping after (days)",
    "lost_after": "Lost after (days)",
    "loyal_orders": "Loyal from (orders)",
    "new_within": "New within (days)",
}
_HELP = {
    "slipping_after": "Days since the last order, after which a customer is slipping.",
    "lost_after": "Days since the last order, after which a customer is lost. Who pauses so long and orders again has "
    "returned.",
    "loyal_orders": "Orders from which a customer is loyal.",
    "new_within": "Days since the first order, within which a customer is new.",
}
_SAID = {
    "slipping_after": "Slipping after {}", "lost_after": "Lost after {}",
    "loyal_orders": "Loyal from {}", "new_within": "New within {}",
}  # fmt: skip


def draw(store: Store, as_of: datetime | None) -> None:
    """The whole view."""
    settings = _settings()
    if settings is None:
        return
    found = answer(store, "Stages of loyalty", loyalty, settings, as_of)
    if found is None:
        return
    if found.problem:
        problem(found.problem, "loyalty")
        return
    if found.note:
        st.warning(plain(found.note))
    _key_figures(found)
    _table(found)
    _chosen(store, found, as_of)
    st.plotly_chart(
        pauses_figure(found),
        key="loyalty_chart",
        config={"displayModeBar": False},
        alt="Pauses between two orders by how long they lasted; the thresholds drawn in it are listed below.",
    )
    st.markdown("**Where the thresholds come from**")
    st.markdown("\n".join(f"- **{_said(t)}.** {plain(t.words)}" for t in found.thresholds))
    with st.expander("What the stages mean"):
        st.markdown(_meaning(found.settled))


def _settings() -> LoyaltySettings | None:
    """The thresholds set by hand; None where they cannot be (and said)."""
    own: dict[str, int | None] = {}
    with st.container(horizontal=True):
        for name, label in _INPUTS.items():
            own[name] = st.number_input(
                label, 1, 99_999, None, 1, key=f"loyalty_{name}", bind="query-params", width=200,
                placeholder="learned", help=f"{_HELP[name]} Empty: learned from the data.",
            )  # fmt: skip
    try:
        return LoyaltySettings(**own)
    except BadRule as bad:
        label = _INPUTS.get(str(bad.path).removeprefix("settings."), "Thresholds")
        problem = bad.problem.replace("slipping_after", "“Slipping after”")
        st.error(plain(f"{label}: {problem}. Change it above, or empty the field to learn it from the data."))
        return None


def _key_figures(found: LoyaltyResult) -> None:
    shown = [stage for stage in found.stages if stage.name in ("loyal", "slipping", "lost")]
    cells = st.columns(1 + len(shown))
    cells[0].metric("Buyers", fmt.number(found.buyers), help="Users with at least one order that has a time.")
    cells[0].caption(f"of {fmt.count(found.users, 'known user')}")
    for cell, stage in zip(cells[1:], shown, strict=True):
        cell.metric(stage.name.capitalize(), fmt.number(stage.users))
        money = "" if stage.revenue_share is None else f", {fmt.percent(stage.revenue_share)} of net value"
        cell.caption(f"{fmt.percent(stage.share)} of buyers{money}")


def _table(found: LoyaltyResult) -> None:
    rows = found.stages
    table = pd.DataFrame(
        {
            "Stage": [s.name.capitalize() for s in rows],
            "Buyers": [fmt.number(s.users) for s in rows],
            "Of buyers": [fmt.percent(s.share) for s in rows],
            "Last order": [fmt.number(s.recency) for s in rows],
            "Orders": [fmt.number(s.orders) for s in rows],
            "Net value": [fmt.money(s.revenue) for s in rows],
            "Of net value": [fmt.percent(s.revenue_share) for s in rows],
        }
    )
    meaning = {
        "Buyers": "Users with at least one order that has a time; each is in exactly one stage.",
        "Of buyers": "Share of all buyers.",
        "Last order": "Days since the last order, median.",
        "Orders": "Orders of one buyer, median.",
        "Net value": "Purchases minus returns of the whole stage, in the currency of the data.",
        "Of net value": "Share of all buyers' purchases minus returns.",
    }
    columns = {name: st.column_config.TextColumn(help=text, alignment="right") for name, text in meaning.items()}
    st.dataframe(table, hide_index=True, height="content", column_config=columns)
    st.caption(
        "Last order (days ago) and orders (number) are medians of the stage's buyers; net value (purchases minus "
        "returns, in the currency of the data) is the sum of all of them."
    )


def _chosen(store: Store, found: LoyaltyResult, as_of: datetime | None) -> None:
    name = st.segmented_control(
        "Open a stage", STAGES, format_func=lambda name: name.capitalize(), key=CHOSEN, bind="query-params"
    )
    if name is None:
        return
    stage = next(s for s in found.stages if s.name == name)
    learned = any(t.how != "by hand" for t in found.thresholds)
    fixed = learned and st.checkbox(
        "Hold the thresholds at these numbers in the file, the segment and the rule",
        key="loyalty_fixed",
        bind="query-params",
        help="Otherwise they are learned anew from the data whenever the segment is used.",
    )
    opened(
        store, found.rule(stage.name, fixed=fixed), as_of, stage.users,
        title=f"{name.capitalize()} customers", facts=f"{_facts(stage)}  \n:gray[{_meanings(found.settled)[name]}]",
        saved_as=f"{name.capitalize()} customers", key="stage",
    )  # fmt: skip


def _facts(stage: LoyaltyStage) -> str:
    if not stage.users:
        return "No buyer is in this stage."
    money = "" if stage.revenue is None else f"; net value {fmt.money(stage.revenue)}"
    part = "" if stage.revenue_share is None else f", {fmt.percent(stage.revenue_share)} of all buyers'"
    return (
        f"**{fmt.count(stage.users, 'buyer')}**, {fmt.percent(stage.share)} of buyers{money}{part}. The typical one "
        f"(medians): {many(stage.recency, 'day')} since the last order, {many(stage.orders, 'order')}."
    )


def _said(threshold: Threshold) -> str:
    unit = "order" if threshold.name == "loyal_orders" else "day"
    return _SAID[threshold.name].format(fmt.count(threshold.value, unit))


def _meanings(at: LoyaltySettings) -> dict[str, str]:
    slipping, lost = fmt.count(at.slipping_after, "day"), fmt.count(at.lost_after, "day")
    return {
        "new": f"First order within the last {fmt.count(at.new_within, 'day')}, and none of the others.",
        "active": f"Last order within {slipping}, and none of the others.",
        "loyal": f"{fmt.count(at.loyal_orders, 'order')} or more, the last within {slipping}.",
        "returned": f"Ordered again after a pause of {lost} or longer, the last time within {slipping}.",
        "slipping": f"Last order more than {slipping} ago, but not more than {lost}.",
        "lost": f"Last order more than {lost} ago.",
    }


def _meaning(at: LoyaltySettings) -> str:
    meanings = _meanings(at)
    order = ("lost", "slipping", "returned", "loyal", "new", "active")
    lines = "\n".join(f"- **{name.capitalize()}**: {meanings[name]}" for name in order)
    return f"""Each buyer is in exactly one stage, the first of these that holds:

{lines}

Days since an order are counted as in RFM: a started day counts. An order is an order number, or a day with a purchase
where there are none; returned orders count as placed. Pauses that still go on are reckoned with: looking only at pauses
that ended would make the thresholds too short. To compare two moments, hold the thresholds at the same numbers, or
people move because the yardstick does.
"""
