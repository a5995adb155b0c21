"""Models, what is kept: stored runs, studies and fitted models, to open or to delete."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.errors import Refusal
from core.evaluate import Run, StoredStudy, delete_run, delete_study, list_runs, list_studies
from core.figures.evaluate import METRIC_NAMES, amount
from core.recommend import Spec, StoredModel, delete_model, info, list_models, needs
from core.store import Store
from pages._ui import format as fmt
from pages._ui import models_jobs as jobs
from pages._ui.models_tune_words import study_label
from pages._ui.models_words import run_label, run_title, short_verdict, spec_title, when

_KINDS = {"compare": "Comparison", "audience": "Right people", "newcomers": "Newcomers", "ratings": "Ratings"}
_CHANGED, _NOW = "data have changed since", "as they are now"
_STUDY = "study"  # the open study, in the address: read by the view that tunes
_FAMILIES = {
    "popular": "Popularity",
    "neighbours": "Neighbours",
    "linear": "Item weights",
    "factors": "Hidden tastes",
    "attention": "Attention",
    "newcomers": "Descriptions",
    "blend": "Blend",
}
_NEEDS = {"user_side": "attributes of users", "item_side": "descriptions of items", "times": "times"}
_TIME = st.column_config.DatetimeColumn(format="D MMM YYYY, HH:mm", help="UTC")


def draw(store: Store) -> None:
    """The whole view."""
    jobs.named(None)
    st.subheader("Runs", anchor=False)
    runs = list_runs(store)
    if runs:
        _runs(store, runs)
    else:
        st.info("Nothing has been compared yet. Compare the models first: each comparison is kept here.")
        st.button("Compare models", key="runs_to_compare", on_click=_show, args=(jobs.VIEWS[0],))
    studies = list_studies(store)
    if studies:
        st.subheader("Studies", anchor=False)
        _studies(store, studies)
    st.subheader("Fitted models", anchor=False)
    models = list_models(store)
    if models:
        _models(store, models)
    else:
        st.info("No model has been fitted yet. Compare models, then press “Use this model” below the result.")


def _runs(store: Store, runs: list[Run]) -> None:
    table = pd.DataFrame(
        {
            "Made": [r.created_at for r in runs],
            "What": [_KINDS[r.kind] for r in runs],
            "Verdict": [short_verdict(r) for r in runs],
            "Data": [_CHANGED if r.stale else _NOW for r in runs],
            "Asked": [run_title(r) for r in runs],
        }
    )
    st.dataframe(
        table,
        hide_index=True,
        height="content" if len(runs) < 10 else 390,
        column_config={"Made": _TIME},
    )
    names = {r.run_id: run_label(r) for r in runs}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.selectbox("Run", list(names), key="run_chosen", format_func=names.__getitem__, width=480)
        run = next(r for r in runs if r.run_id == chosen)
        st.button("Open", key="run_open", type="primary", on_click=jobs.open_run, args=(store, run))
        with st.popover("Delete", key="run_delete"):
            st.markdown("The run and its numbers go; data and models stay. This cannot be taken back.")
            st.button("Delete it", key="run_delete_do", type="primary", on_click=_delete_run, args=(store, chosen))


def _studies(store: Store, studies: list[StoredStudy]) -> None:
    """What was tuned: how many settings were tried, and the best of them."""
    found = [(kept, kept.study.best) for kept in studies]
    st.dataframe(
        pd.DataFrame(
            {
                "Last gone on": [kept.updated_at for kept, _ in found],
                "Models": [", ".join(info(m.model).plain for m in kept.study.spec.models) for kept, _ in found],
                "Trials": [len(kept.study.trials) for kept, _ in found],
                "Best": [fmt.NONE if best is None else spec_title(best.spec) for _, best in found],
                "Reached": [
                    fmt.NONE
                    if best is None
                    else f"{METRIC_NAMES[kept.study.spec.metric]} {amount(kept.study.spec.metric, best.value)}"
                    for kept, best in found
                ],
                "Data": [_CHANGED if kept.stale else _NOW for kept, _ in found],
            }
        ),
        hide_index=True,
        height="content" if len(studies) < 10 else 390,
        column_config={
            "Last gone on": _TIME,
            "Trials": st.column_config.NumberColumn(format="localized", help="Settings that were tried."),
            "Reached": st.column_config.TextColumn(help="On the users whom the settings were chosen by."),
        },
    )
    names = {kept.study_id: study_label(kept) for kept in studies}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.selectbox("Study", list(names), key="study_chosen", format_func=names.__getitem__, width=480)
        st.button("Open", key="study_open", type="primary", on_click=_open_study, args=(chosen,))
        with st.popover("Delete", key="kept_study_delete"):
            st.markdown("The study and its trials go; data, models and runs stay. This cannot be taken back.")
            st.button("Delete it", key="kept_study_do", type="primary", on_click=_delete_study, args=(store, chosen))


def _open_study(study_id: str) -> None:
    st.query_params[_STUDY] = study_id
    st.session_state[jobs.VIEW] = "Tune"


def _delete_study(store: Store, study_id: str) -> None:
    try:
        delete_study(store, study_id)
    except Refusal as refusal:
        jobs.say(refusal=refusal)
    else:
        jobs.say("The study has been deleted.")


def _asks(model: Spec) -> str:
    return ", ".join(sorted(_NEEDS.get(need, need) for need in needs(model))) or "nothing more"


def _models(store: Store, models: list[StoredModel]) -> None:
    table = pd.DataFrame(
        {
            "Fitted": [m.created_at for m in models],
            "Model": [spec_title(m.fit.model) for m in models],
            "Family": [_FAMILIES.get(info(m.fit.model.model).family, fmt.NONE) for m in models],
            "Asks for": [_asks(m.fit.model) for m in models],
            "Users": [m.users for m in models],
            "Items": [m.items for m in models],
            "Took": [fmt.duration(m.seconds_fit) for m in models],
            "Size": [fmt.size(m.size) for m in models],
            "Data": [_CHANGED if m.stale else _NOW for m in models],
        }
    )
    number = st.column_config.NumberColumn(format="localized")
    st.dataframe(
        table,
        hide_index=True,
        height="content" if len(models) < 10 else 390,
        column_config={
            "Fitted": _TIME,
            "Users": number,
            "Items": number,
            "Asks for": st.column_config.TextColumn(help="What the model uses beside who did what with which item."),
            "Took": st.column_config.TextColumn(alignment="right", help="Time to learn from the data."),
            "Size": st.column_config.TextColumn(alignment="right", help="What it learnt, as kept in the workspace."),
        },
    )
    names = {m.model_id: f"{spec_title(m.fit.model)} · {when(m.created_at)}" for m in models}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.selectbox("Fitted model", list(names), key="model_chosen", format_func=names.__getitem__, width=480)
        stale = next(m.stale for m in models if m.model_id == chosen)
        if st.button(
            "See why",
            key="model_explain",
            disabled=stale,
            help="Fit it again, on the data as they are now." if stale else "What it recommends to each user, and why.",
        ):
            jobs.explain(chosen)
        with st.popover("Delete", key="model_delete"):
            st.markdown("The model goes; data and runs stay. It can be fitted again.")
            st.button("Delete it", key="model_delete_do", type="primary", on_click=_delete_model, args=(store, chosen))


def _delete_run(store: Store, run_id: str) -> None:
    try:
        delete_run(store, run_id)
    except Refusal as refusal:
        jobs.say(refusal=refusal)
    else:
        jobs.say("The run has been deleted.")


def _delete_model(store: Store, model_id: str) -> None:
    try:
        delete_model(store, model_id)
    except Refusal as refusal:
        jobs.say(refusal=refusal)
    else:
        jobs.say("The model has been deleted.")


def _show(view: str) -> None:
    st.session_state[jobs.VIEW] = view
