"""Models, what is kept: stored runs and fitted models, to open or to delete."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.errors import Refusal
from core.evaluate import Run, delete_run, list_runs
from core.recommend import StoredModel, delete_model, list_models
from core.store import Store
from pages._ui import format as fmt
from pages._ui import models_jobs as jobs
from pages._ui.models_words import run_label, run_title, short_verdict, spec_title, when

_KINDS = {"compare": "Comparison", "audience": "Right people", "newcomers": "Newcomers", "ratings": "Ratings"}
_CHANGED = "data have changed since"
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
            "Data": [_CHANGED if r.stale else "as they are now" for r in runs],
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


def _models(store: Store, models: list[StoredModel]) -> None:
    table = pd.DataFrame(
        {
            "Fitted": [m.created_at for m in models],
            "Model": [spec_title(m.fit.model) for m in models],
            "Users": [m.users for m in models],
            "Items": [m.items for m in models],
            "Took": [fmt.duration(m.seconds_fit) for m in models],
            "Size": [fmt.size(m.size) for m in models],
            "Data": [_CHANGED if m.stale else "as they are now" for m in models],
        }
    )
    number = st.column_config.NumberColumn(format="localized")
    st.dataframe(
        table,
        hide_index=True,
        height="content" if len(models) < 10 else 390,
        column_config={"Fitted": _TIME, "Users": number, "Items": number},
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
