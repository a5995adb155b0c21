"""A tiny app with the job panel and a button for each kind of job; it notes the process of each run of the script."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import streamlit as st

from core.jobs import JobSpec, Runner
from core.progress import Step
from core.store import Query, Writer, open_workspace
from pages._ui.jobs import job_panel, job_result

HOSTILE = "Load ![x](http://example.com/x.png) *a*_b_.csv"


@st.cache_resource
def _runner() -> Runner:
    return Runner(open_workspace("jobs"), allowed=("tests.jobs.",))


def _insert(writer: Writer, step: Step) -> dict[str, Any]:
    for n in range(100):
        writer.run(Query("INSERT INTO users VALUES (?, 'user ' || ?)", (n, n)), step=step)
        step.report(n / 100, "reading rows")
        time.sleep(0.08)
    return {"users": 100}


def _start(lane: str, task: str = "", params: dict[str, Any] | None = None) -> None:
    if lane == "sql":
        job = _runner().submit(JobSpec("load", HOSTILE), _insert)
    else:
        job = _runner().compute(JobSpec(task, f"Run {task}", params or {}), f"tests.jobs.tasks:{task}", {})
    st.session_state["job"] = job.id


def main() -> None:
    """One run of the page."""
    with (Path(os.environ["LIMELIGHT_HOME"]) / "runs.txt").open("a") as runs:
        runs.write(f"{os.getpid()} {__name__}\n")
    with st.sidebar:
        job_panel(_runner())
    st.button("Load", on_click=_start, args=("sql",))
    st.button("Fit", on_click=_start, args=("compute", "crawl", {"seconds": 60}))
    st.button("Die", on_click=_start, args=("compute", "kill_itself"))
    users = _runner().store.rows(Query("SELECT count(*) AS n FROM users"))[0]["n"]
    st.markdown(f"There are {users} users.")
    st.markdown(f"Result: {job_result(_runner(), st.session_state.get('job'))}")


if __name__ == "__main__":  # Streamlit runs it as the main program; a worker started wrongly would do so too
    main()
