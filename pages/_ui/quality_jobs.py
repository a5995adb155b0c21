"""Quality, behind the page: the report that starts by itself, and changes of repairs as jobs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from typing import Any

import streamlit as st

from core.errors import Refusal
from core.jobs import Job, JobSpec, runner_for
from core.progress import Step
from core.quality import (
    Applied,
    Repair,
    Report,
    add_repair,
    end_all,
    end_repair,
    headline,
    last_report,
    move_repair,
    quality_job,
    repair_to_json,
)
from core.store import Store, Writer
from pages._ui import quality_words as words
from pages._ui.jobs import job_result
from pages._ui.shell import refuse
from pages._ui.text import plain

_REPORT = JobSpec("quality", "Look for what is wrong", data=False)
_CHANGED = "_quality_changed"
_WAIT = 1.0


# ---- the report


def current(store: Store) -> Report | None:
    """The latest report; where the data have changed since, another is started by itself. None before the first."""
    kept = last_report(store)
    if kept is not None and not stale(store, kept):
        return kept
    job = report_job(store)
    if job is None:
        job = start_report(store)
        if job is None or not job.active:
            return last_report(store)
        st.rerun()  # the panel of the jobs is drawn before the page
    return kept


def at_load(store: Store) -> str | None:
    """What the report says first of data that have just been loaded; None while it is being made, beside the page.

    It is started once for each version of the data: where it was cancelled, or failed, the page Quality offers another.
    """
    kept = last_report(store)
    if kept is not None and not stale(store, kept):
        return headline(kept)
    if report_job(store) is None:
        with suppress(Refusal):  # the load itself is what this page is about
            runner_for(store).submit(_REPORT, quality_job)
    return None


def stale(store: Store, report: Report) -> bool:
    """Whether the data have changed since the report was made."""
    return report.version != store.version


def report_job(store: Store) -> Job | None:
    """The report that was started last for the data as they are, however it stands."""
    key = _REPORT.key(store.version)
    return next((job for job in runner_for(store).jobs(200) if job.kind == "quality" and job.key == key), None)


def start_report(store: Store) -> Job | None:
    """Make the report, beside the page. None where nothing can be started."""
    runner = runner_for(store)
    try:
        job = runner.submit(_REPORT, quality_job)
    except Refusal as refusal:
        refuse(refusal)
        return None
    return runner.wait(job.id, _WAIT)


# ---- changes of repairs


def accept(store: Store, repair: Repair) -> None:
    """Keep a repair; for use in a callback. Ids that it names stay out of the record of jobs."""
    told = json.dumps(repair_to_json(repair), sort_keys=True)
    params = {"repair": hashlib.sha256(told.encode()).hexdigest(), "at": datetime.now(UTC).isoformat()}
    _submit(store, JobSpec("repair", "Repair the data", params), partial(_add, repair=repair))


def take_back(store: Store, repair_no: int) -> None:
    """Take one repair back; for use in a callback."""
    _submit(store, _spec(f"Take back repair {repair_no}"), partial(_end, repair_no=repair_no))


def take_back_all(store: Store) -> None:
    """Take all repairs back; for use in a callback."""
    _submit(store, _spec("Take back all repairs"), _end_all)


def move(store: Store, repair_no: int, place: int) -> None:
    """Give a repair another place; for use in a callback."""
    _submit(store, _spec(f"Move repair {repair_no} to place {place}"), partial(_move, repair_no=repair_no, place=place))


def changing(store: Store) -> bool:
    """Whether a change of repairs is under way, so that no other should be started."""
    return any(job.active and job.kind == "repair" for job in runner_for(store).jobs())


def told(store: Store) -> None:
    """Say how the change that this session started last stands."""
    path, job_id, refusal = st.session_state.get(_CHANGED, ("", None, None))
    if path != str(store.path):
        return
    if refusal is not None:
        refuse(refusal)
        return
    result = job_result(runner_for(store), job_id)
    if not result:
        return
    if "done" in result:
        done = Applied.of(result["done"])
        st.success(f"Accepted. {words.touched(done)}. The loaded rows stay as they are: take it back under Repairs.")
        if done.problem:
            st.warning(plain(done.problem))
    else:
        st.success(plain(str(result["said"])))


def _spec(title: str) -> JobSpec:
    return JobSpec("repair", title, {"title": title, "at": datetime.now(UTC).isoformat()})


def _submit(store: Store, spec: JobSpec, work: Callable[[Writer, Step], dict[str, Any]]) -> None:
    runner = runner_for(store)
    try:
        job = runner.submit(spec, work)
    except Refusal as refusal:
        st.session_state[_CHANGED] = (str(store.path), None, refusal)
        return
    st.session_state[_CHANGED] = (str(store.path), job.id, None)
    runner.wait(job.id, _WAIT)


def _add(writer: Writer, step: Step, *, repair: Repair) -> dict[str, Any]:
    return {"done": add_repair(writer, repair, step=step).as_json()}


def _end(writer: Writer, step: Step, *, repair_no: int) -> dict[str, Any]:
    end_repair(writer, repair_no, step=step)
    return {"said": f"Repair {repair_no} has been taken back."}


def _end_all(writer: Writer, step: Step) -> dict[str, Any]:
    n = end_all(writer, step=step)
    return {"said": f"{n:,} {'repair has' if n == 1 else 'repairs have'} been taken back: the data are as loaded."}


def _move(writer: Writer, step: Step, *, repair_no: int, place: int) -> dict[str, Any]:
    move_repair(writer, repair_no, place, step=step)
    return {"said": f"Repair {repair_no} now has place {place}."}
