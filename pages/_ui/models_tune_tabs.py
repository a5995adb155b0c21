"""Models, tuned: what a study found, in tabs, and one trial by itself."""

from __future__ import annotations

from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from core.evaluate import ENOUGH_TRIALS, Study, Trial, param_importance, promote_trial, write_trials
from core.figures.evaluate import amount, definition
from core.figures.tuning import coverage_figure, history_figure, importance_figure, parallel_figure, time_figure
from core.recommend import FitSpec, info
from core.store import Store
from pages._ui import format as fmt
from pages._ui import models_jobs as jobs
from pages._ui import state
from pages._ui.downloads import csv_button
from pages._ui.home_figures import chart
from pages._ui.models_tune_jobs import TRIAL
from pages._ui.models_tune_words import STATES, changed_words, metric_name, playing, trial_label, value_words
from pages._ui.text import plain

_TABS = ("History", "What mattered", "All settings", "Time and coverage", "Trials")
_OF = "settings_of"
_TABLE = "tune_table"


def draw(study: Study) -> None:
    """The tabs, and below them the trial that was clicked on."""
    history, mattered, settings, costs, trials = st.tabs(_TABS, key="tuned", bind="query-params")
    with history:
        _picked(chart(history_figure(study), "fig_tune_history", _alt(study, "in the order in which they were tried")))
        st.caption(
            f"**Definition.** {plain(definition(study.spec.metric, study.spec.k))} Diamonds are the settings that a "
            "model came with. Click on a point to see its settings, below."
        )
    model = None
    with mattered:
        model = _model(study, "mattered")
        _mattered(study, model)
    with settings:
        _settings(study, _model(study, "settings"))
    with costs:
        _costs(study)
    with trials:
        _table(study)
    _one(study)


def promoted(study: Study, number: int | None = None) -> FitSpec:
    """What to fit for use. Raises Refusal `nothing_tried`, `unknown_trial`."""
    return promote_trial(study, number)


def _picked(data: list[Any] | None) -> None:
    """A point was clicked on: choose its trial, which is drawn further down."""
    if data:
        st.session_state[TRIAL] = int(data[0])


def _alt(study: Study, how: str) -> str:
    return f"{metric_name(study.spec)} of {len(study.trials)} trials {how}; the same numbers stand in the tab Trials."


def _model(study: Study, where: str) -> str:
    """The model whose settings are shown: the best, unless another is chosen."""
    names = list(study.best_by_model) or [m.model for m in study.spec.models]
    if len(names) == 1:
        return names[0]
    key = f"{_OF}_{where}"
    if st.session_state.get(key) not in names:
        st.session_state.pop(key, None)
    chosen: str = st.segmented_control(
        "Settings of",
        names,
        default=names[0],
        required=True,
        key=key,
        format_func=lambda name: info(name).plain,
        wrap=True,
    )
    return chosen


def _mattered(study: Study, model: str) -> None:
    if not param_importance(study, model):
        done = sum(t.spec.model == model and t.same_as is None for t in study.complete)
        st.info(
            f"{plain(info(model).plain)}: {fmt.count(done, 'trial')} with settings of its own judged in full; what "
            f"mattered can be told from {ENOUGH_TRIALS} on, where they differ. Go on with more trials, above."
        )
        return
    chart(
        importance_figure(study, model),
        "fig_tune_importance",
        f"How much each setting of {info(model).plain} mattered for {metric_name(study.spec)}.",
    )
    st.caption(
        "**Definition.** The share of the spread of the metric over the settings tried that each setting explains by "
        "itself (functional ANOVA of a forest of trees). The longest bar is the setting worth thinking about; it does "
        "not say which value is best: see All settings."
    )


def _settings(study: Study, model: str) -> None:
    trials = [t for t in study.complete if t.spec.model == model and t.same_as is None]
    if len(trials) < 2:
        st.info("Fewer than two different settings were judged in full: there is nothing to set side by side.")
        return
    st.plotly_chart(
        parallel_figure(study, model),
        theme="streamlit",
        key="fig_tune_parallel",
        config={"displayModeBar": False},
        alt=f"Each line is one trial of {info(model).plain}, through its settings to its {metric_name(study.spec)}.",
    )
    st.caption(
        f"**How to read it.** Each line is one trial judged in full, from setting to setting to its "
        f"{metric_name(study.spec)} on the right; the bluer, the better. Draw along an axis to keep only the lines "
        "that pass there. Settings that play a part in fewer than half of the trials are left out here; the table of "
        "trials has all."
    )


def _costs(study: Study) -> None:
    _picked(chart(time_figure(study), "fig_tune_time", _alt(study, "against the time they took")))
    st.caption(
        "Time is that of this machine, while the study ran. Settings on the line are worth choosing from: any other is "
        "beaten in accuracy or in time by one on the line, and better in neither. Click on a point to see its settings."
    )
    _picked(chart(coverage_figure(study), "fig_tune_coverage", _alt(study, "against the share of items listed")))
    st.caption(f"**Definition.** {plain(definition('coverage', study.spec.k))} More of the range is shown to somebody.")


def _table(study: Study) -> None:
    trials = study.trials
    starts = {m.model: m for m in study.spec.models}
    metric = metric_name(study.spec)
    table = pd.DataFrame(
        {
            "Trial": [t.number for t in trials],
            "Model": [info(t.spec.model).plain for t in trials],
            metric: [amount(study.spec.metric, t.value) for t in trials],
            "Ended": [_ended(t) for t in trials],
            "Coverage": [amount("coverage", t.coverage) for t in trials],
            "Time": [fmt.duration(t.seconds) for t in trials],
            "Settings": [changed_words(t, starts[t.spec.model]) for t in trials],
        }
    )
    right = {name: st.column_config.TextColumn(alignment="right", width=75) for name in (metric, "Coverage", "Time")}
    st.dataframe(
        table,
        hide_index=True,
        height="content" if len(trials) < 10 else 390,
        key=_TABLE,
        on_select=_row,
        selection_mode="single-row",
        column_config={
            "Trial": st.column_config.NumberColumn(width=60),
            "Model": st.column_config.TextColumn(width=130),
            "Ended": st.column_config.TextColumn(width=105),
            "Settings": st.column_config.TextColumn(help="Those that differ from where the search started.", width=620),
            **right,
        },
    )
    csv_button(
        "CSV of all trials",
        partial(write_trials, study),
        "trials.csv",
        "trials_csv",
        help="Every trial with all its settings, figures with their intervals, and times.",
    )


def _ended(trial: Trial) -> str:
    return f"as trial {trial.same_as}" if trial.same_as is not None else STATES[trial.state]


def _row() -> None:
    rows = st.session_state[_TABLE].selection.rows
    if rows:
        st.session_state[TRIAL] = rows[0]  # trials are numbered from 0, in the order of the table


def _one(study: Study) -> None:
    """One trial: what it was, and what it came to."""
    last, best = len(study.trials) - 1, study.best
    if not 0 <= st.session_state.get(TRIAL, 0) <= last:
        st.session_state.pop(TRIAL, None)
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            number = st.number_input(
                "Trial", 0, last, best.number if best else 0, key=TRIAL, bind="query-params", width=130,
                help="Click on a point of a figure or on a row of the table, or type its number.",
            )  # fmt: skip
            trial = study.trial(int(number))
            said = f"**{plain(trial_label(trial))}**" + (" · the best" if best and best.number == number else "")
            st.markdown(f"{said}  \n{plain(_figures(study, trial))}", width="stretch")
            store = _store()
            st.button(
                "Use these settings",
                key="trial_use",
                on_click=jobs.fit,
                args=(store, partial(promoted, study, trial.number)),
                disabled=trial.state == "failed" or jobs.busy(store, "fit"),
                help="Fits them on all the data, with nothing hidden.",
            )
        if trial.why:
            st.caption(plain(f"{trial.why['message']} {trial.why.get('hint', '')}"))
        start = next(m for m in study.spec.models if m.model == trial.spec.model)
        params = playing(trial.spec)
        st.table(  # which, unlike a dataframe, gives a long sentence several lines
            pd.DataFrame(
                {
                    "Setting": [plain(p.plain) for p in params],
                    "Here": [plain(value_words(trial.spec[p.name])) for p in params],
                    "At the start": [plain(value_words(start[p.name])) for p in params],
                    "What it does": [plain(p.help) for p in params],
                }
            ).set_index("Setting"),
            border="horizontal",
        )


def _figures(study: Study, trial: Trial) -> str:
    if trial.value is None:
        return _ended(trial)
    low, high = amount(study.spec.metric, trial.low), amount(study.spec.metric, trial.high)
    said = f"{metric_name(study.spec)} {amount(study.spec.metric, trial.value)} (95 % interval {low} to {high})"
    return f"{said}, by {fmt.count(trial.users, 'user')} · {_ended(trial)} · {fmt.duration(trial.seconds)}"


def _store() -> Store:
    store = state.store()
    assert store is not None
    return store
