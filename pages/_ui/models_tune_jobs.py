"""Models, tuned, behind the view: which study is open, what has been started, and what came of it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import streamlit as st

from core.errors import Refusal
from core.evaluate import (
    TUNE_TASK,
    StoredStudy,
    Study,
    TuneSpec,
    compare_tuned,
    delete_study,
    get_study,
    go_on,
    list_studies,
    prepare_tune,
    publish_tune,
    salvage_tune,
)
from core.jobs import JobSpec, runner_for
from core.recommend import info
from core.store import Store
from pages._ui import models_jobs as jobs
from pages._ui.jobs import job_result

STUDY = "study"
"""The open study, in the address."""
TRIAL = "trial"
"""Key of the chosen trial, in session state and in the address."""
_OPEN, _LINKED, _JOB, _FOLLOWED = "_tune_open", "_tune_linked", "_tune_job", "_tune_followed"


def current(store: Store) -> tuple[StoredStudy | None, list[StoredStudy]]:
    """The study to show (the one opened, else the last one) and all; the address then names it."""
    kept = list_studies(store)
    linked = st.query_params.get(STUDY)
    if linked and linked != st.session_state.get(_LINKED):
        try:
            _open(store)[str(store.path)] = get_study(store, linked).study_id
        except Refusal as refusal:
            st.info(f"{refusal.message} {refusal.hint}")
    chosen = _open(store).get(str(store.path))
    shown = next((s for s in kept if s.study_id == chosen), next(iter(kept), None))
    st.session_state[_LINKED] = shown.study_id if shown else None
    if shown is None:
        st.query_params.pop(STUDY, None)
    elif st.query_params.get(STUDY) != shown.study_id:
        st.query_params[STUDY] = shown.study_id
    return shown, kept


def open_study(store: Store, key: str) -> None:
    """Show the study that the chooser `key` names; for use in a callback."""
    _open(store)[str(store.path)] = st.session_state[key]
    st.session_state.pop(TRIAL, None)


def start(store: Store, read: Callable[[], TuneSpec]) -> None:
    """Start a study; for use in a callback, which alone sees what was typed last."""
    try:
        spec = read()
    except Refusal as refusal:
        jobs.say(refusal=refusal)
        return
    _begin(store, JobSpec("tune", _title(spec), spec.as_json(), data=False, reuse=True), spec, None)


def resume(store: Store, kept: StoredStudy, trials: int | None, minutes: float | None) -> None:
    """Go on with a study for so many more trials, or minutes; for use in a callback."""
    try:
        spec = go_on(kept, trials, minutes)
    except Refusal as refusal:
        jobs.say(refusal=refusal)
        return
    told = {**spec.as_json(), "study_id": kept.study_id, "after": len(kept.study.trials)}
    _begin(store, JobSpec("tune", f"{_title(spec)}, going on", told, data=False), spec, kept.study_id)


def follow(store: Store) -> None:
    """Say how the study that was started last stands; once it is done, or cut short, open what there is of it."""
    job_id = _started(store)
    with st.container():  # always there, so that what stands below keeps its place
        result = job_result(runner_for(store), job_id)
    if result and job_id not in st.session_state.setdefault(_FOLLOWED, set()):
        st.session_state[_FOLLOWED].add(job_id)
        _open(store)[str(store.path)] = str(result["study_id"])
        st.session_state.pop(TRIAL, None)


def gained(store: Store, study: Study) -> None:
    """Compare the tuned models with their starts on the report part, and show that view; for use in a callback."""
    jobs.compare(store, partial(compare_tuned, study))
    st.session_state[jobs.VIEW] = "Compare"


def delete(store: Store, study_id: str) -> None:
    """Take a study away; for use in a callback."""
    try:
        delete_study(store, study_id)
    except Refusal as refusal:
        jobs.say(refusal=refusal)
    else:
        st.session_state.pop(TRIAL, None)
        jobs.say("The study has been deleted.")


def _begin(store: Store, asked: JobSpec, spec: TuneSpec, study_id: str | None) -> None:
    try:
        job = runner_for(store).compute(
            asked,
            TUNE_TASK,
            lambda step: prepare_tune(store, spec, study_id=study_id, step=step),
            publish_tune,
            salvage_tune,
        )
    except Refusal as refusal:
        jobs.say(refusal=refusal)
        return
    st.session_state.setdefault(_JOB, {})[str(store.path)] = job.id
    if job.status == "done":
        st.session_state.setdefault(_FOLLOWED, set()).discard(job.id)
        jobs.say("Exactly this has been tried on these data already: here is its result.")


def _started(store: Store) -> str | None:
    """The job of this session, else one that is under way for whoever started it."""
    mine = st.session_state.get(_JOB, {}).get(str(store.path))
    if mine is not None:
        return str(mine)
    return next((job.id for job in runner_for(store).jobs() if job.active and job.kind == "tune"), None)


def _title(spec: TuneSpec) -> str:
    names = [info(m.model).plain for m in spec.models]
    return f"Tune {names[0]}" if len(names) == 1 else f"Tune {len(names)} models"


def _open(store: Store) -> dict[str, str]:
    found: dict[str, str] = st.session_state.setdefault(_OPEN, {})
    return found
