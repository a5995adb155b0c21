"""Segments: the sizes of all saved ones, counted beside the page and kept while the data stay as they are."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from functools import partial
from typing import Any

import streamlit as st

from core.jobs import Job, JobSpec, runner_for
from core.progress import Step
from core.segments import SavedCount, Segment, count_saved, groups_state, saved_segments, segment_question
from core.store import Store, Writer
from pages._ui.cache import opening

KIND = "count_segments"
_AT_ONCE = 0.3
"""Seconds that a page waits for the counts before it is drawn without those that are missing."""

_MOST = 5_000
_STARTED = "_segments_counting"

_kept: OrderedDict[str, SavedCount] = OrderedDict()
_lock = threading.Lock()


def known(store: Store, segments: tuple[Segment, ...]) -> dict[str, SavedCount]:
    """Of each segment that has been counted on these data, by name: its size."""
    keys = _keys(store, segments)
    with _lock:
        return {name: _kept[key] for name, key in keys.items() if key in _kept}


def one(store: Store, segment: Segment, segments: tuple[Segment, ...]) -> SavedCount:
    """The size of one segment, counted now if it is not known."""
    found = known(store, segments)
    if segment.name not in found:
        _count(store, _keys(store, segments), [segment.name])
        found = known(store, segments)
    return found.get(segment.name) or SavedCount(segment.name, None, 0)


def start(store: Store, segments: tuple[Segment, ...]) -> Job | None:
    """Count beside the page what is not known yet, and wait a moment for it; the job, None where nothing is missing.

    One that failed or was cancelled is not begun again by itself: see `again`.
    """
    found = known(store, segments)
    keys = {name: key for name, key in _keys(store, segments).items() if name not in found}
    if not keys:
        return None
    runner = runner_for(store)
    work = hashlib.sha256("\n".join(sorted(keys.values())).encode()).hexdigest()
    started: dict[str, str] = st.session_state.setdefault(_STARTED, {})
    job = runner.job(started[work]) if work in started else None
    if job is None or job.status == "done":
        title = "Count the saved segments"
        job = runner.submit(JobSpec(KIND, title, {"work": work}, data=False), partial(_work, store, keys))
        started[work] = job.id
        job = runner.wait(job.id, _AT_ONCE) or job
    return job


def again() -> None:
    """Forget counting that failed or was cancelled, so that `start` begins anew; for use in a callback."""
    st.session_state.pop(_STARTED, None)


def clear_way(store: Store) -> None:
    """Stop the counting before a person changes a segment: one writer at a time, and they should not have to wait."""
    runner = runner_for(store)
    for job in runner.jobs():
        if job.active and job.kind == KIND:
            runner.cancel(job.id)
    again()


def _work(store: Store, keys: dict[str, str], writer: Writer, step: Step) -> dict[str, Any]:
    with _lock:
        names = [name for name, key in keys.items() if key not in _kept]
    _count(store, keys, names, step)
    return {}


def _count(store: Store, keys: dict[str, str], names: list[str], step: Step | None = None) -> None:
    """Count and keep, each under what it was asked by: a segment changed meanwhile is another question."""

    def keep(found: SavedCount) -> None:
        if keys.get(found.name) != now.get(found.name):
            return
        with _lock:
            _kept[keys[found.name]] = found
            while len(_kept) > _MOST:
                _kept.popitem(last=False)

    now = _keys(store, saved_segments(store))
    count_saved(store, names, step=step or Step(), tell=keep)


def _keys(store: Store, segments: tuple[Segment, ...]) -> dict[str, str]:
    """Name -> what its size depends on, shortened."""
    place = f"{store.path}\n{opening(store)}\n{store.version}\n{groups_state(store)}\n"
    return {
        segment.name: hashlib.sha256((place + segment_question(segment, segments)).encode()).hexdigest()
        for segment in segments
    }
