"""The fitted model in use: which there are, choosing one, opening it once for everyone, fitting another as a job."""

from __future__ import annotations

from functools import partial
from typing import Final

import streamlit as st

from core.errors import Refusal
from core.evaluate import leaderboard
from core.figures.evaluate import amount
from core.interactions import MatrixSpec
from core.jobs import Job, JobSpec, runner_for
from core.recommend import (
    FIT_TASK,
    MODELS,
    FitSpec,
    Recommender,
    Spec,
    StoredModel,
    has,
    info,
    lacks,
    list_models,
    load_model,
    prepare_fit,
    publish_fit,
    spec,
)
from core.store import Store
from pages._ui import explain_address as address
from pages._ui import format as fmt
from pages._ui.cache import ask, opening
from pages._ui.jobs import job_result
from pages._ui.matrix_settings import matrix_read, matrix_settings
from pages._ui.shell import refuse
from pages._ui.text import plain

MODEL: Final = "explain_model"
"""Session key, and key in the address, of the model in use: a model_id."""

FIRST = "item-knn"
"""What is proposed where nothing has been compared: quick on any data, and its reasons are easy to tell."""

_JOB, _REFUSED, _KIND, _MATRIX, _MORE = "_fit_job", "_fit_refused", "fit_model", "fit_matrix", "fit_more"
_OPEN = 4  # models held open by the process


def load(store: Store, model_id: str) -> Recommender:
    """A stored model, opened once and shared by everyone who looks; the last few are kept.

    Raises Refusal `unknown_model_id`, `stale_model`.
    """
    return _opened(str(store.path), opening(store), store.version, model_id, store)


@st.cache_resource(max_entries=_OPEN, show_spinner="Opening the model …")
def _opened(path: str, opening: int, version: int, model_id: str, _store: Store) -> Recommender:
    return load_model(_store, model_id)


def in_use(store: Store) -> StoredModel | None:
    """The chosen model where it is there still, else the newest that fits the data, else the newest; or None."""
    models = list_models(store)
    chosen = next((model for model in models if model.model_id == address.chosen(MODEL)), None)
    fresh = next((model for model in models if not model.stale), None)
    return chosen or fresh or next(iter(models), None)


def name(model: StoredModel) -> str:
    """What people call a fitted model: what it does, and when it was fitted."""
    stale = ", before the data changed" if model.stale else ""
    return f"{info(model.fit.model.model).plain} (fitted {fmt.moment(model.created_at)}{stale})"


def start(store: Store, fit: FitSpec) -> Job:
    """Fit on all the data, beside the page. The same work on the same data is joined, or its result taken."""
    what = JobSpec("fit", f"Fit “{info(fit.model.model).plain}”", fit.as_json(), data=False, reuse=True)
    job = runner_for(store).compute(what, FIT_TASK, partial(prepare_fit, store, fit), publish_fit)
    st.session_state[_JOB] = (str(store.path), job.id)
    st.session_state.pop(_REFUSED, None)
    return job


def settle(store: Store) -> None:
    """Called before the page is drawn: once the fit that this session started is done, its model is the one in use."""
    job = _started(store)
    if job is not None and job.result is not None:
        address.choose(MODEL, str(job.result["model_id"]))
        del st.session_state[_JOB]


def follow(store: Store) -> bool:
    """Say how the fit that this session started stands; True while it runs."""
    job = _started(store)
    if job is not None:
        job_result(runner_for(store), job.id)
    return job is not None and job.active


def _started(store: Store) -> Job | None:
    path, job_id = st.session_state.get(_JOB, ("", ""))
    return runner_for(store).job(job_id) if path == str(store.path) else None


def chooser(store: Store, model: StoredModel) -> StoredModel:
    """Which of the fitted models speaks; drawn only where there is a choice."""
    models = {m.model_id: m for m in list_models(store)}
    if len(models) < 2 or model.model_id not in models:
        st.markdown(f":small[Model in use]  \n**{plain(info(model.fit.model.model).plain)}**", width="content")
        return model
    box = "explain_model_box"
    st.session_state[box] = model.model_id
    st.selectbox(
        "Model in use",
        [*models],
        key=box,
        format_func=lambda id_: name(models[id_]) if id_ in models else "",
        on_change=_use,
        args=(box,),
        width=420,
        help="Fitted models of this workspace. Their scores cannot be compared; their lists can.",
    )
    return model


def _use(box: str) -> None:
    address.choose(MODEL, st.session_state[box])


def panel(store: Store) -> None:
    """No model yet: what one is for, which to take, and the button that fits it."""
    with st.container(border=True):
        st.markdown(
            "**A model learns from everyone's behaviour what each user would want next, and can say why.** "
            "There is none yet. Choose one, and fit it on all the data; you can go on reading meanwhile."
        )
        form(store, primary=True)


def again(store: Store, model: StoredModel) -> None:
    """The model is older than the data."""
    with st.container(border=True):
        st.warning(
            f"The data have changed since “{plain(info(model.fit.model.model).plain)}” was fitted on "
            f"{fmt.moment(model.created_at)} UTC. Fit it again, so that it learns from what is new."
        )
        st.button(
            "Fit it again on the data as they are",
            type="primary",
            key="fit_again",
            on_click=_try,
            args=(store, model.fit),
        )
        _say_refused()


def another(store: Store) -> None:
    """A way to a further model, where one is in use already."""
    with st.popover("Fit another model", key="fit_another"):
        form(store, primary=False)


def form(store: Store, *, primary: bool) -> None:
    """The models by what they do, the usual ones first; the settings of behaviour, and the button."""
    found, lines = ask(store, has), {line.name: line for line in MODELS}
    rare = [line.name for line in MODELS if not line.usual]
    proposed, why = _proposed(store)
    opened = bool(st.session_state.get(_MORE)) or st.session_state.get(_KIND, proposed.model) in rare
    shown = [*(line.name for line in MODELS if line.usual), *(rare if opened else ())]
    missing = {name: lacks(lines[name], found) for name in shown}
    said = {name: [lines[name].when, missing[name], why if name == proposed.model else ""] for name in shown}
    chosen = st.radio(
        "What it goes by",
        shown,
        index=shown.index(proposed.model),
        key=_KIND,
        format_func=lambda model: f"**{lines[model].plain}** · {lines[model].term}",
        captions=[" ".join(filter(None, said[name])) for name in shown],
    )
    # once one of the others is chosen they stay in sight, or the choice would be gone with them
    st.toggle(
        f"More models ({len(rare)})", opened, key=_MORE, disabled=chosen in rare, help="For special ends, or slower."
    )
    with st.expander("How behaviour counts"):
        matrix_settings(store, _MATRIX)
    st.button(
        "Fit it on all the data",
        type="primary" if primary else "secondary",
        key="fit_start",
        on_click=_fit_chosen,
        args=(store,),
        help="Runs beside the page, from seconds to some minutes with the size of the data; see the sidebar.",
        disabled=bool(missing.get(chosen)),
    )
    _say_refused()


def _proposed(store: Store) -> tuple[Spec, str]:
    """The best of the newest comparison of the data as they are, with the settings it had there, and words for that."""
    boards = (b for b in leaderboard(store) if b.standings and not b.stale and b.spec.candidates == "all")
    board = next(boards, None)
    if board is None:
        return spec(FIRST), ""
    best = board.standings[0].score
    own = "" if best.spec == spec(best.spec.model) else ", with the settings it had there"
    said = f"NDCG@{board.spec.k} {amount('ndcg', best.metrics['ndcg'].value)}"
    return best.spec, f"**The best of what was compared here ({said}){own}.**"


def _fit_chosen(store: Store) -> None:
    try:
        matrix: MatrixSpec = matrix_read(store, _MATRIX)
        proposed, _ = _proposed(store)
        chosen = st.session_state.get(_KIND) or proposed.model
        _try(store, FitSpec(proposed if chosen == proposed.model else spec(chosen), matrix))
    except Refusal as refusal:
        st.session_state[_REFUSED] = refusal


def _try(store: Store, fit: FitSpec) -> None:
    try:
        start(store, fit)
    except Refusal as refusal:
        st.session_state[_REFUSED] = refusal


def _say_refused() -> None:
    refusal = st.session_state.pop(_REFUSED, None)
    if isinstance(refusal, Refusal):
        refuse(refusal)
