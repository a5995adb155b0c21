"""Models, the leaderboard: every comparable run on one board; lists side by side; what a model lists too often."""

from __future__ import annotations

from functools import partial

import pandas as pd
import streamlit as st

from core.errors import Refusal
from core.evaluate import METRICS, Board, Comparison, Standing, board_rows, get_run, leaderboard, write_board
from core.figures import standings_figure
from core.figures.evaluate import METRIC_NAMES, amount, definition
from core.recommend import FitSpec
from core.store import Store
from pages._ui import format as fmt
from pages._ui import models_board_lists, models_board_over
from pages._ui import models_jobs as jobs
from pages._ui.downloads import csv_button
from pages._ui.home_figures import chart
from pages._ui.models_board_words import about, against_best, board_label, settings_words, standing_names, usual
from pages._ui.models_compare import METRIC, fitted_button
from pages._ui.models_words import when
from pages._ui.shell import refuse
from pages._ui.text import plain

SHOW, BOARD = "board_show", "board"
"""Keys of the tab and of the chosen board (its key), in session state and in the address."""


def draw(store: Store) -> None:
    """The whole view."""
    jobs.named(None)
    tabs = st.tabs(["Best models", "Lists side by side", "Over-recommended"], key=SHOW, bind="query-params")
    drawn = (_best, models_board_lists.draw, models_board_over.draw)
    for tab, draw_tab in zip(tabs, drawn, strict=True):
        if tab.open:
            with tab:
                try:
                    draw_tab(store)
                except Refusal as refusal:
                    refuse(refusal)


def _best(store: Store) -> None:
    boards = leaderboard(store)
    if not boards:
        st.info(
            "Nothing has been compared yet. Compare models first: every comparison is kept, and those that asked the "
            "same question of the same data stand here on one board."
        )
        st.button("Compare models", key="board_to_compare", type="primary", on_click=_to_compare)
        return
    board = _chosen(boards)
    st.markdown(plain(about(board)))
    if board.stale:
        st.warning(
            "The data have changed since these models were judged. Compare again to judge them on the data as they are."
        )
    metric = st.segmented_control(
        "Judged by",
        METRICS,
        default=METRICS[0],
        required=True,
        key=METRIC,
        bind="query-params",
        format_func=METRIC_NAMES.__getitem__,
    )
    if metric != METRICS[0]:
        board = next(b for b in leaderboard(store, metric) if b.key == board.key)
    names = standing_names(board)
    picked = chart(
        standings_figure(board, metric, names),
        f"fig_board_{metric}",
        f"{METRIC_NAMES[metric]} of {len(names)} models with intervals; the same numbers stand in the table below.",
    )
    st.caption(
        f"**Definition.** {plain(definition(metric, board.spec.k))} The bar is its 95 % interval: where the mean would "
        "lie for other users like these. The dashed line is Most popular, the yardstick. Two models whose bars overlap "
        "may still differ: the verdict of a run compares them user by user."
    )
    _table(board, metric, names)
    csv_button(
        f"CSV of {fmt.count(len(names), 'model')}",
        partial(write_board, board),
        "leaderboard.csv",
        "board_csv",
        help="Every metric with its interval, the settings and the run, one line a model.",
    )
    _one(store, board, names, picked)


def _chosen(boards: tuple[Board, ...]) -> Board:
    """Which group of comparable runs; only where there are several is there a choice."""
    named = {board.key: board for board in boards}
    if st.session_state.get(BOARD) not in named:
        st.session_state.pop(BOARD, None)
    if len(named) == 1:
        return boards[0]
    chosen = st.selectbox(
        "Comparisons that asked the same question",
        [*named],
        key=BOARD,
        bind="query-params",
        format_func=lambda name: board_label(named[name]) if name in named else "",
        help="Figures may be compared only where the same was hidden, from the same data, for lists of the same length "
        "and the same users. Other questions have boards of their own; the one asked last comes first.",
    )
    return named[chosen]


def _table(board: Board, metric: str, names: tuple[str, ...]) -> None:
    rows = board_rows(board)
    cells = {
        "": [row["place"] for row in rows],
        "Model": list(names),
        "Settings": [usual(one) for one in board.standings],
        METRIC_NAMES[metric]: [amount(metric, row[metric]) for row in rows],
        "95 % interval": [
            f"{amount(metric, row[f'{metric}_low'])} to {amount(metric, row[f'{metric}_high'])}" for row in rows
        ],
        "Fit": [fmt.duration(row["seconds_fit"]) for row in rows],
        "Made (UTC)": [one.created_at for one in board.standings],
    }
    if board.stale:
        cells["Data"] = ["data have changed since"] * len(rows)
    st.dataframe(
        pd.DataFrame(cells),
        hide_index=True,
        height="content" if len(rows) < 16 else 560,
        column_config={
            "": st.column_config.NumberColumn(width=40, pinned=True, help="Place by this metric."),
            "Model": st.column_config.TextColumn(pinned=True),
            METRIC_NAMES[metric]: st.column_config.TextColumn(
                alignment="right", help=plain(definition(metric, board.spec.k))
            ),
            "95 % interval": st.column_config.TextColumn(alignment="right"),
            "Fit": st.column_config.TextColumn(alignment="right", help="Time to learn from the data."),
            "Settings": st.column_config.TextColumn(help="Only those that are not the usual ones."),
            "Made (UTC)": st.column_config.DatetimeColumn(format="D MMM, HH:mm"),
        },
    )


def _one(store: Store, board: Board, names: tuple[str, ...], picked: list[object] | None) -> None:
    """One model of the board: its settings, its run and what that could conclude; then using it."""
    key = f"board_one_{board.key}"
    if picked and isinstance(picked[0], int | float):
        st.session_state[key] = int(picked[0])
    if st.session_state.get(key, 0) >= len(names):
        st.session_state.pop(key, None)
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            place = st.selectbox(
                "One model of the board",
                list(range(len(names))),
                key=key,
                format_func=lambda n: f"{n + 1}. {names[n]}" if n < len(names) else "",
                width=420,
            )
            one = board.standings[place]
            st.button(
                "Use this model",
                type="primary",
                key="board_use",
                on_click=jobs.fit,
                args=(store, partial(_fit_spec, board, one)),
                disabled=jobs.busy(store, "fit"),
                help="Fits it on all the data, with nothing hidden; then see what it recommends, and why.",
            )
            st.button("Open the run", key="board_open", on_click=_open, args=(store, one.run_id))
        _told(store, one)
    model_id = jobs.fitted(store)
    if model_id is not None:
        fitted_button(store, model_id)


def _told(store: Store, one: Standing) -> None:
    st.markdown(plain(settings_words(one.score.spec)))
    run = get_run(store, one.run_id)
    assert isinstance(run.answer, Comparison)
    st.markdown(
        f"**The verdict of its run**, made on {plain(when(one.created_at))} with "
        f"{fmt.count(len(run.answer.models), 'model')}: {plain(run.answer.verdict.text)}"
    )
    said = against_best(run.answer, one.score.label)
    if said:
        st.markdown(plain(said))


def _fit_spec(board: Board, one: Standing) -> FitSpec:
    return FitSpec(one.score.spec, board.spec.matrix, board.spec.seed)


def _open(store: Store, run_id: str) -> None:
    try:
        jobs.open_run(store, get_run(store, run_id))
    except Refusal as refusal:
        jobs.say(refusal=refusal)


def _to_compare() -> None:
    st.session_state[jobs.VIEW] = jobs.VIEWS[0]
