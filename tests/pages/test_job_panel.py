"""The job panel on a page, with a real runner behind it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.errors import Refusal
from core.jobs import JobSpec, Runner, runner_for, time_left
from core.progress import Step
from core.store import Store, Writer, close_workspace, open_workspace
from pages._ui import jobs as panel
from tests.jobs.test_sql_lane import Gate, ended, insert, until


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_workspace(str(tmp_path / "shop.duckdb"))
    yield opened
    close_workspace(opened)


@pytest.fixture
def runner(store: Store) -> Iterator[Runner]:
    made = runner_for(store)
    yield made
    made.close(10)


def page(path: str) -> None:
    """A page as the real ones are: the panel in the sidebar first, then what the page shows."""
    import streamlit as st

    from core.jobs import runner_for
    from core.store import open_workspace
    from pages._ui.jobs import job_panel, job_result

    runner = runner_for(open_workspace(path))
    st.session_state["runs"] = st.session_state.get("runs", 0) + 1
    with st.sidebar:
        job_panel(runner)
    result = job_result(runner, st.session_state.get("job"))
    st.text(f"result {result}")


def opened(store: Store, job_id: str | None = None) -> AppTest:
    at = AppTest.from_function(page, args=(str(store.path),))
    at.session_state["job"] = job_id
    at.run()
    assert not at.exception
    return at


def labels(at: AppTest) -> list[str]:
    """Each button of the panel, with the job that its help names (the label alone does not repeat it)."""
    assert {button.label for button in at.sidebar.button} <= {"Cancel", "Dismiss"}
    return [f"{button.label} {button.help.partition('“')[2].partition('”')[0]}" for button in at.sidebar.button]


def test_nothing_is_drawn_where_no_job_has_run(store: Store, runner: Runner) -> None:
    at = opened(store)
    assert not [*at.sidebar.button, *at.sidebar.caption, *at.sidebar.markdown]
    assert at.text[0].value == "result None"


def test_a_running_job_its_progress_and_the_job_behind_it(store: Store, runner: Runner) -> None:
    gate = Gate()
    job = runner.submit(JobSpec("load", "Load *events*.csv"), gate)
    runner.submit(JobSpec("fit", "Find groups"), insert)
    assert gate.begun.wait(5)
    at = opened(store, job.id)
    assert [caption.value for caption in at.sidebar.caption] == ["25 % · at the gate", "waiting for the job before it"]
    assert labels(at) == [r"Cancel Load \*events\*.csv", "Cancel Find groups"]
    assert at.info[0].value.startswith(r"Load \*events\*.csv is running")
    gate.go.set()


def test_cancel_is_pressed_while_it_runs(store: Store, runner: Runner) -> None:
    gate = Gate()
    job = runner.submit(JobSpec("load", "Load"), gate)
    assert gate.begun.wait(5)
    at = opened(store, job.id)
    at.sidebar.button[0].click().run()
    assert ended(runner, job).status == "cancelled"
    at.run()
    assert at.sidebar.markdown[0].value.endswith("Cancelled; nothing of it was kept.]")
    assert at.info[0].value == "Load: Cancelled; nothing of it was kept."


def test_the_page_runs_once_more_when_a_job_ends(store: Store, runner: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = Gate({"rows": 3})
    job = runner.submit(JobSpec("load", "Load"), gate)
    assert gate.begun.wait(5)
    at = opened(store, job.id)
    assert at.session_state["runs"] == 1
    real = runner.jobs

    def end_between(limit: int = 20) -> list[Any]:
        """The job ends after the page has begun to draw, as between two refreshes."""
        found = real(limit)
        if not gate.go.is_set():
            gate.go.set()
            ended(runner, job)
        return found

    monkeypatch.setattr(runner, "jobs", end_between)
    at.run()
    assert at.session_state["runs"] == 3  # the one asked for, and one more that shows the result
    assert at.text[0].value == "result {'rows': 3}"
    at.run()
    assert at.session_state["runs"] == 4  # and no further


def test_done_failed_and_interrupted_say_how_it_went_and_can_be_dismissed(store: Store, runner: Runner) -> None:
    def refuse(writer: Writer, step: Step) -> dict[str, Any]:
        raise Refusal("bad_file", "Line 7 of a_b.csv is cut off.", "Send it again.")

    ended(runner, runner.submit(JobSpec("load", "First"), insert))
    failed = ended(runner, runner.submit(JobSpec("load", "Second"), refuse))
    at = opened(store, failed.id)
    assert labels(at) == ["Dismiss Second", "Dismiss First"]
    assert r"Line 7 of a\_b.csv is cut off. Send it again." in at.sidebar.error[0].value
    assert "Done in " in at.sidebar.markdown[0].value
    assert "Line 7" in at.main.error[0].value
    at.sidebar.button[0].click().run()
    assert labels(at) == ["Dismiss First"]
    at.sidebar.button[0].click().run()
    assert labels(at) == []
    assert "Line 7" in at.main.error[0].value  # the page that asked still says so


def test_one_cut_off_by_a_restart_is_said(store: Store, runner: Runner) -> None:
    gate = Gate()
    job = runner.submit(JobSpec("load", "Load"), gate)
    assert gate.begun.wait(5)
    assert runner.close(10)
    at = opened(store, job.id)
    assert "Limelight was closed while this ran." in at.sidebar.warning[0].value
    assert "start it again" in at.info[0].value
    runner_for(store).close()


def test_only_the_latest_are_shown_and_old_ones_not(
    store: Store, runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(5):
        ended(runner, runner.submit(JobSpec("load", f"L{n}"), lambda writer, step: {}))
    assert labels(opened(store)) == ["Dismiss L4", "Dismiss L3", "Dismiss L2"]
    monkeypatch.setattr(panel, "_RECENT", timedelta(0))
    assert labels(opened(store)) == []


def test_an_unknown_job_has_no_result(store: Store, runner: Runner) -> None:
    at = opened(store, "nobody")
    assert not at.info
    assert at.text[0].value == "result None"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, ""), (3.2, "a few seconds left"), (12, "about 10 s left"), (54.9, "about 50 s left"),
     (56, "about 1 min left"), (60 * 12.4, "about 12 min left"), (7000, "about 1.9 h left")],
)  # fmt: skip
def test_time_left_is_no_more_exact_than_the_estimate(seconds: float | None, text: str) -> None:
    assert time_left(seconds) == text


def test_waiting_for_work_to_begin_is_no_result(store: Store, runner: Runner) -> None:
    gate = Gate()
    job = runner.submit(JobSpec("load", "Load"), gate)
    until(gate.begun.is_set)
    at = opened(store, job.id)
    assert at.text[0].value == "result None"
    gate.go.set()
