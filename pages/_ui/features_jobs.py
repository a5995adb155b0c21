"""Features, behind the tabs: tables and choices are made beside the page, and kept while the data stay as they are."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar, cast

import streamlit as st

from core.features import FeatureChoice, FeatureSpec, FeatureTable, Target, features, select, target
from core.jobs import JobSpec, runner_for
from core.progress import Step
from core.store import Store, Writer
from pages._ui import jobs
from pages._ui.cache import opening

_AT_ONCE = 1.0
"""Seconds that a page waits before it says that the work goes on beside it."""

_MOST, _MOST_BYTES = 12, 500_000_000
_STARTED = "_features_jobs"

T = TypeVar("T")
_kept: OrderedDict[str, tuple[object, int]] = OrderedDict()
_lock = threading.Lock()


@dataclass(frozen=True)
class Told:
    """What features tell of a target: the choice, the spec of the table it was made on, the share who did (or None).

    Of each feature of that table its definition and family.
    """

    choice: FeatureChoice
    spec: FeatureSpec
    rate: float | None
    definitions: dict[str, str]
    families: dict[str, str]


@dataclass(frozen=True)
class Question:
    """What is to be told: a feature of the table, or buying within `days` after the day; and by how many features."""

    feature: str | None
    days: int
    most: int


def table(store: Store, spec: FeatureSpec) -> FeatureTable | None:
    """The table of `spec`; None while it is being made, or could not be: the page has then said so."""
    title = f"Features of {spec.table}"
    return _result(store, "features", title, spec.as_json(), partial(_table, store, spec), start=True)


def told(store: Store, spec: FeatureSpec, question: Question, *, start: bool) -> Told | None:
    """Which features tell of what is asked; None while nobody has, or it cannot be said: the page has then said so.

    Only with `start` is it begun.
    """
    params = _params(spec, question)
    title = f"Choose {question.most} features of {spec.table}"
    return _result(store, "choose_features", title, params, partial(_told, store, spec, question), start=start)


def asked(store: Store, spec: FeatureSpec, question: Question) -> bool:
    """Whether this session has begun that work; how it stands is then said by `told`."""
    return _key(store, "choose_features", _params(spec, question)) in st.session_state.get(_STARTED, {})


def beside(
    store: Store, kind: str, title: str, params: dict[str, Any], make: Callable[[Step], tuple[T, int]]
) -> T | None:
    """What `make(step)` makes (with its size in bytes), kept while the data and `params` (JSON) stay as they are.

    None while it is being made, or could not be: the page has then said so. Another of its `kind` that this session
    has begun before is stopped.
    """
    return _result(store, kind, title, params, make, start=True)


def _params(spec: FeatureSpec, question: Question) -> dict[str, Any]:
    return {"spec": spec.as_json(), "of": question.feature, "days": question.days, "most": question.most}


def _table(store: Store, spec: FeatureSpec, step: Step) -> tuple[FeatureTable, int]:
    key = _key(store, "features", spec.as_json())
    found = _look(key)
    if found is not None:
        return cast(FeatureTable, found), 0
    made = features(store, spec, step=step)
    _keep(key, made, made.rows().nbytes)
    return made, made.rows().nbytes


def _told(store: Store, spec: FeatureSpec, question: Question, step: Step) -> tuple[Told, int]:
    goal: str | Target
    if question.feature is None:
        spec, goal = target(store, spec, question.days, step=step)
    else:
        goal = question.feature
    made, _ = _table(store, spec, step.part(0.0, 0.5))
    choice = select(made, goal, k=question.most, step=step.part(0.5, 1.0))
    rate = goal.rate if isinstance(goal, Target) else None
    definitions = {column.name: column.definition for column in made.columns}
    families = {column.name: column.family for column in made.columns}
    return Told(choice, made.spec, rate, definitions, families), 100_000


def _result(
    store: Store,
    kind: str,
    title: str,
    params: dict[str, Any],
    make: Callable[[Step], tuple[T, int]],
    *,
    start: bool,
) -> T | None:
    key = _key(store, kind, params)
    found = _look(key)
    if found is not None:
        return cast(T, found)
    started: dict[str, str] = st.session_state.setdefault(_STARTED, {})
    runner = runner_for(store)
    job = runner.job(started[key]) if key in started else None
    if job is not None and job.status == "done":
        job = None  # what it made was let go of, to make room
        start = True
    if job is None:
        if not start:
            return None
        spec = JobSpec(kind, title, params, data=False)
        job = runner.submit(spec, partial(_work, key, make))
        _leave(store, kind, job.id)
        started[key] = job.id
        job = runner.wait(job.id, _AT_ONCE) or job
        found = _look(key)
        if found is not None:
            return cast(T, found)
        if job.active:
            st.rerun()  # the sidebar was drawn before there was a job
    jobs.job_result(runner, job.id)
    if not job.active:
        st.button("Try again", key=f"again_{kind}", on_click=_forget, args=(key,))
    return None


def _work(key: str, make: Callable[[Step], tuple[object, int]], writer: Writer, step: Step) -> dict[str, Any]:
    made, size = make(step)
    _keep(key, made, size)
    return {}


def _leave(store: Store, kind: str, now: str) -> None:
    """Stop what this session asked for before of that kind, unless it is the same work, or another waits for it too."""
    place = f"{_STARTED}_{kind}_{store.path}"
    before = st.session_state.get(place)
    st.session_state[place] = now
    with _lock:
        _waiting[now] = _waiting.get(now, 0) + (before != now)
        if before is None or before == now:
            return
        _waiting[before] = _waiting.get(before, 1) - 1
        if _waiting[before] > 0:
            return
        del _waiting[before]
    runner_for(store).cancel(before)


_waiting: dict[str, int] = {}


def _forget(key: str) -> None:
    st.session_state.get(_STARTED, {}).pop(key, None)


def _key(store: Store, kind: str, params: dict[str, Any]) -> str:
    return json.dumps([kind, str(store.path), opening(store), store.version, params], sort_keys=True)


def _look(key: str) -> object | None:
    with _lock:
        if key not in _kept:
            return None
        _kept.move_to_end(key)
        return _kept[key][0]


def _keep(key: str, value: object, size: int) -> None:
    """Keep it; the oldest go where there are too many, or too large ones. The last one stays, however large."""
    with _lock:
        _kept[key] = (value, size)
        _kept.move_to_end(key)
        while len(_kept) > 1 and (len(_kept) > _MOST or sum(size for _, size in _kept.values()) > _MOST_BYTES):
            _kept.popitem(last=False)
