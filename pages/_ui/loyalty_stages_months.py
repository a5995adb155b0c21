"""Loyalty, tab "Stages by month": how many buyers are in each stage, who moves, and where that leads."""

from __future__ import annotations

from functools import partial

import pandas as pd
import streamlit as st

from core.figures import moves_figure, stages_figure
from core.loyalty import DEFINITIONS, NOT_YET, STAGES, Stages, move_rule, stage_rule, stages, stages_users
from core.segments import LoyaltySettings
from core.store import Store
from pages._ui import format as fmt
from pages._ui.cache import ask
from pages._ui.home_figures import chart
from pages._ui.home_period import Shown
from pages._ui.loyalty_stages_file import table_button
from pages._ui.people import Behind, Choice, see_users
from pages._ui.text import plain

_MEAN = "The mean month"


def draw(store: Store, shown: Shown) -> None:
    """The whole tab."""
    found = ask(store, stages, LoyaltySettings(), shown.window)
    if found.problem:
        st.info(plain(found.problem))
        return
    if found.note:
        st.caption(plain(found.note))
    _sizes(store, found)
    if len(found.points) > 1:
        _moves(store, found)
    if not found.outlook.empty:
        _outlook(found)


def _sizes(store: Store, found: Stages) -> None:
    share = st.segmented_control(
        "Bars show", ["users", "share"], default="users", required=True, key="stage_as", bind="query-params",
        format_func={"users": "Buyers", "share": "Shares"}.__getitem__,
    )  # fmt: skip
    figure = stages_figure(found, share=share == "share")
    picked = chart(figure, "fig_stages", "Stacked bars: buyers by stage at the end of each month")
    ends = {fmt.last_day(point): n for n, point in reversed(list(enumerate(found.points)))}
    st.caption("**Definition.** " + plain(DEFINITIONS["stages"]) + " " + plain(_limits(found)))
    with st.container(horizontal=True):
        see_users(
            store, "stage", partial(_in_stage, store, found),
            [Choice("Stage", {stage.capitalize(): stage for stage in STAGES}), Choice("On", ends)],
            picked=picked and [picked[1], int(picked[0])],
        )  # fmt: skip
        rows = found.sizes.assign(at=[fmt.last_day(at) for at in found.sizes["at"]])
        table_button("CSV of stages", rows, "stages-by-month.csv", "csv_stages")


def _limits(found: Stages) -> str:
    s = found.settings
    return (
        f"Here: new up to {s.new_within} days after the first order, loyal from {s.loyal_orders} orders, slipping after"
        f" {s.slipping_after} days without one, lost after {s.lost_after}; returned: ordered again after such a pause;"
        " active: all others. Learned from the pauses in the data; Segments, Loyalty says how and lets you set them."
    )


def _in_stage(store: Store, found: Stages, stage: str, point: int) -> Behind:
    words = f"{stage} on {fmt.last_day(found.points[point])}"
    return Behind(words, stages_users(store, found, stage, point), stage_rule(found, point, stage))


def _moves(store: Store, found: Stages) -> None:
    st.subheader("Who moves from stage to stage")
    steps = {_words(found, n): n for n in reversed(range(len(found.points) - 1))}
    options = [*([_MEAN] if any(found.whole) else []), *steps]
    chosen = st.selectbox("Month", options, key="stage_month", bind="query-params", width=360)
    step = steps.get(chosen)
    latest = len(found.points) - 2 if step is None else step
    picked = chart(moves_figure(found, step), "fig_moves", f"Table of moves from stage to stage: {chosen}")
    said = "A click on a cell of the mean month opens those who moved so in the latest month." if step is None else ""
    st.caption("**Definition.** " + plain(DEFINITIONS["moves"]) + " " + said)
    with st.container(horizontal=True):
        see_users(
            store, "moved", partial(_moved, store, found),
            [
                Choice("From", {"Not yet buyers": NOT_YET, **{stage.capitalize(): stage for stage in STAGES}}),
                Choice("To", {stage.capitalize(): stage for stage in STAGES}),
                Choice("In", dict(sorted(steps.items(), key=lambda item: item[1] != latest))),
            ],
            picked=picked and [picked[0], picked[1], latest],
        )  # fmt: skip
        matrix, moves = found.matrix, pd.DataFrame(_told(found))
        table_button("CSV of the mean month", matrix, "stage-moves-mean.csv", "csv_mean")
        table_button("CSV of all moves", moves, "stage-moves.csv", "csv_moves")


def _told(found: Stages) -> list[dict[str, object]]:
    return [
        {"from": fmt.last_day(found.points[row["step"]]), "to": fmt.last_day(found.points[row["step"] + 1]),
         "was": row["was"], "now": row["now"], "users": row["users"]} for row in found.moves.to_dict("records")
    ]  # fmt: skip


def _words(found: Stages, step: int) -> str:
    part = "" if found.whole[step] else " (part of a month)"
    return f"{fmt.last_day(found.points[step])} to {fmt.last_day(found.points[step + 1])}{part}"


def _moved(store: Store, found: Stages, was: str, now: str, step: int) -> Behind:
    before = "who had not ordered" if was == NOT_YET else f"who were {was}"
    words = f"{before} on {fmt.last_day(found.points[step])} and were {now} on {fmt.last_day(found.points[step + 1])}"
    return Behind(words, stages_users(store, found, now, step + 1, was), move_rule(found, step, was, now))


def _outlook(found: Stages) -> None:
    st.subheader("If it goes on like this")
    months = sorted(set(found.outlook["months"]))
    rows = []
    for stage in STAGES:
        own = found.outlook[found.outlook["stage"] == stage].set_index("months")
        row: dict[str, object] = {"Stage": stage.capitalize()}
        for n in months:
            row[_ahead(n)] = f"{fmt.percent(float(own['own'][n]), 0)}"
        row["Long run"] = fmt.percent(float(own["long_run"].iloc[0]), 0)
        rows.append(row)
    st.dataframe(rows, hide_index=True, height="content")
    st.caption(
        plain(f"Shares of today's buyers. Some {fmt.number(found.arrivals)} new buyers a month would come on top. ")
        + "**Definition.** " + plain(DEFINITIONS["outlook"])
    )  # fmt: skip


def _ahead(months: int) -> str:
    return "Now" if not months else fmt.count(months, "month")
