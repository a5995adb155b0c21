"""Loyalty, tab "Loyalty score": its parts and weights, whether it tells anything, and one user's score taken apart."""

from __future__ import annotations

from functools import partial

import pandas as pd
import streamlit as st

from core.errors import Refusal
from core.figures import PART_NAMES, one_score_figure, score_check_figure, score_figure
from core.loyalty import (
    BANDS,
    DEFINITIONS,
    PARTS,
    Score,
    ScoreCheck,
    Weights,
    score,
    score_check,
    score_check_users,
    score_csv,
    score_of,
    score_users,
)
from core.store import Store
from pages._ui import format as fmt
from pages._ui.cache import ask
from pages._ui.downloads import csv_button
from pages._ui.home_figures import chart
from pages._ui.home_period import Shown
from pages._ui.loyalty_stages_file import table_button
from pages._ui.people import Behind, Choice, see_users
from pages._ui.shell import refuse
from pages._ui.text import plain

_UNITS = {
    "recency": "{:,.0f} days since the last order", "rhythm": "{:.0%} of their pauses would be as long",
    "breadth": "{:,.0f} different", "tenure": "{:,.0f} days since the first order", "value": "{:,.2f} net",
    "advocacy": "{:,.0f} events",
}  # fmt: skip


def draw(store: Store, shown: Shown) -> None:
    """The whole tab."""
    weights = _weights()
    if weights is None:
        return
    found = ask(store, score, weights, shown.window)
    if found.problem:
        st.info(plain(found.problem))
        return
    now = ", ".join(f"{PART_NAMES[part]} {fmt.percent(share)}" for part, share in found.shares.items())
    out = "".join(f" Left out: {PART_NAMES[part].lower()}. {plain(why)}" for part, why in found.missing.items())
    st.caption(f"**Weights now:** {now}.{out}")
    _distribution(store, shown, found, weights)
    _check(store, shown, weights)
    _one(store, shown, weights)
    with st.expander("What the parts mean"):
        st.markdown("\n".join(f"- {plain(DEFINITIONS[part])}" for part in PARTS))
        counted = (
            f"the column “{found.breadth}”" if found.breadth != "items" else "items, since no column has categories"
        )
        st.markdown(plain(f"Breadth counts {counted}."))
        st.markdown(
            "All weights are equal to begin with: weights that somebody feels, and even weights fitted on little data, "
            "seldom do better on new data than equal ones (Dawes 1979). Change them where you know better, and look at "
            "the check."
        )


def _weights() -> Weights | None:
    given: dict[str, float] = {}
    with st.container(horizontal=True, gap="small"):
        for part in PARTS:
            given[part] = st.number_input(
                PART_NAMES[part], 0, 100, 1, 1, key=f"weight_{part}", bind="query-params", width=112,
                help=plain(DEFINITIONS[part] + " The number is its weight; 0 leaves it out."),
            )  # fmt: skip
    try:
        return Weights(**given)
    except Refusal as refusal:
        refuse(refusal)
        return None


def _distribution(store: Store, shown: Shown, found: Score, weights: Weights) -> None:
    picked = chart(score_figure(found), "fig_score", "Bars: buyers by loyalty score")
    st.caption(
        f"**{fmt.number(found.buyers)} buyers**, median score {fmt.number(found.median)}. **Definition.** "
        + plain(DEFINITIONS["score"])
    )  # fmt: skip
    bands = {f"{low} to {high}": (low, high) for low, high in BANDS}
    narrow = {f"{low} to {low + 5}": (low, low + 5) for low in range(0, 100, 5)}
    with st.container(horizontal=True):
        see_users(
            store, "score", partial(_scored, store, shown, weights), [Choice("Score", {**bands, **narrow})],
            picked=picked and [(int(picked[0]), int(picked[1]))],
        )  # fmt: skip
        csv_button(
            "CSV of all scores", lambda path: score_csv(store, path, weights, shown.window), "loyalty-scores.csv",
            "csv_score", rows=found.buyers,
        )  # fmt: skip
    rows = [
        {"Score": f"{row['low']} to {row['high']}", "Buyers": int(row["users"]), "Share": fmt.percent(row["share"]),
         **{PART_NAMES[part]: _share(row[part], 0) for part in found.shares}}
        for row in found.bands.to_dict("records")
    ]  # fmt: skip
    st.dataframe(
        rows, hide_index=True, height="content",
        column_config={"Buyers": st.column_config.NumberColumn(format="localized")},
    )  # fmt: skip
    st.caption("Of each band: the mean rank of its buyers in each part (0 % lowest, 100 % highest of all buyers).")


def _scored(store: Store, shown: Shown, weights: Weights, band: tuple[int, int]) -> Behind:
    return Behind(
        f"with a loyalty score of {band[0]} to {band[1]}, {shown.words}",
        score_users(store, *band, weights, shown.window),
    )


def _check(store: Store, shown: Shown, weights: Weights) -> None:
    st.subheader("Does it tell anything?")
    found = ask(store, score_check, weights, shown.window)
    if found.problem or found.auc is None or found.auc_recency is None or found.gain is None:
        st.info(plain(found.problem or ""))
        return
    st.markdown(f"**{plain(found.verdict)}**")
    picked = chart(score_check_figure(found), "fig_check", "Bars: share who ordered again, by score at an earlier date")
    st.markdown(plain(_told(found)))
    st.caption("**Definition.** " + plain(DEFINITIONS["check"]) + " " + plain(DEFINITIONS["auc"]))
    rows = [
        {
            "Score then": f"{row['low']} to {row['high']}",
            "Buyers": int(row["users"]),
            "Ordered again": int(row["again"]),
            "Share": _share(row["share"]),
            "Net revenue after": row["revenue"],
            "Each": _money(row["per_user"]),
            "95 % interval": f"{_money(row['per_user_low'])} to {_money(row['per_user_high'])}",
        }
        for row in found.bands.to_dict("records")
    ]
    st.dataframe(
        rows, hide_index=True, height="content",
        column_config={name: st.column_config.NumberColumn(format="localized") for name in
                       ("Buyers", "Ordered again", "Net revenue after")},
    )  # fmt: skip
    with st.container(horizontal=True):
        see_users(
            store, "check", partial(_then, store, shown, weights, found),
            [Choice("Score then", {f"{low} to {high}": (low, high) for low, high in BANDS}),
             Choice("Who", {"ordered again": True, "did not": False})],
            picked=picked and [(int(picked[0]), int(picked[1])), True],
        )  # fmt: skip
        records = found.bands
        table_button("CSV of the check", records, "score-check.csv", "csv_check")


def _share(value: float | None, digits: int = 1) -> str:
    return fmt.percent(None if pd.isna(value) else value, digits)


def _money(value: float | None) -> str:
    return fmt.money(None if pd.isna(value) else value)


def _told(found: ScoreCheck) -> str:
    said = [
        f"As the score stood on {fmt.day(found.at)}: of two buyers, one of whom ordered in the {found.days} days after,"
        f" it ranks that one higher {_between(found.auc)} of the time; plain recency, the simplest rival,"
        f" {_between(found.auc_recency)}."
    ]
    if found.gain is not None:
        gain, low, high = (f"{value * 100:+.1f}" for value in found.gain)
        said.append(f"Difference: {gain} points ({low} to {high}).")
    if found.rank is not None and found.rank_recency is not None:
        one, other = (f"{r:.2f} ({low:.2f} to {high:.2f})" for r, low, high in (found.rank, found.rank_recency))
        said.append(f"Rank correlation with the net revenue after: {one}; of recency {other}.")
    return " ".join(said)


def _between(three: tuple[float, float, float] | None) -> str:
    one, low, high = map(fmt.percent, three or (None, None, None))
    return f"{one} ({low} to {high})"


def _then(
    store: Store, shown: Shown, weights: Weights, found: ScoreCheck, band: tuple[int, int], again: bool
) -> Behind:
    did = "ordered" if again else "did not order"
    words = f"with a score of {band[0]} to {band[1]} on {fmt.day(found.at)} who {did} in the {found.days} days after"
    return Behind(words, score_check_users(store, *band, weights, shown.window, again=again))


def _one(store: Store, shown: Shown, weights: Weights) -> None:
    st.subheader("One user's score, taken apart")
    user = st.text_input("User id", key="score_user", bind="query-params", width=320,
                         placeholder="as in the file; the CSV has them all").strip()  # fmt: skip
    if not user:
        return
    try:
        found = ask(store, score_of, user, weights, shown.window)
    except Refusal as refusal:
        refuse(refusal)
        return
    chart(one_score_figure(found), "fig_one", "Bars: the points of each part of this user's score")
    facts = [
        f"{PART_NAMES[row['part']]}: {_UNITS[row['part']].format(row['raw'])}" for row in found.parts.to_dict("records")
    ]
    st.caption(
        plain(f"Higher than {fmt.number(found.below)} of {fmt.number(found.buyers)} buyers. ") + plain("; ".join(facts))
        + plain(". Grey: the points that a part gives at most.")
    )  # fmt: skip
