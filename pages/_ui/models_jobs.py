"""Models, behind the views: which run is open, what has been started, and what came of it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Literal

import streamlit as st

from core.errors import Refusal
from core.evaluate import (
    AUDIENCE_TASK,
    COMPARE_TASK,
    NEWCOMERS_TASK,
    RATINGS_TASK,
    AudienceSpec,
    CompareSpec,
    NewcomersSpec,
    RatingsSpec,
    Run,
    get_run,
    list_runs,
    prepare_audience,
    prepare_compare,
    prepare_newcomers,
    prepare_ratings,
    publish_audience,
    publish_compare,
    publish_newcomers,
    publish_ratings,
)
from core.jobs import Job, JobSpec, runner_for
from core.recommend import FIT_TASK, FitSpec, prepare_fit, publish_fit
from core.store import Store
from pages._ui import format as fmt
from pages._ui import state
from pages._ui.jobs import job_result
from pages._ui.models_words import spec_title
from pages._ui.shell import refuse
from pages._ui.text import plain

VIEW = "look_at"
"""Key of the page's chooser, in session state and in the address."""
VIEWS = ("Compare", "Tune", "Board", "Audience", "Newcomers", "Ratings", "Runs")
RUN = "run"
"""The open run, in the address."""
MODEL = "explain_model"
"""Session key: the fitted model that the Explain page opens with."""

Kind = Literal["compare", "audience", "newcomers", "ratings"]
_SHOWS: dict[str, str] = {"compare": "Compare", "audience": "Audience", "newcomers": "Newcomers", "ratings": "Ratings"}
_OPEN, _LINKED, _JOBS, _FOLLOWED = "_models_open", "_models_linked", "_models_jobs", "_models_followed"
_SAID = "_models_said"


def arrive(store: Store) -> None:
    """Called before the chooser is drawn: open the run that the address newly names; say what was left to say."""
    linked = st.query_params.get(RUN)
    if linked and linked != st.session_state.get(_LINKED):
        st.session_state[_LINKED] = linked
        try:
            open_run(store, get_run(store, linked))
        except Refusal:
            say("The link names a run that this workspace does not hold: it may have been deleted.")
    with st.container():
        for text, refusal in st.session_state.pop(_SAID, []):
            if refusal is not None:
                refuse(refusal)
            else:
                st.info(plain(text))


def say(text: str = "", refusal: Refusal | None = None) -> None:
    """Say something at the head of the page on its next run."""
    st.session_state.setdefault(_SAID, []).append((text, refusal))


def open_run(store: Store, run: Run) -> None:
    """Make `run` the one that its view shows, and show that view; before the chooser is drawn, or in a callback."""
    _opened(store)[run.kind] = run.run_id
    st.session_state[VIEW] = _SHOWS[run.kind]


def current(store: Store, kind: Kind) -> Run | None:
    """The run to show: the one opened, else the latest; the address then names it."""
    run: Run | None = None
    chosen = _opened(store).get(kind)
    if chosen is not None:
        try:
            run = get_run(store, chosen)
        except Refusal:
            del _opened(store)[kind]
    run = run or next(iter(list_runs(store, kind)), None)
    named(run)
    return run


def named(run: Run | None) -> None:
    """Put the run that is shown into the address, or none."""
    st.session_state[_LINKED] = run.run_id if run else None
    if run is None:
        st.query_params.pop(RUN, None)
    elif st.query_params.get(RUN) != run.run_id:
        st.query_params[RUN] = run.run_id


def compare(store: Store, read: Callable[[], CompareSpec]) -> None:
    """Start a comparison; for use in a callback, which alone sees what was typed last."""

    def begin() -> Job:
        spec = read()
        title = f"Compare {fmt.count(len(spec.models), 'model')}"
        job = JobSpec("compare", title, spec.as_json(), data=False, reuse=True)
        return runner_for(store).compute(job, COMPARE_TASK, partial(prepare_compare, store, spec), publish_compare)

    _begin(store, "compare", begin)


def audience(store: Store, read: Callable[[], AudienceSpec]) -> None:
    """Start a check of audiences; for use in a callback."""

    def begin() -> Job:
        spec = read()
        job = JobSpec("audience", "Check the right people", spec.as_json(), data=False, reuse=True)
        return runner_for(store).compute(job, AUDIENCE_TASK, partial(prepare_audience, store, spec), publish_audience)

    _begin(store, "audience", begin)


def fit(store: Store, read: Callable[[], FitSpec]) -> None:
    """Start fitting a model on all the data; for use in a callback."""

    def begin() -> Job:
        spec = read()
        job = JobSpec("fit", f"Fit {spec_title(spec.model)}", spec.as_json(), data=False, reuse=True)
        return runner_for(store).compute(job, FIT_TASK, partial(prepare_fit, store, spec), publish_fit)

    _begin(store, "fit", begin)


def ratings(store: Store, read: Callable[[], RatingsSpec]) -> None:
    """Start a comparison of models of ratings; for use in a callback."""

    def begin() -> Job:
        spec = read()
        job = JobSpec("ratings", "Predict ratings", spec.as_json(), data=False, reuse=True)
        return runner_for(store).compute(job, RATINGS_TASK, partial(prepare_ratings, store, spec), publish_ratings)

    _begin(store, "ratings", begin)


def newcomers(store: Store, read: Callable[[], NewcomersSpec]) -> None:
    """Start a check of new users and items; for use in a callback."""

    def begin() -> Job:
        spec = read()
        job = JobSpec("newcomers", "Check new users and items", spec.as_json(), data=False, reuse=True)
        prepare = partial(prepare_newcomers, store, spec)
        return runner_for(store).compute(job, NEWCOMERS_TASK, prepare, publish_newcomers)

    _begin(store, "newcomers", begin)


def follow(store: Store, kind: Kind) -> None:
    """Say how the run that was started last stands; once it is done, open it."""
    job_id = _started(store, kind)
    with st.container():  # always there, so that what stands below keeps its place, and open settings stay open
        result = job_result(runner_for(store), job_id)
    if result and job_id not in st.session_state.setdefault(_FOLLOWED, set()):
        st.session_state[_FOLLOWED].add(job_id)
        _opened(store)[kind] = str(result["run_id"])


def fitted(store: Store) -> str | None:
    """The id of the model that was fitted last in this session, once it is done; before that, how it stands is said."""
    with st.container():
        result = job_result(runner_for(store), _started(store, "fit"))
    return None if result is None else str(result["model_id"])


def busy(store: Store, kind: str) -> bool:
    """Whether work of this kind is waiting or running."""
    return any(job.active and job.kind == kind for job in runner_for(store).jobs())


def explain(model_id: str) -> None:
    """Open the Explain page with a fitted model."""
    st.session_state[MODEL] = model_id
    state.go("explain")


def _begin(store: Store, kind: str, begin: Callable[[], Job]) -> None:
    try:
        job = begin()
    except Refusal as refusal:
        say(refusal=refusal)
        return
    st.session_state.setdefault(_JOBS, {})[(str(store.path), kind)] = job.id
    if job.status == "done":
        st.session_state.setdefault(_FOLLOWED, set()).discard(job.id)
        if kind != "fit":
            say("Exactly this has been done on these data already: here is its result.")


def _started(store: Store, kind: str) -> str | None:
    """The job of this session, else one that is under way for whoever started it."""
    mine = st.session_state.get(_JOBS, {}).get((str(store.path), kind))
    if mine is not None:
        return str(mine)
    return next((job.id for job in runner_for(store).jobs() if job.active and job.kind == kind), None)


def _opened(store: Store) -> dict[Kind, str]:
    found: dict[str, dict[Kind, str]] = st.session_state.setdefault(_OPEN, {})
    return found.setdefault(str(store.path), {})
